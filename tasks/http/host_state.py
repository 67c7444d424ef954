"""The request times of each host, in one SQLite file that the processes of a machine and their next runs share."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Final

FILE_NAME: Final = "hosts.sqlite"
MAX_LOCKED_SECONDS: Final = 30.0
_OPEN_SECONDS: Final = 10.0
_BUSY_SECONDS: Final = 0.005
_BUSY: Final = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PROTOCOL})
_DAMAGED: Final = frozenset(
    {sqlite3.SQLITE_ERROR, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_FORMAT, sqlite3.SQLITE_SCHEMA}
)
_CREATE: Final = """
CREATE TABLE IF NOT EXISTS hosts (
    host TEXT PRIMARY KEY, started REAL, blocked_until REAL, refusals INTEGER, connecting_until REAL
) WITHOUT ROWID
"""
_SELECT: Final = "SELECT started, blocked_until, refusals, connecting_until FROM hosts WHERE host = ?"
_REPLACE: Final = "INSERT OR REPLACE INTO hosts VALUES (?, ?, ?, ?, ?)"


@dataclass(frozen=True, slots=True)
class HostState:
    """When a host was last requested, and whether it wants to be left alone; times are seconds since 1970."""

    started: float = 0.0  # of the last request
    blocked_until: float = 0.0
    refusals: int = 0  # 429 in a row without a Retry-After
    connecting_until: float = 0.0  # when a request that waits for its connection gives up, should its process be killed


Change = Callable[[HostState], HostState]


class HostStates:
    """One state a host, by its `host:port`, in a SQLite file of `folder`; in memory if there is no folder.

    A change is one transaction in WAL mode: a process killed at any moment leaves the state before or after. Nothing
    is flushed to the disk, so a machine that loses its power may damage the file, which is then begun anew.
    """

    def __init__(self, folder: Path | None) -> None:
        self._path = folder / FILE_NAME if folder else None
        self._connection: sqlite3.Connection | None = None
        self._memory: dict[str, HostState] = {}

    async def update(self, host: str, change: Change) -> HostState:
        """Change the state of a host as one step that no other process comes between. Raises OSError."""
        if self._path is None:
            state = self._memory[host] = change(self._memory.get(host, HostState()))
            return state
        deadline = time.monotonic() + MAX_LOCKED_SECONDS
        while True:
            try:
                self._connection = self._connection or _connect(self._path)
                return _update(self._connection, host, change)
            except sqlite3.DatabaseError as error:
                code = error.sqlite_errorcode & 0xFF  # the rest of it tells kinds of one code apart
                if code not in _BUSY | _DAMAGED or time.monotonic() > deadline:
                    raise OSError(f"{self._path}: {error}") from None
                if code in _DAMAGED:
                    self.close()
                    _delete(self._path)
            # Not SQLite's own wait, during which the responses of every other host would stand still.
            await asyncio.sleep(_BUSY_SECONDS)

    def close(self) -> None:
        """Close the file; the next update opens it again."""
        if self._connection:
            self._connection.close()
            self._connection = None


def _connect(path: Path) -> sqlite3.Connection:
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        _delete_former_files(path.parent)
    # Opened by one thread at a time: the loop's, or that of a caller without a loop.
    connection = sqlite3.connect(path, timeout=_OPEN_SECONDS, isolation_level=None, check_same_thread=False)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute(_CREATE)
        connection.execute("PRAGMA busy_timeout = 0")
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _update(connection: sqlite3.Connection, host: str, change: Change) -> HostState:
    connection.execute("BEGIN IMMEDIATE")
    try:
        with closing(connection.execute(_SELECT, [host])) as rows:
            row = rows.fetchone()
        before = HostState(*row) if row else HostState()
        after = change(before)
        if after != before:
            connection.execute(_REPLACE, [host, *astuple(after)])
        connection.execute("COMMIT")
    except BaseException:
        with suppress(sqlite3.Error):
            connection.execute("ROLLBACK")
        raise
    return after


def _delete(path: Path) -> None:
    for name in (path.name, f"{path.name}-wal", f"{path.name}-shm"):
        path.with_name(name).unlink(missing_ok=True)


def _delete_former_files(folder: Path) -> None:
    # Versions before this one kept a file of 96 bytes for each host, named by 32 hex digits of its digest.
    for path in folder.glob("[0-9a-f]" * 32):
        path.unlink(missing_ok=True)
