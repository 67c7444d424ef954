"""Scripts that identify a language by themselves, and the two ways of writing Chinese."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable
from functools import cache, lru_cache
from typing import Final

# Scripts in which the press writes one language, or mainly one.
LANGUAGE_OF_SCRIPT: Final = {
    "Greek": "el", "Armenian": "hy", "Hebrew": "he", "Thaana": "dv", "Gurmukhi": "pa", "Gujarati": "gu", "Odia": "or",
    "Tamil": "ta", "Telugu": "te", "Kannada": "kn", "Malayalam": "ml", "Sinhala": "si", "Thai": "th", "Lao": "lo",
    "Tibetan": "bo", "Burmese": "my", "Georgian": "ka", "Khmer": "km", "Hangul": "ko", "Bengali": "bn",
    "Ethiopic": "am",
}  # fmt: skip

# The others, for which CLD2 must decide.
OTHER_LANGUAGES_OF_SCRIPT: Final = {"Hebrew": ("yi",), "Tibetan": ("dz",), "Bengali": ("as",), "Ethiopic": ("ti",)}

# Letters of languages that the detectors miss; no language that they know has them.
UNIQUE_LETTERS: Final = {"as": "ৰৱ", "ti": "ኣቐቓቑቕ", "yi": "ײװױ", "az-Cyrl": "ҹҝ", "ckb": "ڕڵێ"}

_BLOCKS: Final = (
    (0x0041, "Latin"), (0x0250, ""), (0x0370, "Greek"), (0x0400, "Cyrillic"), (0x0530, "Armenian"), (0x0590, "Hebrew"),
    (0x0600, "Arabic"), (0x0700, ""), (0x0750, "Arabic"), (0x0780, "Thaana"), (0x07C0, ""), (0x0900, "Devanagari"),
    (0x0980, "Bengali"), (0x0A00, "Gurmukhi"), (0x0A80, "Gujarati"), (0x0B00, "Odia"), (0x0B80, "Tamil"),
    (0x0C00, "Telugu"), (0x0C80, "Kannada"), (0x0D00, "Malayalam"), (0x0D80, "Sinhala"), (0x0E00, "Thai"),
    (0x0E80, "Lao"), (0x0F00, "Tibetan"), (0x1000, "Burmese"), (0x10A0, "Georgian"), (0x1100, "Hangul"),
    (0x1200, "Ethiopic"), (0x13A0, ""), (0x1780, "Khmer"), (0x1800, ""), (0x1C90, "Georgian"), (0x1CC0, ""),
    (0x1E00, "Latin"), (0x1F00, "Greek"), (0x2000, ""), (0x2D00, "Georgian"), (0x2D30, ""), (0x3041, "Kana"),
    (0x3100, ""), (0x3130, "Hangul"), (0x3190, ""), (0x31F0, "Kana"), (0x3200, ""), (0x3400, "Han"), (0x4DC0, ""),
    (0x4E00, "Han"), (0xA000, ""), (0xAC00, "Hangul"), (0xD7B0, ""), (0xF900, "Han"), (0xFB00, ""), (0xFB1D, "Hebrew"),
    (0xFB50, "Arabic"), (0xFE00, ""), (0xFE70, "Arabic"), (0xFEFF, ""), (0xFF21, "Latin"), (0xFF5B, ""),
    (0xFF66, "Kana"), (0xFFA0, ""), (0x20000, "Han"), (0x32000, ""),
)  # fmt: skip
_STARTS: Final = tuple(start for start, _ in _BLOCKS)


@lru_cache(4_096)
def script_of(letter: str) -> str:
    """Return the script of a letter by its Unicode block; empty if the block shows none."""
    index = bisect_right(_STARTS, ord(letter)) - 1
    return _BLOCKS[index][1] if index >= 0 else ""


def count_scripts(text: str) -> Counter[str]:
    """Count the letters of each script in a text."""
    if text.isascii():
        return Counter({"Latin": sum(map(str.isalpha, text))})
    scripts: Counter[str] = Counter()
    for letter, times in Counter(text).items():
        if letter.isalpha():
            scripts[script_of(letter)] += times
    return scripts


def count_forms(text: str) -> tuple[int, int]:
    """Count the characters that only simplified Chinese has, and those that only traditional Chinese has."""
    simplified, traditional = _forms()
    return sum(character in simplified for character in text), sum(character in traditional for character in text)


@cache
def _forms() -> tuple[frozenset[str], frozenset[str]]:
    """Return the frequent characters of the mainland's and of Taiwan's character sets that the other set lacks."""
    mainland = _decoded("gb2312", range(0xB0, 0xD8), range(0xA1, 0xFF))
    taiwan = _decoded("big5", range(0xA4, 0xC7), [*range(0x40, 0x7F), *range(0xA1, 0xFF)])
    every_mainland = mainland | _decoded("gb2312", range(0xD8, 0xF8), range(0xA1, 0xFF))
    every_taiwan = taiwan | _decoded("big5", range(0xC9, 0xFA), [*range(0x40, 0x7F), *range(0xA1, 0xFF)])
    han = {character for character in mainland | taiwan if script_of(character) == "Han"}
    return frozenset(han - every_taiwan), frozenset(han - every_mainland)


def _decoded(charset: str, firsts: Iterable[int], seconds: Iterable[int]) -> set[str]:
    return {bytes((first, second)).decode(charset, "ignore") for first in firsts for second in seconds} - {""}
