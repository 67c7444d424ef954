"""Captions and links to other articles, which stand inside a page's article and are no part of its text."""

from __future__ import annotations

from typing import Final

from lxml import etree
from lxml.html import HtmlElement

# Share of a list item's characters that are links; a word or two may stand before the headline.
MIN_LINKED_SHARE: Final = 0.5
# Shorter items are names and documents that the article itself refers to.
MIN_HEADLINE_WORDS: Final = 5

# Python code that looks into each item of a page's menus takes four times as long.
_LINK_ITEMS: Final = etree.XPath("//li[.//a][not(.//p | .//div | .//ul | .//ol | .//table)]", smart_strings=False)
_TEXT: Final = etree.XPath("normalize-space()", smart_strings=False)


def drop_captions_and_links(tree: HtmlElement) -> None:
    """Remove captions, and list items that are headlines of other articles, from a page."""
    etree.strip_elements(tree, "figcaption", with_tail=False)
    for item in _LINK_ITEMS(tree):
        if _is_headline(item):
            item.drop_tree()


def _is_headline(item: HtmlElement) -> bool:
    text = _TEXT(item)
    if len(text.split()) < MIN_HEADLINE_WORDS or text.endswith("."):
        return False
    return sum(len(_TEXT(link)) for link in item.iter("a")) >= MIN_LINKED_SHARE * len(text)
