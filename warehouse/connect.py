"""Reading the warehouse: DuckDB over the views of `warehouse/sql`, locked down for the command line.

Imports neither pyarrow nor the rest of the pipeline: `copydesk sql` is ready in a third of a second.
"""

from __future__ import annotations

import os
import re
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import duckdb

from warehouse.definitions import CATALOGUE, TABLES, define, definition, pattern, quote
from warehouse.errors import DAMAGED_FILE, OLDER_FILES, EmptyWarehouseError, QueryError, WarehouseError, cure_of
from warehouse.own_files import add_files
from warehouse.storage.reach import reach
from warehouse.storage.root import COPIES, SUPERSEDED, Root

STATEMENT_ERRORS: Final = (
    duckdb.PermissionException,
    duckdb.ProgrammingError,
    duckdb.DataError,
    duckdb.NotSupportedError,
    duckdb.InterruptException,
    duckdb.OutOfMemoryException,
)
"""Errors of the statement itself, which would come again."""
_STORE_ERROR: Final = re.compile(r"\b(?:Object|Replaced)Error: (.*)", re.DOTALL)
"""What DuckDB quotes of an error of the object store, behind the lines of Python that it came through."""
# How `text_sketches.sql` names the folders `copies` and `superseded`: DuckDB compares a pattern as it is written.
SKETCH_FOLDERS: Final = "[cs][ou]p*"
RETRY_PAUSES_SECONDS: Final = (0.02, 0.1, 0.5)

Parameters = Sequence[object] | Mapping[str, object]


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


def rows(connection: duckdb.DuckDBPyConnection, query: str, parameters: Parameters = ()) -> list[tuple[Any, ...]]:
    """Return the rows of a query of the pipeline's own. Raises `WarehouseError` if a file is damaged."""
    try:
        return execute(connection, query, parameters).fetchall()
    except duckdb.Error as error:
        raise unreadable(error) from None


def records(connection: duckdb.DuckDBPyConnection, query: str, parameters: Parameters = ()) -> list[dict[str, Any]]:
    """Return the rows of a query of the pipeline's own by column. Raises `WarehouseError` if a file is damaged."""
    values = rows(connection, query, parameters)
    names = [name for name, *_ in connection.description or ()]
    return [dict(zip(names, row, strict=True)) for row in values]


def unreadable(error: duckdb.Error) -> WarehouseError:
    """Return the sentence for a query of the pipeline's own that failed: a limit, a damaged file, or an older one."""
    sentence = message_of(error)
    if _STORE_ERROR.search(str(error)):
        return WarehouseError(f"cannot read the warehouse: {sentence}")
    # No query of ours names a column that files of this release lack.
    cure = OLDER_FILES if isinstance(error, duckdb.BinderException) else cure_of(sentence, DAMAGED_FILE)
    return WarehouseError(f"cannot read the warehouse: {sentence}; {cure}")


def execute(
    connection: duckdb.DuckDBPyConnection,
    statement: str | duckdb.Statement,
    parameters: Parameters = (),
) -> duckdb.DuckDBPyConnection:
    """Run a statement, again where a file was replaced just now; the connection then holds its rows.

    Raises duckdb.Error.
    """
    values = dict(parameters) if isinstance(parameters, Mapping) else list(parameters)
    # A file is opened once for its footer and again for its rows. One that a writer replaced in between, as a
    # take-down does, looks damaged until it is asked for anew.
    for pause in RETRY_PAUSES_SECONDS:
        try:
            return connection.execute(statement, values)
        except STATEMENT_ERRORS:
            raise
        except duckdb.Error:
            time.sleep(pause)
    return connection.execute(statement, values)


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


def message_of(error: duckdb.Error) -> str:
    """Return the sentence of an error of DuckDB, without its kind and the lines that it quotes."""
    text = re.split(r"\nLINE \d+:", str(error))[0]
    if (match := _STORE_ERROR.search(text)) is not None:
        text = match[1]
    return re.sub(r"\s+", " ", re.sub(r"^[\w ]+ Error: ", "", text)).strip()
