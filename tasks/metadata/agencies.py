"""News agencies, by the names under which articles credit them (`agencies.toml`)."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from pathlib import Path
from typing import Final

from tasks.text.words import UNSPACED

AGENCIES: Final = Path(__file__).with_name("agencies.toml")
MAX_TEXT_CHARACTERS: Final = 1_000
# A longer name is no word of another language, whatever its case.
MAX_CASED_NAME_CHARACTERS: Final = 4

_WORD: Final = re.compile(r"\w+")


def find_agencies(text: str) -> tuple[str, ...]:
    """Return the news agencies named in the first 1,000 characters of a text, as printed, in its order, each once."""
    text = text[:MAX_TEXT_CHARACTERS]
    # The pattern would try each of some hundred names at each word.
    if _first_words().isdisjoint(_words(text)) and not UNSPACED.search(text):
        return ()
    return tuple(dict.fromkeys(match[0] for match in _pattern().finditer(text)))


def _words(text: str) -> list[str]:
    # A pattern without case takes both Turkish letters for `i`.
    return _WORD.findall(text.replace("İ", "i").replace("ı", "i").casefold())


@cache
def _names() -> frozenset[str]:
    table = tomllib.loads(AGENCIES.read_text("utf-8"))
    return frozenset(name for main_name, other_names in table.items() for name in (main_name, *other_names))


@cache
def _first_words() -> frozenset[str]:
    return frozenset(_words(name)[0] for name in _names())


@cache
def _pattern() -> re.Pattern[str]:
    # The longest first: in `AP通信` the whole name matches, not `AP`.
    longest = sorted(_names(), key=lambda name: (-len(name), name))
    unspaced = "|".join(re.escape(name) for name in longest if UNSPACED.search(name))
    # One condition before all names: else each of some hundred would be tried at each character.
    words = "|".join(_name_pattern(name) for name in longest if not UNSPACED.search(name))
    return re.compile(rf"{unspaced}|(?<!\w)(?:{words})(?!\w)")


def _name_pattern(name: str) -> str:
    # `AP`, `TT` and `PA` are words in other languages once they are not in capitals.
    return re.escape(name) if name.isupper() or len(name) <= MAX_CASED_NAME_CHARACTERS else f"(?i:{re.escape(name)})"
