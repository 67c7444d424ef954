"""`copydesk rejects …`: what was refused, and trying it again."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from flows.cli.options import As, Config, Data, ListedByDefault, Output, Some, choose, read_settings
from flows.cli.output import Format

app = typer.Typer(
    cls=ListedByDefault,
    help="What was refused and why: `copydesk rejects`, or `copydesk rejects SOURCE` for one source.",
    rich_markup_mode=None,
)


@app.command("list", epilog="Example:  copydesk rejects sample --format csv")
def list_rejects(
    source: Some = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Also what has become an article since, and every earlier attempt.")
    ] = False,
    form: As = Format.TABLE,
    output: Output = None,
    data: Data = None,
    config: Config = None,
) -> None:
    """What was refused, why, and how often it was tried."""
    from flows.cli.sql import check_sources, query_once

    settings = read_settings(data, config)
    check_sources(settings, source or [])
    view = "rejects" if everything else "rejects_open"
    quoted = ", ".join("'" + one.replace("'", "''") + "'" for one in source or [])
    where = f" WHERE source_id IN ({quoted})" if source else ""
    query_once(
        settings,
        f"SELECT source_id, reason, stage, attempts, last_seen_at, url, detail FROM {view}{where}"  # noqa: S608
        " ORDER BY source_id, reason, url, last_seen_at",
        form,
        output,
    )


@app.command(
    "replay", epilog="Examples:  copydesk rejects replay   |   copydesk rejects replay sample --reason no_article"
)
def replay_rejects(
    source: Some = None,
    reason: Annotated[str | None, typer.Option(metavar="REASON", help="Only what was refused for this reason.")] = None,
    url: Annotated[str | None, typer.Option(metavar="URL", help="Only this address.")] = None,
    form: As = Format.TABLE,
    output: Output = None,
    data: Data = None,
    config: Config = None,
) -> None:
    """Try again what was refused: from the archive where it holds the document, else by fetching it."""
    from flows.replay import replay

    settings = read_settings(data, config)
    chosen, _ = choose(settings, source)
    raise typer.Exit(replay(chosen, settings, reason=reason, url=url, form=form, output=output))


@app.command("raw", epilog="Example:  copydesk rejects raw https://news.example/ferry > page.html")
def show_raw(
    named: Annotated[str, typer.Argument(metavar="ADDRESS|PLACE", help="An address, or archive/FILE:OFFSET.")],
    data: Data = None,
) -> None:
    """A document as it came, out of the archive; its bytes go to stdout."""
    from flows.ingestion.raw_document import write_raw

    write_raw(read_settings(data, None).data, named, sys.stdout.buffer)
