"""Ingest sources side by side."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from time import perf_counter
from typing import Final

from config.settings import Settings
from config.sources import Source
from flows.compact import compact_warehouse
from flows.ingest import ingest
from flows.ingestion.process_pool import Workers
from flows.ingestion.scope import DueInputs, WholeSource
from flows.ingestion.shared_fetcher import open_fetcher
from tasks.discover import count_documents
from tasks.http.fetcher import Fetcher
from warehouse.copies.update import update_copies
from warehouse.errors import LockedError, WarehouseError, unforeseen
from warehouse.model.rows import Run
from warehouse.model.vocabulary import Outcome, RunStatus
from warehouse.storage.compaction import compaction_state
from warehouse.storage.root import Root

COUNTS: Final = ("discovered", *Outcome)  # of a run; the first is the sum of the others
MAX_LOG_FILES: Final = 1_000
MIN_INDEX_SECONDS: Final = 10.0
INDEX_SECONDS_AN_ARTICLE: Final = 0.002


class SourceProgress:
    """Called as sources are ingested, each from a thread of its own. This one shows nothing."""

    def begin(self, source_id: str, documents: int | None) -> None:
        """Take note that a source begins; `documents` is None where nobody knows how many there are."""

    def advance(self, source_id: str, documents: int) -> None:
        """Take note that so many more documents of a source are done."""

    def correct(self, source_id: str, documents: int) -> None:
        """Take note that so many documents of a source are done in all."""

    def end(self, source_id: str, result: SourceResult | None = None) -> None:
        """Take note that a source has ended; `result` says what came of it, if that is known by now."""


NO_PROGRESS: Final = SourceProgress()


@dataclass(frozen=True, slots=True)
class SourceResult:
    """What came of one source: its run, if it came to one, what failed, and the seconds it took.

    Those in which it waited for processes to start, and to end the documents of other sources, are left out.
    """

    run: Run | None
    problem: str | None
    seconds: float


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
    problems += _problems_of(partial(_compact_if_many_files, settings))
    return RunReport(results, tuple(problems))


def follow_new_texts(settings: Settings, stored: int) -> list[str]:
    """Update the copies and the search index with the articles that a run has stored; return what failed.

    What waits beside them is taken in too, but for no more time than such a number of articles takes.
    """
    if not stored:
        return []
    return [
        *_problems_of(partial(update_copies, settings.data, seconds=0, max_articles=stored, since_last=True)),
        *_problems_of(partial(_advance_index, settings, max(MIN_INDEX_SECONDS, stored * INDEX_SECONDS_AN_ARTICLE))),
    ]


def _problems_of(work: Callable[[], object]) -> list[str]:
    try:
        work()
    except LockedError:
        return []  # another process is at it, or at what the next run waits for
    except WarehouseError as error:
        return [str(error)]
    return []


def _advance_index(settings: Settings, max_seconds: float) -> None:
    """Take new articles into the search index; that of an object store only on a machine that searches it."""
    from warehouse.search.index import update_index
    from warehouse.search.index_files import folder

    root = Root.at(settings.data)
    if root.is_folder or folder(root).exists():
        update_index(root, 0, max_seconds=max_seconds)


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


def run_counts(run: Run) -> dict[str, int]:
    """Return the counts of a run by name; the first is the sum of the others."""
    return {str(name): getattr(run, name) for name in COUNTS}
