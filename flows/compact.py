"""Compaction of the warehouse by the settings of an installation."""

from __future__ import annotations

from datetime import timedelta

from config.settings import Settings
from tasks.http.fetcher import utc_now
from warehouse.storage.compaction import Compaction, Retention, compact
from warehouse.storage.tables import Store


def compact_warehouse(settings: Settings, *, dry_run: bool = False, seconds: float | None = None) -> Compaction:
    """Compact the warehouse of the settings, or only plan it.

    Waits up to `seconds`, else `lock_seconds`, for a compaction or take-down that is under way.
    Raises `LockedError`, `StorageError`.
    """
    ages = [timedelta(days=days) if days else None for days in (settings.keep_runs_days, settings.keep_polls_days)]
    return compact(
        Store(settings.data),
        utc_now(),
        seconds=settings.lock_seconds if seconds is None else seconds,
        dry_run=dry_run,
        retention=Retention(*ages),
    )
