"""One process that makes articles, and the pipe to it, which it shares with no other process."""

from __future__ import annotations

import contextlib
import gc
import math
import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import TimeoutError as LateError
from dataclasses import dataclass
from importlib.machinery import ModuleSpec
from multiprocessing.connection import Connection
from multiprocessing.reduction import ForkingPickler
from time import perf_counter
from typing import Final, TypeVar, cast

from config.redact import redact
from tasks.listings.listing import ListingError
from warehouse.errors import WarehouseError

GRACE_SECONDS: Final = 5
# Before a process that could not be started is started again.
START_PAUSES_SECONDS: Final = (0.1, 0.5, 2.0, 5.0)
MAX_START_SECONDS: Final = 60
MAX_END_SECONDS: Final = 5
# New objects after which a worker looks for cycles.
MIN_COLLECTED_OBJECTS: Final = 50_000
EXIT_CODE_WITHOUT_FORK_SERVER: Final = 255
# The system kills a process so when memory runs out.
EXIT_CODE_OF_KILLED: Final = -9
OUT_OF_MEMORY: Final = "if memory ran out, set fewer workers or a smaller max_document_bytes"

Result = TypeVar("Result")

_life: Final = threading.Lock()
"""Held while a process starts or is reaped: two threads that reap would take each other's exit code."""


class StartError(WarehouseError):
    """No worker process can be started; the next run may find room for it."""


class EndedError(Exception):
    """The process of a call has ended; the text says how."""


class UntriedError(Exception):
    """The process has ended before it came to a call."""


@dataclass(frozen=True, slots=True)
class Raised:
    """The name and text of the error that a call raised."""

    sentence: str


class Worker:
    """One process that answers calls in their order, and the pipe to it."""

    def __init__(self, context: multiprocessing.context.BaseContext) -> None:
        self._sending = threading.Lock()
        self._turn = threading.Condition()
        self._sent = self._answered = 0
        self._is_gone = False
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

    def run(self, seconds: float, function: Callable[..., Result], *arguments: object) -> tuple[Result | Raised, float]:
        """Return the answer of the process to a call, and when its turn came, by `perf_counter`.

        Others may call from their threads meanwhile. Raises `LateError`, the process killed, `EndedError` where it
        ended by itself, and `UntriedError` where either came of an earlier call.
        """
        call = ForkingPickler.dumps((seconds, function, arguments))
        with self._sending:
            number = self._sent
            self._sent += 1
            # Where it has ended, the turn of this call shows it.
            with contextlib.suppress(OSError):
                self.connection.send_bytes(call)
        with self._turn:
            self._turn.wait_for(lambda: self._is_gone or self._answered == number)
            if self._is_gone:
                raise UntriedError
        began, answer = perf_counter(), None
        try:
            answer = self.connection.recv_bytes() if self.connection.poll(seconds) else None
        except (EOFError, OSError):
            raise EndedError(_ending(self.end())) from None
        finally:
            if answer is None:
                self.kill()
            with self._turn:
                self._answered += 1
                self._is_gone = answer is None
                self._turn.notify_all()
        if answer is None:
            raise LateError
        return cast("Result | Raised", ForkingPickler.loads(answer)), began

    def is_waiting(self) -> bool:
        """Return whether the process waits for a call, if none is under way: then only its end is something to read."""
        return not self.connection.poll(0)

    def kill(self) -> None:
        """Kill the process if it is there and has no answer to read."""
        # Not by `Process.kill`, which takes a worker for ended once its fork server is.
        with contextlib.suppress(OSError):
            if self.process.pid is not None and self.is_waiting():
                os.kill(self.process.pid, getattr(signal, "SIGKILL", signal.SIGTERM))

    def end(self) -> int | None:
        """Let the process end; return its exit code if that can be known."""
        # Not under a call that is just being sent: its bytes would go to what is opened next.
        with self._sending:
            self.connection.close()
        with _life:
            self.process.join(MAX_END_SECONDS)
            code: int | None = self.process.exitcode
        return code


def start() -> Worker:
    """Return a new process that waits for calls. Raises `StartError`."""
    for pause in (*START_PAUSES_SECONDS, None):
        try:
            with _life, main_not_imported():
                return Worker(_context())
        except (EOFError, OSError) as error:
            # So it is where the fork server was killed: the next try starts another.
            if pause is None:
                reason = str(error) or type(error).__name__
                raise StartError(f"no worker process can be started: {reason}; {OUT_OF_MEMORY}") from None
            time.sleep(pause)
    raise AssertionError


@contextlib.contextmanager
def main_not_imported() -> Iterator[None]:
    """Start processes that do not import the main module of this one again.

    A script that has no `if __name__ == "__main__"` would begin anew in each of them, and Prefect's engine would cost
    each two seconds and a hundred megabytes.
    """
    main = sys.modules["__main__"]
    spec = main.__spec__
    # Multiprocessing never imports a module of such a name, as all that it does is to run its package.
    main.__spec__ = ModuleSpec("copydesk.__main__", None)
    try:
        yield
    finally:
        main.__spec__ = spec


def _ending(code: int | None) -> str:
    if code in (None, EXIT_CODE_WITHOUT_FORK_SERVER):
        return f"with an unknown exit code; {OUT_OF_MEMORY}"
    return f"with exit code {code}" + (f"; {OUT_OF_MEMORY}" if code == EXIT_CODE_OF_KILLED else "")


def _serve(connection: Connection) -> None:
    """Answer calls until the other end of the pipe is closed, be it by a parent that was killed."""
    # Ctrl-C reaches every process of a terminal; the parent says what ends.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # A page makes ten thousands of objects that no cycle holds; looked through each 700, they cost a twentieth more.
    gc.set_threshold(MIN_COLLECTED_OBJECTS, *gc.get_threshold()[1:])
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
        return ForkingPickler.dumps(Raised(redact(f"{type(error).__name__}: {error}")))


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
    """Return a fork server that has made an article already; plain fork would copy the locks of threads under way."""
    if sys.platform == "win32":
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["flows.ingestion.preload"])
    return context
