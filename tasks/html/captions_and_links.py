"""What stands inside a page's article and is none of its text: what is printed under pictures, and links elsewhere."""

from __future__ import annotations

from typing import Final

from lxml import etree
from lxml.html import HtmlElement

LINKED: Final = 0.5
"""Share of an entry's characters that lead elsewhere; the rest is a word or two before the headline."""
HEADLINE: Final = 5
"""Words of the shortest: shorter entries are names and documents that an article points to."""

# Python code that looks into each entry of a page's menus takes four times as long.
_ENTRIES: Final = etree.XPath("//li[.//a][not(.//p | .//div | .//ul | .//ol | .//table)]", smart_strings=False)
_PRINTED: Final = etree.XPath("normalize-space()", smart_strings=False)


def drop_asides(tree: HtmlElement) -> None:
    """Take captions, and entries of lists that are headlines of other articles, out of a page."""
    etree.strip_elements(tree, "figcaption", with_tail=False)
    for entry in _ENTRIES(tree):
        if _is_headline(entry):
            entry.drop_tree()


def _is_headline(entry: HtmlElement) -> bool:
    printed = _PRINTED(entry)
    if len(printed.split()) < HEADLINE or printed.endswith("."):
        return False
    return sum(len(_PRINTED(link)) for link in entry.iter("a")) >= LINKED * len(printed)
