"""`copydesk sources …`: list, check, find, add, import and export sources."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Final

import typer

from flows.cli.console import show, warn
from flows.cli.hints import command
from flows.cli.options import As, Config, Data, Output, SourceIds, Tags, exit_for, read_settings, read_sources
from flows.cli.output import choose_format

app = typer.Typer(help="The configured sources.", no_args_is_help=True, rich_markup_mode=None)

Id = Annotated[str | None, typer.Option("--id", metavar="ID", help="The source's id; else made of its title.")]
Site = Annotated[str, typer.Argument(metavar="URL", help="A site's home page, or one of its pages, feeds, sitemaps.")]
Delay = Annotated[float, typer.Option(help="Seconds between two requests to the site, also in the file.", min=0)]
Private = Annotated[bool, typer.Option("--allow-private", help="The site may be on this machine or a private network.")]
DEFAULT_DELAY_SECONDS: Final = 5.0


@app.command("list", epilog="Example:  copydesk sources list --format json")
def list_sources(
    form: As = None, output: Output = None, tag: Tags = None, data: Data = None, config: Config = None
) -> None:
    """List the configured sources, or those with a tag."""
    from config.sources import with_tags
    from flows.cli.output_file import write_out

    chosen = choose_format(form, output)
    columns = ("source", "title", "language", "schedule", "inputs", "tags", "paused")
    sources, errors = read_sources(read_settings(data, config))
    rows = [
        (
            entry.id,
            entry.title,
            entry.language,
            entry.schedule,
            [each.kind for each in entry.input],
            list(entry.tags),
            entry.paused,
        )
        for entry in with_tags(sources, tag or ()).values()
    ]
    write_out(chosen, columns, rows, output)
    exit_for(errors)


@app.command("check", epilog="Example:  copydesk sources check sample")
def check_sources(source: SourceIds = None, data: Data = None, config: Config = None) -> None:
    """Validate the configuration, read every input and make articles of its first documents. Exit 2 if none is one."""
    from flows.site_setup.check import check

    code = 0
    for result in check(read_settings(data, config), source or ()):
        for sentence in result.inputs:
            show(f"{result.source_id}: {sentence}")
        if result.error is not None:
            warn(result.error)
            code = 2
    raise typer.Exit(code)


@app.command("probe", epilog="Example:  copydesk sources probe https://news.example > config/sources/example-news.toml")
def probe_site(
    url: Site,
    source_id: Id = None,
    delay: Delay = DEFAULT_DELAY_SECONDS,
    allow_private: Private = False,
    data: Data = None,
    config: Config = None,
) -> None:
    """Look for feeds and news sitemaps, try five articles, and print the source's TOML. Exit 1 if nothing was found."""
    from flows.cli.probe import show_probe, show_request
    from flows.site_setup.probe import probe

    settings = read_settings(data, config)
    result = probe(
        url, settings, source_id=source_id, delay=delay, allow_private=allow_private, on_request=show_request
    )
    raise typer.Exit(show_probe(result))


@app.command("add", epilog="Example:  copydesk sources add https://news.example --id example-news")
def add(
    url: Site,
    source_id: Id = None,
    delay: Delay = DEFAULT_DELAY_SECONDS,
    allow_private: Private = False,
    force: Annotated[bool, typer.Option("--force", help="Add it even if no article could be read.")] = False,
    data: Data = None,
    config: Config = None,
) -> None:
    """Probe a site and write its source into the configuration; no file is ever overwritten."""
    from flows.cli.probe import show_added, show_request
    from flows.site_setup.propose import add_source

    added = add_source(
        url,
        read_settings(data, config),
        source_id=source_id,
        delay=delay,
        allow_private=allow_private,
        force=force,
        on_request=show_request,
    )
    raise typer.Exit(show_added(added))


@app.command("import", epilog="Example:  copydesk sources import feeds.opml")
def import_list(
    opml: Annotated[str, typer.Argument(metavar="FILE|URL", help="An OPML list, as feed readers export it.")],
    data: Data = None,
    config: Config = None,
) -> None:
    """Bring over a reader's list of feeds: one source each, those that are configured left alone."""
    from flows.site_setup.opml import import_opml

    report = import_opml(opml, read_settings(data, config))
    for path in report.written:
        print(f"{path}: written")
    for sentence in (*report.known, *report.refused):
        warn(sentence)
    next_step = f"; next: {command('sources check')}" if report.written else ""
    print(f"{len(report.written)} written, {len(report.known)} known, {len(report.refused)} refused{next_step}")
    raise typer.Exit(1 if report.refused else 0)


@app.command("export", epilog="Example:  copydesk sources export -o feeds.opml")
def export_list(
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write to a file, not to the terminal.")
    ] = None,
    data: Data = None,
    config: Config = None,
) -> None:
    """Write the feeds of all sources as OPML, for a feed reader."""
    from config.errors import ConfigError
    from flows.site_setup.opml import export_opml

    sources, errors = read_sources(read_settings(data, config))
    if output is None:
        export_opml(sources.values(), sys.stdout.buffer)
    else:
        try:
            with output.open("wb") as stream:
                export_opml(sources.values(), stream)
        except OSError as error:
            raise ConfigError.of(error, output, "written") from None
    exit_for(errors)
