"""Joining the lines of paragraphs that were wrapped at a margin, as in e-mails and wire copy."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Final

from tasks.text.characters import clean_line
from tasks.text.words import UNSPACED_CHARACTERS

# Paragraphs of a text that was not wrapped are longer, menus shorter.
MIN_MARGIN_CHARACTERS: Final = 40
MAX_MARGIN_CHARACTERS: Final = 100
# A text with fewer full lines is not wrapped.
MIN_FULL_LINES: Final = 3

_LIST_ITEM: Final = re.compile(r"(?:[•*·‣◦+▪●►▶■□◆◇○>–—-]|\d{1,2}[.)])\s")
_SENTENCE_END: Final = re.compile(r"[.!?。！？؟।][\"'”’»)]*$")
# Punctuation of East Asia is as wide as a letter and takes no space either.
_NO_SPACE_BESIDE: Final = re.compile(f"[{UNSPACED_CHARACTERS}\u3000-\u303f]")


def group_lines(lines: Sequence[str]) -> Iterator[tuple[int, ...]]:
    """Yield the line numbers of each paragraph, without blank lines; one line each, unless the text was wrapped.

    A line continues in the next one if the next one's first word would not have fitted on it.
    """
    margin = _find_margin(lines)
    if not margin:
        yield from ((number,) for number, line in enumerate(lines) if line)
        return
    paragraph: list[int] = []
    for number, line in enumerate(lines):
        continues = bool(paragraph and line) and _is_full(lines[number - 1], line, margin)
        if paragraph and (not continues or _LIST_ITEM.match(line)):
            yield tuple(paragraph)
            paragraph = []
        if line:
            paragraph.append(number)
    if paragraph:
        yield tuple(paragraph)


def join_lines(lines: Sequence[str]) -> str:
    """Join the lines of a paragraph by spaces, but without one between two characters of scripts without spaces."""
    if len(lines) == 1:
        return lines[0]
    seams = [
        "" if _NO_SPACE_BESIDE.match(above[-1]) and _NO_SPACE_BESIDE.match(below[0]) else " "
        for above, below in pairwise(lines)
    ]
    # The end of one line and the beginning of the next may be two parts of one character.
    return clean_line("".join(part for pair in zip(lines, [*seams, ""], strict=True) for part in pair))


def _find_margin(lines: Sequence[str]) -> int:
    """Return the width in characters at which a text was wrapped; 0 if it was not.

    Most lines of a wrapped text are full and end within a sentence, so the next line begins with a small letter.
    Headlines of equal length begin with capitals.
    """
    margin = max((len(line) for line in lines if " " in line), default=0)
    if not MIN_MARGIN_CHARACTERS <= margin <= MAX_MARGIN_CHARACTERS:
        return 0
    pairs = [(above, below) for above, below in pairwise(lines) if above and below]
    seams = [pair for pair in pairs if _is_full(*pair, margin) and not _SENTENCE_END.search(pair[0][-4:])]
    lower_count = sum(below[0].islower() for _, below in seams)
    upper_count = sum(below[0].isupper() and not below.isupper() for _, below in seams)
    is_wrapped = len(seams) >= MIN_FULL_LINES and len(seams) * 2 >= len(pairs) and lower_count * 2 >= upper_count
    return margin if is_wrapped else 0


def _is_full(above: str, below: str, margin: int) -> bool:
    return len(above) + 1 + len(below.split(" ", 1)[0]) > margin
