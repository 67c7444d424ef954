"""What each line of a text is told by: its shape, its cues, its neighbours, its place, and the words it shares."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tasks.boilerplate.line import Line
from tasks.boilerplate.line_features import READ, Floats, Words, read_shapes
from warehouse.model.vocabulary import LineReason

# Lines beyond which a distance counts no more.
FAR: Final = 50
# Characters of a line that tell whether it is printed again, whole or cut short.
BEGINNING: Final = 20
PROSE: Final = 0.5
# How much what is no prose weighs in the stretches that are looked for.
STRICTNESS: Final = (1.0, 1.6, 3.0)
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
_NUMBERS: Final = {reason: number for number, reason in enumerate(_REASONS)}
_HEADED: Final = {
    **{reason.value: f"is_{reason.value}" for reason in (*_REASONS[:7], *_REASONS[8:12])},
    "heading": "heading",
    "prose": "is_prose",
    "unprose": "no_prose",
}
_PASSED: Final = ("related", "comment", "share", "newsletter", "legal", "tags", "heading")
_SINCE: Final = ("related", "comment", "heading")
_BESIDE: Final = ("prose", "begun_again", "characters", "words", "blank_above", "bullet", "cued", "capitalised")
_AROUND: Final = ("prose", "is_prose", "short", "cued", "heading", "dated", "ends_stop", "capitalised", "ends_asking",
                  "begins_small", "bullet", "upper", "quotes", "figures")  # fmt: skip
_WINDOWS: Final = ((-2, 2), (-6, 6), (-15, 15), (-5, -1), (1, 5), (-20, -1), (1, 20))
_OFFSETS: Final = (-3, -2, -1, 1, 2, 3)


def read_features(lines: Sequence[Line]) -> dict[str, Floats]:
    """Figures of each line by name; all of the same length, in the same order for every text."""
    own, words = read_shapes([line.bare for line in lines])
    own |= _stated(lines)
    prose = _prose(own)
    own["prose"] = prose
    own["is_prose"] = (prose > PROSE).astype(np.float32)
    own["no_prose"] = 1 - own["is_prose"]
    own["short"] = (own["words"] < np.log1p(5)).astype(np.float32)
    runs = [_greatest(np.where(prose < 0, prose * strict, prose).tolist()) for strict in STRICTNESS]
    return (
        own | _beside(own) | _around(own) | _placed(own, runs) | _headed(own, runs[1][0]) | _alike(own, words, runs[1])
    )


def _stated(lines: Sequence[Line]) -> dict[str, Floats]:
    """What the lines say of themselves, and how they are parted from their neighbours."""
    bare = [line.bare for line in lines]
    beginnings = [text[:BEGINNING] for text in bare]
    often, begun = Counter(bare), Counter(beginnings)
    first = [line.numbers[0] for line in lines]
    last = [line.numbers[-1] for line in lines]
    gaps = np.minimum(5, np.array([first[0] > 0, *(a - b - 1 for a, b in zip(first[1:], last, strict=False)), 1]))
    said: dict[str, list[float]] = {
        "bullet": [line.has_bullet for line in lines],
        "repeated": [min(3, often[text] - 1) for text in bare],
        "begun_again": [min(3, begun[beginning] - 1) for beginning in beginnings],
        "doubled": [
            len(text) > 2 * BEGINNING and beginning in text[BEGINNING:READ]
            for text, beginning in zip(bare, beginnings, strict=True)
        ],
        "cued": [line.reason is not None for line in lines],
        "heading": [line.reason in _HEADINGS and any(cue.alone for cue in line.cues) for line in lines],
        "dated": [line.reason is LineReason.DATE_LINE for line in lines],
        "cue_words": [line.cues[0].words if line.cues else 0 for line in lines],
    }
    figures = {name: np.array(values, np.float32) for name, values in said.items()}
    reasons = np.array([_NUMBERS.get(line.reason, -1) if line.reason else -1 for line in lines])
    told = (reasons == np.arange(len(_REASONS))[:, None]).astype(np.float32)
    figures |= {f"is_{reason.value}": row for reason, row in zip(_REASONS, told, strict=True)}
    figures["blank_above"], figures["blank_below"] = gaps[:-1].astype(np.float32), gaps[1:].astype(np.float32)
    return figures


def _prose(own: dict[str, Floats]) -> Floats:
    """How much each line reads like prose: above `PROSE` it does, below 0 like what is printed around an article."""
    words = np.expm1(own["words"])
    sentence = (own["ends_stop"] > 0) & (own["ends_cut"] == 0)
    score = np.where(sentence & (words >= 5), np.minimum(3.0, 0.5 + words / 18), -0.5)  # noqa: PLR2004
    score = np.where(sentence & (words < 5), 0.1, score)  # noqa: PLR2004
    unended = ~sentence & (words >= 22)  # noqa: PLR2004
    score = np.where(unended, np.where(own["capitalised"] > 0.4, -1.0, 0.8), score)  # noqa: PLR2004
    score -= 0.4 * own["bullet"]
    score = np.where(own["repeated"] > 0, np.minimum(score, -0.8), score)
    score = np.where(own["cued"] > 0, np.clip(score, -0.6, -0.3), score)
    return np.where(own["heading"] > 0, -1.0, score).astype(np.float32)


def _beside(own: dict[str, Floats]) -> dict[str, Floats]:
    """The same figures of the lines next to it."""
    table = np.stack([own[name] for name in _BESIDE])
    beside: dict[str, Floats] = {}
    for offset in _OFFSETS:
        moved = np.full_like(table, -1)
        if abs(offset) < table.shape[1]:
            if offset < 0:
                moved[:, -offset:] = table[:, :offset]
            else:
                moved[:, :-offset] = table[:, offset:]
        beside |= {f"{name}{offset:+d}": row for name, row in zip(_BESIDE, moved, strict=True)}
    return beside


def _around(own: dict[str, Floats]) -> dict[str, Floats]:
    """Means over windows."""
    table = np.stack([own[name] for name in _AROUND])
    count = table.shape[1]
    sums = np.concatenate([np.zeros((len(_AROUND), 1), np.float32), np.cumsum(table, axis=1)], axis=1)
    place = np.arange(count)
    around: dict[str, Floats] = {}
    for begin, end in _WINDOWS:
        low = np.minimum(np.maximum(place + begin, 0), count)
        high = np.minimum(np.maximum(place + end + 1, 0), count)
        lines = np.maximum(1, high - low).astype(np.float32)
        mean = (sums.take(high, axis=1) - sums.take(low, axis=1)) / lines
        around |= {f"{name}{begin:+d}{end:+d}": row for name, row in zip(_AROUND, mean, strict=True)}
    return around


def _placed(own: dict[str, Floats], runs: Sequence[tuple[int, int]]) -> dict[str, Floats]:
    """Where it stands in the text, and in the stretches that read most like an article."""
    count = len(own["prose"])
    place = np.arange(count, dtype=np.float32)
    mass = np.maximum(0, own["prose"])
    before = np.cumsum(mass) - mass
    total = max(float(mass.sum()), 0.01)
    longest = np.maximum.accumulate(mass)
    placed = {
        "place": place / count,
        "from_start": np.log1p(place),
        "from_end": np.log1p(count - 1 - place),
        "lines": np.full(count, np.log1p(count), np.float32),
        "mass": np.full(count, np.log1p(total), np.float32),
        "mass_a_line": np.full(count, total / count, np.float32),
        "mass_before": before / total,
        "mass_before_log": np.log1p(before),
        "mass_after_log": np.log1p(np.maximum(0, total - before - mass)),
        "longest_before": longest,
        "longest_after": np.maximum.accumulate(mass[::-1])[::-1],
        "unspaced_text": np.full(count, own["unspaced"].mean(), np.float32),
        "blank_text": np.full(count, own["blank_above"].mean(), np.float32),
    }
    for number, (begin, end) in enumerate(runs):
        inside = (place >= begin) & (place < end)
        within = float(mass[begin:end].sum())
        placed |= {
            f"in_run{number}": inside.astype(np.float32),
            f"to_begin{number}": np.clip(place - begin, -FAR, FAR),
            f"to_end{number}": np.clip(place - end, -FAR, FAR),
            f"share_of_run{number}": (before - before[begin] if begin < count else before) / max(within, 0.01),
            f"run{number}": np.full(count, within / total, np.float32),
        }
    return {name: np.asarray(row, np.float32) for name, row in placed.items()}


def _headed(own: dict[str, Floats], begin: int) -> dict[str, Floats]:
    """How far above and below it the cues of each kind are, and what was said since."""
    count = len(own["prose"])
    place = np.arange(count)
    flags = np.stack([own[name] for name in _HEADED.values()]) > 0
    above = np.maximum.accumulate(np.where(flags, place, -FAR), axis=1)
    above = np.concatenate([np.full((len(flags), 1), -FAR), above[:, :-1]], axis=1)
    below = np.minimum.accumulate(np.where(flags, place, count + FAR)[:, ::-1], axis=1)[:, ::-1]
    below = np.concatenate([below[:, 1:], np.full((len(flags), 1), count + FAR)], axis=1)
    passed = np.cumsum(flags & (place >= begin), axis=1)
    sums = np.concatenate([[0], np.cumsum(np.maximum(0, own["prose"]))])
    mass = np.where(above >= 0, sums[place] - sums[np.maximum(0, above)], -1)
    headed = {f"since_{name}": row for name, row in zip(_HEADED, np.minimum(FAR, place - above), strict=True)}
    headed |= {f"until_{name}": row for name, row in zip(_HEADED, np.minimum(FAR, below - place), strict=True)}
    headed |= {f"passed_{name}": row for name, row in zip(_HEADED, passed, strict=True) if name in _PASSED}
    headed |= {f"mass_since_{name}": row for name, row in zip(_HEADED, mass, strict=True) if name in _SINCE}
    return {name: row.astype(np.float32) for name, row in headed.items()}


def _alike(own: dict[str, Floats], words: Words, run: tuple[int, int]) -> dict[str, Floats]:
    """How many of its words the article's likeliest stretch has too, other lines of it than this one."""
    count = len(own["prose"])
    place = np.arange(count)
    prose = own["is_prose"] > 0
    main = prose & (place >= run[0]) & (place < run[1])
    number = np.cumsum(main) * main
    kinds = int(words.known.max(initial=-1)) + 1
    # A word counts once a line.
    pairs = np.sort(words.line * kinds + words.known)
    pairs = pairs[np.diff(pairs, prepend=-1) > 0]
    line, known = np.divmod(pairs, max(1, kinds))
    is_long = np.zeros(kinds, np.bool_)
    is_long[words.known[words.long]] = True
    in_main = np.bincount(known[main[line]], minlength=kinds)
    in_all = np.bincount(known, minlength=kinds)
    others = in_main[known] - main[line]
    long = is_long[known]
    heavy = np.where(long, 1 / np.log1p(in_all[known] + 1.0), 0)
    lead = (number > 0) & (number <= 6)  # noqa: PLR2004
    in_lead = np.bincount(known[lead[line]], minlength=kinds)
    often = max(2.0, 0.15 * main.sum())

    def share(where: NDArray[np.bool_], of: NDArray[np.floating]) -> Floats:
        total = np.bincount(line, of, count)
        found = np.bincount(line, np.where(where, of, 0), count)
        return np.where(total > 0, found / np.maximum(total, 1e-6), -1).astype(np.float32)

    every = np.ones(len(line))
    return {
        "alike": share(others > 0, long.astype(np.float64)),
        "alike_weighed": share(others > 0, heavy),
        "alike_lead": share(in_lead[known] - lead[line] > 0, heavy),
        "common": share(others > often, every),
        "new": share(in_all[known] == 1, every),
        "long_words": np.bincount(line, long, count).astype(np.float32),
        "shared_words": np.log1p(np.bincount(line, long & (others > 0), count)).astype(np.float32),
    }


def _greatest(scores: Sequence[float]) -> tuple[int, int]:
    """First and last-but-one place of the stretch with the greatest sum (Bentley); equal where none is above 0."""
    best, total, begin = 0.0, 0.0, 0
    found = (0, 0)
    for place, score in enumerate(scores):
        if total <= 0:
            total, begin = 0.0, place
        total += score
        if total > best:
            best, found = total, (begin, place + 1)
    return found
