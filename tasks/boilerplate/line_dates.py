"""Dates in single lines: a day with its year, its time and zone, and whether it is that of a change."""

from __future__ import annotations

import re
from functools import cache
from typing import Final

from tasks.boilerplate.cues import fold_case_and_accents, phrases_of
from tasks.metadata.calendars import THAI_SHORT_YEAR, to_common_calendar
from tasks.metadata.printed_dates import find_date
from tasks.metadata.zones import ZONE_NAMES

_ERA: Final = r"(?:令和|平成|昭和|民國|民国)\s?(?:\d{1,3}|元)\s?年"
# Of two figures it is a year if a time stands behind the date.
_TIMED_SHORT_YEAR: Final = (
    r"\d\d?(?P<mark>[./])\d{1,2}(?P=mark)\d\d(?:\W{1,3}|\s(?:um|à|at|om|klo?\.?)\s)\d{1,2}[:.h]\d\d"
)
# Written so, the search looks for the first figure alone, in a fifth of the time; for those of ASCII, in half of that.
_FOUR_FIGURES: Final = re.compile(r"\d\d{3}")
_FOUR_ASCII_FIGURES: Final = re.compile("[0-9][0-9]{3}")
_ASCII_SHORT_YEAR: Final = re.compile(_TIMED_SHORT_YEAR)
_OTHER_YEAR: Final = re.compile(rf"{_ERA}|{THAI_SHORT_YEAR}|{_TIMED_SHORT_YEAR}")
_WORDS: Final = re.compile(r"[^\W\d_]+")
# A name of a month is any word that stands where one would: dates are read by whoever knows the language.
_MONTH: Final = r"[^\W\d_][^\s\d,()]{1,14}"
_MONTH_NAME: Final = re.compile(r"[^\W\d_]{3}")
_DAY: Final = re.compile(
    rf"(?<!\d)(?:\d{{1,2}}(?:st|nd|rd|th|er|º|ª)?[.,]?\s?(?:(?i:de|of|d’|ng|di)\s)?[-/.]?{_MONTH}[-/.,]{{0,2}}\s?"
    r"(?:(?i:de|del|года|พ\.ศ\.|ค\.ศ\.)\s?)?\d{4}"
    rf"|{_MONTH}\s\d{{1,2}}(?:st|nd|rd|th)?[.,]?\s{{1,2}}\d{{4}}"
    rf"|\d{{4}}\.?\s{_MONTH}\s\d{{1,2}}"
    r"|\d{1,2}\s?([-/.])\s?\d{1,2}\s?\1\s?(?:\d{4}|\d\d(?=\W))"
    r"|\d{4}\s?([-/.])\s?\d{1,2}\s?\2\s?\d{1,2}"
    rf"|\d{{1,2}}\s{_MONTH}{THAI_SHORT_YEAR}"
    r"|\d{1,2}\s+(?:tháng|thg)\s+\d{1,2},?\s(?:năm\s)?\d{4}"
    rf"|(?:\d{{4}}\s?[年년]|{_ERA})\s?\d{{1,2}}\s?[月월]\s?\d{{1,2}}\s?[日일]?)(?!\d)"
)
_CLOCK: Final = re.compile(
    r"[^\w\n]{0,3}\D{0,12}?\d{1,2}\s?"
    r"(?:[:.h]\s?\d{2}(?:[:.]\d{2})?(?!\d)|[時时시点]\s?\d{1,2}\s?[分분]|[時时시点]|Uhr(?!\w)|uur(?!\w))"
    r"(?:\s?(?:[ap]\.?\s?m\.?(?!\w)|[πμ]\.?μ\.?(?!\w)|[مص](?!\w)|(?-i:CH|SA)(?!\w)))?(?:\s?(?:uhr|uur|hrs?|hs|น\.|ч\.))?",
    re.IGNORECASE,
)
_ZONE_NAME: Final = "|".join(sorted(ZONE_NAMES, key=len, reverse=True))
_ZONE: Final = re.compile(
    rf"\s?[(\[]?(?:(?:{_ZONE_NAME})(?!\w)(?:\s?[+−–-]\s?\d{{1,2}}(?::?\d{{2}})?(?!\d))?"
    r"|[+-]\d{2}:?(?:\d{2})?(?!\d))[)\]]?"
)
# A time before the date, with the day of the week between them: `12:01 AM EST, Thu January 9, 2025`.
_CLOCK_AHEAD: Final = re.compile(
    rf"(?<![\d.:])\d{{1,2}}(?:[:h]\d{{2}}|\.\d{{2}}(?=\s?(?:uhr|[ap]\.?m)))(?:\s?[ap]\.?\s?m\.?)?(?:\s?(?:uhr|hrs?))?"
    rf"(?:\s?[(\[]?(?-i:{_ZONE_NAME})[)\]]?)?[\s,|•·–—-]{{1,4}}(?:on\s)?(?:[^\W\d_]{{2,12}}\.?,?\s){{0,2}}$",
    re.IGNORECASE,
)
_MAX_CLOCK_AHEAD_CHARACTERS: Final = 50
_MAX_DATES: Final = 4
_MAX_DATE_LINE_CHARACTERS: Final = 90
# A label and a zone may stand beside the date; a line with a writer's name is of another kind.
_MAX_WORDS_BESIDE_DATE: Final = 4
_MIN_LABEL_CHARACTERS: Final = 5


