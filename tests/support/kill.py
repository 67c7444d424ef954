"""Kills processes: a piece of Python at ever later moments, and those that a run has started."""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import Final

from tests.support.nursery import Nursery

MAX_MOMENTS: Final = 2_000

ATTEMPT: Final = """
import os, signal, sys

MOMENTS = ("open", "mkdir", "rename", "replace", "fsync", "write", "close", "unlink", "utime", "flock", "truncate")

def prepare(root):
    pass

def attempt(root, moment):
    prepare(root)
    calls = 0
    def watch(frame, event, function):
        nonlocal calls
        if event == "c_call" and function.__name__ in MOMENTS:
            calls += 1
            if calls == moment:
                os.kill(os.getpid(), signal.SIGKILL)
    sys.setprofile(watch)
    run(root)
    sys.setprofile(None)
"""


def killed_at_every_moment(folder: Path, program: str, step: int = 1) -> list[Path]:
    """Return the data roots that `run(root)` of `program` left, killed at its 1st, 2nd … call to the file system.

    The last was not killed. What `prepare(root)` does comes before.
    """
    folder.mkdir()
    roots: list[Path] = []
    with Nursery(ATTEMPT + program) as nursery:
        for moment in count(1, step):
            roots.append(folder / str(moment))
            ended = nursery.start(f"attempt(Path({str(roots[-1])!r}), {moment})").wait()
            if ended.returncode == 0:
                return roots
            assert ended.returncode == -signal.SIGKILL, ended.stderr
            assert moment < MAX_MOMENTS
    raise AssertionError


def children(parent: int) -> list[int]:
    """Return the ids of the processes that a process has started and that are alive."""
    processes = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            state, ppid = stat.read_text().rpartition(")")[2].split()[:2]
            if int(ppid) == parent and state != "Z":
                processes.append(int(stat.parent.name))
    return processes


def fork_server(run: int) -> int | None:
    """Return the id of the process from which a run's workers are forked, once it is there."""
    for child in children(run):
        with suppress(OSError):
            if b"multiprocessing.forkserver" in Path(f"/proc/{child}/cmdline").read_bytes():
                return child
    return None


def workers(run: int) -> list[int]:
    """Return the ids of a run's workers."""
    server = fork_server(run)
    return [] if server is None else children(server)


def kill(process: int) -> bool:
    """Kill a process as the system does that is out of memory; whether it was there."""
    try:
        os.kill(process, signal.SIGKILL)
    except ProcessLookupError:
        return False
    return True
