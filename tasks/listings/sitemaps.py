"""Read sitemaps: an urlset, a news sitemap, an index, a list of URLs, or a feed that is used as one.

Source: sitemaps.org, Google's extensions for news and images, `xhtml:link` for other languages.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from typing import Final

from lxml import etree

from config.inputs import SitemapInput
from tasks.listings.entries import article_url, describe_damage, feed_candidates, listed_url, unique_by_url
from tasks.listings.entry_text import plain_text
from tasks.listings.feeds import read_feed
from tasks.listings.input_reader import InputReader
from tasks.listings.listing import Child, Entry, Listing, ListingError
from tasks.listings.packed import unpack_listing
from tasks.listings.xml import describe_wrong_text, local_name, read_text, read_tree, root_name
from tasks.text.characters import clean_line

MAX_ENTRIES: Final = 100_000  # twice the bound of the protocol
MAX_CHILDREN: Final = 100  # of one element
MAX_TAGS: Final = 100
MAX_DATE_CHARACTERS: Final = 100

_NEWS_FIELDS: Final = {"title": "title", "publication_date": "published_at", "language": "language"}
_URL_STARTS: Final = ("http://", "https://")

_Values = dict[str, list[str]]


class SitemapReader(InputReader[SitemapInput]):
    """Polls a sitemap or an index of sitemaps."""

    fetches_pages = True
    is_polled = True

    @property
    def endpoint(self) -> str:
        """The URL of the sitemap."""
        return self.entry.url

    def read_listing(self, content: bytes, url: str, media_type: str | None, charset: str | None) -> Listing:  # noqa: ARG002
        """Parse the sitemap or index. Raises `ListingError`."""
        return read_sitemap(content, url, self.entry.alternates)


def read_sitemap(content: bytes, url: str, alternates: bool = False) -> Listing:
    """Return the URLs of a sitemap, each once, or the sitemaps of an index; a packed one is unpacked.

    With `alternates` the same article in other languages is an entry of its own. Raises `ListingError`.
    """
    unpacked, packing_damage = unpack_listing(content)
    listing = _read_text(unpacked, url, alternates)
    damage = " ".join(filter(None, (packing_damage, listing.damage)))
    return replace(listing, damage=damage or None)


def _read_text(content: bytes, url: str, alternates: bool) -> Listing:
    text = read_text(content, None)
    kind = root_name(text)
    if kind is None:
        return _read_lines(text, url)
    if kind not in {"urlset", "sitemapindex"}:
        return read_feed(content, url)
    root, damage = read_tree(text)
    elements = list(islice(root.iter("{*}url", "{*}sitemap"), MAX_ENTRIES + 1))
    if len(elements) > MAX_ENTRIES:
        damage = damage or f"It names more than {MAX_ENTRIES:,} addresses; the first were read."
    # Some indexes hold addresses of pages too, and some lists those of sitemaps.
    pages = [element for element in elements[:MAX_ENTRIES] if local_name(element) == "url"]
    sitemaps = [element for element in elements[:MAX_ENTRIES] if local_name(element) == "sitemap"]
    entries = list(islice((entry for element in pages for entry in _entries(element, url, alternates)), MAX_ENTRIES))
    children = [child for element in sitemaps for child in _children(element, url)]
    damage = describe_damage(damage, without_url=entries.count(None) + children.count(None))
    by_url = {child.url: child for child in reversed(children) if child}
    return Listing(unique_by_url(entries), children=tuple(reversed(by_url.values())), damage=damage)


def _children(element: etree._Element, url: str) -> Iterator[Child | None]:
    """Return the sitemaps that an element of an index names, mostly one; None for an address that is none."""
    texts = _texts(element)
    for location in _locations(texts, url):
        yield Child(location, _first_date(texts, "lastmod")) if location else None


def _entries(element: etree._Element, url: str, alternates: bool) -> Iterator[Entry | None]:
    """Return the entry of a `url` element, None if it has no URL; then those of more URLs and of other languages."""
    texts = _texts(element)
    location, *more_locations = _locations(texts, url)
    if location is None:
        yield None
        return
    fields: _Values = {}
    languages: dict[str, str] = {}  # by URL
    for child in islice(element, MAX_CHILDREN):
        match local_name(child):
            case "news":
                fields |= _news(child)
            case "image" if "image_url" not in fields:
                fields |= _image(child, location)
            case "link" if child.get("href") and child.get("hreflang"):
                # Most sitemaps with links have many of each; only this article's own is always of use.
                other_url = article_url(child.get("href"), url) if alternates else child.get("href").strip()
                languages.setdefault(other_url or location, child.get("hreflang"))
    modified = _first_date(texts, "lastmod")
    yield _entry(location, fields, languages.get(location), modified)
    for more in more_locations:
        yield _entry(more, {}, None, modified) if more else None
    if alternates:
        for other_url, language in languages.items():
            if other_url != location and language != "x-default":
                yield _entry(other_url, {}, language, modified)


def _entry(url: str, fields: _Values, language: str | None, modified: str | None) -> Entry:
    if language not in {None, "x-default"} and "language" not in fields:
        fields = fields | {"language": [str(language)]}
    return Entry(url, candidates=feed_candidates(fields), modified=modified)


def _news(element: etree._Element) -> _Values:
    texts = _texts(element)
    fields = {field: [plain_text(texts[name][0])] for name, field in _NEWS_FIELDS.items() if name in texts}
    # In the first version of Google's extension the language is in the publication.
    for publication in element.iterchildren("{*}publication", "publication", "news:publication"):
        fields = {"language": _texts(publication).get("language", [])[:1]} | fields
    tags = [tag.strip() for keywords in texts.get("keywords", []) for tag in keywords.split(",")[:MAX_TAGS]]
    return fields | {"tags": list(filter(None, tags))}


def _image(element: etree._Element, base: str) -> _Values:
    texts = _texts(element)
    image_url = _location(texts, base)
    if image_url is None:
        return {}
    return {"image_url": [image_url], "image_caption": [plain_text(texts.get("caption", [""])[0])]}


def _texts(element: etree._Element) -> _Values:
    """Return the texts of an element's children by their names, whatever namespace they are in, or meant to be in."""
    texts: _Values = {}
    for child in islice(element, MAX_CHILDREN):
        if child.text and not child.text.isspace():
            texts.setdefault(local_name(child), []).append(child.text.strip())
    return texts


def _location(texts: _Values, base: str) -> str | None:
    return _locations(texts, base)[0]


def _locations(texts: _Values, base: str) -> list[str | None]:
    """Return each address of an element; one None if there is none."""
    # In a CDATA section, where nothing needs to be escaped, some escape all the same.
    return [article_url(location.replace("&amp;", "&"), base) for location in texts.get("loc", [""])]


def _first_date(texts: _Values, name: str) -> str | None:
    return clean_line(texts[name][0])[:MAX_DATE_CHARACTERS] if name in texts else None


def _read_lines(text: str, url: str) -> Listing:
    """Read a list of URLs, one a line. Raises `ListingError` if most lines are none."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    rows = map(listed_url, lines)
    lines_with_url = [
        (article_url(address, url) if address.startswith(_URL_STARTS) else None, modified) for address, modified in rows
    ]
    without_url = sum(address is None for address, _ in lines_with_url)
    if without_url * 2 > len(lines_with_url):
        raise ListingError(describe_wrong_text(text))
    entries = unique_by_url(Entry(address, modified=modified) for address, modified in lines_with_url if address)
    damage = describe_damage(None, max(0, len(entries) - MAX_ENTRIES), without_url)
    return Listing(entries[:MAX_ENTRIES], damage=damage)
