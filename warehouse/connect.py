"""Reading the warehouse: DuckDB over the views of `warehouse/sql`, locked down for the command line.

Imports neither pyarrow nor the rest of the pipeline: `copydesk sql` is ready in a third of a second.
"""

from __future__ import annotations

import os
import re
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import duckdb

from warehouse.errors import EmptyWarehouseError, QueryError, StorageError, WarehouseError, cure_of
from warehouse.storage.root import Root, sync_folder

SQL: Final = Path(__file__).resolve().parent / "sql"
TABLES: Final = ("articles", "captures", "discoveries", "habits", "polls", "rejects", "runs")
ORDER: Final = (
    "landed", "articles", "articles_as_of", "article_versions", "captures", "discoveries", "polls", "rejects", "runs",
    "rejects_open", "ledger", "pending", "articles_by_day", "quality_by_day", "article_edits",
    "endpoint_health", "source_health", "habits",
)  # fmt: skip
"""Every view and macro, each after those it reads."""
VIEWS: Final = tuple(name for name in ORDER if name not in ("landed", "articles_as_of"))
CATALOGUE: Final = "copydesk.duckdb"
OLDEST_READER: Final = "v1.5.0"
"""The oldest DuckDB that opens the catalogue; DuckDB 2 would otherwise write a file that it cannot."""

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
MORE_ROOM: Final = "ask for less, or raise sql_memory or sql_spill in copydesk.toml"
REPLACED_SECONDS: Final = (0.02, 0.1, 0.5)
STARTS: Final = re.compile(r"(select|from|with|pivot|unpivot|describe|summarize)\b|\(", re.IGNORECASE)


def connect(root: str | os.PathLike[str] | Root) -> duckdb.DuckDBPyConnection:
    """A connection with the views and macros of `warehouse/sql` over a data root; times show in UTC.

    Writes nothing. Raises `EmptyWarehouseError` where nothing has landed.
    """
    root = Root.at(root)
    if not _has_catalogue(root):
        _check_landed(root)
    try:
        connection = duckdb.connect(config={"autoinstall_known_extensions": "false"})
    except duckdb.Error as error:
        raise unreadable(error) from error
    try:
        connection.execute("SET TimeZone = 'UTC'")
        # What does not fit in memory would otherwise go to a folder in the working directory.
        spill = f"{tempfile.gettempdir()}/copydesk-{uuid4().hex}"
        connection.execute(f"SET temp_directory = {_quoted(spill)}")
        # With it DuckDB (1.5 to 2.0 at least) loses rows in some joins of Parquet files with what is made from them.
        connection.execute("SET disabled_optimizers = 'join_filter_pushdown'")
        # A query must never take a Python variable of ours for a table.
        connection.execute("SET python_enable_replacements = false")
        if not root.is_folder:
            reach(connection, root)
        if not _attach_catalogue(connection, root):
            _define(connection, root)
    except duckdb.Error as error:
        connection.close()
        raise unreadable(error) from error
    except WarehouseError:
        connection.close()
        raise
    return connection


def locked(root: str | os.PathLike[str] | Root, memory: str = "", spill: str = "") -> duckdb.DuckDBPyConnection:
    """As `connect`, and it cannot be made to write, or to read a file that is not of a table.

    `memory` and `spill`, such as `2 GB`, bound what a query may hold in memory and on disk; empty, DuckDB's own bounds
    hold.
    """
    root = Root.at(root)
    connection = connect(root)
    for name, size in (("memory_limit", memory), ("max_temp_directory_size", spill)):
        if size:
            connection.execute(f"SET {name} = {_quoted(size)}")
    allowed = ", ".join(_quoted(folder + "/") for table in TABLES for folder in _folders(root, table))
    for setting in (
        f"allowed_directories = [{allowed}]",
        "autoload_known_extensions = false",
        "allow_community_extensions = false",
        "enable_external_access = false",
        "lock_configuration = true",
    ):
        connection.execute(f"SET {setting}")
    return connection


