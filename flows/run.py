"""`copydesk run`: ingest sources side by side and report."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from time import perf_counter
from typing import Any, Final

from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from config.errors import ConfigError
from config.redact import redact
from config.settings import Settings
from config.sources import Source
from flows.cli.output import Format, console, write_rows
from flows.compact import compact_warehouse
from flows.ingest import ingest
from flows.ingestion.process_pool import Workers
from flows.ingestion.scope import DueInputs, WholeSource
from tasks.discover import count_documents
from tasks.http.fetcher import Fetcher
from warehouse.errors import LockedError, WarehouseError, unforeseen
from warehouse.model.rows import Run
from warehouse.model.vocabulary import Outcome, RunStatus
from warehouse.storage.compaction import count_log_files
from warehouse.storage.root import Root

COUNTS = ("discovered", *Outcome)
"""The report's columns: the first is the sum of the others."""
HOSTS = ".hosts"
MAX_LOG_FILES: Final = 1_000

Ended = tuple[Run | None, str | None, float]
"""A source's run where it came to one, what failed, and the seconds it took."""


def run_sources(
    sources: Iterable[Source], wrong: Iterable[ConfigError], settings: Settings, *, due: bool = False
) -> int:
    """Ingest sources side by side, show how it goes and what came of it; the exit code.

    `wrong` is what is wrong with the files of other sources, told in the end. `due` leaves alone what is polled and
    whose time has not come.
    """
    progress = progress_bars()
    stop = threading.Event()
    with (
        Workers(settings) as workers,
        open_fetcher(settings) as fetcher,
        progress,
        ThreadPoolExecutor(settings.sources_at_once, "source") as threads,
    ):
        take = partial(_run_one, settings=settings, workers=workers, fetcher=fetcher, stop=stop, due=due)
        running = [threads.submit(take, one, progress=progress) for one in sources]
        try:
            ended = [future.result() for future in running]
        except BaseException:
            stop.set()
            fetcher.close()
            threads.shutdown(wait=False, cancel_futures=True)
            raise
    failures = _compact_if_many_files(settings)
    rows = [_row(run, seconds) for run, _, seconds in ended if run]
    failures += [*map(str, wrong), *(problem for _, problem, _ in ended if problem)]
    write_rows(Format.TABLE, ("source", *COUNTS, "took"), rows, sys.stdout)
    for failure in failures:
        print(f"copydesk: {redact(failure)}", file=sys.stderr)
    return 1 if failures else 0


def _compact_if_many_files(settings: Settings) -> list[str]:
    """Compact the warehouse where so many small files wait that every query and run pays for them; what failed."""
    try:
        if count_log_files(Root.at(settings.data)) > MAX_LOG_FILES:
            compact_warehouse(settings, seconds=0)
    except LockedError:
        pass  # another process is at it
    except WarehouseError as error:
        return [str(error)]
    return []


def progress_bars() -> Progress:
    """How far sources are, on a terminal; elsewhere nothing shows."""
    terminal = console(stderr=True)
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=terminal,
        transient=True,
        disable=not terminal.is_terminal,
    )


def open_fetcher(settings: Settings) -> Fetcher:
    """A fetcher that keeps the turns of hosts with the data, for every process that works on it."""
    return Fetcher(settings, hosts=Root.at(settings.data).local / HOSTS)


def _run_one(
    source: Source,
    *,
    settings: Settings,
    workers: Workers,
    fetcher: Fetcher,
    stop: threading.Event,
    due: bool,
    progress: Progress,
) -> Ended:
    began = perf_counter()
    bar = progress.add_task(source.id, total=count_documents(source))
    run, problem = None, None
    try:
        scope = DueInputs() if due else WholeSource()
        run = ingest(source, settings, workers, fetcher, scope, progress=partial(progress.advance, bar), stop=stop)
        if run.status is not RunStatus.SUCCEEDED:
            problem = f"{source.id}: {run.error}"
    except WarehouseError as error:
        problem = f"{source.id}: {error}"
    except Exception as error:  # noqa: BLE001  the other sources still have their turn
        problem = f"{source.id}: {unforeseen(error)}"
    finally:
        progress.remove_task(bar)
    return run, problem, perf_counter() - began


def _row(run: Run, seconds: float) -> tuple[Any, ...]:
    return (run.source_id, *(getattr(run, name) for name in COUNTS), f"{seconds:.1f} s")
