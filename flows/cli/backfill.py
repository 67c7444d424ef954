"""`copydesk backfill`: older material, by days or from WARC files."""

from __future__ import annotations

import signal
import sys
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from flows.cli.console import show, warn
from flows.cli.options import Config, Data, EngineOption, LogFormat, Scheduler, choose, complete_source, read_settings
from flows.cli.output import Format, write_rows
from flows.cli.output_file import check_terminal
from flows.cli.run import write_sharded

if TYPE_CHECKING:
    from flows.sharding.plan import Plan

COLUMNS: Final = ("items", "known", "to_do", "requests", "hours", "bytes", "shards", "shards_done")
EXAMPLES: Final = (
    "Examples:  copydesk backfill sample --from 2026-01-01 --to 2026-01-31   |   "
    "copydesk backfill crawl --warc warc.paths.gz --yes   |   copydesk backfill crawl --plan-only --format json"
)


def backfill(
    source: Annotated[str, typer.Argument(metavar="SOURCE", help="A source's id.", autocompletion=complete_source)],
    first: Annotated[str | None, typer.Option("--from", metavar="DAY", help="The first day, in UTC.")] = None,
    last: Annotated[str | None, typer.Option("--to", metavar="DAY", help="The last day; it is included.")] = None,
    warc: Annotated[
        str | None,
        typer.Option("--warc", metavar="LIST|FILE|FOLDER", help="WARC files in place of the source's own inputs."),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before it begins.")] = False,
    plan_only: Annotated[
        bool, typer.Option("--plan-only", "--dry-run", help="Show the plan; take nothing in.")
    ] = False,
    form: Annotated[Format, typer.Option("--format", "-f", help="How the plan is written.")] = Format.TABLE,
    engine: EngineOption = "local",
    scheduler: Scheduler = None,
    log_format: LogFormat = None,
    data: Data = None,
    config: Config = None,
) -> None:
    """Take in older material: plan, then run in shards; stopped and called again it goes on. Exit 1 if a shard failed.

    Without --warc it is the source's own WARC files, or what its sitemaps and archived feeds name of the days.
    """
    from flows.backfill import backfill as take_in
    from flows.backfill import read_window, with_warcs
    from flows.cli.progress import show_progress
    from flows.sharding.engine import Engine, check_scheduler

    settings = read_settings(data, config, log_format)
    check_scheduler(engine, scheduler)
    window = read_window(first, last)
    (chosen,), _ = choose(settings, [source])
    if warc is not None:
        chosen = with_warcs(chosen, warc)

    def confirm(plan: Plan) -> bool:
        for problem in plan.problems:
            warn(f"{source}: {problem}")
        write_plan(plan.row(), form)
        is_agreed = not plan_only and (yes or not plan.left or ask_to_begin())
        if is_agreed and not plan.left:
            warn(f"nothing left to do: all {len(plan.shards):,} shards are done")
        return is_agreed

    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with show_progress() as bars:
        report = take_in(
            chosen, settings, window, engine=Engine(engine), scheduler=scheduler, confirm=confirm, progress=bars
        )
    code = write_sharded([report.sharded]) if report.sharded else 0
    raise typer.Exit(1 if report.plan.problems else code)


def ask_to_begin() -> bool:
    """Ask on a terminal whether to begin; return True where there is none."""
    return not sys.stdin.isatty() or typer.confirm("Begin?", default=True, err=True)


def write_plan(row: dict[str, Any], form: Format) -> None:
    """Write the plan; as a table, with how its numbers were estimated."""
    if form is not Format.TABLE:
        check_terminal(form)
        write_rows(form, list(row), [list(row.values())], sys.stdout)
        return
    write_rows(form, ("source", *COLUMNS), [[row["source"], *(row[name] for name in COLUMNS)]], sys.stdout)
    for sentence in row["estimates"]:
        show(f"  {sentence}")
    sys.stdout.flush()
