"""Scripts and letters that tell a language by themselves."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from typing import Final

OWNED: Final = {
    "Greek": "el", "Armenian": "hy", "Hebrew": "he", "Thaana": "dv", "Gurmukhi": "pa", "Gujarati": "gu", "Odia": "or",
    "Tamil": "ta", "Telugu": "te", "Kannada": "kn", "Malayalam": "ml", "Sinhala": "si", "Thai": "th", "Lao": "lo",
    "Tibetan": "bo", "Burmese": "my", "Georgian": "ka", "Khmer": "km", "Hangul": "ko", "Bengali": "bn",
}  # fmt: skip
"""Scripts in which the world's press writes one language."""

LETTERS_OF: Final = {
    "be": "ў", "sr": "ђћ", "kk": "ұ", "tg": "ҷӣӯҳ", "tt": "җһ", "az": "ə", "as": "ৰৱ", "yi": "ײװױ", "is": "þð",
    "mt": "ħ", "ps": "ټډړښږ", "ckb": "ڕڵ", "ug": "ۇۈ", "sd": "ڄٻڀڃ", "ky": "ң", "mn": "өү",
}  # fmt: skip
"""Letters of languages that langdetect lacks, and that none of its languages has."""

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
    (0xFB50, "Arabic"), (0xFE00, ""), (0xFE70, "Arabic"), (0xFEFF, ""), (0xFF66, "Kana"), (0xFFA0, ""),
    (0x20000, "Han"), (0x32000, ""),
)  # fmt: skip
_STARTS: Final = tuple(start for start, _ in _BLOCKS)


def script_of(letter: str) -> str:
    """The script of a letter, by its Unicode block; empty where it tells nothing."""
    place = bisect_right(_STARTS, ord(letter)) - 1
    return _BLOCKS[place][1] if place >= 0 else ""


def count_scripts(text: str) -> Counter[str]:
    """How many letters of each script a text has."""
    scripts: Counter[str] = Counter()
    for letter, times in Counter(text).items():
        if letter.isalpha():
            scripts[script_of(letter)] += times
    return scripts
