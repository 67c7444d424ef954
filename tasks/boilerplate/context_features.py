"""All features of a line that the line model reads: its own, its neighbours', its position, the words it shares."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Final

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
_REASON_NUMBERS: Final = {reason: number for number, reason in enumerate(_REASONS)}
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
_NEIGHBOUR_OFFSETS: Final = (-3, -2, -1, 1, 2, 3)
_NEIGHBOUR_NAMES: Final = tuple(f"{name}{offset:+d}" for offset in _NEIGHBOUR_OFFSETS for name in _NEIGHBOUR_FEATURES)


def read_features(lines: Sequence[Line]) -> dict[str, Floats]:
    """Return the features of each line by name: arrays of one length, in the same order for every text."""
    features, words = read_line_features([line.bare for line in lines])
    features |= _text_features(lines)
    prose = _prose_scores(features)
    features["prose"] = prose
    features["is_prose"] = (prose > MIN_PROSE_SCORE).astype(np.float32)
    features["no_prose"] = 1 - features["is_prose"]
    features["short"] = (features["words"] < np.log1p(5)).astype(np.float32)
    runs = [densest_run(np.where(prose < 0, prose * penalty, prose).tolist()) for penalty in NON_PROSE_PENALTIES]
    features |= _neighbour_features(features) | _window_features(features) | _position_features(features, runs)
    return features | _cue_distance_features(features, runs[1][0]) | _similarity_features(features, words, runs[1])


def _text_features(lines: Sequence[Line]) -> dict[str, Floats]:
    """Return features of the labels, repeats and bullets of the lines, and of the blank lines around them."""
    bare = [line.bare for line in lines]
    beginnings = [text[:BEGINNING_CHARACTERS] for text in bare]
    text_counts, beginning_counts = Counter(bare), Counter(beginnings)
    first = [line.numbers[0] for line in lines]
    last = [line.numbers[-1] for line in lines]
    gaps = np.minimum(5, np.array([first[0] > 0, *(a - b - 1 for a, b in zip(first[1:], last, strict=False)), 1]))
    values_of: dict[str, list[float]] = {
        "bullet": [line.has_bullet for line in lines],
        "repeated": [min(3, text_counts[text] - 1) for text in bare],
        "begun_again": [min(3, beginning_counts[beginning] - 1) for beginning in beginnings],
        "doubled": [
            len(text) > 2 * BEGINNING_CHARACTERS and beginning in text[BEGINNING_CHARACTERS:MAX_LINE_CHARACTERS]
            for text, beginning in zip(bare, beginnings, strict=True)
        ],
        "cued": [line.reason is not None for line in lines],
        "heading": [line.reason in _HEADINGS and any(cue.is_whole_line for cue in line.cues) for line in lines],
        "dated": [line.reason is LineReason.DATE_LINE for line in lines],
        "cue_words": [line.cues[0].word_count if line.cues else 0 for line in lines],
    }
    features = {name: np.array(values, np.float32) for name, values in values_of.items()}
    reasons = np.array([_REASON_NUMBERS.get(line.reason, -1) if line.reason else -1 for line in lines])
    flags = (reasons == np.arange(len(_REASONS))[:, None]).astype(np.float32)
    features |= {f"is_{reason.value}": row for reason, row in zip(_REASONS, flags, strict=True)}
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


def _neighbour_features(features: dict[str, Floats]) -> dict[str, Floats]:
    """Return some features of the lines next to each line; -1 outside the text."""
    count, margin = len(features["prose"]), max(_NEIGHBOUR_OFFSETS)
    padded = np.full((len(_NEIGHBOUR_FEATURES), count + 2 * margin), -1, np.float32)
    padded[:, margin : margin + count] = [features[name] for name in _NEIGHBOUR_FEATURES]
    rows = (row for offset in _NEIGHBOUR_OFFSETS for row in padded[:, margin + offset : margin + offset + count])
    return dict(zip(_NEIGHBOUR_NAMES, rows, strict=True))


def _window_features(features: dict[str, Floats]) -> dict[str, Floats]:
    """Return the means of some features over windows of lines."""
    table = np.stack([features[name] for name in _WINDOW_FEATURES])
    count = table.shape[1]
    sums = np.concatenate([np.zeros((len(_WINDOW_FEATURES), 1), np.float32), np.cumsum(table, axis=1)], axis=1)
    begins, ends = (np.arange(count) + np.array(bounds)[:, None] for bounds in zip(*_WINDOWS, strict=True))
    low, high = np.clip(begins, 0, count), np.clip(ends + 1, 0, count)
    # All windows at once: what numpy needs for one call is more than what it needs for the lines of a text.
    means = (sums.take(high, axis=1) - sums.take(low, axis=1)) / np.maximum(1, high - low).astype(np.float32)
    return dict(zip(_WINDOW_NAMES, means.reshape(len(_WINDOW_NAMES), count), strict=True))


def _position_features(features: dict[str, Floats], runs: Sequence[tuple[int, int]]) -> dict[str, Floats]:
    """Return the position of each line in the text and in the densest runs of prose."""
    count = len(features["prose"])
    index = np.arange(count, dtype=np.float32)
    mass = np.maximum(0, features["prose"])
    before = np.cumsum(mass) - mass
    total = max(float(mass.sum()), 0.01)
    longest = np.maximum.accumulate(mass)
    positions = {
        "place": index / count,
        "from_start": np.log1p(index),
        "from_end": np.log1p(count - 1 - index),
        "lines": np.full(count, np.log1p(count), np.float32),
        "mass": np.full(count, np.log1p(total), np.float32),
        "mass_a_line": np.full(count, total / count, np.float32),
        "mass_before": before / total,
        "mass_before_log": np.log1p(before),
        "mass_after_log": np.log1p(np.maximum(0, total - before - mass)),
        "longest_before": longest,
        "longest_after": np.maximum.accumulate(mass[::-1])[::-1],
        "unspaced_text": np.full(count, features["unspaced"].mean(), np.float32),
        "blank_text": np.full(count, features["blank_above"].mean(), np.float32),
    }
    for number, (begin, end) in enumerate(runs):
        run_mass = float(mass[begin:end].sum())
        positions |= {
            f"in_run{number}": ((index >= begin) & (index < end)).astype(np.float32),
            f"to_begin{number}": np.clip(index - begin, -MAX_DISTANCE, MAX_DISTANCE),
            f"to_end{number}": np.clip(index - end, -MAX_DISTANCE, MAX_DISTANCE),
            f"share_of_run{number}": (before - before[begin] if begin < count else before) / max(run_mass, 0.01),
            f"run{number}": np.full(count, run_mass / total, np.float32),
        }
    return {name: np.asarray(row, np.float32) for name, row in positions.items()}


def _cue_distance_features(features: dict[str, Floats], begin: int) -> dict[str, Floats]:
    """Return how far above and below each line the nearest cue of each kind is, and how much prose is between."""
    count = len(features["prose"])
    index = np.arange(count)
    flags = np.stack([features[name] for name in _CUE_FLAGS.values()]) > 0
    above = np.maximum.accumulate(np.where(flags, index, -MAX_DISTANCE), axis=1)
    above = np.concatenate([np.full((len(flags), 1), -MAX_DISTANCE), above[:, :-1]], axis=1)
    below = np.minimum.accumulate(np.where(flags, index, count + MAX_DISTANCE)[:, ::-1], axis=1)[:, ::-1]
    below = np.concatenate([below[:, 1:], np.full((len(flags), 1), count + MAX_DISTANCE)], axis=1)
    passed = np.cumsum(flags & (index >= begin), axis=1)
    sums = np.concatenate([[0], np.cumsum(np.maximum(0, features["prose"]))])
    mass = np.where(above >= 0, sums[index] - sums[np.maximum(0, above)], -1)
    since, until = np.minimum(MAX_DISTANCE, index - above), np.minimum(MAX_DISTANCE, below - index)
    distances = {f"since_{name}": row for name, row in zip(_CUE_FLAGS, since, strict=True)}
    distances |= {f"until_{name}": row for name, row in zip(_CUE_FLAGS, until, strict=True)}
    distances |= {f"passed_{name}": row for name, row in zip(_CUE_FLAGS, passed, strict=True) if name in _COUNTED_CUES}
    distances |= {
        f"mass_since_{name}": row for name, row in zip(_CUE_FLAGS, mass, strict=True) if name in _MEASURED_CUES
    }
    return {name: row.astype(np.float32) for name, row in distances.items()}


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
    run_lines = np.bincount(word[in_run[line]], minlength=vocabulary_size)
    lead_lines = np.bincount(word[in_lead[line]], minlength=vocabulary_size)
    other_run_lines = run_lines[word] - in_run[line]
    long = is_long_word[word]
    rarity = np.where(long, 1 / np.log1p(lines_with_word + 1.0), 0)

    def share(matches: NDArray[np.bool_], weights: NDArray[np.floating]) -> Floats:
        total = np.bincount(line, weights, count)
        matched = np.bincount(line, np.where(matches, weights, 0), count)
        return np.where(total > 0, matched / np.maximum(total, 1e-6), -1).astype(np.float32)

    equal_weights = np.ones(len(line))
    return {
        "alike": share(other_run_lines > 0, long.astype(np.float64)),
        "alike_weighed": share(other_run_lines > 0, rarity),
        "alike_lead": share(lead_lines[word] - in_lead[line] > 0, rarity),
        "common": share(other_run_lines > max(2.0, 0.15 * in_run.sum()), equal_weights),
        "new": share(lines_with_word == 1, equal_weights),
        "long_words": np.bincount(line, long, count).astype(np.float32),
        "shared_words": np.log1p(np.bincount(line, long & (other_run_lines > 0), count)).astype(np.float32),
    }
