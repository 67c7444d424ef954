"""Words: how many a text has, also in scripts that put no space between them."""

from __future__ import annotations

import re
from typing import Final

# First and last code point of the blocks that these scripts are written in.
SCRIPTS_WITHOUT_SPACES: Final = {
    "Thai": (0x0E00, 0x0E7F),
    "Lao": (0x0E80, 0x0EFF),
    "Tibetan": (0x0F00, 0x0FFF),
    "Burmese": (0x1000, 0x109F),
    "Khmer": (0x1780, 0x17FF),
    "Kana": (0x3040, 0x30FF),
    "Han": (0x4E00, 0x9FFF),
    "Han, extension A": (0x3400, 0x4DBF),
    "Han, compatibility": (0xF900, 0xFAFF),
}
# For use within the brackets of a regular expression.
UNSPACED_CHARACTERS: Final = "".join(f"{chr(first)}-{chr(last)}" for first, last in SCRIPTS_WITHOUT_SPACES.values())
UNSPACED: Final = re.compile(f"[{UNSPACED_CHARACTERS}]")
UNSPACED_CHARACTERS_PER_WORD: Final = 2.2
MAX_ESTIMATED_CHARACTERS: Final = 4_000

# Accents and the vowel signs of Indic scripts, Hebrew and Arabic: no word characters of `re`, but parts of words.
MARKS_IN_WORDS: Final = "\u0300-\u036f\u0591-\u05c7\u064b-\u065f\u0670\u0900-\u0963\u0966-\u0dff"
_WORD: Final = re.compile(rf"\w[\w{MARKS_IN_WORDS}]*+")
# The Western encoding has the quotes and dashes of print, which Latin-1 lacks.
_WESTERN: Final = "cp1252"
_IS_WORD: Final = [_WORD.fullmatch(bytes([code]).decode(_WESTERN, "replace")) is not None for code in range(256)]
_IS_SPACE: Final = [bytes([code]).decode(_WESTERN, "replace").isspace() for code in range(256)]
# For bytes.translate: a table in which characters outside words are spaces; one of spaces, and what else is no word.
_WORDS_ONLY: Final = bytes(code if _IS_WORD[code] else ord(" ") for code in range(256))
_PLAIN_SPACES: Final = bytes(ord(" ") if _IS_SPACE[code] else code for code in range(256))
_SIGNS: Final = bytes(code for code in range(256) if not (_IS_WORD[code] or _IS_SPACE[code]))


def count_words(text: str) -> int:
    """Count runs between spaces that hold a letter or figure; each character of a script without spaces is one."""
    try:
        return len(_encode(text).translate(_PLAIN_SPACES, _SIGNS).split())
    except UnicodeEncodeError:
        pass
    spaced, characters = UNSPACED.subn(" ", text)
    tokens = spaced.split()
    mixed = [token for token in tokens if not token[0].isalnum()]
    return characters + len(tokens) - len(mixed) + sum(map(bool, map(_WORD.search, mixed)))


def _encode(text: str) -> bytes:
    """Encode a text of the Western scripts, whose words are counted in a third of the time; raise for another."""
    return text.encode("ascii" if text.isascii() else _WESTERN)


def estimate_words(text: str) -> float:
    """Estimate how many words the first 4,000 characters say; scripts without spaces by the usual length of a word."""
    text = text[:MAX_ESTIMATED_CHARACTERS]
    try:
        return len(_encode(text).translate(_WORDS_ONLY).split())
    except UnicodeEncodeError:
        pass
    if not (unspaced := len(UNSPACED.findall(text))):
        return len(_WORD.findall(text))
    return len(_WORD.findall(UNSPACED.sub(" ", text))) + unspaced / UNSPACED_CHARACTERS_PER_WORD
