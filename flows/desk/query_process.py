"""Processes of their own for the statements of readers, so that one that takes all memory ends only there."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from concurrent.futures import TimeoutError as LateError
from functools import lru_cache
from queue import Empty, LifoQueue
from typing import Final

from pydantic import ByteSize, TypeAdapter

from config.settings import Settings
from flows.desk.database import DEFAULT_MEMORY, Database, took_too_long
from flows.desk.query import Limits, Result, run_query
from flows.ingestion.worker_process import EndedError, Raised, Worker, start
from warehouse.errors import QueryError, WarehouseError
from warehouse.statements import needs_more

MAX_PROCESSES: Final = 2
MAX_WAITING: Final = 8
"""Statements that wait for a process, each in a thread that no page has meanwhile; the reader of one may be gone."""
MAX_WAIT_SECONDS: Final = 30.0
BUSY: Final = "other statements are being run; try again in a minute"
SPARE_BYTES: Final = 1_500_000_000
"""What a process may hold beside the memory that DuckDB counts: itself, a result, and blocks of long strings."""
GRACE_SECONDS: Final = 10.0
"""DuckDB ends a statement at its limit; after these seconds more the process is ended."""


class QueryProcesses:
    """Runs each statement in a process that runs no other meanwhile; they start with the first statements."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._room = threading.BoundedSemaphore(MAX_PROCESSES)
        self._turns = threading.BoundedSemaphore(MAX_PROCESSES + MAX_WAITING)
        self._idle = LifoQueue[Worker]()

    def run(self, statement: str, limits: Limits) -> Result:
        """Return the first rows of a statement that reads. Raises `QueryError`, `WarehouseError`."""
        if not self._turns.acquire(blocking=False):
            raise WarehouseError(BUSY)
        try:
            return self._run(statement, limits)
        finally:
            self._turns.release()

    def _run(self, statement: str, limits: Limits) -> Result:
        try:
            with self._process() as process:
                answer, _ = process.run(limits.seconds + GRACE_SECONDS, run_bounded, self._settings, statement, limits)
        except LateError:
            raise QueryError(took_too_long(limits.seconds)) from None
        except EndedError:
            raise QueryError(needs_more("memory")) from None
        if isinstance(answer, Raised):
            is_memory = answer.sentence.startswith("MemoryError")
            raise QueryError(needs_more("memory") if is_memory else answer.sentence)
        if isinstance(answer, WarehouseError):
            raise answer
        return answer

    def prepare(self) -> None:
        """Start a process if there is none, without waiting for it: to start takes longer than most statements."""
        if self._idle.empty():
            threading.Thread(target=self._start, name="copydesk-query", daemon=True).start()

    def _start(self) -> None:
        with contextlib.suppress(WarehouseError), self._process():
            pass

    @contextlib.contextmanager
    def _process(self) -> Iterator[Worker]:
        if not self._room.acquire(timeout=MAX_WAIT_SECONDS):
            raise WarehouseError(BUSY)
        try:
            try:
                process = self._idle.get_nowait()
            except Empty:
                process = start()
            if not process.is_waiting():  # it was killed while it had nothing to do
                process.end()
                process = start()
            try:
                yield process
            except (LateError, EndedError):
                process.end()
                raise
            self._idle.put(process)
        finally:
            self._room.release()


def run_bounded(settings: Settings, statement: str, limits: Limits) -> Result | WarehouseError:
    """Return the first rows of a statement, or why there are none, in a process whose memory it bounds."""
    try:
        return run_query(_open_database(settings), statement, limits)
    except WarehouseError as error:
        return error


@lru_cache(maxsize=1)
def _open_database(settings: Settings) -> Database:
    try:
        import resource
    except ImportError:  # Windows has no such bound; DuckDB's own holds
        return Database(settings)
    size = TypeAdapter(ByteSize).validate_python(settings.sql_memory or DEFAULT_MEMORY) + SPARE_BYTES
    resource.setrlimit(resource.RLIMIT_DATA, (size, size))
    return Database(settings)
