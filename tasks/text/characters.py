"""Cleaning text: Unicode NFC, plain spaces, no invisible characters without meaning."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

# Zero-width joiner and non-joiner stay: Persian, the Indic scripts and emoji sequences are spelled with them.
_INVISIBLE: Final = re.compile(
    "[\u00ad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff\ufff9-\ufffb]"
)
# A joiner that joins nothing is noise at an edge or beside a space.
_LOOSE_JOINER: Final = re.compile("(?:^|(?<=\\s))[\u200c\u200d]+|[\u200c\u200d]+(?=\\s|$)")
_CONTROL: Final = re.compile("[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\ud800-\udfff]")
_SPACES: Final = re.compile(r"\s+")
_NO_LETTER: Final = re.compile(r"[\W_]+")


def clean_line(text: str) -> str:
    """Return one line in NFC, with single spaces, and without invisible and control characters."""
    if text.isprintable() and unicodedata.is_normalized("NFC", text):
        return " ".join(text.split())
    visible = _CONTROL.sub(" ", _INVISIBLE.sub("", text))
    return _SPACES.sub(" ", unicodedata.normalize("NFC", _LOOSE_JOINER.sub("", visible))).strip()


def clean_lines(text: str) -> list[str]:
    """Split a text into lines and clean each as `clean_line` does."""
    lines = split_lines(text)
    if "".join(lines).isprintable() and unicodedata.is_normalized("NFC", text):
        return [" ".join(line.split()) for line in lines]
    return [clean_line(line) for line in lines]


def split_lines(text: str) -> list[str]:
    """Split a text into lines at CR LF, LF, CR, form feed, vertical tab, NEL, LS or PS."""
    # str.splitlines gives no last line after a final end of line; numbers of lines count it.
    return (text + "\n").splitlines() if not text.endswith("\r") else [*text.splitlines(), ""]


def text_key(text: str) -> str:
    """Return only the letters and digits of a text, without case: the key by which names and titles are compared."""
    return _NO_LETTER.sub("", text).casefold()