def has_year(line: str) -> bool:
    """Return whether four figures, or a year of an era of Japan or Taiwan, stand in the line."""
    four_figures, short_year = (
        (_FOUR_ASCII_FIGURES, _ASCII_SHORT_YEAR) if line.isascii() else (_FOUR_FIGURES, _OTHER_YEAR)
    )
    return four_figures.search(line) is not None or short_year.search(line) is not None


def find_day(line: str) -> tuple[int, int] | None:
    """Return begin and end of a date with its year, in figures or with a month's name in any language, and its time."""
    if not has_year(line):
        return None
    match = _DAY.search(line)
    if match is None:
        return None
    begin = max(0, match.start() - _MAX_CLOCK_AHEAD_CHARACTERS)
    if clock := _CLOCK_AHEAD.search(line[begin : match.start()]):
        return begin + clock.start(), match.end()
    clock = _CLOCK.match(line, match.end())
    # `5 May 2024 | Updated: 09:10` has no time of publication.
    return match.start(), match.end() if clock is None or _is_of_change(clock[0]) else clock.end()


def skip_zone(line: str, end: int) -> int:
    """Return the index behind the time zone that follows a time ending at `end`; `end` if none does."""
    zone = _ZONE.match(line, end)
    return zone.end() if zone else end


def count_words_beside_day(line: str) -> int | None:
    """Return the number of words before and behind the first date with its year; None if the line has none."""
    day = find_day(line)
    return None if day is None else _count_words_beside(line, *day)


def _count_words_beside(line: str, begin: int, end: int) -> int:
    return len(_WORDS.findall(line[:begin])) + len(_WORDS.findall(line[end:]))


def is_date_line(line: str) -> bool:
    """Return whether the line is a date with its year and little else."""
    if len(line) > _MAX_DATE_LINE_CHARACTERS or (day := find_day(line)) is None:
        return False
    around = _count_words_beside(line, *day)
    # `Best 10 albums 2023` has the shape of a date; only here it is worth parsing to rule out `albums` as a month.
    in_figures = _MONTH_NAME.search(line, *day) is None
    certain = not around or in_figures or find_date(to_common_calendar(line[day[0] :], None), None, None) is not None
    return around <= _MAX_WORDS_BESIDE_DATE and certain


def read_dates(line: str) -> list[tuple[str, str]]:
    """Return pairs of `published_at` or `modified_at` and the date, time and zone as printed."""
    dates: list[tuple[str, str]] = []
    begin = 0
    while (day := find_day(line[begin:])) and len(dates) < _MAX_DATES:
        start, end = begin + day[0], begin + day[1]
        end = skip_zone(line, end)
        field = "modified_at" if _is_of_change(line[begin:start]) else "published_at"
        dates.append((field, line[start:end].strip()))
        begin = end
    return dates


def _is_of_change(label: str) -> bool:
    """Return whether a label says so, and names no publication behind it: `Edited by Ann Lee | Published on`."""
    folded = fold_case_and_accents(label)
    last = max((folded.rfind(phrase) for phrase in _modified_phrases()), default=-1)
    return last >= 0 and _published_phrases().search(folded, last) is None


@cache
def _published_phrases() -> re.Pattern[str]:
    phrases = {fold_case_and_accents(phrase) for phrase in phrases_of("published")}
    # `on` and `le` may stand behind either label.
    long = sorted((phrase for phrase in phrases if len(phrase) >= _MIN_LABEL_CHARACTERS), key=len, reverse=True)
    return re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, long))})(?!\w)")


@cache
def _modified_phrases() -> frozenset[str]:
    return frozenset(map(fold_case_and_accents, phrases_of("modified")))
