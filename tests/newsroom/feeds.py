"""What the sites say they have: feeds, sitemaps, robots.txt, each as of a moment."""

from __future__ import annotations

import json
import re
from datetime import datetime, timedelta
from email.utils import format_datetime
from html import escape
from typing import Final
from zoneinfo import ZoneInfo

from tests.newsroom.plan import Article, Plan, Site
from tests.newsroom.sessions import address
from tests.newsroom.stories import Story

NEWS_SITEMAP: Final = timedelta(hours=48)
"""A news sitemap holds the articles of the last two days."""
MOVED_FEED: Final = "/feeds/latest.xml"
DESK_FEED: Final = "/desk.xml"


def entries(plan: Plan, site: Site, now: datetime, page: int = 1, feed: str = "front") -> list[tuple[Article, str]]:
    """Return the articles and addresses on one page of a site's listing, or of its desk's `feed`, newest first."""
    articles = [article for article in plan.up(site.id, now) if article.feeds in {feed, "both"}]
    newest = articles[(page - 1) * site.window : page * site.window]
    return [(article, path) for article in newest for path in article.paths(now)]


def rss(plan: Plan, site: Site, now: datetime, origin: str, feed: str = "front") -> bytes:
    """Write the listing as RSS 2.0."""
    items = "".join(
        f"<item><title>{escape(story.title)}</title><link>{escape(origin + address(site, path, now))}</link>"
        f'<guid isPermaLink="false">{_guid(site, article, path)}</guid><pubDate>{format_datetime(article.published)}</pubDate>'
        f"<dc:creator>{escape(story.author)}</dc:creator><description>{escape(_summary(story))}</description></item>\n"
        for article, path, story in _stories(plan, site, now, feed=feed)
    )
    items = _halved(items) if site.surrogates else items
    text = (
        f'<?xml version="1.0" encoding="{site.charset}"?>\n<rss version="2.0" '
        f'xmlns:dc="http://purl.org/dc/elements/1.1/"><channel><title>{escape(site.title)}</title>'
        f"<link>{origin}/</link><language>{site.language}</language><ttl>15</ttl>\n{items}</channel></rss>\n"
    )
    return text.encode(site.charset, "xmlcharrefreplace")


def atom(plan: Plan, site: Site, now: datetime, origin: str, page: int = 1) -> bytes:
    """Write the listing as Atom; page by page (RFC 5005) where the site's listing is `paged`."""
    items = "".join(
        f'<entry><title>{escape(story.title)}</title><link href="{escape(origin + path)}"/>'
        f"<id>{_guid(site, article, path)}</id><published>{article.published.isoformat()}</published>"
        f"<updated>{article.modified(now).isoformat()}</updated><author><name>{escape(story.author)}</name></author>"
        f"<summary>{escape(_summary(story))}</summary>{_content(story) if site.whole else ''}</entry>\n"
        for article, path, story in _stories(plan, site, now, page)
    )
    has_more = site.listing == "paged" and entries(plan, site, now, page + 1)
    older = f'<link rel="next" href="{origin}{site.listing_path}?page={page + 1}"/>' if has_more else ""
    changed = max((article.modified(now) for article, _ in entries(plan, site, now, page)), default=plan.span.start)
    return (
        f'<?xml version="1.0" encoding="utf-8"?>\n<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="{site.language}">'
        f"<title>{escape(site.title)}</title><id>tag:{site.id},2026:feed</id><updated>{changed.isoformat()}</updated>"
        f"{older}\n{items}</feed>\n"
    ).encode()


def json_feed(plan: Plan, site: Site, now: datetime, origin: str) -> bytes:
    """Write the listing as JSON Feed 1.1."""
    items = [
        {
            "id": _guid(site, article, path),
            "url": origin + path,
            "title": story.title,
            "summary": _summary(story),
            "date_published": article.published.isoformat(),
            "date_modified": article.modified(now).isoformat(),
            "authors": [{"name": story.author}],
        }
        for article, path, story in _stories(plan, site, now)
    ]
    header = {"version": "https://jsonfeed.org/version/1.1", "title": site.title, "language": site.language}
    return json.dumps({**header, "items": items}, ensure_ascii=False).encode()


