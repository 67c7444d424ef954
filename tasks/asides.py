"""What stands inside a page's article and is none of its text: what is printed under pictures, and links elsewhere."""

from __future__ import annotations

from typing import Final

from lxml import etree
from lxml.html import HtmlElement

LINKED: Final = 0.5
"""Share of an entry's characters that lead elsewhere; the rest is a word or two before the headline."""
HEADLINE: Final = 5
"""Words of the shortest: shorter entries are names and documents that an article points to."""

_BLOCKS: Final = ("p", "ul", "ol", "div", "table")


def drop_asides(tree: HtmlElement) -> None:
    """Take captions, and entries of lists that are headlines of other articles, out of a page."""
    etree.strip_elements(tree, "figcaption", with_tail=False)
    for entry in [entry for entry in tree.iter("li") if _is_headline(entry)]:
        entry.drop_tree()


def _is_headline(entry: HtmlElement) -> bool:
    printed = _printed(entry)
    if len(printed.split()) < HEADLINE or printed.endswith(".") or next(entry.iter(*_BLOCKS), None) is not None:
        return False
    return sum(len(_printed(link)) for link in entry.iter("a")) >= LINKED * len(printed)


def _printed(element: HtmlElement) -> str:
    return " ".join("".join(element.itertext()).split())
