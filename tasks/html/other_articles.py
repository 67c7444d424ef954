"""The articles that some sites print in full below the one that was asked for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
from lxml.html import HtmlElement

from tasks.boilerplate.boosted_trees import Floats
from tasks.html.block_features import BlockFeatures
from tasks.html.blocks import PageBlocks

# Of a heading's words that the page's titles have: of this article's title, and at most of another's.
MIN_TITLE_SHARE: Final = 0.8
MAX_OTHER_TITLE_SHARE: Final = 0.5
# Of the words that the model expects to be text: several articles may follow, of its length each.
MIN_OWN_SHARE: Final = 0.2


def find_other_articles(page: PageBlocks, features: BlockFeatures, probability: Floats) -> set[int]:
    """Return the indexes of the blocks in `article` elements beside the one that holds the page's title.

    Another article has a heading of its own with the tag of that title, or the class of its element. Without `article`
    elements these are boxes of one class with an `h1` each. The entries of a live report stand below the title, or have
    lesser headings. Empty if most of what the model takes stands outside this article.
    """
    in_title = features.columns["in_title"]
    headings = np.flatnonzero(features.columns["is_heading"]).tolist()
    title = next((index for index in headings if in_title[index] >= MIN_TITLE_SHARE), None)
    if title is None:
        return set()
    tag = page.element(title).tag
    other_titles = [index for index in headings if in_title[index] <= MAX_OTHER_TITLE_SHARE]
    own_article = _outermost_article(page, title)
    others: set[int | None] = {
        article
        for index in other_titles
        if (article := _outermost_article(page, index)) not in {own_article, None}
        and (page.element(index).tag == tag or _are_alike(page, own_article, article))
    }
    other_titles = [index for index in other_titles if page.element(index).tag == tag]
    if (own_article is None or not others) and tag == "h1":
        own_article, others = _find_boxes(page, title, other_titles)
    if own_article is None or not others:
        return set()
    boxes = {own_article, *others}
    articles = [next((box for box in _around(page, index) if box in boxes), None) for index in range(len(page.blocks))]
    words = probability * features.words
    if words[[article == own_article for article in articles]].sum() < MIN_OWN_SHARE * words.sum():
        return set()
    return {index for index, article in enumerate(articles) if article in others}


def _find_boxes(page: PageBlocks, title: int, other_titles: list[int]) -> tuple[int | None, set[int | None]]:
    """Return the box of the page's title, and those beside it of the same tag and class that have another title."""
    own_boxes = list(_around(page, title))
    own: int | None = None
    others: set[int | None] = set()
    for index in other_titles:
        boxes = list(_around(page, index))
        shared = set(own_boxes).intersection(boxes)
        own_box = next((box for box in reversed(own_boxes) if box not in shared), None)
        other_box = next((box for box in reversed(boxes) if box not in shared), None)
        if own_box is None or other_box is None or own not in {None, own_box}:
            continue
        inner = (box for box in boxes if box not in shared and _is_of_kind(page.containers[box].element))
        if _are_alike(page, own_box, other_box) or any(_are_alike(page, own_box, box) for box in inner):
            own = own_box
            others.add(other_box)
    return own, others


def _is_of_kind(element: HtmlElement) -> bool:
    """Return whether the tag or class of an element says more than that it is a box."""
    return element.tag == "section" or bool(element.get("class"))


def _are_alike(page: PageBlocks, box: int | None, other: int | None) -> bool:
    """Return whether two boxes have the same tag and class, and are more than a heading."""
    if box is None or other is None:
        return False
    element, other_element = page.containers[box].element, page.containers[other].element
    is_alike: bool = element.tag == other_element.tag and element.get("class") == other_element.get("class")
    return is_alike and element.tag != "h1"


def _around(page: PageBlocks, index: int) -> Iterator[int]:
    """Yield the numbers of the containers around a block, the innermost first."""
    number = page.blocks[index].container
    while number:
        yield number
        number = page.containers[number].parent


def _outermost_article(page: PageBlocks, index: int) -> int | None:
    """Return the number of the outermost `article` element that a block stands in, None if it is in none."""
    articles = [number for number in _around(page, index) if page.containers[number].element.tag == "article"]
    return articles[-1] if articles else None
