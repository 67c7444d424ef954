"""Where a printed line holds a date, and what it states: day, time, zone."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import UTC, datetime, time, tzinfo
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from tasks.metadata.months import Months, day_comes_first, fold, months_anywhere, months_of
from tasks.metadata.zones import find_zone
from tasks.text.characters import normalize


class Day(NamedTuple):
    """A day as stated: 0 for the month or day that is not."""

    year: int
    month: int
    day: int


@dataclass(frozen=True, slots=True)
class FoundDate:
    """What a line states; `zone` as printed after the time."""

    day: Day
    clock: time | None = None
    seconds: bool = False
    zone: tzinfo | None = None


_Found = tuple[Day, int, int]
"""A day, and where in the line it starts and ends."""

_LAST_MONTH: Final = 12
_NOON: Final = 12
_TO_YEAR_AFTER: Final = 24
_TO_YEAR_BEFORE: Final = 12
"""Characters between a day with its month and the year that belongs to them."""
_BUDDHIST_ERA: Final = 543
_BUDDHIST_YEARS: Final = range(2400, 2700)
_YEAR_COMES_FIRST: Final = frozenset({"hu", "ja", "zh", "ko", "lt", "fa", "mn", "eu"})

_DIRECTION: Final = re.compile("[\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_YEAR_MONTH_DAY: Final = re.compile(
    r"(?<![\d.:/-])(\d{4})\s?"
    r"(?:([-./])\s?(\d{1,2})\s?\2\s?(\d{1,2})(?![\d:])|[年년]\s*(\d{1,2})\s*[月월]\s*(\d{1,2})\s*[日일]?)"
)
_FIGURES: Final = re.compile(r"(?<!\d)(\d{1,2})\s?([-./])\s?(\d{1,2})\s?\2\s?(\d{4}|\d\d)(?![\d:])")
_VIETNAMESE: Final = re.compile(
    r"(?<!\d)(\d{1,2})\s+(?:thang|thg)\s+(\d{1,2})\s*+,?\s*+(?:nam\s+)?(\d{4})", re.IGNORECASE
)
_DAY_BEFORE: Final = re.compile(
    r"(?<!\d)(\d{1,2})\s?(?:st|nd|rd|th|er|re|an|[aºª°ηו])?[\s.,/-]*(?:(?:de|d[’']|of|ng|di|din|ב)[\s-]*)?$",
    re.IGNORECASE,
)
_REACH: Final = 16
"""Characters before a month's name in which its day stands."""
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
# `14h05`, `14.05`, `14 Uhr`, `3 pm`, `15時10分`: these are times only beside a date, and once it is out of the way.
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


def find_date(printed: str, language: str | None, local: tzinfo | None) -> FoundDate | None:
    """The first date in a line; None where none states its year. Raises ValueError for a day that does not exist."""
    text = _plain(printed)
    clock = _CLOCK.search(text)
    rest = _blanked(text, clock.span()) if clock else text
    found = _find_day(rest, language, local)
    if found is None:
        return None
    day, start, end = found
    rest = _blanked(rest, (start, end))
    if clock is None:
        clock = next(filter(_is_clock, _OTHER_CLOCK.finditer(rest)), None)
    if clock is None or not day.day:
        return FoundDate(day)
    noon = datetime(*day, _NOON, tzinfo=UTC)
    zone = find_zone(rest[clock.end() :], noon, local)
    # Unix and Java print the zone inside the date: `Fri Apr 28 19:20:36 CEST 2023`.
    if zone is None and _ZONE_INSIDE.match(text, clock.end()):
        zone = find_zone(text[clock.end() :], noon, local)
    return FoundDate(day, _time(clock), clock["second"] is not None, zone)


def without_date(printed: str, language: str | None) -> str:
    """A line with a bar in place of its date and its time, where it has a date."""
    text = _plain(printed)
    found = _find_day(text, language, None, anywhere=False)
    # Where folding changed the length, places in the one are not places in the other.
    if found is None or len(text) != len(printed):
        return printed
    _, start, end = found
    return _CLOCK_IN_WORDS.sub(" | ", f"{printed[:start]} | {printed[end:]}")


