"""Where a site may be read: what a page says of its feeds, and the paths at which feeds and sitemaps usually are."""

from __future__ import annotations

import codecs
import re
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final, Literal
from urllib.parse import urlsplit

from lxml import etree
from lxml.html import HtmlElement, HTMLParser, document_fromstring

from tasks.listings.entries import article_url
from tasks.listings.listing import Child
from tasks.listings.xml import mend_characters, root_name, shorten_tags
from tasks.metadata.urls import canonical_domain
from tasks.text.decode import GZIP, Refusal, decode

Kind = Literal["feed", "sitemap", "page"]

FEED_PATHS: Final = (
    "/feed", "/rss", "/rss.xml", "/feed.xml", "/atom.xml", "/index.xml", "/feed.json", "/feeds/posts/default",
)  # fmt: skip
SITEMAP_PATHS: Final = ("/news-sitemap.xml", "/sitemap-news.xml", "/sitemap.xml", "/sitemap_index.xml")
LONGEST_NAME: Final = 100

_FEED_TYPE: Final = re.compile(r"\s*application/(?:(?:rss|atom|rdf)\+xml|feed\+json)\b", re.IGNORECASE)
_MAYBE_TYPE: Final = re.compile(r"\s*(?:application|text)/(?:xml|json)\s*(?:;|$)", re.IGNORECASE)
_FEED_ADDRESS: Final = re.compile(
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
_FIGURES: Final = re.compile(r"(\d{1,18})")
_SITEMAPS: Final = ("urlset", "sitemapindex")
_UTF16: Final = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_HEAD: Final = 20_000


@dataclass(frozen=True, slots=True)
class Front:
    """What a page says of the site that it belongs to."""

    name: str | None
    language: str | None
    feeds: tuple[str, ...]
    """Absolute, in the order of the page: those declared in its head before those that it links to."""


def kind_of(content: bytes) -> Kind:
    """What an answer is, by its bytes: servers send feeds as every media type there is, and pages as a feed's."""
    head = content[:_HEAD]
    if head.startswith(GZIP):
        try:
            head = zlib.decompressobj(zlib.MAX_WBITS | 16).decompress(content, _HEAD)
        except zlib.error:
            return "page"
    text = head.decode("utf-16" if head.startswith(_UTF16) else "utf-8-sig", "replace")
    if text.lstrip().startswith("{"):
        return "feed" if "jsonfeed.org/version" in text.replace("\\/", "/") else "page"
    root = root_name(text)
    return "page" if root is None else "sitemap" if root in _SITEMAPS else "feed"


def read_front(content: bytes, url: str, charset: str | None = None) -> Front:
    """The site's name and language, and the feeds that a page at `url` names; no feeds of comments."""
    tree = parse_page(content, charset)
    if tree is None:
        return Front(None, None, ())
    base = next((link.get("href", "") for link in tree.iter("base")), "")
    base = article_url(base, url) or url
    named = (article_url(address, base) for address in (*_declared(tree), *_linked(tree, base)))
    feeds = dict.fromkeys(address for address in named if address and not _COMMENTS.search(_path(address)))
    language = next(iter(tree.xpath("/html/@lang | /html/@*[name()='xml:lang']")), "").strip()
    return Front(_site_name(tree), language or None, tuple(feeds))


def rank_sitemaps(addresses: Iterable[str]) -> list[str]:
    """Sitemaps, those whose name says news first, and none whose name says that it lists something else."""
    kept = dict.fromkeys(one for one in addresses if names_news(one) or not _NOT_ARTICLES.search(_path(one)))
    return sorted(kept, key=lambda address: not names_news(address))


def choose_child(children: Iterable[Child]) -> Child | None:
    """The sitemap of an index in which the newest articles most likely are: named so, last changed, highest number."""

    def likely(child: Child) -> tuple[bool, bool, bool, str, list[int]]:
        path = _path(child.url)
        numbers = [int(figures) for figures in _FIGURES.findall(path)]
        told = _ARTICLES.search(path) is not None
        return names_news(child.url), told, not _NOT_ARTICLES.search(path), child.modified or "", numbers

    return max(children, key=likely, default=None)


def names_news(url: str) -> bool:
    """Whether a sitemap's address says that it is a news sitemap."""
    return _NEWS.search(_path(url)) is not None


def is_dated(url: str) -> bool:
    """Whether an address has figures, as those of sitemaps that another one takes the place of one day."""
    return _FIGURES.search(_path(url)) is not None


def parse_page(content: bytes, charset: str | None) -> HtmlElement | None:
    """The tree of a page; None for what is none."""
    decoded = decode(content, charset, html=True)
    if isinstance(decoded, Refusal):
        return None
    parser = HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True, no_network=True, huge_tree=False)
    try:
        return document_fromstring(shorten_tags(mend_characters(decoded.text)).encode(), parser=parser)
    except (etree.LxmlError, ValueError):
        return None


def _path(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.path}?{parts.query}" if parts.query else parts.path


def _declared(tree: HtmlElement) -> Iterator[str]:
    for link in tree.iter("link"):
        kind, address = link.get("type", ""), link.get("href", "")
        is_feed = _FEED_TYPE.match(kind) or (_MAYBE_TYPE.match(kind) and _FEED_ADDRESS.search(address))
        if is_feed and "alternate" in link.get("rel", "").lower().split() and not _COMMENTS.search(_title(link)):
            yield address


def _linked(tree: HtmlElement, base: str) -> Iterator[str]:
    for link in tree.iter("a"):
        address = article_url(link.get("href", ""), base)
        if address is None or _COMMENTS.search(_title(link)):
            continue
        ours = canonical_domain(address) == canonical_domain(base)
        host = urlsplit(address).netloc
        from_feed_host = _FEED_HOST.match(host) and (ours or "feedburner" in host)
        if from_feed_host or (ours and _FEED_ADDRESS.search(_path(address))):
            yield address


def _title(link: HtmlElement) -> str:
    return " ".join((link.get("title") or "", link.text or ""))


def _site_name(tree: HtmlElement) -> str | None:
    stated = {
        (meta.get("property") or meta.get("name") or "").lower(): " ".join(meta.get("content", "").split())
        for meta in tree.iter("meta")
    }
    name = stated.get("og:site_name") or stated.get("application-name") or ""
    return name[:LONGEST_NAME] or None
