"""Two machines and one object store: two processes with state folders of their own."""

from __future__ import annotations

import logging
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.support.bucket import Bucket
from tests.support.rows import NOON, discovery
from warehouse.errors import LockedError, StorageError
from warehouse.storage import leases
from warehouse.storage.tables import Store

HOLDER = """
import sys
from tests.support.rows import NOON, discovery
from warehouse.errors import WarehouseError
from warehouse.storage import leases
from warehouse.storage.tables import Store

leases.LEASE_SECONDS, leases.LOOK_SECONDS = float(sys.argv[2]), 0.1
store = Store(sys.argv[1])
try:
    with store.lock("harbour", 0):
        print("held", flush=True)
        sys.stdin.readline()
        store.land("discoveries", [discovery(1)], source_id="harbour", key="late", now=NOON)
        print("landed", flush=True)
except WarehouseError as error:
    print(error, flush=True)
"""


@pytest.fixture(autouse=True)
def _quick_looks(this_machine: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leases, "LOOK_SECONDS", 0.1)


@pytest.fixture
def store(bucket: Bucket, request: pytest.FixtureRequest) -> Store:
    return Store(bucket.url(request.node.name))


class Machine:
    """A process that holds the lock of a source until it is told to land and end."""

    def __init__(self, store: Store, state: Path, seconds: float = 120.0) -> None:
        environment = {**os.environ, "XDG_STATE_HOME": str(state)}
        url = f"{store.root.url}?{store.root.query}"
        self.process = subprocess.Popen(
            [sys.executable, "-c", HOLDER, url, str(seconds)],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.line() == "held"

    def line(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def end(self) -> str:
        """Let it go on; return its last line, which says whether it landed."""
        answer, _ = self.process.communicate("\n", timeout=30)
        return answer.strip()

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.communicate(timeout=30)


def test_a_second_machine_is_told_who_runs_the_source_and_takes_it_when_that_one_ends(
    store: Store, tmp_path: Path
) -> None:
    other = Machine(store, tmp_path / "other")
    who = rf"source 'harbour' is being run on {socket.gethostname()} \(pid {other.process.pid}, since 20.* UTC\); wait"
    with pytest.raises(LockedError, match=who), store.lock("harbour", 0.3):
        pass
    assert store.is_locked("harbour")
    assert other.end() == "landed"
    assert not store.is_locked("harbour")
    with store.lock("harbour", 0):
        assert [name for name in store.root.names("discoveries") if "late" in name]  # the listing is a new one


def test_the_source_of_a_machine_that_died_is_free_when_its_lease_has_ended(store: Store, tmp_path: Path) -> None:
    other = Machine(store, tmp_path / "other", seconds=3)
    time.sleep(3.5)  # by now it has renewed it
    other.kill()
    began = time.monotonic()
    with store.lock("harbour", 20):
        assert 1 < time.monotonic() - began < 8
    with store.lock("harbour", 0):
        pass


def test_after_a_kill_the_same_machine_does_not_wait(store: Store, tmp_path: Path) -> None:
    Machine(store, tmp_path / "this").kill()
    with store.lock("harbour", 0):
        pass


def test_a_machine_that_was_cut_off_too_long_lands_nothing(store: Store, tmp_path: Path) -> None:
    other = Machine(store, tmp_path / "other", seconds=2)
    other.process.send_signal(signal.SIGSTOP)
    with store.lock("harbour", 20):
        pass
    other.process.send_signal(signal.SIGCONT)
    problem = "the lock .locks/harbour.json was lost: this machine did not reach the store for 2 s; nothing was written"
    assert problem in other.end()
    assert not [name for name in store.root.names("discoveries") if "late" in name]


def test_a_compaction_and_the_parts_of_a_source_are_held_as_the_source_is(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = Store(store.root)
    with here.maintenance(0), here.lock("harbour", 0, part="shard-1"):
        monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "other"))
        with pytest.raises(LockedError, match="is being compacted or cleared of an article on "), store.maintenance(0):
            pass
        with pytest.raises(LockedError, match="source 'harbour' is being run on "), store.lock("harbour", 0):
            pass
        monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "this"))
    with store.maintenance(0), store.lock("harbour", 0):
        assert list(store.root.names(".locks")) == [".locks/.maintain.json", ".locks/clock", ".locks/harbour.json"]


def test_a_store_without_conditional_writes_is_told_of_and_used_all_the_same(
    bucket: Bucket, store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    bucket.ignores_conditions = True
    for _ in range(2):
        with caplog.at_level(logging.WARNING), store.lock("harbour", 0):
            store.land("discoveries", [discovery(1)], source_id="harbour", key="k", now=NOON)
        assert "nothing keeps two machines from running one source at once" in caplog.text
        caplog.clear()


def test_a_store_that_refuses_the_lock_is_told_in_one_sentence(bucket: Bucket, store: Store) -> None:
    bucket.answers["PUT"] = "403 Forbidden"
    refusal = r"^cannot lock s3://paper/.*/\.locks/harbour\.json: the store answers 403; check the credentials \(AWS_"
    with pytest.raises(StorageError, match=refusal), store.lock("harbour", 0):
        pass
