"""Killed, crowded or out of space: nothing lost, nothing twice, no half state."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from itertools import count
from pathlib import Path

import pytest

from tests.support.commands import killed_at, start_command
from tests.support.small_batches import copydesk, environment
from warehouse.connect import connect
from warehouse.verify import verify

PROJECT = Path(__file__).resolve().parent.parent
STEP = 7

SMALL_FILES_ONLY = """
import resource, signal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (9_000, resource.RLIM_INFINITY))
"""
# Root reads all files by the capabilities 1 and 2, CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH.
NO_RIGHT_TO_READ_EVERYTHING = """
import ctypes
system, header, sets = ctypes.CDLL(None), (ctypes.c_uint32 * 2)(0x20080522, 0), (ctypes.c_uint32 * 6)()
assert system.capget(header, sets) == 0
sets[0] &= ~0b110
assert system.capset(header, sets) == 0
"""

STORY = """Story number {number} of the night desk

The {number} boats of the village came home late on Monday, and each of them had caught {number} baskets of fish.

"We have never had a night like number {number}," said the harbour master, who counted them all twice over.
"""


@pytest.fixture
def installation(tmp_path):
    """Make a folder source `paper` with 30 stories and 2 refusals; return its data root and the arguments that run it."""
    return install(tmp_path, tmp_path / "data")


@pytest.fixture(scope="module")
def stories(tmp_path_factory):
    """Make the folder of an installation whose files no test changes."""
    folder = tmp_path_factory.mktemp("stories")
    install(folder, folder / "undisturbed")
    return folder


@pytest.fixture
def undisturbed(stories, tmp_path):
    """Give that installation a data root of the test's own."""
    root = str(tmp_path / "data")
    return root, ["run", "--config", str(stories / "config"), "--data", root]


def install(tmp_path, data):
    pages = tmp_path / "pages"
    pages.mkdir()
    for number in range(30):
        (pages / f"{number:02}.txt").write_text(STORY.format(number=number))
    (pages / "empty.txt").write_text("")
    (pages / "menu.txt").write_text("Home\nNews\nSport\n")
    sources = tmp_path / "config" / "sources"
    sources.mkdir(parents=True)
    (sources / "paper.toml").write_text('title = "Paper"\n[[input]]\nkind = "folder"\npath = "../../pages"\n')
    return str(data), ["run", "--config", str(tmp_path / "config"), "--data", str(data)]


def content(root):
    """Read what a reader of the warehouse sees, without the moments at which it came there."""
    with connect(root) as warehouse:
        return [
            warehouse.execute(query).fetchall()
            for query in (
                "SELECT url, version_id, title, text FROM article_versions ORDER BY ALL",
                "SELECT url, stage, reason, attempts FROM rejects ORDER BY ALL",
                "SELECT url, payload_digest FROM captures ORDER BY ALL",
                "SELECT url, state FROM ledger ORDER BY ALL",
            )
        ]


@pytest.fixture(scope="module")
def expected(stories):
    root = str(stories / "undisturbed")
    assert copydesk(["run", "--config", str(stories / "config"), "--data", root]).returncode == 0
    return content(root)


@pytest.mark.slow
def test_a_run_killed_at_any_file_operation_and_run_again_ends_in_the_same_rows(undisturbed, expected):
    root, arguments = undisturbed
    # The kills follow each other on one data root, so that what one leaves meets the next.
    killed = 0
    for moment in count(random.randint(1, STEP), STEP):
        if not killed_at(moment, root, arguments, environment()):
            break
        killed += 1
    assert killed >= 8
    assert copydesk(arguments).returncode == 0
    assert content(root) == expected
    findings = verify(root)
    assert not findings.findings, findings


@pytest.mark.slow
def test_two_runs_at_once_end_in_the_rows_of_one(undisturbed, expected):
    root, arguments = undisturbed
    both = [start_command(arguments, env=environment(COPYDESK_WORKERS="2")) for _ in range(2)]
    for command in both:
        ended = command.wait()
        assert ended.returncode == 0, ended.stderr
    assert content(root) == expected


