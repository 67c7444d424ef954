"""The articles that some sites print in full below the one that was asked for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

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

    Another article has a heading of its own with the tag of that title. Without `article` elements these are boxes of
    one class with an `h1` each. The entries of a live report stand below the title, or have lesser headings. Empty if
    most of what the model takes stands outside this article.
    """
    in_title = features.columns["in_title"]
    headings = np.flatnonzero(features.columns["is_heading"]).tolist()
    title = next((index for index in headings if in_title[index] >= MIN_TITLE_SHARE), None)
    if title is None:
        return set()
    tag = page.element(title).tag
    other_titles = [
        index for index in headings if in_title[index] <= MAX_OTHER_TITLE_SHARE and page.element(index).tag == tag
    ]
    own_article = _outermost_article(page, title)
    others = {_outermost_article(page, index) for index in other_titles} - {own_article, None}
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
        own_element, other_element = page.containers[own_box].element, page.containers[other_box].element
        is_alike = own_element.tag == other_element.tag and own_element.get("class") == other_element.get("class")
        if is_alike and own_element.tag != "h1":
            own = own_box
            others.add(other_box)
    return own, others


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
