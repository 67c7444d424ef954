"""Tokens: what of a text the search index holds, the same for a text and for a query.

A word is folded: case, accents, forms of one letter. Scripts that are written without spaces, and Hangul, become pairs
of neighbouring characters, which a phrase finds again in their order.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import cache, lru_cache
from itertools import chain
from typing import Final

VERSION: Final = 1
"""Of the analysis: an index of another one is built anew."""
MAX_TOKEN_CHARACTERS: Final = 100
MAX_REMEMBERED_CHARACTERS: Final = 30
"""Of a word whose tokens are remembered: most words of a text are those of others."""
UNSPACED: Final = (
    r"\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
    r"\uff66-\uff9f\u1100-\u11ff\u3130-\u318f\uac00-\ud7af\U00020000-\U0003ffff々〆"
)
"""Thai, Lao, Burmese, Khmer, Kana, Han and Hangul, as the inside of a class of a regular expression."""
PARTS: Final = re.compile(f"[{UNSPACED}]+|[^{UNSPACED}]+")
DROPPED: Final = re.compile(
    r"[\u0300-\u036f\u0591-\u05c7\u0610-\u061a\u0640\u064b-\u065f\u0670\u06d6-\u06ed\u200c\u200d]"
)
"""Accents, the points of Hebrew, the vowel signs of Arabic, its stretching line, and joiners."""
SAME_LETTERS: Final = str.maketrans("ıđłøىیکهٱةی", "idloيي" + "كهاهي")


@cache
def words_pattern() -> re.Pattern[str]:
    """Return the pattern of a word: letters, digits and the marks that belong to them."""
    marks = "".join(chr(code) for code in range(0x300, 0xFFFF) if unicodedata.category(chr(code)) in ("Mn", "Mc"))
    return re.compile(rf"[^\W_][^\W_{marks}\u200c\u200d]*(?:[{marks}\u200c\u200d]+[^\W_]*)*")


def fold(text: str) -> str:
    """Return a text without differences of case, accents and forms of a letter."""
    if text.isascii():
        return text.lower()
    decomposed = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", text).casefold())
    return unicodedata.normalize("NFC", DROPPED.sub("", decomposed)).translate(SAME_LETTERS)


def tokens(text: str) -> Iterator[str]:
    """Return the tokens of a text in their order."""
    words = words_pattern().findall(text)
    return chain.from_iterable(
        _short_word_tokens(word) if len(word) <= MAX_REMEMBERED_CHARACTERS else word_tokens(word) for word in words
    )


def word_tokens(word: str) -> tuple[str, ...]:
    """Return the tokens of one word: itself, or the pairs of characters where its script has no spaces."""
    folded = fold(word)
    if folded.isascii():
        return (folded[:MAX_TOKEN_CHARACTERS],) if folded else ()
    result: list[str] = []
    for part in PARTS.findall(folded):
        if len(part) > 1 and is_unspaced(part):
            result += [part[at : at + 2] for at in range(len(part) - 1)]
        else:
            result.append(part[:MAX_TOKEN_CHARACTERS])
    return tuple(result)


_short_word_tokens = lru_cache(maxsize=50_000)(word_tokens)


def is_unspaced(text: str) -> bool:
    """Return whether a folded text begins in a script that is indexed by pairs of characters."""
    return re.match(f"[{UNSPACED}]", text) is not None
