"""Find the feeds and sitemaps of a site, politely and with a bounded number of requests."""

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

MAX_REQUESTS: Final = 12  # for feeds and sitemaps together, the first page included: at 5 seconds each, a minute
MAX_SITEMAPS: Final = 2  # of those that robots.txt names; a large site's names dozens
MAX_FEEDS: Final = 5
# What robots.txt forbids costs no request, and a page may link to thousands of such.
MAX_URLS: Final = 30

# How an address was discovered, in words.
BY_PAGE: Final = "named by the page"
BY_CONVENTION: Final = "at a usual path"
BY_USER: Final = "the address given"

Response = Downloaded | Refused | Postponed


@dataclass(frozen=True, slots=True)
class SurveyRequest:
    """One address that was requested: how it was discovered, and in words what came of it."""

    url: str
    discovery: str
    outcome: str


@dataclass(slots=True)
class Survey:
    """The survey of one site, while it is made."""

    fetcher: Fetcher
    workers: Workers
    settings: Settings
    delay: float
    allow_private: bool
    now: datetime
    on_request: Callable[[str], None]
    front: SiteInfo = field(default_factory=lambda: SiteInfo(None, None, ()))
    origin: str = ""
    listings: list[ListingStatistics] = field(default_factory=list)
    start_kind: Literal["feed", "sitemap", "page"] = "page"
    requests: list[SurveyRequest] = field(default_factory=list)
    known_urls: set[str] = field(default_factory=set)
    requests_left: int = MAX_REQUESTS
    problem: str | None = None  # why nothing of the site could be read

    def run(self, url: str) -> None:
        """Find the feeds and sitemaps of the site that an address belongs to."""
        response = self._get(url, BY_USER, ACCEPT_PAGES)
        self.origin = urljoin(response.final_url if isinstance(response, Downloaded) else url, "/")
        if not isinstance(response, Downloaded):
            self.problem = response.detail
            if not self._may_go_on(response):
                return
        else:
            self.start_kind = detect_kind(response.content)
            self._read(response, url, BY_USER)
        if self.start_kind == "page":
            self._find_feeds()
        if self.start_kind != "sitemap":
            self._find_sitemaps()

    def request(self, url: str, accept: str = ACCEPT_PAGES) -> Request:
        """Return the request for an address of the site."""
        limit = self.settings.max_listing_bytes if accept == ACCEPT_LISTINGS else None
        return Request(url, delay=self.delay, allow_private=self.allow_private, max_bytes=limit, accept=accept)

    def _find_feeds(self) -> None:
        if not self.front.feeds and normalize_url(self.origin) not in self.known_urls:
            self._read(self._get(self.origin, "the home page", ACCEPT_PAGES), self.origin, "the home page")
        waiting = deque(self.front.feeds)
        reserved = len(self._sitemaps()) + 1  # and a part of an index
        while (
            waiting
            and len(self._feeds()) < MAX_FEEDS
            and self.requests_left > reserved
            and len(self.requests) < MAX_URLS
        ):
            waiting.extend(self._request_listing(waiting.popleft(), BY_PAGE))
        for path in FEED_PATHS:
            if self._feeds() or self.requests_left <= reserved:
                return
            self._request_listing(urljoin(self.origin, path), BY_CONVENTION)

    def _find_sitemaps(self) -> None:
        for address, discovery in self._sitemaps():
            sitemaps = [listing for listing in self.listings if listing.kind == "sitemap"]
            if (
                self.requests_left <= 0
                or any(map(is_news_sitemap, sitemaps))
                or (sitemaps and discovery == BY_CONVENTION)
            ):
                return
            self._request_listing(address, discovery)

    def _sitemaps(self) -> list[tuple[str, str]]:
        """Return the sitemaps that robots.txt names, else the usual ones, each with how it was discovered."""
        rules = self.rules()
        urls = [article_url(url, self.origin) for url in rules.sitemaps] if isinstance(rules, Rules) else []
        ranked = rank_sitemaps(filter(None, urls))[:MAX_SITEMAPS]
        usual = [(urljoin(self.origin, path), BY_CONVENTION) for path in SITEMAP_PATHS]
        return [(url, "named by robots.txt") for url in ranked] or usual

    def rules(self) -> Rules | Refused | Postponed:
        """Return the rules of robots.txt, which is fetched once, as every fetch heeds it."""
        return self.fetcher.robots(self.origin, delay=self.delay, allow_private=self.allow_private)

    def crawl_delay(self) -> float:
        """Return the seconds that robots.txt asks to leave between two requests; 0 if it asks nothing."""
        rules = self.rules()
        return (rules.crawl_delay or 0.0) if isinstance(rules, Rules) else 0.0

    def robots_summary(self) -> str:
        """Return what robots.txt says, in words."""
        rules = self.rules()
        if not isinstance(rules, Rules):
            return rules.detail
        home = "lets" if rules.allows(self.origin) else "does not let"
        wait = f", asks for {rules.crawl_delay:g} seconds between requests" if rules.crawl_delay else ""
        return f"robots.txt {home} {TOKEN} read the home page{wait}; sitemaps named: {len(rules.sitemaps)}"

    def _feeds(self) -> list[ListingStatistics]:
        return [listing for listing in self.listings if listing.kind == "feed"]

    def _request_listing(self, url: str, discovery: str) -> tuple[str, ...]:
        """Read one listing; return the feeds that are named by the page that may come instead."""
        if normalize_url(url) in self.known_urls:
            return ()
        return self._read(self._get(url, discovery, ACCEPT_LISTINGS), url, discovery)

    def _get(self, url: str, discovery: str, accept: str) -> Response:
        self.known_urls.add(normalize_url(url))
        self.on_request(f"{url} ({discovery})")
        response = self.fetcher.fetch(self.request(url, accept))
        self.requests_left -= bool(response.exchanges)
        if isinstance(response, NotModified):
            response = Refused(Reason.FETCH_FAILED, "its server answers 304 to whoever never had it", 304)
        if not isinstance(response, Downloaded):
            self._note(url, discovery, response.detail)
        return response

    def _read(self, response: Response, url: str, discovery: str) -> tuple[str, ...]:
        if not isinstance(response, Downloaded):
            return ()
        final = normalize_url(response.final_url)
        if final in self.known_urls and final != normalize_url(url):
            self._note(url, discovery, f"leads to {response.final_url}, which was read already")
            return ()
        self.known_urls.add(final)
        kind = detect_kind(response.content)
        if kind == "page":
            return self._read_page(response, url, discovery)
        try:
            if kind == "feed":
                listing = self.workers.call(
                    read_feed, response.content, response.final_url, response.media_type, response.charset
                )
            else:
                listing = self.workers.call(read_sitemap, response.content, response.final_url)
        except (ListingError, CallError) as error:
            self._note(url, discovery, str(error))
            return ()
        self._take(kind, response.moved_to or url, discovery, listing)
        return ()

    def _read_page(self, response: Downloaded, url: str, discovery: str) -> tuple[str, ...]:
        front = self.workers.call(read_site_info, response.content, response.final_url, response.charset)
        self._note(url, discovery, f"a page that names {len(front.feeds) or 'no'} feeds")
        if discovery in {BY_PAGE, BY_CONVENTION}:
            return front.feeds if discovery == BY_PAGE else ()
        first = self.front
        self.front = SiteInfo(first.name or front.name, first.language or front.language, front.feeds)
        return ()

    def _take(self, kind: Literal["feed", "sitemap"], url: str, discovery: str, listing: Listing) -> None:
        if listing.children and self.requests_left > 0:
            self._follow(url, discovery, listing)
            return
        measured = measure_listing(kind, url, discovery, listing, self.now)
        if kind == "feed" and is_comment_feed(listing):
            self._note(url, discovery, "a feed of comments")
        elif not measured.entries:
            self._note(url, discovery, f"a {kind} without entries")
        else:
            self._note(url, discovery, f"a {kind} of {measured.entries} entries")
            self.listings.append(measured)

    def _follow(self, index: str, discovery: str, listing: Listing) -> None:
        """Read the part of an index that has the news; the index is the input if its parts come and go."""
        self._note(index, discovery, f"an index of {len(listing.children)} sitemaps")
        child = choose_child(listing.children)
        if child is None or normalize_url(child.url) in self.known_urls:
            return
        is_permanent = is_news_sitemap_url(child.url) and not is_numbered(child.url)
        count = len(self.listings)
        self._request_listing(child.url, f"named by {index}")
        if len(self.listings) > count and not is_permanent:
            part = self.listings.pop()
            self.listings.append(
                measure_listing("sitemap", index, f"{discovery}, of it {child.url}", part.listing, self.now)
            )

    def _may_go_on(self, response: Response) -> bool:
        """Return whether a site that refuses one page may give others, as it refuses this one for itself."""
        if not isinstance(response, Refused):
            return False
        if response.http_status is None:
            return response.reason is Reason.DISALLOWED and isinstance(self.rules(), Rules)
        return (
            response.http_status < HTTPStatus.INTERNAL_SERVER_ERROR
            and response.http_status != HTTPStatus.TOO_MANY_REQUESTS
        )

    def _note(self, url: str, discovery: str, outcome: str) -> None:
        self.requests.append(SurveyRequest(url, discovery, outcome))
