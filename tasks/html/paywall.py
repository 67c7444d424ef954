"""The offers of a paywall: what a page prints in place of the part of its article that must be paid for."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Final

from lxml.html import HtmlElement

from tasks.boilerplate.offers import makes_offer
from tasks.html.blocks import PageBlocks
from tasks.text.words import estimate_words

MAX_SELECTORS: Final = 10
# A longer box is the paid article itself, which the page shows.
MAX_OFFER_CHARACTERS: Final = 1_500
# Between the heading of an offer and its box.
MAX_LEVELS: Final = 3

_SELECTOR: Final = re.compile(r"\s*([\w-]*)([.#])(-?[A-Za-z_][\w-]*)\s*")
_OFFER_LINK: Final = re.compile(
    "abo(?:s|nn?|-|/|$)|subscri|log-?in|sign-?(?:in|up)|regist|account|plus|premium|checkout|offer|angebot|suscri|iscri|assin",
    re.IGNORECASE,
)


def find_offers(tree: HtmlElement, selectors: Iterable[str], blocks: PageBlocks, *, is_paid: bool) -> set[int]:
    """Return the indexes of the blocks in elements that the page's JSON-LD says are paid for, and that hold an offer.

    `selectors` are its `cssSelector`s; one class or id is read. Most sites name the paid part of the article itself so:
    an element is an offer if it is short and links to a subscription or a login. So is, where the page says that it is
    not free (`is_paid`), one that begins with an offer.
    """
    offers = {
        element
        for selector in list(selectors)[:MAX_SELECTORS]
        for element in _find_elements(tree, selector)
        if _is_offer(element)
    }
    if is_paid:
        offers.update(_find_boxes(blocks))
    if not offers:
        return set()
    return {
        index
        for index in range(len(blocks.blocks))
        if (element := blocks.element(index)) in offers or not offers.isdisjoint(element.iterancestors())
    }


def _find_boxes(blocks: PageBlocks) -> Iterator[HtmlElement]:
    """Yield the elements whose first block makes an offer and that hold more of it."""
    for index, block in enumerate(blocks.blocks):
        if not makes_offer(block.text, estimate_words(block.text)):
            continue
        above = blocks.element(index - 1) if index else None
        for element in islice(blocks.element(index).iterancestors("div", "section", "aside"), MAX_LEVELS):
            if above is not None and (above is element or element in above.iterancestors()):
                break
            if _is_offer(element):
                yield element
                break


def _find_elements(tree: HtmlElement, selector: str) -> list[HtmlElement]:
    part = _SELECTOR.fullmatch(selector)
    if part is None:
        return []
    tag, kind, name = part.groups()
    path = (
        f".//{tag or '*'}[@id=$name]" if kind == "#" else f".//{tag or '*'}[contains(concat(' ', @class, ' '), $name)]"
    )
    elements: list[HtmlElement] = tree.xpath(path, name=name if kind == "#" else f" {name} ")
    return elements


def _is_offer(element: HtmlElement) -> bool:
    if len(" ".join("".join(element.itertext()).split())) > MAX_OFFER_CHARACTERS:
        return False
    links = (link.get("href") or "" for link in element.iter("a"))
    return any(_OFFER_LINK.search(link) for link in links) or element.find(".//form") is not None
