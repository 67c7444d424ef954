"""The command `copydesk`."""

from __future__ import annotations

import logging
import os
import sys
from typing import Annotated, Any, Final, NoReturn

import typer
import typer.core

from config.errors import ConfigError
from flows.cli import (
    alert,
    backfill,
    deploy,
    desk,
    export,
    extract,
    forget,
    init,
    maintain,
    reextract,
    rejects,
    report,
    run,
    search,
    serve,
    sources,
    sql,
    status,
)
from flows.cli.console import warn
from flows.cli.hints import begin_command_line
from flows.cli.options import Config, Data
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


app.command("init", epilog=init.EXAMPLES)(init.init)
app.command("run", epilog=run.EXAMPLES)(run.run)
app.command("serve", epilog=serve.EXAMPLES)(serve.serve)
app.command("deploy", epilog=deploy.EXAMPLES)(deploy.deploy)
app.command("alert", epilog=alert.EXAMPLES)(alert.alert)
app.command("reextract", epilog=reextract.EXAMPLES)(reextract.reextract)
app.command("backfill", epilog=backfill.EXAMPLES)(backfill.backfill)
app.command("sql", epilog=sql.EXAMPLES)(sql.sql)
app.command("status", epilog=status.EXAMPLES)(status.status)
app.command("desk", epilog=desk.EXAMPLES)(desk.desk)
app.command("report", epilog=report.EXAMPLES)(report.report)
app.command("export", epilog=export.EXAMPLES)(export.export)
app.command("search", epilog=search.EXAMPLES)(search.search)
app.command("extract", epilog=extract.EXAMPLES)(extract.extract)
app.command("forget", epilog=forget.EXAMPLES)(forget.forget)
app.add_typer(rejects.app, name="rejects")
app.add_typer(sources.app, name="sources")
app.add_typer(maintain.app, name="maintain")

MIN_ADDRESS_SPACE_BYTES: Final = 2_000_000_000  # of a process: the libraries alone map about one gigabyte


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
        message = error.format_message().replace("Value error, ", "").replace("Input should be", "must be")
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
    if code == sql.INTERRUPTED:
        _fail("interrupted; what had landed stays, the next run takes the rest", sql.INTERRUPTED)
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
