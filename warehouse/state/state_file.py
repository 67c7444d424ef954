"""What is known of a source, in an SQLite file of its own that is taken forward from the tables.

The tables are the truth: the file may be deleted at any time, and is made anew at any doubt. Only who holds the lock of
its source writes it, so that it is one process's at a time.
"""

from __future__ import annotations

import os
import sqlite3
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Final

from warehouse.errors import StorageError, cure_of
from warehouse.storage.durable import make_folder, sync_folder

if TYPE_CHECKING:
    from warehouse.storage.root import Root

FOLDER: Final = "state"
SCHEMA_VERSION: Final = 3
"""Another number makes every file anew; so does another version of Copydesk, whose rules may be others."""
# What a name of an address is: a spelling, a guid, a version that it had, or an article that was taken down there.
SPELLING, GUID, VERSION, FORGOTTEN_ARTICLE = range(4)
DAMAGED: Final = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
MAX_CACHE_KILOBYTES: Final = 16_000
MAX_WAIT_SECONDS: Final = 60.0

_TABLES: Final = """
    CREATE TABLE meta (version TEXT, taken_at INTEGER);
    CREATE TABLE file (name TEXT PRIMARY KEY, size INTEGER, modified INTEGER, rows BLOB, is_replaced INTEGER);
    CREATE TABLE address (
        id INTEGER PRIMARY KEY, url TEXT, facts TEXT, first_seen_at INTEGER, found_in TEXT, is_sighted INTEGER,
        is_pending INTEGER, has_version INTEGER, is_lost INTEGER, watched_age INTEGER, last_fetched_at INTEGER
    );
    CREATE TABLE name (kind INTEGER, name TEXT, address INTEGER, PRIMARY KEY (kind, name, address)) WITHOUT ROWID;
    CREATE TABLE run (run_id TEXT PRIMARY KEY, started_at INTEGER, status TEXT, is_whole INTEGER, facts TEXT);
    CREATE TABLE endpoint (url TEXT PRIMARY KEY, facts TEXT);
    CREATE TABLE validator (key BLOB PRIMARY KEY, payload_digest TEXT) WITHOUT ROWID;
"""
# Made when the rows are there: an index that grows with them takes several times as long.
_INDEXES: Final = """
    CREATE UNIQUE INDEX address_url ON address (url);
    CREATE INDEX address_found_in ON address (found_in);
    CREATE INDEX address_pending ON address (first_seen_at) WHERE is_pending;
    CREATE INDEX address_version ON address (has_version) WHERE has_version;
    CREATE INDEX address_unsighted ON address (first_seen_at) WHERE NOT is_sighted;
    CREATE INDEX address_lost ON address (first_seen_at) WHERE is_lost;
    CREATE INDEX address_watched ON address (watched_age) WHERE watched_age IS NOT NULL;
    CREATE INDEX address_fetched ON address (last_fetched_at) WHERE watched_age IS NOT NULL;
    CREATE INDEX run_started ON run (started_at);
    CREATE INDEX run_whole ON run (started_at) WHERE is_whole;
    CREATE INDEX run_status ON run (status);
"""


class DoubtError(Exception):
    """The file may not say what the tables do: it is to be made anew."""


def state_path(root: Root, source_id: str) -> Path:
    """Return where the file of a source lies: below a data root in a folder, else in this machine's state folder."""
    return root.local / FOLDER / f"{source_id}.sqlite"


def delete_state(root: Root, source_id: str) -> None:
    """Delete the file of a source, whose lock is held. Raises `StorageError`."""
    path = state_path(root, source_id)
    try:
        # A log that was left over would be taken for the next file's own.
        for name in (path.name, f"{path.name}-shm", f"{path.name}-wal", f"{path.name}.new"):
            path.with_name(name).unlink(missing_ok=True)
    except OSError as error:
        raise StorageError.of(error, str(path), "delete") from error


