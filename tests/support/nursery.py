"""Pieces of Python, each at work at once in a process of its own: it is forked from one that has imported what they need.

Only the imports, up to two seconds of a new interpreter, are had once for all.
"""

from __future__ import annotations

import itertools
import json
import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Self

PARENT: Final = """
import atexit, gc, json, os, sys, threading, traceback
from pathlib import Path

sys.path[:0] = {path!r}

{program}

def read_request():
    for line in iter(sys.stdin.readline, ""):
        request = json.loads(line)
        if isinstance(request, int):
            answer = os.waitstatus_to_exitcode(os.waitpid(request, 0)[1])
        elif not (answer := os.fork()):
            return request
        print(answer, flush=True)
    os._exit(0)

gc.freeze()
request = read_request()
os.setsid()
for number, mode in enumerate((os.O_RDONLY, os.O_WRONLY, os.O_WRONLY)):
    os.dup2(os.open(Path(request["streams"]) / str(number), mode), number)
sys.stdin = open(0)
os.chdir(request["cwd"])
os.environ.clear()
os.environ.update(request["env"])
exit_code = 1
try:
    exec(request["code"])
    exit_code = 0
except SystemExit as end:
    exit_code = end.code or 0
except BaseException:
    traceback.print_exc()
finally:
    # As the interpreter ends, but for the seconds in which it takes all modules apart.
    threading._shutdown()
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(exit_code)
"""


class Nursery:
    """A process that has run a program, and of which copies run what is asked for. Use it from one thread."""

    def __init__(self, program: str) -> None:
        self._folder = Path(tempfile.mkdtemp())
        self._numbers = itertools.count()
        self._process = subprocess.Popen(
            [sys.executable, "-W", "ignore", "-c", PARENT.format(path=sys.path, program=program)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).resolve().parents[2],
            env=without_our_settings(os.environ),
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._process.communicate()
        shutil.rmtree(self._folder, ignore_errors=True)

    def start(
        self, code: str, *, env: Mapping[str, str] = os.environ, cwd: Path | None = None, stdin: str | None = None
    ) -> Child:
        """Start a piece of Python, which sees all names of the program."""
        streams = self._folder / str(next(self._numbers))
        streams.mkdir()
        for number in range(3):
            (streams / str(number)).write_text(stdin or "" if not number else "")
        request = {"code": code, "env": dict(env), "cwd": str(cwd or Path.cwd()), "streams": str(streams)}
        return Child(self, self.ask(request), code, streams)

    def ask(self, request: dict[str, Any] | int) -> int:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())


class Child:
    """A process that was started."""

    def __init__(self, nursery: Nursery, pid: int, code: str, streams: Path) -> None:
        self.pid = pid
        self._nursery, self._code, self._streams = nursery, code, streams

    def has_ended(self) -> bool:
        """Return whether it has ended; its id is not that of another process before `wait`."""
        return Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"

    def wait(self, seconds: float = 300) -> subprocess.CompletedProcess[str]:
        """Return how it ended and what it wrote; it is killed when it takes longer."""
        ended = os.pidfd_open(self.pid)
        if not select.select([ended], [], [], seconds)[0]:
            os.kill(self.pid, signal.SIGKILL)
        os.close(ended)
        code = self._nursery.ask(self.pid)
        texts = [(self._streams / str(number)).read_text() for number in (1, 2)]
        shutil.rmtree(self._streams)
        return subprocess.CompletedProcess(self._code, code, *texts)

    def kill(self) -> subprocess.CompletedProcess[str]:
        """Kill it as the system does that is out of memory; return how it ended, which may have been before."""
        os.kill(self.pid, signal.SIGKILL)
        return self.wait()


def without_our_settings(environment: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in environment.items() if not name.startswith(("COPYDESK_", "PREFECT_"))}
