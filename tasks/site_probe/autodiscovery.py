"""Find the feeds and sitemaps of a site: in its pages and at the usual paths."""

from __future__ import annotations

import codecs
import re
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final, Literal
from urllib.parse import urlsplit

from lxml.html import HtmlElement

from tasks.html.parse import parse_html
from tasks.listings.entries import article_url
from tasks.listings.listing import Child
from tasks.listings.xml import root_name
from tasks.metadata.urls import canonical_domain
from tasks.text.decode import GZIP, Refusal, decode

Kind = Literal["feed", "sitemap", "page"]

FEED_PATHS: Final = (
    "/feed", "/rss", "/rss.xml", "/feed.xml", "/atom.xml", "/index.xml", "/feed.json", "/feeds/posts/default",
)  # fmt: skip
SITEMAP_PATHS: Final = ("/news-sitemap.xml", "/sitemap-news.xml", "/sitemap.xml", "/sitemap_index.xml")
MAX_SITE_NAME_CHARACTERS: Final = 100

_FEED_TYPE: Final = re.compile(r"\s*application/(?:(?:rss|atom|rdf)\+xml|feed\+json)\b", re.IGNORECASE)
_GENERIC_TYPE: Final = re.compile(r"\s*(?:application|text)/(?:xml|json)\s*(?:;|$)", re.IGNORECASE)
_FEED_PATH: Final = re.compile(
    r"(?:^|/)(?:feeds?|rss\d?|atom)(?:/|$|\?)|\.(?:rss|atom|rdf)(?:$|\?)|(?:^|[/_-])(?:index|latest)\.xml(?:$|\?)"
    r"|(?:^|[/_-])(?:feeds?|rss\d?|atom)\.(?:xml|json|php|aspx|rdf)(?:$|\?)"
    r"|[?&](?:feed|format|alt|type)=(?:rss\d?|atom)\b",
    re.IGNORECASE,
)
_FEED_HOST: Final = re.compile(r"(?:feeds?\d?|rss)\.", re.IGNORECASE)
# The plural: many a newspaper's section of opinions is called Comment.
_COMMENTS: Final = re.compile(
    r"(?<![a-z])comments(?![a-z])|commentaires|coment[aá]rios|commenti(?![a-z])|kommentar-?feed|комментари|コメント",
    re.IGNORECASE,
)
_NEWS: Final = re.compile(r"(?<![a-z])(?:google-?)?news(?![a-z])|news-?sitemap|sitemap-?news", re.IGNORECASE)
_ARTICLES: Final = re.compile(r"post|article|stor(?:y|ies)|artikel|artigo|noticia", re.IGNORECASE)
_NOT_ARTICLES: Final = re.compile(r"image|video|categor|tag|author|page|static|section|topic|product", re.IGNORECASE)
_NUMBER: Final = re.compile(r"(\d{1,18})")
_SITEMAP_ROOTS: Final = ("urlset", "sitemapindex")
_UTF16_MARKS: Final = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_SNIFFED_BYTES: Final = 20_000


@dataclass(frozen=True, slots=True)
class SiteInfo:
    """The name, language and feeds of a site, as one of its pages declares them."""

    name: str | None
    language: str | None
    feeds: tuple[str, ...]
    """Absolute URLs, those declared in the page's head before those that it links to."""


def detect_kind(content: bytes) -> Kind:
    """Return the kind of a response from its content: servers send feeds under any media type."""
    head = content[:_SNIFFED_BYTES]
    if head.startswith(GZIP):
        try:
            head = zlib.decompressobj(zlib.MAX_WBITS | 16).decompress(content, _SNIFFED_BYTES)
        except zlib.error:
            return "page"
    text = head.decode("utf-16" if head.startswith(_UTF16_MARKS) else "utf-8-sig", "replace")
    if text.lstrip().startswith("{"):
        return "feed" if "jsonfeed.org/version" in text.replace("\\/", "/") else "page"
    root = root_name(text)
    return "page" if root is None else "sitemap" if root in _SITEMAP_ROOTS else "feed"


