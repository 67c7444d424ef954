"""When an article was published: the reading of its dates, its local day, and its offset from UTC."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from tasks.language.combine import UNKNOWN
from tasks.metadata.dates import ParsedDate, parse_date
from tasks.metadata.urls import country_language
from tasks.text.characters import clean_line
from warehouse.model.records import Candidate
from warehouse.model.vocabulary import Zone

# How long after its fetch a document may be dated: enough for time zones, too little for the date of an event.
MAX_FUTURE: Final = timedelta(days=2)

_REGION: Final = re.compile(r"-[A-Za-z]{2}$")
_MINUTE: Final = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class DateReader:
    """What decides how a document's dates are read."""

    language: str | None
    """BCP 47, if possible with a region: it orders the figures of `3/4/2024`."""
    timezone: str | None
    """IANA name of the zone of times without one."""
    fetched_at: datetime

    def __call__(self, raw: str) -> ParsedDate | None:
        """Return the date in a text; None if there is none, or one after the document was read."""
        parsed = parse_date(clean_line(raw), self.language, self.timezone)
        return parsed if parsed and parsed.instant <= self.fetched_at + MAX_FUTURE else None

    def local_time(self, published: ParsedDate | None) -> tuple[date | None, int | None]:
        """Return the day of a publication where it was published, and the minutes its zone is ahead of UTC.

        Software writes times in UTC wherever it stands: the zone of the source decides for these.
        """
        if published is None:
            return None, None
        if self.timezone and published.zone is Zone.EXPLICIT and not published.offset:
            local = published.instant.astimezone(ZoneInfo(self.timezone))
            return local.date(), _minutes(local.utcoffset())
        return published.local_day, _minutes(published.offset)


def _minutes(offset: timedelta | None) -> int | None:
    return None if offset is None else offset // _MINUTE


def language_of_dates(
    candidates: Iterable[Candidate], detected: str, source_language: str | None, page_url: str
) -> str | None:
    """Return the language of dates and bylines: the detected one, with the first region that is declared for it.

    Declared, the most trusted first, are the language of the source, that of the country of its domain, and those that
    the page states.
    """
    page_languages = [value for candidate in candidates if candidate.field == "language" for value in candidate.values]
    declared = (source_language, country_language(page_url, detected), *page_languages)
    tags = [tag.replace("_", "-") for tag in declared if tag]
    if detected == UNKNOWN.tag:
        return next((tag for tag in tags if not tag.startswith(UNKNOWN.tag)), None)
    own = [tag for tag in tags if tag.split("-")[0].lower() == detected.split("-", maxsplit=1)[0]]
    return next((tag for tag in own if _REGION.search(tag)), next(iter(own), detected))


def completes(later: ParsedDate, first: ParsedDate) -> bool:
    """Return whether a later statement of a time has the zone that the first one lacks, or does not tell in UTC."""
    if later.completes(first):
        return True
    is_in_utc = first.zone is Zone.EXPLICIT and not first.offset
    return is_in_utc and bool(later.offset) and later.zone is Zone.EXPLICIT and later.instant == first.instant
