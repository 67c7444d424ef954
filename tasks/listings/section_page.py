"""Links of a section page: the addresses on it that are articles, by a pattern."""

from __future__ import annotations

import re
from itertools import islice
from typing import Final

from lxml import etree
from lxml.html import HtmlElement, HTMLParser, document_fromstring

from tasks.listings.entries import article_url
from tasks.listings.listing import Entry, Listing, ListingError
from tasks.listings.xml import cut_tags, mend_characters, shorten_tags
from tasks.text.decode import Refusal, decode

MOST_LINKS: Final = 10_000
MOST_ANCHORS: Final = 50_000
"""Links of any kind that are looked at."""


def read_links(content: bytes, url: str, pattern: str, charset: str | None = None) -> Listing:
    """The links of the page at `url` whose absolute addresses hold `pattern`, in the page's order, each once.

    What a link says is not the article's title: it may as well be a teaser. Raises `ListingError`.
    """
    decoded = decode(content, charset, html=True)
    if isinstance(decoded, Refusal):
        raise ListingError(decoded.detail)
    text, damage = cut_tags(decoded.text)
    tree = _parse(shorten_tags(text))
    base = article_url(next(iter(tree.xpath("//base/@href")), ""), url) or url
    wanted = re.compile(pattern)
    found: dict[str, Entry] = {}
    for element in islice(tree.iter("a", "area"), MOST_ANCHORS):
        link = article_url(element.get("href") or "", base)
        if link and link not in found and wanted.search(link):
            if len(found) == MOST_LINKS:
                damage = damage or f"The page has more than {MOST_LINKS:,} such links; the first were read."
                break
            found[link] = Entry(link)
    return Listing(tuple(found.values()), damage=damage)


def _parse(text: str) -> HtmlElement:
    parser = HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True, no_network=True, huge_tree=False)
    try:
        return document_fromstring(mend_characters(text).encode(), parser=parser)
    except (etree.LxmlError, ValueError):
        raise ListingError("The page holds no HTML that could be read.") from None
