"""Paragraphs of a text that was wrapped at a margin, as in e-mails and wire copy."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Final

from tasks.text.characters import clean_line

NARROWEST: Final = 40
WIDEST: Final = 100
"""Characters at which texts are wrapped; a paragraph that was not is longer, a menu shorter."""
FEWEST: Final = 3
"""Lines that are full, for a text to be a wrapped one."""

_ITEM: Final = re.compile(r"(?:[•*·‣◦+▪●►▶■□◆◇○>–—-]|\d{1,2}[.)])\s")
_STOP: Final = re.compile(r"[.!?。！？؟।][\"'”’»)]*$")
_UNSPACED: Final = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3000-\u30ff\u3400-\u4dbf\u4e00-\u9fff]")


def group_lines(lines: Sequence[str]) -> Iterator[tuple[int, ...]]:
    """The numbers of the lines of each paragraph, blank lines left out; one line each, unless the text was wrapped.

    A line goes on in the next one where the first word of that would not have fitted on it any more.
    """
    margin = _margin(lines)
    if not margin:
        yield from ((number,) for number, line in enumerate(lines) if line)
        return
    together: list[int] = []
    for number, line in enumerate(lines):
        goes_on = bool(together and line) and _is_full(lines[number - 1], line, margin)
        if together and (not goes_on or _ITEM.match(line)):
            yield tuple(together)
            together = []
        if line:
            together.append(number)
    if together:
        yield tuple(together)


def join_lines(lines: Sequence[str]) -> str:
    """The text of a paragraph: a space between its lines, but none where neither side's script writes any."""
    if len(lines) == 1:
        return lines[0]
    seams = [
        "" if _UNSPACED.match(above[-1]) and _UNSPACED.match(below[0]) else " " for above, below in pairwise(lines)
    ]
    # The end of one line and the beginning of the next may be two parts of one character.
    return clean_line("".join(part for pair in zip(lines, [*seams, ""], strict=True) for part in pair))


def _margin(lines: Sequence[str]) -> int:
    """The width at which a text was wrapped; 0 where it was not.

    Most lines of a wrapped text are full and end within a sentence, so that the next one begins with a small letter;
    headlines that happen to be equally long begin with capitals.
    """
    margin = max((len(line) for line in lines if " " in line), default=0)
    if not NARROWEST <= margin <= WIDEST:
        return 0
    pairs = [(above, below) for above, below in pairwise(lines) if above and below]
    seams = [pair for pair in pairs if _is_full(*pair, margin) and not _STOP.search(pair[0][-4:])]
    small = sum(below[0].islower() for _, below in seams)
    capital = sum(below[0].isupper() and not below.isupper() for _, below in seams)
    return margin if len(seams) >= FEWEST and len(seams) * 2 >= len(pairs) and small * 2 >= capital else 0


def _is_full(above: str, below: str, margin: int) -> bool:
    return len(above) + 1 + len(below.split(" ", 1)[0]) > margin
