"""Choose the feeds and sitemaps of a site that are worth reading, and the articles on which to try them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from tasks.listings.listing import Entry
from tasks.metadata.urls import normalize_url
from tasks.site_probe.feed_statistics import SETTLED_SHARE, ListingStatistics, added_share

# Of a feed's articles that the other feeds lack: below it, the feed is not worth a request of its own.
MIN_ADDED_SHARE: Final = 0.2
MAX_INPUTS: Final = 5
# Of each listing, of which some are tried.
MAX_NEWEST_ENTRIES: Final = 100


def choose_listings(listings: Sequence[ListingStatistics], now: datetime) -> tuple[ListingStatistics, ...]:
    """Return the feeds to read, the main one first, then those that add to it; without any feed, one sitemap.

    The main feed is alive, has the most of all feeds' articles and the most metadata, and comes first on the page.
    """
    feeds = [listing for listing in listings if listing.kind == "feed" and listing.entries]
    sitemaps = [listing for listing in listings if listing.kind == "sitemap" and listing.entries]
    remaining = [feed for feed in feeds if feed.is_alive(now)] or feeds
    if not remaining:
        return tuple(
            sorted(sitemaps, key=lambda sitemap: (not sitemap.is_alive(now), not is_news_sitemap(sitemap)))[:1]
        )
    main_feed = max(
        remaining, key=lambda feed: (_coverage(feed, remaining), _metadata_score(feed), -remaining.index(feed))
    )
    chosen = [main_feed]
    while len(chosen) < MAX_INPUTS and (remaining := [feed for feed in remaining if feed not in chosen]):
        best = max(remaining, key=lambda feed: added_share(feed, chosen))
        if added_share(best, chosen) < MIN_ADDED_SHARE:
            break
        chosen.append(best)
    return tuple(chosen)


def is_news_sitemap(listing: ListingStatistics) -> bool:
    """Return whether a listing is a news sitemap: a sitemap with titles."""
    return listing.kind == "sitemap" and listing.titled > SETTLED_SHARE


def total_articles_per_day(chosen: Sequence[ListingStatistics]) -> float | None:
    """Return the articles per day of all listings, shared ones counted once; None if the first has no such figure."""
    if not chosen or chosen[0].per_day is None:
        return None
    added = (
        (listing.per_day or 0) * added_share(listing, chosen[:number])
        for number, listing in enumerate(chosen)
        if number
    )
    return chosen[0].per_day + sum(added)


def expected_articles_per_day(per_day: float | None) -> float | None:
    """Return what a healthy source surely yields in a day: half of `per_day`, in two digits."""
    if not per_day:
        return None
    return float(f"{per_day / 2:.2g}")


def choose_trial_entries(chosen: Sequence[ListingStatistics], number: int) -> list[Entry]:
    """Return `number` entries to try, evenly across the newest hundred of each listing, in turn."""
    picks: list[list[Entry]] = []
    for listing in chosen:
        newest = list({entry.url: entry for entry in _newest_first(listing)}.values())[:MAX_NEWEST_ENTRIES]
        step = max(1, len(newest) // number)
        picks.append(newest[::step])
    turns = [pick[turn] for turn in range(number) for pick in picks if turn < len(pick)]
    return list({normalize_url(entry.url): entry for entry in turns}.values())[:number]


def _newest_first(statistics: ListingStatistics) -> list[Entry]:
    entries = statistics.listing.entries
    if statistics.kind == "feed":
        return list(entries)
    dates = {entry.url: statistics.dates.get(normalize_url(entry.url)) for entry in entries}
    return sorted(entries, key=lambda entry: date.timestamp() if (date := dates[entry.url]) else 0, reverse=True)


def _coverage(feed: ListingStatistics, feeds: Sequence[ListingStatistics]) -> int:
    """Return the share, in tenths, of all feeds' articles that a feed has, since the shortest of them begins."""
    starts = [other.since for other in feeds if other.since]
    since = max(starts) if starts else None
    urls = {
        url for other in feeds for url, date in other.dates.items() if since is None or date is None or date >= since
    }
    return round(10 * len(urls & feed.dates.keys()) / len(urls)) if urls else 0


def _metadata_score(feed: ListingStatistics) -> float:
    return round(feed.dated + feed.credited + feed.full_text, 1)
