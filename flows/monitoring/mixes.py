"""How far apart two mixes are, such as the languages of one week's articles and of another's."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from math import log, log2, sqrt

Mix = Mapping[str, int]
"""Counts by kind."""


def pool_mixes(mixes: Iterable[Mix]) -> Counter[str]:
    """All of them as one."""
    pooled: Counter[str] = Counter()
    for mix in mixes:
        pooled.update(mix)
    return pooled


def distance(one: Mix, other: Mix) -> float:
    """The Jensen-Shannon distance of two mixes that are not empty: 0 where they are alike, 1 where nothing is shared.

    It is the square root of Lin's divergence (Divergence measures based on the Shannon entropy, 1991) to base 2, which
    Endres and Schindelin (A new metric for probability distributions, 2003) show to be a metric.
    """
    total, others = sum(one.values()), sum(other.values())
    divergence = 0.0
    for kind in one.keys() | other.keys():
        here, there = one.get(kind, 0) / total, other.get(kind, 0) / others
        middle = (here + there) / 2
        divergence += sum(share * log2(share / middle) for share in (here, there) if share) / 2
    return sqrt(max(0.0, divergence))


def expected_distance(kinds: int, n: int) -> float:
    """How far a mix of `n` is, by chance alone, from the large one that it was drawn from.

    To second order the divergence is a chi-square of `kinds - 1` degrees of freedom over 8 n, in nats.
    """
    return sqrt(max(kinds - 1, 1) / (8 * n * log(2)))
