"""The command `copydesk`."""

from __future__ import annotations

import os
import re
import signal
import sys
from pathlib import Path
from typing import Annotated, Final, NoReturn

import typer

from config.errors import ConfigError
from config.redact import redact
from flows.cli import alert as cli_alert
from flows.cli import backfill as cli_backfill
from flows.cli import rejects as cli_rejects
from flows.cli import serve as cli_serve
from flows.cli import sources as cli_sources
from flows.cli.options import (
    As,
    Config,
    Data,
    EngineOption,
    Output,
    Scheduler,
    Some,
    choose,
    complete_source,
    read_settings,
    read_sources,
    tell,
)
from flows.cli.output import Format
from warehouse.errors import WarehouseError, unforeseen

# Every import of the pipeline waits inside its command: `--help` and `sql` would pay a second for trafilatura.

app = typer.Typer(
    name="copydesk",
    help="Raw news articles in, clean records in SQL out.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


maintain_app = typer.Typer(help="Look after the warehouse.", no_args_is_help=True, rich_markup_mode=None)
cli_serve.add_to(app)
app.command("backfill", epilog=cli_backfill.EXAMPLES)(cli_backfill.backfill)
app.add_typer(cli_rejects.app, name="rejects")
app.add_typer(cli_sources.app, name="sources")
app.add_typer(maintain_app, name="maintain")


INTERRUPTED: Final = 130
MIN_ADDRESS_SPACE_BYTES: Final = 2_000_000_000
"""Of a process: the libraries alone map about one gigabyte."""
OTHER_SCHEME: Final = re.compile(r"(?!(?:https?|file)://)[a-z][a-z0-9+.-]+://")


@app.command(epilog="Examples:  copydesk run   |   copydesk run sample --data /srv/news   |   copydesk run --due")
def run(
    source: Some = None,
    due: Annotated[
        bool, typer.Option("--due", help="Look only at feeds, sitemaps and section pages whose time has come.")
    ] = False,
    engine: EngineOption = "local",
    scheduler: Scheduler = None,
    data: Data = None,
    config: Config = None,
) -> None:
    """Ingest now: all sources that are not paused, or those named. Exit 1 if one failed."""
    from flows.run import run_sources

    settings = read_settings(data, config)
    chosen, wrong = choose(settings, source)
    # A service manager ends a run as Ctrl-C does: what is under way is told, and the next run takes the rest.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    if engine == "dask":
        from flows.backfill import run_on

        raise typer.Exit(run_on(chosen, wrong, settings, scheduler))
    if scheduler:
        raise ConfigError("--scheduler is the address of a Dask scheduler; it goes with --engine dask")
    raise typer.Exit(run_sources(chosen, wrong, settings, due=due))


@app.command(
    epilog='Examples:  copydesk sql "SELECT title, language FROM articles LIMIT 5"   |   '
    'copydesk sql -f csv -o days.csv "FROM articles_by_day"   |   copydesk sql < query.sql'
)
def sql(
    query: Annotated[str | None, typer.Argument(help="One statement that reads. Without it: a shell.")] = None,
    form: As = Format.TABLE,
    output: Output = None,
    data: Data = None,
) -> None:
    """Query the warehouse; read-only."""
    from flows.cli.sql import query_once, shell

    settings = read_settings(data, None)
    if query is None and sys.stdin.isatty():
        shell(settings, form)
        return
    try:
        query_once(settings, sys.stdin.read() if query is None else query, form, output)
    except KeyboardInterrupt:
        _fail("the query was interrupted", INTERRUPTED)


@app.command(
    epilog="Examples:  copydesk extract page.html --explain   |   copydesk extract page.html --html why.html   |   "
    "copydesk extract texts/ > records.jsonl   |   "
    "curl -s URL | copydesk extract - --url URL"
)
def extract(
    document: Annotated[
        list[str] | None, typer.Argument(metavar="PATH|URL|-...", help="Files, folders, addresses; - is stdin.")
    ] = None,
    manifest: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help='Name documents as JSON Lines: {"path": ..., "url": ...}.'),
    ] = None,
    url: Annotated[str | None, typer.Option(help="The address of the one document given.")] = None,
    source: Annotated[
        str | None,
        typer.Option(help="Apply this source's rules, and what its runs have learned.", autocompletion=complete_source),
    ] = None,
    explain: Annotated[
        bool, typer.Option("--explain", help="Show what was kept and stripped, why, and where each field came from.")
    ] = False,
    html: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write what --explain shows to an HTML page.", dir_okay=False)
    ] = None,
    data: Data = None,
    config: Config = None,
) -> None:
    """One clean record a document, as JSON Lines; nothing is stored."""
    from flows.cli.extract import explaining, extract_documents, read_manifest

    settings = read_settings(data, config)
    chosen = choose(settings, [source])[0][0] if source else None
    named: list[tuple[str, str | None]] = [(name, None) for name in document or []]
    if manifest is not None:
        named += read_manifest(manifest)
    if not named or any(not name or OTHER_SCHEME.match(name) for name, _ in named):
        raise typer.BadParameter("name a file, a folder, an address or -; or give --manifest")
    if url is not None:
        if len(named) != 1:
            raise typer.BadParameter("--url goes with one document; --manifest names the addresses of many")
        if not url.startswith(("http://", "https://")) or Path(named[0][0]).is_dir():
            raise typer.BadParameter("--url is the http or https address of one document")
        named = [(named[0][0], url)]
    with explaining(html, explain=explain) as show:
        extract_documents(named, chosen, settings, show=show)


