"""Commands of `copydesk` in processes that are forked from one which has imported it.

Each is the whole command, with a process, workers and an exit of its own. Only the imports, two seconds of a new
interpreter, and the fork server of the workers, one more, are had once for all.
"""

from __future__ import annotations

import atexit
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
from functools import cache
from pathlib import Path
from typing import Any, Final

PARENT: Final = """
import atexit, gc, json, os, sys, threading
from multiprocessing import forkserver
from pathlib import Path

import flows.cli.app, flows.run
from flows.ingestion import worker_process

def requested():
    for line in iter(sys.stdin.readline, ""):
        request = json.loads(line)
        if isinstance(request, int):
            answer = os.waitstatus_to_exitcode(os.waitpid(request, 0)[1])
        elif not (answer := os.fork()):
            return request
        print(answer, flush=True)
    os._exit(0)

worker_process.start().end()  # which starts the fork server too
gc.freeze()
command = requested()
# No process may ask for the end of one that is not its child, as a fork server is before each use.
forkserver._forkserver.ensure_running = lambda: None
os.setsid()
folder = Path(command["streams"])
for number, mode in enumerate((os.O_RDONLY, os.O_WRONLY, os.O_WRONLY)):
    os.dup2(os.open(folder / str(number), mode), number)
sys.stdin = open(0)
os.chdir(command["cwd"])
os.environ.clear()
os.environ.update(command["env"])
sys.argv = ["copydesk", *command["arguments"]]
code = 1
try:
    exec(command["before"], {})
    flows.cli.app.main()
except SystemExit as end:
    code = end.code or 0
finally:
    # As the interpreter ends, but for the seconds in which it takes all modules apart.
    threading._shutdown()
    atexit._run_exitfuncs()
    sys.stdout.flush()
    os._exit(code)
"""


KILLED_AT: Final = """
import os, signal, sys
moments = iter(range(1, {moment}))

def at_every_file_operation(event, arguments):
    if event in ("open", "os.rename", "os.mkdir", "os.remove", "os.truncate") and str(arguments[0]).startswith({root!r}):
        if next(moments, None) is None:
            os.kill(os.getpid(), signal.SIGKILL)

sys.addaudithook(at_every_file_operation)
"""


class Commands:
    """A process that starts commands. Use it from one thread."""

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp())
        self._numbers = itertools.count()
        # In the folder of the project, as its modules are found from there.
        self._process = subprocess.Popen(
            [sys.executable, "-W", "ignore", "-c", PARENT],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).resolve().parents[2],
            env=without_our_settings(os.environ),
        )
        atexit.register(self.close)

    def close(self) -> None:
        self._process.communicate()
        shutil.rmtree(self._folder, ignore_errors=True)

    def start(
        self,
        arguments: list[str],
        *,
        env: Mapping[str, str],
        cwd: Path | None = None,
        stdin: str | None = None,
        before: str = "",
    ) -> Command:
        """Start a command. Its process runs `before`, a piece of Python, first."""
        streams = self._folder / str(next(self._numbers))
        streams.mkdir()
        for number in range(3):
            (streams / str(number)).write_text(stdin or "" if not number else "")
        request = {"arguments": arguments, "env": dict(env), "cwd": str(cwd or Path.cwd()), "before": before}
        return Command(self, self.ask(request | {"streams": str(streams)}), arguments, streams)

    def ask(self, request: dict[str, Any] | int) -> int:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())


class Command:
    """A process that was started."""

    def __init__(self, commands: Commands, pid: int, arguments: list[str], streams: Path) -> None:
        self.pid = pid
        self._commands, self._arguments, self._streams = commands, arguments, streams

    def has_ended(self) -> bool:
        """Return whether it has ended; its id is not that of another process before `wait`."""
        return Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"

    def wait(self, seconds: float = 300) -> subprocess.CompletedProcess[str]:
        """Return how it ended and what it wrote; it is killed when it takes longer."""
        ended = os.pidfd_open(self.pid)
        if not select.select([ended], [], [], seconds)[0]:
            os.kill(self.pid, signal.SIGKILL)
        os.close(ended)
        code = self._commands.ask(self.pid)
        texts = [(self._streams / str(number)).read_text() for number in (1, 2)]
        shutil.rmtree(self._streams)
        return subprocess.CompletedProcess(self._arguments, code, *texts)


@cache
def commands() -> Commands:
    """Return the commands of this process of tests, started at the first call."""
    return Commands()


def killed_at(moment: int, root: str, arguments: list[str], env: Mapping[str, str]) -> bool:
    """Return whether a command came to its `moment`th operation on a file below `root`, at which it is killed."""
    ended = commands().start(arguments, env=env, before=KILLED_AT.format(moment=moment, root=root)).wait()
    return ended.returncode == -signal.SIGKILL


def without_our_settings(environment: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in environment.items() if not name.startswith(("COPYDESK_", "PREFECT_"))}


def copydesk(
    *arguments: object, stdin: str | None = None, cwd: Path | None = None, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end; see `start`."""
    return start(*arguments, stdin=stdin, cwd=cwd, **environment).wait()


def start(*arguments: object, stdin: str | None = None, cwd: Path | None = None, **environment: str) -> Command:
    """Start a command, with one worker and no settings but those given."""
    env = without_our_settings(os.environ) | {"COPYDESK_WORKERS": "1"} | environment
    return commands().start([str(argument) for argument in arguments], env=env, cwd=cwd, stdin=stdin)
