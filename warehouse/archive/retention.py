"""Retention of the archive: files of which every record is older than it is to be kept are deleted.

What a file held of documents keeps its rows in `captures`, without a place in the archive: articles refer to them, and
a page that comes again is known by them. Rows of feeds, sitemaps and other listings go with their file.
"""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from warehouse.archive.segment import marker
from warehouse.connect import connect, rows
from warehouse.errors import EmptyWarehouseError
from warehouse.model.records import LISTED
from warehouse.storage.compaction import Ages, change_base_files

if TYPE_CHECKING:
    from warehouse.storage.tables import Store


@dataclass(frozen=True, slots=True)
class ArchiveRetention:
    """How long the archive keeps what came; None for ever. Listings are kept no longer than documents."""

    listings: timedelta | None = None
    documents: timedelta | None = None

    def oldest(self, now: datetime) -> tuple[datetime, datetime]:
        """Return the times from which on listings and documents are kept."""
        ages = (self.listings, self.documents)
        listings, documents = (datetime.min.replace(tzinfo=UTC) if age is None else now - age for age in ages)
        return max(listings, documents), documents


def expire_archive(
    store: Store,
    now: datetime,
    retention: ArchiveRetention,
    *,
    seconds: float,
    dry_run: bool = False,
    ages: Ages | None = None,
) -> list[str]:
    """Delete the files of the archive that are past their time; return the names of those that were there.

    Killed anywhere, the next call goes on: the rows of a file that is gone are still past their time. Waits up to
    `seconds` for a compaction or take-down, a `dry_run` for nobody. Raises `LockedError`, `WarehouseError`.
    """
    if retention == ArchiveRetention():
        return []
    with nullcontext() if dry_run else store.maintenance(seconds):
        filenames = _expired_files(store, retention.oldest(now))
        existing = [filename for filename in filenames if store.root.exists(filename)]
        if filenames and not dry_run:
            for filename in existing:
                store.root.delete(filename)
            # Rows that are in the log still wait for the call after their compaction.
            expired = pa.array(filenames, pa.string())
            change_base_files(
                store.root, "captures", "warc_filename", expired, lambda table: _without_place(table, expired), ages
            )
    return existing


def _expired_files(store: Store, oldest: tuple[datetime, datetime]) -> list[str]:
    """List the files that have only expired captures."""
    query = f"""
        SELECT warc_filename
        FROM (
            SELECT warc_filename, fetched_at >= CASE WHEN outcome = '{LISTED}' THEN $1 ELSE $2 END AS is_kept
            FROM landed('captures') WHERE warc_filename <> ''
        )
        GROUP BY warc_filename HAVING NOT bool_or(is_kept) ORDER BY warc_filename
    """  # noqa: S608  a value of ours
    try:
        with connect(store.root) as warehouse:
            names = [name for (name,) in rows(warehouse, query, list(oldest))]
    except EmptyWarehouseError:
        return []
    # One that is marked may hold what no row tells of yet.
    return [name for name in names if not marker(store.root, *name.split("/")[1:]).exists()]


def _without_place(table: pa.Table, expired: pa.Array) -> pa.Table:
    """Return rows of `captures` without those of expired listings, and the others of expired files without a place."""
    is_expired = pc.is_in(table["warc_filename"], expired)
    table = table.filter(pc.invert(pc.and_(is_expired, pc.equal(table["outcome"], LISTED))))
    is_expired = pc.is_in(table["warc_filename"], expired)
    for name, nothing in (("warc_filename", ""), ("warc_offset", 0), ("warc_length", 0)):
        number = table.schema.get_field_index(name)
        value = pa.scalar(nothing, table.schema.field(name).type)
        table = table.set_column(number, table.schema.field(number), pc.if_else(is_expired, value, table[name]))
    return table
