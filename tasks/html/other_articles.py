"""The articles that some sites print in full below the one that was asked for."""

from __future__ import annotations

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

    Another article has a heading of its own with the tag of that title. The entries of a live report stand below the
    title, or have lesser headings. Empty if most of what the model takes stands outside this article.
    """
    in_title = features.columns["in_title"]
    headings = np.flatnonzero(features.columns["is_heading"]).tolist()
    title = next((index for index in headings if in_title[index] >= MIN_TITLE_SHARE), None)
    if title is None:
        return set()
    own_article, tag = _outermost_article(page, title), page.element(title).tag
    others = {
        _outermost_article(page, index)
        for index in headings
        if in_title[index] <= MAX_OTHER_TITLE_SHARE and page.element(index).tag == tag
    } - {own_article, None}
    if own_article is None or not others:
        return set()
    articles = [_outermost_article(page, index) for index in range(len(page.blocks))]
    words = probability * features.words
    if words[[article == own_article for article in articles]].sum() < MIN_OWN_SHARE * words.sum():
        return set()
    return {index for index, article in enumerate(articles) if article in others}


def _outermost_article(page: PageBlocks, index: int) -> int | None:
    """Return the number of the outermost `article` element that a block stands in, None if it is in none."""
    article = None
    number = page.blocks[index].container
    while number:
        container = page.containers[number]
        if container.element.tag == "article":
            article = number
        number = container.parent
    return article
