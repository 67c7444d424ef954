"""How good a record is: one figure from what it states and how it reads."""

from __future__ import annotations

import re
from typing import Final

from warehouse.model.records import Article
from warehouse.model.vocabulary import Precision

ENOUGH_WORDS: Final = 100
WEIGHTS: Final = {
    "title": 0.2,
    "date": 0.15,
    "credit": 0.1,
    "length": 0.25,
    "language": 0.1,
    "readable": 0.1,
    "prose": 0.1,
}

_SENTENCE_END: Final = re.compile(r"[.!?…。！？।۔؟։။៕๚]['\"”»’)\]」』]*$")
_DAY_OR_BETTER: Final = frozenset({Precision.DAY, Precision.MINUTE, Precision.SECOND})


def rate(article: Article) -> float:
    """0 to 1: the weighted sum of seven signals, each 0 to 1, so that a better signal never lowers it.

    Title present; date with its day; author, byline or agency; length against 100 words; confidence of the
    language; characters that could be read (none at 5 % replacement characters); share of the text in paragraphs
    that end a sentence.
    """
    signals = {
        "title": float(article.title is not None),
        "date": float(article.published_precision in _DAY_OR_BETTER),
        "credit": float(bool(article.authors or article.by or article.info_sources)),
        "length": min(1.0, article.word_count / ENOUGH_WORDS),
        "language": article.language_confidence,
        "readable": max(0.0, 1 - 20 * article.text.count("\ufffd") / max(1, len(article.text))),
        "prose": _prose(article.text),
    }
    return round(sum(WEIGHTS[name] * value for name, value in signals.items()), 3)


def _prose(text: str) -> float:
    paragraphs = text.split("\n\n")
    whole = sum(map(len, paragraphs))
    return sum(len(paragraph) for paragraph in paragraphs if _SENTENCE_END.search(paragraph[-5:])) / max(1, whole)
