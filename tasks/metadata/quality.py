"""The number of words in a text, and the quality of a record."""

from __future__ import annotations

import re
from typing import Final

from warehouse.model.records import Article
from warehouse.model.vocabulary import Precision

# An article of fewer words has less than the full signal of length.
FULL_LENGTH_WORDS: Final = 100
SIGNAL_WEIGHTS: Final = {
    "title": 0.2,
    "date": 0.15,
    "credit": 0.1,
    "length": 0.25,
    "language": 0.1,
    "readable": 0.1,
    "prose": 0.1,
}

_SENTENCE_END: Final = re.compile(r"[.!?…。！？।۔؟։။៕๚]['\"”»’)\]」』]*$")
_DATED_PRECISIONS: Final = frozenset({Precision.DAY, Precision.MINUTE, Precision.SECOND})


def rate(article: Article) -> float:
    """Return the quality of a record, 0 to 1: the weighted sum of seven signals, each 0 to 1.

    They are: a title; a date with its day; an author, byline or agency; the length against 100 words; the confidence of
    the language; the share of readable characters (0 at 5 % replacement characters); the share of the text in
    paragraphs that end a sentence.
    """
    signals = {
        "title": float(article.title is not None),
        "date": float(article.published_precision in _DATED_PRECISIONS),
        "credit": float(bool(article.authors or article.by or article.info_sources)),
        "length": min(1.0, article.word_count / FULL_LENGTH_WORDS),
        "language": article.language_confidence,
        "readable": max(0.0, 1 - 20 * article.text.count("\ufffd") / max(1, len(article.text))),
        "prose": _sentence_share(article.text),
    }
    return round(sum(SIGNAL_WEIGHTS[name] * value for name, value in signals.items()), 3)


def _sentence_share(text: str) -> float:
    paragraphs = text.split("\n\n")
    sentences = [paragraph for paragraph in paragraphs if _SENTENCE_END.search(paragraph[-5:])]
    return sum(map(len, sentences)) / max(1, sum(map(len, paragraphs)))
