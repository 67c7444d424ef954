"""Time zones as printed after a time: `+02:00`, `(GMT+7)`, `CEST`, `ET`."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

MAX_UTC_OFFSET: Final = timedelta(hours=14)

_OFFSET_HOURS: Final = {
    "Z": 0, "UT": 0, "UTC": 0, "GMT": 0, "WET": 0, "WEST": 1, "BST": 1, "CET": 1, "MEZ": 1, "CEST": 2, "MESZ": 2,
    "EET": 2, "EEST": 3, "MSK": 3, "МСК": 3, "мск": 3, "TRT": 3, "TSİ": 3, "TSI": 3,
    "SAST": 2, "CAT": 2, "WAT": 1, "EAT": 3, "PKT": 5, "NPT": 5.75,
    "WIB": 7, "WITA": 8, "WIT": 9, "ICT": 7, "SGT": 8, "HKT": 8, "PHT": 8, "AWST": 8, "JST": 9, "KST": 9,
    "ACST": 9.5, "ACDT": 10.5, "AEST": 10, "AEDT": 11, "NZST": 12, "NZDT": 13,
    "EDT": -4, "EST": -5, "CDT": -5, "MDT": -6, "MST": -7, "PDT": -7, "PST": -8, "AKDT": -8, "AKST": -9, "HST": -10,
    "NDT": -2.5, "NST": -3.5, "ADT": -3, "BRT": -3, "ART": -3, "CLT": -4, "CLST": -3, "PET": -5, "COT": -5, "BOT": -4,
    "VET": -4, "UYT": -3, "MSD": 4, "SAMT": 4, "YEKT": 5, "NOVT": 7, "KRAT": 7, "IRKT": 8, "VLAT": 10, "IDT": 3,
    "IRST": 3.5, "IRDT": 4.5, "AFT": 4.5, "UZT": 5, "MMT": 6.5, "MYT": 8, "CHST": 10,
}  # fmt: skip
_REGIONS: Final = {
    "ET": "America/New_York",
    "CT": "America/Chicago",
    "MT": "America/Denver",
    "PT": "America/Los_Angeles",
    "AET": "Australia/Sydney",
}
# `CST` and `IST` mean several zones: the source's own decides, else that of the region of the page.
_ZONES_OF_REGIONS: Final = {
    "IN": "Asia/Kolkata",
    "IL": "Asia/Jerusalem",
    "IE": "Europe/Dublin",
    "US": "America/Chicago",
    "CN": "Asia/Shanghai",
    "TW": "Asia/Taipei",
}
_REGIONS_OF_LANGUAGES: Final = {
    "hi": "IN",
    "mr": "IN",
    "gu": "IN",
    "kn": "IN",
    "ml": "IN",
    "te": "IN",
    "he": "IL",
    "ga": "IE",
}
ZONE_NAMES: Final = frozenset({*_OFFSET_HOURS, *_REGIONS, "CST", "IST"})
_AFTER_TIME: Final = re.compile(r"[\s,(\[|/]*(?:(?:uhr|uur|hrs?|hours|น|ч|h)\b\.?)?[\s,(\[]*", re.IGNORECASE)
_NUMERIC: Final = re.compile(r"(?:UTC|GMT|Z)?\s?([+\-−–])\s?(\d{1,2})(?::?([0-5]\d))?(?![\d-])")
# A name of the IANA database, as Java and PHP print it: `Europe/Paris`, `[America/Argentina/Salta]`.
_IANA_NAME: Final = re.compile(r"[A-Z][A-Za-z]+(?:/[A-Z][\w+-]*){1,2}", re.ASCII)
_NAME: Final = re.compile(r"([^\W\d_]{1,4})(?!\w)")


def find_zone(text: str, day: datetime, local: tzinfo | None) -> tzinfo | None:
    """Return the time zone at the start of the text after a time; None if there is none.

    An abbreviation that means several zones (`CST`, `IST`) is `local` if that uses it on `day`, else no zone; so is one
    that `local` uses too (`BST`). Abbreviations are in capitals: `est` and `ist` are also words.
    """
    start = match.end() if (match := _AFTER_TIME.match(text)) else 0
    if numeric := _NUMERIC.match(text, start):
        sign = 1 if numeric[1] == "+" else -1
        offset = timedelta(hours=int(numeric[2]), minutes=int(numeric[3] or 0))
        return timezone(sign * offset) if offset <= MAX_UTC_OFFSET else None
    if (iana := _IANA_NAME.match(text, start)) and (zone := _zone_info(iana[0])):
        return zone
    name = match[1] if (match := _NAME.match(text, start)) else ""
    if local is not None and day.replace(tzinfo=local).tzname() == name:
        return local
    if name in _REGIONS:
        return ZoneInfo(_REGIONS[name])
    hours = _OFFSET_HOURS.get(name)
    if hours is None:
        return None
    return UTC if hours == 0 else timezone(timedelta(hours=hours))


def region_zone(language: str | None) -> ZoneInfo | None:
    """Return the zone that gives names of several zones their meaning in the region of a language (BCP 47), if any.

    A language that one country alone speaks names its region.
    """
    primary, _, region = (language or "").partition("-")
    region = region.rpartition("-")[2] or _REGIONS_OF_LANGUAGES.get(primary, "")
    return _zone_info(_ZONES_OF_REGIONS.get(region, ""))


def _zone_info(name: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None
