"""What is past its time goes, where the settings say so; articles never do."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path

import pytest

from config.settings import Settings
from flows.compact import compact_warehouse
from flows.ingestion.raw_document import write_raw
from tests.support.rows import NOON, article, discovery, fetched, url
from warehouse.archive.retention import ArchiveRetention, expire_archive
from warehouse.archive.writer import ArchiveWriter
from warehouse.connect import connect
from warehouse.errors import StorageError
from warehouse.model.records import LISTED
from warehouse.model.vocabulary import Purpose
from warehouse.storage.compaction import Ages, compact
from warehouse.storage.tables import Store
from warehouse.takedown.forget import forget
from warehouse.verify import verify

NONE = timedelta()
AT_ONCE = Ages(NONE, NONE, NONE)
OLD = NOON - timedelta(days=100)


def archive(root: Path, run_id: str, number: int, fetched_at: datetime, outcome: str) -> str:
    """Archive and index one document; the name of its file."""
    listing = {"purpose": Purpose.LISTING} if outcome == LISTED else {}
    document = fetched(number, fetched_at=fetched_at)
    document = replace(document, item=replace(document.item, **listing))
    with ArchiveWriter(root, "harbour", run_id, fetched_at) as writer:
        capture = replace(writer.write(document, outcome), outcome=outcome)
    store = Store(root)
    if outcome != LISTED:
        row = article(number, capture_id=capture.capture_id)
        store.land("discoveries", [discovery(number)], source_id="harbour", key=run_id, now=NOON)
        store.land("articles", [row], source_id="harbour", key=run_id, now=NOON)
    store.land("captures", [capture], source_id="harbour", key=run_id, now=NOON)
    writer.settle()
    return capture.warc_filename


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    """Archive an old and a new listing, an old and a new document, each in a file of its own; compact the tables."""
    names = [
        archive(tmp_path, "run-1", 1, OLD, LISTED),
        archive(tmp_path, "run-2", 2, OLD, "stored"),
        archive(tmp_path, "run-3", 3, NOON, LISTED),
        archive(tmp_path, "run-4", 4, NOON, "stored"),
    ]
    compact(Store(tmp_path), datetime.now(UTC) + timedelta(hours=2), seconds=0, ages=AT_ONCE)
    assert verify(tmp_path).findings == ()
    return names


def left(root: Path) -> list[str]:
    return sorted(path.relative_to(root).as_posix() for path in root.glob("archive/*/*"))


def places(root: Path) -> list[tuple[str, str]]:
    with connect(root) as warehouse:
        return warehouse.execute("SELECT url, warc_filename FROM captures ORDER BY url").fetchall()


def expire(root: Path, dry_run: bool = False, **days: int) -> list[str]:
    ages = {name: timedelta(days=number) for name, number in days.items()}
    return expire_archive(Store(root), NOON, ArchiveRetention(**ages), seconds=0, dry_run=dry_run, ages=AT_ONCE)


def test_without_a_setting_nothing_goes(files: list[str], tmp_path: Path) -> None:
    assert expire(tmp_path) == []
    assert (Settings().keep_listings_days, Settings().keep_archive_days) == (0, 0)
    assert left(tmp_path) == sorted(files)


def test_old_listings_go_with_their_rows_and_documents_stay(files: list[str], tmp_path: Path) -> None:
    assert expire(tmp_path, dry_run=True, listings=30) == files[:1]
    assert left(tmp_path) == sorted(files)
    assert expire(tmp_path, listings=30) == files[:1]
    assert left(tmp_path) == sorted(files[1:])
    assert places(tmp_path) == [(url(2), files[1]), (url(3), files[2]), (url(4), files[3])]
    assert verify(tmp_path).findings == ()
    assert expire(tmp_path, listings=30) == []


def test_old_documents_go_and_their_articles_and_rows_stay(files: list[str], tmp_path: Path) -> None:
    assert expire(tmp_path, documents=30) == files[:2]
    assert left(tmp_path) == sorted(files[2:])
    assert places(tmp_path) == [(url(2), ""), (url(3), files[2]), (url(4), files[3])]
    assert verify(tmp_path).findings == ()
    assert verify(tmp_path, 9).findings == ()
    with pytest.raises(StorageError, match="keep_archive_days"):
        write_raw(str(tmp_path), url(2), BytesIO())
    with connect(tmp_path) as warehouse:
        assert warehouse.execute("SELECT count(*) FROM articles").fetchall() == [(2,)]
    removed = forget(str(tmp_path), url(2), NOON, normalize=str, identify=lambda *_: "article-2")
    assert (removed.articles, removed.records) == (1, 0)
    assert verify(tmp_path).findings == ()


def test_compaction_deletes_by_the_settings(files: list[str], tmp_path: Path) -> None:
    settings = Settings(data=str(tmp_path), keep_listings_days=1)
    assert compact_warehouse(settings, dry_run=True).expired == [files[0], files[2]]
    assert compact_warehouse(settings).expired == [files[0], files[2]]
    assert left(tmp_path) == [files[1], files[3]]


def test_what_a_killed_run_left_unindexed_and_rows_of_the_log_are_not_touched(files: list[str], tmp_path: Path) -> None:
    (mark := tmp_path / ".unlanded" / "harbour" / files[0].rpartition("/")[2]).touch()
    assert expire(tmp_path, listings=30) == []
    mark.unlink()
    # Killed between the file and its rows: the next call goes on.
    (tmp_path / files[0]).unlink()
    assert len(verify(tmp_path).findings) == 1
    assert expire(tmp_path, listings=30) == []
    assert verify(tmp_path).findings == ()
    in_log = archive(tmp_path, "run-5", 5, OLD, LISTED)
    assert expire(tmp_path, listings=30) == [in_log]
    compact(Store(tmp_path), datetime.now(UTC) + timedelta(hours=2), seconds=0, ages=AT_ONCE)
    expire(tmp_path, listings=30)
    assert verify(tmp_path).findings == ()
    assert url(5) not in dict(places(tmp_path))
