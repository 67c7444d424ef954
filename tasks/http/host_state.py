"""What is known of each host's turns, kept where the processes of a machine and their next runs find it."""

from __future__ import annotations

import asyncio
import fcntl
import hashlib
import os
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_SIZE: Final = 96
_BUSY_SECONDS: Final = 0.005


@dataclass(frozen=True, slots=True)
class HostState:
    """When a host was last asked, and whether it wants to be left alone; moments are seconds since 1970."""

    started: float = 0.0
    """The start of the last request."""
    blocked_until: float = 0.0
    refusals: int = 0
    """Times in a row that it answered 429 without saying for how long."""
    connecting_until: float = 0.0
    """While a request waits for its connection: when it will have given up, should nobody be left to say so."""


Change = Callable[[HostState], HostState]


class HostStates:
    """One state a host, by its `host:port`, in files of `folder`; in memory where there is none.

    A file is locked for the few microseconds of a change, and rewritten in place by one write of one block: a process
    killed at any moment leaves the state before or after. One that is torn all the same, by a machine that lost its
    power, fails its checksum and counts as none.
    """

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._memory: dict[str, HostState] = {}
        if folder:
            folder.mkdir(parents=True, exist_ok=True)

    async def update(self, host: str, change: Change) -> HostState:
        """Change the state of a host as one step that no other process comes between. Raises OSError."""
        if self._folder is None:
            state = self._memory[host] = change(self._memory.get(host, HostState()))
            return state
        path = self._folder / hashlib.sha256(host.encode()).hexdigest()[:32]
        while (state_or_none := _update_file(path, change)) is None:
            # Not a lock that waits: a process stopped while it holds one would stop every host of this one.
            await asyncio.sleep(_BUSY_SECONDS)
        return state_or_none


def _update_file(path: Path, change: Change) -> HostState | None:
    """The state as changed; None where another process holds the file."""
    file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        before = _read(os.pread(file, _SIZE, 0))
        after = change(before)
        if after != before:
            os.pwrite(file, _written(after), 0)
    except BlockingIOError:
        return None
    else:
        return after
    finally:
        os.close(file)


def _written(state: HostState) -> bytes:
    line = f"{state.started:.6f} {state.blocked_until:.6f} {state.refusals} {state.connecting_until:.6f}"
    return f"{line} {zlib.crc32(line.encode()):08x}".ljust(_SIZE - 1).encode() + b"\n"


def _read(content: bytes) -> HostState:
    line, _, checksum = content.strip().rpartition(b" ")
    if f"{zlib.crc32(line):08x}".encode() != checksum:
        return HostState()
    started, blocked_until, refusals, connecting_until = line.split()
    return HostState(float(started), float(blocked_until), int(refusals), float(connecting_until))
