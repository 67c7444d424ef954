"""The desk's way into the warehouse: a locked connection, a cursor for each request, and a limit on time."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Lock, Timer
from typing import Any, Final

import duckdb

from config.settings import Settings
from flows.desk.paging import Page
from warehouse.connect import Parameters, locked, records, rows
from warehouse.errors import WarehouseError
from warehouse.storage.root import Root

PAGE_SECONDS: Final = 30.0
"""The queries of a page are ended after so long."""
KEEP_SECONDS: Final = 60.0
"""A connection is used for so long: the views change when a warehouse is compacted for the first time."""
DEFAULT_MEMORY: Final = "2 GB"
"""The memory of all queries together where `sql_memory` is not set; the desk shares its process with Prefect."""

Record = dict[str, Any]


class Database:
    """A data root that several threads read at a time; nothing is written."""

    def __init__(self, settings: Settings) -> None:
        self.settings: Final = settings
        self.root: Final = Root.at(settings.data)
        self._lock = Lock()
        self._connection: duckdb.DuckDBPyConnection | None = None
        self._is_attached = False
        self._opened_at = 0.0

    @contextmanager
    def cursor(self, seconds: float = PAGE_SECONDS) -> Iterator[duckdb.DuckDBPyConnection]:
        """Open a cursor whose queries are ended after `seconds`. Raises `WarehouseError`, also where nothing landed."""
        connection, is_attached = self._connect()
        cursor, is_late = connection.cursor(), Event()

        def end() -> None:
            is_late.set()
            cursor.interrupt()

        timer = Timer(seconds, end)
        timer.daemon = True
        try:
            if is_attached:  # a cursor begins in its own database, which has no views
                cursor.execute("USE copydesk")
            timer.start()
            yield cursor
        except (duckdb.Error, WarehouseError):
            if is_late.is_set():
                raise WarehouseError(took_too_long(seconds)) from None
            raise
        finally:
            timer.cancel()
            cursor.close()

    def records(self, query: str, values: Parameters = ()) -> list[Record]:
        """Return the rows of a query of the desk's own as dictionaries by column. Raises `WarehouseError`."""
        with self.cursor() as cursor:
            return records(cursor, query, values)

    def _connect(self) -> tuple[duckdb.DuckDBPyConnection, bool]:
        with self._lock:
            now = time.monotonic()
            if self._connection is None or now - self._opened_at > KEEP_SECONDS:
                settings = self.settings
                self._connection = locked(self.root, settings.sql_memory or DEFAULT_MEMORY, settings.sql_spill)
                self._is_attached = rows(self._connection, "SELECT current_database()") == [("copydesk",)]
                self._opened_at = now
            return self._connection, self._is_attached


def took_too_long(seconds: float) -> str:
    """Return the sentence for queries that were ended after their time."""
    return f"this took longer than {seconds:g} s and was ended; ask for less"


def first_page(cursor: duckdb.DuckDBPyConnection, query: str, values: Record, size: int) -> Page[Record]:
    """Return the first `size` rows of a query that has `$limit`, and whether it has more. Raises `WarehouseError`."""
    return Page.of(records(cursor, query, values | {"limit": size + 1}), 1, size)
