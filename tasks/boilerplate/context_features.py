"""All features of a line that the line model reads: its own, its neighbours', its position, the words it shares."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from tasks.boilerplate.boosted_trees import Floats
from tasks.boilerplate.line import Line
from tasks.boilerplate.line_features import (
    MAX_LINE_CHARACTERS,
    Words,
    read_line_features,
    words_once_a_line,
)
from tasks.text.densest_run import densest_run
from warehouse.model.vocabulary import LineReason

MAX_DISTANCE: Final = 50
# Lines that begin with the same characters are repeats, whole or cut short.
BEGINNING_CHARACTERS: Final = 20
MIN_PROSE_SCORE: Final = 0.5
# Penalties of non-prose lines, one for each search of the densest run of prose.
NON_PROSE_PENALTIES: Final = (1.0, 1.6, 3.0)
_REASONS: Final = (
    LineReason.RELATED,
    LineReason.COMMENT,
    LineReason.SHARE,
    LineReason.NEWSLETTER,
    LineReason.LEGAL,
    LineReason.MENU,
    LineReason.TAGS,
    LineReason.SECTION,
    LineReason.CAPTION,
    LineReason.CREDIT,
    LineReason.BYLINE,
    LineReason.DATE_LINE,
    LineReason.AGENCY,
    LineReason.BOILERPLATE,
)
_HEADINGS: Final = frozenset(_REASONS[:5])
_REASON_NUMBERS: Final[dict[LineReason | None, int]] = {reason: number for number, reason in enumerate(_REASONS)}
_REASON_COLUMN: Final = np.arange(len(_REASONS))[:, None]
_REASON_NAMES: Final = tuple(f"is_{reason.value}" for reason in _REASONS)
_CUE_FLAGS: Final = {
    **{reason.value: f"is_{reason.value}" for reason in (*_REASONS[:7], *_REASONS[8:12])},
    "heading": "heading",
    "prose": "is_prose",
    "unprose": "no_prose",
}
_COUNTED_CUES: Final = ("related", "comment", "share", "newsletter", "legal", "tags", "heading")
_MEASURED_CUES: Final = ("related", "comment", "heading")
_NEIGHBOUR_FEATURES: Final = (
    "prose",
    "begun_again",
    "characters",
    "words",
    "blank_above",
    "bullet",
    "cued",
    "capitalised",
)
_WINDOW_FEATURES: Final = ("prose", "is_prose", "short", "cued", "heading", "dated", "ends_stop", "capitalised",
                           "ends_asking", "begins_small", "bullet", "upper", "quotes", "figures")  # fmt: skip
_WINDOWS: Final = ((-2, 2), (-6, 6), (-15, 15), (-5, -1), (1, 5), (-20, -1), (1, 20))
_WINDOW_NAMES: Final = tuple(f"{name}{begin:+d}{end:+d}" for name in _WINDOW_FEATURES for begin, end in _WINDOWS)
_WINDOW_BOUNDS: Final = np.array([[begin for begin, _ in _WINDOWS], [end + 1 for _, end in _WINDOWS]])[:, :, None]
_POSITION_NAMES: Final = (
    "place", "from_start", "from_end", "lines", "mass", "mass_a_line", "mass_before", "mass_before_log",
    "mass_after_log", "longest_before", "longest_after", "unspaced_text", "blank_text",
    *(
        f"{name}{number}"
        for number in range(len(NON_PROSE_PENALTIES))
        for name in ("in_run", "to_begin", "to_end", "share_of_run", "run")
    ),
)  # fmt: skip
_CUE_NAMES: Final = (
    *(f"since_{name}" for name in _CUE_FLAGS),
    *(f"until_{name}" for name in _CUE_FLAGS),
    *(f"passed_{name}" for name in _COUNTED_CUES),
    *(f"mass_since_{name}" for name in _MEASURED_CUES),
)
_COUNTED_ROWS: Final = [list(_CUE_FLAGS).index(name) for name in _COUNTED_CUES]
_MEASURED_ROWS: Final = [list(_CUE_FLAGS).index(name) for name in _MEASURED_CUES]
_NEIGHBOUR_OFFSETS: Final = (-3, -2, -1, 1, 2, 3)
_NEIGHBOUR_NAMES: Final = tuple(f"{name}{offset:+d}" for offset in _NEIGHBOUR_OFFSETS for name in _NEIGHBOUR_FEATURES)
_TABLE_NAMES: Final = (*_NEIGHBOUR_NAMES, *_WINDOW_NAMES, *_POSITION_NAMES, *_CUE_NAMES)


def read_features(lines: Sequence[Line]) -> dict[str, Floats]:
    """Return the features of each line by name: arrays of one length, in the same order for every text."""
    return dict(zip(*read_feature_table(lines), strict=True))


def read_feature_table(lines: Sequence[Line]) -> tuple[tuple[str, ...], Floats]:
    """Return the names of the features, and a row of the lines' values for each; the names of every text are equal."""
    features, words = read_line_features([line.bare for line in lines])
    features |= _text_features(lines)
    prose = _prose_scores(features)
    features["prose"] = prose
    features["is_prose"] = (prose > MIN_PROSE_SCORE).astype(np.float32)
    features["no_prose"] = 1 - features["is_prose"]
    features["short"] = (features["words"] < np.log1p(5)).astype(np.float32)
    runs = [densest_run(np.where(prose < 0, prose * penalty, prose).tolist()) for penalty in NON_PROSE_PENALTIES]
    tables = (
        *_neighbour_features(features),
        _window_features(features),
        _position_features(features, runs),
        _cue_distance_features(features, runs[1][0]),
    )
    features |= _similarity_features(features, words, runs[1])
    # Tables, as each of some two hundred rows by itself takes as long to copy as a whole table.
    return (*features, *_TABLE_NAMES), np.concatenate([np.stack(list(features.values())), *tables])


