"""Saying of each block of a page that is not its article what it is, from the names of the elements around it."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from tasks.boilerplate.boosted_trees import Floats
from tasks.html.block_features import BlockFeatures
from warehouse.model.vocabulary import LineReason

# Elements between a caption's text and its `figcaption`; and the share of captions among the words of a gallery.
MAX_CAPTION_DISTANCE: Final = 3
MIN_GALLERY_SHARE: Final = 0.5
# Of the words of a block that is a link.
MIN_LINKED_SHARE: Final = 0.5

# How far above a block an element may be whose name says what the block is, in the order of trust.
_REASONS: Final = {
    "figcaption": (LineReason.CAPTION, 3),
    "comment": (LineReason.COMMENT, 12),
    "subscription": (LineReason.NEWSLETTER, 4),
    "share": (LineReason.SHARE, 3),
    "related": (LineReason.RELATED, 8),
    "nav": (LineReason.MENU, 12),
    "navigation": (LineReason.MENU, 3),
    "footer": (LineReason.LEGAL, 3),
    "caption": (LineReason.CAPTION, 2),
    "tag": (LineReason.TAGS, 2),
    "author": (LineReason.BYLINE, 2),
    "date": (LineReason.DATE_LINE, 1),
}
_MIN_TITLE_SHARE: Final = 0.8
_MAX_MENU_WORDS: Final = 3


def find_titles(features: BlockFeatures) -> NDArray[np.bool_]:
    """Return for each block whether it is a heading with most of the words of one of the page's titles."""
    columns = features.columns
    return (columns["in_title"] >= _MIN_TITLE_SHARE) & (columns["is_heading"] > 0)


def label_blocks(features: BlockFeatures, selected: set[int]) -> list[LineReason | None]:
    """Return for each block why it is not the article, from the names of the elements around it; None if it is."""
    columns = features.columns
    last = max(selected, default=-1)
    names = number_names(columns).tolist()
    by_name = [reason for reason, _ in _REASONS.values()]
    is_title = find_titles(features)
    is_prose = columns["prose_share"] > 0
    is_linked = columns["linked"] >= MIN_LINKED_SHARE
    reasons: list[LineReason | None] = []
    for index, word_count in enumerate(features.words.tolist()):
        if index in selected:
            reasons.append(None)
        elif is_title[index]:
            reasons.append(LineReason.TITLE)
        elif names[index] >= 0:
            reasons.append(by_name[names[index]])
        elif is_prose[index] and index > last >= 0:
            reasons.append(LineReason.SECOND_ARTICLE)
        elif is_linked[index]:
            reasons.append(LineReason.MENU if word_count <= _MAX_MENU_WORDS else LineReason.RELATED)
        else:
            reasons.append(LineReason.BOILERPLATE)
    return reasons


def number_names(columns: dict[str, Floats]) -> NDArray[np.intp]:
    """Return for each block the number of the reason that a name near it gives, -1 if none does."""
    near = np.stack([columns[f"to_{mark}"] <= distance for mark, (_, distance) in _REASONS.items()])
    return np.where(near.any(axis=0), near.argmax(axis=0), -1)
