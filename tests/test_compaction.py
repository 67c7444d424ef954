"""Compaction changes no row of any view, whoever reads meanwhile and whenever it is killed."""

from __future__ import annotations

import json
import random
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.support.kill import killed_at_every_moment
from tests.support.nursery import Nursery
from tests.support.rows import NOON, article, discovery, fetched, poll, rejection, run, url
from tests.support.snapshot import Snapshot
from warehouse.catalogue import write_catalogue
from warehouse.connect import connect
from warehouse.definitions import CATALOGUE, TABLES, VIEWS
from warehouse.errors import LockedError, StorageError
from warehouse.model.records import RECOVERED, Capture
from warehouse.model.vocabulary import Outcome, RunKind, RunStatus
from warehouse.storage.base_files import read_base_files
from warehouse.storage.compaction import Ages, compact, compaction_state
from warehouse.storage.rewrite import drop_rows
from warehouse.storage.row_retention import Retention
from warehouse.storage.sorted_files import MAX_SORTED_BYTES
from warehouse.storage.superseded import list_superseded, unlist_superseded
from warehouse.storage.tables import Store
from warehouse.takedown.forget import forget

AT_ONCE = Ages(log=timedelta(0), visible=timedelta(0), deleted=timedelta(0))
LATER = timedelta(hours=3)
# What is compared: every view, and the macro at two moments.
AS_OF = "articles_as_of(TIMESTAMPTZ '2026-03-15 18:00:00+00')"
READ = [*(view for view in VIEWS if view != "source_health"), AS_OF, *(f"landed('{t}')" for t in ("articles", "polls"))]
# Of these all others are made.
READ_FROM_FILES = [*TABLES, "article_versions", AS_OF]


def rows_of(root: Path, names: Sequence[str] = READ) -> dict[str, list[str]]:
    """Return all rows of views, as text and in an order of their own; without the number that base files give to rows."""
    contents = {}
    with connect(root) as warehouse:
        for name in names:
            columns = [row[0] for row in warehouse.execute(f"DESCRIBE FROM {name}").fetchall() if row[0] != "row_id"]
            listed = ", ".join(f'"{column}"' for column in sorted(columns))
            texts = warehouse.execute(
                f"SELECT to_json(row)::VARCHAR FROM (SELECT {listed} FROM {name}) AS row"
            ).fetchall()
            # Sums of floats depend on the order of the rows.
            contents[name] = sorted(
                re.sub(r"\d+\.\d+", lambda match: f"{float(match[0]):.6f}", text) for (text,) in texts
            )
    return contents


def land_history(store: Store, seed: int = 0, count: int = 12) -> None:
    """Land a history with all that is hard: edits, late captures, second extractions, tombstones before and after."""
    rng = random.Random(seed)
    moments = [NOON + timedelta(hours=hour) for hour in range(count)]
    for number, now in enumerate(moments):
        articles, captures = [], []
        for _ in range(4):
            n = rng.randrange(10)
            # No two are of one moment: which of these is the newest is nobody's promise.
            read_at = now - timedelta(hours=rng.choice([0, 0, 0, 5])) + timedelta(seconds=len(articles) + 10 * seed)
            key = f"capture-{seed}-{number}-{len(articles)}"
            articles.append(
                article(
                    n,
                    version_id=f"v{rng.randrange(4)}",
                    capture_id=key,
                    fetched_at=read_at,
                    landed_at=now + timedelta(seconds=len(articles) + 10 * seed),
                    published_at=rng.choice([None, now, NOON - timedelta(days=n)]),
                    deleted=rng.random() < 0.08,
                )
            )
            made = Capture.of(fetched(n), capture_id=key, run_id=f"run-{number}", warc_filename="archive/a.warc.gz")
            captures.append(replace(made, outcome=rng.choice([Outcome.STORED, RECOVERED]), warc_offset=number))
        if number % 3 == 2:  # read again from the capture of before
            articles.append(replace(articles[0], landed_at=now + timedelta(minutes=1), title="again"))
        land = {
            "articles": articles,
            "captures": captures,
            "discoveries": [discovery(n, seen_at=now) for n in range(number, number + 3)],
            "polls": [poll(polled_at=now, run_id=f"run-{number}")] * (1 + number % 2),
            "rejects": [rejection(number + 5, last_seen_at=now, run_id=f"run-{number}")],
            "runs": [run(run_id=f"run-{number}", status=RunStatus.RUNNING, finished_at=None, started_at=now)],
        }
        for table, rows in land.items():
            store.land(table, rows, source_id="harbour", key=f"{seed}-{number}", now=now)
        done = run(run_id=f"run-{number}", started_at=now, finished_at=now)
        store.land("runs", [done], source_id="harbour", key=f"{seed}-{number}-succeeded", now=now)