def ask(connection: duckdb.DuckDBPyConnection, statement: str) -> duckdb.DuckDBPyConnection:
    """Run one statement that reads on a locked connection, which then holds its rows. Raises `QueryError`."""
    try:
        statements = connection.extract_statements(statement)
        if len(statements) != 1:
            raise QueryError(f"one statement at a time, please: this is {len(statements) or 'none'}")
        if not _reads(connection, statements[0]):
            raise QueryError("only statements that read are run here: SELECT, DESCRIBE, SHOW, SUMMARIZE and EXPLAIN")
        return _execute(connection, statements[0])
    except duckdb.OutOfMemoryException as error:
        what = "disk" if "max_temp_directory_size" in str(error) else "memory"
        raise QueryError(f"the query needs more {what} than it may have; {MORE_ROOM}") from None
    except duckdb.PermissionException:
        raise QueryError(f"a query reads the views and no other files; the views are {', '.join(VIEWS)}") from None
    except duckdb.CatalogException as error:
        hint = f"; the views are {', '.join(VIEWS)}" if str(error).startswith("Catalog Error: Table with") else ""
        raise QueryError(f"{_sentence(error)}{hint}") from None
    except duckdb.ParserException as error:
        # The field's own name for a byline is a word of SQL, and the parser blames what stands after it.
        hint = '; the column "by" is written in quotes' if BARE_BY.search(statement) else ""
        raise QueryError(f"{_sentence(error)}{hint}") from None
    except duckdb.Error as error:
        raise QueryError(_sentence(error)) from None


