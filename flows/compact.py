"""Compaction of the warehouse by the settings of an installation."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from config.settings import Settings
from tasks.http.fetcher import utc_now
from warehouse.errors import LockedError, WarehouseError
from warehouse.storage.compaction import Compaction, Retention, compact, count_log_files
from warehouse.storage.root import Root
from warehouse.storage.tables import Store

MAX_LOG_FILES: Final = 1_000


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


def compact_if_many_files(settings: Settings) -> str | None:
    """Compact the warehouse if more than `MAX_LOG_FILES` small files wait; return what hindered it, if anything."""
    try:
        if count_log_files(Root.at(settings.data)) > MAX_LOG_FILES:
            compact_warehouse(settings, seconds=0)
    except LockedError:
        return None  # another process compacts already
    except WarehouseError as error:
        return str(error)
    return None
