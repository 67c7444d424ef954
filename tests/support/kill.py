"""Kills processes: a piece of Python at ever later moments, and those that a run has started."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Final, Self

DRIVER: Final = """
import os, signal, sys
sys.path[:0] = {path!r}
from pathlib import Path

def prepare(root):
    pass

{setup}

MOMENTS = ("open", "mkdir", "rename", "replace", "fsync", "write", "close", "unlink", "utime", "flock", "truncate")

def attempt(root, moment):
    prepare(root)
    seen = 0
    def watch(frame, event, function):
        nonlocal seen
        if event == "c_call" and function.__name__ in MOMENTS:
            seen += 1
            if seen == moment:
                os.kill(os.getpid(), signal.SIGKILL)
    sys.setprofile(watch)
    run(root)
    sys.setprofile(None)

moment, status = 1 - {step}, -1
while status:
    moment += {step}
    root = Path({folder!r}) / str(moment)
    child = os.fork()
    if not child:
        try:
            attempt(root, moment)
        except BaseException:
            import traceback
            traceback.print_exc()
            os._exit(3)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    if status not in (0, signal.SIGKILL) or moment > 2_000:
        sys.exit(f"moment {{moment}}: status {{status}}")
print(moment)
"""


def killed_at_every_moment(folder: Path, program: str, step: int = 1) -> list[Path]:
    """Return the data roots that `run(root)` of `program` left, killed at its 1st, 2nd … call to the file system.

    The last was not killed. What `prepare(root)` does comes before.
    """
    folder.mkdir()
    driver = DRIVER.format(path=sys.path, setup=program, folder=str(folder), step=step)
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", driver], capture_output=True, text=True, check=False, timeout=300
    )
    assert done.returncode == 0, done.stderr
    return [folder / str(moment) for moment in range(1, int(done.stdout.split()[-1]) + 1, step)]


NURSERY: Final = """
import json, os, signal, sys
sys.path[:0] = {path!r}

{setup}

signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the system buries the children
for line in sys.stdin:
    name, output, *arguments = json.loads(line)
    child = os.fork()
    if child:
        print(child, flush=True)
        continue
    try:
        os.dup2(os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), 1)
        globals()[name](*arguments)
    finally:
        os._exit(0)
"""


class Nursery:
    """Starts functions of a program as processes of their own, each at work at once: they need not import anything."""

    def __init__(self, program: str) -> None:
        command = [sys.executable, "-W", "ignore", "-c", NURSERY.format(path=sys.path, setup=program)]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.communicate()

    def start(self, name: str, output: Path, *arguments: str | int) -> int:
        """Start a function with its output in a file; return the id of its process."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps([name, str(output), *arguments]) + "\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())


def end(process: int) -> bool:
    """Kill a process and wait until it has gone; whether it was there."""
    was_there = kill(process)
    wait_until_gone(process)
    return was_there


def wait_until_gone(process: int) -> None:
    """Wait until a process has ended."""
    while Path(f"/proc/{process}").exists():
        time.sleep(0.005)


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
