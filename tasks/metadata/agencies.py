"""News agencies by the names under which articles credit them, in several scripts (`agencies.toml`)."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from pathlib import Path
from typing import Final

from tasks.text.words import UNSPACED

AGENCIES: Final = Path(__file__).with_name("agencies.toml")
_WORD: Final = re.compile(r"\w+")


def find_agencies(text: str) -> tuple[str, ...]:
    """The agencies that a short text names, as printed, in its order, each once."""
    text = text[:1_000]
    # Each of some hundred names would be tried at each word.
    if _first_words().isdisjoint(_words(text)) and not UNSPACED.search(text):
        return ()
    return tuple(dict.fromkeys(found[0] for found in _pattern().finditer(text)))


def _words(text: str) -> list[str]:
    # A pattern without case takes both Turkish letters for `i`.
    return _WORD.findall(text.replace("İ", "i").replace("ı", "i").casefold())


@cache
def _names() -> frozenset[str]:
    table = tomllib.loads(AGENCIES.read_text("utf-8"))
    return frozenset(name for known, others in table.items() for name in (known, *others))


@cache
def _first_words() -> frozenset[str]:
    return frozenset(_words(name)[0] for name in _names())


@cache
def _pattern() -> re.Pattern[str]:
    # The longest first: of `AFP` and `dpa/AFP` each is found, of `AP` in `AP通信` the whole name.
    longest = sorted(_names(), key=lambda name: (-len(name), name))
    unspaced = "|".join(re.escape(name) for name in longest if UNSPACED.search(name))
    # All behind one condition, or each of some hundred names would be tried at each character.
    words = "|".join(_cased(name) for name in longest if not UNSPACED.search(name))
    return re.compile(rf"{unspaced}|(?<!\w)(?:{words})(?!\w)")


def _cased(name: str) -> str:
    # `AP`, `TT` and `PA` are words in other languages once they are not in capitals.
    return re.escape(name) if name.isupper() or len(name) <= 4 else f"(?i:{re.escape(name)})"  # noqa: PLR2004
