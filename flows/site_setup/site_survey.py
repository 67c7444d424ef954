"""A site looked at for the first time: its feeds and sitemaps, asked for politely and a bounded number of times."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from http import HTTPStatus
from typing import Final, Literal
from urllib.parse import urljoin

from config.settings import Settings
from flows.ingestion.process_pool import CallError, Workers
from tasks.http.fetcher import ACCEPT_LISTINGS, ACCEPT_PAGES, Fetcher, Request
from tasks.http.response import Downloaded, NotModified, Postponed, Refused
from tasks.http.robots import TOKEN, Rules
from tasks.listings.entries import article_url
from tasks.listings.feeds import read_feed
from tasks.listings.listing import Listing, ListingError
from tasks.listings.sitemaps import read_sitemap
from tasks.metadata.urls import normalize_url
from tasks.site_probe.autodiscovery import (
    FEED_PATHS,
    SITEMAP_PATHS,
    SiteInfo,
    choose_child,
    detect_kind,
    is_news_sitemap_url,
    is_numbered,
    rank_sitemaps,
    read_site_info,
)
from tasks.site_probe.choose_feeds import is_news_sitemap
from tasks.site_probe.feed_statistics import ListingStatistics, is_comment_feed, measure_listing
from warehouse.model.vocabulary import Reason

MOST_REQUESTS: Final = 12
"""For feeds and sitemaps together, the first page included: at 5 seconds each, a minute."""
MOST_SITEMAPS: Final = 2
"""Of those that robots.txt names; a large site's names dozens."""
MOST_FEEDS: Final = 5
MOST_ADDRESSES: Final = 30
"""Looked up at all; what robots.txt forbids is no request, and a page may link to thousands of such."""

NAMED: Final = "named by the page"
USUAL: Final = "at a usual path"
GIVEN: Final = "the address given"


Answer = Downloaded | Refused | Postponed


@dataclass(frozen=True, slots=True)
class Asked:
    """One address that was asked for, and in words what came of it."""

    url: str
    found: str
    outcome: str


