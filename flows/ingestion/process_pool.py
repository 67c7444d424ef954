"""Processes that make articles, so that a document that hangs or kills a parser costs only itself.

Each process has a pipe of its own and shares no lock or queue with another. A pool that shares them, as those of
concurrent.futures and pebble do, is broken as a whole by one process that is killed while it holds them.
"""

from __future__ import annotations

import contextlib
import logging
import math
import multiprocessing
import os
import signal
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as LateError
from dataclasses import dataclass
from functools import partial
from multiprocessing.connection import Connection
from multiprocessing.reduction import ForkingPickler
from types import TracebackType
from typing import Final, Self, TypeVar, cast

from config.redact import redact
from config.settings import Settings
from config.sources import Source
from tasks.listings.listing import ListingError
from warehouse.errors import WarehouseError
from warehouse.model.records import Article, RawArticle, Rejection
from warehouse.model.vocabulary import Reason, Stage

GRACE_SECONDS: Final = 5
AHEAD: Final = 4
"""Documents under way for each worker; more would only hold more of them in memory."""
START_PAUSES_SECONDS: Final = (0.1, 0.5, 2.0, 5.0)
"""Before a process that could not be started is started again."""
MAX_START_SECONDS: Final = 60
MAX_END_SECONDS: Final = 5
UNKNOWN: Final = 255
"""The exit code of a process whose fork server has died."""
KILLED: Final = -9
"""The exit code of a process that the system killed, as it does when memory runs out."""
OUT_OF_MEMORY: Final = "if memory ran out, set fewer workers or a smaller max_document_bytes"

Document = TypeVar("Document", bound=RawArticle | Rejection)
Made = Article | Rejection
Step = Callable[..., Made]
"""Takes a document, its source and `max_document_bytes`; `langdetect_alone=True` too where that is set."""
Result = TypeVar("Result")

log: Final = logging.getLogger("copydesk")
_life: Final = threading.Lock()
"""Held while a process starts or is reaped: two threads that reap would take each other's exit code."""


class CallError(Exception):
    """A call that took too long or ended its process; the text is one sentence."""


class StartError(WarehouseError):
    """No worker process can be started; the next run may find room for it."""


class _EndedError(Exception):
    """The process of a call has ended; the text says how."""


class _RaisedError(Exception):
    """The function of a call raised; the text is the name and text of its error."""


@dataclass(frozen=True, slots=True)
class _Raised:
    sentence: str


