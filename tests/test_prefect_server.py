"""What `copydesk serve` does before it has a server: one process an installation, and none that a killed one left."""

from __future__ import annotations

import subprocess
import sys

import pytest

from flows.scheduling.local_server import _MODULE, _end_orphan, serving
from flows.scheduling.server_checks import ServeError

WAITS = "import time; print('there', flush=True); time.sleep(60)"

SERVES = """
import sys
from pathlib import Path
from flows.scheduling.local_server import serving
with serving(Path(sys.argv[1])):
    pass
"""
ENDS = """
import sys
from pathlib import Path
from flows.scheduling.local_server import _end_orphan
_end_orphan(Path(sys.argv[1]))
"""


def test_an_installation_is_served_by_one_process(tmp_path):
    with serving(tmp_path / ".prefect"):
        second = subprocess.run(
            [sys.executable, "-c", SERVES, str(tmp_path / ".prefect")], capture_output=True, text=True, check=False
        )
        assert f"ServeError: copydesk serve runs already over {tmp_path}; end it" in second.stderr
    with serving(tmp_path / ".prefect"):
        pass


def test_a_wrong_turn_inside_gives_the_installation_free(tmp_path):
    with pytest.raises(ServeError, match="gone"), serving(tmp_path):
        raise ServeError("gone")
    with serving(tmp_path):
        pass


@pytest.mark.parametrize(("module", "ended"), [(_MODULE, True), ("somebody else's", False)])
def test_a_server_that_was_left_is_ended_and_nobody_else_who_has_its_number(tmp_path, module, ended):
    with subprocess.Popen([sys.executable, "-c", WAITS, module], stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout.readline()
            (tmp_path / "server.pid").write_text(str(process.pid))
            # It is our child: until we have waited for it, its number stays.
            waiter = subprocess.Popen([sys.executable, "-c", ENDS, str(tmp_path / "server.pid")])
            if ended:
                assert process.wait(20) == -15
            assert waiter.wait(20) == 0
            assert ended or process.poll() is None
        finally:
            process.kill()


@pytest.mark.parametrize("content", ["", "none", "999999999"])
def test_a_number_that_names_no_process_is_passed_over(tmp_path, content):
    (tmp_path / "server.pid").write_text(content)
    _end_orphan(tmp_path / "server.pid")
    _end_orphan(tmp_path / "nothing")
