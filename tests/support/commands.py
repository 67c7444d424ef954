"""Commands of `copydesk` in processes that are forked from one which has imported it.

Each is the whole command, with a process, workers and an exit of its own. The fork server of the workers, a second of
a command, is had once for all, as the imports are.
"""

from __future__ import annotations

import atexit
import os
import signal
import subprocess
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Final

from tests.support.nursery import Child, Nursery, without_our_settings

PROGRAM: Final = """
from multiprocessing import forkserver

import flows.cli.app, flows.run
from flows.ingestion import worker_process

worker_process.start().end()  # which starts the fork server too

def run_command(arguments, before):
    # No process may ask for the end of one that is not its child, as a fork server is before each use.
    forkserver._forkserver.ensure_running = lambda: None
    sys.argv = ["copydesk", *arguments]
    exec(before, {})
    flows.cli.app.main()
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


@cache
def _commands() -> Nursery:
    """Return the parent of the commands of this process of tests, started at the first call."""
    nursery = Nursery(PROGRAM)
    atexit.register(nursery.close)
    return nursery


def start_command(
    arguments: list[str],
    *,
    env: Mapping[str, str],
    cwd: Path | None = None,
    stdin: str | None = None,
    before: str = "",
) -> Child:
    """Start a command. Its process runs `before`, a piece of Python, first."""
    return _commands().start(f"run_command({arguments!r}, {before!r})", env=env, cwd=cwd, stdin=stdin)


def killed_at(moment: int, root: str, arguments: list[str], env: Mapping[str, str]) -> bool:
    """Return whether a command came to its `moment`th operation on a file below `root`, at which it is killed."""
    ended = start_command(arguments, env=env, before=KILLED_AT.format(moment=moment, root=root)).wait()
    return ended.returncode == -signal.SIGKILL


def copydesk(
    *arguments: object, stdin: str | None = None, cwd: Path | None = None, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end; see `start`."""
    return start(*arguments, stdin=stdin, cwd=cwd, **environment).wait()


def start(*arguments: object, stdin: str | None = None, cwd: Path | None = None, **environment: str) -> Child:
    """Start a command, with one worker and no settings but those given."""
    env = without_our_settings(os.environ) | {"COPYDESK_WORKERS": "1"} | environment
    return start_command([str(argument) for argument in arguments], env=env, cwd=cwd, stdin=stdin)
