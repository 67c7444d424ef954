"""Boosted trees as arrays: every tree of a model looks at every line at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

AT_ONCE: Final = 1_000
"""Lines that are scored together; memory does not grow with the text beyond them."""


@dataclass(frozen=True, slots=True)
class Trees:
    """Oblivious trees: all nodes of one level ask the same question, so a leaf's number is the answers as bits."""

    names: tuple[str, ...]
    """Of the figures that are asked for."""
    figure: NDArray[np.int16]
    """Trees x levels: the place in `names` of the figure that a level asks for."""
    border: Floats
    """Trees x levels: the answer is yes above it."""
    leaves: Floats
    """Trees x 2 ** levels; the first level is the lowest bit."""
    bias: float

    def score(self, figures: Mapping[str, Floats]) -> Floats:
        """For each line the probability that it is what the trees were trained to find."""
        rows = [figures[name] for name in self.names]
        parts = [
            self._sum(np.stack([row[begin : begin + AT_ONCE] for row in rows], dtype=np.float32))
            for begin in range(0, len(rows[0]), AT_ONCE)
        ]
        odds = np.clip(np.concatenate(parts) + self.bias, -30, 30)
        return np.asarray(1 / (1 + np.exp(-odds)), np.float32)

    def _sum(self, table: Floats) -> Floats:
        trees, levels = self.figure.shape
        above = table[self.figure.T] > self.border.T[:, :, None]
        leaf = np.arange(trees, dtype=np.int32)[:, None] << levels
        numbers = np.zeros(above.shape[1:], np.uint8)
        for level in range(levels):
            numbers |= above[level].view(np.uint8) << np.uint8(level)
        return np.asarray(self.leaves.ravel()[leaf + numbers].sum(axis=0), np.float32)


def read_trees(path: Path) -> Trees:
    """The trees of an npz file; nothing in it is code."""
    with np.load(path, allow_pickle=False) as stored:
        return Trees(
            tuple(str(stored["names"]).split("\n")),
            stored["figure"],
            stored["border"],
            stored["leaves"].astype(np.float32),
            float(stored["bias"]),
        )
