"""The catalogue: a small DuckDB database of the views, for any DuckDB client, with a comment on every column."""

from __future__ import annotations

import os
import tomllib
from contextlib import suppress
from functools import cache
from typing import Final
from uuid import uuid4

import duckdb

from warehouse.connect import attach_catalogue, check_landed, message_of
from warehouse.definitions import CATALOGUE, SQL, VIEWS, define, quote, read_comment
from warehouse.errors import StorageError
from warehouse.model.descriptions import describe_fields
from warehouse.model.records import Article, Capture, Rejection
from warehouse.model.rows import Discovery, Habit, Poll, Run
from warehouse.storage.durable import sync_folder
from warehouse.storage.root import PARTIAL, Root

# The oldest DuckDB that opens the catalogue; DuckDB 2 would otherwise write a file that it cannot.
OLDEST_READER: Final = "v1.5.0"
RECORD_OF_VIEW: Final[dict[str, type]] = {
    "articles": Article,
    "article_versions": Article,
    "articles_by_day": Article,
    "quality_by_day": Article,
    "article_edits": Article,
    "edit_paragraphs": Article,
    "copies": Article,
    "articles_unique": Article,
    "wire_spread": Article,
    "captures": Capture,
    "discoveries": Discovery,
    "ledger": Discovery,
    "pending": Discovery,
    "polls": Poll,
    "endpoint_health": Poll,
    "rejects": Rejection,
    "rejects_open": Rejection,
    "runs": Run,
    "source_health": Run,
    "source_tags": Run,
    "habits": Habit,
}


def write_catalogue(root: str | os.PathLike[str] | Root) -> bool:
    """Write `copydesk.duckdb` where it is missing or outdated; return whether it was.

    An object store gets none, nor a path with a question mark, which DuckDB opens no database in.
    Raises `WarehouseError`.
    """
    root = Root.at(root)
    if not root.is_folder or "?" in root.url:
        return False
    with duckdb.connect() as connection:
        if attach_catalogue(connection, root):
            return False
    check_landed(root)
    partial = root.local / PARTIAL / f"{CATALOGUE}.{uuid4().hex}"
    try:
        partial.parent.mkdir(exist_ok=True)
        with duckdb.connect() as connection:
            connection.execute(f"ATTACH {quote(str(partial))} AS copydesk (STORAGE_VERSION '{OLDEST_READER}')")
            connection.execute("USE copydesk")
            define(connection, root, in_catalogue=True)
            _comment(connection)
            connection.execute("USE memory; DETACH copydesk")
        with partial.open("rb") as file:
            os.fsync(file.fileno())
        partial.replace(root.location(CATALOGUE))
        sync_folder(root.local)
    except OSError as error:
        raise StorageError.of(error, root.location(CATALOGUE)) from error
    except duckdb.Error as error:
        message = message_of(error).partition(". ")[0]
        raise StorageError(f"cannot write {root.location(CATALOGUE)}: {message}; the next run tries again") from error
    finally:
        for path in (partial, partial.with_name(f"{partial.name}.wal")):
            with suppress(OSError):
                path.unlink(missing_ok=True)
    return True


def describe_columns(view: str) -> dict[str, str]:
    """Return what each column of a view holds, by its name."""
    return describe_fields(RECORD_OF_VIEW[view]) | _own_columns().get(view, {})


@cache
def _own_columns() -> dict[str, dict[str, str]]:
    """Return what the columns hold that views have beside those of their record type, by view."""
    own: dict[str, dict[str, str]] = tomllib.loads((SQL / "columns.toml").read_text("utf-8"))
    return own


def _comment(connection: duckdb.DuckDBPyConnection) -> None:
    # A DESCRIBE of each view, and a statement a comment, would take three times as long.
    comments = [f"COMMENT ON VIEW {view} IS {quote(read_comment(view))}" for view in VIEWS]
    described = {view: describe_columns(view) for view in VIEWS}
    columns = connection.execute(
        "SELECT table_name, column_name FROM duckdb_columns() WHERE database_name = current_database() AND NOT internal"
    ).fetchall()
    comments += [f'COMMENT ON COLUMN {view}."{column}" IS {quote(described[view][column])}' for view, column in columns]
    connection.execute(f"BEGIN; {'; '.join(comments)}; COMMIT")
