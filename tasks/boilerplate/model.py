"""How likely each line of a text is to be its article, by a model that was trained on gold texts.

`strip_model.md` says on what, how well it does in which language, and where it fails; `bench/train_strip.py` makes it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

import numpy as np

from tasks.boilerplate.boosted_trees import Trees, read_trees
from tasks.boilerplate.context_features import PROSE, read_features
from tasks.boilerplate.line import Line
from tasks.boilerplate.line_features import Floats

MODEL: Final = Path(__file__).with_name("line_model.npz")


@dataclass(frozen=True, slots=True)
class Scores:
    """Figures of each line of a text, in their order."""

    chance: Floats
    """The probability that the line is article text."""
    tokens: Floats
    """How much it says: words, or letters where words are not parted."""
    prose: tuple[bool, ...]
    """Whether it reads like prose, of whatever article."""


def score_lines(lines: Sequence[Line]) -> Scores:
    """A score for each line, from all of them together."""
    if not lines:
        return Scores(np.empty(0, np.float32), np.empty(0, np.float32), ())
    figures = read_features(lines)
    return Scores(_model().score(figures), figures["tokens"], tuple((figures["prose"] > PROSE).tolist()))


@cache
def _model() -> Trees:
    return read_trees(MODEL)