def _plain(printed: str) -> str:
    """Figures of any script as 0 to 9, accents and direction marks gone, widths folded; case is kept."""
    if printed.isascii():
        return printed
    text = fold(normalize("NFKC", _DIRECTION.sub("", printed)))
    return "".join(str(unicodedata.decimal(figure)) if figure.isdecimal() else figure for figure in text)


def _blanked(text: str, span: tuple[int, int]) -> str:
    start, end = span
    return text[:start] + " " * (end - start) + text[end:]


def _find_day(text: str, language: str | None, local: tzinfo | None, anywhere: bool = True) -> _Found | None:
    primary = re.split("[-_]", language or "")[0].lower()
    if found := _YEAR_MONTH_DAY.search(text):
        year = _common_era(int(found[1]), primary)
        return Day(year, int(found[3] or found[5]), int(found[4] or found[6])), *found.span()
    if found := _VIETNAMESE.search(text):
        return Day(int(found[3]), int(found[2]), int(found[1])), *found.span()
    for known in (primary, "en"):
        if known and (named := _named_month(text, months_of(known), primary)):
            return named
    if found := _FIGURES.search(text):
        ordered = _ordered(found, language, primary, local)
        return (ordered, *found.span()) if ordered else None
    if anywhere and _YEAR.search(text) and re.search(r"[^\W\d_]{2}", text):
        return _named_month(text, months_anywhere(), primary)
    return None


def _ordered(found: re.Match[str], language: str | None, primary: str, local: tzinfo | None) -> Day | None:
    """Two figures and a year, in the order that they leave no choice of, or that language or place have."""
    first, second, year = int(found[1]), int(found[3]), int(found[4])
    short = len(found[4]) == len("24")
    day_first = True if found[2] == "." else day_comes_first(language) if language else None
    if short:
        if primary in _YEAR_COMES_FIRST:
            return None
        year += 2000
    elif max(first, second) > _LAST_MONTH or first == second:
        day_first = second <= _LAST_MONTH
    elif day_first is None and language and isinstance(local, ZoneInfo):
        day_first = not local.key.startswith(("America/", "US/"))
    if day_first is None:
        return None
    day, month = (first, second) if day_first else (second, first)
    return Day(_common_era(year, primary), month, day)


def _named_month(text: str, months: Months, primary: str) -> _Found | None:
    """The month's name that has a day, and its day and year nearest: in `mar 5 nov 2024` the first is a Tuesday."""
    dates = []
    for name in months.pattern.finditer(text):
        if stated := _around(text, name):
            year, day, start, end = stated
            dates.append((Day(_common_era(year, primary), months.number(name[0]), day), start, end))
    return min(dates, key=lambda found: (not found[0].day, found[2] - found[1]), default=None)


def _around(text: str, name: re.Match[str]) -> tuple[int, int, int, int] | None:
    """Year, day (0: not stated), start and end of the date whose month is `name`."""
    start, end, day = name.start(), name.end(), 0
    if before := _DAY_BEFORE.search(text, max(0, start - _REACH), start):
        day, start = int(before[1]), before.start()
        if short := _SHORT_YEAR.match(text, end):
            return 2000 + int(short[1] or short[2]), day, start, short.end()
    elif after := _DAY_AFTER.match(text, end):
        day, end = int(after[1]), after.end()
    year = _YEAR.search(text, end, end + _TO_YEAR_AFTER)
    if year is None:
        *_, year = None, *_YEAR.finditer(text, max(0, start - _TO_YEAR_BEFORE), start)
    return (int(year[1]), day, min(start, year.start()), max(end, year.end())) if year else None


def _common_era(year: int, primary: str) -> int:
    return year - _BUDDHIST_ERA if primary in {"th", ""} and year in _BUDDHIST_YEARS else year


def _is_clock(found: re.Match[str]) -> bool:
    return any(found[part] for part in ("minute", "minutes", "unit", "am", "pm", "am2", "pm2"))


def _time(found: re.Match[str]) -> time:
    hour = int(found["hour"]) % 24
    if (found["pm"] or found["pm2"]) and hour < _NOON:
        hour += _NOON
    elif (found["am"] or found["am2"]) and hour == _NOON:
        hour = 0
    return time(hour, int(found["minute"] or found["minutes"] or 0), int(found["second"] or 0))
