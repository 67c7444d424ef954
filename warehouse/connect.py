"""Reading the warehouse: DuckDB over the views of `warehouse/sql`, locked down for the command line.

Imports neither pyarrow nor the rest of the pipeline: `copydesk sql` is ready in a third of a second.
"""

from __future__ import annotations

import os
import re
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Generic, TypeVar
from uuid import uuid4

import duckdb

from warehouse.definitions import CATALOGUE, TABLES, VIEWS, define, definition, pattern, quote
from warehouse.errors import DAMAGED_FILE, EmptyWarehouseError, QueryError, WarehouseError, cure_of
from warehouse.own_files import add_files
from warehouse.storage.reach import reach
from warehouse.storage.root import COPIES, SUPERSEDED, Root

SEVERAL: Final = getattr(duckdb.StatementType, "MULTI", None)
"""What DuckDB 2 calls a statement with a PIVOT in it, be it a SELECT or a COPY."""
BARE_BY: Final = re.compile(r'(?<!")(?<!order )(?<!group )(?<!partition )\bby\b(?!")', re.IGNORECASE)
OPTION: Final = r"(analyze|format\s+\w+)"
EXPLAIN: Final = re.compile(rf"explain(\s+analyze)?(\s*\(\s*{OPTION}(\s*,\s*{OPTION})*\s*\))?\s", re.IGNORECASE)
WRONG: Final = (
    duckdb.PermissionException,
    duckdb.ProgrammingError,
    duckdb.DataError,
    duckdb.NotSupportedError,
    duckdb.InterruptException,
    duckdb.OutOfMemoryException,
)
"""Errors that are the statement's, and would come again."""
STORE_ERROR: Final = re.compile(r"\b(?:Object|Replaced)Error: (.*)", re.DOTALL)
"""What DuckDB quotes of an error of the object store, behind the lines of Python that it came through."""
MORE_ROOM: Final = "ask for less, or raise sql_memory or sql_spill in copydesk.toml"
# How `text_sketches.sql` names the folders `copies` and `superseded`: DuckDB compares a pattern as it is written.
SKETCH_FOLDERS: Final = "[cs][ou]p*"
REPLACED_SECONDS: Final = (0.02, 0.1, 0.5)
STARTS: Final = re.compile(r"(select|from|with|pivot|unpivot|describe|summarize)\b|\(", re.IGNORECASE)

Row = TypeVar("Row")


@dataclass(slots=True)
class Counted(Generic[Row]):
    """Rows that are counted as they pass by: there may be more than fit in memory."""

    rows: Iterator[Row]
    count: int = 0

    def __iter__(self) -> Iterator[Row]:
        for row in self.rows:
            self.count += 1
            yield row


def connect(root: str | os.PathLike[str] | Root) -> duckdb.DuckDBPyConnection:
    """Open a connection with the views and macros of `warehouse/sql` over a data root; times show in UTC.

    Writes nothing. Raises `EmptyWarehouseError` where nothing has landed.
    """
    root = Root.at(root)
    if not _has_catalogue(root):
        check_landed(root)
    try:
        connection = duckdb.connect(config={"autoinstall_known_extensions": "false"})
    except duckdb.Error as error:
        raise unreadable(error) from error
    try:
        connection.execute("SET TimeZone = 'UTC'")
        # What does not fit in memory would otherwise go to a folder in the working directory.
        spill = f"{tempfile.gettempdir()}/copydesk-{uuid4().hex}"
        connection.execute(f"SET temp_directory = {quote(spill)}")
        # A query must never take a Python variable of ours for a table.
        connection.execute("SET python_enable_replacements = false")
        if root.is_folder:
            # A view opens each base file several times. DuckDB reads a footer anew when the file has changed.
            connection.execute("SET parquet_metadata_cache = true")
        reach(connection, root)
        if not attach_catalogue(connection, root):
            define(connection, root)
    except duckdb.Error as error:
        connection.close()
        raise unreadable(error) from error
    except WarehouseError:
        connection.close()
        raise
    return connection


def locked(
    root: str | os.PathLike[str] | Root,
    memory: str = "",
    spill: str = "",
    *,
    timezone: str = "UTC",
    files: Mapping[str, Path] | None = None,
) -> duckdb.DuckDBPyConnection:
    """Open a connection as `connect` does that cannot write, nor read a file that is not of a table.

    `memory` and `spill`, such as `2 GB`, bound what a query may hold in memory and on disk; empty, DuckDB's own bounds
    hold. `timezone` is the zone that times show in; `files` are those of the caller, each a view of that name.
    Raises `QueryError` for a zone or a file that cannot be read.
    """
    root = Root.at(root)
    connection = connect(root)
    limit(connection, memory, spill)
    try:
        _set_timezone(connection, timezone)
        add_files(connection, files or {})
    except WarehouseError:
        connection.close()
        raise
    paths = ", ".join(quote(str(path.resolve())) for path in (files or {}).values())
    allowed = ", ".join(
        quote(folder + "/")
        for table in (*TABLES, SUPERSEDED, COPIES, SKETCH_FOLDERS)
        for folder in _folders(root, table)
    )
    for setting in (
        f"allowed_directories = [{allowed}]",
        f"allowed_paths = [{paths}]",
        "autoload_known_extensions = false",
        "allow_community_extensions = false",
        "enable_external_access = false",
        "lock_configuration = true",
    ):
        connection.execute(f"SET {setting}")
    return connection


def limit(connection: duckdb.DuckDBPyConnection, memory: str, spill: str) -> None:
    """Bound what queries may hold in memory and on disk, by sizes such as `2 GB`; an empty one changes no bound."""
    for name, size in (("memory_limit", memory), ("max_temp_directory_size", spill)):
        if size:
            connection.execute(f"SET {name} = {quote(size)}")


