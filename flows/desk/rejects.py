"""What was refused and has no article: how much for which reason, and each document with its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from flows.desk.articles import FacetValue
from flows.desk.database import Database, Record, records
from flows.desk.paging import Page, window
from flows.monitoring.health import cure_of

_REJECTS: Final = """
    SELECT source_id, url, capture_id, stage, reason, detail, attempts, last_seen_at, title
    FROM rejects_open WHERE {condition} ORDER BY last_seen_at DESC, url LIMIT $limit OFFSET $offset
"""
_COUNTS: Final = "SELECT {column} AS value, count(*) AS rejects FROM rejects_open WHERE {condition} GROUP BY ALL"
_ORDER: Final = "ORDER BY rejects DESC, value LIMIT 50"


@dataclass(frozen=True, slots=True)
class RejectsPage:
    """A page of open rejects, and how they are spread over reasons and sources."""

    page: Page[Record]
    reasons: list[FacetValue]
    sources: list[FacetValue]
    cure: str


def load_rejects(database: Database, source: str, reason: str, number: int) -> RejectsPage:
    """Return a page of open rejects, the newest first. Raises `WarehouseError`."""
    condition, values = _condition(source=source, reason=reason)
    query = _REJECTS.format(condition=condition)
    with database.cursor() as cursor:

        def count(column: str, **chosen: str) -> list[FacetValue]:
            condition, values = _condition(**chosen)
            rows = records(cursor, f"{_COUNTS} {_ORDER}".format(column=column, condition=condition), values)
            return [FacetValue(row["value"], row["rejects"]) for row in rows]

        page = Page.of(records(cursor, query, values | window(number)), number)
        reasons, sources = count("reason", source=source), count("source_id", reason=reason)
    return RejectsPage(page, reasons, sources, cure_of(reason) if reason else "")


def _condition(**chosen: str) -> tuple[str, dict[str, Any]]:
    columns = {"source": "source_id", "reason": "reason"}
    values = {name: value for name, value in chosen.items() if value}
    return " AND ".join(f"{columns[name]} = ${name}" for name in values) or "true", values
