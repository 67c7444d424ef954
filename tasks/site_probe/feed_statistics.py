"""What feeds and sitemaps hold, how fast it changes, how much of it they share, and so which of them to read."""

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

SETTLED: Final = 0.75
"""Share of the entries, the newest, by which the pace is told: what is pinned to the top stays there for years."""
FULL_TEXT: Final = 800
"""Characters without tags from which an entry's content is more than a summary."""
ALIVE: Final = timedelta(days=30)

_TAG: Final = re.compile(r"<[^<>]*>")
_OF_COMMENT: Final = re.compile(r"#comment|/comments?/|[?&]comment", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Measured:
    """A feed or sitemap with what it holds now. Shares are 0 to 1, of its entries."""

    kind: Literal["feed", "sitemap"]
    url: str
    found: str
    """In words, how it was found."""
    listing: Listing
    addresses: dict[str, datetime | None]
    """Every address once, normalised, with its date."""
    newest: datetime | None
    oldest: datetime | None
    since: datetime | None
    """From when on it names everything: the date of the oldest entry but for what is pinned."""
    per_day: float | None
    titled: float
    dated: float
    credited: float
    full_text: float

    @property
    def entries(self) -> int:
        """How many articles it names."""
        return len(self.addresses)

    @property
    def interval(self) -> timedelta:
        """After how long to look again the first time."""
        dates = [date for date in self.addresses.values() if date]
        return next_interval(None, self.entries, 0, self.listing.minutes, dates)

    def is_alive(self, now: datetime) -> bool:
        """Whether it named anything in the last 30 days, or dates nothing."""
        return self.newest is None or now - self.newest <= ALIVE


def measure(kind: Literal["feed", "sitemap"], url: str, found: str, listing: Listing, now: datetime) -> Measured:
    """What a listing holds; dates more than a day ahead of `now` are not believed."""
    dates = [_date(entry, listing.language, now) for entry in listing.entries]
    addresses: dict[str, datetime | None] = {}
    for entry, date in zip(listing.entries, dates, strict=True):
        url_of = normalize_url(entry.url)
        addresses[url_of] = addresses.get(url_of) or date
    known = sorted((date for date in addresses.values() if date), reverse=True)
    settled = known[: math.ceil(SETTLED * len(known))]
    stated = [{candidate.field for candidate in entry.candidates} for entry in listing.entries]
    return Measured(
        kind,
        url,
        found,
        listing,
        addresses,
        newest=known[0] if known else None,
        oldest=known[-1] if known else None,
        since=settled[-1] if settled else None,
        per_day=pace(settled, now),
        titled=_share("title" in fields for fields in stated),
        dated=_share(date is not None for date in dates),
        credited=_share(bool(fields & {"authors", "by"}) for fields in stated),
        full_text=_share(len(_TAG.sub("", entry.html or "")) >= FULL_TEXT for entry in listing.entries),
    )


def pace(dates: Sequence[datetime], now: datetime) -> float | None:
    """Articles a day, from dates newest first up to now; None for fewer than three moments, which tell nothing.

    Counted up to now, not to the newest: a feed that fell silent a year ago has no pace of twenty a day.
    """
    if len(set(dates)) < max(3, len(dates) / 10):
        return None
    days = (now - dates[-1]) / timedelta(days=1)
    return (len(dates) - 1) / days if days > 0 else None


def is_of_comments(listing: Listing) -> bool:
    """Whether a feed names comments: by its guids, or because all its entries are on one page."""
    entries = listing.entries
    marked = sum(bool(_OF_COMMENT.search(f"{entry.guid or ''} {entry.url}")) for entry in entries)
    one_page = len(entries) > 2 and len({normalize_url(entry.url) for entry in entries}) == 1  # noqa: PLR2004  a pair may be chance
    return one_page or marked > len(entries) / 2


def overlap(one: Measured, others: Iterable[Measured]) -> float | None:
    """Share of the addresses of one that are in the others, in the time for which both tell: 0 to 1.

    Older ones are left out: a short feed lacks what a long one still holds, and had it when it was new. None where
    all are older, so that nothing can be told.
    """
    others = list(others)
    started = [other.since for other in others if other.since]
    since = min(started) if started else None
    common = [url for url, date in one.addresses.items() if since is None or date is None or date >= since]
    held = set().union(*(other.addresses for other in others))
    return sum(url in held for url in common) / len(common) if common else None


def added(one: Measured, others: Iterable[Measured]) -> float:
    """Share of the addresses of one that the others surely lack: 0 to 1."""
    shared = overlap(one, others)
    return 0.0 if shared is None else 1 - shared


def _date(entry: Entry, language: str | None, now: datetime) -> datetime | None:
    stated = [value for one in entry.candidates if one.field == "published_at" for value in one.values]
    for printed in (*stated, entry.modified or ""):
        parsed = parse_date(printed, language) if printed else None
        if parsed and parsed.instant <= now + timedelta(days=1):
            return parsed.instant
    return None


def _share(of: Iterable[bool]) -> float:
    answers = list(of)
    return sum(answers) / len(answers) if answers else 0.0
