"""Leases: locks in an object store, by which two machines never do the same thing at once.

A lease is an object that says who holds it. It is written on the condition that nobody has changed it since it was
read, so of two machines one is first. Its holder writes it again every `LEASE_SECONDS` / 4; one that has not been
written for `LEASE_SECONDS` is free. Its age is measured by the store's clock alone: those of the machines may differ.
A holder that was cut off for that long writes nothing any more.
"""

from __future__ import annotations

import json
import logging
import os
import socket
import time
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from threading import Event, Thread
from typing import TYPE_CHECKING, Final
from uuid import uuid4

from warehouse.errors import LockedError
from warehouse.model.instants import MAX_MACHINE_CLOCK_DIFFERENCE
from warehouse.storage.object_entry import Version
from warehouse.storage.object_errors import ObjectError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from warehouse.storage.objects import Objects

LEASE_SECONDS: float = 120.0
LOOK_SECONDS: float = 5.0
"""Between two looks at a lease that another machine holds."""
RENEWALS: Final = 4
CLOCK_OBJECT: Final = ".locks/clock"
# Store clocks say whole seconds.
ROUNDING: Final = timedelta(seconds=1)
# Unlike the monotonic clock, it goes on while a laptop sleeps.
CLOCK: Final = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)

log: Final = logging.getLogger("copydesk")


@dataclass(frozen=True, slots=True)
class Holder:
    """What the object of a lease says."""

    id: str
    """Of this one time that it is held."""
    machine: str
    host: str
    pid: int
    since: str
    seconds: float
    """After which it is free if it is not written again."""
    renewals: int = 0
    is_free: bool = False

    @classmethod
    def here(cls, folder: Path) -> Holder:
        """Return this process; `folder` is that of the machine's own locks."""
        host, since = socket.gethostname(), f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC"
        return cls(uuid4().hex, f"{host} {_machine_id(folder)}", host, os.getpid(), since, LEASE_SECONDS)

    @classmethod
    def parse(cls, content: bytes) -> Holder | None:
        """Return what an object says; None if it is none of ours."""
        try:
            return cls(**json.loads(content))
        except (ValueError, TypeError):
            return None

    @property
    def content(self) -> bytes:
        """The object's content."""
        return json.dumps(asdict(self)).encode()


class Lease:
    """A lease that is held, and written again by a thread of its own."""

    def __init__(self, objects: Objects, name: str, holder: Holder, version: Version, began: float) -> None:
        self._objects, self._name, self._holder, self._version = objects, name, holder, version
        self._valid_until = began + holder.seconds
        self._is_lost = False
        self._ended: Final = Event()
        self._thread: Final = Thread(target=self._keep, name=f"lease {name}", daemon=True)
        self._thread.start()

    def check(self) -> None:
        """Raise `ObjectError` where another machine may hold it by now."""
        if self._is_lost or _now() > self._valid_until:
            raise ObjectError(
                f"the lock {self._name} was lost: this machine did not reach the store for {self._holder.seconds:g} s",
                "nothing was written since; run the command again",
            )

    def release(self) -> None:
        """Free it for others; where the store does not answer, it ends by itself."""
        self._ended.set()
        self._thread.join()
        if self._is_lost:
            return
        try:
            self._objects.write_if(self._name, replace(self._holder, is_free=True).content, self._version)
        except OSError as error:
            log.warning("the lock %s is free only in %g s: %s", self._name, self._holder.seconds, error)

    def _keep(self) -> None:
        while not self._ended.wait(self._holder.seconds / RENEWALS):
            try:
                self._renew()
            except OSError as error:
                log.warning("the lock %s could not be renewed: %s", self._name, error)
            if self._is_lost:
                return

    def _renew(self) -> None:
        began, holder = _now(), replace(self._holder, renewals=self._holder.renewals + 1)
        version = self._objects.write_if(self._name, holder.content, self._version)
        if version is None:
            # Written by this process, if the answer to an earlier attempt was lost on its way.
            stored = self._objects.read_version(self._name)
            current = Holder.parse(stored[0]) if stored else None
            if stored is None or current is None or current.id != holder.id:
                self._is_lost = True
                return
            holder, version = current, stored[1]
        self._holder, self._version, self._valid_until = holder, version, began + holder.seconds


