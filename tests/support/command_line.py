"""The command line in this process, and a data root that its commands read."""

from __future__ import annotations

import fcntl
import io
import os
import pty
import select
import subprocess
import sys
import termios
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from unittest.mock import patch

import pytest

from flows.cli.app import main
from tests.support.commands import copydesk

PROJECT = Path(__file__).resolve().parent.parent.parent
SAMPLES = PROJECT / "config" / "samples" / "pages"
ENDLESS = "SELECT count(*) FROM range(10000000) a, range(10000000) b WHERE a.range * b.range % 7 = 3"


def sql(data, *arguments, **environment):
    """`copydesk sql` in this process, which has imported already what each command would import for itself."""
    out, err = (io.TextIOWrapper(io.BytesIO(), "utf-8", newline="", write_through=True) for _ in range(2))
    before, finders = dict(os.environ), list(sys.meta_path)
    call = ["copydesk", "sql", "--data", *map(str, (data, *arguments))]
    try:
        for name in [name for name in os.environ if name.startswith("COPYDESK_")]:
            del os.environ[name]
        os.environ.update(environment)
        with (
            redirect_stdout(out),
            redirect_stderr(err),
            patch.object(sys, "argv", call),
            pytest.raises(SystemExit) as ended,
        ):
            main()
    finally:
        os.environ.clear()
        os.environ.update(before)
        sys.meta_path[:] = finders
    texts = [stream.buffer.getvalue().decode() for stream in (out, err)]
    return subprocess.CompletedProcess(call, ended.value.code, *texts)


@contextmanager
def terminal(*arguments, **environment):
    """Run the command on a terminal of its own; yield what types into it, and what reads it up to a text or its end."""
    main, side = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "copydesk", *map(str, arguments)],
        stdin=side,
        stdout=side,
        stderr=side,
        env=os.environ | {"PYTHONPATH": str(PROJECT), "TERM": "xterm-256color"} | environment,
        start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # noqa: PLW1509  a typed Ctrl-C reaches it
    )
    os.close(side)

    def read(until=None):
        output = ""
        while until is None or until not in output:
            assert select.select([main], [], [], 20)[0], f"waited in vain after {output!r}"
            try:
                output += os.read(main, 10_000).decode(errors="replace").replace("\r\n", "\n")
            except OSError:  # the terminal closes with its last process
                break
        return output

    try:
        yield lambda text: os.write(main, text.encode()), read
        assert process.wait(timeout=30) == 0
    finally:
        process.kill()
        os.close(main)


@pytest.fixture(scope="session")
def data(tmp_path_factory):
    """Make a data root with the sample sources in it; what the run printed is beside it."""
    root = tmp_path_factory.mktemp("cli") / "data"
    done = copydesk("run", "--data", root)
    assert done.returncode == 0, done.stderr
    root.with_name("printed").write_text(done.stdout)
    return root
