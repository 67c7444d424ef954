"""`copydesk run`: ingest now, with a bar a source on a terminal, then a row a source."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from flows.cli.console import warn
from flows.cli.options import Config, Data, EngineOption, LogFormat, Scheduler, SourceIds, Tags, choose, read_settings
from flows.cli.output import Format, write_rows
from flows.scheduling.service_log import writes_json

if TYPE_CHECKING:
    from flows.sharding.run_shards import Sharded

EXAMPLES: Final = "Examples:  copydesk run   |   copydesk run sample --data /srv/news   |   copydesk run --tag uk --due"


def run(
    source: SourceIds = None,
    tag: Tags = None,
    due: Annotated[
        bool, typer.Option("--due", help="Look only at feeds, sitemaps and section pages whose time has come.")
    ] = False,
    engine: EngineOption = "local",
    scheduler: Scheduler = None,
    log_format: LogFormat = None,
    data: Data = None,
    config: Config = None,
) -> None:
    """Ingest now: all sources that are not paused, those with a tag, or those named. Exit 1 if one failed."""
    from flows.cli.progress import show_progress
    from flows.run import run_sources
    from flows.sharding.engine import check_scheduler

    settings = read_settings(data, config, log_format)
    check_scheduler(engine, scheduler)
    sources, errors = choose(settings, source, tag)
    # A service manager ends a run as Ctrl-C does: what has landed stays, and the next run takes the rest.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    if engine == "dask":
        from flows.backfill import run_on_dask

        with show_progress() as progress:
            on_dask = run_on_dask(sources, settings, scheduler, progress)
        raise typer.Exit(write_sharded(on_dask.sources, [*on_dask.upkeep_problems, *errors]))
    with show_progress() as progress:
        report = run_sources(sources, settings, due=due, progress=progress)
    rows = [
        (result.run.source_id, *result.run.counts.values(), f"{result.seconds:.1f} s")
        for result in report.results
        if result.run
    ]
    for result in report.results:
        if result.run and result.run.skipped:
            warn(f"{result.run.source_id}: {result.run.skipped}")
    failures = [result.problem for result in report.results if result.problem]
    # A log in JSON has them already, each with the time at which its source ended.
    problems = [*report.upkeep_problems, *errors, *(() if writes_json() else failures)]
    code = write_counts(rows, problems)
    raise typer.Exit(1 if failures else code)


def write_sharded(sources: Sequence[Sharded], errors: Iterable[object] = ()) -> int:
    """Print the counts and problems of sources that ran in shards; return the exit code, 1 if there are problems."""
    from flows.scheduling.run_log import log_counts

    rows = [(sharded.source.id, *sharded.counts.values(), f"{sharded.seconds:.1f} s") for sharded in sources]
    for sharded in sources:
        for sentence in sharded.skipped:
            warn(f"{sharded.source.id}: {sentence}")
        if writes_json():
            log_counts(sharded.source.id, sharded.counts)
    problems = (f"{sharded.source.id}: {problem}" for sharded in sources for problem in sharded.problems)
    return write_counts(rows, [*errors, *problems])


def write_counts(rows: Sequence[tuple[Any, ...]], problems: Sequence[object]) -> int:
    """Print the counts of sources, unless the log has them, and what failed; return the exit code, 1 if any did."""
    from warehouse.model.rows import RUN_COUNTS

    if rows and not writes_json():
        write_rows(Format.TABLE, ("source", *RUN_COUNTS, "took"), rows, sys.stdout)
    for problem in problems:
        warn(problem)
    return 1 if problems else 0
