"""Read a TOML file; what is wrong with one is told by its line and its cure, and never with the line's own text."""

from __future__ import annotations

import codecs
import re
import tomllib
from pathlib import Path
from typing import Any, Final

from config.errors import ConfigError

_LINE: Final = re.compile(r"\(at (?:line (\d+), column \d+|end of document)\)")
_CURLY_QUOTES: Final = re.compile("[\u2018-\u201f\u00ab\u00bb]")
_KEY_CURE: Final = 'write key = value, as in title = "Example News"'
# The parser's own words, and what an editor does about it.
_CURES: Final = (
    ("illegal character '\\n'", "a text has no closing quotation mark"),
    ("unterminated string", "a text has no closing quotation mark"),
    ("unescaped '\\' in a string", "a backslash in a text; put the text in single quotation marks, as in 'C:\\news'"),
    ("invalid hex value", "a backslash in a text; put the text in single quotation marks, as in 'C:\\news'"),
    ("cannot overwrite a value", "this key stands in the file twice; remove one"),
    ("cannot declare", "this table stands in the file twice; put its keys together"),
    ("cannot mutate", "this table stands in the file twice, or once as [name] and once as [[name]]"),
    ("expected '=' after a key", _KEY_CURE),
    ("invalid statement", _KEY_CURE),
    ("unclosed array", "a list has no closing bracket ]"),
    ("expected ']", "a bracket ] is missing"),
    (
        "invalid value",
        'a text stands in quotation marks, as in title = "Example News"; other values are numbers, true, false',
    ),
)


def read_toml(path: Path) -> dict[str, Any]:
    """Return the content of a TOML file, with or without a byte order mark. Raises `ConfigError`; OSError if absent."""
    content = path.read_bytes()
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise _error(path, "the file is saved as UTF-16; save it as UTF-8")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        number = content.count(b"\n", 0, error.start) + 1
        raise _error(path, f"line {number} has a letter that is not in UTF-8; save the file as UTF-8") from None
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise _error(path, _explain(str(error), text)) from None


def _explain(message: str, text: str) -> str:
    lines = text.splitlines()
    position = _LINE.search(message)
    number = int(position[1]) if position and position[1] else max(len(lines), 1)
    line = lines[number - 1] if number <= len(lines) else ""
    if _CURLY_QUOTES.search(line):
        return f'line {number}: use straight quotation marks, as in title = "Example News"'
    lowered = message.lower()
    cure = next((cure for words, cure in _CURES if words in lowered), None)
    return f"line {number}: {cure or _LINE.sub('', lowered).strip()}"


def _error(path: Path, problem: str) -> ConfigError:
    return ConfigError(f"{path}: not readable as TOML: {problem}", path)
