"""Commands that sentences tell: they repeat --data and --config, without which they would look elsewhere."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Final

_options: Final[dict[str, str]] = {}
# A sentence may also speak of a command that nobody is to call, such as `serve`.
_COMMAND: Final = re.compile(r"'copydesk ((?:sources check|run|rejects|extract|search|maintain|forget)\b[^'\n]*)'")


def remember_options(data: str | None, config: Path | None) -> None:
    """Remember what the command line says of the data root and the configuration."""
    _options.update({name: str(value) for name, value in (("--data", data), ("--config", config)) if value is not None})


def begin_command_line(data: str | None, config: Path | None) -> None:
    """Remember the options before the name of a command; those of an earlier command line in this process are gone."""
    _options.clear()
    remember_options(data, config)


def with_options(sentence: str) -> str:
    """Return a sentence whose commands, in quotation marks, repeat the options that were given."""
    return _COMMAND.sub(lambda match: f"'{command(match[1])}'", sentence)


def command(words: str) -> str:
    """Return a call of copydesk with the options that were given."""
    return " ".join(["copydesk", words, *(f"{name} {shlex.quote(value)}" for name, value in _options.items())])