def rows(connection: duckdb.DuckDBPyConnection, query: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
    """The rows of a query of the pipeline's own. Raises `WarehouseError` where a file of the warehouse is damaged."""
    try:
        return _execute(connection, query, list(parameters)).fetchall()
    except duckdb.Error as error:
        raise unreadable(error) from None


def unreadable(error: duckdb.Error) -> WarehouseError:
    """Return the sentence for a query of the pipeline's own that failed: a limit of the system, or a damaged file."""
    sentence = _sentence(error)
    cure = cure_of(sentence, "'copydesk maintain verify' names the damaged file")
    return WarehouseError(f"cannot read the warehouse: {sentence}; {cure}")


def _execute(
    connection: duckdb.DuckDBPyConnection, statement: str | duckdb.Statement, parameters: Sequence[object] = ()
) -> duckdb.DuckDBPyConnection:
    # A file is opened once for its footer and again for its rows. One that a writer replaced in between, as a
    # take-down does, looks damaged until it is asked for anew.
    for pause in REPLACED_SECONDS:
        try:
            return connection.execute(statement, list(parameters))
        except WRONG:
            raise
        except duckdb.Error:
            time.sleep(pause)
    return connection.execute(statement, list(parameters))


def query(root: str | os.PathLike[str] | Root, statement: str) -> duckdb.DuckDBPyConnection:
    """Run one statement that reads over a data root: the connection holds its rows. Raises `WarehouseError`."""
    return ask(locked(root), statement)


def write_catalogue(root: str | os.PathLike[str] | Root) -> bool:
    """Write `copydesk.duckdb`, the views for any DuckDB client, where it is missing or outdated; whether it was.

    Its paths are absolute: a data root that was moved gets a new one. An object store gets none, nor a path with a
    question mark, which DuckDB opens no database in.
    Raises `WarehouseError`.
    """
    root = Root.at(root)
    if not root.is_folder or "?" in root.url:
        return False
    with duckdb.connect() as connection:
        if _attach_catalogue(connection, root):
            return False
    _check_landed(root)
    partial = root.local / ".partial" / f"{CATALOGUE}.{uuid4().hex}"
    try:
        partial.parent.mkdir(exist_ok=True)
        with duckdb.connect() as connection:
            connection.execute(f"ATTACH {_quoted(str(partial))} AS copydesk (STORAGE_VERSION '{OLDEST_READER}')")
            connection.execute("USE copydesk")
            _define(connection, root)
            connection.execute("USE memory; DETACH copydesk")
        with partial.open("rb") as file:
            os.fsync(file.fileno())
        partial.replace(root.place(CATALOGUE))
        sync_folder(root.local)
    except OSError as error:
        raise StorageError.of(error, root.place(CATALOGUE)) from error
    except duckdb.Error as error:
        told = _sentence(error).partition(". ")[0]
        raise StorageError(f"cannot write {root.place(CATALOGUE)}: {told}; the next run tries again") from error
    finally:
        for left in (partial, partial.with_name(f"{partial.name}.wal")):
            with suppress(OSError):
                left.unlink(missing_ok=True)
    return True


def _define(connection: duckdb.DuckDBPyConnection, root: Root) -> None:
    for name in ORDER:
        connection.execute(_sql(name, root))
    connection.execute(f"CREATE MACRO definition() AS '{_definition(root)}'")


def _sql(name: str, root: Root) -> str:
    return (SQL / f"{name}.sql").read_text("utf-8").replace("$root", _pattern(root).replace("'", "''"))


def _pattern(root: Root) -> str:
    return escaped(root.url) if root.is_folder else root.url


def escaped(path: str) -> str:
    """Return a path as DuckDB takes it for one file: `[`, `*` and `?` stand for themselves, and for no pattern."""
    return re.sub(r"[\[*?]", lambda found: f"[{found[0]}]", path)


def _folders(root: Root, table: str) -> set[str]:
    # As the views write it, and where it really is: a table's folder may be a link to another disk.
    place = root.place(table)
    return {f"{_pattern(root)}/{table}", str(Path(place).resolve()) if root.is_folder else place}


def _definition(root: Root) -> str:
    return sha256("\n".join(_sql(name, root) for name in ORDER).encode()).hexdigest()[:16]


def _attach_catalogue(connection: duckdb.DuckDBPyConnection, root: Root) -> bool:
    if not _has_catalogue(root):
        return False
    try:
        connection.execute(f"ATTACH {_quoted(root.place(CATALOGUE))} AS copydesk (READ_ONLY)")
        connection.execute("USE copydesk")
        # All of its rows, as the connection would else count as busy and refuse the caller's first relation.
        if connection.execute("SELECT definition()").fetchall() == [(_definition(root),)]:
            return True
        connection.execute("USE memory; DETACH copydesk")
    except duckdb.Error:  # of another version, or no catalogue at all: the views are made anew
        with suppress(duckdb.Error):
            connection.execute("USE memory; DETACH copydesk")
    return False


def _has_catalogue(root: Root) -> bool:
    return root.is_folder and Path(root.place(CATALOGUE)).exists()


def _check_landed(root: Root) -> None:
    if not root.has_tables(TABLES):
        raise EmptyWarehouseError(f"nothing has landed in {root.url}; run 'copydesk run', or name another with --data")


def reach(connection: duckdb.DuckDBPyConnection, root: Root) -> None:
    """Let a connection read the files of an object store, through pyarrow's filesystem."""
    from fsspec.implementations.arrow import ArrowFSWrapper  # type: ignore[import-untyped]

    filesystem, _ = root.filesystem()
    wrapper = type("ObjectStore", (ArrowFSWrapper,), {"protocol": root.url.partition("://")[0]})
    connection.register_filesystem(wrapper(filesystem))


def _reads(connection: duckdb.DuckDBPyConnection, statement: duckdb.Statement) -> bool:
    text = statement.query.strip()
    if (found := EXPLAIN.match(text)) is not None:
        # EXPLAIN ANALYZE runs what it explains, so that has to read too.
        explained = connection.extract_statements(text[found.end() :])
        return len(explained) == 1 and _reads(connection, explained[0])
    if statement.type is SEVERAL:
        return STARTS.match(text) is not None
    return statement.type == duckdb.StatementType.SELECT


def _sentence(error: duckdb.Error) -> str:
    told = re.split(r"\nLINE \d+:", str(error))[0]
    return re.sub(r"\s+", " ", re.sub(r"^[\w ]+ Error: ", "", told)).strip()


def _quoted(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
