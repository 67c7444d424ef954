"""The shell of `copydesk sql`: history, completion, and commands that begin with a point."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from config.errors import ConfigError
from flows.cli.columns import write_columns
from flows.cli.console import warn
from flows.cli.output import BINARY, Format, choose_format
from flows.cli.query import Session
from warehouse.connect import rows
from warehouse.definitions import MACROS, VIEWS
from warehouse.errors import WarehouseError
from warehouse.wording import count_of

if TYPE_CHECKING:
    from prompt_toolkit import PromptSession

HELP: Final = """A statement ends with ; and may take several lines; it reads, as SELECT, FROM, DESCRIBE and SHOW do.
.tables         the views there are
.schema VIEW    its columns, and what they mean
.format F       table, csv, csv-excel, json, jsonl or markdown
.output FILE    write the next results to files; the ending decides the format; alone: to the terminal again
.read FILE      run the statements of a file
.timer on|off   how long each query took
.help           this
.quit           leave, as exit and Ctrl-D do"""
WORD: Final = re.compile(r"\w+(?:\.(?!\S))?|\.(?!\S)")
"""What Tab completes, from its last character to its first: a name, or a command with its point."""
WORDS: Final = {"exit": ".quit", "quit": ".quit", "help": ".help", ".exit": ".quit", ".views": ".tables"}
"""What people type who know another shell."""


class Shell:
    """A session at the terminal; the format, the output file and the timer are its state."""

    def __init__(self, session: Session, form: Format, output: Path | None) -> None:
        self.session: Final = session
        self.form = form
        self.output = output
        self.timer = False
        self.commands: Final[dict[str, Callable[[str], None]]] = {
            ".tables": lambda _: print(", ".join(self._views())),
            ".schema": self._schema,
            ".format": self._format,
            ".output": self._output,
            ".read": self._read,
            ".timer": self._timer,
            ".help": lambda _: print(HELP),
        }

    def run(self) -> None:
        """Run statements and commands until the terminal ends or `.quit` is typed."""
        print(f"Views: {', '.join(self._views())}. Statements end with ; and .help tells the rest.")
        for statement in _statements(self._prompt()):
            try:
                if statement.startswith("."):
                    self._command(statement)
                else:
                    self._execute(statement)
            except (WarehouseError, ConfigError) as error:
                warn(error)
            except KeyboardInterrupt:
                warn("the query was interrupted")

    def _command(self, line: str) -> None:
        name, _, argument = line.removesuffix(";").partition(" ")
        if name not in self.commands:
            raise ConfigError(f"{name}: no such command; .help lists them")
        self.commands[name](argument.strip())

    def _execute(self, statement: str) -> None:
        began = time.monotonic()
        count = self.session.write(statement, self.form, self.output)
        if self.form is Format.TABLE or self.output is not None:
            took = f", {time.monotonic() - began:.2f} s" if self.timer else ""
            target = f" written to {self.output}" if self.output else ""
            print(f"({count_of(count, 'row')}{target}{took})")

    def _views(self) -> list[str]:
        return [*VIEWS, *self.session.own_views]

    def _schema(self, view: str) -> None:
        if view:
            write_columns(self.session.connection, view, Format.TABLE, None)
        else:
            print(".schema VIEW shows columns; the views are", ", ".join(self._views()))

    def _format(self, name: str) -> None:
        forms = sorted(set(Format) - BINARY)
        if name not in forms:
            raise ConfigError(f"a format is one of {', '.join(forms)}; .output FILE writes parquet and xlsx")
        self.form = Format(name)

    def _output(self, name: str) -> None:
        if not name:
            self.form, self.output = Format.TABLE, None
            return
        path = Path(name).expanduser()
        self.form, self.output = choose_format(None, path), path

    def _read(self, name: str) -> None:
        try:
            text = Path(name).expanduser().read_text("utf-8")
        except (OSError, UnicodeDecodeError):
            raise ConfigError(f"{name or '.read'}: not a readable file; write .read FILE") from None
        for statement in self.session.statements(text):
            self._execute(statement)

    def _timer(self, switch: str) -> None:
        self.timer = {"on": True, "off": False}.get(switch, not self.timer)
        print(f"timer {'on' if self.timer else 'off'}")

    def _prompt(self) -> PromptSession[str]:
        from prompt_toolkit import PromptSession
        from prompt_toolkit.completion import WordCompleter
        from prompt_toolkit.history import FileHistory, InMemoryHistory

        path = Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state") / "copydesk" / "sql_history"
        completer = WordCompleter(self._completions, ignore_case=True, pattern=WORD)
        history: Any = InMemoryHistory()
        with suppress(OSError):  # the folder of the user's state need not be writable
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
            history = FileHistory(str(path))
        return PromptSession(history=history, completer=completer, complete_while_typing=False)

    def _completions(self) -> list[str]:
        """Return the words that Tab offers: commands, views, columns and the keywords of SQL."""
        connection = self.session.connection
        columns = rows(connection, "SELECT DISTINCT column_name FROM duckdb_columns() WHERE NOT internal ORDER BY 1")
        keywords = rows(connection, "SELECT upper(keyword_name) FROM duckdb_keywords() ORDER BY 1")
        return [
            *self.commands,
            *self._views(),
            *MACROS,
            *(name for (name,) in columns),
            *(word for (word,) in keywords),
        ]


def _statements(prompt: PromptSession[str]) -> Iterator[str]:
    """Yield each statement up to its semicolon, and each command, until the terminal ends."""
    lines: list[str] = []
    while True:
        try:
            line = prompt.prompt("...> " if lines else "sql> ")
        except EOFError:
            return
        except KeyboardInterrupt:
            lines = []
            continue
        word = line.strip().removesuffix(";").strip()
        name, _, argument = word.partition(" ")
        command = WORDS.get(name.lower(), name) if not lines and (not argument or name.startswith(".")) else ""
        if command == ".quit":
            return
        if command.startswith("."):
            yield f"{command} {argument}".strip()
        elif line.strip() or lines:
            lines.append(line)
            if line.rstrip().endswith(";"):
                yield "\n".join(lines)
                lines = []
