"""Statements that a reader writes: read-only, ended after a while, and cut after some rows."""

from __future__ import annotations

import shlex
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Final

import duckdb

from flows.desk.database import Database
from flows.desk.rendering import epoch
from warehouse.statements import refusal, run_statement

MAX_SECONDS: Final = 20.0
MAX_ROWS: Final = 1_000
"""Of a result that are shown."""
MAX_CSV_ROWS: Final = 100_000
MAX_CHARACTERS: Final = 100_000_000
"""Of the values of a result, after which no other row is read: it is held in memory, and not by DuckDB."""
MAX_CHART_ROWS: Final = 1_000
EXAMPLES: Final = {
    "Articles a day": "SELECT day, sum(articles) AS articles FROM articles_by_day\n"
    "WHERE day > current_date - 28 GROUP BY day ORDER BY day",
    "Newest articles": "SELECT published_at, source_id, title FROM articles\nORDER BY first_seen_at DESC LIMIT 20",
    "Agencies": "SELECT agency, count(*) AS articles\nFROM (SELECT unnest(info_sources) AS agency FROM articles)\n"
    "GROUP BY agency ORDER BY articles DESC LIMIT 20",
    "Headlines that were edited": "SELECT edited_at, title_before, title_after FROM article_edits\n"
    "WHERE list_contains(changed, 'headline') ORDER BY edited_at DESC LIMIT 20",
}


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds a statement: the seconds it may take, and the rows and characters of its result that are read."""

    seconds: float
    rows: int
    characters: int


@dataclass(frozen=True, slots=True)
class Series:
    """A result as a chart has it: the column along the foot, and those that are drawn over it."""

    foot: Sequence[float | str]
    is_time: bool
    lines: Sequence[tuple[str, Sequence[float | None]]]


@dataclass(frozen=True, slots=True)
class Result:
    """The rows of a statement."""

    columns: Sequence[str]
    rows: Sequence[Sequence[Any]]
    is_cut: bool
    seconds: float

    @property
    def series(self) -> Series | None:
        """The result as a chart; None if it has no numbers over a column of days, times, numbers or names."""
        if len(self.rows) < 2 or len(self.rows) > MAX_CHART_ROWS or len(self.columns) < 2:  # noqa: PLR2004
            return None
        foot, *columns = zip(*self.rows, strict=True)
        lines = [
            (name, [_number(value) for value in values])
            for name, values in zip(self.columns[1:], columns, strict=True)
            if any(_number(value) is not None for value in values)
            and all(value is None or _number(value) is not None for value in values)
        ]
        if not lines or any(value is None for value in foot):
            return None
        if all(isinstance(value, date) for value in foot):
            pairs = sorted((_seconds(value), row) for row, value in enumerate(foot))
            order = [row for _, row in pairs]
            lines = [(name, [values[row] for row in order]) for name, values in lines]
            return Series([moment for moment, _ in pairs], is_time=True, lines=lines)
        return Series([str(value) for value in foot], is_time=False, lines=lines)


def limits_of(max_rows: int = MAX_ROWS) -> Limits:
    """Return the limits of a statement of which `max_rows` rows are asked for."""
    return Limits(MAX_SECONDS, max_rows, MAX_CHARACTERS)


def run_query(database: Database, statement: str, limits: Limits) -> Result:
    """Return the first rows of a statement that reads. Raises `QueryError`, `WarehouseError`."""
    began = time.monotonic()
    with database.cursor(limits.seconds) as cursor:
        result = run_statement(cursor, statement.strip().rstrip(";"))
        try:
            rows, is_cut = _first_rows(result, limits)
        except duckdb.Error as error:
            raise refusal(error, statement) from None
        columns = [column for column, *_ in result.description or ()]
    return Result(columns, rows, is_cut, time.monotonic() - began)


def _first_rows(result: duckdb.DuckDBPyConnection, limits: Limits) -> tuple[list[tuple[Any, ...]], bool]:
    """Return the rows that are shown, and whether others follow."""
    rows: list[tuple[Any, ...]] = []
    characters = 0
    for row in iter(result.fetchone, None):
        if len(rows) == limits.rows or characters > limits.characters:
            return rows, True
        rows.append(row)
        characters += sum(len(str(value)) for value in row)
    return rows, False


def load_names(database: Database) -> dict[str, list[str]]:
    """Return the columns of each view, by its name, for completion. Raises `WarehouseError`."""
    query = """
        SELECT table_name AS view, list(column_name ORDER BY column_index) AS columns
        FROM duckdb_columns() WHERE NOT internal GROUP BY ALL ORDER BY ALL
    """
    return {row["view"]: row["columns"] for row in database.records(query)}


def as_command(statement: str) -> str:
    """Return the command that runs a statement."""
    return f"copydesk sql {shlex.quote(statement.strip())}"


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float | Decimal) and not isinstance(value, bool) else None


def _seconds(value: date) -> float:
    if isinstance(value, datetime):
        # A time without a zone is one of UTC, as the warehouse has all times.
        return (value if value.tzinfo else value.replace(tzinfo=UTC)).timestamp()
    return float(epoch(value))