@contextmanager
def hold_lease(
    objects: Objects, name: str, folder: Path, state: str, seconds: float, stop: Event | None = None
) -> Iterator[None]:
    """Hold the lease `.locks/<name>.json`; this machine's lock of that name is held already, in `folder`.

    `state` says what it means that another machine holds it, such as "source 'x' is being run".
    Waits up to `seconds`, then raises `LockedError`; raises KeyboardInterrupt once `stop` is set, OSError if the store
    does not answer.
    """
    request = _Request(objects, f".locks/{name}.json", Holder.here(folder))
    until = _now() + seconds
    lease = request.attempt()
    if lease is None and request.is_waiting:
        log.warning("waiting: %s on %s", state, request.holder_text)
    while lease is None and request.is_waiting:
        if stop is not None and stop.is_set():
            raise KeyboardInterrupt
        if _now() >= until:
            raise LockedError(
                f"{state} on {request.holder_text}; wait for it to end, or end that process; if that machine is gone,"
                f" the lock is free {LEASE_SECONDS:g} s after its last sign of life"
            )
        time.sleep(max(0.0, min(LOOK_SECONDS, until - _now())))
        lease = request.attempt()
    objects.forget_listing()
    if lease is None:
        yield
        return
    objects.leases.append(lease)
    try:
        yield
    finally:
        objects.leases.remove(lease)
        lease.release()


def is_leased(objects: Objects, name: str, folder: Path) -> bool:
    """Return whether another machine holds the lease `.locks/<name>.json`. Raises OSError."""
    stored = objects.read_version(f".locks/{name}.json")
    holder = Holder.parse(stored[0]) if stored else None
    if stored is None or holder is None or holder.is_free or holder.machine == Holder.here(folder).machine:
        return False
    return datetime.now(UTC) - stored[2] < timedelta(seconds=holder.seconds) + MAX_MACHINE_CLOCK_DIFFERENCE


class _Request:
    """One process's attempts at a lease."""

    def __init__(self, objects: Objects, name: str, own: Holder) -> None:
        self._objects, self._name, self._own = objects, name, own
        self._store_time: tuple[datetime, float] | None = None
        self._current: Holder | None = None
        self.is_waiting = True
        """Whether another attempt may bring it; not with a store that knows no conditions."""

    @property
    def holder_text(self) -> str:
        """Who holds it."""
        current = self._current
        return "another machine" if current is None else f"{current.host} (pid {current.pid}, since {current.since})"

    def attempt(self) -> Lease | None:
        """Take the lease if it is free. Raises OSError."""
        began, stored = _now(), self._objects.read_version(self._name)
        if stored is None:
            version = self._create()
        else:
            content, version_before, written_at = stored
            self._current = Holder.parse(content)
            if self._current is not None and self._is_held(self._current, written_at):
                return None
            version = self._objects.write_if(self._name, self._own.content, version_before)
        return None if version is None else Lease(self._objects, self._name, self._own, version, began)

    def _is_held(self, holder: Holder, written_at: datetime) -> bool:
        # Whoever held it on this machine has died, or would hold the machine's lock too.
        if holder.is_free or holder.machine == self._own.machine or holder.id == self._own.id:
            return False
        return self._now_by_store() - written_at <= timedelta(seconds=holder.seconds) + ROUNDING

    def _now_by_store(self) -> datetime:
        if self._store_time is None:
            began = _now()
            self._objects.write(CLOCK_OBJECT, self._own.id.encode())
            stored = self._objects.read_version(CLOCK_OBJECT)
            self._store_time = (stored[2] if stored else datetime.now(UTC), began)
        moment, began = self._store_time
        return moment + timedelta(seconds=_now() - began)

    def _create(self) -> Version | None:
        try:
            version = self._objects.write_if(self._name, self._own.content, None)
            if version is None or self._objects.knows_conditions or self._refuses():
                return version
        except ObjectError as error:
            if error.status != HTTPStatus.NOT_IMPLEMENTED:
                raise
        # There again, it would be written on a condition that means nothing.
        self._objects.delete(self._name)
        self.is_waiting = False
        log.warning(
            "the store knows no conditional writes: nothing keeps two machines from running one source at once;"
            " run Copydesk on one machine only, or use a store that has them"
        )
        return None

    def _refuses(self) -> bool:
        """Return whether the store refuses what its conditions forbid: one that knows none says yes to everything."""
        wrong_versions = (None, Version('"0"', "0"))
        is_refused = (self._objects.write_if(self._name, self._own.content, wrong) is None for wrong in wrong_versions)
        self._objects.knows_conditions = all(is_refused)
        return self._objects.knows_conditions


def _machine_id(folder: Path) -> str:
    """Return the random name of this machine, which lies beside its locks."""
    path = folder / "machine"
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with path.open("x") as file:
            file.write(uuid4().hex)
    except FileExistsError:
        pass
    return path.read_text("utf-8")


def _now() -> float:
    """Return seconds on a clock that never goes back."""
    return time.clock_gettime(CLOCK)
