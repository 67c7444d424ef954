"""Dates as stated, in any language, with what they state: nothing is invented.

A date needs its year: `yesterday`, `9 November` and `11 minutes ago` are none. What is printed in figures only
(`3/4/2024`) is read in the order of its language, and is no date where that order cannot be known.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from typing import Final
from zoneinfo import ZoneInfo

from tasks.metadata.printed_dates import Day, find_date
from warehouse.model.vocabulary import Precision, Zone

LONGEST: Final = 200
"""Characters; what is longer is not a date but a text."""
YEARS: Final = range(1700, 2200)
"""Those that a news article can be of."""

FARTHEST: Final = timedelta(hours=14)
"""Between a place's time and UTC."""
_QUARTER: Final = timedelta(minutes=15)

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
_EPOCH: Final = re.compile(r"([12]\d{9})(?:\d{3})?(?:\.\d+)?")
"""Seconds, or milliseconds, since 1970; of a day after 2001."""
_YEAR: Final = re.compile(r"\d{4}")


@dataclass(frozen=True, slots=True)
class ParsedDate:
    """A date with what it states."""

    instant: datetime
    """In UTC; of a bare day (month, year) its first instant in UTC, as moving it by a zone would change the day."""
    precision: Precision
    zone: Zone

    def completes(self, other: ParsedDate) -> bool:
        """Whether this states the time zone, and the time, of what `other` states without: the same day or clock."""
        if self.zone is not Zone.EXPLICIT or other.zone is Zone.EXPLICIT:
            return False
        apart = self.instant - other.instant
        if other.precision is Precision.DAY:
            return -FARTHEST <= apart < timedelta(days=1) + FARTHEST
        has_time = other.precision in {Precision.MINUTE, Precision.SECOND}
        return has_time and abs(apart) <= FARTHEST and apart % _QUARTER < timedelta(minutes=1)


def parse_date(printed: str, language: str | None = None, zone: str | None = None) -> ParsedDate | None:
    """A date as printed; None where it states no year, no such day exists, or its order cannot be known.

    `language` (BCP 47) tells the names of months and the order of figures, `zone` (IANA) the place of a time printed
    without one. A time of 00:00:00 without a zone is what software prints for a bare day, and is taken for one.
    """
    if len(printed) > LONGEST:
        return None
    try:
        local = ZoneInfo(zone) if zone else None
        return _standard(printed.strip(), local) or _printed(printed.strip(), language, local)
    except (ValueError, OverflowError, KeyError, OSError):
        return None


def _standard(printed: str, local: tzinfo | None) -> ParsedDate | None:
    """ISO 8601 in its shapes, and epochs."""
    if found := _ISO.fullmatch(printed) or _BASIC.fullmatch(printed):
        year, month, day, hour, minute, second, offset = found.groups()
        clock = time(int(hour), int(minute), int(second or 0)) if hour else None
        stated = Day(int(year), int(month), int(day or 0))
        return _dated(stated, clock, second is not None, _fixed(offset) if offset else None, local)
    if found := _EPOCH.fullmatch(printed):
        return ParsedDate(datetime.fromtimestamp(int(found[1]), UTC), Precision.SECOND, Zone.EXPLICIT)
    if found := _DAY_OF_YEAR.fullmatch(printed):
        day_of_year = date(int(found[1]), 1, 1) + timedelta(days=int(found[2]) - 1)
        return _dated(Day(*day_of_year.timetuple()[:3]), None, False, None, None)
    if _WEEK.fullmatch(printed):
        return _dated(Day(*date.fromisoformat(printed).timetuple()[:3]), None, False, None, None)
    return _dated(Day(int(printed), 0, 0), None, False, None, None) if _YEAR.fullmatch(printed) else None


def _printed(printed: str, language: str | None, local: tzinfo | None) -> ParsedDate | None:
    found = find_date(printed, language, local)
    return _dated(found.day, found.clock, found.seconds, found.zone, local) if found else None


def _dated(
    day: Day, clock: time | None, seconds: bool, stated_zone: tzinfo | None, local: tzinfo | None
) -> ParsedDate | None:
    """Raises ValueError for a day that does not exist."""
    if day.year not in YEARS:
        return None
    if clock is None or (clock == time(0) and stated_zone is None):
        precision = Precision.DAY if day.day else Precision.MONTH if day.month else Precision.YEAR
        return ParsedDate(datetime(day.year, day.month or 1, day.day or 1, tzinfo=UTC), precision, Zone.ASSUMED)
    at = datetime.combine(date(day.year, day.month, day.day), clock, stated_zone or local or UTC)
    zone = Zone.EXPLICIT if stated_zone else Zone.SOURCE if local else Zone.ASSUMED
    return ParsedDate(at.astimezone(UTC), Precision.SECOND if seconds else Precision.MINUTE, zone)


def _fixed(offset: str) -> tzinfo:
    if offset[0] not in "+-":
        return UTC
    size = timedelta(hours=int(offset[1:3]), minutes=int(offset[3:].lstrip(":") or 0))
    return timezone(-size if offset[0] == "-" else size)
