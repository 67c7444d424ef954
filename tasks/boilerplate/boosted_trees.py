"""Gradient-boosted trees as arrays: every tree scores every line at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

# Lines scored together: memory does not grow with the text beyond them.
MAX_LINES_PER_CHUNK: Final = 1_000


@dataclass(frozen=True, slots=True)
class Trees:
    """Oblivious trees: all nodes of one level share a split, so the index of a leaf is the answers to them as bits."""

    feature_names: tuple[str, ...]
    split_features: NDArray[np.intp]
    """For each split the index in `feature_names` of the feature it compares."""
    split_borders: Floats
    """For each split the value above which its answer is yes."""
    splits: NDArray[np.intp]
    """Trees x levels: the number of the split."""
    leaves: Floats
    """Trees x 2 ** levels; the first level is the lowest bit."""
    bias: float

    def score(self, features: Mapping[str, Floats]) -> Floats:
        """Return for each line the probability of the class that the trees were trained to find."""
        table = np.concatenate([features[name] for name in self.feature_names]).reshape(len(self.feature_names), -1)
        return self.score_table(table, self.split_features)

    def find_rows(self, names: Sequence[str]) -> NDArray[np.intp]:
        """Return for each split the row that it compares in a table whose rows have `names`."""
        row_of = {name: row for row, name in enumerate(names)}
        return np.array([row_of[name] for name in self.feature_names], np.intp)[self.split_features]

    def score_table(self, table: Floats, split_rows: NDArray[np.intp]) -> Floats:
        """Return what `score` does for the columns of a table; `split_rows` are those of `find_rows`."""
        sums = [
            self._sum_leaves(table[:, begin : begin + MAX_LINES_PER_CHUNK].take(split_rows, axis=0))
            for begin in range(0, table.shape[1], MAX_LINES_PER_CHUNK)
        ]
        log_odds = np.clip(np.concatenate(sums) + self.bias, -30, 30)
        return np.asarray(1 / (1 + np.exp(-log_odds)), np.float32)

    def _sum_leaves(self, values: Floats) -> Floats:
        tree_count, level_count = self.splits.shape
        # Many trees share a split; each split is compared once.
        answers = (values > self.split_borders[:, None]).view(np.uint8)
        leaf_indexes = answers.take(self.splits[:, -1], axis=0)
        for level in reversed(range(level_count - 1)):
            leaf_indexes += leaf_indexes
            leaf_indexes += answers.take(self.splits[:, level], axis=0)
        first_leaves = np.arange(tree_count, dtype=np.int32)[:, None] << level_count
        return np.asarray(self.leaves.ravel().take(first_leaves + leaf_indexes).sum(axis=0), np.float32)


def read_trees(path: Path) -> Trees:
    """Read the trees of an npz file; nothing in it is run as code."""
    with np.load(path, allow_pickle=False) as arrays:
        features, borders = arrays["figure"], arrays["border"]
        used_splits = list(zip(features.ravel().tolist(), borders.ravel().tolist(), strict=True))
        split_numbers = {split: number for number, split in enumerate(sorted(set(used_splits)))}
        return Trees(
            tuple(str(arrays["names"]).split("\n")),
            np.array([feature for feature, _ in split_numbers], np.intp),
            np.array([border for _, border in split_numbers], np.float32),
            np.array([split_numbers[split] for split in used_splits], np.intp).reshape(features.shape),
            arrays["leaves"].astype(np.float32),
            float(arrays["bias"]),
        )