@pytest.mark.slow
def test_a_full_disk_ends_the_run_with_a_sentence_and_the_next_one_takes_the_rest(undisturbed, expected):
    root, arguments = undisturbed
    done = copydesk(arguments, SMALL_FILES_ONLY)
    assert done.returncode == 1
    assert "cannot write" in done.stderr
    assert "Traceback" not in done.stderr
    assert copydesk(arguments).returncode == 0
    assert content(root) == expected


@pytest.mark.slow
def test_a_full_tmpfs_is_named(installation, tmp_path):
    _, arguments = installation
    mount = tmp_path / "small"
    mount.mkdir()
    if (
        os.geteuid()
        or subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(mount)], capture_output=True, check=False
        ).returncode
    ):
        pytest.skip("mounting a tmpfs needs root")
    try:
        done = copydesk([*arguments[:-1], str(mount / "data")])
        assert done.returncode == 1
        assert "no space left on device; free some space there" in done.stderr
    finally:
        subprocess.run(["umount", str(mount)], check=True)


@pytest.mark.slow
def test_an_unreadable_file_is_counted_and_the_rest_lands(installation):
    root, arguments = installation
    locked = Path(root).parent / "pages" / "00.txt"
    locked.chmod(0)

    done = copydesk(arguments, NO_RIGHT_TO_READ_EVERYTHING)
    assert done.returncode == 0, done.stderr
    with connect(root) as warehouse:
        assert warehouse.execute("SELECT count(*) FROM articles").fetchone() == (29,)
        assert warehouse.execute("SELECT reason FROM rejects_open WHERE url LIKE '%/00.txt'").fetchone() == (
            "unreadable",
        )


@pytest.mark.slow
def test_a_folder_that_cannot_be_listed_is_told_and_the_rest_lands(installation):
    root, arguments = installation
    closed = Path(root).parent / "pages" / "closed"
    closed.mkdir(mode=0)
    for command in (arguments, ["sources", "check", *arguments[1:3]]):
        done = copydesk(command, NO_RIGHT_TO_READ_EVERYTHING)
        assert done.returncode == (1 if command is arguments else 2)
        assert f"{closed}: cannot be listed: permission denied; mend its permissions" in done.stderr
    with connect(root) as warehouse:
        assert warehouse.execute("SELECT count(*) FROM articles").fetchone() == (30,)


@pytest.mark.slow
def test_a_killed_run_leaves_no_process_behind(installation):
    _, arguments = installation
    mark = f"copydesk-test-{os.getpid()}-{time.time_ns()}"
    process = subprocess.Popen(
        [sys.executable, "-m", "copydesk", *arguments], env=environment(TEST_MARK=mark), cwd=PROJECT
    )
    # The command, the fork server, and a worker at least.
    while len(marked(mark)) < 4:
        assert process.poll() is None, "the run ended before it could be killed"
        time.sleep(0.01)
    process.kill()
    process.wait()
    deadline = time.monotonic() + 20
    while marked(mark) and time.monotonic() < deadline:
        time.sleep(0.2)
    assert marked(mark) == []


def marked(mark):
    processes = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if mark.encode() in (folder / "environ").read_bytes():
                processes.append(folder.name)
        except OSError:
            continue
    return processes


@pytest.mark.slow
def test_a_thousand_files_some_of_them_bad_are_all_counted(installation):
    root, arguments = installation
    pages = Path(root).parent / "pages"
    for number in range(30, 1_000 - 2):
        bad = {7: b"", 11: b"\x00\x01" * 40, 13: b"Home\nNews\n"}.get(number % 100)
        text = STORY.format(number=number).encode()
        (pages / f"{number:05}.txt").write_bytes(text if bad is None else bad)
    done = copydesk(arguments, COPYDESK_BATCH="100")
    assert done.returncode == 0, done.stderr
    with connect(root) as warehouse:
        run = warehouse.execute("SELECT discovered, stored, rejected, pending FROM runs").fetchone()
        states = dict(warehouse.execute("SELECT state, count(*) FROM ledger GROUP BY 1").fetchall())
    assert run == (1_000, states["article"], states["reject"], 0)
    assert states["article"] + states["reject"] == 1_000
