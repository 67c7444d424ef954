"""Repair of a gap: what came and went between two looks at a feed is looked for in the site's sitemaps."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from config.inputs import FeedInput, SitemapInput
from flows.look import Answered, Look
from tasks.discover import name_items
from tasks.download import Rules
from tasks.listing import Listing
from tasks.polling import gap_window
from warehouse.endpoints import Endpoint
from warehouse.records import Fetched, Item, Poll

if TYPE_CHECKING:
    from flows.job import Job

MOST_REPAIRS: Final = 20
"""Sitemaps that are read to repair one gap."""
SLACK: Final = timedelta(hours=1)
"""By how much the clocks of a site may differ from each other."""
FEW_SECTIONS: Final = 12


def repair(look: Look, state: Endpoint, entry: FeedInput) -> None:
    """Look in the site's sitemaps for what was published between the last look and the oldest entry of this one.

    Only what lies where the feed's own entries do is taken: a sitemap is the whole site's.
    """
    job = look.job
    window = gap_window(state, look.dates, job.clock())
    if window is None:
        return
    sitemaps = [entry.sitemap] if entry.sitemap else _stated_sitemaps(job, entry.url)
    belongs = partial(_belongs, _sections(job, state.url))
    as_sitemap = SitemapInput(kind="sitemap", url=entry.url, include=entry.include, exclude=entry.exclude)
    reader = Look(job, as_sitemap, look.archive, look.captures)
    waiting = sitemaps[:MOST_REPAIRS]
    for url in waiting:
        answered = reader.ask(url, Endpoint(url))
        listing = answered.listing or Listing()
        for child in listing.children:
            modified = job.read_date(child.modified)
            if (modified is None or modified >= window[0] - SLACK) and len(waiting) < MOST_REPAIRS:
                waiting.append(child.url)
        missed = replace(listing, entries=tuple(one for one in listing.entries if belongs(one.url)))
        named = name_items(job.source, reader.entry, missed, url, job.clock())
        found = job.see(one for one in named if _within(job, one, window))
        look.found += found
        job.land_poll(_poll(job, url, answered, len(found)))


def _poll(job: Job, url: str, answered: Answered, entries: int) -> Poll:
    """The look at a sitemap that is no input: nothing is due there."""
    failed = answered.problem
    return Poll(
        job.source.id, job.run.run_id, url, job.clock(), answered.http_status, entries, 0, None, False, None, failed
    )


def _within(job: Job, found: Item | Fetched, window: tuple[datetime, datetime]) -> bool:
    item = found.item if isinstance(found, Fetched) else found
    date = job.published_at(item) or job.read_date(item.modified)
    return date is not None and window[0] - SLACK <= date <= window[1] + SLACK


def _sections(job: Job, found_in: str) -> frozenset[tuple[str, str]]:
    """Host and first part of the path of what a feed has named so far; empty where there are too many to tell."""
    known = (url for url, known in job.ledger.addresses.items() if known.found_in == found_in)
    sections = frozenset(_section(url) for url in known)
    return sections if len(sections) <= FEW_SECTIONS else frozenset((host, "") for host, _ in sections)


def _belongs(sections: frozenset[tuple[str, str]], url: str) -> bool:
    # The sitemap is the whole site's; the feed may be that of its sports desk.
    section = _section(url)
    return section in sections or (section[0], "") in sections


def _section(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    first, _, rest = parts.path.strip("/").partition("/")
    return parts.netloc, first if rest and not re.fullmatch(r"(19|20)\d\d", first) else ""


def _stated_sitemaps(job: Job, url: str) -> list[str]:
    """Those that the site's robots.txt names, for news first."""
    rules = job.fetcher.robots(url, delay=job.source.delay, allow_private=job.source.allow_private)
    return sorted(rules.sitemaps, key=lambda url: "news" not in url.lower()) if isinstance(rules, Rules) else []
