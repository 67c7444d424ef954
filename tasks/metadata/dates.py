"""Dates in any language and format, with their precision and zone; no part of a date is invented.

A date needs its year: `yesterday`, `9 November` and `11 minutes ago` are none. A date in digits only (`3/4/2024`) is
read in the order of its language, and is none if that order is unknown.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from typing import Final
from zoneinfo import ZoneInfo

from tasks.metadata.calendars import to_common_calendar
from tasks.metadata.months import month_of_word
from tasks.metadata.printed_dates import Day, find_date, full_year
from tasks.metadata.zones import MAX_UTC_OFFSET
from warehouse.model.vocabulary import Precision, Zone

# A longer text is no date.
MAX_DATE_CHARACTERS: Final = 200
ARTICLE_YEARS: Final = range(1700, 2200)

# All offsets from UTC are multiples of it.
_OFFSET_STEP: Final = timedelta(minutes=15)

_OFFSET: Final = r"(Z|UTC|GMT|[+-]\d\d(?::?[0-5]\d)?)"
_ISO: Final = re.compile(
    rf"(\d{{4}})-(\d\d)(?:-(\d\d)(?:[T ]\s?(\d\d):(\d\d)(?::(\d\d)(?:[.,]\d+)?)?\s?{_OFFSET}?)?)?", re.IGNORECASE
)
_BASIC: Final = re.compile(
    r"((?:1[7-9]|20)\d\d)(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])"
    rf"(?:T?([01]\d|2[0-3])([0-5]\d)(?:([0-5]\d)(?:[.,]\d+)?)?{_OFFSET}?)?",
    re.IGNORECASE,
)
_WEEK: Final = re.compile(r"\d{4}-?W\d\d(?:-?\d)?")
_DAY_OF_YEAR: Final = re.compile(r"(\d{4})-(\d{3})")
# Seconds, or thousandths, millionths, billionths of them, since 1970, of a day after 2001.
_EPOCH: Final = re.compile(r"([12]\d{9})(?:\d{3}|\d{6}|\d{9})?(?:\.\d+)?")
# Milliseconds since 1970 as .NET writes them into JSON; an offset after them changes nothing.
_DOT_NET: Final = re.compile(r"\\?/Date\((-?\d{1,14})(?:[+-]\d{4})?\)\\?/")
# The shape of dates in feeds (RFC 822): a day, the name of a month, a year that may have two digits, a time.
_FEED_DATE: Final = re.compile(
    r"(?:[^\d,]{1,30}[,.]?\s)?\s*(\d{1,2})[\s.-]+([^\W\d_]{3,20}\.?|\d{1,2}[月월])[\s,.-]+(\d{4}|\d\d)([\sT,]+\d{1,2}:\d\d.*)"
)
_MONTH_NAMES: Final = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()
_YEAR: Final = re.compile(r"\d{4}")
_END_OF_DAY: Final = "24"
_EPOCH_START: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class ParsedDate:
    """A point in time, how precisely its source gave it, and where its time zone comes from."""

    instant: datetime
    """In UTC. A day (month, year) without a time is its first instant in UTC: a zone would change the day."""
    precision: Precision
    zone: Zone
    offset: timedelta | None = field(default=None, compare=False)
    """By which its zone is ahead of UTC; None where it has no zone, or no time."""

    @property
    def local_day(self) -> date | None:
        """Its day as printed, in its own zone; None for a month or a year."""
        if self.precision in {Precision.MONTH, Precision.YEAR}:
            return None
        return (self.instant + (self.offset or timedelta())).date()

    def completes(self, other: ParsedDate) -> bool:
        """Return whether this is the day or time of `other` with a zone, or a time and a zone, that `other` lacks."""
        if self.zone is not Zone.EXPLICIT or other.zone is Zone.EXPLICIT:
            return False
        difference = self.instant - other.instant
        if other.precision is Precision.DAY:
            return -MAX_UTC_OFFSET <= difference < timedelta(days=1) + MAX_UTC_OFFSET
        has_time = other.precision in {Precision.MINUTE, Precision.SECOND}
        return has_time and abs(difference) <= MAX_UTC_OFFSET and difference % _OFFSET_STEP < timedelta(minutes=1)


def parse_date(text: str, language: str | None = None, zone: str | None = None) -> ParsedDate | None:
    """Return the date in a text; None if it has no year, such a day does not exist, or its order is unknown.

    `language` (BCP 47) gives the names of months and the order of digits, `zone` (IANA) the zone of a time without one.
    A time of 00:00:00 without a zone is read as a day: software prints it for one.
    """
    if len(text) > MAX_DATE_CHARACTERS:
        return None
    try:
        local = ZoneInfo(zone) if zone else None
        text = to_common_calendar(text.strip(), language)
        return _parse_standard(text, local) or _parse_printed(text, language, local)
    except (ValueError, OverflowError, KeyError, OSError):
        return None


def _parse_standard(text: str, local: tzinfo | None) -> ParsedDate | None:
    """Parse ISO 8601 in its forms, and epochs."""
    if match := _ISO.fullmatch(text) or _BASIC.fullmatch(text):
        year, month, day, hour, minute, second, offset = match.groups()
        ends_day = hour == _END_OF_DAY
        clock = time(0 if ends_day else int(hour), int(minute), int(second or 0)) if hour else None
        zone = _offset_zone(offset) if offset else None
        return _parsed_date(Day(int(year), int(month), int(day or 0)), clock, second is not None, zone, local, ends_day)
    if match := _EPOCH.fullmatch(text):
        return _in_utc(datetime.fromtimestamp(int(match[1]), UTC))
    if match := _DOT_NET.fullmatch(text):
        return _in_utc(_EPOCH_START + timedelta(milliseconds=int(match[1])))
    if match := _DAY_OF_YEAR.fullmatch(text):
        return _parsed_day(date(int(match[1]), 1, 1) + timedelta(days=int(match[2]) - 1))
    if _WEEK.fullmatch(text):
        return _parsed_day(date.fromisoformat(text))
    return _parsed_date(Day(int(text), 0, 0)) if _YEAR.fullmatch(text) else None


def _parse_printed(text: str, language: str | None, local: tzinfo | None) -> ParsedDate | None:
    """Parse a date in words or in the order of a language."""
    match = find_date(_with_plain_month(text, language), language, local)
    if match is None:
        return None
    return _parsed_date(match.day, match.clock, match.has_seconds, match.zone, local, match.ends_day)


def _with_plain_month(text: str, language: str | None) -> str:
    """Return a date of a feed with its month in English and its year in four digits; any other text as it is."""
    match = _FEED_DATE.fullmatch(text)
    month = month_of_word(match[2], language) if match else None
    if match is None or month is None:
        return text
    year = match[3] if len(match[3]) == len("2026") else full_year(match[3])
    return f"{match[1]} {_MONTH_NAMES[month - 1]} {year}{match[4]}"


def _in_utc(instant: datetime) -> ParsedDate:
    return ParsedDate(instant, Precision.SECOND, Zone.EXPLICIT, timedelta())


def _parsed_day(day: date) -> ParsedDate | None:
    return _parsed_date(Day(day.year, day.month, day.day))


def _parsed_date(
    day: Day,
    clock: time | None = None,
    has_seconds: bool = False,
    zone: tzinfo | None = None,
    local: tzinfo | None = None,
    ends_day: bool = False,
) -> ParsedDate | None:
    """Return the date; None for a year of no news article. Raise ValueError for a day that does not exist.

    With `ends_day` the clock is that of the next day: 24:00.
    """
    if day.year not in ARTICLE_YEARS:
        return None
    if clock is None or (clock == time(0) and zone is None and not ends_day):
        precision = Precision.DAY if day.day else Precision.MONTH if day.month else Precision.YEAR
        return ParsedDate(datetime(day.year, day.month or 1, day.day or 1, tzinfo=UTC), precision, Zone.ASSUMED)
    own_day = date(day.year, day.month, day.day) + timedelta(days=int(ends_day))
    instant = datetime.combine(own_day, clock, zone or local or UTC)
    if instant == _EPOCH_START:  # software prints it for no date
        return None
    origin = Zone.EXPLICIT if zone else Zone.SOURCE if local else Zone.ASSUMED
    precision = Precision.SECOND if has_seconds else Precision.MINUTE
    return ParsedDate(instant.astimezone(UTC), precision, origin, instant.utcoffset() if zone or local else None)


def _offset_zone(offset: str) -> tzinfo:
    if offset[0] not in "+-":
        return UTC
    offset_time = timedelta(hours=int(offset[1:3]), minutes=int(offset[3:].lstrip(":") or 0))
    return timezone(-offset_time if offset[0] == "-" else offset_time)
