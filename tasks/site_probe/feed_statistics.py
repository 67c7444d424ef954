"""Statistics of feeds and sitemaps: their entries, how fast they change, how many they share."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

from tasks.listings.listing import Entry, Listing
from tasks.listings.poll_interval import next_interval
from tasks.metadata.dates import parse_date
from tasks.metadata.urls import normalize_url

# Of the entries, the newest: the others may be pinned to the top for years, and do not count for the articles per day.
SETTLED_SHARE: Final = 0.75
# Without tags; shorter content of an entry is a summary.
MIN_FULL_TEXT_CHARACTERS: Final = 800
MAX_AGE_OF_LIVE_LISTING: Final = timedelta(days=30)
MAX_FUTURE: Final = timedelta(days=1)
# Fewer entries may have one address by chance.
MIN_COMMENTS: Final = 3

_TAG: Final = re.compile(r"<[^<>]*>")
_OF_COMMENT: Final = re.compile(r"#comment|/comments?/|[?&]comment", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class ListingStatistics:
    """A feed or sitemap with statistics of its entries now. Shares are 0 to 1, of its entries."""

    kind: Literal["feed", "sitemap"]
    url: str
    discovery: str
    """How it was discovered, in words."""
    listing: Listing
    dates: dict[str, datetime | None]
    """The date of each entry by its normalised URL."""
    newest: datetime | None
    oldest: datetime | None
    since: datetime | None
    """The date from which on it has all articles: that of its oldest entry that is not pinned."""
    per_day: float | None
    titled: float
    dated: float
    credited: float
    full_text: float

    @property
    def entries(self) -> int:
        """The number of articles."""
        return len(self.dates)

    @property
    def interval(self) -> timedelta:
        """The time until the first poll."""
        dates = [date for date in self.dates.values() if date]
        return next_interval(None, self.entries, 0, self.listing.minutes, dates)

    def is_alive(self, now: datetime) -> bool:
        """Return whether it has an article of the last 30 days, or no dates."""
        return self.newest is None or now - self.newest <= MAX_AGE_OF_LIVE_LISTING


def measure_listing(
    kind: Literal["feed", "sitemap"], url: str, discovery: str, listing: Listing, now: datetime
) -> ListingStatistics:
    """Return the statistics of a listing; dates more than a day after `now` do not count."""
    entry_dates = [_date(entry, listing.language, now) for entry in listing.entries]
    dates: dict[str, datetime | None] = {}
    for entry, date in zip(listing.entries, entry_dates, strict=True):
        entry_url = normalize_url(entry.url)
        dates[entry_url] = dates.get(entry_url) or date
    newest_first = sorted((date for date in dates.values() if date), reverse=True)
    settled = newest_first[: math.ceil(SETTLED_SHARE * len(newest_first))]
    fields_of = [{candidate.field for candidate in entry.candidates} for entry in listing.entries]
    return ListingStatistics(
        kind,
        url,
        discovery,
        listing,
        dates,
        newest=newest_first[0] if newest_first else None,
        oldest=newest_first[-1] if newest_first else None,
        since=settled[-1] if settled else None,
        per_day=articles_per_day(settled, now),
        titled=_share("title" in fields for fields in fields_of),
        dated=_share(date is not None for date in entry_dates),
        credited=_share(bool(fields & {"authors", "by"}) for fields in fields_of),
        full_text=_share(len(_TAG.sub("", entry.html or "")) >= MIN_FULL_TEXT_CHARACTERS for entry in listing.entries),
    )


def articles_per_day(dates: Sequence[datetime], now: datetime) -> float | None:
    """Return the articles per day up to `now`, from dates newest first; None for fewer than three different dates.

    Counted up to now, not to the newest: a feed that fell silent a year ago has no pace of twenty a day.
    """
    if len(set(dates)) < max(3, len(dates) / 10):
        return None
    days = (now - dates[-1]) / timedelta(days=1)
    return (len(dates) - 1) / days if days > 0 else None


def is_comment_feed(listing: Listing) -> bool:
    """Return whether a feed lists comments: by its GUIDs, or because all its entries have one address."""
    entries = listing.entries
    comments = sum(bool(_OF_COMMENT.search(f"{entry.guid or ''} {entry.url}")) for entry in entries)
    has_one_url = len(entries) >= MIN_COMMENTS and len({normalize_url(entry.url) for entry in entries}) == 1
    return has_one_url or comments > len(entries) / 2


def overlap(listing: ListingStatistics, others: Iterable[ListingStatistics]) -> float | None:
    """Return the share, 0 to 1, of a listing's articles that the others have, in the time that both cover.

    Older articles do not count: a short feed had them when they were new. None if all are older.
    """
    others = list(others)
    starts = [other.since for other in others if other.since]
    since = min(starts) if starts else None
    urls = [url for url, date in listing.dates.items() if since is None or date is None or date >= since]
    other_urls = set().union(*(other.dates for other in others))
    return sum(url in other_urls for url in urls) / len(urls) if urls else None


def added_share(listing: ListingStatistics, others: Iterable[ListingStatistics]) -> float:
    """Return the share, 0 to 1, of a listing's articles that the others surely lack."""
    shared = overlap(listing, others)
    return 0.0 if shared is None else 1 - shared


def _date(entry: Entry, language: str | None, now: datetime) -> datetime | None:
    candidates = (candidate for candidate in entry.candidates if candidate.field == "published_at")
    values = [value for candidate in candidates for value in candidate.values]
    for value in (*values, entry.modified or ""):
        date = parse_date(value, language) if value else None
        if date and date.instant <= now + MAX_FUTURE:
            return date.instant
    return None


def _share(conditions: Iterable[bool]) -> float:
    values = list(conditions)
    return sum(values) / len(values) if values else 0.0
