"""Shards on a real Dask cluster, of a scheduler and two worker processes: the rows of one machine, whoever is killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

import pytest

from config.settings import Settings
from flows.sharding.engine import Engine, open_engine
from flows.sharding.run_shards import Sharded, run_shards
from flows.sharding.shards import done_shards
from tests.support.crawled import LEAST, content, shards_of
from warehouse.storage.tables import Store
from warehouse.verify import verify

pytestmark = pytest.mark.slow
pytest.importorskip("distributed", reason="needs the extra dask")

PROJECT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def scheduler(tmp_path_factory):
    """Start a scheduler with two workers that are started again when they die; yield its address."""
    folder = tmp_path_factory.mktemp("dask")
    environment = os.environ | {"PYTHONPATH": str(PROJECT), "DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "1"}
    address_file = folder / "scheduler.json"
    common = ["--host", "127.0.0.1", "--scheduler-file", str(address_file)]

    def start(*arguments):
        with (folder / f"{arguments[0]}.log").open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "distributed.cli.dask_" + arguments[0], *common, *arguments[1:]],
                env=environment,
                cwd=folder,
                stdout=log,
                stderr=log,
            )

    started = [start("scheduler", "--port", "0", "--no-dashboard")]
    try:
        started += [start("worker", "--nthreads", "1", "--no-dashboard", "--death-timeout", "60") for _ in range(2)]
        until = time.monotonic() + 60
        while not address_file.exists():
            assert time.monotonic() < until, (folder / "scheduler.log").read_text()
            time.sleep(0.1)
        yield json.loads(address_file.read_text())["address"]
    finally:
        for process in reversed(started):
            process.terminate()
        for process in started:
            with suppress(subprocess.TimeoutExpired):
                process.wait(20)
            process.kill()
            process.wait()


def run(crawl, settings, address=None):
    """Take the source in by shards of a dozen pages, here or on the cluster."""
    shards = shards_of(crawl, settings)
    sharded = Sharded(crawl, shards, done_shards(settings, crawl, shards))
    engine = Engine.DASK if address else Engine.LOCAL
    with open_engine(engine, settings, address) as client:
        run_shards([sharded], settings, client, threading.Event())
    return sharded


@pytest.fixture(scope="module")
def here(crawl, tmp_path_factory):
    """Return what the installation of one machine reads."""
    settings = Settings(data=str(tmp_path_factory.mktemp("here") / "data"), workers=1, batch=5)
    done = run(crawl, settings)
    assert not done.problems
    assert len(done.ended) == 60 // LEAST
    return content(settings.data)


class Killer(threading.Thread):
    """Kills the worker that has a shard, up to so many times; which one, its lock tells."""

    def __init__(self, root: str, shard: str, times: int) -> None:
        super().__init__(daemon=True)
        self._holder = Path(root) / ".locks" / f"crawl.{shard}.json"
        self._times = times
        self.killed: list[int] = []
        self.over = threading.Event()

    def run(self) -> None:
        while len(self.killed) < self._times and not self.over.is_set():
            time.sleep(0.02)
            with suppress(OSError, ValueError, KeyError):
                pid = json.loads(self._holder.read_text())["pid"]
                if pid not in self.killed:
                    os.kill(pid, signal.SIGKILL)
                    self.killed.append(pid)


def test_a_cluster_that_loses_a_worker_ends_in_the_rows_of_one_machine(crawl, here, scheduler, tmp_path):
    settings = Settings(data=str(tmp_path / "data"), workers=1, batch=5)
    shards = shards_of(crawl, settings)
    killer = Killer(settings.data, shards[0].run_id, 1)
    killer.start()
    done = run(crawl, settings, scheduler)
    killer.over.set()
    assert len(killer.killed) == 1
    assert not done.problems
    for there, row in zip(content(settings.data), here, strict=True):
        assert there == row
    findings = verify(settings.data)
    assert not findings.findings, findings
    again = run(crawl, settings, scheduler)
    assert not again.ended, "shards that are done were repeated"
    assert content(settings.data) == here
    assert not Store(settings.data).is_locked("crawl")


def test_a_shard_that_ends_every_worker_is_named_and_the_others_go_on(crawl, here, scheduler, tmp_path):
    settings = Settings(data=str(tmp_path / "data"), workers=1, batch=5)
    shards = shards_of(crawl, settings)
    killer = Killer(settings.data, shards[2].run_id, 9)
    killer.start()
    done = run(crawl, settings, scheduler)
    killer.over.set()
    assert len(killer.killed) == 2
    (problem,) = done.problems
    assert "in.warc.gz" in problem
    assert "ended every worker that took it up" in problem
    assert set(done.ended) == {shard.run_id for shard in shards} - {shards[2].run_id}
    mended = run(crawl, settings, scheduler)
    assert set(mended.ended) == {shards[2].run_id}
    rows = [set(map(str, table)) for table in content(settings.data)]
    assert rows[0] == set(map(str, here[0])), "the articles are not those of one machine"
