"""The terminal: lines for people on stderr, and the console that rich draws on."""

from __future__ import annotations

import logging
import sys
from typing import IO, TYPE_CHECKING, Final

from config.redact import redact
from flows.cli.hints import with_options
from flows.formats.values import on_one_line
from flows.scheduling.service_log import log_event, writes_json

if TYPE_CHECKING:
    from rich.console import Console

PIPE_WIDTH: Final = 240  # columns of what goes to a file or pipe, where no terminal says how many there are


def warn(message: object, level: int = logging.WARNING) -> None:
    """Print one line to stderr, after the name of the program; passwords in URLs are taken out.

    Where the log is JSON it is a line of the log, of that level.
    """
    if writes_json():
        log_event("problem", with_options(str(message)), level=level)
        return
    show(f"copydesk: {message}", sys.stderr)


def show(sentence: str, stream: IO[str] | None = None) -> None:
    """Print a sentence as one line, to stdout unless said; it may hold the name of a foreign file or address."""
    print(on_one_line(with_options(redact(sentence))), file=stream or sys.stdout, flush=True)


def console(stream: IO[str] | None = None, *, stderr: bool = False) -> Console:
    """Return a console that colours on a terminal only and never wraps what goes elsewhere."""
    from rich.console import Console

    terminal = Console(file=stream, stderr=stderr, highlight=False, markup=False, emoji=False)
    if terminal.is_terminal:
        return terminal
    return Console(file=stream, stderr=stderr, highlight=False, markup=False, emoji=False, width=PIPE_WIDTH)
