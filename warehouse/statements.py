"""Statements that a reader writes: only one that reads is run, and one that fails is a sentence."""

from __future__ import annotations

import re
from typing import Final

import duckdb

from warehouse.connect import execute, message_of
from warehouse.definitions import VIEWS
from warehouse.errors import QueryError

_MORE_ROOM: Final = "ask for less, or raise sql_memory or sql_spill in copydesk.toml"

_SEVERAL: Final = getattr(duckdb.StatementType, "MULTI", None)
"""What DuckDB 2 calls a statement with a PIVOT in it, be it a SELECT or a COPY."""
_READING_STARTS: Final = re.compile(r"(select|from|with|pivot|unpivot|describe|summarize)\b|\(", re.IGNORECASE)
_BARE_BY: Final = re.compile(r'(?<!")(?<!order )(?<!group )(?<!partition )\bby\b(?!")', re.IGNORECASE)
_EXPLAIN_OPTION: Final = r"(analyze|format\s+\w+)"
_EXPLAIN: Final = re.compile(
    rf"explain(\s+analyze)?(\s*\(\s*{_EXPLAIN_OPTION}(\s*,\s*{_EXPLAIN_OPTION})*\s*\))?\s", re.IGNORECASE
)


def run_statement(connection: duckdb.DuckDBPyConnection, statement: str) -> duckdb.DuckDBPyConnection:
    """Run one statement that reads on a locked connection, which then holds its rows. Raises `QueryError`."""
    try:
        statements = connection.extract_statements(statement)
        if not statements:
            raise QueryError("there is no statement; write one, such as SELECT title FROM articles")
        if len(statements) > 1:
            raise QueryError(f"one statement at a time, please: these are {len(statements)}")
        if not _reads(connection, statements[0]):
            raise QueryError("only statements that read are run here: SELECT, DESCRIBE, SHOW, SUMMARIZE and EXPLAIN")
        return execute(connection, statements[0])
    except duckdb.Error as error:
        raise refusal(error, statement) from None


def needs_more(resource: str) -> str:
    """Return the sentence for a statement of a reader that needs more memory or disk than it may have."""
    return f"the query needs more {resource} than it may have; {_MORE_ROOM}"


def refusal(error: duckdb.Error, statement: str) -> QueryError:
    """Return the sentence for a statement of a reader that failed."""
    match error:
        case duckdb.OutOfMemoryException():
            return QueryError(needs_more("disk" if "max_temp_directory_size" in str(error) else "memory"))
        case duckdb.PermissionException():
            views = ", ".join(VIEWS)
            return QueryError(f"a query reads the views and the files of --with, and no others; the views are {views}")
        case duckdb.CatalogException():
            hint = f"; the views are {', '.join(VIEWS)}" if str(error).startswith("Catalog Error: Table with") else ""
        case duckdb.ParserException():
            # The field's own name for a byline is a word of SQL, and the parser blames what stands after it.
            hint = '; the column "by" is written in quotes' if _BARE_BY.search(statement) else ""
        case _:
            hint = ""
    return QueryError(f"{message_of(error)}{hint}")


def _reads(connection: duckdb.DuckDBPyConnection, statement: duckdb.Statement) -> bool:
    text = statement.query.strip()
    if (match := _EXPLAIN.match(text)) is not None:
        # EXPLAIN ANALYZE runs what it explains, so that has to read too.
        explained = connection.extract_statements(text[match.end() :])
        return len(explained) == 1 and _reads(connection, explained[0])
    if statement.type is _SEVERAL:
        return _READING_STARTS.match(text) is not None
    return statement.type == duckdb.StatementType.SELECT
