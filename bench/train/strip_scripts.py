"""Text of one script put into another, word by word, so that a script with few gold pages has the shapes of many.

The words mean nothing there. A word is the same wherever it stands, and length, signs and repeats are what they would
be: scripts without spaces or capitals, from right to left, or without full stops.
"""

from __future__ import annotations

import re
import unicodedata
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from tasks.boilerplate.cues import find_cues

_WORD: Final = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
_BULLET: Final = re.compile(r"\W*(?:\d{1,3}[.)])?\s+|\W*")
_OF_SCRIPT: Final = (
    ("ja", re.compile("[\u3040-\u30ff]")),
    ("zh", re.compile("[\u3400-\u9fff]")),
    ("th", re.compile("[\u0e00-\u0e7f]")),
    ("ko", re.compile("[\uac00-\ud7af]")),
    ("ar", re.compile("[\u0600-\u06ff]")),
    ("he", re.compile("[\u0590-\u05ff]")),
    ("hi", re.compile("[\u0900-\u097f]")),
    ("bn", re.compile("[\u0980-\u09ff]")),
    ("el", re.compile("[\u0370-\u03ff]")),
    ("ru", re.compile("[\u0400-\u04ff]")),
)
_KANA: Final = "のにはをがとでもたしれかっんなりるすいこう" * 2 + "アイクスタテトニラリルレロン"
_ARABIC: Final = "ابتثجحخدرزسشصضطعغفقكلمنهوي"
_PERSIAN: Final = "ابپتجچحخدرزسشطعغفقکگلمنوهی"
_HEBREW: Final = "אבגדהוזחטיכלמנסעפצקרשת"
_HINDI: Final = "अआइईउएकखगघचछजटडणतदधनपफबभमयरलवशसह"
_THAI: Final = "กขคงจฉชซญดตถทธนบปผพฟมยรลวสหอะาเแโใไ"
_IN_WIDE: Final = {",": "，", ";": "；", ":": "：", "!": "！", "?": "？", "(": "（", ")": "）"}
_IN_ARABIC: Final = {",": "،", ";": "؛", "?": "؟", '"': "»", "“": "«", "”": "»", "„": "«"}
_QUOTED: Final = {"“": "「", "„": "「", "«": "「", "”": "」", "»": "」", '"': "」"}


@dataclass(frozen=True)
class Script:
    """How words and signs are printed in it."""

    letters: str
    each: float
    """Letters for one of ours."""
    signs: dict[str, str]
    stop: str = "."
    spaced: bool = True


SCRIPTS: Final = {
    "zh": Script("".join(map(chr, range(0x4E00, 0x5600))), 0.27, _IN_WIDE, "。", spaced=False),
    "ja": Script(_KANA * 12 + "".join(map(chr, range(0x5B50, 0x5D50))), 0.42, _IN_WIDE | {",": "、"} | _QUOTED, "。",
                 spaced=False),
    "th": Script(_THAI, 0.75, {",": " ", ";": " "}, " ", spaced=False),
    "ko": Script("".join(map(chr, range(0xAC00, 0xD7A0, 7))), 0.4, {}),
    "ar": Script(_ARABIC, 0.8, _IN_ARABIC),
    "fa": Script(_PERSIAN, 0.75, _IN_ARABIC),
    "he": Script(_HEBREW, 0.75, {}),
    "hi": Script(_HINDI, 0.6, {}, "।"),
}  # fmt: skip


def language_of(text: str) -> str | None:
    """Return a language of the text's script; None for Latin letters."""
    return next((language for language, letter in _OF_SCRIPT if len(letter.findall(text)) * 5 > len(text)), None)


def write(text: str, language: str, phrase: Callable[[str, str], str]) -> str:
    """Write the text in the script of a language; a cue at its start becomes one of that language."""
    script = SCRIPTS[language]
    start = _BULLET.match(text)
    begin = start[0] if start else ""
    cues = find_cues(text)
    if not cues:
        return begin + _write(text[len(begin) :], script)
    cue = cues[0]
    cue_phrase = phrase(cue.kind, language)
    if not cue.rest:
        return begin + cue_phrase
    between = ": " if cue.has_separator else " " if script.spaced else ""
    return begin + cue_phrase + between + _write(cue.rest, script)


def _write(text: str, script: Script) -> str:
    written = _WORD.sub(lambda word: _word(word[0], script), text)
    written = re.sub(r"(?<=[^\W\d_])\.(?=\s|$|[\"”»])", script.stop, written)
    written = "".join(script.signs.get(sign, sign) for sign in written)
    return written if script.spaced else _joined(written, script)


def _joined(text: str, script: Script) -> str:
    if script.stop == " ":  # spaces part sentences, not words
        return " ".join("".join(part.split(" ")) for part in re.split(r"\s{2,}", text)).strip()
    return "".join(text.split(" "))


def _word(word: str, script: Script) -> str:
    plain = "".join(sign for sign in unicodedata.normalize("NFKD", word.lower()) if sign.isalpha())
    number = zlib.crc32(plain.encode()) + (zlib.crc32(plain[::-1].encode()) << 32)
    count = max(1, int(len(word) * script.each + number % 16 / 16))
    letters = []
    for _ in range(min(count, 10)):
        number, letter = divmod(number, len(script.letters))
        letters.append(script.letters[letter])
    return "".join(letters)