def _text_features(lines: Sequence[Line]) -> dict[str, Floats]:
    """Return features of the labels, repeats and bullets of the lines, and of the blank lines around them."""
    numbers, _, _, _, bare, _, _, has_bullet, cues, reasons = zip(*lines, strict=True)
    beginnings = [text[:BEGINNING_CHARACTERS] for text in bare]
    text_counts, beginning_counts = Counter(bare), Counter(beginnings)
    first, last = [number[0] for number in numbers], [number[-1] for number in numbers]
    gaps = np.minimum(5, np.array([first[0] > 0, *(a - b - 1 for a, b in zip(first[1:], last, strict=False)), 1]))
    repeats = np.array([[text_counts[text] for text in bare], [beginning_counts[text] for text in beginnings]])
    features: dict[str, Floats] = dict(
        zip(("repeated", "begun_again"), np.minimum(3, repeats - 1).astype(np.float32), strict=True)
    )
    values_of: dict[str, list[float]] = {
        "bullet": list(has_bullet),
        "doubled": [
            len(text) > 2 * BEGINNING_CHARACTERS
            and text.find(text[:BEGINNING_CHARACTERS], BEGINNING_CHARACTERS, MAX_LINE_CHARACTERS) > 0
            for text in bare
        ],
        "cued": [reason is not None for reason in reasons],
        "heading": [
            reason in _HEADINGS and any(cue.is_whole_line for cue in line_cues)
            for reason, line_cues in zip(reasons, cues, strict=True)
        ],
        "cue_words": [line_cues[0].word_count if line_cues else 0 for line_cues in cues],
    }
    features |= zip(values_of, np.array(list(values_of.values()), np.float32), strict=True)
    reason_numbers = np.array([_REASON_NUMBERS.get(reason, -1) for reason in reasons])
    flags = (reason_numbers == _REASON_COLUMN).astype(np.float32)
    features |= zip(_REASON_NAMES, flags, strict=True)
    features["dated"] = features["is_date_line"]
    features["blank_above"], features["blank_below"] = gaps[:-1].astype(np.float32), gaps[1:].astype(np.float32)
    return features


