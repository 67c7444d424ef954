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
def files(empty_root: Path) -> list[str]:
    """Archive an old and a new listing, an old and a new document, each in a file of its own; compact the tables."""
    names = [
        archive(empty_root, "run-1", 1, OLD, LISTED),
        archive(empty_root, "run-2", 2, OLD, "stored"),
        archive(empty_root, "run-3", 3, NOON, LISTED),
        archive(empty_root, "run-4", 4, NOON, "stored"),
    ]
    compact(Store(empty_root), datetime.now(UTC) + timedelta(hours=2), seconds=0, ages=AT_ONCE)
    assert verify(empty_root).findings == ()
    return names


def left(root: Path) -> list[str]:
    return sorted(path.relative_to(root).as_posix() for path in root.glob("archive/*/*"))


def places(root: Path) -> list[tuple[str, str]]:
    with connect(root) as warehouse:
        return warehouse.execute("SELECT url, warc_filename FROM captures ORDER BY url").fetchall()


def expire(root: Path, dry_run: bool = False, **days: int) -> list[str]:
    ages = {name: timedelta(days=number) for name, number in days.items()}
    return expire_archive(Store(root), NOON, ArchiveRetention(**ages), seconds=0, dry_run=dry_run, ages=AT_ONCE)


def test_without_a_setting_nothing_goes(files: list[str], empty_root: Path) -> None:
    assert expire(empty_root) == []
    assert (Settings().keep_listings_days, Settings().keep_archive_days) == (0, 0)
    assert left(empty_root) == sorted(files)


def test_old_listings_go_with_their_rows_and_documents_stay(files: list[str], empty_root: Path) -> None:
    assert expire(empty_root, dry_run=True, listings=30) == files[:1]
    assert left(empty_root) == sorted(files)
    assert expire(empty_root, listings=30) == files[:1]
    assert left(empty_root) == sorted(files[1:])
    assert places(empty_root) == [(url(2), files[1]), (url(3), files[2]), (url(4), files[3])]
    assert verify(empty_root).findings == ()
    assert expire(empty_root, listings=30) == []


def test_old_documents_go_and_their_articles_and_rows_stay(files: list[str], empty_root: Path) -> None:
    assert expire(empty_root, documents=30) == files[:2]
    assert left(empty_root) == sorted(files[2:])
    assert places(empty_root) == [(url(2), ""), (url(3), files[2]), (url(4), files[3])]
    assert verify(empty_root).findings == ()
    assert verify(empty_root, 9).findings == ()
    with pytest.raises(StorageError, match="keep_archive_days"):
        write_raw(str(empty_root), url(2), BytesIO())
    with connect(empty_root) as warehouse:
        assert warehouse.execute("SELECT count(*) FROM articles").fetchall() == [(2,)]
    removed = forget(str(empty_root), url(2), NOON, normalize=str, identify=lambda *_: "article-2")
    assert (removed.articles, removed.records) == (1, 0)
    assert verify(empty_root).findings == ()


def test_compaction_deletes_by_the_settings(files: list[str], empty_root: Path) -> None:
    settings = Settings(data=str(empty_root), keep_listings_days=1)
    assert compact_warehouse(settings, dry_run=True).expired == [files[0], files[2]]
    assert compact_warehouse(settings).expired == [files[0], files[2]]
    assert left(empty_root) == [files[1], files[3]]


def test_verifying_names_no_file_that_retention_has_just_deleted(files: list[str], empty_root: Path) -> None:
    soon = Ages(NONE, timedelta(seconds=3), NONE)
    ages = ArchiveRetention(listings=timedelta(days=30))
    assert expire_archive(Store(empty_root), NOON, ages, seconds=0, ages=soon) == files[:1]
    assert files[0] in dict(places(empty_root)).values()
    assert verify(empty_root).findings == ()


def test_what_a_killed_run_left_unindexed_and_rows_of_the_log_are_not_touched(
    files: list[str], empty_root: Path
) -> None:
    (mark := empty_root / ".unlanded" / "harbour" / files[0].rpartition("/")[2]).touch()
    assert expire(empty_root, listings=30) == []
    mark.unlink()
    # Killed between the file and its rows: the next call goes on.
    (empty_root / files[0]).unlink()
    assert len(verify(empty_root).findings) == 1
    assert expire(empty_root, listings=30) == []
    assert verify(empty_root).findings == ()
    in_log = archive(empty_root, "run-5", 5, OLD, LISTED)
    assert expire(empty_root, listings=30) == [in_log]
    compact(Store(empty_root), datetime.now(UTC) + timedelta(hours=2), seconds=0, ages=AT_ONCE)
    expire(empty_root, listings=30)
    assert verify(empty_root).findings == ()
    assert url(5) not in dict(places(empty_root))
