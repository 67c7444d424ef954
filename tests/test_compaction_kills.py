"""Compaction changes no row of any view, whoever reads meanwhile and whenever it is killed."""

from __future__ import annotations

import random
import signal
import subprocess
import threading
import time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from tests.support.kill import killed_at_every_moment
from tests.support.landed_history import AT_ONCE, LATER, READ_FROM_FILES, land_history, now, rows_of
from tests.support.nursery import Nursery
from tests.support.rows import NOON, article, url
from warehouse.connect import connect
from warehouse.storage.compaction import compact, compaction_state
from warehouse.storage.tables import Store
from warehouse.takedown.forget import forget


def test_readers_see_the_same_rows_all_the_while(tmp_path: Path) -> None:
    store = Store(tmp_path)
    land_history(store, count=20)
    for number in range(4):
        land_history_again(store, number)
    query = "SELECT (SELECT count(*) FROM polls), (SELECT count(*) FROM discoveries), (SELECT count(*) FROM articles)"
    with connect(tmp_path) as warehouse:
        expected = warehouse.execute(query).fetchone()
    stop, answers = threading.Event(), []

    def read() -> None:
        with connect(tmp_path) as warehouse:
            while not stop.wait(0.05):
                answers.append(warehouse.execute(query).fetchone())

    reader = threading.Thread(target=read)
    reader.start()
    # What is replaced stays for longer than any query here takes, as it does for an hour out there.
    ages = replace(AT_ONCE, visible=timedelta(seconds=1), deleted=timedelta(minutes=5))
    for round_ in range(4):
        land_history_again(store, round_)
        compact(store, now() + timedelta(seconds=1), seconds=0, ages=ages)
        time.sleep(1.2)
    stop.set()
    reader.join()
    assert len(answers) > 2
    assert set(answers) == {expected}


def land_history_again(store: Store, number: int) -> None:
    """Land what changes none of the three counts, so that each compaction has something to do."""
    again = article(number, capture_id=f"again-{number}", fetched_at=NOON - timedelta(days=9), landed_at=NOON)
    store.land("articles", [again], source_id="harbour", key=f"again-{number}", now=NOON)


KILLED = """
import shutil
from datetime import UTC, datetime, timedelta
from warehouse.storage.compaction import Ages, compact
from warehouse.storage.tables import Store

zero = timedelta(0)

def prepare(root):
    shutil.copytree({history!r}, root)

def run(root):
    for days in (0, 40, 40):
        compact(Store(root), datetime.now(UTC) + timedelta(days=days, hours=1), seconds=0, ages=Ages(zero, zero, zero))
"""


def test_killed_at_any_moment_no_view_changes_and_the_next_call_goes_on(tmp_path: Path) -> None:
    history = Store(tmp_path / "history")
    land_history(history, 0, count=4)
    compact(history, now() + LATER, seconds=0, ages=AT_ONCE)
    land_history(history, 1, count=4)
    before = rows_of(tmp_path / "history", READ_FROM_FILES)
    roots = killed_at_every_moment(tmp_path / "roots", KILLED.format(history=str(tmp_path / "history")), step=74)
    assert len(roots) > 6
    for root in roots:
        assert rows_of(root, READ_FROM_FILES) == before, root
    for root in roots[::4]:
        for _ in range(2):
            compact(Store(root), now() + timedelta(days=40), seconds=0, ages=AT_ONCE)
        assert rows_of(root, READ_FROM_FILES) == before, root
        assert not list((root / ".partial").glob("*/*")), root


PROGRAMS = """
import tempfile, time
from datetime import UTC, datetime, timedelta
from tests.support.rows import NOON, article, discovery, poll, url
from warehouse.storage.compaction import Ages, compact
from warehouse.storage.tables import Store
from warehouse.takedown.forget import forget

with tempfile.TemporaryDirectory() as folder:
    Store(folder).prepare()  # imports what each process would import later

def write(root, first, pause):
    store = Store(root)
    for n in range(first, 100_000):
        store.land("discoveries", [discovery(n)], source_id="harbour", key=str(n), now=NOON)
        store.land("polls", [poll(run_id=f"run-{n}")], source_id="harbour", key=str(n), now=NOON)
        store.land("articles", [article(n // 2, capture_id=f"c{n}")], source_id="harbour", key=str(n), now=NOON)
        time.sleep(pause)
        print(f"{n}\\n", end="", flush=True)

def compact_on(root, seconds, pause):
    log, visible, deleted = (timedelta(seconds=n) for n in seconds)
    while True:
        compact(Store(root), datetime.now(UTC), seconds=9, ages=Ages(log, visible, deleted))
        time.sleep(pause)

def take_down(root, first, last):
    for n in range(first, last, 3):
        forget(root, url(n), datetime.now(UTC), normalize=str, identify=lambda *_: f"article-{n}", lock_seconds=60)
        print(f"{n}\\n", end="", flush=True)
"""


