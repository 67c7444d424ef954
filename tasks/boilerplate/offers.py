"""Lines in which a site speaks to its readers, offers, notices and reserved rights, known by a phrase inside them."""

from __future__ import annotations

import re
from collections import defaultdict
from functools import cache
from typing import Final, NamedTuple

from tasks.boilerplate.cues import phrases_of

OFFER: Final = "offer"
RIGHTS: Final = "rights"
MIN_OFFER_WORDS: Final = 3
MAX_OFFER_WORDS: Final = 60
# The addresses to which readers write.
_DESK: Final = re.compile(
    r"(?<![\w.])(?:reda[kc]\w{2,6}|rédaction|leserbriefe|news(?:desk|room)|letters|editor|feedback|korre[kc]tur\w*"
    r"|toimitus|szerk\w*)@",
    re.IGNORECASE,
)
# `our free newsletter`, `unseren WhatsApp-Kanal`, in folded text; the regular expression takes longer than the words.
_SERVICES: Final = ("newsletter", "nyhetsbrev", "nieuwsbrief", "hírlev", "рассылк", "whatsapp", "telegram", "телеграм")
_OWN_SERVICE: Final = re.compile(
    r"(?<!\w)(?:our|unser\w{0,2}|notre|nos|nuestr[oa]s?|nostr[oai]|noss[oa]|onze|vårt?|vores|nasz\w{0,3}|naš\w{0,2}|наш\w{0,2})"
    r"\s(?:[\w-]+\s){0,2}?(?:newsletter|nyhetsbrev|nieuwsbrief|рассылк|(?:whatsapp|telegram|телеграм)[\s-]{0,2}(?:channel|k[aа]n[aа]"
    r"|канал|group|grupp)|(?:canale?|chaîne|канал\w*|kanał\w*)\s(?:\w+\s)?«?(?:whatsapp|telegram|телеграм))"
    r"|(?:whatsapp|telegram)\skanalımız|hírlevelünk"
)

_NO_KINDS: Final = frozenset[str]()
_OFFER_ALONE: Final = frozenset({OFFER})
# Letters of Thai, Kana, Han and Hangul.
_EASTERN: Final = re.compile("[\u0e00-\u0fff\u3040-\ud7af]")


class _Phrases(NamedTuple):
    """Phrases that stand anywhere in a line, by a word that a line must have for one of them."""

    kinds: dict[str, str]
    by_word: dict[str, list[str]]
    """Those of several words, by the longest behind which no mark can stand."""
    single: tuple[str, ...]
    """Those of one word, or in a script without spaces."""
    western: tuple[str, ...]
    """Those of `single` in other letters than the Far East's."""


def find_inner_kinds(text: str) -> frozenset[str]:
    """Return the kinds of the phrases in a line that stand anywhere in it: `offer`, `rights`.

    The address of a desk is an offer to write to it.
    """
    if "@" in text and _DESK.search(text):
        return _OFFER_ALONE
    phrases = _phrases()
    folded = text.casefold().replace("’", "'")
    # Every line is looked up here; looking for all phrases takes ten times as long.
    if any(map(folded.__contains__, _SERVICES)) and _OWN_SERVICE.search(folded):
        return _OFFER_ALONE
    words = phrases.by_word.keys() & folded.split()
    if not words and text.isascii():
        return _NO_KINDS
    inside = [phrase for word in words for phrase in phrases.by_word[word] if phrase in folded]
    if not text.isascii():
        single = phrases.single if _EASTERN.search(text) else phrases.western
        inside += [phrase for phrase in single if phrase in folded]
    return frozenset(phrases.kinds[phrase] for phrase in inside) if inside else _NO_KINDS


def makes_offer(text: str, word_count: float) -> bool:
    """Return whether a line has a phrase that only a site's words to its readers have: `straight to your inbox`."""
    return MIN_OFFER_WORDS <= word_count <= MAX_OFFER_WORDS and OFFER in find_inner_kinds(text)


@cache
def _phrases() -> _Phrases:
    kinds = {phrase.casefold(): kind for kind in (OFFER, RIGHTS) for phrase in phrases_of(kind)}
    by_word: dict[str, list[str]] = defaultdict(list)
    single: list[str] = []
    for phrase in kinds:
        words = phrase.split()
        if len(words) > 1:
            by_word[max(words[1:-1] or words[:1], key=len)].append(phrase)
        else:
            single.append(phrase)
    western = (phrase for phrase in single if not _EASTERN.search(phrase))
    return _Phrases(kinds, dict(by_word), tuple(single), tuple(western))
