"""`copydesk status`: the health of every source, and what is wrong in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from config.sources import Source, with_tags
from flows.cli.output import Format
from flows.cli.output_file import write_out
from flows.monitoring.health import Health, load_health, problems

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
# What a table on a terminal has room for; the sentences follow below it.
TABLE_COLUMNS: Final = tuple(
    name for name in COLUMNS if name not in ("articles_24h", "expected_per_day", "rejects_open", "tags", "wrong")
)
_SHARES: Final = {f"with_{field}": f"share_with_{field}" for field in ("text", "date", "author", "title")}


def show_status(
    sources: Mapping[str, Source], root: str, form: Format, output: Path | None, tags: Sequence[str] = ()
) -> None:
    """Write a row for every source that is configured or has landed anything, or for those with one of the tags.

    Raises `ConfigError` and `WarehouseError`.
    """
    chosen = with_tags(sources, tags)
    now = datetime.now(UTC)
    health_by_source = load_health(root, now)
    rows = []
    for name in sorted(chosen.keys() | (() if tags else health_by_source.keys())):
        health = health_by_source.get(name, Health())
        rows.append(_row(name, sources.get(name), health, list(problems(name, sources.get(name), health, now))))
    if form is not Format.TABLE or output is not None:
        write_out(form, COLUMNS, ([row[column] for column in COLUMNS] for row in rows), output)
        return
    write_out(form, TABLE_COLUMNS, ([_table_value(column, row) for column in TABLE_COLUMNS] for row in rows), None)
    for row in rows:
        for sentence in row["wrong"] or ():
            print(f"{row['source']}: {sentence}")


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
