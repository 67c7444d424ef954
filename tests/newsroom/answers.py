"""What a site answers to a request at a moment, its misbehaviour included. Nothing here knows of sockets."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict, deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.utils import format_datetime, parsedate_to_datetime
from typing import Final
from urllib.parse import parse_qs, quote, urlsplit

from tests.newsroom import feeds, pages
from tests.newsroom.faults import TEXT, Answer, faulty, redirect, stand_in
from tests.newsroom.plan import Article, Plan, Site
from tests.newsroom.sessions import own_path

COOKIE_PAGE: Final = "/check"


@dataclass(slots=True)
class Desk:
    """Answers for all sites; remembers what its throttles and its flaky pages must."""

    plan: Plan
    origins: dict[str, str]
    """`http://host:port` by site."""
    canary: str = ""
    """host:port that nobody may ask."""
    page_requests: Counter[tuple[str, str]] = field(default_factory=Counter)
    recent: defaultdict[str, deque[datetime]] = field(default_factory=lambda: defaultdict(deque))
    until: dict[str, datetime] = field(default_factory=dict)

    def answer(self, site: Site, target: str, headers: dict[str, str], now: datetime) -> Answer:
        """Answer a GET of `target` (path and query); header names in lower case."""
        path, query = own_path(target), parse_qs(urlsplit(target).query)
        if path == "/robots.txt":
            down = any(now in window for window in site.robots_bursts)
            body = b"" if down else feeds.robots_txt(site, self.origins[site.id])
            return Answer(503 if down else 200, body, (TEXT,), "robots")
        if obstacle := self._unwell(site, now) or _check_of_cookies(site, target, path, query, headers):
            return obstacle
        if path in {site.listing_path, feeds.MOVED_FEED} or (site.desk and path == feeds.DESK_FEED):
            return self._listing(site, path, query, headers, now)
        if path.startswith("/sitemap"):
            return self._sitemap(site, path, now)
        return self._page(site, path, now)

    def _unwell(self, site: Site, now: datetime) -> Answer | None:
        if any(now in window for window in site.bursts):
            return Answer(503, b"overloaded", (TEXT,))
        if retry_after := self._throttle(site, now):
            return Answer(429, b"slow down", (TEXT, ("Retry-After", str(retry_after))), retry_after=retry_after)
        return stand_in(site, "maintenance") if any(now in window for window in site.outages) else None

    def _throttle(self, site: Site, now: datetime) -> int | None:
        limit = site.throttle
        if limit is None:
            return None
        recent = self.recent[site.id]
        while recent and recent[0] <= now - timedelta(seconds=limit.seconds):
            recent.popleft()
        if now < self.until.get(site.id, now) or len(recent) >= limit.requests:
            recent.clear()
            self.until[site.id] = now + timedelta(seconds=limit.retry_after)
            return limit.retry_after
        recent.append(now)
        return None

    def _listing(
        self, site: Site, path: str, query: dict[str, list[str]], headers: dict[str, str], now: datetime
    ) -> Answer:
        origin, plan = self.origins[site.id], self.plan
        moved = site.feed_moved_at is not None and now >= site.feed_moved_at
        if moved and path == site.listing_path:
            return Answer(301, headers=(("Location", origin + feeds.MOVED_FEED),), kind="listing")
        feed = "desk" if path == feeds.DESK_FEED else "front"
        if feed == "front" and any(now in window for window in site.front_down):
            return Answer(503, b"overloaded", (TEXT,), "listing")
        page = int(query.get("page", ["1"])[0])
        match site.listing:
            case "rss":
                body, media = feeds.rss(plan, site, now, origin, feed), "application/rss+xml"
            case "json":
                body, media = feeds.json_feed(plan, site, now, origin), "application/feed+json"
            case "section":
                body, media = pages.section_page(plan, site, now, origin).encode(site.charset), "text/html"
            case _:
                body, media = feeds.atom(plan, site, now, origin, page), "application/atom+xml"
        entries = feeds.entries(plan, site, now, page, feed)
        listed = tuple(path for _, path in entries)
        if any(now in window for window in site.garbled):
            body = body[: len(body) * 6 // 10]
            listed = tuple(path for path in listed if path.encode() in body)
        changed = max((article.modified(now) for article, _ in entries), default=plan.span.start)
        facts = [("Content-Type", media)]
        if site.validators:
            etag = f'"{hashlib.sha256(body).hexdigest()[:16]}"'
            facts += [("ETag", etag), ("Last-Modified", format_datetime(changed, usegmt=True))]
            lies = feed == "front" and _is_conditional(headers) and any(now in window for window in site.lies)
            if lies or _unchanged(headers, etag, changed):
                return Answer(304, headers=tuple(facts[1:]), kind="listing")
        return Answer(200, body, tuple(facts), "listing", listed=listed)

    def _sitemap(self, site: Site, path: str, now: datetime) -> Answer:
        origin, plan = self.origins[site.id], self.plan
        media = ("Content-Type", "application/xml")
        if path == "/sitemap.xml" and site.sitemap == "index":
            return Answer(200, feeds.sitemap_index(plan, site, now, origin), (media,), "sitemap")
        day = path.removeprefix("/sitemap-").removesuffix(".xml") if site.sitemap == "index" else None
        if site.sitemap is None or (day is None and path != "/sitemap.xml"):
            return Answer(404, b"nothing here", (TEXT,))
        listed = tuple(path for _, path in feeds.sitemap_articles(plan, site, now, day))
        return Answer(200, feeds.news_sitemap(plan, site, now, origin, day), (media,), "sitemap", listed=listed)

    def _page(self, site: Site, path: str, now: datetime) -> Answer:
        if path == "/":
            front = pages.section_page(self.plan, site, now, self.origins[site.id])
            return Answer(200, front.encode(site.charset), (("Content-Type", f"text/html; charset={site.charset}"),))
        article = self.plan.by_path.get((site.id, path.removesuffix("/step")))
        if article is None or article.published > now:
            return Answer(404, b"nothing here", (TEXT,))
        for kind, windows in (("consent", site.consent), ("challenge", site.challenges)):
            if any(now in window for window in windows):
                return stand_in(site, kind, article.id)
        origin = self.origins[site.id]
        self.page_requests[site.id, path] += 1
        times = self.page_requests[site.id, path]
        if elsewhere := _elsewhere(article, path, now, origin):
            return elsewhere
        if broken := faulty(site, article, path, origin, self.canary, times):
            return broken
        body, charset = pages.encoded(site, article, pages.article_page(self.plan, site, article, now, origin))
        media = f"text/html; charset={charset}" if charset else "text/html"
        return Answer(200, body, (("Content-Type", media),), "page", article.id, article.version(now))


def _check_of_cookies(
    site: Site, target: str, path: str, query: dict[str, list[str]], headers: dict[str, str]
) -> Answer | None:
    """Redirect to the page that sets a site's cookie, and from there back; None to a client with the cookie."""
    if not site.cookies or path.startswith("/sitemap") or "visit=1" in headers.get("cookie", ""):
        return None
    if path == COOKIE_PAGE:
        location, cookie = query["to"][0], "visit=1; Path=/; HttpOnly"
        return Answer(302, headers=(("Location", location), ("Set-Cookie", cookie)))
    return Answer(302, headers=(("Location", f"{COOKIE_PAGE}?to={quote(target)}"),))


def _elsewhere(article: Article, path: str, now: datetime, origin: str) -> Answer | None:
    """Answer for a page that is not there any more, or not yet; None for any other."""
    if not article.is_up(now):
        return Answer(410, b"taken away", (TEXT,), "page", article.id)
    if article.moved_at and path == article.path and now >= article.moved_at:
        return redirect(f"{origin}{article.new_path}", article.id, 301)
    if article.moved_at and path == article.new_path and now < article.moved_at:
        return Answer(404, b"nothing here", (TEXT,), "page", article.id)
    return None


def _is_conditional(headers: dict[str, str]) -> bool:
    return "if-none-match" in headers or "if-modified-since" in headers


def _unchanged(headers: dict[str, str], etag: str, changed: datetime) -> bool:
    # If-None-Match overrules If-Modified-Since (RFC 9110, 13.1.3).
    if "if-none-match" in headers:
        return etag in headers["if-none-match"]
    if "if-modified-since" in headers:
        return changed.replace(microsecond=0) <= parsedate_to_datetime(headers["if-modified-since"])
    return False
