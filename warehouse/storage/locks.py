"""Locks: one process at a time for a source, and for what changes files that have landed."""

from __future__ import annotations

import json
import logging
import os
from contextlib import contextmanager
from datetime import UTC, datetime
from time import monotonic
from typing import TYPE_CHECKING, Final

from filelock import FileLock, Timeout

from warehouse.errors import LockedError, StorageError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from threading import Event

# How often a wait for a lock looks whether the program is to stop.
STOP_CHECK_SECONDS: Final = 1.0

log: Final = logging.getLogger("copydesk")


@contextmanager
def hold_lock(path: Path, state: str, seconds: float, stop: Event | None = None) -> Iterator[None]:
    """Hold the lock `<path>.lock`; the system frees it when the process dies.

    `state` says what it means that another process holds it, such as "source 'x' is being run".

    Waits up to `seconds`, then raises `LockedError`; raises KeyboardInterrupt once `stop` is set.
    """
    owner_file = path.with_name(f"{path.name}.json")
    lock = FileLock(path.with_name(f"{path.name}.lock"))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            log.warning("waiting: %s by another process (%s)", state, _owner(owner_file))
            _wait(lock, seconds, stop)
    except Timeout:
        raise LockedError(
            f"{state} by another process ({_owner(owner_file)}); wait for it to end, or end that process"
        ) from None
    except OSError as error:
        raise StorageError.of(error, str(path.parent)) from error
    try:
        _sign(owner_file)
        yield
    finally:
        lock.release()


def is_locked(path: Path) -> bool:
    """Return whether another process holds the lock `<path>.lock`."""
    lock = FileLock(path.with_name(f"{path.name}.lock"))
    try:
        with lock.acquire(timeout=0):
            return False
    except (Timeout, OSError):
        return True


def _wait(lock: FileLock, seconds: float, stop: Event | None) -> None:
    until = monotonic() + seconds
    while True:
        try:
            lock.acquire(timeout=max(0.0, min(STOP_CHECK_SECONDS, until - monotonic())))
        except Timeout:
            if stop is not None and stop.is_set():
                raise KeyboardInterrupt from None
            if monotonic() >= until:
                raise
        else:
            return


def _sign(owner_file: Path) -> None:
    since = f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC"
    try:
        owner_file.write_text(json.dumps({"pid": os.getpid(), "since": since}), "utf-8")
    except OSError as error:
        raise StorageError.of(error, str(owner_file)) from error


def _owner(owner_file: Path) -> str:
    try:
        signed = json.loads(owner_file.read_text("utf-8"))
        return f"pid {signed['pid']}, since {signed['since']}"
    except (OSError, ValueError, KeyError, TypeError):
        return "pid unknown"
