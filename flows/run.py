"""Ingest sources side by side."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from time import perf_counter
from typing import Final

from config.settings import Settings
from config.sources import Source
from flows.compact import compact_warehouse
from flows.ingest import ingest
from flows.ingestion.new_texts import follow_new_texts, problems_of
from flows.ingestion.process_pool import Workers
from flows.ingestion.progress import NO_PROGRESS, SourceProgress, SourceResult
from flows.ingestion.scope import DueInputs, WholeSource
from flows.ingestion.shared_fetcher import open_fetcher
from tasks.discover import count_documents
from tasks.http.fetcher import Fetcher
from warehouse.errors import WarehouseError, unforeseen
from warehouse.model.vocabulary import RunStatus
from warehouse.storage.compaction import compaction_state
from warehouse.storage.root import Root

MAX_LOG_FILES: Final = 1_000


@dataclass(frozen=True, slots=True)
class RunReport:
    """What came of each source, in their order, and what failed in the upkeep that followed."""

    results: tuple[SourceResult, ...]
    upkeep_problems: tuple[str, ...]


def run_sources(
    sources: Iterable[Source], settings: Settings, *, due: bool = False, progress: SourceProgress = NO_PROGRESS
) -> RunReport:
    """Ingest sources side by side, follow their new texts, and compact the warehouse if many small files wait.

    `due` leaves alone what is polled and whose time has not come. Raises KeyboardInterrupt; what landed stays.
    """
    stop = threading.Event()
    with (
        Workers(settings) as workers,
        open_fetcher(settings) as fetcher,
        ThreadPoolExecutor(settings.sources_at_once, "source") as threads,
    ):
        ingest_source = partial(
            _run_source, settings=settings, workers=workers, fetcher=fetcher, stop=stop, due=due, progress=progress
        )
        futures = [threads.submit(ingest_source, source) for source in sources]
        try:
            results = tuple(future.result() for future in futures)
        except BaseException:
            stop.set()
            fetcher.close()
            threads.shutdown(wait=False, cancel_futures=True)
            raise
    problems = follow_new_texts(settings, sum(result.run.stored for result in results if result.run))
    problems += problems_of(partial(_compact_if_many_files, settings))
    return RunReport(results, tuple(problems))


def _compact_if_many_files(settings: Settings) -> None:
    """Compact the warehouse if so many small files wait that every query and run pays for them."""
    if compaction_state(Root.at(settings.data)).log_files > MAX_LOG_FILES:
        compact_warehouse(settings, seconds=0)


def _run_source(
    source: Source,
    *,
    settings: Settings,
    workers: Workers,
    fetcher: Fetcher,
    stop: threading.Event,
    due: bool,
    progress: SourceProgress,
) -> SourceResult:
    started = perf_counter() - workers.seconds_waited()
    progress.begin(source.id, count_documents(source))
    run, problem = None, None
    try:
        advance = partial(progress.advance, source.id)
        scope = DueInputs() if due else WholeSource()
        run = ingest(source, settings, workers, fetcher, scope, progress=advance, stop=stop)
        if run.status is not RunStatus.SUCCEEDED:
            problem = f"{source.id}: {run.error}"
    except WarehouseError as error:
        problem = f"{source.id}: {error}"
    except Exception as error:  # noqa: BLE001  the other sources still have their turn
        problem = f"{source.id}: {unforeseen(error)}"
    finally:
        result = SourceResult(run, problem, perf_counter() - workers.seconds_waited() - started)
        progress.end(source.id, result)
    return result
