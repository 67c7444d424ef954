"""A pool of processes that make articles, so that a document that hangs or kills a parser costs only itself.

Each process has a pipe of its own and shares no lock or queue with another. A pool that shares them, as those of
concurrent.futures and pebble do, is broken as a whole by one process that is killed while it holds them.
"""

from __future__ import annotations

import contextlib
import logging
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as LateError
from functools import partial
from time import perf_counter
from types import TracebackType
from typing import Final, Self, TypeVar, cast

from config.settings import Settings
from config.sources import Source
from flows.ingestion.worker_process import EndedError, Raised, UntriedError, Worker, start
from tasks.listings.listing import ListingError
from warehouse.model.records import Article, RawArticle, Rejection
from warehouse.model.vocabulary import Reason, Stage

# More would only hold more documents in memory.
MAX_DOCUMENTS_PER_WORKER: Final = 4
# One call waits in the pipe of each process, so that it need not wait for this process.
MAX_CALLS_PER_WORKER: Final = 2

Document = TypeVar("Document", bound=RawArticle | Rejection)
Made = Article | Rejection
Step = Callable[..., Made]
"""Takes a document, its source and `max_document_bytes`; `langdetect_alone=True` too where that is set."""
Result = TypeVar("Result")

log: Final = logging.getLogger("copydesk")


class CallError(Exception):
    """A call that took too long or ended its process; the text is one sentence."""


class _RaisedError(Exception):
    """The function of a call raised; the text is the name and text of its error."""


class Workers:
    """A pool whose processes start with the first documents; a context manager.

    A process that is killed is replaced. Its document is tried once more while no other process works, as what ran
    out of memory beside others may have enough of it alone.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._room = threading.Semaphore(MAX_CALLS_PER_WORKER * settings.workers)
        self._threads = ThreadPoolExecutor(MAX_CALLS_PER_WORKER * settings.workers, "worker")
        self._calls: dict[Worker, int] = {}
        """How many calls are under way in each process."""
        self._lock = threading.Lock()
        self._turn = threading.Lock()
        self._stopped = threading.Event()
        self._waited = threading.local()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if kind is not None:
            self._stopped.set()
            with self._lock:
                for worker in self._calls:
                    worker.kill()
        self._threads.shutdown(cancel_futures=kind is not None)
        for worker in self._calls:
            worker.end()

    def seconds_waited(self) -> float:
        """Return how long the calling thread has waited for processes to start and to end the calls of others."""
        return getattr(self._waited, "seconds", 0.0)

    def each(self, step: Step, raws: Iterable[Document], source: Source) -> Iterator[tuple[Document, Made]]:
        """Yield each document and what `step` made of it, in order; one that hangs or crashes is a `Rejection`.

        What is a rejection already passes through in its place. Raises `StartError`.
        """
        if self._settings.langdetect_alone:
            step = partial(step, langdetect_alone=True)
        ahead: deque[tuple[Document, Future[tuple[Made, float]] | None]] = deque()
        for raw in raws:
            ahead.append((raw, self._submit(step, raw, source) if isinstance(raw, RawArticle) else None))
            if len(ahead) >= MAX_DOCUMENTS_PER_WORKER * self._settings.workers:
                first, future = ahead.popleft()
                yield first, self._wait(first, future)
        for raw, future in ahead:
            yield raw, self._wait(raw, future)

    def call(self, function: Callable[..., Result], *arguments: object) -> Result:
        """Return what a function of a module returns, run in a process of the pool.

        Raises `CallError`, `StartError`, and the function's `ListingError`.
        """
        try:
            return self._result(self._threads.submit(self._run, function, *arguments))
        except LateError:
            limit = self._settings.document_seconds
            raise CallError(f"reading it took over {limit:g} s; raise document_seconds to wait longer") from None
        except EndedError as error:
            raise CallError(f"reading it twice ended its process {error}") from None
        except _RaisedError as error:
            # Whatever a listing does to its reader, its source has others, and a next time.
            raise CallError(f"reading it raised {error}") from None

    def _submit(self, step: Step, raw: RawArticle, source: Source) -> Future[tuple[Made, float]]:
        return self._threads.submit(self._run, step, raw, source, self._settings.max_document_bytes)

    def _wait(self, raw: RawArticle | Rejection, future: Future[tuple[Made, float]] | None) -> Made:
        if isinstance(raw, Rejection) or future is None:
            return cast("Rejection", raw)
        try:
            return self._result(future)
        except LateError:
            limit = self._settings.document_seconds
            detail = f"extraction took over {limit:g} s; raise document_seconds to wait longer"
            return raw.reject(Stage.EXTRACT, Reason.TIMED_OUT, detail)
        except EndedError as error:
            return raw.reject(Stage.EXTRACT, Reason.CRASHED, f"extraction twice ended its process {error}")
        except _RaisedError as error:
            return raw.reject(Stage.EXTRACT, Reason.CRASHED, f"extraction raised {error}")

    def _result(self, future: Future[tuple[Result, float]]) -> Result:
        """Return the result of a call, and note for how long this thread has waited for the call's turn."""
        started_waiting = perf_counter()
        result, began = future.result()
        self._waited.seconds = self.seconds_waited() + max(0.0, began - started_waiting)
        return result

    def _run(self, function: Callable[..., Result], *arguments: object) -> tuple[Result, float]:
        """Return the result of a call and when its turn came, by `perf_counter`."""
        while True:
            try:
                with self._room:
                    return self._attempt(function, *arguments)
            except UntriedError:
                continue
            except EndedError as error:
                log.warning("a worker process ended %s; what it read is tried once more, alone", error)
                break
        with self._alone():
            return self._attempt(function, *arguments)

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        """Wait until no process works, and keep it so."""
        with self._turn:
            for _ in range(MAX_CALLS_PER_WORKER * self._settings.workers):
                self._room.acquire()
            try:
                yield
            finally:
                self._room.release(MAX_CALLS_PER_WORKER * self._settings.workers)

    def _attempt(self, function: Callable[..., Result], *arguments: object) -> tuple[Result, float]:
        worker = self._take()
        try:
            answer, began = worker.run(self._settings.document_seconds, function, *arguments)
        except BaseException:
            with self._lock:
                self._calls.pop(worker, None)
            worker.end()
            if self._stopped.is_set():
                raise CancelledError from None
            raise
        with self._lock:
            if worker in self._calls:  # the next call may have ended it by now
                self._calls[worker] -= 1
        if self._stopped.is_set():
            worker.kill()  # which it was spared while it had this answer to give
        if isinstance(answer, Raised):
            raise _RaisedError(answer.sentence)
        if isinstance(answer, ListingError):
            raise answer
        return answer, began

    def _take(self) -> Worker:
        """Return a process with room for a call, an idle one before one that works, and a new one before that."""
        with self._lock:
            if self._stopped.is_set():
                raise CancelledError
            for worker in [worker for worker, calls in self._calls.items() if not calls and not worker.is_waiting()]:
                del self._calls[worker]
                worker.end()
            chosen = min(self._calls, key=self._calls.__getitem__, default=None)
            if chosen is None or (self._calls[chosen] and len(self._calls) < self._settings.workers):
                chosen = start()
            self._calls[chosen] = self._calls.get(chosen, 0) + 1
            return chosen
