"""How likely each block of a page is to be text of its article, by a model that was trained on gold texts.

`block_model.md` says on what data, how good it is, and where it fails. `bench/train/train_blocks.py` makes it. A first
model scores each block by its features; the second one also sees what the first one says of the blocks around it.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tasks.boilerplate.boosted_trees import Floats, Trees, read_trees
from tasks.html.block_features import BlockFeatures

FIRST_MODEL: Final = Path(__file__).with_name("block_model_first.npz")
MODEL: Final = Path(__file__).with_name("block_model.npz")

MAX_BLOCK_WORDS: Final = 60
"""Of a block's weight among its neighbours."""
MAX_DISTANCE: Final = 40
MAX_GAP_WORDS: Final = 500
_NEIGHBOUR_OFFSETS: Final = (-4, -3, -2, -1, 1, 2, 3, 4)
_GROUP_NAMES: Final = ("parent", "signature", "long_signature")


def score_blocks(features: BlockFeatures) -> Floats:
    """Return for each block the probability that it is text of the page's article."""
    first = _trees(FIRST_MODEL).score(features.columns)
    return _trees(MODEL).score(features.columns | first_score_features(features, first))


@cache
def _trees(path: Path) -> Trees:
    return read_trees(path)


def first_score_features(features: BlockFeatures, first: Floats) -> dict[str, Floats]:
    """Return features of each block from the scores that the first model gives to it and to the blocks around it."""
    count = len(first)
    words = np.minimum(features.words, MAX_BLOCK_WORDS) + 0.1
    reach = max(_NEIGHBOUR_OFFSETS)
    padded = np.concatenate([np.zeros(reach), first, np.zeros(reach)])
    beside = {f"first{offset:+d}": padded[reach + offset : reach + offset + count] for offset in _NEIGHBOUR_OFFSETS}
    groups = {
        f"first_{name}": (np.bincount(group, words * first) / np.maximum(np.bincount(group, words), 0.1))[group]
        for name, group in ((name, features.groups[name]) for name in _GROUP_NAMES)
    }
    likely = np.flatnonzero(first >= 0.5)  # noqa: PLR2004
    begin, end = (likely[0], likely[-1]) if len(likely) else (0, count)
    index = np.arange(count)
    mass = np.cumsum(first * words)
    columns = {
        "first": first,
        **beside,
        **groups,
        "first_around": np.mean(list(beside.values()), axis=0),
        "from_first": np.clip(index - begin, -MAX_DISTANCE, MAX_DISTANCE),
        "to_last": np.clip(end - index, -MAX_DISTANCE, MAX_DISTANCE),
        "first_before": mass / max(float(mass[-1]), 1e-6),
        "first_words": np.full(count, np.log1p(mass[-1])),
        "gap_above": _words_since(first, words),
        "gap_below": _words_since(first[::-1], words[::-1])[::-1],
    }
    return {name: np.asarray(row, np.float32) for name, row in columns.items()}


def _words_since(first: Floats, words: NDArray[np.floating]) -> NDArray[np.floating]:
    """Return for each block the words of unlikely blocks since the last likely one."""
    likely = first >= 0.5  # noqa: PLR2004
    unlikely_words = np.cumsum(words * ~likely)
    words_at_likely = np.maximum.accumulate(np.where(likely, unlikely_words, 0))
    return np.asarray(np.minimum(unlikely_words - words_at_likely, MAX_GAP_WORDS), np.float32)
