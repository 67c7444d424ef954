"""Boosted trees as arrays: every tree of a model looks at every line at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

# Lines that are scored together; memory does not grow with the text beyond them.
AT_ONCE: Final = 1_000


@dataclass(frozen=True, slots=True)
class Trees:
    """Oblivious trees: all nodes of one level ask the same question, so a leaf's number is the answers as bits."""

    names: tuple[str, ...]
    """Of the figures that are asked for."""
    figure: NDArray[np.intp]
    """Of each question the place in `names` of the figure that it asks for."""
    border: Floats
    """Of each question: the answer is yes above it."""
    asked: NDArray[np.intp]
    """Trees x levels: the number of the question."""
    leaves: Floats
    """Trees x 2 ** levels; the first level is the lowest bit."""
    bias: float

    def score(self, figures: Mapping[str, Floats]) -> Floats:
        """For each line the probability that it is what the trees were trained to find."""
        rows = [figures[name] for name in self.names]
        parts = [
            self._sum(np.concatenate([row[begin : begin + AT_ONCE] for row in rows]).reshape(len(rows), -1))
            for begin in range(0, len(rows[0]), AT_ONCE)
        ]
        odds = np.clip(np.concatenate(parts) + self.bias, -30, 30)
        return np.asarray(1 / (1 + np.exp(-odds)), np.float32)

    def _sum(self, table: Floats) -> Floats:
        trees, levels = self.asked.shape
        # Many trees ask the same question; each is answered once.
        answers = (table[self.figure] > self.border[:, None]).view(np.uint8)
        numbers = answers.take(self.asked[:, -1], axis=0)
        for level in reversed(range(levels - 1)):
            numbers += numbers
            numbers += answers.take(self.asked[:, level], axis=0)
        first = np.arange(trees, dtype=np.int32)[:, None] << levels
        return np.asarray(self.leaves.ravel().take(first + numbers).sum(axis=0), np.float32)


def read_trees(path: Path) -> Trees:
    """The trees of an npz file; nothing in it is code."""
    with np.load(path, allow_pickle=False) as stored:
        figure, border = stored["figure"], stored["border"]
        drawn = list(zip(figure.ravel().tolist(), border.ravel().tolist(), strict=True))
        numbers = {question: number for number, question in enumerate(sorted(set(drawn)))}
        return Trees(
            tuple(str(stored["names"]).split("\n")),
            np.array([place for place, _ in numbers], np.intp),
            np.array([value for _, value in numbers], np.float32),
            np.array([numbers[question] for question in drawn], np.intp).reshape(figure.shape),
            stored["leaves"].astype(np.float32),
            float(stored["bias"]),
        )
