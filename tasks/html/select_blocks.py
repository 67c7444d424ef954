"""Selecting the blocks of a page that are its article, by their probability and by what a second reader takes."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tasks.boilerplate.boosted_trees import Floats
from tasks.boilerplate.model import LineScores
from tasks.boilerplate.select_lines import select_likely_lines
from tasks.html.block_features import MIN_PROSE_WORDS, BlockFeatures
from tasks.html.label_blocks import MAX_CAPTION_DISTANCE, MIN_GALLERY_SHARE
from tasks.text.characters import text_keys

# From this share of words that are expected to be judged rightly, no second reader is asked.
MIN_CONFIDENCE: Final = 0.93
# Blocks that are surely no article say nothing about how hard a page is.
MIN_DOUBTFUL_PROBABILITY: Final = 0.05
# What the second reader takes stays from the first probability on, what it leaves out from the second on.
MIN_SECONDED_PROBABILITY: Final = 0.15
MIN_SURE_PROBABILITY: Final = 0.8
# What the model takes alone between blocks that both take.
MIN_ALONE_PROBABILITY: Final = 0.45
# Of a block, for comparison with the second reader's text; a shorter block must be one of its lines.
COMPARED_CHARACTERS: Final = 120
MIN_COMPARED_CHARACTERS: Final = 25


def is_sure(probability: Floats, words: Floats) -> bool:
    """Return whether no second reader needs to be asked."""
    return find_confidence(probability, words) >= MIN_CONFIDENCE


def find_confidence(probability: Floats, words: Floats) -> float:
    """Return the share of words that are expected to be judged rightly, of the blocks that may be article."""
    doubtful = probability > MIN_DOUBTFUL_PROBABILITY
    weights = (words + 0.1)[doubtful]
    certainty = np.maximum(probability, 1 - probability)[doubtful]
    return float((certainty * weights).sum() / weights.sum()) if len(weights) else 0.0


def select_blocks(texts: Sequence[str], probability: Floats, words: Floats) -> set[int]:
    """Return the indexes of the blocks with the greatest expected F1 together, each repeated text once."""
    selected = select_likely_lines(LineScores(probability, words, ()))
    return _without_repeats(texts, words, selected)


def select_seconded(texts: Sequence[str], features: BlockFeatures, probability: Floats, second_text: str) -> set[int]:
    """Return the indexes of the blocks that the second reader takes too, and of those that surely are article.

    It sees no captions: of a gallery, what the model takes alone is the article.
    """
    words = features.words
    seconded = _find_in(texts, second_text)
    chosen = np.where(seconded, probability >= MIN_SECONDED_PROBABILITY, probability >= MIN_SURE_PROBABILITY)
    alone = probability >= MIN_ALONE_PROBABILITY
    is_caption = features.columns["to_figcaption"] <= MAX_CAPTION_DISTANCE
    if words[alone & is_caption].sum() > MIN_GALLERY_SHARE * words[alone].sum():
        chosen = alone
    return _without_repeats(texts, words, set(np.flatnonzero(chosen | _between(chosen, alone)).tolist()))


def _between(chosen: NDArray[np.bool_], alone: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the blocks of runs that the model takes alone and that chosen blocks stand right above and below."""
    is_between = np.zeros(len(chosen), np.bool_)
    indexes = np.flatnonzero(chosen)
    for above, below in pairwise(indexes.tolist()):
        is_between[above + 1 : below] = alone[above + 1 : below].all()
    return is_between


def find_longest_run(features: BlockFeatures) -> set[int]:
    """Return the indexes of the blocks of prose in the element that holds most of it."""
    columns = features.columns
    return set(np.flatnonzero((columns["best_parent"] > 0) & (columns["prose_share"] > 0)).tolist())


def _find_in(texts: Sequence[str], text: str) -> NDArray[np.bool_]:
    lines = text_keys(text.split("\n"))
    key, whole = "".join(lines), set(lines)
    keys = text_keys([block[:COMPARED_CHARACTERS] for block in texts])
    return np.array(
        [
            block_key in (key if len(block) >= MIN_COMPARED_CHARACTERS else whole)
            for block, block_key in zip(texts, keys, strict=True)
        ],
        np.bool_,
    )


def _without_repeats(texts: Sequence[str], words: Floats, selected: set[int]) -> set[int]:
    known: set[str] = set()
    for index in sorted(selected):
        if words[index] >= MIN_PROSE_WORDS:
            if texts[index] in known:
                selected.discard(index)
            known.add(texts[index])
    return selected
