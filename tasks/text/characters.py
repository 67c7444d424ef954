"""Cleaning text: Unicode NFC, plain spaces, no invisible characters without meaning."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import cache
from typing import Final, Literal

# Zero-width joiner and non-joiner stay: Persian, the Indic scripts and emoji sequences are spelled with them. So
# does the vowel separator of Mongolian.
_INVISIBLE: Final = re.compile(
    "[\u00ad\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff\ufff9-\ufffb]"
)
# A joiner that joins nothing is noise at an edge or beside a space.
_LOOSE_JOINER: Final = re.compile("(?:^|(?<=\\s))[\u200c\u200d]+|(?<![\u200c\u200d])[\u200c\u200d]++(?=\\s|$)")
_CONTROL: Final = re.compile("[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\ud800-\udfff]")
_NO_LETTER: Final = re.compile(r"[\W_]+")
_NO_LETTER_IN_LINE: Final = re.compile(r"(?:[^\w\n]|_)+")
# Combining marks on one character, as in Unicode's stream-safe text format (UAX 15); no language writes ten.
MAX_MARKS: Final = 30
_LAST_COMMON_CHARACTER: Final = "\uffff"
# No combining mark that has an order is above it; tags and variation selectors have none.
_MARKS_END: Final = 0x1F000


def clean_line(text: str) -> str:
    """Return one line in NFC, with single spaces, and without invisible and control characters."""
    text = cut_marks(text)
    if text.isprintable() and unicodedata.is_normalized("NFC", text):
        return " ".join(text.split())
    return " ".join(_normalize_visible(text).split())


def clean_lines(text: str) -> list[str]:
    """Split a text into lines and clean each as `clean_line` does."""
    lines = split_lines(cut_marks(text))
    spaced = "\n".join([" ".join(line.split()) for line in lines])
    if spaced.replace("\n", "").isprintable() and (spaced.isascii() or unicodedata.is_normalized("NFC", spaced)):
        return spaced.split("\n")
    # All lines at once: no pattern and no normal form reaches beyond the end of a line.
    return [" ".join(line.split()) for line in _normalize_visible("\n".join(lines)).split("\n")]


def _normalize_visible(text: str) -> str:
    """Return a text in NFC without invisible and control characters, and without joiners that join nothing."""
    visible = _CONTROL.sub(" ", _INVISIBLE.sub("", text))
    has_joiner = "\u200c" in visible or "\u200d" in visible
    return normalize("NFC", _LOOSE_JOINER.sub("", visible) if has_joiner else visible)


def normalize(form: Literal["NFC", "NFD", "NFKC", "NFKD"], text: str) -> str:
    """Return a text in a normal form of Unicode; of a run of combining marks, the first `MAX_MARKS`."""
    # Some marks are two in a normal form.
    return cut_marks(unicodedata.normalize(form, cut_marks(text)))


def cut_marks(text: str) -> str:
    """Return a text without the combining marks behind the first `MAX_MARKS` of a run.

    Normal forms sort the marks of a run by insertion: without a bound, 300 KB of marks take half a minute.
    """
    if len(text) <= MAX_MARKS or text.isascii():
        return text
    perhaps, surely = _vast_runs()
    return surely.sub(r"\1", text) if perhaps.search(text) else text


@cache
def _vast_runs() -> tuple[re.Pattern[str], re.Pattern[str]]:
    """Compile what may be a run of too many marks, and what is one; a set with rare planes is looked up slowly."""
    marks = "".join(character for character in map(chr, range(_MARKS_END)) if unicodedata.combining(character))
    usual = "".join(character for character in marks if character <= _LAST_COMMON_CHARACTER)
    perhaps = f"[{usual}{chr(ord(_LAST_COMMON_CHARACTER) + 1)}-{chr(_MARKS_END)}]"
    # With the first one by itself, the search looks for that alone, in a fifth of the time.
    return re.compile(f"{perhaps}{perhaps}{{{MAX_MARKS}}}"), re.compile(f"([{marks}]{{{MAX_MARKS}}})[{marks}]++")


def split_lines(text: str) -> list[str]:
    """Split a text into lines at CR LF, LF, CR, form feed, vertical tab, NEL, LS or PS."""
    # str.splitlines gives no last line after a final end of line; numbers of lines count it.
    return (text + "\n").splitlines() if not text.endswith("\r") else [*text.splitlines(), ""]


def text_key(text: str) -> str:
    """Return only the letters and digits of a text, without case: the key by which names and titles are compared."""
    return _NO_LETTER.sub("", text).casefold()


def text_keys(lines: Sequence[str]) -> list[str]:
    """Return the `text_key` of each of many lines, in a fraction of the time."""
    keys = _NO_LETTER_IN_LINE.sub("", "\n".join(lines)).casefold().split("\n")
    return keys if len(keys) == len(lines) else list(map(text_key, lines))
