"""Whatever file is lost or damaged: the cure that verify prints, taken to its end, brings every row back."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
from collections.abc import Callable
from contextlib import ExitStack, suppress
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq
import pytest

from config.settings import Settings
from config.sources import load_source
from flows.ingest import ingest
from flows.ingestion.process_pool import Workers
from tasks.http.fetcher import Fetcher
from tests.support.bread import BREAD
from tests.support.query import EVERY
from tests.support.rows import NOON, article
from tests.support.small_batches import copydesk
from tests.support.snapshot import Snapshot
from warehouse.archive.segment import marker
from warehouse.checks.findings import REPAIR
from warehouse.checks.rules import MADE_AGAIN
from warehouse.checks.table_files import damaged_files
from warehouse.connect import unreadable
from warehouse.errors import StorageError
from warehouse.model.rows import Run
from warehouse.model.vocabulary import RunStatus
from warehouse.repair import repair
from warehouse.storage.root import Root
from warehouse.storage.tables import Store
from warehouse.verify import verify

TABLES = ("articles", "captures", "discoveries", "habits", "polls", "rejects", "runs")
TOWNS = "Lindau Bregenz Konstanz Meersburg Wangen Isny".split()


@pytest.fixture(scope="module")
def installation(tmp_path_factory, workers, now) -> Snapshot:
    """Ingest six articles, one of them edited twice, a duplicate and three refusals."""
    folder = tmp_path_factory.mktemp("repair") / "installation"
    pages, sources = folder / "pages", folder / "config" / "sources"
    pages.mkdir(parents=True)
    sources.mkdir(parents=True)
    (sources / "paper.toml").write_text('title = "Paper"\n[[input]]\nkind = "folder"\npath = "../../pages"\n')
    for town in TOWNS:
        (pages / f"{town}.txt").write_text(BREAD.replace("Lindau", town))
    (pages / "copy.txt").write_text("\n" + BREAD)
    for name, text in (
        ("empty.txt", " \n"),
        ("menu.txt", "Home\nNews\nSport\nLog in\n"),
        ("zero.txt", "\x00\x01" * 50),
    ):
        (pages / name).write_text(text)
    settings = settings_of(folder)
    succeeded(run_at(settings, workers, now))
    for hours, number in enumerate(("Five", "Six"), 1):
        (pages / "Isny.txt").write_text(BREAD.replace("Lindau", "Isny").replace("Four", number))
        succeeded(run_at(settings, workers, now + timedelta(hours=hours)))
    assert verify(settings.data).findings == ()
    return Snapshot(folder)


def settings_of(folder: Path) -> Settings:
    return Settings(data=str(folder / "data"), config=folder / "config", workers=1, max_document_bytes=100_000, batch=3)


def run_at(settings: Settings, workers: Workers, moment: datetime, **options: Any) -> Run:
    """Run the source at a moment; no two looks at the clock are alike."""
    source = load_source(settings.config / "sources" / "paper.toml")
    ticks = (moment + timedelta(microseconds=tick) for tick in count())
    with Fetcher(settings) as fetcher:
        return ingest(source, settings, workers, fetcher, clock=lambda: next(ticks), **options)


def succeeded(report: Run) -> Run:
    assert report.status is RunStatus.SUCCEEDED, report.error
    return report


@pytest.fixture
def settings(installation) -> Settings:
    return settings_of(installation.restore())


@pytest.fixture
def pages(settings) -> Path:
    return settings.config.parent / "pages"


@pytest.fixture
def run(settings, workers, now) -> Callable[[], Run]:
    """Run the source, each time an hour later."""
    hours = count(3)
    return lambda: succeeded(run_at(settings, workers, now + timedelta(hours=next(hours))))


@pytest.fixture
def paper(settings, ask) -> Callable[[], list]:
    """Query the rows of all that was ingested."""
    return lambda: ask(EVERY)


def files(root: str, table: str) -> list[Path]:
    return sorted(path for path in Path(root, table).glob("*/*.parquet") if path.name.startswith("paper"))


def cures(root: str) -> set[str]:
    return {finding.cure for finding in verify(root).findings}


def damage(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-40])


@pytest.mark.parametrize("table", TABLES)
def test_a_damaged_file_of_any_table_is_moved_away_and_what_it_held_is_made_again(table, paper, settings, run):
    before = paper()
    for path in files(settings.data, table):
        damage(path)
    assert cures(settings.data) <= {REPAIR}
    repaired = repair(settings.data, dry_run=True)
    assert len(repaired) == len(files(settings.data, table))
    assert len(repair(settings.data)) >= len(repaired)
    run()
    assert paper() == before
    assert verify(settings.data).findings == ()
    assert len(list(Path(settings.data, ".damaged").rglob("*.parquet.*"))) == len(repaired)
    assert run().unchanged == 10
    assert (repair(settings.data), paper()) == ([], before)


@pytest.mark.parametrize("number", [0, -1])
@pytest.mark.parametrize("table", ["articles", "rejects", "captures", "discoveries"])
def test_a_lost_file_is_named_and_the_cure_brings_its_rows_back(table, number, paper, settings, run):
    before = paper()
    files(settings.data, table)[number].unlink()
    findings = verify(settings.data).findings
    assert findings
    assert {finding.cure for finding in findings} <= {MADE_AGAIN, REPAIR}
    if any(finding.cure == REPAIR for finding in findings):
        repair(settings.data)
    run()
    assert paper() == before
    assert verify(settings.data).findings == ()


def test_all_tables_but_the_archive_are_lost(paper, settings, run):
    before = paper()
    for table in TABLES:
        shutil.rmtree(Path(settings.data, table))
    repair(settings.data)
    run()
    assert paper() == before
    assert verify(settings.data).findings == ()
    assert run().unchanged == 10


def test_where_the_archive_is_lost_too_what_still_stands_in_the_folder_is_read_again(paper, settings, run, ask):
    for path in [*files(settings.data, "articles"), *Path(settings.data).glob("archive/paper/*")]:
        path.unlink()
    assert run().stored == 6
    assert ask("SELECT count(*) FROM articles") == [(6,)]
    assert ask("SELECT count(*) FROM pending") == [(0,)]
    archived = len(list(Path(settings.data).glob("archive/paper/*")))
    assert run().unchanged == 10
    assert len(list(Path(settings.data).glob("archive/paper/*"))) == archived


def test_a_duplicate_whose_refusal_is_lost_is_one_again(paper, settings, run, ask):
    before = paper()
    for path in files(settings.data, "rejects"):
        path.unlink()
    report = run()
    assert (report.duplicate, report.rejected, report.stored) == (1, 3, 0)
    assert paper() == before


def test_a_file_left_open_without_its_mark_is_taken_up(paper, settings, run, ask):
    path = next(Path(settings.data).glob("archive/paper/*.warc.gz"))
    path.rename(path.with_name("paper-20260315T000000Z-other-00000.warc.gz.open"))
    for table in ("captures", "articles", "rejects"):
        for landed in files(settings.data, table):
            landed.unlink()
    assert REPAIR in cures(settings.data)
    repair(settings.data)
    run()
    assert verify(settings.data).findings == ()
    assert ask("SELECT count(*) FROM articles") == [(6,)]


def test_a_folder_among_the_marks_is_named_moved_away_and_stops_no_run(paper, settings, run):
    folder = marker(Root.at(settings.data), "paper", "notes")
    folder.mkdir(parents=True)
    (folder / "important.txt").write_text("keep me")
    run()
    (finding,) = verify(settings.data).findings
    assert (finding.file, finding.cure) == (str(folder), REPAIR)
    (moved,) = repair(settings.data)
    assert moved.file == str(folder)
    assert verify(settings.data).findings == ()
    assert [path.read_text() for path in Path(settings.data, ".damaged").rglob("important.txt")] == ["keep me"]


def test_left_overs_are_swept_as_their_cure_says(paper, settings):
    partial = Path(settings.data, ".partial", "x.parquet.1")
    partial.touch()
    os.utime(partial, (0, 0))
    assert cures(settings.data) == {"'copydesk maintain clean' deletes it"}
    Store(settings.data).clean()
    assert verify(settings.data).findings == ()


def by_duckdb(path: Path) -> list:
    with duckdb.connect() as connection:
        return connection.execute("FROM read_parquet($1)", [str(path)]).fetchall()


@pytest.mark.parametrize("part", range(4))
def test_of_flipped_bits_none_changes_a_row_unseen(tmp_path, part):
    store = Store(tmp_path)
    store.land("articles", [article(number) for number in range(20)], source_id="harbour", key="k", now=NOON)
    path = next(tmp_path.glob("articles/*/harbour-k.parquet"))
    whole, rows, read = path.read_bytes(), pq.read_table(path), by_duckdb(path)
    chance, harmless = random.Random(part), 0
    for _ in range(25):
        content = bytearray(whole)
        content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
        path.write_bytes(content)
        findings = damaged_files(store.root, [path.relative_to(tmp_path).as_posix()])
        harmless += not findings
        if not findings:
            assert pq.read_table(path).equals(rows)
            assert by_duckdb(path) == read
    assert 0 < harmless < 20  # of 25


@pytest.mark.parametrize(
    "message",
    [
        "a.parquet: Unknown error: Failed to launch worker thread: Resource temporarily unavailable",
        "can't start new thread",
    ],
)
def test_a_thread_that_could_not_start_is_no_damaged_file(message):
    assert "ulimit -v" in str(unreadable(duckdb.Error(message)))
    assert "damaged" not in str(unreadable(duckdb.Error(message)))


@pytest.mark.parametrize(("limit", "value", "cure"), [("NOFILE", 24, "ulimit -n"), ("AS", 800_000_000, "ulimit -v")])
def test_a_limit_that_ends_a_run_is_named_with_how_to_raise_it(limit, value, cure, pages, settings):
    import resource

    def limited():
        kind = getattr(resource, f"RLIMIT_{limit}")
        resource.setrlimit(kind, (value, value))

    arguments = ["run", "--config", str(settings.config), "--data", settings.data]
    (pages / "new.txt").write_text(BREAD.replace("Lindau", "Ulm"))
    # In a new interpreter, which has what it imports to find room for, too.
    command = [sys.executable, "-m", "copydesk", *arguments]
    ended = subprocess.run(command, preexec_fn=limited, capture_output=True, text=True, timeout=300, check=False)
    assert ended.returncode != 0
    assert cure in ended.stderr
    assert "Traceback" not in ended.stderr
    assert "damaged" not in ended.stderr
    ended = copydesk(arguments)
    assert (ended.returncode, verify(settings.data).findings) == (0, ())


def test_the_command_says_what_it_did_and_what_is_next(paper, settings):
    damage(path := files(settings.data, "rejects")[0])
    data = ["--data", settings.data]
    would = copydesk(["maintain", "repair", "--dry-run", *data]).stdout
    assert would.splitlines() == [f"{path}: would be moved to .damaged", "1 repair"]
    did = copydesk(["maintain", "repair", *data]).stdout
    assert did.endswith("1 repair; now run 'copydesk run': each source makes again what it lost\n")
    assert copydesk(["maintain", "repair", *data]).stdout == "0 repairs\n"


def test_a_file_written_before_there_were_checksums_is_read(paper, settings):
    path = files(settings.data, "articles")[0]
    pq.write_table(pq.read_table(path), path)
    assert verify(settings.data).findings == ()


@pytest.mark.skipif(sys.platform == "win32", reason="it has no such limit")
def test_a_limit_on_open_files_is_named_and_is_no_damage(paper, settings):
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    lowest = max(int(path.name) for path in Path("/proc/self/fd").iterdir()) + 5
    resource.setrlimit(resource.RLIMIT_NOFILE, (lowest, hard))
    with ExitStack() as opened:
        opened.callback(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
        # What closed files have left free below the limit would be enough for verifying.
        fillers = []
        with suppress(OSError):
            while True:
                fillers.append(opened.enter_context(open(os.devnull)))  # noqa: PTH123
        for filler in fillers[-3:]:
            filler.close()
        with pytest.raises(Exception, match=r"ulimit -n"):
            verify(settings.data)


def test_a_data_root_that_is_moved_away_is_not_made_anew(tmp_path, pages, settings, workers, now):
    root = Path(settings.data)
    for number in range(9):
        (pages / f"new-{number}.txt").write_text(
            BREAD.replace("Lindau", f"Ulm {number}").replace("1911", f"19{number}1")
        )
    is_moved = []

    def progress(_: int) -> None:
        if not is_moved:
            is_moved.append(root.rename(tmp_path / "elsewhere"))

    report = run_at(settings, workers, now + timedelta(days=1), progress=progress)
    assert report.status is RunStatus.FAILED
    assert f"the data root {root} was moved away or unmounted" in str(report.error)
    assert not root.exists()
    (tmp_path / "elsewhere").rename(root)
    succeeded(run_at(settings, workers, now + timedelta(days=2)))
    assert verify(settings.data).findings == ()


def test_another_folder_in_place_of_the_data_root_is_not_written_to(tmp_path):
    root = Root.at(tmp_path / "data").make()
    (tmp_path / "data").rename(tmp_path / "disk")
    (tmp_path / "data").mkdir()
    with pytest.raises(StorageError, match="unmounted"):
        root.publish("articles/x.parquet", b"")
    assert list((tmp_path / "data").iterdir()) == []
