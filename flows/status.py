"""`copydesk status`: the health of every source, and in words what is wrong."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from config.sources import Source
from flows.shell import write_out
from flows.show import Format
from warehouse.connect import connect, rows
from warehouse.errors import EmptyWarehouseError

COLUMNS: Final = (
    "source",
    "last_run_at",
    "last_status",
    "last_success_at",
    "articles",
    "articles_24h",
    "with_date",
    "with_author",
    "with_title",
    "rejects_open",
    "pending",
    "wrong",
)
_HEALTH: Final = (
    "source_id last_run_at last_status last_error last_success_at articles articles_24h"
    " share_with_date share_with_author share_with_title rejects_open pending"
).split()
_SHARES: Final = {"with_date": "share_with_date", "with_author": "share_with_author", "with_title": "share_with_title"}


def show_status(sources: Mapping[str, Source], root: str, form: Format, output: Path | None) -> None:
    """A row for every source that is configured or has landed anything. Raises `WarehouseError`."""
    health = _health(root)
    names = sorted(sources.keys() | health.keys())
    write_out(form, COLUMNS, (_row(name, sources.get(name), health.get(name)) for name in names), output)


def _health(root: str) -> dict[str, dict[str, Any]]:
    try:
        connection = connect(root)
    except EmptyWarehouseError:
        return {}
    with connection:
        health = rows(connection, f"SELECT {', '.join(_HEALTH)} FROM source_health")  # noqa: S608  names of ours
    return {row[0]: dict(zip(_HEALTH, row, strict=True)) for row in health}


def _row(name: str, source: Source | None, health: dict[str, Any] | None) -> tuple[Any, ...]:
    if health is None:
        return (name, *(None,) * (len(COLUMNS) - 2), "never ran")
    told = {**health, **{share: _percent(health[column]) for share, column in _SHARES.items()}}
    wrong = "; ".join(_problems(source, health)) or None
    return (name, *(told[column] for column in COLUMNS[1:-1]), wrong)


def _problems(source: Source | None, health: dict[str, Any]) -> Iterator[str]:
    if source is None:
        yield "not configured any more"
    elif source.paused:
        yield "paused"
    if health["last_run_at"] is None:
        yield "never ran"
    elif health["last_status"] == "running":
        yield "running, or was killed"
    elif health["last_status"] != "succeeded":
        yield f"last run {health['last_status']}: {health['last_error'] or 'no reason was recorded'}"
    expected = source.expect.articles_per_day if source else None
    if expected is not None and health["articles_24h"] < expected:
        yield f"{health['articles_24h']} articles in 24 hours, {expected:g} expected"
    if health["pending"]:
        yield f"{health['pending']} documents wait for the next run"


def _percent(share: float | None) -> str | None:
    return None if share is None else f"{share:.0%}"
