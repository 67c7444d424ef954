"""The command `copydesk`."""

from __future__ import annotations

import os
import re
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, NoReturn

import typer

from config.errors import ConfigError
from flows.show import Format
from warehouse.errors import WarehouseError

if TYPE_CHECKING:
    from config.settings import Settings
    from config.sources import Source

# Every import of the pipeline waits inside its command: `--help` and `sql` would pay a second for trafilatura.

app = typer.Typer(
    name="copydesk",
    help="Raw news articles in, clean records in SQL out.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
sources_app = typer.Typer(help="The configured sources.", no_args_is_help=True, rich_markup_mode=None)
maintain_app = typer.Typer(help="Look after the warehouse.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(sources_app, name="sources")
app.add_typer(maintain_app, name="maintain")


INTERRUPTED: Final = 130
OTHER_SCHEME: Final = re.compile(r"(?!(?:https?|file)://)[a-z][a-z0-9+.-]+://")


def complete_source(incomplete: str) -> list[str]:
    """Ids of sources that begin so, for the shell's completion."""
    from config.settings import load_settings

    try:
        folder = load_settings().config / "sources"
        return sorted(path.stem for path in folder.glob("*.toml") if path.stem.startswith(incomplete))
    except (ConfigError, OSError):
        return []


Data = Annotated[
    str | None,
    typer.Option("--data", metavar="DIR|URL", help="The data root. [default: ./data, or COPYDESK_DATA]"),
]
Config = Annotated[
    Path | None,
    typer.Option("--config", metavar="DIR", help="The configuration folder, with sources/ in it. [or COPYDESK_CONFIG]"),
]
As = Annotated[Format, typer.Option("--format", "-f", help="How rows are written.")]
Output = Annotated[
    Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write to a file, not to the terminal.")
]
Some = Annotated[
    list[str] | None,
    typer.Argument(metavar="[SOURCE]...", help="Ids of sources.", autocompletion=complete_source, show_default=False),
]


@app.command(epilog="Examples:  copydesk run   |   copydesk run sample --data /srv/news")
def run(source: Some = None, data: Data = None, config: Config = None) -> None:
    """Ingest now: all sources that are not paused, or those named. Exit 1 if one failed."""
    from flows.run import run_sources

    settings = _settings(data, config)
    chosen, wrong = _choose(settings, source)
    # A service manager ends a run as Ctrl-C does: what is under way is told, and the next run takes the rest.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    raise typer.Exit(run_sources(chosen, wrong, settings))


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
    from flows.shell import query_once, shell

    root = _settings(data, None).data
    if query is None and sys.stdin.isatty():
        shell(root, form)
        return
    query_once(root, sys.stdin.read() if query is None else query, form, output)


@app.command(
    epilog="Examples:  copydesk extract page.html --explain   |   copydesk extract texts/ > records.jsonl   |   "
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
        str | None, typer.Option(help="Apply this source's rules.", autocompletion=complete_source)
    ] = None,
    explain: Annotated[
        bool, typer.Option("--explain", help="Show what was stripped, why, and where each field came from.")
    ] = False,
    config: Config = None,
) -> None:
    """One clean record a document, as JSON Lines; nothing is stored."""
    from flows.documents import extract_documents, read_manifest

    settings = _settings(None, config)
    chosen = _choose(settings, [source])[0][0] if source else None
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
    extract_documents(named, chosen, settings, explain=explain)


@app.command(epilog="Example:  copydesk rejects sample --format csv")
def rejects(
    source: Some = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Also what has become an article since, and every earlier attempt.")
    ] = False,
    form: As = Format.TABLE,
    output: Output = None,
    data: Data = None,
) -> None:
    """What was refused, why, and how often it was tried."""
    from flows.shell import query_once

    view = "rejects" if everything else "rejects_open"
    quoted = ", ".join("'" + one.replace("'", "''") + "'" for one in source or [])
    where = f" WHERE source_id IN ({quoted})" if source else ""
    query_once(
        _settings(data, None).data,
        f"SELECT source_id, reason, stage, attempts, last_seen_at, url, detail FROM {view}{where}"  # noqa: S608
        " ORDER BY source_id, reason, url, last_seen_at",
        form,
        output,
    )


@app.command(epilog="Example:  copydesk status --format json")
def status(form: As = Format.TABLE, output: Output = None, data: Data = None, config: Config = None) -> None:
    """The health of every source."""
    from flows.status import show_status

    settings = _settings(data, config)
    known, wrong = _sources(settings)
    show_status(known, settings.data, form, output)
    _tell(wrong)


@sources_app.command("list", epilog="Example:  copydesk sources list --format json")
def list_sources(form: As = Format.TABLE, output: Output = None, config: Config = None) -> None:
    """The configured sources."""
    from flows.shell import write_out

    columns = ("source", "title", "language", "schedule", "inputs", "paused")
    known, wrong = _sources(_settings(None, config))
    rows = [
        (one.id, one.title, one.language, one.schedule, [entry.kind for entry in one.input], one.paused)
        for one in known.values()
    ]
    write_out(form, columns, rows, output)
    _tell(wrong)


@sources_app.command("check", epilog="Example:  copydesk sources check sample")
def check_sources(source: Some = None, config: Config = None) -> None:
    """Validate the configuration and that every input can be read. Exit 2 if not."""
    from flows.check import check

    settings = _settings(None, config)
    raise typer.Exit(check(settings, source or []))


@maintain_app.command("verify", epilog="Example:  copydesk maintain verify --sample 1000")
def verify_warehouse(
    sample: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="Read back N captures of the archive, not all.")
    ] = None,
    data: Data = None,
) -> None:
    """Recount the warehouse: every discovered address in one place, every file and capture whole. Exit 1 if not."""
    from flows.maintain import show_verification

    raise typer.Exit(show_verification(_settings(data, None).data, sample))


@maintain_app.command("clean", epilog="Example:  copydesk maintain clean --data /srv/news")
def clean_warehouse(data: Data = None) -> None:
    """Delete what killed writers left: temporary files that nobody has touched for an hour."""
    from flows.maintain import clean_up

    clean_up(_settings(data, None).data)


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
        _fail(f"{type(error).__name__}: {error}; COPYDESK_DEBUG=1 shows where", 1)
    if code == INTERRUPTED:
        _fail("interrupted; what had landed stays, the next run takes the rest", INTERRUPTED)
    sys.exit(code or 0)


def _fail(sentence: str, code: int) -> NoReturn:
    print(f"copydesk: {sentence}", file=sys.stderr)
    sys.exit(code)


def _settings(data: str | None, config: Path | None) -> Settings:
    from config.settings import load_settings

    return load_settings(data=data, config=config)


def _sources(settings: Settings) -> tuple[dict[str, Source], list[ConfigError]]:
    from config.sources import load_sources

    return load_sources(settings.config)


def _tell(wrong: list[ConfigError]) -> None:
    """Say what is wrong with the configuration, after what could be done without it; exit 2 if anything is."""
    for error in wrong:
        print(f"copydesk: {error}", file=sys.stderr)
    if wrong:
        raise typer.Exit(2)


def _choose(settings: Settings, named: list[str] | None) -> tuple[list[Source], list[ConfigError]]:
    from config.sources import choose_sources

    return choose_sources(settings.config, named or ())
