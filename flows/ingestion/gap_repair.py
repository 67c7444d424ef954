"""Repair of a gap: what came and went between two looks at a feed is looked for in the site's sitemaps."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from config.inputs import FeedInput, SitemapInput
from flows.ingestion.fetch_listing import Answered, Look
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
    from flows.ingestion.ingest_run import Job

REPAIR_ENDPOINT: Final = "{}#repair"
"""The endpoint of a sitemap in `polls` where it is read for a gap: as an input of its own, it is not read by that."""
MOST_REPAIRS: Final = 20
"""Sitemaps that are read to repair one gap."""
SLACK: Final = timedelta(hours=1)
"""By how much the clocks of a site may differ from each other."""
FEW_SECTIONS: Final = 12
MOST_UNDATED: Final = 500
"""Addresses without a date that are taken from a sitemap which the source names."""


def repair(look: Look, state: Endpoint, entry: FeedInput) -> None:
    """Look in the site's sitemaps for what was published between the last look and the oldest entry of this one.

    Of a sitemap that robots.txt names, only what lies where the feed's own entries do is taken: it is the whole site's.
    """
    job = look.job
    window = gap_window(state, look.dates, job.clock())
    if window is None:
        return
    sitemaps = [entry.sitemap] if entry.sitemap else stated_sitemaps(job, entry.url)
    # One that the source names is its own; those of robots.txt are the whole site's.
    is_ours = partial(belongs, sections(job, state.url)) if entry.sitemap is None else bool
    undated = MOST_UNDATED if entry.sitemap else 0
    as_sitemap = SitemapInput(kind="sitemap", url=entry.url, include=entry.include, exclude=entry.exclude)
    reader = Look(job, as_sitemap, look.archive, look.captures, purpose=Purpose.GAP_REPAIR)
    waiting = sitemaps[:MOST_REPAIRS]
    for url in waiting:
        if reader.leads_back(url):
            continue
        answered = reader.ask(url, Endpoint(url))
        listing = answered.listing or Listing()
        waiting += [child for child in _newest(job, listing, window[0]) if child not in waiting]
        del waiting[MOST_REPAIRS:]
        missed = replace(listing, entries=tuple(one for one in listing.entries if is_ours(one.url)))
        items = listed_documents(job.source, reader.entry, missed, url, job.clock())
        found = job.see(_missing(job, items, window, undated))
        look.found += found
        job.land_poll(_poll(job, REPAIR_ENDPOINT.format(url), answered, len(found)))


def _newest(job: Job, listing: Listing, since: datetime) -> list[str]:
    """The sitemaps of an index that may hold what is missing, those dated ones first, then by number."""
    dated = [(job.read_period(child.modified), child.url) for child in listing.children]
    changed = sorted(((period, url) for period, url in dated if period and period[1] >= since - SLACK), reverse=True)
    undated = [url for period, url in dated if period is None]
    undated.sort(key=lambda url: [int(number) for number in re.findall(r"\d{1,18}", url)], reverse=True)
    return [url for _, url in changed] + undated


def _poll(job: Job, url: str, answered: Answered, entries: int) -> Poll:
    """The look at a sitemap that is no input: nothing is due there."""
    return Poll(
        source_id=job.source.id,
        run_id=job.run.run_id,
        endpoint=url,
        polled_at=job.clock(),
        http_status=answered.http_status,
        entries=entries,
        known=0,
        oldest_at=None,
        gap_suspected=False,
        next_poll_at=None,
        error=answered.problem,
    )


def _missing(
    job: Job, items: Iterable[Discovered], window: tuple[datetime, datetime], undated: int
) -> Iterator[Discovered]:
    """What may have been published in the window; of what has no date so many at most, if it was never seen."""
    for one in items:
        period = job.date_of(one)
        if period is not None and period[0] <= window[1] + SLACK and period[1] >= window[0] - SLACK:
            yield one
        elif period is None and undated and item_of(job.known_as(one)).url not in job.ledger.addresses:
            undated -= 1
            yield one


def sections(job: Job, found_in: str) -> frozenset[tuple[str, str]]:
    """Host and first part of the path of what a feed has named so far; empty where there are too many to tell."""
    known = (url for url, known in job.ledger.addresses.items() if known.found_in == found_in)
    sections = frozenset(section(url) for url in known)
    return sections if len(sections) <= FEW_SECTIONS else frozenset((host, "") for host, _ in sections)


def belongs(known: frozenset[tuple[str, str]], url: str) -> bool:
    """Whether an address lies where those of some sections do."""
    # The sitemap is the whole site's; the feed may be that of its sports desk.
    part = section(url)
    return part in known or (part[0], "") in known


def section(url: str) -> tuple[str, str]:
    """Host and first part of the path of an address."""
    parts = urlsplit(url)
    first, _, rest = parts.path.strip("/").partition("/")
    return parts.netloc, first if rest and not re.fullmatch(r"(19|20)\d\d", first) else ""


def stated_sitemaps(job: Job, url: str) -> list[str]:
    """Those that the site's robots.txt names, for news first."""
    rules = job.fetcher.robots(url, delay=job.source.delay, allow_private=job.source.allow_private)
    stated = filter(is_web_url, rules.sitemaps) if isinstance(rules, Rules) else ()
    return sorted(stated, key=lambda url: "news" not in url.lower())
