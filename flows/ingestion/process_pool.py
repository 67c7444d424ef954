"""Processes that make articles, so that a document that hangs or kills a parser costs only itself."""

from __future__ import annotations

import math
import multiprocessing
import signal
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import CancelledError
from concurrent.futures import TimeoutError as LateError
from functools import partial
from types import TracebackType
from typing import Final, Self, TypeVar, cast

from pebble import ProcessExpired, ProcessFuture, ProcessPool

from config.settings import Settings
from config.sources import Source
from tasks.listings.listing import ListingError
from warehouse.model.records import Article, RawArticle, Rejection
from warehouse.model.vocabulary import Reason, Stage

GRACE_SECONDS: Final = 5
AHEAD: Final = 4
"""Documents under way for each worker; more would only hold more of them in memory."""

Document = TypeVar("Document", bound=RawArticle | Rejection)
Made = Article | Rejection
Step = Callable[..., Made]
"""Takes a document, its source and `max_document_bytes`; `langdetect_alone=True` too where that is set."""
Result = TypeVar("Result")


class CallError(Exception):
    """A call that took too long or ended its process; the text is one sentence."""


class Workers:
    """A pool that starts with the first document; a context manager."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._pool: ProcessPool | None = None
        self._starting = threading.Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._pool is not None:
            if kind is not None:
                self._pool.stop()  # type: ignore[no-untyped-call]
            else:
                self._pool.close()  # type: ignore[no-untyped-call]
            self._pool.join()

    def each(self, step: Step, raws: Iterable[Document], source: Source) -> Iterator[tuple[Document, Made]]:
        """`step` of every document, beside it and in order; one that hangs or crashes is a `Rejection`.

        What is a rejection already passes through in its place.
        """
        if self._settings.langdetect_alone:
            step = partial(step, langdetect_alone=True)
        ahead: deque[tuple[Document, ProcessFuture[Made] | None]] = deque()
        for raw in raws:
            ahead.append((raw, self._submit(step, raw, source) if isinstance(raw, RawArticle) else None))
            if len(ahead) >= AHEAD * self._settings.workers:
                first, future = ahead.popleft()
                yield first, self._wait(first, future)
        for raw, future in ahead:
            yield raw, self._wait(raw, future)

    def call(self, function: Callable[..., Result], *arguments: object) -> Result:
        """What a function of a module returns, in a process of the pool. Raises `CallError`, and its `ListingError`."""
        limit = self._settings.document_seconds
        try:
            made = self._pooled().schedule(_alarmed, args=(limit, function, *arguments), timeout=limit)
            return cast("Result", made.result())
        except LateError:
            raise CallError(f"reading it took over {limit:g} s; raise document_seconds to wait longer") from None
        except ProcessExpired as error:
            raise CallError(f"reading it ended its process with exit code {error.exitcode}") from None
        except (ListingError, CancelledError):
            raise
        except Exception as error:  # noqa: BLE001
            # Whatever a listing does to its reader, its source has others, and a next time.
            raise CallError(f"reading it raised {type(error).__name__}: {error}") from None

    def _pooled(self) -> ProcessPool:
        with self._starting:  # several sources may come with their first document at once
            if self._pool is None:
                self._pool = ProcessPool(max_workers=self._settings.workers, context=_context())
            return self._pool

    def _submit(self, step: Step, raw: RawArticle, source: Source) -> ProcessFuture[Made]:
        limit = self._settings.document_seconds
        arguments = (limit, step, raw, source, self._settings.max_document_bytes)
        return self._pooled().schedule(_alarmed, args=arguments, timeout=limit)

    def _wait(self, raw: RawArticle | Rejection, future: ProcessFuture[Made] | None) -> Made:
        if isinstance(raw, Rejection) or future is None:
            return cast("Rejection", raw)

        def reject(reason: Reason, detail: str) -> Rejection:
            return raw.reject(Stage.EXTRACT, reason, detail)

        try:
            return future.result()
        except LateError:
            limit = self._settings.document_seconds
            return reject(Reason.TIMED_OUT, f"extraction took over {limit:g} s; raise document_seconds to wait longer")
        except ProcessExpired as error:
            return reject(Reason.CRASHED, f"extraction ended its process with exit code {error.exitcode}")
        except Exception as error:  # noqa: BLE001  one document's bug must not end the run
            return reject(Reason.CRASHED, f"extraction raised {type(error).__name__}: {error}")


def _alarmed(seconds: float, function: Callable[..., Result], *arguments: object) -> Result:
    # The pool's own watch ends with the parent; a worker that hangs would outlive a killed run. The alarm's
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
