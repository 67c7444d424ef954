"""`copydesk run`: ingest sources one after another and report."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from functools import partial
from time import perf_counter
from typing import Any

from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from config.errors import ConfigError
from config.settings import Settings
from config.sources import Source
from flows.ingest import ingest
from flows.show import Format, console, write_rows
from flows.workers import Workers
from tasks.discover import count
from warehouse.errors import WarehouseError
from warehouse.records import Outcome, Run, RunStatus

COUNTS = ("discovered", *Outcome)
"""The report's columns: the first is the sum of the others."""


def run_sources(sources: Iterable[Source], wrong: Iterable[ConfigError], settings: Settings) -> int:
    """Ingest each source, show how it goes and what came of it; the exit code.

    `wrong` is what is wrong with the files of other sources, told in the end.
    """
    rows: list[tuple[Any, ...]] = []
    failures = [str(error) for error in wrong]
    terminal = console(stderr=True)
    progress = Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=terminal,
        transient=True,
        disable=not terminal.is_terminal,
    )
    with Workers(settings) as workers, progress:
        for source in sources:
            began = perf_counter()
            bar = progress.add_task(source.id, total=count(source))
            try:
                run = ingest(source, settings, workers, progress=partial(progress.advance, bar))
            except WarehouseError as error:
                failures.append(f"{source.id}: {error}")
            except Exception as error:  # noqa: BLE001  the other sources still have their turn
                failures.append(f"{source.id}: {type(error).__name__}: {error}")
            else:
                rows.append(_row(run, perf_counter() - began))
                if run.status is not RunStatus.SUCCEEDED:
                    failures.append(f"{source.id}: {run.error}")
            progress.remove_task(bar)
    write_rows(Format.TABLE, ("source", *COUNTS, "took"), rows, sys.stdout)
    for failure in failures:
        print(f"copydesk: {failure}", file=sys.stderr)
    return 1 if failures else 0


def _row(run: Run, seconds: float) -> tuple[Any, ...]:
    return (run.source_id, *(getattr(run, name) for name in COUNTS), f"{seconds:.1f} s")
