"""Names of persons in scripts without capitals: they are known by their length only, so where one stands must agree."""

from __future__ import annotations

import re
from typing import Final

MAX_NAME_CHARACTERS: Final = 60
MAX_NAME_WORDS: Final = 4

# Not one that ends as the names of outlets, offices and places do.
_HAN_NAME: Final = re.compile(r"[一-鿿]{2,3}\s?[一-鿿]{1,2}(?<![社網网報报道聞闻信部局会會市県縣县省])")
# With vowel signs, which are no letters.
_WORDS: Final = re.compile(r"[\u0590-\u0dff\u10a0-\u10ff\s]+")
_PLACE_BEHIND: Final = re.compile(r"\s?[,،].*")


def is_han_name(text: str) -> bool:
    """Return whether a text may be a name of Japan or China."""
    return _HAN_NAME.fullmatch(text) is not None


def is_uncased_name(text: str) -> bool:
    """Return whether a text may be a name of a script with spaces and without capitals; a place may follow it."""
    name = _PLACE_BEHIND.sub("", text[:MAX_NAME_CHARACTERS])
    word_count = len(name.split())
    return len(text) <= MAX_NAME_CHARACTERS and 1 < word_count <= MAX_NAME_WORDS and _WORDS.fullmatch(name) is not None