@dataclass(slots=True)
class Survey:
    """What is found of a site, while it is looked at."""

    fetcher: Fetcher
    workers: Workers
    settings: Settings
    delay: float
    allow_private: bool
    now: datetime
    tell: Callable[[str], None]
    front: SiteInfo = field(default_factory=lambda: SiteInfo(None, None, ()))
    origin: str = ""
    listings: list[ListingStatistics] = field(default_factory=list)
    given: Literal["feed", "sitemap", "page"] = "page"
    asked: list[Asked] = field(default_factory=list)
    seen: set[str] = field(default_factory=set)
    left: int = MOST_REQUESTS
    problem: str | None = None
    """Why nothing of the site could be seen."""

    def look(self, url: str) -> None:
        """Find the feeds and sitemaps of the site that an address belongs to."""
        got = self._get(url, GIVEN, ACCEPT_PAGES)
        self.origin = urljoin(got.final_url if isinstance(got, Downloaded) else url, "/")
        if not isinstance(got, Downloaded):
            self.problem = got.detail
            if not self._may_go_on(got):
                return
        else:
            self.given = detect_kind(got.content)
            self._read(got, url, GIVEN)
        if self.given == "page":
            self._find_feeds()
        if self.given != "sitemap":
            self._find_sitemaps()

    def request(self, url: str, accept: str = ACCEPT_PAGES) -> Request:
        """How the site is asked for an address."""
        limit = self.settings.max_listing_bytes if accept == ACCEPT_LISTINGS else None
        return Request(url, delay=self.delay, allow_private=self.allow_private, max_bytes=limit, accept=accept)

    def _find_feeds(self) -> None:
        if not self.front.feeds and normalize_url(self.origin) not in self.seen:
            self._read(self._get(self.origin, "the home page", ACCEPT_PAGES), self.origin, "the home page")
        waiting = deque(self.front.feeds)
        kept = len(self._sitemaps()) + 1  # and a part of an index
        while waiting and len(self._feeds()) < MOST_FEEDS and self.left > kept and len(self.asked) < MOST_ADDRESSES:
            waiting.extend(self._ask(waiting.popleft(), NAMED))
        for path in FEED_PATHS:
            if self._feeds() or self.left <= kept:
                return
            self._ask(urljoin(self.origin, path), USUAL)

    def _find_sitemaps(self) -> None:
        for address, found in self._sitemaps():
            known = [one for one in self.listings if one.kind == "sitemap"]
            if self.left <= 0 or any(map(is_news_sitemap, known)) or (known and found == USUAL):
                return
            self._ask(address, found)

    def _sitemaps(self) -> list[tuple[str, str]]:
        """Where sitemaps are said to be, else where they may be."""
        rules = self.rules()
        stated = [article_url(one, self.origin) for one in rules.sitemaps] if isinstance(rules, Rules) else []
        named = rank_sitemaps(filter(None, stated))[:MOST_SITEMAPS]
        usual = [(urljoin(self.origin, path), USUAL) for path in SITEMAP_PATHS]
        return [(address, "named by robots.txt") for address in named] or usual

    def rules(self) -> Rules | Refused | Postponed:
        """What robots.txt says; asked for once, as every fetch heeds it."""
        return self.fetcher.robots(self.origin, delay=self.delay, allow_private=self.allow_private)

    def crawl_delay(self) -> float:
        """Seconds that robots.txt asks to leave between two requests; 0 where it asks nothing."""
        rules = self.rules()
        return (rules.crawl_delay or 0.0) if isinstance(rules, Rules) else 0.0

    def robots_said(self) -> str:
        """What robots.txt says, in words."""
        rules = self.rules()
        if not isinstance(rules, Rules):
            return rules.detail
        home = "lets" if rules.allows(self.origin) else "does not let"
        wait = f", asks for {rules.crawl_delay:g} seconds between requests" if rules.crawl_delay else ""
        return f"robots.txt {home} {TOKEN} read the home page{wait}; sitemaps named: {len(rules.sitemaps)}"

    def _feeds(self) -> list[ListingStatistics]:
        return [one for one in self.listings if one.kind == "feed"]

    def _ask(self, url: str, found: str) -> tuple[str, ...]:
        """Read one listing; what came instead may be a page that names feeds: these."""
        if normalize_url(url) in self.seen:
            return ()
        return self._read(self._get(url, found, ACCEPT_LISTINGS), url, found)

    def _get(self, url: str, found: str, accept: str) -> Answer:
        self.seen.add(normalize_url(url))
        self.tell(f"{url} ({found})")
        got = self.fetcher.fetch(self.request(url, accept))
        self.left -= bool(got.exchanges)
        if isinstance(got, NotModified):
            got = Refused(Reason.FETCH_FAILED, "its server answers 304 to whoever never had it", 304)
        if not isinstance(got, Downloaded):
            self._note(url, found, got.detail)
        return got

    def _read(self, got: Answer, url: str, found: str) -> tuple[str, ...]:
        if not isinstance(got, Downloaded):
            return ()
        final = normalize_url(got.final_url)
        if final in self.seen and final != normalize_url(url):
            self._note(url, found, f"leads to {got.final_url}, which was read already")
            return ()
        self.seen.add(final)
        kind = detect_kind(got.content)
        if kind == "page":
            return self._read_page(got, url, found)
        try:
            if kind == "feed":
                listing = self.workers.call(read_feed, got.content, got.final_url, got.media_type, got.charset)
            else:
                listing = self.workers.call(read_sitemap, got.content, got.final_url)
        except (ListingError, CallError) as error:
            self._note(url, found, str(error))
            return ()
        self._take(kind, got.moved_to or url, found, listing)
        return ()

    def _read_page(self, got: Downloaded, url: str, found: str) -> tuple[str, ...]:
        front = self.workers.call(read_site_info, got.content, got.final_url, got.charset)
        self._note(url, found, f"a page that names {len(front.feeds) or 'no'} feeds")
        if found in {NAMED, USUAL}:
            return front.feeds if found == NAMED else ()
        named = self.front
        self.front = SiteInfo(named.name or front.name, named.language or front.language, front.feeds)
        return ()

    def _take(self, kind: Literal["feed", "sitemap"], url: str, found: str, listing: Listing) -> None:
        if listing.children and self.left > 0:
            self._follow(url, found, listing)
            return
        measured = measure_listing(kind, url, found, listing, self.now)
        if kind == "feed" and is_comment_feed(listing):
            self._note(url, found, "a feed of comments")
        elif not measured.entries:
            self._note(url, found, f"a {kind} without entries")
        else:
            self._note(url, found, f"a {kind} of {measured.entries} entries")
            self.listings.append(measured)

    def _follow(self, index: str, found: str, listing: Listing) -> None:
        """The part of an index with the news; the index is the input where its parts come and go."""
        self._note(index, found, f"an index of {len(listing.children)} sitemaps")
        child = choose_child(listing.children)
        if child is None or normalize_url(child.url) in self.seen:
            return
        lasting = is_news_sitemap_url(child.url) and not is_numbered(child.url)
        before = len(self.listings)
        self._ask(child.url, f"named by {index}")
        if len(self.listings) > before and not lasting:
            read = self.listings.pop()
            self.listings.append(
                measure_listing("sitemap", index, f"{found}, of it {child.url}", read.listing, self.now)
            )

    def _may_go_on(self, got: Answer) -> bool:
        """Whether a site that refuses one page may give others: it says of this one that it is not to be had."""
        if not isinstance(got, Refused):
            return False
        if got.http_status is None:
            return got.reason is Reason.DISALLOWED and isinstance(self.rules(), Rules)
        return got.http_status < HTTPStatus.INTERNAL_SERVER_ERROR and got.http_status != HTTPStatus.TOO_MANY_REQUESTS

    def _note(self, url: str, found: str, outcome: str) -> None:
        self.asked.append(Asked(url, found, outcome))
