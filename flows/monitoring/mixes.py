"""Mixes, such as the languages of a week's articles, as counts by kind; and how far two of them are apart."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from math import log, log2, sqrt

Mix = Mapping[str, int]


def pool_mixes(mixes: Iterable[Mix]) -> Counter[str]:
    """Return the sum of some mixes."""
    pooled: Counter[str] = Counter()
    for mix in mixes:
        pooled.update(mix)
    return pooled


def distance(mix: Mix, other: Mix) -> float:
    """Return the Jensen-Shannon distance of two mixes that are not empty: 0 if they are equal, 1 if they share nothing.

    It is the square root of Lin's divergence (Divergence measures based on the Shannon entropy, 1991) to base 2, which
    Endres and Schindelin (A new metric for probability distributions, 2003) show to be a metric.
    """
    total, other_total = sum(mix.values()), sum(other.values())
    divergence = 0.0
    for kind in mix.keys() | other.keys():
        shares = (mix.get(kind, 0) / total, other.get(kind, 0) / other_total)
        divergence += sum(share * log2(2 * share / sum(shares)) for share in shares if share) / 2
    return sqrt(max(0.0, divergence))


def expected_distance(kinds: int, n: int) -> float:
    """Return the distance, by chance alone, of a mix of `n` from the large mix that it was drawn from.

    To second order the divergence is a chi-square of `kinds - 1` degrees of freedom over 8 n, in nats.
    """
    return sqrt(max(kinds - 1, 1) / (8 * n * log(2)))