def open_file(path: Path) -> sqlite3.Connection:
    """Open a file that is there and of this version, to read and write it. Raises `DoubtError`, sqlite3.Error."""
    if not path.exists():
        raise DoubtError
    connection = _connect(f"file:{_quoted(path)}?mode=rw")
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        check_version(connection, "main")
    except BaseException:
        connection.close()
        raise
    return connection


def open_private(path: Path | None) -> tuple[sqlite3.Connection, bool]:
    """Open a file of this process alone, over the file of a source if that is whole; return whether it is.

    Shards run side by side, also on other machines: they read that file and leave it as it is.
    """
    connection = _connect("")
    _make_tables(connection)
    make_indexes(connection)
    log = path.with_name(f"{path.name}-wal") if path else None
    if path is None or log is None or not path.exists() or (log.exists() and log.stat().st_size):
        return connection, False
    connection.execute("ATTACH ? AS shared", [f"file:{_quoted(path)}?mode=ro&immutable=1"])
    try:
        check_version(connection, "shared")
    except (DoubtError, sqlite3.Error):
        connection.execute("DETACH shared")
        return connection, False
    return connection, True


def make_file(path: Path) -> sqlite3.Connection:
    """Open a new file beside the one of a source, for `publish_new`. Raises OSError, sqlite3.Error."""
    make_folder(path.parent)
    new = path.with_name(f"{path.name}.new")
    new.unlink(missing_ok=True)
    connection = _connect(f"file:{_quoted(new)}?mode=rwc")
    # Nobody reads it before it is whole.
    connection.execute("PRAGMA journal_mode = OFF")
    connection.execute("PRAGMA synchronous = OFF")
    _make_tables(connection)
    return connection


def publish_new(root: Root, source_id: str) -> None:
    """Put the new file of a source, whole and closed, in the place of the one that was deleted. Raises OSError."""
    path = state_path(root, source_id)
    new = path.with_name(f"{path.name}.new")
    with new.open("rb") as file:
        os.fsync(file.fileno())
    new.replace(path)
    sync_folder(path.parent)


def _make_tables(connection: sqlite3.Connection) -> None:
    connection.executescript(_TABLES)
    connection.execute("INSERT INTO meta VALUES (?, 0)", [_version()])


def make_indexes(connection: sqlite3.Connection) -> None:
    """Make the indexes of a file that has its rows."""
    connection.executescript(_INDEXES)


def check_version(connection: sqlite3.Connection, layer: str) -> None:
    """Raise `DoubtError` for a file of another version, or sqlite3.Error for one that is none."""
    if connection.execute(f"SELECT version FROM {layer}.meta").fetchall() != [(_version(),)]:  # noqa: S608  ours
        raise DoubtError


def is_damaged(error: sqlite3.Error) -> bool:
    """Return whether an error is that of a file which is no whole database of ours."""
    code = getattr(error, "sqlite_errorcode", None)
    has_no_table = isinstance(error, sqlite3.OperationalError) and "no such" in str(error)
    return has_no_table or (code is not None and code & 0xFF in DAMAGED)


def storage_error(error: sqlite3.Error | ValueError, path: Path) -> StorageError:
    """Return the sentence for an error of SQLite, or for content that is no fact of ours."""
    is_harmed = isinstance(error, ValueError) or is_damaged(error)
    cure = "run again: it is made anew" if is_harmed else "check that the disk is there and has room"
    return StorageError(f"cannot use {path}: {error}; {cure_of(str(error), cure)}")


def _connect(uri: str) -> sqlite3.Connection:
    connection = sqlite3.connect(uri, uri=True, timeout=MAX_WAIT_SECONDS, isolation_level=None)
    connection.execute(f"PRAGMA cache_size = -{MAX_CACHE_KILOBYTES}")
    return connection


def _version() -> str:
    return f"{SCHEMA_VERSION} {version('copydesk')}"


def _quoted(path: Path) -> str:
    return str(path).replace("%", "%25").replace("?", "%3f").replace("#", "%23")
