"""The part of a sequence where its scores add up to most."""

from __future__ import annotations

from collections.abc import Sequence


def densest_run(scores: Sequence[float]) -> tuple[int, int]:
    """Return begin and end of the run with the greatest sum (Bentley's algorithm); (0, 0) if no sum is above 0."""
    best, total, begin = 0.0, 0.0, 0
    run = (0, 0)
    for index, score in enumerate(scores):
        if total <= 0:
            total, begin = 0.0, index
        total += score
        if total > best:
            best, run = total, (begin, index + 1)
    return run
