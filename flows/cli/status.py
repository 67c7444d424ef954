"""`copydesk status`: the health of every source, and what is wrong in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from flows.cli.console import show
from flows.cli.options import As, Config, Data, Output, Tags, exit_for, read_settings, read_sources
from flows.cli.output import Format, choose_format

if TYPE_CHECKING:
    from config.sources import Source
    from flows.monitoring.health import Health

EXAMPLES: Final = "Examples:  copydesk status   |   copydesk status --wide   |   copydesk status -f json"
COLUMNS: Final = (
    "source",
    "last_run_at",
    "last_status",
    "last_success_at",
    "newest_at",
    "articles",
    "articles_24h",
    "articles_per_day",
    "expected_per_day",
    "with_text",
    "with_date",
    "with_author",
    "with_title",
    "words",
    "rejects_open",
    "rejects",
    "pending",
    "next_poll_at",
    "tags",
    "wrong",
)
WIDE_COLUMNS: Final = tuple(
    name for name in COLUMNS if name not in ("articles_24h", "expected_per_day", "rejects_open", "tags", "wrong")
)
"""What a wide table has; the sentences follow below it."""
NARROW_COLUMNS: Final = ("source", "last_run", "status", "newest", "articles", "24h", "refused", "pending")
"""What 80 columns have room for."""
_SHARES: Final = {f"with_{field}": f"share_with_{field}" for field in ("text", "date", "author", "title")}


def status(
    form: As = None,
    output: Output = None,
    wide: Annotated[bool, typer.Option("--wide", "-w", help="Show every measure, in a table of 200 columns.")] = False,
    tag: Tags = None,
    data: Data = None,
    config: Config = None,
) -> None:
    """Show the health of every source, or of those with a tag, and what is wrong with it."""
    settings = read_settings(data, config)
    sources, errors = read_sources(settings)
    show_status(sources, settings.data, choose_format(form, output), output, tag or (), wide=wide)
    exit_for(errors)


def show_status(
    sources: Mapping[str, Source],
    root: str,
    form: Format,
    output: Path | None,
    tags: Sequence[str] = (),
    *,
    wide: bool = False,
) -> None:
    """Write a row for every source, or those with one of the tags; in a table, what is wrong stands below it.

    Raises `ConfigError` and `WarehouseError`.
    """
    from flows.cli.output_file import write_out

    now = datetime.now(UTC)
    rows = health_rows(sources, root, now, tags)
    if form is not Format.TABLE or output is not None:
        write_out(form, COLUMNS, ([row[column] for column in COLUMNS] for row in rows), output)
        return
    columns = WIDE_COLUMNS if wide else NARROW_COLUMNS
    table = [row | _narrow(row, now) for row in rows]
    write_out(form, columns, [[_table_value(column, row) for column in columns] for row in table], None)
    for row in rows:
        for sentence in row["wrong"] or ():
            show(f"{row['source']}: {sentence}")


def health_rows(
    sources: Mapping[str, Source], root: str, now: datetime, tags: Sequence[str] = ()
) -> list[dict[str, Any]]:
    """Return a row for every source that is configured or has landed anything, or for those with one of the tags.

    Raises `ConfigError` and `WarehouseError`.
    """
    from config.sources import with_tags
    from flows.monitoring.health import Health, load_health, problems

    chosen = with_tags(sources, tags)
    health_by_source = load_health(root, now)
    rows = []
    for name in sorted(chosen.keys() | (() if tags else health_by_source.keys())):
        health = health_by_source.get(name, Health())
        rows.append(_row(name, sources.get(name), health, list(problems(name, sources.get(name), health, now))))
    return rows


def _narrow(row: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """Return the columns that a narrow table has instead of those of a row: ages for times."""
    from flows.monitoring.health import age_text

    return {
        "last_run": age_text(row["last_run_at"], now),
        "status": row["last_status"],
        "newest": age_text(row["newest_at"], now),
        "24h": row["articles_24h"],
        "refused": row["rejects_open"],
    }


def _row(name: str, source: Source | None, health: Health, wrong: list[str]) -> dict[str, Any]:
    facts = health.facts
    row = {column: facts.get(column) for column in COLUMNS}
    row |= {share: facts.get(column) for share, column in _SHARES.items()}
    row["source"] = name
    row["words"] = facts.get("median_words")
    row["rejects"] = facts.get("rejects_by_reason")
    row["expected_per_day"] = source.expect.articles_per_day if source else None
    row["tags"] = list(source.tags) if source else None
    row["wrong"] = wrong or None
    return row


def _table_value(column: str, row: Mapping[str, Any]) -> Any:
    """Return a value as the table has it: shares in percent, a rate beside the expected one, reasons with counts."""
    value = row[column]
    if value is None:
        return None
    if column in _SHARES:
        return f"{value:.0%}"
    if column == "articles_per_day":
        expected = row["expected_per_day"]
        return f"{value:,.1f}" + (f" of {expected:g}" if expected is not None else "")
    if column == "words":
        return round(value)
    if column == "rejects":
        return ", ".join(f"{reason} {count}" for reason, count in value.items())
    return value
