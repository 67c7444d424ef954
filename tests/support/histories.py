"""Histories of sources that were never there, day by day as `quality_by_day` has them."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass, replace
from statistics import fmean, pvariance
from typing import Any


@dataclass(frozen=True)
class Habits:
    """What a source yields on a weekday; at weekends there is less, longer, and by fewer authors."""

    articles: float = 60
    date: float = 0.97
    author: float = 0.85
    textless: float = 0.05
    refused: float = 0.03
    log_words: float = 6.0
    quality: float = 0.75
    french: float = 0.05
    scatter: float = 0.02
    """How much a day's shares differ from another's beyond chance: the correlation between its articles."""


def history(days: int, habits: Habits, chance: random.Random, *, at: int = 10**6, **changed: float) -> list[Any]:
    """Make a row a day; from the day `at` on with other habits."""
    return [_day(number % 7, replace(habits, **changed) if number >= at else habits, chance) for number in range(days)]


def _day(weekday: int, habits: Habits, chance: random.Random) -> dict[str, Any] | None:
    weekend = weekday >= 5
    busy = habits.articles * (0.4 if weekend else 1.24) * chance.gammavariate(8, 1 / 8)
    n = round(busy) if busy > 20 else sum(chance.random() < busy / 20 for _ in range(20))
    if not n:
        return None

    def of(share: float) -> int:
        if habits.scatter and 0 < share < 1:
            spread = 1 / habits.scatter - 1
            share = chance.betavariate(share * spread, (1 - share) * spread)
        return sum(chance.random() < share for _ in range(n))

    centre = habits.log_words + chance.gauss(0, 0.05) + 0.15 * weekend
    words = [max(0.0, chance.gauss(centre, 0.8)) for _ in range(n)]
    quality = [min(1.0, max(0.0, chance.gauss(habits.quality, 0.15))) for _ in range(n)]
    french = of(habits.french)
    return {
        "articles": n,
        "with_date": of(habits.date),
        "with_author": of(habits.author * (0.75 if weekend else 1)),
        "with_title": n,
        "textless": of(habits.textless),
        "refused": of(habits.refused),
        "median_words": math.exp(sorted(words)[n // 2]),
        "mean_log_words": fmean(words),
        "variance_log_words": pvariance(words),
        "mean_quality": fmean(quality),
        "variance_quality": pvariance(quality),
        "languages": {tag: count for tag, count in (("en", n - french), ("fr", french)) if count},
    }
