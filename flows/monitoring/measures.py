"""The measures of a source's articles, and how a window of days compares with the windows before it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import exp, log, sqrt
from statistics import median
from typing import Any, Final

from flows.monitoring.mixes import Mix, distance, expected_distance, pool_mixes

# A row of `quality_by_day`.
Row = Mapping[str, Any]

# A window counts as new though one earlier window was as odd, and one more for each so many windows.
WINDOWS_PER_EXCEPTION: Final = 16
# Makes a median absolute deviation estimate the standard deviation of a normal distribution.
NORMAL_FACTOR: Final = 1.4826
# Corrects it for so few values: Croux and Rousseeuw, Time-efficient algorithms for two highly robust estimators of
# scale, 1992.
SMALL_SAMPLE_FACTORS: Final = {2: 1.196, 3: 1.495, 4: 1.363, 5: 1.206, 6: 1.200, 7: 1.140, 8: 1.129, 9: 1.107}


@dataclass(frozen=True, slots=True)
class Sample:
    """A measure over some days: the number of documents, their mean, and the variance between them."""

    n: int = 0
    mean: float = 0.0
    variance: float = 0.0


@dataclass(frozen=True, slots=True)
class Measure:
    """A figure of a day's row, the directions in which it gets worse, and the smallest change that is reported."""

    read: Callable[[Row], Sample]
    worse_signs: tuple[int, ...]
    min_change: float
    spread: float  # standard deviation that windows of even the steadiest source are taken to have
    sentence: str  # with the fields {now}, {since} and {usual}
    format_value: Callable[[float], str] = "{:.0%}".format


@dataclass(frozen=True, slots=True)
class Change:
    """A window compared with the windows before it."""

    now: float
    usual: float
    z: float  # robust z-score of the difference, with its sign
    is_new: bool = True  # hardly any of the windows before was like it
    label: str = ""  # of a mix: the kind that changed most


def _share(column: str, *other_columns: str) -> Callable[[Row], Sample]:
    """Return a reader of the share of a count in the sum of all columns, or in all articles without other columns."""

    def read(row: Row) -> Sample:
        n = sum(row[name] for name in (column, *other_columns)) if other_columns else row["articles"]
        share = row[column] / n if n else 0.0
        return Sample(n, share, share * (1 - share))

    return read


def _mean(name: str) -> Callable[[Row], Sample]:
    def read(row: Row) -> Sample:
        n = row["articles"]
        return Sample(n, row[f"mean_{name}"], row[f"variance_{name}"]) if n else Sample()

    return read


def _field_share(field: str) -> Measure:
    sentence = f"{{now}} of its articles have {field} since {{since}}, usually {{usual}}"
    return Measure(_share(f"with_{field.split()[1]}"), (-1,), 0.15, 0.03, sentence)


MEASURES: Final = {
    "date": _field_share("a date"),
    "author": _field_share("an author"),
    "title": _field_share("a title"),
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
LANGUAGE_SENTENCE: Final = "{now} of its articles are in {label} since {since}, usually {usual}"
MIN_LANGUAGE_DISTANCE: Final = 0.25
LANGUAGE_SPREAD: Final = 0.04


def compare(phases: Sequence[Sequence[Sample]], measure: Measure) -> Change:
    """Compare the first window of the first phase with the rest of the phase, by the robust z-score of its mean.

    A phase is a weekday, or some of them in a row, the newest window first. The centre is the median of its means. The
    scale is what windows of so many documents scatter by chance, times what those of all phases scatter more than that
    around their centres: Laney's p' chart (Improved control charts for attributes, 2002), made robust by the median
    absolute deviation (Iglewicz and Hoaglin, How to detect and handle outliers, 1993), so that an odd week neither
    hides a change nor makes one. The score is 0 for a difference that is too small to report, or for the better.
    """
    (now, *before), *other_phases = phases
    history = [before, *other_phases]
    windows = [window for phase in history for window in phase]
    within = sum(window.n * window.variance for window in windows) / sum(window.n for window in windows)

    def score(window: Sample, centre: float) -> float:
        return (window.mean - centre) / sqrt(within / window.n + measure.spread**2)

    centres = [median(window.mean for window in phase) for phase in history]
    usual = centres[0]
    scores = [score(window, centre) for phase, centre in zip(history, centres, strict=True) for window in phase]
    z = score(now, usual)
    sign = 1 if z > 0 else -1
    is_reported = abs(now.mean - usual) >= measure.min_change and sign in measure.worse_signs
    is_new = _is_new(sign * now.mean, [sign * window.mean for window in before])
    is_new = is_new and _is_new(sign * z, [sign * value for value in scores])
    return Change(now.mean, usual, z / max(1.0, _deviation(scores, 0.0)) if is_reported else 0.0, is_new)


def compare_mixes(phases: Sequence[Sequence[Mix]]) -> Change:
    """Compare as `compare` does, by the distance of a window's mix from the sum of those before it."""
    (now, *before), *other_phases = phases
    pooled = pool_mixes(before)
    distances = [distance(mix, pooled) for mix in [*before, *(mix for phase in other_phases for mix in phase)]]
    n, total = sum(now.values()), sum(pooled.values())
    by_chance = expected_distance(len(pooled.keys() | now.keys()), n)
    current, usual = distance(now, pooled), max(median(distances), by_chance)
    scale = max(_deviation(distances, median(distances)), by_chance / 2)
    z = (current - usual) / sqrt(scale**2 + LANGUAGE_SPREAD**2)
    shares = {kind: (now.get(kind, 0) / n, pooled[kind] / total) for kind in pooled.keys() | now.keys()}
    label = max(sorted(shares), key=lambda kind: abs(shares[kind][0] - shares[kind][1]))
    return Change(*shares[label], z if current >= MIN_LANGUAGE_DISTANCE else 0.0, _is_new(current, distances), label)


def _is_new(value: float, earlier: Sequence[float]) -> bool:
    # An outage a month ago does not hide the next one.
    return value > sorted(earlier)[-2 - len(earlier) // WINDOWS_PER_EXCEPTION]


def _deviation(values: Sequence[float], centre: float) -> float:
    count = len(values)
    correction = SMALL_SAMPLE_FACTORS.get(count, count / (count - 0.8))
    return NORMAL_FACTOR * correction * median(abs(value - centre) for value in values)


def pool_samples(samples: Sequence[Sample]) -> Sample:
    """Return the sample of some days together."""
    n = sum(sample.n for sample in samples)
    if not n:
        return Sample()
    mean = sum(sample.n * sample.mean for sample in samples) / n
    return Sample(n, mean, sum(sample.n * sample.variance for sample in samples) / n)


def share_of(mix: Mix, kind: str) -> Sample:
    """Return the share of one kind in a mix."""
    n = sum(mix.values())
    return Sample(n, mix.get(kind, 0) / n) if n else Sample()
