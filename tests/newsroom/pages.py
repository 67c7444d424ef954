"""Articles as pages: each site marks its facts up in its own way, amid menus, share buttons, links and comments."""

from __future__ import annotations

import json
from datetime import datetime
from html import escape
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from tests.newsroom.plan import Article, Fault, Plan, Site
from tests.newsroom.sessions import address
from tests.newsroom.stories import Story, phrases

RTL = "ar"


def article_page(plan: Plan, site: Site, article: Article, now: datetime, origin: str) -> str:
    """Write the page of an article as it reads now; `origin` is the site's `http://host:port`."""
    words = phrases(site.language)
    story = article.words(article.version(now))
    url = origin + article.shown_path(now)
    published = _local(site, article.published)
    body = [f"<h1{_prop(site, 'headline')}>{escape(story.title)}</h1>"]
    if site.markup == "meta":
        body.append(f'<p class="byline">{escape(words["byline"].format(name=story.author))}</p>')
    else:
        author = f'<span{_prop(site, "author")} class="author">{escape(story.author)}</span>'
        body.append(f'<p class="byline">{escape(words["byline"]).format(name=author)}</p>')
    body.append(
        f'<time{_prop(site, "datePublished")} datetime="{published.isoformat()}">{published:%d.%m.%Y %H:%M}</time>'
    )
    body.append(_list("share", [f'<a href="#share">{escape(label)}</a>' for label in words["share"]]))
    rows = [f"<p>{escape(text)}</p>" for text in story.paragraphs]
    # What stands in the middle of real articles: a picture, a link to another story.
    rows.insert(1, _figure(site, article))
    rows.insert(4, f'<div class="related-inline">{"".join(_related_links(plan, site, article, origin)[-1:])}</div>')
    paragraphs = "\n".join(rows)
    body.append(f'<div class="article-body"{_prop(site, "articleBody")}>\n{paragraphs}\n</div>')
    if article.agency:
        body.append(f'<p class="source">{escape(article.agency)}</p>')
    scope = ' itemscope itemtype="https://schema.org/NewsArticle"' if site.markup == "microdata" else ""
    content = f"<article{scope}>\n" + "\n".join(body) + "\n</article>"
    head = _head(site, article, story, url, now)
    return _page(site, story.title, head, content + _related(plan, site, article, origin) + _comments(site, article))


def section_page(plan: Plan, site: Site, now: datetime, origin: str) -> str:
    """Write the newest articles of a site as links."""
    rows = [
        f'<h2><a href="{escape(origin + address(site, path, now))}">{escape(article.words(article.version(now)).title)}</a></h2>'
        for article in plan.up(site.id, now)[: site.window]
        for path in article.paths(now)
    ]
    return _page(site, site.title, "", _list("headlines", rows))


def empty_page(site: Site) -> str:
    """Write a page with a menu and no article."""
    player = '<div class="player"><video src="/video.mp4"></video></div>'
    return _page(site, site.title, "", f"{player}<p>{escape(phrases(site.language)['empty'])}</p>")


def stand_in_page(site: Site, kind: str) -> bytes:
    """Write a page in the place of an article: consent, challenge, soft_404, login or maintenance."""
    title, text = phrases(site.language)["stand_ins"][kind]
    form = '<form method="post"><input type="password" name="word"><button>OK</button></form>'
    return (
        f'<!DOCTYPE html>\n<html lang="{site.language}"><head><meta charset="utf-8"><title>{escape(title)}</title></head>'
        f"<body><h1>{escape(title)}</h1><p>{escape(text)}</p>{form if kind == 'login' else ''}</body></html>\n"
    ).encode()


def refresh_page(url: str) -> bytes:
    """Write a page that leads on to an address."""
    return (
        f'<html><head><meta http-equiv="refresh" content="1; url={escape(url)}"></head><body>…</body></html>'.encode()
    )


def _head(site: Site, article: Article, story: Story, url: str, now: datetime) -> str:
    published, modified = (_local(site, moment).isoformat() for moment in (article.published, article.modified(now)))
    described = story.paragraphs[0][:140]
    facts = {
        "og:type": "article", "og:title": story.title, "og:url": url, "og:description": described,
        "og:site_name": site.title,
    }  # fmt: skip
    lines = [f'<link rel="canonical" href="{escape(url)}">', f'<meta name="description" content="{escape(described)}">']
    if site.markup in {"open-graph", "json-ld"}:
        lines += [f'<meta property="{key}" content="{escape(value)}">' for key, value in facts.items()]
    match site.markup:
        case "open-graph":
            lines.append(f'<meta property="article:published_time" content="{published}">')
            lines.append(f'<meta property="article:section" content="{escape(article.section)}">')
        case "meta":
            lines.append(f'<meta name="author" content="{escape(story.author)}">')
            lines.append(f'<meta name="date" content="{published}">')
        case "json-ld":
            lines.append(_json_ld(site, article, story, url, described, published, modified))
    return "\n".join(lines)


