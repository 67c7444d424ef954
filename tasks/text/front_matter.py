"""Front matter: YAML or TOML at the head of a Markdown text, in which its author states title, date and tags."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from datetime import date, time
from typing import Any, Final

import yaml

MAX_FRONT_MATTER_LINES: Final = 200
MAX_FRONT_MATTER_CHARACTERS: Final = 10_000
"""Both readers take time that grows faster than the text; longer front matter is text."""
# Brackets in front matter that a parser is given; PyYAML looks at all open ones for each sign.
MAX_COLLECTIONS: Final = 100
MAX_VALUES: Final = 200
"""Of one key. An alias may name a list of aliases, and so on: a few lines of YAML stand for billions of values."""

_ASSIGNMENTS: Final = {"---": ":", "+++": "="}
_NAMES: Final = ("name", "url")
"""What stands for a mapping, as in `author: {name: Ada, email: …}`."""


def split_front_matter(lines: list[str]) -> tuple[dict[str, tuple[str, ...]], list[str]]:
    """Split a text's lines into the values of its front matter, by key in lower case, and the lines below it.

    Front matter stands between two lines `---` (YAML) or `+++` (TOML); without an end, or without keys, it is text.
    Values are as printed. If the block cannot be parsed, its lines `key: value` (TOML: `key = value`) still count.
    """
    fence = lines[0].rstrip() if lines else ""
    end = next((n for n, line in enumerate(lines[1:MAX_FRONT_MATTER_LINES], 1) if line.rstrip() == fence), 0)
    block = "\n".join(lines[1:end])
    if fence not in _ASSIGNMENTS or not end or len(block) > MAX_FRONT_MATTER_CHARACTERS:
        return {}, lines
    mapping = _parse(block, fence)
    if mapping is None:
        return {}, lines
    values = {str(key).lower(): _values(value) for key, value in mapping.items()}
    return {key: texts for key, texts in values.items() if texts}, lines[end + 1 :]


def _parse(block: str, fence: str) -> Mapping[Any, Any] | None:
    """Parse a block; None if it is no mapping of keys to values."""
    if block.count("[") + block.count("{") > MAX_COLLECTIONS:
        return _parse_lines(block.split("\n"), _ASSIGNMENTS[fence]) or None
    try:
        # The base loader makes no objects and leaves each value as printed: `no` a language, `1.10` a version.
        parsed = tomllib.loads(block) if fence == "+++" else yaml.load(block, yaml.BaseLoader)  # noqa: S506
    except (yaml.YAMLError, tomllib.TOMLDecodeError, ValueError, RecursionError):
        parsed = _parse_lines(block.split("\n"), _ASSIGNMENTS[fence])
    return parsed if isinstance(parsed, Mapping) and parsed else None


def _parse_lines(lines: list[str], assignment: str) -> dict[str, Any]:
    """Parse front matter that is neither YAML nor TOML, such as `title: Bridge: the wait`, a line at a time."""
    mapping = {}
    for line in lines:
        key, sign, value = line.partition(assignment)
        if sign and key.strip().replace("-", "_").isidentifier() and (text := value.strip()):
            is_list = text.startswith("[") and text.endswith("]")
            parts = text[1:-1].split(",") if is_list else [text]
            mapping[key.strip()] = [part.strip().strip("\"'") for part in parts]
    return mapping


def _values(value: Any) -> tuple[str, ...]:
    """Return the scalars of a value in their order, as printed; a mapping's is its name or address."""
    values = []
    waiting = [value]
    for _ in range(MAX_VALUES):
        if not waiting:
            break
        value = waiting.pop()
        if isinstance(value, list):
            waiting.extend(reversed(value[:MAX_VALUES]))
        elif isinstance(value, Mapping):
            waiting.append(next((value[name] for name in _NAMES if name in value), None))
        elif isinstance(value, date | time):
            values.append(value.isoformat())
        elif isinstance(value, str | int | float):
            values.append(str(value).strip())
    return tuple(filter(None, values))
