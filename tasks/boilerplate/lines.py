"""Reading the lines of a plain text: shape, length and cues of each, and the label that its own text gives it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from tasks.boilerplate.cues import find_cues
from tasks.boilerplate.line import Line
from tasks.boilerplate.line_labels import label_line, label_words
from tasks.text.characters import clean_lines
from tasks.text.unwrap import group_lines, join_lines
from tasks.text.words import estimate_words
from warehouse.model.vocabulary import LineReason

# Below the name of an agency for pictures that stands alone.
MAX_CAPTION_WORDS: Final = 25

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
    lines: list[Line] = []
    for numbers in group_lines(cleaned):
        first = numbers[0]
        parts = (cleaned[first],) if len(numbers) == 1 else tuple([cleaned[number] for number in numbers])
        after_blank = first == 0 or not cleaned[first - 1]
        text = parts[0] if len(parts) == 1 else join_lines(parts)
        values = _read_short_text(text) if len(text) <= MAX_REMEMBERED_CHARACTERS else _read_text(text)
        # A quarter of the time of the call by names, and every line passes here.
        lines.append(tuple.__new__(Line, (numbers, parts, after_blank, text, *values)))
    for index, line in enumerate(lines[:-1]):
        # `Getty Images`, and below it what the picture shows.
        if line.reason is LineReason.CREDIT and line.cue("picture") and _is_caption(lines[index + 1]):
            lines[index + 1] = lines[index + 1]._replace(reason=LineReason.CAPTION)
    return lines


def _is_caption(line: Line) -> bool:
    return line.reason is None and not line.ends_sentence and line.word_count <= MAX_CAPTION_WORDS


def _read_text(text: str) -> tuple[object, ...]:
    """Return the values of `Line` from `bare` on: what a line's text alone shows, without its position."""
    if text.isascii() and text.replace(" ", "").isalpha():
        return _read_words(text)
    bullet = _BULLET.match(text)
    bare = text[bullet.end() :] if bullet else text
    ends_sentence = _ends_sentence(text[-30:])
    # A dash before a sentence is how many languages print speech.
    has_bullet = bullet is not None and not (ends_sentence and text[0] in "-–")
    values = (bare, estimate_words(text), ends_sentence, has_bullet, find_cues(bare))
    return *values, label_line(Line((), (), False, text, *values))


def _read_words(text: str) -> tuple[object, ...]:
    """Return the same of a line of nothing but words, as most entries of menus are, in two thirds of the time."""
    values = (text, text.count(" ") + 1, False, False, find_cues(text))
    return *values, label_words(Line((), (), False, text, *values))


_read_short_text = lru_cache(maxsize=5_000)(_read_text)


def _ends_sentence(tail: str) -> bool:
    if tail.endswith((".", "!", "?")):
        return not tail.endswith("...")
    if tail[-1:].isalnum() and not tail.rsplit(maxsplit=1)[-1].isupper():
        return False
    if not _STOP.search(tail):
        return tail.endswith(_CLOSING_QUOTES)
    if _SENTENCE_END.search(tail):
        return _ELLIPSIS_END.search(tail) is None
    signed = _SIGNED_END.search(tail)
    return signed is not None and (tail.endswith(")") or tail.rsplit(maxsplit=1)[-1].isupper())