def numbers(ended: subprocess.CompletedProcess[str]) -> list[int]:
    """Return the numbers that a program has written, each in a line that is whole."""
    return [int(line) for line in ended.stdout.split("\n")[:-1]]


@pytest.mark.slow
def test_landing_and_compaction_killed_at_random_moments_lose_and_double_nothing(tmp_path: Path) -> None:
    rng, root, landed = random.Random(5), tmp_path / "data", 0
    Store(root).prepare()
    with Nursery(PROGRAMS) as nursery:
        for _ in range(4):
            writer = nursery.start(f"write({str(root)!r}, {landed}, 0)")
            compactor = nursery.start(f"compact_on({str(root)!r}, [3, 0.4, 0.8], 0)")
            time.sleep(0.1 + 0.4 * rng.random())
            # What was being landed when it was killed is landed again.
            landed = max([landed, *(number + 1 for number in numbers(writer.kill()))])
            compactor.kill()
            with connect(root) as warehouse:
                for view in ("discoveries", "polls", "article_versions"):
                    (count,) = warehouse.execute(f"SELECT count(*) FROM {view}").fetchall()[0]
                    assert count - landed in (0, 1), (view, count, landed)
    assert landed > 6
    for _ in range(3):
        compact(Store(root), now() + LATER, seconds=9, ages=AT_ONCE)
    with connect(root) as warehouse:
        assert warehouse.execute("SELECT count(*) FROM articles").fetchall()[0][0] - landed // 2 in (0, 1)
        assert warehouse.execute(
            "SELECT max(n) FROM (SELECT count(*) AS n FROM discoveries GROUP BY url)"
        ).fetchall() == [(1,)]
    assert compaction_state(Store(root).root).log_files == 0


def seconds_of_a_take_down(root: Path) -> float:
    Store(root).land("articles", [article(0), article(1)], source_id="harbour", key="1", now=NOON)
    for number in range(2):
        began = time.monotonic()
        forget(root, url(number), NOON, normalize=str, identify=lambda *_, n=number: f"article-{n}")
    return time.monotonic() - began


@pytest.mark.slow
def test_landing_compaction_and_take_downs_killed_at_random_moments_lose_double_and_bring_back_nothing(
    tmp_path: Path,
) -> None:
    rng, root, kills = random.Random(8), tmp_path / "data", 0
    landed, forgotten = 0, 0  # the numbers that are landed and taken down next
    Store(root).prepare()
    # Of all that is waited for: on a busy machine no take-down would come to its end in a second.
    unit = seconds_of_a_take_down(tmp_path / "other")
    ages = [max(1.5, 12 * unit), max(0.4, 2 * unit), max(0.8, 4 * unit)]
    with Nursery(PROGRAMS) as nursery:
        while kills < 12 or not forgotten:
            children = [
                nursery.start(f"write({str(root)!r}, {landed}, 0.1)"),
                nursery.start(f"compact_on({str(root)!r}, {ages}, 0.3)"),
                nursery.start(f"take_down({str(root)!r}, {forgotten}, {landed // 2})"),
            ]
            time.sleep(unit * (0.5 + 3 * rng.random()))
            written, compacted, taken_down = [child.kill() for child in children]
            kills += sum(ended.returncode == -signal.SIGKILL for ended in (written, compacted, taken_down))
            landed = max([landed, *(number + 1 for number in numbers(written))])
            # The take-down that was killed is begun again.
            begun = max([forgotten, *(number + 3 for number in numbers(taken_down))])
            with connect(root) as warehouse:
                counts = {
                    view: warehouse.execute(f"SELECT count(*) FROM {view}").fetchall()[0][0]
                    for view in ("discoveries", "polls")
                }
                visible = {int(key) for (key,) in warehouse.execute("SELECT article_id[9:] FROM articles").fetchall()}
                ((doubled,),) = warehouse.execute(
                    "SELECT count(*) - count(DISTINCT article_id) FROM articles"
                ).fetchall()
            assert all(count - landed in (0, 1) for count in counts.values()), (counts, landed)
            gone = set(range(0, begun, 3))
            undecided = {begun, landed // 2, (landed - 1) // 2}
            assert visible - undecided == set(range(landed // 2)) - gone - undecided
            assert not doubled
            forgotten = begun
    for number in range(0, forgotten + 1, 3):
        forget(root, url(number), NOON, normalize=str, identify=lambda *_, n=number: f"article-{n}")
    for _ in range(3):
        compact(Store(root), now() + LATER, seconds=9, ages=AT_ONCE)
    with connect(root) as warehouse:
        rows = warehouse.execute("SELECT article_id[9:]::INT, text = '' FROM article_versions").fetchall()
    texts = {number for number, is_empty in rows if not is_empty}
    assert not texts & set(range(0, forgotten + 1, 3)), "the text of what was taken down"
