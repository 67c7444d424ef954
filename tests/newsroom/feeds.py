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
    """The articles and addresses on one page of a site's listing, or of its desk's `feed`, newest first."""
    named = [one for one in plan.up(site.id, now) if one.feeds in {feed, "both"}]
    newest = named[(page - 1) * site.window : page * site.window]
    return [(one, path) for one in newest for path in one.paths(now)]


def rss(plan: Plan, site: Site, now: datetime, origin: str, feed: str = "front") -> bytes:
    """RSS 2.0."""
    items = "".join(
        f"<item><title>{escape(story.title)}</title><link>{escape(origin + address(site, path, now))}</link>"
        f'<guid isPermaLink="false">{_guid(site, one, path)}</guid><pubDate>{format_datetime(one.published)}</pubDate>'
        f"<dc:creator>{escape(story.author)}</dc:creator><description>{escape(_summary(story))}</description></item>\n"
        for one, path, story in _told(plan, site, now, feed=feed)
    )
    items = _halved(items) if site.surrogates else items
    text = (
        f'<?xml version="1.0" encoding="{site.charset}"?>\n<rss version="2.0" '
        f'xmlns:dc="http://purl.org/dc/elements/1.1/"><channel><title>{escape(site.title)}</title>'
        f"<link>{origin}/</link><language>{site.language}</language><ttl>15</ttl>\n{items}</channel></rss>\n"
    )
    return text.encode(site.charset, "xmlcharrefreplace")


def atom(plan: Plan, site: Site, now: datetime, origin: str, page: int = 1) -> bytes:
    """Atom; page by page (RFC 5005) where the site's listing is `paged`."""
    items = "".join(
        f'<entry><title>{escape(story.title)}</title><link href="{escape(origin + path)}"/>'
        f"<id>{_guid(site, one, path)}</id><published>{one.published.isoformat()}</published>"
        f"<updated>{one.modified(now).isoformat()}</updated><author><name>{escape(story.author)}</name></author>"
        f"<summary>{escape(_summary(story))}</summary>{_content(story) if site.whole else ''}</entry>\n"
        for one, path, story in _told(plan, site, now, page)
    )
    has_more = site.listing == "paged" and entries(plan, site, now, page + 1)
    older = f'<link rel="next" href="{origin}{site.listing_path}?page={page + 1}"/>' if has_more else ""
    changed = max((one.modified(now) for one, _ in entries(plan, site, now, page)), default=plan.span.start)
    return (
        f'<?xml version="1.0" encoding="utf-8"?>\n<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="{site.language}">'
        f"<title>{escape(site.title)}</title><id>tag:{site.id},2026:feed</id><updated>{changed.isoformat()}</updated>"
        f"{older}\n{items}</feed>\n"
    ).encode()


def json_feed(plan: Plan, site: Site, now: datetime, origin: str) -> bytes:
    """JSON Feed 1.1."""
    items = [
        {
            "id": _guid(site, one, path),
            "url": origin + path,
            "title": story.title,
            "summary": _summary(story),
            "date_published": one.published.isoformat(),
            "date_modified": one.modified(now).isoformat(),
            "authors": [{"name": story.author}],
        }
        for one, path, story in _told(plan, site, now)
    ]
    told = {"version": "https://jsonfeed.org/version/1.1", "title": site.title, "language": site.language}
    return json.dumps({**told, "items": items}, ensure_ascii=False).encode()


def sitemap_articles(plan: Plan, site: Site, now: datetime, day: str | None = None) -> list[tuple[Article, str]]:
    """What a site's news sitemap names, or that of one day (`2026-03-09`)."""
    recent = plan.up(site.id, now, within=NEWS_SITEMAP)
    return [
        (one, path) for one in recent for path in one.paths(now) if day is None or f"{one.published:%Y-%m-%d}" == day
    ]


def news_sitemap(plan: Plan, site: Site, now: datetime, origin: str, day: str | None = None) -> bytes:
    """Google's news sitemap."""
    urls = "".join(
        f"<url><loc>{escape(origin + path)}</loc><lastmod>{_lastmod(site, one.modified(now), now)}</lastmod><news:news>"
        f"<news:publication><news:name>{escape(site.title)}</news:name><news:language>{site.language}</news:language>"
        f"</news:publication><news:publication_date>{one.published.isoformat()}</news:publication_date>"
        f"<news:title>{escape(one.words(one.version(now)).title)}</news:title></news:news></url>\n"
        for one, path in sitemap_articles(plan, site, now, day)
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" '
        f'xmlns:news="http://www.google.com/schemas/sitemap-news/0.9">\n{urls}</urlset>\n'
    ).encode()


def sitemap_index(plan: Plan, site: Site, now: datetime, origin: str) -> bytes:
    """An index of one news sitemap a day."""
    newest: dict[str, datetime] = {}
    for one, _ in sitemap_articles(plan, site, now):
        day = f"{one.published:%Y-%m-%d}"
        newest[day] = max(newest.get(day, one.published), one.modified(now))
    rows = "".join(
        f"<sitemap><loc>{origin}/sitemap-{day}.xml</loc><lastmod>{_lastmod(site, changed, now)}</lastmod></sitemap>\n"
        for day, changed in newest.items()
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<sitemapindex xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n{rows}</sitemapindex>\n'
    ).encode()


def robots_txt(site: Site, origin: str) -> bytes:
    """The site's rules: one forbidden folder, here and there a delay, where the sitemap is."""
    lines = ["User-agent: *", f"Disallow: {site.FORBIDDEN}", "Disallow: /search"]
    lines += [f"Crawl-delay: {site.crawl_delay:g}"] if site.crawl_delay else []
    lines += ["", f"Sitemap: {origin}/sitemap.xml"] if site.sitemap else []
    return "\n".join([*lines, ""]).encode()


def _told(
    plan: Plan, site: Site, now: datetime, page: int = 1, feed: str = "front"
) -> list[tuple[Article, str, Story]]:
    return [(one, path, one.words(one.version(now))) for one, path in entries(plan, site, now, page, feed)]


def _lastmod(site: Site, changed: datetime, now: datetime) -> str:
    if site.lastmod == "local":
        return changed.astimezone(ZoneInfo(site.zone)).isoformat(timespec="milliseconds")
    return (now if site.lastmod == "now" else changed).isoformat()


def _content(story: Story) -> str:
    paragraphs = "".join(f"<p>{escape(text)}</p>" for text in story.paragraphs)
    return f'<content type="html">{escape(paragraphs)}</content>'


def _halved(text: str) -> str:
    """Characters beyond the first plane as references to the two halves of their UTF-16 form, which XML forbids."""

    def halves(found: re.Match[str]) -> str:
        units = found[0].encode("utf-16-be")
        return "".join(f"&#{int.from_bytes(units[at : at + 2])};" for at in (0, 2))

    return re.sub("[\U00010000-\U0010ffff]", halves, text)


def _guid(site: Site, article: Article, path: str) -> str:
    # A moved article keeps its id; another address of it has its own, as it has in feeds that name both.
    twin = "-twin" if path == article.twin_path else ""
    return f"tag:{site.id},2026:{article.id}{twin}"


def _summary(story: Story) -> str:
    return story.paragraphs[0][:120]
