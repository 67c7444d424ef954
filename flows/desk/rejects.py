"""What was refused and has no article: how much for which reason, and each document with its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from flows.desk.articles import FacetValue
from flows.desk.database import Database, Record
from flows.desk.paging import Page, window
from warehouse.connect import records

_REJECTS: Final = """
    SELECT source_id, url, capture_id, stage, reason, detail, attempts, last_seen_at, title
    FROM rejects_open WHERE {condition} ORDER BY last_seen_at DESC, url LIMIT $limit OFFSET $offset
"""
MAX_COUNTS: Final = 50
"""Of reasons, and of sources, that are shown."""
_COUNTS: Final = """
    SELECT {column} AS value, count(*) AS rejects FROM rejects_open WHERE {condition}
    GROUP BY ALL ORDER BY rejects DESC, value LIMIT $limit
"""


@dataclass(frozen=True, slots=True)
class RejectCounts:
    """How open rejects are spread over reasons and sources."""

    reasons: Page[FacetValue]
    sources: Page[FacetValue]


def load_rejects(database: Database, source: str, reason: str, number: int) -> Page[Record]:
    """Return a page of open rejects, the newest first. Raises `WarehouseError`."""
    condition, values = _condition(source=source, reason=reason)
    return Page.of(database.records(_REJECTS.format(condition=condition), values | window(number)), number)


def count_rejects(database: Database, source: str, reason: str) -> RejectCounts:
    """Return the open rejects of a source by reason, and those of a reason by source. Raises `WarehouseError`."""
    with database.cursor() as cursor:

        def count(column: str, **chosen: str) -> Page[FacetValue]:
            condition, values = _condition(**chosen)
            rows = records(
                cursor, _COUNTS.format(column=column, condition=condition), values | {"limit": MAX_COUNTS + 1}
            )
            return Page.of([FacetValue(row["value"], row["rejects"]) for row in rows], 1, MAX_COUNTS)

        return RejectCounts(count("reason", source=source), count("source_id", reason=reason))


def _condition(**chosen: str) -> tuple[str, dict[str, Any]]:
    columns = {"source": "source_id", "reason": "reason"}
    values = {name: value for name, value in chosen.items() if value}
    return " AND ".join(f"{columns[name]} = ${name}" for name in values) or "true", values
