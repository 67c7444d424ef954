"""Sitemaps: what an urlset, a news sitemap, an index, a list of addresses or a feed used as one names.

Source: sitemaps.org, Google's extensions for news and images, `xhtml:link` for other languages.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Final

from lxml import etree

from tasks.listings.entries import article_url, say_damage, statements, unique
from tasks.listings.entry_text import plain_text
from tasks.listings.feeds import read_feed
from tasks.listings.listing import Child, Entry, Listing, ListingError
from tasks.listings.xml import local_name, objection, read_text, read_tree, root_name
from tasks.text.characters import clean_line
from tasks.text.decode import Refusal, unpack

MAX_BYTES: Final = 52_428_800
"""Of a sitemap, unpacked: what the protocol allows."""
MOST_ENTRIES: Final = 100_000
"""Twice what the protocol allows."""
MOST_PARTS: Final = 100
"""Children of one entry that are looked at."""

MOST_TAGS: Final = 100
LONGEST_DATE: Final = 100

_NEWS: Final = {"title": "title", "publication_date": "published_at", "language": "language"}
_LINES: Final = ("http://", "https://")

_Values = dict[str, list[str]]


def read_sitemap(content: bytes, url: str, alternates: bool = False) -> Listing:
    """The addresses that a sitemap names, each once, or the sitemaps that an index names; gzip is unpacked.

    With `alternates` the same article in other languages is an entry of its own. Raises `ListingError`.
    """
    unpacked = unpack(content, MAX_BYTES)
    if isinstance(unpacked, Refusal):
        raise ListingError(unpacked.detail)
    text = read_text(unpacked, None)
    kind = root_name(text)
    if kind is None:
        return _read_lines(text, url)
    if kind not in {"urlset", "sitemapindex"}:
        return read_feed(unpacked, url)
    root, damage = read_tree(text)
    name = "url" if kind == "urlset" else "sitemap"
    parts = list(islice(root.iter(f"{{*}}{name}"), MOST_ENTRIES + 1))
    if len(parts) > MOST_ENTRIES:
        damage = damage or f"It names more than {MOST_ENTRIES:,} addresses; the first were read."
    if kind == "sitemapindex":
        return _index(parts[:MOST_ENTRIES], url, damage)
    entries = (entry for part in parts[:MOST_ENTRIES] for entry in _entries(part, url, alternates))
    found = list(islice(entries, MOST_ENTRIES))
    return Listing(unique(found), damage=say_damage(damage, unnamed=found.count(None)))


def _index(parts: list[etree._Element], url: str, damage: str | None) -> Listing:
    children: dict[str, Child] = {}
    unnamed = 0
    for part in parts:
        said = _texts(part)
        address = _address(said, url)
        unnamed += address is None
        if address:
            children.setdefault(address, Child(address, _first(said, "lastmod")))
    return Listing(children=tuple(children.values()), damage=say_damage(damage, unnamed=unnamed))


def _entries(part: etree._Element, url: str, alternates: bool) -> Iterator[Entry | None]:
    """The entry of a `url` element, None where it has no address; then those of its other languages."""
    said = _texts(part)
    address = _address(said, url)
    if address is None:
        yield None
        return
    fields: _Values = {}
    others: dict[str, str] = {}
    for child in islice(part, MOST_PARTS):
        match local_name(child):
            case "news":
                fields |= _news(child)
            case "image" if "image_url" not in fields:
                fields |= _image(child, address)
            case "link" if child.get("href") and child.get("hreflang"):
                # Most sitemaps with links have many of each; only this article's own is always of use.
                other = article_url(child.get("href"), url) if alternates else child.get("href").strip()
                others.setdefault(other or address, child.get("hreflang"))
    modified = _first(said, "lastmod")
    yield _entry(address, fields, others.get(address), modified)
    if alternates:
        for other, language in others.items():
            if other != address and language != "x-default":
                yield _entry(other, {}, language, modified)


def _entry(address: str, fields: _Values, language: str | None, modified: str | None) -> Entry:
    stated = {} if language in {None, "x-default"} or "language" in fields else {"language": [str(language)]}
    return Entry(address, candidates=statements(fields | stated), modified=modified)


def _news(part: etree._Element) -> _Values:
    said = _texts(part)
    fields = {field: [plain_text(said[name][0])] for name, field in _NEWS.items() if name in said}
    # The language of Google's first version stands in the publication.
    for publication in part.iterchildren("{*}publication", "publication", "news:publication"):
        fields = {"language": _texts(publication).get("language", [])[:1]} | fields
    tags = [tag.strip() for printed in said.get("keywords", []) for tag in printed.split(",")[:MOST_TAGS]]
    return fields | {"tags": list(filter(None, tags))}


def _image(part: etree._Element, address: str) -> _Values:
    said = _texts(part)
    image = _address(said, address)
    return {"image_url": [image], "image_caption": [plain_text(said.get("caption", [""])[0])]} if image else {}


def _texts(part: etree._Element) -> dict[str, list[str]]:
    """The texts of an element's children by their names, whatever namespace they are in, or meant to be in."""
    found: dict[str, list[str]] = {}
    for child in islice(part, MOST_PARTS):
        if child.text and not child.text.isspace():
            found.setdefault(local_name(child), []).append(child.text.strip())
    return found


def _address(said: dict[str, list[str]], base: str) -> str | None:
    # In a CDATA section, where nothing needs to be escaped, some escape all the same.
    return article_url(said.get("loc", [""])[0].replace("&amp;", "&"), base)


def _first(said: dict[str, list[str]], name: str) -> str | None:
    return clean_line(said[name][0])[:LONGEST_DATE] if name in said else None


def _read_lines(text: str, url: str) -> Listing:
    """A list of addresses, one a line."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    found = [article_url(line, url) if line.startswith(_LINES) else None for line in lines]
    if found.count(None) * 2 > len(found):
        raise ListingError(objection(text))
    entries = unique(Entry(address) for address in found if address)
    damage = say_damage(None, max(0, len(entries) - MOST_ENTRIES), found.count(None))
    return Listing(entries[:MOST_ENTRIES], damage=damage)