def read_site_info(content: bytes, url: str, charset: str | None = None) -> SiteInfo:
    """Return the site's name, language and feeds, but no feeds of comments, from the page at `url`."""
    tree = parse_page(content, charset)
    if tree is None:
        return SiteInfo(None, None, ())
    base = next((link.get("href", "") for link in tree.iter("base")), "")
    base = article_url(base, url) or url
    urls = (article_url(link, base) for link in (*_declared_feeds(tree), *_linked_feeds(tree, base)))
    feeds = dict.fromkeys(feed for feed in urls if feed and not _COMMENTS.search(_path(feed)))
    language = next(iter(tree.xpath("/html/@lang | /html/@*[name()='xml:lang']")), "").strip()
    return SiteInfo(_site_name(tree), language or None, tuple(feeds))


def rank_sitemaps(urls: Iterable[str]) -> list[str]:
    """Return the URLs of sitemaps, news sitemaps first, without those whose name says that they list no articles."""
    article_sitemaps = dict.fromkeys(
        url for url in urls if is_news_sitemap_url(url) or not _NOT_ARTICLES.search(_path(url))
    )
    return sorted(article_sitemaps, key=lambda url: not is_news_sitemap_url(url))


def choose_child(children: Iterable[Child]) -> Child | None:
    """Return the sitemap of an index that most likely has the newest articles: by name, date, then number."""

    def likelihood(child: Child) -> tuple[bool, bool, bool, str, list[int]]:
        path = _path(child.url)
        numbers = [int(digits) for digits in _NUMBER.findall(path)]
        lists_articles = _ARTICLES.search(path) is not None
        is_other = _NOT_ARTICLES.search(path) is not None
        return is_news_sitemap_url(child.url), lists_articles, not is_other, child.modified or "", numbers

    return max(children, key=likelihood, default=None)


def is_news_sitemap_url(url: str) -> bool:
    """Return whether the path of a sitemap is that of a news sitemap."""
    return _NEWS.search(_path(url)) is not None


def is_numbered(url: str) -> bool:
    """Return whether a URL has a number, as sitemaps have that are replaced by others one day."""
    return _NUMBER.search(_path(url)) is not None


def parse_page(content: bytes, charset: str | None) -> HtmlElement | None:
    """Return the tree of a page; None if the content is no page."""
    decoded = decode(content, charset, html=True)
    return None if isinstance(decoded, Refusal) else parse_html(decoded.text)


def _path(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.path}?{parts.query}" if parts.query else parts.path


def _declared_feeds(tree: HtmlElement) -> Iterator[str]:
    for link in tree.iter("link"):
        media_type, url = link.get("type", ""), link.get("href", "")
        is_feed = _FEED_TYPE.match(media_type) or (_GENERIC_TYPE.match(media_type) and _FEED_PATH.search(url))
        if is_feed and "alternate" in link.get("rel", "").lower().split() and not _COMMENTS.search(_title(link)):
            yield url


def _linked_feeds(tree: HtmlElement, base: str) -> Iterator[str]:
    for link in tree.iter("a"):
        url = article_url(link.get("href", ""), base)
        if url is None or _COMMENTS.search(_title(link)):
            continue
        is_same_domain = canonical_domain(url) == canonical_domain(base)
        host = urlsplit(url).netloc
        is_on_feed_host = _FEED_HOST.match(host) and (is_same_domain or "feedburner" in host)
        if is_on_feed_host or (is_same_domain and _FEED_PATH.search(_path(url))):
            yield url


def _title(link: HtmlElement) -> str:
    return " ".join((link.get("title") or "", link.text or ""))


def _site_name(tree: HtmlElement) -> str | None:
    metas = {
        (meta.get("property") or meta.get("name") or "").lower(): " ".join(meta.get("content", "").split())
        for meta in tree.iter("meta")
    }
    name = metas.get("og:site_name") or metas.get("application-name") or ""
    return name[:MAX_SITE_NAME_CHARACTERS] or None
