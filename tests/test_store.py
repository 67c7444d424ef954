"""A batch lands whole or not at all, and landing it twice is landing it once."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest

from tests.support.kill import killed_at_every_moment
from tests.support.rows import NOON, article, discovery, poll, rejection, run, url
from warehouse.connect import connect
from warehouse.errors import EmptyWarehouseError, LockedError, StorageError
from warehouse.model.schema import SCHEMAS
from warehouse.model.vocabulary import Precision
from warehouse.storage.tables import Store

BATCH = """
import sys
from datetime import UTC, datetime
from tests.support.rows import article, discovery
from warehouse.storage.tables import Store
NOON = datetime(2026, 3, 15, 12, 0, tzinfo=UTC)
"""


def files(root: Path, table: str = "articles") -> list[str]:
    """Return the Parquet files of a table that hold rows."""
    return sorted(p.relative_to(root).as_posix() for p in root.glob(f"{table}/*/*") if "schema-" not in p.name)


def count(root: Path, table: str) -> int:
    with connect(root) as warehouse:
        ((rows,),) = warehouse.execute(f"SELECT count(*) FROM {table}").fetchall()
    return int(rows)


def test_a_batch_is_one_file_named_by_month_source_and_key(tmp_path: Path) -> None:
    name = Store(tmp_path).land("articles", [article(1), article(2)], source_id="harbour", key="k1", now=NOON)
    assert name == "articles/landed_month=2026-03/harbour-k1.parquet"
    assert files(tmp_path) == [name]
    assert pq.ParquetFile(tmp_path / name).schema_arrow.equals(SCHEMAS["articles"])


def test_the_month_is_the_one_in_utc(tmp_path: Path) -> None:
    late = datetime.fromisoformat("2026-04-01T01:00:00+03:00")
    assert "2026-03" in Store(tmp_path).land("articles", [article(1)], source_id="harbour", key="k", now=late)


def test_a_row_comes_back_as_it_was(tmp_path: Path) -> None:
    Store(tmp_path).land("articles", [article(1)], source_id="harbour", key="k1", now=NOON)
    with connect(tmp_path) as warehouse:
        rows = warehouse.execute("SELECT * FROM articles")
        row = dict(zip([column[0] for column in rows.description], rows.fetchone() or (), strict=True))
    assert row["title"] == "Паром № 1 вернулся в порт"
    assert row["authors"] == ["Ana Lima", "Oleg Petrov"]
    assert row["tags"] == []
    assert row["published_at"] == NOON - timedelta(days=1)
    assert row["published_precision"] == Precision.DAY
    assert row["landed_at"] == NOON
    assert row["provenance"] == {"title": {"origin": "json-ld", "lost": [{"origin": "html", "value": "Ferry"}]}}
    assert row["stripped"][1] == {"line": 7, "reason": "share", "text": "Share this"}


def test_a_store_touches_nothing_before_it_lands(tmp_path: Path) -> None:
    root = tmp_path / "data"
    store = Store(root)
    assert store.land("articles", [], source_id="harbour", key="k1", now=NOON) == ""
    assert store.clean() == []
    assert not root.exists()


def test_every_table_can_be_asked_after_the_first_landing_of_any(tmp_path: Path) -> None:
    Store(tmp_path).land("runs", [run()], source_id="harbour", key="k1", now=NOON)
    assert [count(tmp_path, table) for table in SCHEMAS] == [table == "runs" for table in SCHEMAS]


def test_the_same_batch_again_replaces_its_file(tmp_path: Path) -> None:
    for _ in range(2):
        Store(tmp_path).land("discoveries", [discovery(1), discovery(2)], source_id="harbour", key="k1", now=NOON)
    assert len(files(tmp_path, "discoveries")) == 1
    assert count(tmp_path, "discoveries") == 2


def test_each_kind_of_row_lands(tmp_path: Path) -> None:
    store = Store(tmp_path)
    for table, row in {"polls": poll(), "rejects": rejection(1), "runs": run(), "discoveries": discovery(1)}.items():
        store.land(table, [row], source_id="harbour", key="k1", now=NOON)
        assert count(tmp_path, table) == 1
    with connect(tmp_path) as warehouse:
        assert warehouse.execute("SELECT first_seen_at, last_seen_at FROM rejects").fetchall() == [(NOON, NOON)]


def test_articles_are_sorted_by_publication_and_those_without_a_date_are_last(tmp_path: Path) -> None:
    rows = [article(1), article(2, published_at=None), article(3), article(0)]
    name = Store(tmp_path).land("articles", rows, source_id="harbour", key="k1", now=NOON)
    assert pq.read_table(tmp_path / name)["article_id"].to_pylist() == [f"article-{n}" for n in (3, 1, 0, 2)]


def test_ids_and_addresses_have_bloom_filters(tmp_path: Path) -> None:
    name = Store(tmp_path).land("articles", [article(1), article(2)], source_id="harbour", key="k1", now=NOON)
    columns = duckdb.execute(
        "SELECT path_in_schema FROM parquet_metadata(?) WHERE bloom_filter_offset IS NOT NULL", [str(tmp_path / name)]
    ).fetchall()
    assert {column for (column,) in columns} == {
        "article_id", "version_id", "url", "canonical_url", "normalized_url", "capture_id",
    }  # fmt: skip


def test_one_title_that_is_not_unicode_does_not_cost_the_batch(tmp_path: Path) -> None:
    rows = [article(1, title="caf\udce9", authors=("\udcff",)), article(2)]
    Store(tmp_path).land("articles", rows, source_id="harbour", key="k1", now=NOON)
    with connect(tmp_path) as warehouse:
        assert warehouse.execute("SELECT title, authors FROM articles WHERE url = ?", [url(1)]).fetchone() == (
            "caf?",
            ["?"],
        )


def test_a_file_of_an_older_schema_reads_with_nulls_for_what_it_lacks(tmp_path: Path) -> None:
    Store(tmp_path).land("articles", [article(1)], source_id="harbour", key="k1", now=NOON)
    old = pq.read_table(tmp_path / files(tmp_path)[0]).drop_columns(["license", "word_count"])
    pq.write_table(old, tmp_path / "articles/landed_month=2026-03/harbour-k0.parquet")
    with connect(tmp_path) as warehouse:
        assert warehouse.execute("SELECT count(*), count(word_count) FROM landed('articles')").fetchone() == (2, 1)


@pytest.mark.parametrize("name", ["../x", "a/b", "", ".hidden", "a\nb"])
def test_a_name_that_leaves_its_folder_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match="not part of a file name"):
        Store(tmp_path).land("articles", [article(1)], source_id="harbour", key=name, now=NOON)


LAND = (
    "ROWS = [article(n) for n in range(50)]\n"
    "def run(root):\n"
    "    Store(root).land('articles', ROWS, source_id='harbour', key='k1', now=NOON)\n"
)


def test_killed_at_any_moment_a_batch_is_there_whole_or_not_at_all(tmp_path: Path) -> None:
    prepare = (
        "def prepare(root):\n"
        "    Store(root).land('discoveries', [discovery(1)], source_id='harbour', key='k0', now=NOON)\n"
    )
    roots = killed_at_every_moment(tmp_path / "roots", BATCH + prepare + LAND, step=4)
    assert len(roots) > 6
    for root in roots:
        assert count(root, "articles") == 50 * len(files(root))
        assert len(Store(root).clean(timedelta(0))) <= 1
        assert not list((root / ".partial").iterdir())
    assert [len(files(root)) for root in roots] == sorted(len(files(root)) for root in roots)
    assert {len(files(root)) for root in roots} == {0, 1}


def test_killed_in_the_first_landing_of_all_a_warehouse_is_empty_or_whole(tmp_path: Path) -> None:
    roots = killed_at_every_moment(tmp_path / "roots", BATCH + LAND, step=62)
    assert len(roots) > 5
    for root in roots:
        try:
            assert count(root, "articles") == 50 * len(files(root))
        except EmptyWarehouseError:
            assert not root.exists() or not files(root)
        Store(root).land("articles", [article(n) for n in range(50)], source_id="harbour", key="k1", now=NOON)
        assert count(root, "articles") == 50


def test_cleaning_leaves_the_file_of_a_writer_that_may_be_alive(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.land("runs", [run()], source_id="harbour", key="k1", now=NOON)
    young, old = tmp_path / ".partial/young", tmp_path / ".partial/old"
    young.touch()
    old.touch()
    os.utime(old, (0, 0))
    assert store.clean() == [old]
    assert young.exists()


def python(program: str, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", f"import sys; sys.path[:0] = {sys.path!r}\n{BATCH}{program}", *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def test_a_limit_on_file_size_is_told_in_a_sentence_and_leaves_nothing(tmp_path: Path) -> None:
    program = (
        "import resource\n"
        "from warehouse.errors import StorageError\n"
        "store = Store(sys.argv[1])\n"
        "store.land('articles', [article(1)], source_id='harbour', key='small', now=NOON)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (30_000, 30_000))\n"
        "import random\n"
        "rows = [article(n, text=random.randbytes(500).hex()) for n in range(500)]\n"
        "try: store.land('articles', rows, source_id='harbour', key='large', now=NOON)\n"
        "except StorageError as error: print(error)\n"
    )
    with python(program, str(tmp_path)) as done:
        message = done.communicate(timeout=60)[0].strip()
    assert message == (
        f"cannot write {tmp_path}/articles/landed_month=2026-03/harbour-large.parquet: file too large; "
        "raise the limit on the size of files (ulimit -f)"
    )
    assert [name for name in files(tmp_path) if "large" in name] == []
    assert not list((tmp_path / ".partial").iterdir())
    assert count(tmp_path, "articles") == 1


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Mount a file system of one megabyte."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", disk], capture_output=True, check=False)
    if mounted.returncode:
        pytest.skip("this user cannot mount a small file system")
    yield disk
    subprocess.run(["umount", "-l", disk], check=True)


def test_a_full_disk_is_told_in_a_sentence_and_works_again_once_there_is_space(small_disk: Path) -> None:
    store = Store(small_disk)
    store.land("articles", [article(1)], source_id="harbour", key="k1", now=NOON)
    ballast = small_disk / "ballast"
    with ballast.open("wb", buffering=0) as file:
        while file.write(bytes(4096)) == 4096 and os.statvfs(small_disk).f_bfree:
            pass
    with pytest.raises(StorageError, match=r"no space left on device; free some space there or choose another"):
        store.land("articles", [article(2)], source_id="harbour", key="k2", now=NOON)
    assert not list((small_disk / ".partial").iterdir())
    ballast.unlink()
    store.land("articles", [article(2)], source_id="harbour", key="k2", now=NOON)
    assert count(small_disk, "articles") == 2


def test_a_data_root_that_is_a_file_is_told_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("not a folder")
    with pytest.raises(StorageError, match=r"cannot write .*/data: not a directory; "):
        Store(tmp_path / "data").land("runs", [run()], source_id="harbour", key="k1", now=NOON)


def test_two_writers_of_different_sources_land_everything(tmp_path: Path) -> None:
    program = (
        "store = Store(sys.argv[1])\n"
        "for batch in range(20):\n"
        "    rows = [discovery(n, source_id=sys.argv[2]) for n in range(5)]\n"
        "    with store.lock(sys.argv[2], 10):\n"
        "        store.land('discoveries', rows, source_id=sys.argv[2], key=str(batch), now=NOON)\n"
    )
    with python(program, str(tmp_path), "harbour") as first, python(program, str(tmp_path), "harbour-2") as second:
        assert (first.wait(60), second.wait(60)) == (0, 0)
    assert count(tmp_path, "discoveries") == 200


HOLD = "with Store(sys.argv[1]).lock('harbour', 0):\n    print('held', flush=True)\n    sys.stdin.read()\n"


def test_a_second_run_of_a_source_is_told_who_holds_it_until_that_is_killed(tmp_path: Path) -> None:
    with python(HOLD, str(tmp_path)) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        message = rf"source 'harbour' is being run .*pid {holder.pid}, since 20.* UTC"
        with pytest.raises(LockedError, match=message), Store(tmp_path).lock("harbour", 0.1):
            pass
        with Store(tmp_path).lock("other", 0):
            pass
        holder.kill()
        holder.wait(10)
    with Store(tmp_path).lock("harbour", 1):
        pass


def test_the_lock_of_a_source_is_free_again_after_its_run_failed(tmp_path: Path) -> None:
    with pytest.raises(KeyError), Store(tmp_path).lock("harbour", 0):
        raise KeyError
    with Store(tmp_path).lock("harbour", 0):
        assert datetime.now(UTC)