@pytest.fixture(scope="module")
def landed_history(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    store = Store(tmp_path_factory.mktemp("compaction") / "data")
    land_history(store)
    write_catalogue(store.root)
    return Snapshot(Path(store.root.url))


@pytest.fixture
def root(landed_history: Snapshot) -> Path:
    return landed_history.restore()


@pytest.fixture
def store(root: Path) -> Store:
    return Store(root)


def now() -> datetime:
    return datetime.now(UTC)


def test_every_view_gives_the_same_rows_before_and_after(store: Store, root: Path) -> None:
    before = rows_of(root)
    assert all(before[name] for name in ("articles", "captures", "discoveries", "polls", "rejects", "runs"))
    done = compact(store, now() + LATER, seconds=0, ages=AT_ONCE)
    assert len(done.merges) == 6
    assert rows_of(root) == before
    compact(store, now() + LATER, seconds=0, ages=AT_ONCE)
    assert rows_of(root) == before
    assert compaction_state(store.root).log_files == 0
    left = list(root.rglob("landed_month=2026-03/*.parquet"))
    assert left == [], "what base files stand for is gone"


def test_what_lands_after_a_compaction_decides_as_if_there_had_been_none(tmp_path: Path) -> None:
    with_base, without = Store(tmp_path / "with"), Store(tmp_path / "without")
    for seed in range(3):
        land_history(with_base, seed, count=8)
        land_history(without, seed, count=8)
        names = READ_FROM_FILES if seed < 2 else READ
        expected = rows_of(tmp_path / "without", names)
        assert rows_of(tmp_path / "with", names) == expected, seed
        compact(with_base, now() + LATER, seconds=0, ages=AT_ONCE)
        assert rows_of(tmp_path / "with", names) == expected, seed


def test_until_its_moment_a_base_file_is_passed_over(store: Store, root: Path) -> None:
    before = rows_of(root)
    compact(store, now() + LATER, seconds=0, ages=replace(AT_ONCE, visible=timedelta(minutes=5)))
    with connect(root) as warehouse:
        files = warehouse.execute("SELECT path FROM hidden('polls')").fetchall()
    assert [Path(path).parent.name for (path,) in files] == ["base"]
    assert rows_of(root) == before


def test_young_files_stay_in_the_log(store: Store) -> None:
    assert compact(store, now(), seconds=0).merges == []
    assert compaction_state(store.root).log_files > 0


def test_a_dry_run_says_what_would_be_done_and_does_nothing(store: Store, root: Path) -> None:
    files = sorted(path for path in root.rglob("*") if ".locks" not in path.parts)
    with store.maintenance(0):  # it waits for nobody
        plan = compact(store, now() + LATER, seconds=0, ages=AT_ONCE, dry_run=True)
    assert {merge.table for merge in plan.merges} == {"articles", "captures", "discoveries", "polls", "rejects", "runs"}
    assert sorted(path for path in root.rglob("*") if ".locks" not in path.parts) == files


def test_days_are_joined_into_their_month_when_it_is_over(store: Store, root: Path) -> None:
    before = rows_of(root)
    compact(store, now() + LATER, seconds=0, ages=AT_ONCE)
    land_history(store, seed=1)
    compact(store, now() + LATER, seconds=0, ages=AT_ONCE)
    both = rows_of(root)
    assert both != before
    for _ in range(3):
        compact(store, now() + timedelta(days=40), seconds=0, ages=AT_ONCE)
        assert rows_of(root) == both
    names = [path.name for path in (root / "articles" / "base").glob("*_*")]
    assert len(names) == 1
    assert f"_{now():%Y-%m}_" in names[0]


def test_base_files_are_sorted_and_have_bloom_filters(store: Store, root: Path) -> None:
    land_other = [discovery(n, source_id="bay", seen_at=NOON - timedelta(hours=n)) for n in range(5)]
    store.land("discoveries", land_other, source_id="bay", key="1", now=NOON)
    compact(store, now() + LATER, seconds=0, ages=AT_ONCE)
    (path,) = (root / "discoveries" / "base").glob("*_*.parquet")
    keys = [(row["source_id"], row["seen_at"]) for row in pq.read_table(path).to_pylist()]
    assert keys == sorted(keys, key=lambda key: (key[0], -key[1].timestamp()))
    query = f"SELECT bloom_filter_offset FROM parquet_metadata('{path}') WHERE path_in_schema = 'url'"
    assert duckdb.sql(query).fetchall()[0][0]


def test_a_source_that_does_not_fit_in_memory_is_sorted_in_stretches(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr("warehouse.storage.sorted_files.MAX_SORTED_BYTES", 200_000)
    assert MAX_SORTED_BYTES > 200_000
    store, rng = Store(tmp_path), random.Random(1)
    for number in range(8):
        rows = [
            article(
                100 * number + k,
                text=str(rng.random()) * 20,
                published_at=None if rng.random() < 0.1 else NOON - timedelta(minutes=rng.randrange(10_000)),
            )
            for k in range(30)
        ]
        store.land("articles", rows, source_id="harbour", key=str(number), now=NOON)
    before = rows_of(tmp_path)
    compact(store, now() + LATER, seconds=0, ages=AT_ONCE)
    assert rows_of(tmp_path) == before
    (path,) = (tmp_path / "articles" / "base").glob("*_*.parquet")
    times = pq.read_table(path)["published_at"].to_pylist()
    assert times == [*sorted((t for t in times if t), reverse=True), *[None] * times.count(None)]


def test_a_column_of_another_type_is_refused_and_nothing_changes(store: Store, root: Path) -> None:
    path = next((root / "polls").glob("landed_month=2026-03/*"))
    rows = pq.read_table(path)
    text = rows["entries"].cast(pa.string())
    pq.write_table(rows.set_column(rows.schema.get_field_index("entries"), "entries", text), path)
    with pytest.raises(StorageError, match=r"column 'entries' of polls is string here and must be int64; put the file"):
        compact(store, now() + LATER, seconds=0, ages=AT_ONCE)
    assert path.exists()


def test_one_compaction_at_a_time(store: Store) -> None:
    with store.maintenance(0), pytest.raises(LockedError, match="being compacted"):
        compact(store, now() + LATER, seconds=0)


def test_a_take_down_reaches_base_files_and_what_they_stand_for(tmp_path: Path) -> None:
    stores = [Store(tmp_path / name) for name in ("log", "waiting", "base")]
    for store in stores:
        land_history(store)
    compact(stores[1], now() + LATER, seconds=0, ages=replace(AT_ONCE, deleted=timedelta(hours=9)))
    for _ in range(2):
        compact(stores[2], now() + LATER, seconds=0, ages=AT_ONCE)
    at = NOON + timedelta(days=30)
    for store in stores:
        gone = forget(store.root, url(3), at, normalize=str, identify=lambda *_: "article-3")
        assert gone.articles
    after = [rows_of(tmp_path / store.root.local) for store in stores]
    assert after[0] == after[1] == after[2]
    assert not any('"article-3"' in row for row in after[2]["articles"])
    for path in tmp_path.rglob("articles/*/*.parquet"):
        ids = [row["article_id"] for row in pq.read_table(path).to_pylist() if row["text"]]
        assert "article-3" not in ids, path


def stop(*_: object) -> None:
    raise KeyboardInterrupt


def test_what_shards_settle_brings_back_the_row_that_another_had_superseded(tmp_path: Path) -> None:
    store = Store(tmp_path)
    for number in range(3):
        made = article(1, capture_id=f"c{number}", fetched_at=NOON + timedelta(hours=number), version_id=f"v{number}")
        store.land("articles", [made], source_id="harbour", key=str(number), now=NOON)
    compact(store, now() + LATER, seconds=0, ages=AT_ONCE)
    # This one is listed as what supersedes by a compaction that was killed before its base file was there.
    store.land(
        "articles",
        [article(1, capture_id="c3", fetched_at=NOON + timedelta(hours=3))],
        source_id="harbour",
        key="3",
        now=NOON,
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("warehouse.storage.root.Root.publish_file", stop)
        with pytest.raises(KeyboardInterrupt):
            compact(store, now() + LATER, seconds=0, ages=AT_ONCE)
    for dropped, left in (("c3", "c2"), ("c2", "c1"), ("c1", "c0")):
        unlist_superseded(store.root, [dropped])
        drop_rows(store.root, "articles", ("capture_id",), [(dropped,)], "harbour-")
        with connect(tmp_path) as warehouse:
            assert warehouse.execute("SELECT capture_id FROM articles").fetchall() == [(left,)]


def test_old_runs_and_polls_go_where_the_settings_say_so_and_shards_and_articles_stay(tmp_path: Path) -> None:
    store = Store(tmp_path)
    land_history(store)
    shard = run(run_id="shard-1", kind=RunKind.SHARD, finished_at=NOON)
    store.land("runs", [shard], source_id="harbour", key="shard-1", now=NOON)
    before = rows_of(tmp_path)
    retention = Retention(runs=timedelta(days=60), polls=timedelta(days=60))
    for days in (0, 40, 40, 40):  # merged, joined into a month that is not old enough yet
        compact(store, now() + timedelta(days=days), seconds=0, ages=AT_ONCE, retention=retention)
    assert rows_of(tmp_path) == before
    for _ in range(2):
        done = compact(store, now() + timedelta(days=130), seconds=0, ages=AT_ONCE, retention=retention)
    after = rows_of(tmp_path)
    assert done.merges == [], "what has gone is not looked for again"
    assert after["polls"] == []
    assert [row["run_id"] for row in map(json.loads, after["runs"])] == ["shard-1"]
    assert after["articles"] == before["articles"]


def test_what_a_take_down_wrote_anew_is_not_merged_a_second_time(store: Store, root: Path) -> None:
    compact(store, now() + LATER, seconds=0, ages=replace(AT_ONCE, deleted=timedelta(hours=9)))
    forget(store.root, url(3), NOON, normalize=str, identify=lambda *_: "article-3")
    before = rows_of(root)
    for _ in range(2):
        compact(store, now() + LATER, seconds=0, ages=AT_ONCE)
    assert rows_of(root) == before


def test_a_take_down_between_two_compactions_brings_no_file_back_that_a_base_file_stood_for(
    store: Store, root: Path
) -> None:
    ages = replace(AT_ONCE, deleted=timedelta(hours=9))
    compact(store, now() + LATER, seconds=0, ages=ages)
    # The next hour's is merged with the base file of the day, and all that was replaced is still there.
    store.land("discoveries", [discovery(3)], source_id="harbour", key="later", now=NOON)
    compact(store, now() + LATER, seconds=0, ages=ages)
    before = rows_of(root)
    forget(store.root, url(3), NOON, normalize=str, identify=lambda *_: "article-3")
    after = rows_of(root)
    tables = ("captures", "discoveries", "polls", "rejects", "runs")
    assert {name: len(after[name]) for name in tables} == {name: len(before[name]) for name in tables}
    compact(store, now() + LATER, seconds=0, ages=AT_ONCE)
    assert rows_of(root) == after


def test_a_base_file_is_not_published_after_the_moment_at_which_readers_turn_to_it(
    store: Store, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As a large list of superseded rows takes on a busy machine.
    monkeypatch.setattr(
        "warehouse.storage.compaction.list_superseded",
        lambda *arguments: (time.sleep(0.5), list_superseded(*arguments)),
    )
    compact(store, now() + LATER, seconds=0, ages=replace(AT_ONCE, visible=timedelta(seconds=0.4)))
    (base,) = (base for base in read_base_files(store.root, "articles") if base.rows)
    published_at = datetime.fromtimestamp((root / base.name).stat().st_ctime, UTC)
    assert published_at < base.visible_from


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


def land_many(store: Store, count: int) -> None:
    """Tens of thousands of addresses: DuckDB has lost rows of joins when there are many of them, and threads."""
    for part in range(4):
        first = part * count // 4
        rows = {
            "discoveries": [discovery(n, source_id=f"s{n % 7}") for n in range(first, first + count // 4)],
            "articles": [
                article(n, source_id=f"s{n % 7}", version_id=f"v{part}", capture_id=f"c{part}-{n}", text="x", stripped=(),
                    fetched_at=NOON + timedelta(seconds=n), landed_at=NOON + timedelta(seconds=n), deleted=n % 97 == 0)
                for n in range(first - first // 5, first + count // 4, 2)
            ],
            "rejects": [rejection(n, source_id=f"s{n % 7}") for n in range(first, first + count // 4, 3)],
        }  # fmt: skip
        for table, batch in rows.items():
            store.land(table, batch, source_id="many", key=str(part), now=NOON)
        if part == 1:
            compact(store, now() + LATER, seconds=0, ages=AT_ONCE)


HASHED = "SELECT count(*), sum(hash({columns})) FROM {view}"


@pytest.mark.slow
def test_views_are_right_with_the_optimizer_on_and_off(tmp_path: Path) -> None:
    store = Store(tmp_path)
    land_many(store, 40_000)
    write_catalogue(tmp_path)
    with connect(tmp_path) as warehouse:
        queries = {}
        for name in READ:
            types = {row[0]: row[1] for row in warehouse.execute(f"DESCRIBE FROM {name}").fetchall()}
            columns = ", ".join(
                f'"{column}"' for column, kind in types.items() if kind != "DOUBLE" and column != "row_id"
            )
            queries[name] = HASHED.format(columns=columns, view=name)
        answers = {}
        for threads in (1, 8):
            for optimizer in ("join_filter_pushdown", ""):
                warehouse.execute(f"SET threads = {threads}; SET disabled_optimizers = '{optimizer}'")
                for name, query in queries.items():
                    rows = warehouse.execute(query).fetchall()
                    assert answers.setdefault(name, rows) == rows, (name, threads, optimizer)
    assert answers["discoveries"][0][0] == 40_000
    client = shutil.which("duckdb", path=str(Path(sys.executable).parent))
    if client is not None:
        script = "; ".join(query for name, query in queries.items() if name in VIEWS)
        texts = [
            subprocess.run(
                [client, "-readonly", "-csv", "-noheader", tmp_path / CATALOGUE, f"SET disabled_optimizers = '{optimizer}'; {script}"],
                capture_output=True, text=True, check=True,
            ).stdout
            for optimizer in ("join_filter_pushdown", "")
        ]  # fmt: skip
        assert texts[0] == texts[1]
        counts = [int(line.split(",")[0]) for line in texts[0].splitlines()]
        assert counts == [answers[name][0][0] for name in queries if name in VIEWS]


def test_duckdb_1_5_sees_the_same_with_the_optimizer_on_and_off(tmp_path: Path) -> None:
    client = shutil.which("duckdb", path=str(Path(sys.executable).parent))
    if client is None:
        pytest.skip("the duckdb-cli package is not installed")
    store = Store(tmp_path)
    for seed in range(2):
        land_history(store, seed, count=20)
        if not seed:
            compact(store, now() + LATER, seconds=0, ages=AT_ONCE)
    write_catalogue(tmp_path)
    keys = dict.fromkeys(READ, "count(*)") | {"articles": "count(*), sum(hash(article_id, capture_id, title))"}
    query = "; ".join(
        f"SELECT '{name[:5]}', {columns} FROM {name}" for name, columns in keys.items() if "(" not in name
    )
    texts = []
    for optimizer in ("join_filter_pushdown", ""):
        script = f"SET disabled_optimizers = '{optimizer}'; {query}"
        command = [client, "-readonly", "-csv", "-noheader", tmp_path / CATALOGUE, script]
        texts.append(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    assert texts[0] == texts[1]
    counts = [int(line.split(",")[1]) for line in texts[0].splitlines()]
    assert counts == [len(rows) for name, rows in rows_of(tmp_path).items() if "(" not in name]


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