def sitemap_articles(plan: Plan, site: Site, now: datetime, day: str | None = None) -> list[tuple[Article, str]]:
    """Return the articles and addresses in a site's news sitemap, or in that of one day (`2026-03-09`)."""
    recent = plan.up(site.id, now, within=NEWS_SITEMAP)
    return [
        (article, path)
        for article in recent
        for path in article.paths(now)
        if day is None or f"{article.published:%Y-%m-%d}" == day
    ]


def news_sitemap(plan: Plan, site: Site, now: datetime, origin: str, day: str | None = None) -> bytes:
    """Write a sitemap with Google's news extension."""
    urls = "".join(
        f"<url><loc>{escape(origin + path)}</loc><lastmod>{_lastmod(site, article.modified(now), now)}</lastmod><news:news>"
        f"<news:publication><news:name>{escape(site.title)}</news:name><news:language>{site.language}</news:language>"
        f"</news:publication><news:publication_date>{article.published.isoformat()}</news:publication_date>"
        f"<news:title>{escape(article.words(article.version(now)).title)}</news:title></news:news></url>\n"
        for article, path in sitemap_articles(plan, site, now, day)
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" '
        f'xmlns:news="http://www.google.com/schemas/sitemap-news/0.9">\n{urls}</urlset>\n'
    ).encode()


def sitemap_index(plan: Plan, site: Site, now: datetime, origin: str) -> bytes:
    """Write an index of one news sitemap a day."""
    newest: dict[str, datetime] = {}
    for article, _ in sitemap_articles(plan, site, now):
        day = f"{article.published:%Y-%m-%d}"
        newest[day] = max(newest.get(day, article.published), article.modified(now))
    rows = "".join(
        f"<sitemap><loc>{origin}/sitemap-{day}.xml</loc><lastmod>{_lastmod(site, changed, now)}</lastmod></sitemap>\n"
        for day, changed in newest.items()
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<sitemapindex xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n{rows}</sitemapindex>\n'
    ).encode()


def robots_txt(site: Site, origin: str) -> bytes:
    """Write the site's rules: one forbidden folder, here and there a delay, where the sitemap is."""
    lines = ["User-agent: *", f"Disallow: {site.FORBIDDEN}", "Disallow: /search"]
    lines += [f"Crawl-delay: {site.crawl_delay:g}"] if site.crawl_delay else []
    lines += ["", f"Sitemap: {origin}/sitemap.xml"] if site.sitemap else []
    return "\n".join([*lines, ""]).encode()


def _stories(
    plan: Plan, site: Site, now: datetime, page: int = 1, feed: str = "front"
) -> list[tuple[Article, str, Story]]:
    return [
        (article, path, article.words(article.version(now))) for article, path in entries(plan, site, now, page, feed)
    ]


def _lastmod(site: Site, changed: datetime, now: datetime) -> str:
    if site.lastmod == "local":
        return changed.astimezone(ZoneInfo(site.zone)).isoformat(timespec="milliseconds")
    return (now if site.lastmod == "now" else changed).isoformat()


def _content(story: Story) -> str:
    paragraphs = "".join(f"<p>{escape(text)}</p>" for text in story.paragraphs)
    return f'<content type="html">{escape(paragraphs)}</content>'


def _halved(text: str) -> str:
    """Write characters beyond the first plane as references to the halves of their UTF-16 form, which XML forbids."""

    def halves(match: re.Match[str]) -> str:
        units = match[0].encode("utf-16-be")
        return "".join(f"&#{int.from_bytes(units[at : at + 2])};" for at in (0, 2))

    return re.sub("[\U00010000-\U0010ffff]", halves, text)


def _guid(site: Site, article: Article, path: str) -> str:
    # A moved article keeps its id; another address of it has its own, as it has in feeds that name both.
    twin = "-twin" if path == article.twin_path else ""
    return f"tag:{site.id},2026:{article.id}{twin}"


def _summary(story: Story) -> str:
    return story.paragraphs[0][:120]
