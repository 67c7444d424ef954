"""Compaction of the warehouse by the settings of an installation."""

from __future__ import annotations

from datetime import timedelta

from config.settings import Settings
from tasks.http.fetcher import utc_now
from warehouse.archive.retention import ArchiveRetention, expire_archive
from warehouse.storage.compaction import Compaction, compact
from warehouse.storage.row_retention import Retention
from warehouse.storage.tables import Store


def compact_warehouse(settings: Settings, *, dry_run: bool = False, seconds: float | None = None) -> Compaction:
    """Compact the warehouse of the settings and delete what is past its time, or only plan both.

    Waits up to `seconds`, else `lock_seconds`, for a compaction or take-down that is under way.
    Raises `LockedError`, `WarehouseError`.
    """
    store, now = Store(settings.data), utc_now()
    wait = settings.lock_seconds if seconds is None else seconds
    retention = Retention(_age(settings.keep_runs_days), _age(settings.keep_polls_days))
    compaction = compact(store, now, seconds=wait, dry_run=dry_run, retention=retention)
    archive = ArchiveRetention(_age(settings.keep_listings_days), _age(settings.keep_archive_days))
    compaction.expired = expire_archive(store, now, archive, seconds=wait, dry_run=dry_run)
    return compaction


def _age(days: int) -> timedelta | None:
    return timedelta(days=days) if days else None
