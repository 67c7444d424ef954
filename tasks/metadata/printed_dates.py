"""Find the date in a line of text: its day, time and zone, in any language."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import UTC, datetime, time, tzinfo
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from tasks.metadata.month_names import without_accents
from tasks.metadata.months import Months, day_comes_first, months_of, months_of_any_language
from tasks.metadata.zones import find_zone, region_zone
from tasks.text.characters import normalize


class Day(NamedTuple):
    """A day; its month and day are 0 if the text lacks them."""

    year: int
    month: int
    day: int


@dataclass(frozen=True, slots=True)
class PrintedDate:
    """The date in a line of text; `zone` is the zone printed after its time."""

    day: Day
    clock: time | None = None
    has_seconds: bool = False
    zone: tzinfo | None = None
    ends_day: bool = False  # whether the time is 24:00, that of the next day


class _DayMatch(NamedTuple):
    """A day, and the indexes in the line at which it starts and ends."""

    day: Day
    start: int
    end: int


_MONTHS_A_YEAR: Final = 12
_NOON: Final = 12
_HOURS_A_DAY: Final = 24
_FIRST_YEAR_OF_1900S: Final = 70  # of two digits: 70 is 1970, 69 is 2069
_MAX_CHARACTERS_TO_YEAR_AFTER: Final = 24
_MAX_CHARACTERS_TO_YEAR_BEFORE: Final = 12
_MAX_CHARACTERS_TO_DAY_BEFORE: Final = 16
_BUDDHIST_ERA: Final = 543
_BUDDHIST_YEARS: Final = range(2400, 2700)
_YEAR_COMES_FIRST: Final = frozenset({"hu", "ja", "zh", "ko", "lt", "fa", "mn", "eu"})

_OTHER_DIGIT: Final = re.compile(r"[^\D0-9]")
_DIRECTION_MARKS: Final = re.compile("[\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_YEAR_MONTH_DAY: Final = re.compile(
    r"(?<![\d.:/-])(\d{4})\s?"
    r"(?:([-./])\s?(\d{1,2})\s?\2\s?(\d{1,2})(?![\d:])|[年년]\s*(\d{1,2})\s*[月월]\s*(\d{1,2})\s*[日일]?)"
)
_DIGITS: Final = re.compile(r"(?<!\d)(\d{1,2})\s?([-./])\s?(\d{1,2})\s?\2\s?(\d{4}|\d\d)(?![\d:])")
_VIETNAMESE: Final = re.compile(
    r"(?<!\d)(\d{1,2})\s+(?:thang|thg)\s+(\d{1,2})\s*+,?\s*+(?:nam\s+)?(\d{4})", re.IGNORECASE
)
_DAY_BEFORE: Final = re.compile(
    r"(?<!\d)(\d{1,2})\s?(?:st|nd|rd|th|er|re|an|[aºª°ηו])?[\s.,/-]*(?:(?:de|d[’']|of|ng|di|din|ב)[\s-]*)?$",
    re.IGNORECASE,
)
_DAY_AFTER: Final = re.compile(r"\W{0,3}(\d{1,2})(?!\d|\s?:)")
_YEAR: Final = re.compile(r"(?<![\d+])(1[7-9]\d\d|2[0-6]\d\d)(?!\d)")
_SHORT_YEAR: Final = re.compile(r"-(\d\d)(?!\d|:)|\.?\s[’'](\d\d)(?!\d)")

_BEFORE_CLOCK: Final = r"(?:(?P<am>上午|午前|오전)|(?P<pm>下午|午後|오후))?\s?"
_AFTER_CLOCK: Final = (
    r"(?:\s?(?:(?P<am2>a\.?\s?m\.?(?!\w)|πμ|π\.μ\.?|上午|ص(?!\w)|SA(?!\w))"
    r"|(?P<pm2>p\.?\s?m\.?(?!\w)|μμ|μ\.μ\.?|下午|م(?!\w)|CH(?!\w))))?"
)
_CLOCK: Final = re.compile(
    rf"{_BEFORE_CLOCK}(?<![\d:])(?P<hour>[01]?\d|2[0-4])\s?:\s?(?P<minute>[0-5]\d)(?P<minutes>(?!))?"
    rf"(?:\s?:\s?(?P<second>[0-5]\d)(?:[.,]\d+)?)?(?![\d:]){_AFTER_CLOCK}",
    re.IGNORECASE,
)
# `14h05`, `14.05`, `14 Uhr`, `3 pm`, `15時10分`: these are times only beside a date, once that is blanked out.
_OTHER_CLOCK: Final = re.compile(
    rf"{_BEFORE_CLOCK}(?<![\d.])(?P<hour>2[0-4]|[01]?\d)(?!\d)"
    r"(?:(?:\s?h\s?|\.)(?P<minute>[0-5]\d)(?![\d.])|\s?[時时시点]\s?(?P<minutes>[0-5]?\d)\s?[分분]"
    r"|(?P<unit>\s?(?:h|uhr|uur|[时時시])(?!\w)))?"
    rf"(?P<second>(?!))?{_AFTER_CLOCK}",
    re.IGNORECASE,
)
_CLOCK_IN_WORDS: Final = re.compile(
    rf"(?:\b(?:um|at|om|à|kl\.?)\s+)?{_CLOCK.pattern}(?:\s?(?:uhr|uur|(?-i:[A-Z]{{1,3}}[TZ]|UTC))\b)?", re.IGNORECASE
)
_ZONE_INSIDE: Final = re.compile(r"\s?(?:[A-Z]{2,4}\b|[+-]\d{4}\b)")


def find_date(line: str, language: str | None, local: tzinfo | None) -> PrintedDate | None:
    """Return the first date in a line; None if none has its year. Raise ValueError for a day that does not exist."""
    text = normalise_digits(line)
    clock = _CLOCK.search(text)
    rest = _blank(text, *clock.span()) if clock else text
    match = _find_day(rest, language, local)
    if match is None:
        return None
    day = match.day
    rest = _blank(rest, match.start, match.end)
    if clock is None:
        clock = next(filter(_is_clock, _OTHER_CLOCK.finditer(rest)), None)
    if clock is None or not day.day:
        return PrintedDate(day)
    noon = datetime(*day, _NOON, tzinfo=UTC)
    local = local or region_zone(language)
    zone = find_zone(rest[clock.end() :], noon, local)
    # Unix and Java print the zone inside the date: `Fri Apr 28 19:20:36 CEST 2023`.
    if zone is None and _ZONE_INSIDE.match(text, clock.end()):
        zone = find_zone(text[clock.end() :], noon, local)
    return PrintedDate(day, _time(clock), clock["second"] is not None, zone, int(clock["hour"]) == _HOURS_A_DAY)


def without_date(line: str, language: str | None) -> str:
    """Return a line with a bar in place of its date and its time; a line without a date as it is."""
    text = normalise_digits(line)
    match = _find_day(text, language, None, any_language=False)
    # If normalising changed the length, indexes in one text are not indexes in the other.
    if match is None or len(text) != len(line):
        return line
    return _CLOCK_IN_WORDS.sub(" | ", f"{line[: match.start]} | {line[match.end :]}")


def normalise_digits(line: str) -> str:
    """Return a text with digits of any script as 0 to 9, without accents and direction marks, in its own case."""
    if line.isascii():
        return line
    text = without_accents(normalize("NFKC", _DIRECTION_MARKS.sub("", line)))
    return _OTHER_DIGIT.sub(lambda digit: str(unicodedata.decimal(digit[0])), text)


def _blank(text: str, start: int, end: int) -> str:
    return text[:start] + " " * (end - start) + text[end:]


def _find_day(text: str, language: str | None, local: tzinfo | None, any_language: bool = True) -> _DayMatch | None:
    primary = re.split("[-_]", language or "")[0].lower()
    if match := _YEAR_MONTH_DAY.search(text):
        day = Day(_common_era(int(match[1]), primary), int(match[3] or match[5]), int(match[4] or match[6]))
        return _DayMatch(day, *match.span())
    if match := _VIETNAMESE.search(text):
        return _DayMatch(Day(int(match[3]), int(match[2]), int(match[1])), *match.span())
    for month_language in (primary, "en"):
        if month_language and (day_match := _find_named_month(text, months_of(month_language), primary)):
            return day_match
    if match := _DIGITS.search(text):
        ordered_day = _order_digits(match, language, primary, local)
        return _DayMatch(ordered_day, *match.span()) if ordered_day else None
    if any_language and _YEAR.search(text) and re.search(r"[^\W\d_]{2}", text):
        return _find_named_month(text, months_of_any_language(), primary)
    return None


def _order_digits(match: re.Match[str], language: str | None, primary: str, local: tzinfo | None) -> Day | None:
    """Return the day of two numbers and a year, in their only possible order or that of the language or the place."""
    first, second, year = int(match[1]), int(match[3]), int(match[4])
    is_short_year = len(match[4]) == len("24")
    day_first = True if match[2] == "." else day_comes_first(language) if language else None
    if is_short_year:
        if primary in _YEAR_COMES_FIRST:
            return None
        year = full_year(match[4])
    elif max(first, second) > _MONTHS_A_YEAR or first == second:
        day_first = second <= _MONTHS_A_YEAR
    elif day_first is None and language and isinstance(local, ZoneInfo):
        day_first = not local.key.startswith(("America/", "US/"))
    if day_first is None:
        return None
    day, month = (first, second) if day_first else (second, first)
    return Day(_common_era(year, primary), month, day)


def _find_named_month(text: str, months: Months, primary: str) -> _DayMatch | None:
    """Return the shortest date with the name of a month, one with a day first.

    In `mar 5 nov 2024` the first name is a Tuesday.
    """
    matches = []
    for name in months.pattern.finditer(text):
        if match := _match_around(text, name, months.number(name[0])):
            year, month, day = match.day
            matches.append(match._replace(day=Day(_common_era(year, primary), month, day)))
    return min(matches, key=lambda match: (not match.day.day, match.end - match.start), default=None)


def _match_around(text: str, name: re.Match[str], month: int) -> _DayMatch | None:
    """Return the date around the name of its month; None if it has no year."""
    start, end, day = name.start(), name.end(), 0
    if before := _DAY_BEFORE.search(text, max(0, start - _MAX_CHARACTERS_TO_DAY_BEFORE), start):
        day, start = int(before[1]), before.start()
        if short_year := _SHORT_YEAR.match(text, end):
            return _DayMatch(Day(full_year(short_year[1] or short_year[2]), month, day), start, short_year.end())
    elif after := _DAY_AFTER.match(text, end):
        day, end = int(after[1]), after.end()
    year = _find_year(text, start, end)
    if year is None:
        return None
    return _DayMatch(Day(int(year[1]), month, day), min(start, year.start()), max(end, year.end()))


def _find_year(text: str, start: int, end: int) -> re.Match[str] | None:
    """Return the year nearest after `end`, else the nearest before `start`."""
    if year := _YEAR.search(text, end, end + _MAX_CHARACTERS_TO_YEAR_AFTER):
        return year
    years_before = list(_YEAR.finditer(text, max(0, start - _MAX_CHARACTERS_TO_YEAR_BEFORE), start))
    return years_before[-1] if years_before else None


def full_year(digits: str) -> int:
    """Return the year that two digits mean."""
    return int(digits) + (1900 if int(digits) >= _FIRST_YEAR_OF_1900S else 2000)


def _common_era(year: int, primary: str) -> int:
    return year - _BUDDHIST_ERA if primary in {"th", ""} and year in _BUDDHIST_YEARS else year


def _is_clock(match: re.Match[str]) -> bool:
    return any(match[group] for group in ("minute", "minutes", "unit", "am", "pm", "am2", "pm2"))


def _time(match: re.Match[str]) -> time:
    hour = int(match["hour"]) % _HOURS_A_DAY
    if (match["pm"] or match["pm2"]) and hour < _NOON:
        hour += _NOON
    elif (match["am"] or match["am2"]) and hour == _NOON:
        hour = 0
    return time(hour, int(match["minute"] or match["minutes"] or 0), int(match["second"] or 0))
