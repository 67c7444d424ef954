"""One source: its last weeks, its endpoints and runs, what was learned of it and refused, and its file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final

from flows.desk.database import Database, Record, first_page
from flows.desk.front import DAYS
from flows.desk.paging import Page, window
from flows.desk.source_file import read_source_file
from flows.desk.standing import Standing, Standings
from warehouse.connect import records
from warehouse.errors import EmptyWarehouseError

RUNS: Final = 20
"""On a page."""
ENDPOINTS: Final = 200
POLLS: Final = 20
LINES: Final = 50
PROBLEMS: Final = 20
"""A source may have a sentence and a command for each of its endpoints."""
_DAYS: Final = """
    WITH day AS (SELECT $first::DATE + number::INT AS day FROM range($days) AS numbers (number)),
    article AS (
        SELECT make_timestamp(epoch_us(first_seen_at))::DATE AS day, count(*) AS articles FROM articles
        WHERE source_id = $source_id AND first_seen_at >= $since GROUP BY ALL
    ),
    refusal AS (
        SELECT make_timestamp(epoch_us(first_seen_at))::DATE AS day, count(*) AS rejects FROM rejects_open
        WHERE source_id = $source_id AND first_seen_at >= $since GROUP BY ALL
    )
    SELECT day, coalesce(articles, 0) AS articles, coalesce(rejects, 0) AS rejects
    FROM day LEFT JOIN article USING (day) LEFT JOIN refusal USING (day) ORDER BY day
"""
_ENDPOINTS: Final = "FROM endpoint_health WHERE source_id = $source_id ORDER BY polled_at DESC, endpoint LIMIT $limit"
_POLLS: Final = """
    SELECT polled_at, endpoint, http_status, entries, known, gap_suspected, error, skipped FROM polls
    WHERE source_id = $source_id ORDER BY polled_at DESC, endpoint LIMIT $limit
"""
_RUNS: Final = """
    FROM runs WHERE source_id = $source_id ORDER BY started_at DESC, run_id LIMIT $limit OFFSET $offset
"""
_LINES: Final = """
    SELECT text, place, articles, among, to_keep FROM habits
    WHERE source_id = $source_id AND articles > 0 ORDER BY articles DESC, text LIMIT $limit
"""
_REJECTS: Final = """
    SELECT url, title, reason, detail, capture_id, last_seen_at FROM rejects_open
    WHERE source_id = $source_id ORDER BY last_seen_at DESC, url LIMIT 10
"""


@dataclass(frozen=True, slots=True)
class SourcePage:
    """What the page of a source shows."""

    standing: Standing
    problems: Page[str]
    commands: Page[str]
    days: Sequence[Record]
    endpoints: Page[Record]
    polls: Page[Record]
    runs: Page[Record]
    recurring_lines: Page[Record]
    rejects: Sequence[Record]
    file: str | None  # its TOML file, without secrets


def load_source_page(database: Database, standings: Standings, source_id: str, number: int) -> SourcePage | None:
    """Return what is known of a source; None if it is neither configured nor has landed anything.

    Raises `WarehouseError`.
    """
    standing = next((standing for standing in standings.sources if standing.source_id == source_id), None)
    if standing is None:
        return None
    path = database.settings.config / "sources" / f"{source_id}.toml"
    file = read_source_file(path) if standing.source else None
    first = datetime.now(UTC).date() - timedelta(days=DAYS - 1)
    source: dict[str, object] = {"source_id": source_id}
    problems, commands = (Page.of(lines, 1, PROBLEMS) for lines in (standing.problems, standing.commands))
    try:
        with database.cursor() as cursor:
            days = records(cursor, _DAYS, source | _period(first))
            endpoints = first_page(cursor, _ENDPOINTS, source, ENDPOINTS)
            polls = first_page(cursor, _POLLS, source, POLLS)
            runs = Page.of(records(cursor, _RUNS, source | window(number, RUNS)), number, RUNS)
            recurring_lines = first_page(cursor, _LINES, source, LINES)
            rejects = records(cursor, _REJECTS, source)
    except EmptyWarehouseError:
        none: Page[Record] = Page((), 1, has_next=False)
        return SourcePage(standing, problems, commands, (), none, none, none, none, (), file)
    return SourcePage(standing, problems, commands, days, endpoints, polls, runs, recurring_lines, rejects, file)


def _period(first: date) -> dict[str, object]:
    return {"first": first, "days": DAYS, "since": datetime(first.year, first.month, first.day, tzinfo=UTC)}
