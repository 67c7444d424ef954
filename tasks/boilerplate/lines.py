"""The lines of a plain text: their shape, and what they say of themselves."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Final, NamedTuple

from tasks.boilerplate.cues import Cue, find_cues
from tasks.boilerplate.line_labels import label
from tasks.text.characters import clean_lines
from tasks.text.unwrap import group_lines, join_lines
from warehouse.model.vocabulary import LineReason

_CLOSING: Final = "[\"'”“’»«›)\\]」』*\u2069]*"
_END: Final = re.compile(rf"[.!?。！？｡।؟۔։።]{_CLOSING}$|[”“»」』]$")
_SIGNED: Final = re.compile(rf"[.!?。！？؟۔।]{_CLOSING}\s(?:[^\W\d_]{{2,8}}|\([^()]{{2,24}}\))\.?$")
"""A sentence, and the agency or initials behind it."""
_CUT_SHORT: Final = re.compile(rf"(?:\.\.\.|…){_CLOSING}$")
_BULLET: Final = re.compile(r"\s*(?:[•*·‣◦+▪●►▶■□◆◇○]|\d{1,2}[.)](?=\s)|[-–](?=\s))\s*")
UNSPACED: Final = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff]")
_STOP: Final = re.compile("[.!?。！？｡।؟۔։።…]")
_QUOTED: Final = ("”", "“", "»", "」", "』")
_WORD: Final = re.compile(r"\w+")
_CHARACTERS_A_WORD: Final = 2.2
"""Of scripts without spaces."""
_COUNTED: Final = 4_000
"""Characters of a line whose words are counted."""
_WESTERN: Final = "cp1252"
"""Characters that fit into a byte, the quotes and dashes of print among them."""
_IN_WORDS: Final = bytes(
    code if _WORD.fullmatch(bytes([code]).decode(_WESTERN, "replace")) else ord(" ") for code in range(256)
)
"""Each of them, with a space for what is in no word."""
_SHORT: Final = 100
"""Characters of a line that a site may print on every page."""


class Line(NamedTuple):
    """A line that is not blank, or the lines of a paragraph that was wrapped."""

    numbers: tuple[int, ...]
    """From 0, blank ones counted."""
    parts: tuple[str, ...]
    """The text of each, cleaned."""
    after_blank: bool
    text: str
    """Their text; a bullet at its start stays."""
    bare: str
    """Without the bullet."""
    words: float
    sentence: bool
    """Whether it ends as a sentence does."""
    bullet: bool
    cues: tuple[Cue, ...]
    reason: LineReason | None = None
    """What the line surely is, if it is no text."""

    def cue(self, kind: str) -> Cue | None:
        """Its cue of that kind."""
        for cue in self.cues:
            if cue.kind == kind:
                return cue
        return None


def read_lines(text: str) -> list[Line]:
    """Return the lines of a text as `group_paragraphs` does."""
    return group_paragraphs(clean_lines(text))


def group_paragraphs(cleaned: Sequence[str]) -> list[Line]:
    """Return the clean lines that are not blank; those of a paragraph that was wrapped at a margin as one."""
    return [_line(numbers, cleaned) for numbers in group_lines(cleaned)]


def _line(numbers: tuple[int, ...], cleaned: Sequence[str]) -> Line:
    parts = tuple([cleaned[number] for number in numbers])
    after_blank = numbers[0] == 0 or not cleaned[numbers[0] - 1]
    text = join_lines(parts)
    read = _remember if len(text) <= _SHORT else _read
    return Line(numbers, parts, after_blank, *read(text)[3:])


def _read(text: str) -> Line:
    """The line by itself, wherever it stands."""
    bullet = _BULLET.match(text)
    bare = text[bullet.end() :] if bullet else text
    sentence = _ends(text[-30:])
    # A dash before a sentence is how many languages print speech.
    listed = bullet is not None and not (sentence and text[0] in "-–")
    line = Line((), (), False, text, bare, count_words(text), sentence, listed, find_cues(bare))
    reason = label(line)
    return line._replace(reason=reason) if reason else line


_remember = lru_cache(maxsize=5_000)(_read)


def _ends(tail: str) -> bool:
    if not _STOP.search(tail):
        return tail.endswith(_QUOTED)
    if _END.search(tail):
        return _CUT_SHORT.search(tail) is None
    signed = _SIGNED.search(tail)
    return signed is not None and (tail.endswith(")") or tail.rsplit(maxsplit=1)[-1].isupper())


def count_words(text: str) -> float:
    """Words, those of scripts without spaces by their usual length. Text past 4,000 characters counts no more."""
    text = text[:_COUNTED]
    try:
        # Three times as fast as a pattern.
        return len(text.encode(_WESTERN).translate(_IN_WORDS).split())
    except UnicodeEncodeError:
        pass
    if not (unspaced := len(UNSPACED.findall(text))):
        return len(_WORD.findall(text))
    return len(_WORD.findall(UNSPACED.sub(" ", text))) + unspaced / _CHARACTERS_A_WORD
