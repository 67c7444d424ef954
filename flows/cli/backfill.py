"""`copydesk backfill`: older material, by days or from WARC files."""

from __future__ import annotations

import signal
import sys
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from config.errors import ConfigError
from flows.cli.options import Config, Data, EngineOption, Scheduler, choose, complete_source, read_settings
from flows.cli.output import Format

if TYPE_CHECKING:
    from flows.sharding.plan import Plan

SHOWN: Final = ("items", "known", "to_do", "requests", "hours", "bytes", "shards", "shards_done")
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
    data: Data = None,
    config: Config = None,
) -> None:
    """Take in older material: plan, then run in shards; stopped and called again it goes on. Exit 1 if a shard failed.

    Without --warc it is the source's own WARC files, or what its sitemaps and archived feeds name of the days.
    """
    from flows.backfill import backfill as run_backfill
    from flows.backfill import read_window, with_warcs
    from flows.sharding.engine import Engine

    settings, where = read_settings(data, config), Engine(engine)
    if scheduler and where is Engine.LOCAL:
        raise ConfigError("--scheduler is the address of a Dask scheduler; it goes with --engine dask")
    window = read_window(first, last)
    (chosen,), _ = choose(settings, [source])
    if warc is not None:
        chosen = with_warcs(chosen, warc)

    def confirm(plan: Plan) -> bool:
        write_plan(plan.row(), form)
        if plan_only:
            return False
        if yes or not plan.left or not sys.stdin.isatty():
            return True
        return typer.confirm("Begin?", default=True, err=True)

    signal.signal(signal.SIGTERM, signal.default_int_handler)
    raise typer.Exit(run_backfill(chosen, settings, window, engine=where, scheduler=scheduler, confirm=confirm))


def write_plan(row: dict[str, Any], form: Format) -> None:
    """The plan, with how its numbers were estimated."""
    from flows.cli.output import write_rows

    if form is not Format.TABLE:
        write_rows(form, list(row), [list(row.values())], sys.stdout)
        return
    write_rows(form, ("source", *SHOWN), [[row["source"], *(row[name] for name in SHOWN)]], sys.stdout)
    for sentence in row["estimates"]:
        print(f"  {sentence}")
    sys.stdout.flush()