@app.command(epilog="Example:  copydesk status --format json")
def status(form: As = Format.TABLE, output: Output = None, data: Data = None, config: Config = None) -> None:
    """The health of every source."""
    from flows.cli.status import show_status

    settings = read_settings(data, config)
    known, wrong = read_sources(settings)
    show_status(known, settings.data, form, output)
    tell(wrong)


app.command("alert", epilog="Examples:  copydesk alert   |   copydesk alert --test")(cli_alert.alert)


@app.command(epilog="Examples:  copydesk reextract --dry-run   |   copydesk reextract sample")
def reextract(
    source: Some = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only report; nothing lands.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Let the rows land even where they lose something.")] = False,
    form: As = Format.TABLE,
    output: Output = None,
    data: Data = None,
    config: Config = None,
) -> None:
    """Run extraction again over the archive, report what changes, and land it unless it is a loss. Exit 1 if it is."""
    from flows.reextract import reextract as read_again

    settings = read_settings(data, config)
    chosen, _ = choose(settings, source)
    raise typer.Exit(read_again(chosen, settings, dry_run=dry_run, force=force, form=form, output=output))


@app.command(epilog="Example:  copydesk forget https://news.example/2026/11/a-private-matter")
def forget(
    target: Annotated[str, typer.Argument(metavar="URL|ARTICLE", help="An article's address or its article_id.")],
    data: Data = None,
) -> None:
    """Take an article down everywhere, the archive included, and never take it in again. Exit 1 if there is none."""
    from flows.cli.maintain import take_down

    raise typer.Exit(take_down(read_settings(data, None), target))


@maintain_app.command("verify", epilog="Example:  copydesk maintain verify --sample 1000")
def verify_warehouse(
    sample: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="Read back N captures of the archive, not all.")
    ] = None,
    data: Data = None,
) -> None:
    """Recount the warehouse: every discovered address in one place, every file and capture whole. Exit 1 if not."""
    from flows.cli.maintain import show_verification

    raise typer.Exit(show_verification(read_settings(data, None).data, sample))


@maintain_app.command("repair", epilog="Example:  copydesk maintain repair --dry-run")
def repair_warehouse(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be done.")] = False,
    data: Data = None,
) -> None:
    """Move away what cannot be read, and let the next runs make again from the archive what was lost."""
    from flows.cli.maintain import show_repair

    show_repair(read_settings(data, None).data, dry_run=dry_run)


@maintain_app.command("compact", epilog="Example:  copydesk maintain compact --dry-run")
def compact_warehouse(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be joined; change nothing.")] = False,
    data: Data = None,
) -> None:
    """Join the small files that runs have landed into large, sorted ones. Queries give the same rows meanwhile."""
    from flows.cli.maintain import show_compaction

    show_compaction(read_settings(data, None), dry_run=dry_run)


@maintain_app.command("clean", epilog="Example:  copydesk maintain clean --data /srv/news")
def clean_warehouse(data: Data = None) -> None:
    """Delete what killed writers left: temporary files that nobody has touched for an hour."""
    from flows.cli.maintain import clean_up

    clean_up(read_settings(data, None).data)


def _show_version(on: bool) -> None:
    if on:
        from importlib.metadata import version

        print(f"copydesk {version('copydesk')}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    del version


def main() -> NoReturn:
    """The console script: an error is one sentence on stderr, and never a traceback."""
    _warn_of_memory_limit()
    try:
        code = app(prog_name="copydesk", standalone_mode=False)
    except typer.TyperException as error:
        told = error.format_message()
        if told.startswith("Usage:"):
            print(told)
            sys.exit(error.exit_code)
        _fail(f"{told.rstrip('.')}; --help says more", error.exit_code)
    except ConfigError as error:
        _fail(str(error), 2)
    except WarehouseError as error:
        _fail(str(error), 1)
    except BrokenPipeError:
        # The reader has gone, as `| head` does; without this, closing stdout would complain once more.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(141)
    except Exception as error:
        if os.environ.get("COPYDESK_DEBUG"):
            raise
        _fail(f"{unforeseen(error)}; COPYDESK_DEBUG=1 shows where", 1)
    if code == INTERRUPTED:
        _fail("interrupted; what had landed stays, the next run takes the rest", INTERRUPTED)
    sys.exit(code or 0)


def _warn_of_memory_limit() -> None:
    """Say that the limit on memory is low: a library of C code that gets none ends the process without a word."""
    if sys.platform == "win32":
        return
    import resource

    limit = resource.getrlimit(resource.RLIMIT_AS)[0]
    if 0 < limit < MIN_ADDRESS_SPACE_BYTES:
        print(
            f"copydesk: warning: this process may use {limit // 1_000_000:,} MB of memory, and may end without a"
            f" message; raise the limit to {MIN_ADDRESS_SPACE_BYTES // 1_000_000:,} MB at least (ulimit -v)",
            file=sys.stderr,
        )


def _fail(sentence: str, code: int) -> NoReturn:
    print(f"copydesk: {redact(sentence)}", file=sys.stderr)
    sys.exit(code)
