"""The shell of `copydesk sql`, with the history of what was typed before."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Final

from config.settings import Settings
from flows.cli.console import warn
from flows.cli.output import Format, write_rows
from flows.cli.sql import column_names, fetched_rows, interruptible
from warehouse.connect import ask, locked
from warehouse.definitions import VIEWS
from warehouse.errors import QueryError

MAX_HISTORY_LINES: Final = 1_000
HELP: Final = """A statement ends with ; and may take several lines; it reads, as SELECT, FROM, DESCRIBE and SHOW do.
.views     the views there are
.format F  table, csv, csv-excel, json, jsonl or markdown
.help      this
.quit      leave, as Ctrl-D does"""


def shell(settings: Settings, form: Format) -> None:
    """Run statements from the terminal until it ends."""
    with locked(settings.data, settings.sql_memory, settings.sql_spill) as connection:
        print(f"Views: {', '.join(VIEWS)}. Statements end with ; and .help tells the rest.")
        with _History():
            for statement in _statements():
                if statement.startswith("."):
                    form = _command(statement, form)
                    continue
                try:
                    result = interruptible(connection, partial(ask, connection, statement))
                    write_rows(form, column_names(result), fetched_rows(result), sys.stdout)
                except QueryError as error:
                    warn(error)
                except KeyboardInterrupt:
                    warn("the query was interrupted")


def _statements() -> Iterator[str]:
    lines: list[str] = []
    while True:
        try:
            line = input("...> " if lines else "sql> ")
        except EOFError:
            print()
            return
        except KeyboardInterrupt:
            print()
            lines = []
            continue
        if not lines and line.strip() in (".quit", ".exit"):
            return
        if not lines and line.startswith("."):
            yield line.strip()
        elif line.strip() or lines:
            lines.append(line)
            if line.rstrip().endswith(";"):
                yield "\n".join(lines)
                lines = []


def _command(command: str, form: Format) -> Format:
    name, _, argument = command.partition(" ")
    if name == ".views":
        print(", ".join(VIEWS))
    elif name == ".format" and argument in set(Format) - {Format.PARQUET}:
        return Format(argument)
    else:
        print(HELP)
    return form


class _History:
    """The lines typed before, in a file of the user's state, which need not be writable; a context manager."""

    def __enter__(self) -> None:
        with suppress(ImportError, OSError):
            import readline

            readline.read_history_file(self._file())

    def __exit__(self, *_: object) -> None:
        with suppress(ImportError, OSError):
            import readline

            self._file().parent.mkdir(parents=True, exist_ok=True)
            readline.set_history_length(MAX_HISTORY_LINES)
            readline.write_history_file(self._file())

    @staticmethod
    def _file() -> Path:
        state = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
        return Path(state) / "copydesk" / "sql_history"
