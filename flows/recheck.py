"""Fetch pages again that may have been edited, between two runs of a source and without asking its feeds."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from config.settings import Settings
from config.sources import Source
from flows.ingest import ingest
from flows.ingestion.process_pool import Workers
from flows.ingestion.run_rows import rules_of
from flows.ingestion.scope import KnownAddresses
from flows.ingestion.shared_fetcher import open_fetcher
from flows.ingestion.worklist import due_again
from tasks.http.fetcher import Fetcher, utc_now
from tasks.metadata.urls import normalize_url
from warehouse.connect import check_landed
from warehouse.errors import EmptyWarehouseError, LockedError, WarehouseError
from warehouse.model.rows import Run
from warehouse.model.vocabulary import RunStatus
from warehouse.state.ledger import Ledger
from warehouse.state.source_state import SourceState
from warehouse.storage.root import Root
from warehouse.storage.tables import Store


@dataclass(frozen=True, slots=True)
class Rechecked:
    """What came of one source's pages that were due."""

    source_id: str
    due: int = 0
    run: Run | None = None  # None where nothing was due, or it could not be fetched
    note: str = ""
    problem: str | None = None


def recheck(sources: Iterable[Source], settings: Settings, stop: threading.Event | None = None) -> list[Rechecked]:
    """Fetch the pages of each source whose hour of `recheck` has come, and those that failed or wait, side by side.

    A source that is being run is left to that run. Raises KeyboardInterrupt once `stop` is set.
    """
    stop = stop or threading.Event()
    with (
        Workers(settings) as workers,
        open_fetcher(settings) as fetcher,
        ThreadPoolExecutor(settings.sources_at_once, "source") as threads,
    ):
        recheck_one = partial(recheck_source, settings=settings, workers=workers, fetcher=fetcher, stop=stop)
        return list(threads.map(recheck_one, sources))


def recheck_source(
    source: Source, *, settings: Settings, workers: Workers, fetcher: Fetcher, stop: threading.Event | None = None
) -> Rechecked:
    """Fetch the pages of one source that are due; the result has the problem if there is one."""
    try:
        if Store(settings.data).is_locked(source.id):
            return Rechecked(source.id, note="being run: that run looks at them")
        urls = due_pages(source, settings, utc_now())
        if not urls:
            return Rechecked(source.id, note="nothing due")
        at_once = settings.model_copy(update={"lock_seconds": 0.0})
        run = ingest(source, at_once, workers, fetcher, KnownAddresses(urls), stop=stop)
    except EmptyWarehouseError:
        return Rechecked(source.id, note="never ran")
    except LockedError:
        return Rechecked(source.id, note="being run: that run looks at them")
    except WarehouseError as error:
        return Rechecked(source.id, problem=f"{source.id}: {error}")
    problem = None if run.status is RunStatus.SUCCEEDED else f"{source.id}: {run.error}"
    return Rechecked(source.id, len(urls), run, problem=problem)


def due_pages(source: Source, settings: Settings, now: datetime) -> list[str]:
    """Return the URLs of a source that are to be fetched now. Raises `LockedError`, `WarehouseError`."""
    check_landed(Root.at(settings.data))
    with (
        Store(settings.data).lock(source.id, 0.0),
        Ledger(SourceState(settings.data, source.id, now, normalize_url), rules_of(source, settings)) as ledger,
    ):
        return list(due_again(source, ledger, now))