def _prose_scores(features: dict[str, Floats]) -> Floats:
    """Score how much each line reads like prose: above `MIN_PROSE_SCORE` it does, below 0 like page furniture."""
    words = np.expm1(features["words"])
    sentence = (features["ends_stop"] > 0) & (features["ends_cut"] == 0)
    score = np.where(sentence & (words >= 5), np.minimum(3.0, 0.5 + words / 18), -0.5)  # noqa: PLR2004
    score = np.where(sentence & (words < 5), 0.1, score)  # noqa: PLR2004
    unended = ~sentence & (words >= 22)  # noqa: PLR2004
    score = np.where(unended, np.where(features["capitalised"] > 0.4, -1.0, 0.8), score)  # noqa: PLR2004
    score -= 0.4 * features["bullet"]
    score = np.where(features["repeated"] > 0, np.minimum(score, -0.8), score)
    score = np.where(features["cued"] > 0, np.clip(score, -0.6, -0.3), score)
    return np.where(features["heading"] > 0, -1.0, score).astype(np.float32)


def _neighbour_features(features: dict[str, Floats]) -> Iterator[Floats]:
    """Yield for each offset some features of the lines there; -1 outside the text."""
    count, margin = len(features["prose"]), max(_NEIGHBOUR_OFFSETS)
    padded = np.full((len(_NEIGHBOUR_FEATURES), count + 2 * margin), -1, np.float32)
    padded[:, margin : margin + count] = [features[name] for name in _NEIGHBOUR_FEATURES]
    return (padded[:, margin + offset : margin + offset + count] for offset in _NEIGHBOUR_OFFSETS)


def _window_features(features: dict[str, Floats]) -> Floats:
    """Return the means of some features over windows of lines."""
    table = np.stack([features[name] for name in _WINDOW_FEATURES])
    count = table.shape[1]
    sums = np.zeros((len(_WINDOW_FEATURES), count + 1), np.float32)
    np.cumsum(table, axis=1, out=sums[:, 1:])
    begins, ends = np.arange(count) + _WINDOW_BOUNDS
    low, high = np.minimum(np.maximum(begins, 0), count), np.minimum(np.maximum(ends, 0), count)
    # All windows at once: what numpy needs for one call is more than what it needs for the lines of a text.
    means = sums.take(high, axis=1)
    means -= sums.take(low, axis=1)
    means /= np.maximum(1, high - low).astype(np.float32)
    return np.asarray(means.reshape(len(_WINDOW_NAMES), count), np.float32)


def _position_features(features: dict[str, Floats], runs: Sequence[tuple[int, int]]) -> Floats:
    """Return the position of each line in the text and in the densest runs of prose."""
    count = len(features["prose"])
    index = np.arange(count, dtype=np.float32)
    mass = np.maximum(0, features["prose"])
    before = np.cumsum(mass) - mass
    total = max(float(mass.sum()), 0.01)
    longest = np.maximum.accumulate(mass)
    rows: list[Any] = [
        index / count,
        np.log1p(index),
        np.log1p(count - 1 - index),
        np.log1p(count),
        np.log1p(total),
        total / count,
        before / total,
        np.log1p(before),
        np.log1p(np.maximum(0, total - before - mass)),
        longest,
        np.maximum.accumulate(mass[::-1])[::-1],
        features["unspaced"].mean(),
        features["blank_above"].mean(),
    ]
    for begin, end in runs:
        run_mass = float(mass[begin:end].sum())
        rows += [
            (index >= begin) & (index < end),
            np.maximum(np.minimum(index - begin, MAX_DISTANCE), -MAX_DISTANCE),
            np.maximum(np.minimum(index - end, MAX_DISTANCE), -MAX_DISTANCE),
            (before - before[begin] if begin < count else before) / max(run_mass, 0.01),
            run_mass / total,
        ]
    table = np.empty((len(rows), count), np.float32)
    for number, row in enumerate(rows):
        table[number] = row
    return table


