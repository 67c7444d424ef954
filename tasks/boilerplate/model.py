"""How likely each line of a text is to be article text, by a model that was trained on gold texts.

`line_model.md` says on what data, how good it is in which language, and where it fails. `bench/train/train_strip.py`
makes it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tasks.boilerplate.boosted_trees import Floats, Trees, read_trees
from tasks.boilerplate.context_features import MIN_PROSE_SCORE, read_feature_table
from tasks.boilerplate.line import Line

MODEL: Final = Path(__file__).with_name("line_model.npz")


@dataclass(frozen=True, slots=True)
class LineScores:
    """Figures of each line of a text, in the order of the lines."""

    probability: Floats
    """The probability that the line is article text."""
    tokens: Floats
    """The number of words, or of letters in scripts without spaces."""
    is_prose: tuple[bool, ...]
    """Whether the line reads like prose, of this article or of another."""


def score_lines(lines: Sequence[Line]) -> LineScores:
    """Score each line of a text, from all lines together."""
    if not lines:
        return LineScores(np.empty(0, np.float32), np.empty(0, np.float32), ())
    names, table = read_feature_table(lines)
    is_prose = tuple((table[names.index("prose")] > MIN_PROSE_SCORE).tolist())
    probability = _line_model().score_table(table, _split_rows(names))
    return LineScores(probability, table[names.index("tokens")].copy(), is_prose)


@cache
def _split_rows(names: tuple[str, ...]) -> NDArray[np.intp]:
    return _line_model().find_rows(names)


@cache
def _line_model() -> Trees:
    return read_trees(MODEL)
