"""Which lines of a text are its article: chosen together, so that the whole is as right as can be expected."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Container, Iterable, Sequence
from typing import Final

import numpy as np

from tasks.lines import UNSPACED, Line
from tasks.scores import Scores

ALIKE: Final = 0.15
"""Share of words in common of a line that has none to compare."""
LENIENCE: Final = 0.9
"""A missing paragraph is worse than a line too many: what the best threshold is lowered by."""
LEAST_CHANCE: Final = 0.05
MOST_CHANCE: Final = 0.6
"""Between them is the threshold of every text."""
SURE: Final = 0.3
"""The least that the likeliest line of an article has."""
FEWEST_TOKENS: Final = 4
"""Of the shortest article."""

_CONTENT: Final = re.compile(r"[^\W\d_]{5,}")
_PAIR: Final = re.compile("(?=([\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff]{2}))")


def choose_lines(scores: Scores) -> set[int]:
    """The places of the lines that are the article's; none where no line surely is.

    Of all sets of lines those above one threshold are looked at, and the one taken whose expected F1, weighed by
    tokens, is the greatest; it is the same as half of that F1 (Lipton, Elkan and Narayanaswamy, 2014). In a text with
    a clear article every doubtful line goes; where all is doubtful, the likeliest lines stay.
    """
    chance, tokens = scores.chance.astype(np.float64), scores.tokens.astype(np.float64)
    if not len(chance) or chance.max() < SURE:
        return set()
    order = np.argsort(-chance, kind="stable")
    right = (chance * tokens)[order]
    expected = 2 * np.cumsum(right) / np.maximum(1, np.cumsum(tokens[order]) + right.sum())
    threshold = np.clip(expected.max() / 2 * LENIENCE, LEAST_CHANCE, MOST_CHANCE)
    kept = np.flatnonzero(chance >= threshold)
    return set(kept.tolist()) if right.sum() >= FEWEST_TOKENS else set()


def words_of(text: Iterable[Line]) -> Counter[str]:
    """How many lines of a text have each of its longer words; in scripts without spaces each pair of letters."""
    return Counter(word for line in text for word in _content(line))


def likeness(line: Line, words: Container[str]) -> float:
    """The share of a line's longer words that are among `words`."""
    said = _content(line)
    return sum(word in words for word in said) / len(said) if said else ALIKE


def _content(line: Line) -> set[str]:
    text = line.text[:4_000].casefold()
    if text.isascii() or not UNSPACED.search(text):
        return set(_CONTENT.findall(text))
    pairs = {pair[1] for pair in _PAIR.finditer(text)}
    return pairs.union(word for word in _CONTENT.findall(text) if not UNSPACED.search(word))
