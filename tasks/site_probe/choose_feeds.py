"""Which of a site's feeds and sitemaps to read, what they yield together, and which of their articles to try."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from tasks.listings.listing import Entry
from tasks.metadata.urls import normalize_url
from tasks.site_probe.feed_statistics import SETTLED, Measured, added

ADDS: Final = 0.2
"""Share of a feed's articles that the others lack, from which it is worth a request of its own."""
MOST_INPUTS: Final = 5
NEWEST: Final = 100
"""Entries of an input among which those to try are chosen."""


def choose(listings: Sequence[Measured], now: datetime) -> tuple[Measured, ...]:
    """The feeds to read, the main one first, then those that add to it; where there is none, a sitemap.

    The main feed is alive, holds most of what all of them name, says most of its entries, and comes first on the page.
    """
    feeds = [one for one in listings if one.kind == "feed" and one.entries]
    sitemaps = [one for one in listings if one.kind == "sitemap" and one.entries]
    left = [one for one in feeds if one.is_alive(now)] or feeds
    if not left:
        return tuple(sorted(sitemaps, key=lambda one: (not one.is_alive(now), not is_news(one)))[:1])
    chosen = [max(left, key=lambda one: (_coverage(one, left), _told(one), -left.index(one)))]
    while len(chosen) < MOST_INPUTS and (left := [one for one in left if one not in chosen]):
        best = max(left, key=lambda one: added(one, chosen))
        if added(best, chosen) < ADDS:
            break
        chosen.append(best)
    return tuple(chosen)


def is_news(one: Measured) -> bool:
    """Whether a sitemap is a news sitemap: it gives titles."""
    return one.kind == "sitemap" and one.titled > SETTLED


def total_pace(chosen: Sequence[Measured]) -> float | None:
    """Articles a day of all together, what they share counted once; None where the first has no pace."""
    if not chosen or chosen[0].per_day is None:
        return None
    own = (
        (one.per_day or 0) * added(one, chosen[:number]) if number else one.per_day or 0
        for number, one in enumerate(chosen)
    )
    return sum(own)


def expected(per_day: float | None) -> float | None:
    """What a healthy source surely yields in a day: half its pace, in two figures."""
    if not per_day:
        return None
    return float(f"{per_day / 2:.2g}")


def spread(chosen: Sequence[Measured], number: int) -> list[Entry]:
    """Entries to try, evenly across the newest hundred of each input, in turn."""
    picks: list[list[Entry]] = []
    for one in chosen:
        newest = list({entry.url: entry for entry in _newest_first(one)}.values())[:100]
        step = max(1, len(newest) // number)
        picks.append(newest[::step])
    turns = [pick[turn] for turn in range(number) for pick in picks if turn < len(pick)]
    return list({normalize_url(entry.url): entry for entry in turns}.values())[:number]


def _newest_first(one: Measured) -> list[Entry]:
    if one.kind == "feed":
        return list(one.listing.entries)
    dates = {entry.url: one.addresses.get(normalize_url(entry.url)) for entry in one.listing.entries}
    return sorted(
        one.listing.entries, key=lambda entry: date.timestamp() if (date := dates[entry.url]) else 0, reverse=True
    )


def _coverage(one: Measured, feeds: Sequence[Measured]) -> int:
    """How much of what all feeds name since the shortest of them begins is in this one, in tenths."""
    started = [feed.since for feed in feeds if feed.since]
    since = max(started) if started else None
    every = {
        url for feed in feeds for url, date in feed.addresses.items() if since is None or date is None or date >= since
    }
    return round(10 * len(every & one.addresses.keys()) / len(every)) if every else 0


def _told(one: Measured) -> float:
    return round(one.dated + one.credited + one.full_text, 1)
