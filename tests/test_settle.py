"""Shards that ran side by side become those of one after another, whenever the command that ran them was stopped."""

from __future__ import annotations

import subprocess
import sys
import threading
from dataclasses import replace

import pytest

from config.settings import Settings
from flows.ingest import ingest
from flows.sharding.one_shard import OneShard
from flows.sharding.reconcile_shards import Reconciliation, reconcile_shards
from flows.sharding.run_shards import Sharded, run_shards
from flows.sharding.shards import done_shards
from tasks.http.fetcher import Fetcher
from tests.support.crawled import LEAST, content, shards_of
from warehouse.storage.tables import Store

TWINS = "SELECT count(*) FROM (SELECT version_id FROM articles GROUP BY 1 HAVING count(*) > 1)"
RUNS = "SELECT * FROM runs ORDER BY ALL"
HOLDER = """
import sys, time
from warehouse.storage.tables import Store
with Store(sys.argv[1]).lock("crawl", 0):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture(scope="module")
def settings(tmp_path_factory):
    """Make an installation for the tests of this file, which follow each other."""
    return Settings(data=str(tmp_path_factory.mktemp("settle") / "data"), workers=1, batch=5, lock_seconds=0)


@pytest.fixture
def shards(crawl, settings):
    return shards_of(crawl, settings)


def take_in(crawl, settings, workers, shards, *, side_by_side):
    ids = [shard.run_id for shard in shards]
    with Fetcher(settings) as fetcher:
        for shard in shards:
            others = [shard_id for shard_id in ids if shard_id != shard.run_id] if side_by_side else []
            ingest(crawl, settings, workers, fetcher, OneShard(shard, others))


def run(crawl, settings, done=None):
    """Run the shards in this process, as the command does; return the backfill with its problems."""
    shards = shards_of(crawl, settings)
    backfill = Sharded(crawl, shards, done_shards(settings, crawl, shards) if done is None else done)
    run_shards([backfill], settings, None, threading.Event())
    return backfill


def test_what_ran_one_after_another_is_settled_already(crawl, workers, now, tmp_path):
    settings = Settings(data=str(tmp_path / "data"), workers=1, batch=5)
    shards = shards_of(crawl, settings)
    assert len(shards) == 60 // LEAST
    take_in(crawl, settings, workers, shards, side_by_side=False)
    before = content(settings.data)
    settled = reconcile_shards(Store(settings.data), crawl, [shard.run_id for shard in shards], now)
    assert replace(settled, unchanged=[]) == Reconciliation()
    assert content(settings.data) == before


def test_nothing_is_settled_while_another_process_holds_the_source(crawl, settings, workers, shards, ask):
    take_in(crawl, settings, workers, shards, side_by_side=True)
    ((twins,),) = ask(TWINS)
    assert twins > 0
    command = [sys.executable, "-c", HOLDER, settings.data]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as holder:
        assert holder.stdout.readline()
        problems = run(crawl, settings).problems
        holder.kill()
    assert len(problems) == 1
    assert ask(TWINS) == [(twins,)]


def test_what_was_stopped_before_it_settled_is_settled_by_the_next_command(crawl, settings, workers, shards, ask):
    assert ask(TWINS) != [(0,)], "the test before this one leaves them"
    again = run(crawl, settings)
    assert not again.ended
    assert not again.problems
    assert ask(TWINS) == [(0,)]


def test_a_command_planned_before_another_ended_repeats_nothing(crawl, settings, ask):
    before = ask(RUNS)
    late = run(crawl, settings, done={})
    assert not late.ended
    assert ask(RUNS) == before
