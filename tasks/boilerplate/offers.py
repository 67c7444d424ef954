"""Lines in which a site speaks to its readers: offers, notices and requests, known by a phrase inside them."""

from __future__ import annotations

from collections import defaultdict
from functools import cache
from typing import Final, NamedTuple

from tasks.boilerplate.cues import phrases_of

MIN_OFFER_WORDS: Final = 3
MAX_OFFER_WORDS: Final = 60


class _Phrases(NamedTuple):
    """The phrases of offers, by a word that a line must have for one of them."""

    by_word: dict[str, list[str]]
    """Those of several words, by the longest behind which no mark can stand."""
    single: tuple[str, ...]
    """Those of one word, or in a script without spaces."""


def makes_offer(text: str, word_count: float) -> bool:
    """Return whether a line has a phrase that only a site's words to its readers have: `straight to your inbox`."""
    if not MIN_OFFER_WORDS <= word_count <= MAX_OFFER_WORDS:
        return False
    phrases = _phrases()
    folded = text.lower().replace("’", "'")
    # Every long line is looked up here; looking for all phrases takes ten times as long.
    if not (words := phrases.by_word.keys() & folded.split()) and text.isascii():
        return False
    if any(phrase in folded for word in words for phrase in phrases.by_word[word]):
        return True
    return not text.isascii() and any(map(folded.__contains__, phrases.single))


@cache
def _phrases() -> _Phrases:
    by_word: dict[str, list[str]] = defaultdict(list)
    single: list[str] = []
    for phrase in map(str.lower, phrases_of("offer")):
        words = phrase.split()
        if len(words) > 1:
            by_word[max(words[1:-1] or words[:1], key=len)].append(phrase)
        else:
            single.append(phrase)
    return _Phrases(dict(by_word), tuple(single))
