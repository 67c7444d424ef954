"""How much each line of a text reads like prose: the one place to change for a trained model."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import Final

from tasks.lines import Line
from warehouse.records import LineReason

PROSE: Final = 0.5
"""A score above it is prose."""
REPEATED: Final = -0.8
"""At most, of a line that the text has more than once."""
HEADING: Final = -1.0
"""At most, of a line that says what other lines follow it."""
INTERRUPTION: Final = (-0.6, -0.3)
"""Least and most, of a line that says what it is and nothing of others."""
BULLET: Final = -0.4
ANNOUNCING: Final = 8
"""Words of the shortest sentence that ends with a colon."""
LONGEST: Final = 3.0
"""Score of the longest paragraph."""
GOES_ON: Final = (",", ";", "،", "，", "、", "—")
"""Ends of a line that the next one continues."""
LEAST_VERSE: Final = 3
"""Words of the shortest line that may go on in the next one, as verses do."""
SHORT: Final = 5
MIDDLING: Final = 12
LONG: Final = 22
"""Words from which a line without an end is more often a paragraph than a headline."""
TITLE_CASE: Final = 0.4
"""Share of words with a capital from which a long line is a menu."""

_READ: Final = 2_000
"""Characters of a line that tell what it is."""
_NO_FULL_STOP: Final = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff]")
_WORD: Final = re.compile(r"\w+")
_CAPITALISED: Final = re.compile(r"\b[^\W\d_a-zà-ÿа-я]\w*")
_INNER_SIGN: Final = re.compile('[,，、،;:–—"“”«»]')
_HEADINGS: Final = frozenset(
    (LineReason.RELATED, LineReason.COMMENT, LineReason.NEWSLETTER, LineReason.LEGAL, LineReason.SHARE)
)


def score_lines(lines: Sequence[Line]) -> list[float]:
    """A score for each line: above `PROSE` it reads like prose, below 0 like what is printed around an article."""
    often = Counter(line.bare for line in lines)
    return [_score(line, often[line.bare] > 1) for line in lines]


def _score(line: Line, repeated: bool) -> float:
    score = _shape(line) + BULLET * line.bullet
    if repeated:
        score = min(score, REPEATED)
    if line.reason is None:
        return score
    if line.reason in _HEADINGS and any(cue.alone for cue in line.cues):
        return min(score, HEADING)
    least, most = INTERRUPTION
    return max(least, min(score, most))


def _shape(line: Line) -> float:
    if line.sentence:
        return min(LONGEST, 0.5 + line.words / 18) if line.words >= SHORT else 0.1
    if line.words >= ANNOUNCING and line.text.endswith((":", "：")) and not line.bullet:
        return 1.0 if line.words >= LONG else 0.4
    if line.words >= LEAST_VERSE and line.text.endswith(GOES_ON) and not line.bullet:
        return -0.25
    if line.words >= LONG:
        return _unended(line.text[:_READ])
    if line.words >= MIDDLING:
        return -0.35
    return -0.6 if line.words >= SHORT else -0.5


def _unended(text: str) -> float:
    """Long lines that end as no sentence: a paragraph cut short, prose of scripts without full stops, or a menu."""
    if _NO_FULL_STOP.search(text):
        return 1.0
    capitalised = len(_CAPITALISED.findall(text)) / max(1, len(_WORD.findall(text)))
    if capitalised > TITLE_CASE:
        return -1.0
    return 1.0 if _INNER_SIGN.search(text) else -0.3
