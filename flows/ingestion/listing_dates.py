"""Dates that listings print, read as the articles of their source are."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final

from config.sources import Source
from tasks.listings.discovered import Discovered, candidate_value, item_of, with_item
from tasks.metadata.dates import ParsedDate, parse_date
from tasks.text.characters import clean_line
from warehouse.model.records import Item
from warehouse.model.vocabulary import Precision

MAX_SITE_CLOCK_DIFFERENCE: Final = timedelta(hours=1)
"""Between two clocks of one site."""
_PERIODS: Final = {
    Precision.YEAR: timedelta(days=366),
    Precision.MONTH: timedelta(days=31),
    Precision.DAY: timedelta(days=1),
}

Period = tuple[datetime, datetime]
"""From a moment up to another."""


def listed_instant(source: Source, text: str | None) -> datetime | None:
    """Parse a date of a listing; None if there is none or it cannot be read."""
    date = _parse(source, text)
    return date.instant if date else None


def listed_period(source: Source, text: str | None) -> Period | None:
    """Return the first and last instant that a date of a listing may stand for: a bare day is all of it."""
    date = _parse(source, text)
    return None if date is None else (date.instant, date.instant + _PERIODS.get(date.precision, timedelta()))


def listed_publication(source: Source, document: Discovered) -> datetime | None:
    """Return when a document was published, as its listing says."""
    item = item_of(document)
    return listed_instant(source, candidate_value(item, "published_at")) if isinstance(item, Item) else None


def listed_publication_period(source: Source, document: Discovered) -> Period | None:
    """Return the period in which a document was published, else last changed, as its listing says."""
    item = item_of(document)
    if not isinstance(item, Item):
        return None
    return listed_period(source, candidate_value(item, "published_at") or item.modified)


def with_utc_change(source: Source, document: Discovered) -> Discovered:
    """Return a document with its time of change in UTC, or without it if it cannot be read."""
    # Listings print one moment in several ways; compared as printed, each would be a change for the other.
    item = item_of(document)
    if not isinstance(item, Item) or item.modified is None:
        return document
    instant = listed_instant(source, item.modified)
    return with_item(document, replace(item, modified=instant.astimezone(UTC).isoformat() if instant else None))


def _parse(source: Source, text: str | None) -> ParsedDate | None:
    return parse_date(clean_line(text), source.language, source.timezone) if text else None