def _cue_distance_features(features: dict[str, Floats], begin: int) -> Floats:
    """Return how far above and below each line the nearest cue of each kind is, and how much prose is between."""
    count = len(features["prose"])
    index = np.arange(count)
    flags = np.stack([features[name] for name in _CUE_FLAGS.values()]) > 0
    above = np.full((len(flags), count), -MAX_DISTANCE)
    np.maximum.accumulate(np.where(flags, index, -MAX_DISTANCE)[:, :-1], axis=1, out=above[:, 1:])
    below = np.full((len(flags), count), count + MAX_DISTANCE)
    np.minimum.accumulate(np.where(flags, index, count + MAX_DISTANCE)[:, :0:-1], axis=1, out=below[:, -2::-1])
    passed = np.cumsum(flags[_COUNTED_ROWS] & (index >= begin), axis=1)
    sums = np.concatenate([[0], np.cumsum(np.maximum(0, features["prose"]))])
    measured = above[_MEASURED_ROWS]
    mass = np.where(measured >= 0, sums[:-1] - sums.take(np.maximum(0, measured)), -1)
    since, until = np.minimum(MAX_DISTANCE, index - above), np.minimum(MAX_DISTANCE, below - index)
    table = np.empty((len(_CUE_NAMES), count), np.float32)
    return np.concatenate([since, until, passed, mass], out=table, casting="unsafe")


def _similarity_features(features: dict[str, Floats], words: Words, run: tuple[int, int]) -> dict[str, Floats]:
    """Return the share of each line's words that other lines of the likeliest run of prose have too."""
    count = len(features["prose"])
    index = np.arange(count)
    in_run = (features["is_prose"] > 0) & (index >= run[0]) & (index < run[1])
    rank = np.cumsum(in_run) * in_run
    in_lead = (rank > 0) & (rank <= 6)  # noqa: PLR2004
    line, word, vocabulary_size = words_once_a_line(words)
    is_long_word = np.zeros(vocabulary_size, np.bool_)
    is_long_word[words.number[words.is_long]] = True
    lines_with_word = np.bincount(word, minlength=vocabulary_size)[word]
    is_in_run, is_in_lead = in_run[line], in_lead[line]
    other_run_lines = np.bincount(word[is_in_run], minlength=vocabulary_size)[word] - is_in_run
    other_lead_lines = np.bincount(word[is_in_lead], minlength=vocabulary_size)[word] - is_in_lead
    long = is_long_word[word]
    rarity = np.where(long, 1 / np.log1p(lines_with_word + 1.0), 0)
    is_shared = other_run_lines > 0

    def count_words(weights: NDArray[Any]) -> NDArray[Any]:
        return np.bincount(line, weights, count)

    def share(part: NDArray[Any], total: NDArray[Any]) -> Floats:
        return np.where(total > 0, part / np.maximum(total, 1e-6), -1).astype(np.float32)

    all_words, long_words, all_rarity = count_words(np.ones(len(line))), count_words(long), count_words(rarity)
    shared_words = count_words(long & is_shared)
    return {
        "alike": share(shared_words, long_words),
        "alike_weighed": share(count_words(rarity * is_shared), all_rarity),
        "alike_lead": share(count_words(rarity * (other_lead_lines > 0)), all_rarity),
        "common": share(count_words(other_run_lines > max(2.0, 0.15 * in_run.sum())), all_words),
        "new": share(count_words(lines_with_word == 1), all_words),
        "long_words": long_words.astype(np.float32),
        "shared_words": np.log1p(shared_words).astype(np.float32),
    }