class Workers:
    """A pool whose processes start with the first documents; a context manager.

    A process that is killed is replaced. Its document is tried once more while no other process works, as what ran
    out of memory beside others may have enough of it alone.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._threads = ThreadPoolExecutor(settings.workers, "worker")
        self._idle: deque[_Worker] = deque()
        self._all: set[_Worker] = set()
        self._stopped = threading.Event()
        self._room = threading.Semaphore(settings.workers)
        self._turn = threading.Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if kind is not None:
            self._stopped.set()
            with _life:
                for worker in list(self._all):
                    worker.kill()
        self._threads.shutdown(cancel_futures=kind is not None)
        for worker in self._all:
            worker.connection.close()
        for worker in self._all:
            worker.end()

    def each(self, step: Step, raws: Iterable[Document], source: Source) -> Iterator[tuple[Document, Made]]:
        """Yield each document and what `step` made of it, in order; one that hangs or crashes is a `Rejection`.

        What is a rejection already passes through in its place. Raises `StartError`.
        """
        if self._settings.langdetect_alone:
            step = partial(step, langdetect_alone=True)
        ahead: deque[tuple[Document, Future[Made] | None]] = deque()
        for raw in raws:
            ahead.append((raw, self._submit(step, raw, source) if isinstance(raw, RawArticle) else None))
            if len(ahead) >= AHEAD * self._settings.workers:
                first, future = ahead.popleft()
                yield first, self._wait(first, future)
        for raw, future in ahead:
            yield raw, self._wait(raw, future)

    def call(self, function: Callable[..., Result], *arguments: object) -> Result:
        """Return what a function of a module returns, run in a process of the pool.

        Raises `CallError`, `StartError`, and the function's `ListingError`.
        """
        try:
            return self._threads.submit(self._run, function, *arguments).result()
        except LateError:
            limit = self._settings.document_seconds
            raise CallError(f"reading it took over {limit:g} s; raise document_seconds to wait longer") from None
        except _EndedError as error:
            raise CallError(f"reading it twice ended its process {error}") from None
        except _RaisedError as error:
            # Whatever a listing does to its reader, its source has others, and a next time.
            raise CallError(f"reading it raised {error}") from None

    def _submit(self, step: Step, raw: RawArticle, source: Source) -> Future[Made]:
        return self._threads.submit(self._run, step, raw, source, self._settings.max_document_bytes)

    def _wait(self, raw: RawArticle | Rejection, future: Future[Made] | None) -> Made:
        if isinstance(raw, Rejection) or future is None:
            return cast("Rejection", raw)
        try:
            return future.result()
        except LateError:
            limit = self._settings.document_seconds
            detail = f"extraction took over {limit:g} s; raise document_seconds to wait longer"
            return raw.reject(Stage.EXTRACT, Reason.TIMED_OUT, detail)
        except _EndedError as error:
            return raw.reject(Stage.EXTRACT, Reason.CRASHED, f"extraction twice ended its process {error}")
        except _RaisedError as error:
            return raw.reject(Stage.EXTRACT, Reason.CRASHED, f"extraction raised {error}")

    def _run(self, function: Callable[..., Result], *arguments: object) -> Result:
        try:
            with self._room:
                return self._attempt(function, *arguments)
        except _EndedError as error:
            log.warning("a worker process ended %s; what it read is tried once more, alone", error)
        with self._alone():
            return self._attempt(function, *arguments)

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        """Wait until no other process works, and keep it so."""
        with self._turn:
            for _ in range(self._settings.workers):
                self._room.acquire()
            try:
                yield
            finally:
                self._room.release(self._settings.workers)

    def _attempt(self, function: Callable[..., Result], *arguments: object) -> Result:
        worker = self._take()
        try:
            answer = worker.run(self._settings.document_seconds, function, *arguments)
        except BaseException:
            self._all.discard(worker)
            worker.end()
            if self._stopped.is_set():
                raise CancelledError from None
            raise
        self._idle.append(worker)
        if isinstance(answer, _Raised):
            raise _RaisedError(answer.sentence)
        if isinstance(answer, ListingError):
            raise answer
        return answer

    def _take(self) -> _Worker:
        while self._idle:
            worker = self._idle.pop()
            if worker.is_waiting():
                return worker
            self._all.discard(worker)
            worker.end()
        with _life:
            if self._stopped.is_set():
                raise CancelledError
            worker = _start()
            self._all.add(worker)
        return worker


class _Worker:
    """One process and the pipe to it."""

    def __init__(self, context: multiprocessing.context.BaseContext) -> None:
        self.connection, theirs = context.Pipe()
        self.process = context.Process(target=_serve, args=(theirs,), name="copydesk-worker", daemon=True)  # type: ignore[attr-defined]
        try:
            self.process.start()
            # Closed here, so that the process that has the other end is the only one whose end it outlives.
            theirs.close()
            if not self.connection.poll(MAX_START_SECONDS):
                self.kill()
            self.connection.recv_bytes()
        except BaseException:
            theirs.close()
            self.connection.close()
            raise

    def run(self, seconds: float, function: Callable[..., Result], *arguments: object) -> Result | _Raised:
        """Return the answer of the process to a call.

        Raises `LateError`, the process killed, and `_EndedError` where it ended by itself.
        """
        call = ForkingPickler.dumps((seconds, function, arguments))
        try:
            self.connection.send_bytes(call)
            answer = self.connection.recv_bytes() if self.connection.poll(seconds) else None
        except (EOFError, OSError):
            raise _EndedError(_ending(self.end())) from None
        if answer is None:
            self.kill()
            raise LateError
        return cast("Result | _Raised", ForkingPickler.loads(answer))

    def is_waiting(self) -> bool:
        """Whether the process waits for a call: one that has ended is the only one that has something to read."""
        return not self.connection.poll(0)

    def kill(self) -> None:
        """Kill the process, if it is there and has nothing to say."""
        # Not by `Process.kill`, which takes a worker for ended once its fork server is.
        with contextlib.suppress(OSError):
            if self.process.pid is not None and self.is_waiting():
                os.kill(self.process.pid, getattr(signal, "SIGKILL", signal.SIGTERM))

    def end(self) -> int | None:
        """Let the process end; its exit code, if that can be known."""
        self.connection.close()
        with _life:
            self.process.join(MAX_END_SECONDS)
            code: int | None = self.process.exitcode
        return code


def _start() -> _Worker:
    """Return a new process that waits for calls. Raises `StartError`."""
    for pause in (*START_PAUSES_SECONDS, None):
        try:
            return _Worker(_context())
        except (EOFError, OSError) as error:
            # So it is where the fork server was killed: the next try starts another.
            if pause is None:
                told = str(error) or type(error).__name__
                raise StartError(f"no worker process can be started: {told}; {OUT_OF_MEMORY}") from None
            time.sleep(pause)
    raise AssertionError


def _ending(code: int | None) -> str:
    if code in (None, UNKNOWN):
        return f"with an unknown exit code; {OUT_OF_MEMORY}"
    return f"with exit code {code}" + (f"; {OUT_OF_MEMORY}" if code == KILLED else "")


def _serve(connection: Connection) -> None:
    """Answer calls until the other end of the pipe is closed, be it by a parent that was killed."""
    # Ctrl-C reaches every process of a terminal; the parent says what ends.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with contextlib.suppress(EOFError, OSError):
        connection.send_bytes(b"ready")
        while True:
            connection.send_bytes(_answer(connection.recv_bytes()))


def _answer(call: bytes) -> memoryview:
    try:
        return ForkingPickler.dumps(_alarmed(*ForkingPickler.loads(call)))
    except ListingError as error:
        return ForkingPickler.dumps(error)
    except BaseException as error:  # noqa: BLE001  one document's bug must not end the process
        return ForkingPickler.dumps(_Raised(redact(f"{type(error).__name__}: {error}")))


def _alarmed(seconds: float, function: Callable[..., Result], arguments: tuple[object, ...]) -> Result:
    # The parent's watch ends with the parent; a worker that hangs would outlive a killed run. The alarm's
    # default action ends the process, even inside C code that never gives control back.
    if hasattr(signal, "alarm"):
        signal.alarm(math.ceil(seconds) + GRACE_SECONDS)
    try:
        return function(*arguments)
    finally:
        if hasattr(signal, "alarm"):
            signal.alarm(0)


def _context() -> multiprocessing.context.BaseContext:
    """A fork server that has the steps imported; plain fork would copy the locks of threads under way."""
    if sys.platform == "win32":
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["flows.ingest"])
    return context