def _json_ld(
    site: Site, article: Article, story: Story, url: str, described: str, published: str, modified: str
) -> str:
    record: dict[str, Any] = {
        "@context": "https://schema.org",
        "@type": "NewsArticle",
        "headline": story.title,
        "description": described,
        "datePublished": published,
        "dateModified": modified,
        "articleSection": article.section,
        "inLanguage": site.language,
        "mainEntityOfPage": url,
        "author": {"@type": "Person", "name": story.author},
        "publisher": {"@type": "Organization", "name": site.title},
    }
    return f'<script type="application/ld+json">{json.dumps(record, ensure_ascii=False)}</script>'


def _figure(site: Site, article: Article) -> str:
    caption = phrases(site.language)["captions"][sum(map(ord, article.id)) % 2]
    return f'<figure><img src="/images/{article.id}.jpg" alt=""><figcaption>{escape(caption)}</figcaption></figure>'


def _related(plan: Plan, site: Site, article: Article, origin: str) -> str:
    rows = _related_links(plan, site, article, origin)
    return f'<aside class="related"><h3>{escape(phrases(site.language)["related"])}</h3>{_list("links", rows)}</aside>'


def _related_links(plan: Plan, site: Site, article: Article, origin: str) -> list[str]:
    # As when it was published: a page that nobody edited stays as it is, byte for byte.
    others = [other for other in plan.up(site.id, article.published) if other.id != article.id][:3]
    return [f'<a href="{escape(origin + other.path)}">{escape(other.story.title)}</a>' for other in others]


def _comments(site: Site, article: Article) -> str:
    words = phrases(site.language)
    comments = Random(article.id).sample(words["comments"], 2)
    rows = "".join(f'<div class="comment"><p>{escape(comment)}</p></div>' for comment in comments)
    return f'<section id="comments" class="comments"><h3>{escape(words["responses"])}</h3>{rows}</section>'


def _page(site: Site, title: str, head: str, main: str) -> str:
    words = phrases(site.language)
    menu = _list("menu", [f'<a href="/{number}">{escape(label)}</a>' for number, label in enumerate(words["menu"])])
    direction = ' dir="rtl"' if site.language == RTL else ""
    return (
        f'<!DOCTYPE html>\n<html lang="{site.language}"{direction}>\n<head>\n<meta charset="{site.charset}">\n'
        f"<title>{escape(title)} - {escape(site.title)}</title>\n{head}\n</head>\n<body>\n"
        f'<header><a href="/">{escape(site.title)}</a><nav>{menu}</nav></header>\n<main>\n{main}\n</main>\n'
        f"<footer><p>{escape(site.title)}. {escape(words['legal'])}</p></footer>\n</body>\n</html>\n"
    )


def _list(name: str, rows: list[str]) -> str:
    return f'<ul class="{name}">' + "".join(f"<li>{row}</li>" for row in rows) + "</ul>"


def _prop(site: Site, name: str) -> str:
    return f' itemprop="{name}"' if site.markup == "microdata" else ""


def _local(site: Site, moment: datetime) -> datetime:
    return moment.astimezone(ZoneInfo(site.zone))


def encoded(site: Site, article: Article, page: str) -> tuple[bytes, str | None]:
    """Encode a page; return its bytes, and the charset that the header names."""
    other = {"ru": "windows-1251", "ja": "shift_jis", "ar": "windows-1256"}.get(site.language, "windows-1252")
    match article.fault:
        case Fault.LYING_HEADER:
            # The page is right, and the header of the server's own default.
            wrong = "utf-8" if site.charset != "utf-8" else other
            return page.encode(site.charset, "xmlcharrefreplace"), wrong
        case Fault.LYING_META:
            # In neither of the charsets that it could be told by.
            actual = other if site.charset == "utf-8" else "utf-8"
            return page.encode(actual, "xmlcharrefreplace"), None
    return page.encode(site.charset, "xmlcharrefreplace"), site.charset