def _set_timezone(connection: duckdb.DuckDBPyConnection, timezone: str) -> None:
    try:
        # For cursors of the connection too, which begin with the zone that holds for all.
        connection.execute(f"SET GLOBAL TimeZone = {quote(timezone)}")
        connection.execute(f"SET TimeZone = {quote(timezone)}")
    except duckdb.Error as error:
        names = re.search(r"Candidate time zones: (.*)", str(error))
        hint = f"; did you mean one of {names[1]}?" if names else ""
        raise QueryError(f"no time zone is named '{timezone}'{hint}") from None


def ask(connection: duckdb.DuckDBPyConnection, statement: str) -> duckdb.DuckDBPyConnection:
    """Run one statement that reads on a locked connection, which then holds its rows. Raises `QueryError`."""
    try:
        statements = connection.extract_statements(statement)
        if len(statements) != 1:
            raise QueryError(f"one statement at a time, please: this is {len(statements) or 'none'}")
        if not _reads(connection, statements[0]):
            raise QueryError("only statements that read are run here: SELECT, DESCRIBE, SHOW, SUMMARIZE and EXPLAIN")
        return _execute(connection, statements[0])
    except duckdb.Error as error:
        raise refusal(error, statement) from None


def needs_more(resource: str) -> str:
    """Return the sentence for a statement of a reader that needs more memory or disk than it may have."""
    return f"the query needs more {resource} than it may have; {MORE_ROOM}"


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
            hint = '; the column "by" is written in quotes' if BARE_BY.search(statement) else ""
        case _:
            hint = ""
    return QueryError(f"{message_of(error)}{hint}")


def rows(
    connection: duckdb.DuckDBPyConnection, query: str, parameters: Sequence[object] | Mapping[str, object] = ()
) -> list[tuple[Any, ...]]:
    """Return the rows of a query of the pipeline's own. Raises `WarehouseError` if a file is damaged."""
    try:
        return _execute(connection, query, parameters).fetchall()
    except duckdb.Error as error:
        raise unreadable(error) from None


def unreadable(error: duckdb.Error) -> WarehouseError:
    """Return the sentence for a query of the pipeline's own that failed: a limit of the system, or a damaged file."""
    sentence = message_of(error)
    if STORE_ERROR.search(str(error)):
        return WarehouseError(f"cannot read the warehouse: {sentence}")
    cure = cure_of(sentence, DAMAGED_FILE)
    return WarehouseError(f"cannot read the warehouse: {sentence}; {cure}")


def _execute(
    connection: duckdb.DuckDBPyConnection,
    statement: str | duckdb.Statement,
    parameters: Sequence[object] | Mapping[str, object] = (),
) -> duckdb.DuckDBPyConnection:
    values = dict(parameters) if isinstance(parameters, Mapping) else list(parameters)
    # A file is opened once for its footer and again for its rows. One that a writer replaced in between, as a
    # take-down does, looks damaged until it is asked for anew.
    for pause in REPLACED_SECONDS:
        try:
            return connection.execute(statement, values)
        except WRONG:
            raise
        except duckdb.Error:
            time.sleep(pause)
    return connection.execute(statement, values)


def query(root: str | os.PathLike[str] | Root, statement: str) -> duckdb.DuckDBPyConnection:
    """Run one statement that reads over a data root; return the connection with its rows. Raises `WarehouseError`."""
    return ask(locked(root), statement)


def _folders(root: Root, table: str) -> set[str]:
    # As the views write it, and where it really is: a table's folder may be a link to another disk.
    location = root.location(table)
    return {f"{pattern(root)}/{table}", str(Path(location).resolve()) if root.is_folder else location}


def attach_catalogue(connection: duckdb.DuckDBPyConnection, root: Root) -> bool:
    """Use the catalogue of a root, and return whether it has one that is not outdated."""
    if not _has_catalogue(root):
        return False
    try:
        connection.execute(f"ATTACH {quote(root.location(CATALOGUE))} AS copydesk (READ_ONLY)")
        connection.execute("USE copydesk")
        # All of its rows, as the connection would else count as busy and refuse the caller's first relation.
        if connection.execute("SELECT definition()").fetchall() == [(definition(root),)]:
            return True
        connection.execute("USE memory; DETACH copydesk")
    except duckdb.Error:  # of another version, or no catalogue at all: the views are made anew
        with suppress(duckdb.Error):
            connection.execute("USE memory; DETACH copydesk")
    return False


def _has_catalogue(root: Root) -> bool:
    return root.is_folder and Path(root.location(CATALOGUE)).exists()


def check_landed(root: Root) -> None:
    """Raise `EmptyWarehouseError` where nothing has landed."""
    if not root.has_tables(TABLES):
        raise EmptyWarehouseError(f"nothing has landed in {root.url}; run 'copydesk run', or name another with --data")


def _reads(connection: duckdb.DuckDBPyConnection, statement: duckdb.Statement) -> bool:
    text = statement.query.strip()
    if (match := EXPLAIN.match(text)) is not None:
        # EXPLAIN ANALYZE runs what it explains, so that has to read too.
        explained = connection.extract_statements(text[match.end() :])
        return len(explained) == 1 and _reads(connection, explained[0])
    if statement.type is SEVERAL:
        return STARTS.match(text) is not None
    return statement.type == duckdb.StatementType.SELECT


def message_of(error: duckdb.Error) -> str:
    """Return the sentence of an error of DuckDB, without its kind and the lines that it quotes."""
    text = re.split(r"\nLINE \d+:", str(error))[0]
    if (match := STORE_ERROR.search(text)) is not None:
        text = match[1]
    return re.sub(r"\s+", " ", re.sub(r"^[\w ]+ Error: ", "", text)).strip()
