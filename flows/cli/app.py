"""The command `copydesk`."""

from __future__ import annotations

import logging
import os
import re
import sys
from pathlib import Path
from typing import Annotated, Any, Final, NoReturn

import typer
import typer.core

from config.errors import ConfigError
from flows.cli import alert as cli_alert
from flows.cli import backfill as cli_backfill
from flows.cli import desk as cli_desk
from flows.cli import export as cli_export
from flows.cli import init as cli_init
from flows.cli import maintain as cli_maintain
from flows.cli import reextract as cli_reextract
from flows.cli import rejects as cli_rejects
from flows.cli import report as cli_report
from flows.cli import run as cli_run
from flows.cli import search as cli_search
from flows.cli import serve as cli_serve
from flows.cli import sources as cli_sources
from flows.cli import sql as cli_sql
from flows.cli import status as cli_status
from flows.cli.console import warn
from flows.cli.hints import begin_command_line
from flows.cli.options import Config, Data, choose, complete_source, read_settings
from warehouse.errors import WarehouseError, unforeseen

# Every import of the pipeline waits inside its command: `--help` and `sql` would pay a second for trafilatura.

PANELS: Final = {
    "Set up": ("init", "sources"),
    "Take in": ("run", "serve", "backfill", "rejects", "reextract"),
    "Read": ("status", "desk", "report", "sql", "search", "export", "extract"),
    "Look after": ("alert", "deploy", "maintain", "forget"),
}
"""The commands in the order of use, as `--help` shows them."""


class GroupedCommands(typer.core.TyperGroup):
    """The commands of `copydesk`, listed in groups, each with its whole summary."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002
        """Write a section of the help for each group."""
        for title, names in PANELS.items():
            with formatter.section(title):
                formatter.write_dl([(name, summary_of(self.commands[name].help or "")) for name in names])


def summary_of(text: str) -> str:
    """Return the first sentence of a help text."""
    return " ".join(text.partition("\n\n")[0].split()).partition(". ")[0].rstrip(".")


app = typer.Typer(
    name="copydesk",
    cls=GroupedCommands,
    help="Raw news articles in, clean records in SQL out.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


app.command("init", epilog=cli_init.EXAMPLES)(cli_init.init)
app.command("run", epilog=cli_run.EXAMPLES)(cli_run.run)
cli_serve.add_to(app)
app.command("alert", epilog="Examples:  copydesk alert   |   copydesk alert --test")(cli_alert.alert)
app.command("reextract", epilog=cli_reextract.EXAMPLES)(cli_reextract.reextract)
app.command("backfill", epilog=cli_backfill.EXAMPLES)(cli_backfill.backfill)
app.command("sql", epilog=cli_sql.EXAMPLES)(cli_sql.sql)
app.command("status", epilog="Examples:  copydesk status   |   copydesk status --wide   |   copydesk status -f json")(
    cli_status.status
)
app.command("desk", epilog=cli_desk.EXAMPLES)(cli_desk.desk)
app.command("report", epilog=cli_report.EXAMPLES)(cli_report.report)
app.command("export", epilog=cli_export.EXAMPLES)(cli_export.export)
app.command("search", epilog=cli_search.EXAMPLES)(cli_search.search)
app.add_typer(cli_rejects.app, name="rejects")
app.add_typer(cli_sources.app, name="sources")
app.command("forget", epilog="Example:  copydesk forget https://news.example/2026/11/a-private-matter")(
    cli_maintain.forget
)
app.add_typer(cli_maintain.app, name="maintain")


MIN_ADDRESS_SPACE_BYTES: Final = 2_000_000_000  # of a process: the libraries alone map about one gigabyte
NOT_READABLE_SCHEME: Final = re.compile(r"(?!(?:https?|file)://)[a-z][a-z0-9+.-]+://")


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
    """Print one clean record a document, as JSON Lines; nothing is stored."""
    from flows.cli.extract import explaining, extract_documents, read_manifest

    settings = read_settings(data, config)
    chosen = choose(settings, [source])[0][0] if source else None
    inputs: list[tuple[str, str | None]] = [(name, None) for name in document or []]
    if manifest is not None:
        inputs += read_manifest(manifest)
    if not inputs or any(not name or NOT_READABLE_SCHEME.match(name) for name, _ in inputs):
        raise typer.BadParameter("name a file, a folder, an address or -; or give --manifest")
    if url is not None:
        if len(inputs) != 1:
            raise typer.BadParameter("--url goes with one document; --manifest names the addresses of many")
        if not url.startswith(("http://", "https://")) or Path(inputs[0][0]).is_dir():
            raise typer.BadParameter("--url is the http or https address of one document")
        inputs = [(inputs[0][0], url)]
    with explaining(html, explain=explain) as show:
        extract_documents(inputs, chosen, settings, show=show)


def _show_version(on: bool) -> None:
    if on:
        from importlib.metadata import version

        print(f"copydesk {version('copydesk')}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", "-V", callback=_show_version, is_eager=True, help="Show the version.")
    ] = False,
    data: Data = None,
    config: Config = None,
) -> None:
    del version
    begin_command_line(data, config)
    # Before the command's name they are what the environment would say, and go under those after it.
    if data is not None:
        os.environ["COPYDESK_DATA"] = data
    if config is not None:
        os.environ["COPYDESK_CONFIG"] = str(config)


class WithoutPandas:
    """Finds no pandas, even where it is installed: pyarrow would import it, for half a second of each command.

    It does so before it makes its first array of a list, and no command has any use for it.
    """

    @staticmethod
    def find_spec(name: str, path: object = None, target: object = None) -> None:  # noqa: ARG004
        """Return None, as a finder that leaves a module to others; refuse pandas."""
        if name == "pandas":
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


def main() -> NoReturn:
    """Run the command line; an error is one sentence on stderr, and never a traceback."""
    _warn_of_memory_limit()
    sys.meta_path.insert(0, WithoutPandas)
    try:
        code = app(prog_name="copydesk", standalone_mode=False)
    except typer.TyperException as error:
        message = error.format_message()
        if message.startswith("Usage:"):
            print(message)
            sys.exit(error.exit_code)
        _fail(f"{message.rstrip('.')}; --help says more", error.exit_code)
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
    if code == cli_sql.INTERRUPTED:
        _fail("interrupted; what had landed stays, the next run takes the rest", cli_sql.INTERRUPTED)
    sys.exit(code or 0)


def _warn_of_memory_limit() -> None:
    """Warn of a low limit on memory: a library of C code that gets none ends the process without a message."""
    if sys.platform == "win32":
        return
    import resource

    limit = resource.getrlimit(resource.RLIMIT_AS)[0]
    if 0 < limit < MIN_ADDRESS_SPACE_BYTES:
        warn(
            f"warning: this process may use {limit // 1_000_000:,} MB of memory, and may end without a"
            f" message; raise the limit to {MIN_ADDRESS_SPACE_BYTES // 1_000_000:,} MB at least (ulimit -v)"
        )


def _fail(sentence: str, code: int) -> NoReturn:
    warn(sentence, logging.ERROR)
    sys.exit(code)
