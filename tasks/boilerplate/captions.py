"""Captions of pictures: a line with a credit, by its label or by the sign of who took the picture."""

from __future__ import annotations

import re
from functools import cache
from typing import Final

from tasks.boilerplate.cues import phrases_of

_COPYRIGHT: Final = re.compile(r"(?<=\S)\s*©\s?(?P<credit>[^\W\d][^©|]{1,60})$")
# A credit with its label stands in this many last characters of a line.
_MAX_CREDIT_CHARACTERS: Final = 130
# Every credit has a sign between its label and the name, and the name at the end of the line.
_CREDIT_END: Final = re.compile(r"[:：©/](?=[^:|]{2,80}$)")
_CREDIT_WORDS: Final = ("by", "von", "par", "de", "di", "av", "af", "credit")
# The last letters of a label show that it may be one: the pattern would try each of 200 at each word.
_LABEL_END_CHARACTERS: Final = 3
# With the spaces and signs around it.
_MAX_LABEL_CHARACTERS: Final = 60
# Captions that end with whose picture it is, without a label: `… on Tuesday. ANN LEE / AFP`, `＝5日、高美玲撮影`,
# `（記者高美玲攝）`, `… 있다. 연합뉴스`.
_SIGNED_CAPTION: Final = re.compile(
    r"(?:[.!?]\s+(?P<caps>[A-ZÀ-Ý][A-ZÀ-Ý.'’-]+(?:\s[A-ZÀ-Ý][A-ZÀ-Ý.'’-]+){0,3}\s?/\s?[A-Z][\w\s.-]{1,30})"
    r"|[＝=](?=[^。]{0,60}(?:撮影|提供|写す)$)(?P<ja>[^。＝=]{2,60})"
    r"|[（(](?P<zh>[^()（）]{0,20}(?:攝|摄|翻攝\S{0,12}|資料照\S{0,6}|资料图\S{0,6}|提供|撮影))[)）]"
    r"|(?:고 있다|모습)\.?\s?/?\s?(?P<ko>(?:사진\s?[=:]?\s?)?[가-힣A-Za-z0-9·]{2,12}(?:\s(?:기자|제공))?)"
    r"|[（(](?P<archive>أرشيفية?|أرشيف|ارشيفية?|أ ف ب|رويترز|فرانس برس|أسوشيتد برس|الأناضول|آرشیو)[)）])$"
)
_SIGNED_ENDS: Final = (")", "）", "撮影", "提供", "写す")
_MAX_SIGNED_CAPTION_CHARACTERS: Final = 220


def read_caption(line: str) -> tuple[str, str] | None:
    """Return caption and credit of a line such as `The bridge. | Photo: Ann Lee` or `The bridge (Foto: dpa)`."""
    begin = max(0, len(line) - _MAX_CREDIT_CHARACTERS)
    signs = (sign.start() for sign in _CREDIT_END.finditer(line, begin))
    sign = next((sign for sign in signs if _ends_label(line[begin:sign])), None)
    match = None if sign is None else _credit_pattern().search(line, max(begin, sign - _MAX_LABEL_CHARACTERS))
    if match is None and "©" in line:
        match = _COPYRIGHT.search(line, begin)
    if match is None:
        return _read_signed_caption(line)
    if not match["credit"].strip():
        return None
    return line[: match.start()].strip(" |([–—-·"), match["credit"].strip(" )].").strip()


def _ends_label(text: str) -> bool:
    """Return whether a text ends with the last letters of a credit's label, or of a word between it and the name."""
    return not _label_ends().isdisjoint(_last_letters(text.rstrip()))


def _last_letters(text: str) -> list[str]:
    # A pattern without case takes both Turkish letters for `i`.
    end = text[-_LABEL_END_CHARACTERS:].replace("İ", "i").replace("ı", "i").casefold()
    return [end[-size:] for size in range(1, _LABEL_END_CHARACTERS + 1)]


@cache
def _label_ends() -> frozenset[str]:
    return frozenset(_last_letters(label)[-1] for label in (*phrases_of("credit"), *_CREDIT_WORDS))


def _read_signed_caption(line: str) -> tuple[str, str] | None:
    if len(line) > _MAX_SIGNED_CAPTION_CHARACTERS or not _may_be_signed(line):
        return None
    if (match := _SIGNED_CAPTION.search(line)) is None:
        return None
    credit = match[match.lastgroup or 0]
    return line[: match.start(match.lastgroup or 0)].strip(" |/([（＝=–—-·"), credit.strip()


def _may_be_signed(line: str) -> bool:
    if "/" in line:
        return True
    return not line.isascii() and (line.endswith(_SIGNED_ENDS) or "고 있다" in line or "모습" in line)


@cache
def _credit_pattern() -> re.Pattern[str]:
    labels = "|".join(sorted(map(re.escape, phrases_of("credit")), key=len, reverse=True))
    return re.compile(
        rf"(?:^|[\s|(\[.–—-])(?:{labels})(?:\s+(?:{'|'.join(_CREDIT_WORDS)}))?\s?[:：©/](?P<credit>[^:|]{{2,80}})$",
        re.IGNORECASE,
    )
