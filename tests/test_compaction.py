"""Compaction changes no row of any view; what is merged when, and what else rewrites base files."""

from __future__ import annotations

import json
import random
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.support.landed_history import AT_ONCE, LATER, READ, READ_FROM_FILES, land_history, now, rows_of
from tests.support.rows import NOON, article, discovery, run, url
from tests.support.snapshot import Snapshot
from warehouse.connect import connect
from warehouse.errors import LockedError, StorageError
from warehouse.model.vocabulary import RunKind
from warehouse.storage.base_files import read_base_files
from warehouse.storage.compaction import compact, compaction_state
from warehouse.storage.rewrite import drop_rows
from warehouse.storage.row_retention import Retention
from warehouse.storage.sorted_files import MAX_SORTED_BYTES
from warehouse.storage.superseded import list_superseded, unlist_superseded
from warehouse.storage.tables import Store
from warehouse.takedown.forget import forget


@pytest.fixture(scope="module")
def landed_history(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    return Snapshot.of_root(tmp_path_factory.mktemp("compaction") / "data", lambda root: land_history(Store(root)))


@pytest.fixture
def root(landed_history: Snapshot) -> Path:
    return landed_history.restore()


@pytest.fixture
def store(root: Path) -> Store:
    return Store(root)


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
