"""Repairs a gap: finds in the sitemaps of a site what came and went between two polls of its feed."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from config.inputs import FeedInput, SitemapInput
from flows.ingestion.fetch_listing import ListingFetcher, ListingResponse
from flows.ingestion.listing_dates import (
    MAX_SITE_CLOCK_DIFFERENCE,
    Period,
    listed_period,
    listed_publication_period,
)
from tasks.discover import listed_documents
from tasks.http.fetcher import Rules
from tasks.listings.discovered import Discovered, item_of
from tasks.listings.listing import Listing
from tasks.listings.poll_interval import gap_window
from tasks.metadata.urls import is_web_url
from warehouse.model.rows import Poll
from warehouse.model.vocabulary import Purpose
from warehouse.state.endpoints import Endpoint

if TYPE_CHECKING:
    from flows.ingestion.ingest_run import IngestRun

REPAIR_ENDPOINT: Final = "{}#repair"
"""The endpoint of a sitemap in `polls` where it is read for a gap: as an input of its own, it is not read by that."""
MAX_SITEMAPS_PER_GAP: Final = 20
MAX_SECTIONS: Final = 12
MAX_UNDATED_URLS: Final = 500
"""Addresses without a date that are taken from a sitemap which the source names."""


def repair(listings: ListingFetcher, state: Endpoint, entry: FeedInput) -> None:
    """Find in the site's sitemaps what was published between the last poll and the oldest entry of this one.

    Of a sitemap that robots.txt names, only what lies where the feed's own entries do is taken: it is the whole site's.
    """
    run = listings.run
    window = gap_window(state, listings.dates, run.clock())
    if window is None:
        return
    sitemaps = [entry.sitemap] if entry.sitemap else sitemaps_in_robots(run, entry.url)
    # One that the source names is its own; those of robots.txt are the whole site's.
    is_ours = partial(belongs, sections(run, state.url)) if entry.sitemap is None else bool
    max_undated = MAX_UNDATED_URLS if entry.sitemap else 0
    as_sitemap = SitemapInput(kind="sitemap", url=entry.url, include=entry.include, exclude=entry.exclude)
    reader = ListingFetcher(run, as_sitemap, listings.archive, listings.captures, purpose=Purpose.GAP_REPAIR)
    waiting = deque(dict.fromkeys(sitemaps[:MAX_SITEMAPS_PER_GAP]))
    queued = set(waiting)
    while waiting:
        url = waiting.popleft()
        if reader.leads_back(url):
            continue
        response = reader.fetch(url, Endpoint(url))
        listing = response.listing or Listing()
        for child_url in _newest(run, listing, window[0]):
            if child_url not in queued and len(queued) < MAX_SITEMAPS_PER_GAP:
                queued.add(child_url)
                waiting.append(child_url)
        ours = replace(listing, entries=tuple(item for item in listing.entries if is_ours(item.url)))
        items = listed_documents(run.source, reader.entry, ours, url, run.clock())
        documents = run.discover(_missing(run, items, window, max_undated))
        listings.documents.extend(documents)
        run.writer.add_poll(_poll(run, REPAIR_ENDPOINT.format(url), response, len(documents)))


def _newest(run: IngestRun, listing: Listing, since: datetime) -> list[str]:
    """Return the sitemaps of an index that may hold what is missing, dated ones first, then by number."""
    dated = [(listed_period(run.source, child.modified), child.url) for child in listing.children]
    earliest = since - MAX_SITE_CLOCK_DIFFERENCE
    changed = sorted(((period, url) for period, url in dated if period and period[1] >= earliest), reverse=True)
    undated = [url for period, url in dated if period is None]
    undated.sort(key=lambda url: [int(number) for number in re.findall(r"\d{1,18}", url)], reverse=True)
    return [url for _, url in changed] + undated


def _poll(run: IngestRun, url: str, response: ListingResponse, entries: int) -> Poll:
    """Return the poll of a sitemap that is no input: nothing is due there."""
    return Poll(
        source_id=run.source.id,
        run_id=run.row.run_id,
        endpoint=url,
        polled_at=run.clock(),
        http_status=response.http_status,
        entries=entries,
        known=0,
        oldest_at=None,
        gap_suspected=False,
        next_poll_at=None,
        error=response.problem,
    )


def _missing(run: IngestRun, items: Iterable[Discovered], window: Period, max_undated: int) -> Iterator[Discovered]:
    """Yield what may have been published in the window, and up to `max_undated` new documents without a date."""
    first, last = window[0] - MAX_SITE_CLOCK_DIFFERENCE, window[1] + MAX_SITE_CLOCK_DIFFERENCE
    for item in items:
        period = listed_publication_period(run.source, item)
        if period is not None and period[0] <= last and period[1] >= first:
            yield item
        elif period is None and max_undated and item_of(run.documents.known_as(item)).url not in run.ledger.addresses:
            max_undated -= 1
            yield item


def sections(run: IngestRun, found_in: str) -> frozenset[tuple[str, str]]:
    """Return host and first part of the path of what a feed has named; the hosts alone if these are too many."""
    pairs = frozenset(map(section, run.ledger.addresses.seen_in(found_in)))
    return pairs if len(pairs) <= MAX_SECTIONS else frozenset((host, "") for host, _ in pairs)


def belongs(known: frozenset[tuple[str, str]], url: str) -> bool:
    """Return whether an address lies in one of some sections."""
    # The sitemap is the whole site's; the feed may be that of its sports desk.
    part = section(url)
    return part in known or (part[0], "") in known


def section(url: str) -> tuple[str, str]:
    """Return the host and the first part of the path of an address; the latter empty for a year or a single part."""
    parts = urlsplit(url)
    first, _, rest = parts.path.strip("/").partition("/")
    return parts.netloc, first if rest and not re.fullmatch(r"(19|20)\d\d", first) else ""


def sitemaps_in_robots(run: IngestRun, url: str) -> list[str]:
    """Return the sitemaps that the site's robots.txt names, those for news first."""
    rules = run.fetcher.robots(url, delay=run.source.delay, allow_private=run.source.allow_private)
    sitemaps = filter(is_web_url, rules.sitemaps) if isinstance(rules, Rules) else ()
    return sorted(sitemaps, key=lambda url: "news" not in url.lower())
