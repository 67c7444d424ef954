"""What is watched of a source's articles, and how a window of days compares with the ones before it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import exp, log, sqrt
from statistics import median
from typing import Any, Final

from flows.monitoring.mixes import Mix, distance, expected_distance, pool_mixes

Row = Mapping[str, Any]
"""A row of `quality_by_day`."""

ODD: Final = 16
"""One window, and one more of so many, may have been as odd as one that is new."""
NORMAL: Final = 1.4826
"""Makes a median absolute deviation estimate the standard deviation of a normal distribution."""
SMALL: Final = {2: 1.196, 3: 1.495, 4: 1.363, 5: 1.206, 6: 1.200, 7: 1.140, 8: 1.129, 9: 1.107}
"""Corrects it for so few values: Croux and Rousseeuw, Time-efficient algorithms for two highly robust estimators of
scale, 1992."""


@dataclass(frozen=True, slots=True)
class Sample:
    """A measure over some days: documents, their mean, and their variance between each other."""

    n: int = 0
    mean: float = 0.0
    variance: float = 0.0


@dataclass(frozen=True, slots=True)
class Measure:
    """What is watched: how a day's row is read, which ways are worse, and from what change on it is told."""

    read: Callable[[Row], Sample]
    worse: tuple[int, ...]
    least: float
    spread: float
    """Standard deviation that windows of even the steadiest source are taken to have."""
    told: str
    """With the places {now}, {since} and {usual}."""
    shown: Callable[[float], str] = "{:.0%}".format


@dataclass(frozen=True, slots=True)
class Change:
    """How a window compares with the ones before it."""

    now: float
    usual: float
    z: float
    """Robust z-score of the difference; its sign says which way."""
    is_new: bool = True
    """Whether hardly one of the windows before was like it."""
    label: str = ""
    """The kind that changed most, of a mix."""


def _share(part: str, *others: str) -> Callable[[Row], Sample]:
    """Reads the share of a count; the whole is it and the others, or all articles where there are none."""

    def read(row: Row) -> Sample:
        n = sum(row[name] for name in (part, *others)) if others else row["articles"]
        share = row[part] / n if n else 0.0
        return Sample(n, share, share * (1 - share))

    return read


def _mean(name: str) -> Callable[[Row], Sample]:
    def read(row: Row) -> Sample:
        n = row["articles"]
        return Sample(n, row[f"mean_{name}"], row[f"variance_{name}"]) if n else Sample()

    return read


def _article_share(what: str) -> Measure:
    return Measure(
        _share(f"with_{what.split()[1]}"),
        (-1,),
        0.15,
        0.03,
        f"{{now}} of its articles have {what} since {{since}}, usually {{usual}}",
    )


MEASURES: Final = {
    "date": _article_share("a date"),
    "author": _article_share("an author"),
    "title": _article_share("a title"),
    "text": Measure(
        _share("articles", "textless"), (-1,), 0.15, 0.03,
        "{now} of the documents that could be read hold an article since {since}, usually {usual}",
    ),
    "refused": Measure(
        _share("refused", "articles", "textless"), (1,), 0.2, 0.05,
        "{now} of its documents are refused or cannot be had since {since}, usually {usual}",
    ),
    "length": Measure(
        _mean("log_words"), (-1, 1), log(1.4), 0.06,
        "its articles are about {now} words long since {since}, usually {usual}",
        lambda value: f"{exp(value):.0f}",
    ),
    "quality": Measure(
        _mean("quality"), (-1,), 0.08, 0.02,
        "the quality of its articles is {now} since {since}, usually {usual}",
        "{:.2f}".format,
    ),
}  # fmt: skip
LANGUAGE: Final = "language"
LANGUAGE_TOLD: Final = "{now} of its articles are in {label} since {since}, usually {usual}"
LEAST_DISTANCE: Final = 0.25
LANGUAGE_SPREAD: Final = 0.04


def compare(phases: Sequence[Sequence[Sample]], measure: Measure) -> Change:
    """The first window of the first phase against the rest of it: the robust z-score of its mean.

    A phase is a weekday, or some of them in a row, the newest window first. The centre is the median of its means. The
    scale is what windows of so many documents scatter by chance, times what those of all phases scatter more than that
    around their centres: Laney's p' chart (Improved control charts for attributes, 2002), made robust by the median
    absolute deviation (Iglewicz and Hoaglin, How to detect and handle outliers, 1993), so that an odd week neither
    hides a change nor makes one. The score is 0 where the difference is smaller than is told, or for the better.
    """
    (now, *before), *others = phases
    held = [before, *others]
    documents = [one for phase in held for one in phase]
    within = sum(one.n * one.variance for one in documents) / sum(one.n for one in documents)

    def scores(phase: Sequence[Sample]) -> list[float]:
        centre = median(one.mean for one in phase)
        return [(one.mean - centre) / sqrt(within / one.n + measure.spread**2) for one in phase]

    usual = median(one.mean for one in before)
    known = [score for phase in held for score in scores(phase)]
    score = (now.mean - usual) / sqrt(within / now.n + measure.spread**2)
    sign = 1 if score > 0 else -1
    told = abs(now.mean - usual) >= measure.least and sign in measure.worse
    is_new = _is_new(sign * now.mean, [sign * one.mean for one in before])
    is_new = is_new and _is_new(sign * score, [sign * one for one in known])
    return Change(now.mean, usual, score / max(1.0, _deviation(known, 0.0)) if told else 0.0, is_new)


def compare_mixes(phases: Sequence[Sequence[Mix]]) -> Change:
    """As `compare`, of the distance between a window's mix and all of those before it; the kind that changed most."""
    (now, *before), *others = phases
    pooled = pool_mixes(before)
    apart = [distance(one, pooled) for one in [*before, *(one for phase in others for one in phase)]]
    n, total = sum(now.values()), sum(pooled.values())
    chance = expected_distance(len(pooled.keys() | now.keys()), n)
    found, usual = distance(now, pooled), max(median(apart), chance)
    z = (found - usual) / sqrt(max(_deviation(apart, median(apart)), chance / 2) ** 2 + LANGUAGE_SPREAD**2)
    shares = {kind: (now.get(kind, 0) / n, pooled[kind] / total) for kind in pooled.keys() | now.keys()}
    label = max(sorted(shares), key=lambda kind: abs(shares[kind][0] - shares[kind][1]))
    return Change(*shares[label], z if found >= LEAST_DISTANCE else 0.0, _is_new(found, apart), label)


def _is_new(value: float, known: Sequence[float]) -> bool:
    """Whether a value is beyond the known ones, but for a few: an outage a month ago does not hide the next one."""
    return value > sorted(known)[-2 - len(known) // ODD]


def _deviation(values: Sequence[float], centre: float) -> float:
    count = len(values)
    correction = SMALL.get(count, count / (count - 0.8))
    return NORMAL * correction * median(abs(value - centre) for value in values)


def pool(samples: Sequence[Sample]) -> Sample:
    """Some days as one."""
    n = sum(one.n for one in samples)
    if not n:
        return Sample()
    return Sample(n, sum(one.n * one.mean for one in samples) / n, sum(one.n * one.variance for one in samples) / n)


def part_of(mix: Mix, kind: str) -> Sample:
    """The share of one kind in a mix."""
    n = sum(mix.values())
    return Sample(n, mix.get(kind, 0) / n) if n else Sample()
