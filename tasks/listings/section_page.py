"""Links of a section page: the addresses on it that are articles, by a pattern."""

from __future__ import annotations

import re
from itertools import islice
from typing import Final

from tasks.html.parse import parse_html
from tasks.listings.entries import article_url
from tasks.listings.listing import Entry, Listing, ListingError
from tasks.listings.xml import cut_tags, shorten_tags
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
    tree = parse_html(shorten_tags(text))
    if tree is None:
        raise ListingError("The page holds no HTML that could be read.")
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
