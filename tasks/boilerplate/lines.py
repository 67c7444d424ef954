"""Reading the lines of a plain text: shape, length and cues of each, and the label that its own text gives it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from tasks.boilerplate.cues import find_cues
from tasks.boilerplate.line import Line
from tasks.boilerplate.line_labels import label_line
from tasks.text.characters import clean_lines
from tasks.text.unwrap import group_lines, join_lines
from tasks.text.words import estimate_words

_CLOSING: Final = "[\"'”“’»«›)\\]」』*\u2069]*"
_SENTENCE_END: Final = re.compile(rf"[.!?。！？｡।؟۔։።]{_CLOSING}$|[”“»」』]$")
# A sentence with an agency or initials after it.
_SIGNED_END: Final = re.compile(rf"[.!?。！？؟۔।]{_CLOSING}\s(?:[^\W\d_]{{2,8}}|\([^()]{{2,24}}\))\.?$")
_ELLIPSIS_END: Final = re.compile(rf"(?:\.\.\.|…){_CLOSING}$")
_BULLET: Final = re.compile(r"\s*(?:[•*·‣◦+▪●►▶■□◆◇○]|\d{1,2}[.)](?=\s)|[-–](?=\s))\s*")
_STOP: Final = re.compile("[.!?。！？｡।؟۔։።…]")
_CLOSING_QUOTES: Final = ("”", "“", "»", "」", "』")
# A site prints lines up to this length on every page: what they are is read once.
MAX_REMEMBERED_CHARACTERS: Final = 100


def read_lines(text: str) -> list[Line]:
    """Read the lines of a text as `group_paragraphs` does."""
    return group_paragraphs(clean_lines(text))


def group_paragraphs(cleaned: Sequence[str]) -> list[Line]:
    """Read the clean lines that are not blank; a paragraph that was wrapped at a margin is one line."""
    return [_read_paragraph(numbers, cleaned) for numbers in group_lines(cleaned)]


def _read_paragraph(numbers: tuple[int, ...], cleaned: Sequence[str]) -> Line:
    parts = tuple([cleaned[number] for number in numbers])
    after_blank = numbers[0] == 0 or not cleaned[numbers[0] - 1]
    text = join_lines(parts)
    line = _read_short_text(text) if len(text) <= MAX_REMEMBERED_CHARACTERS else _read_text(text)
    # A third of the time of `line._replace`, and every line passes here.
    return Line._make((numbers, parts, after_blank, *line[3:]))


def _read_text(text: str) -> Line:
    """Read a line by its text alone, without its position in a document, and what it surely is."""
    bullet = _BULLET.match(text)
    bare = text[bullet.end() :] if bullet else text
    ends_sentence = _ends_sentence(text[-30:])
    # A dash before a sentence is how many languages print speech.
    has_bullet = bullet is not None and not (ends_sentence and text[0] in "-–")
    line = Line((), (), False, text, bare, estimate_words(text), ends_sentence, has_bullet, find_cues(bare))
    return Line._make((*line[:-1], label_line(line)))


_read_short_text = lru_cache(maxsize=5_000)(_read_text)


def _ends_sentence(tail: str) -> bool:
    if tail[-1:].isalnum() and not tail.rsplit(maxsplit=1)[-1].isupper():
        return False
    if not _STOP.search(tail):
        return tail.endswith(_CLOSING_QUOTES)
    if _SENTENCE_END.search(tail):
        return _ELLIPSIS_END.search(tail) is None
    signed = _SIGNED_END.search(tail)
    return signed is not None and (tail.endswith(")") or tail.rsplit(maxsplit=1)[-1].isupper())
