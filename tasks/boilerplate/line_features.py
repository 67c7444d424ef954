"""The shape of each line of a text, as figures: length, kinds of characters, how it begins and ends, its words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tasks.boilerplate import character_classes as glyphs
from tasks.text.words import UNSPACED_CHARACTERS_PER_WORD

Floats = NDArray[np.float32]

# Characters of a line that tell what it is.
READ: Final = 2_000
# Lines that are looked at together; memory does not grow with the text beyond them.
AT_ONCE: Final = 2_000
# Letters from which a word speaks of the matter, in most languages.
LONG_WORD: Final = 5
_MOST_LETTERS: Final = 32

_RANDOM: Final = 0x9E3779B97F4A7C15


@dataclass(frozen=True, slots=True)
class Words:
    """The words of all lines; a pair of neighbouring letters is one where words are not parted."""

    line: NDArray[np.int64]
    """The line each stands in."""
    known: NDArray[np.int64]
    """The same number for the same word, from 0, whatever its case."""
    long: NDArray[np.bool_]


def read_shapes(texts: Sequence[str]) -> tuple[dict[str, Floats], Words]:
    """Figures of each line by name, and the words of the lines."""
    parts = [_part(texts[begin : begin + AT_ONCE], begin) for begin in range(0, len(texts), AT_ONCE)]
    figures = {name: np.concatenate([part[0][name] for part in parts]) for name in parts[0][0]}
    line, hashed, long = (np.concatenate([part[1][number] for part in parts]) for number in range(3))
    return figures, Words(line, _numbered(hashed), long)


def _numbered(values: NDArray[np.int64]) -> NDArray[np.int64]:
    """From 0, in order of size, the same number for the same value."""
    # np.unique loads numpy.ma for it, which takes longer than a text.
    order = np.argsort(values)
    ranked = values[order]
    numbers = np.empty(len(values), np.int64)
    numbers[order] = np.cumsum(np.append(False, ranked[1:] != ranked[:-1]))[: len(values)]
    return numbers


def _part(texts: Sequence[str], first: int) -> tuple[dict[str, Floats], tuple[NDArray[np.int64], ...]]:
    lines = [text[:READ] for text in texts]
    points = glyphs.code_points("\n".join(lines) + "\n")
    numbers, kinds_of = glyphs.classes()
    classes = numbers[points]
    kinds = kinds_of[classes]
    sizes = np.fromiter(map(len, lines), np.int64, len(lines))
    starts = np.cumsum(sizes + 1) - sizes - 1
    line_of = np.repeat(np.arange(len(lines)), sizes + 1)
    counts = np.bincount(line_of * len(kinds_of) + classes, minlength=len(lines) * len(kinds_of))
    held = counts.reshape(len(lines), len(kinds_of))

    def of_kind(kind: int) -> Floats:
        return (held @ ((kinds_of & kind) > 0).astype(np.int64)).astype(np.float32)

    def count(places: NDArray[np.int64]) -> Floats:
        return np.bincount(line_of[places], minlength=len(lines)).astype(np.float32)

    unspaced = (kinds & glyphs.UNSPACED) > 0
    in_word = ((kinds & (glyphs.LETTER | glyphs.DIGIT | glyphs.MARK)) > 0) & ~unspaced
    begins = np.flatnonzero(in_word & ~np.append(False, in_word[:-1]))
    initial = kinds[begins]
    stops = np.flatnonzero((kinds & glyphs.STOP) > 0)
    inner = stops[(points[stops + 1] == ord(" ")) | unspaced[stops + 1]]
    letters, pieces, words = of_kind(glyphs.LETTER), of_kind(glyphs.UNSPACED), count(begins)
    total = np.maximum(1, sizes).astype(np.float32)
    lengths = np.fromiter(map(len, texts), np.float32, len(texts))
    spoken = np.maximum(1, words + pieces / UNSPACED_CHARACTERS_PER_WORD)
    figures: dict[str, NDArray[np.floating]] = {
        "characters": np.log1p(lengths),
        "words": np.log1p(spoken),
        "tokens": words + pieces,
        "letters": letters / total,
        "figures": of_kind(glyphs.DIGIT) / total,
        "upper": of_kind(glyphs.UPPER) / np.maximum(1, letters),
        "capitalised": count(begins[(initial & glyphs.UPPER) > 0]) / np.maximum(1, words),
        "began_small": count(begins[(initial & glyphs.LOWER) > 0]) / np.maximum(1, words),
        "word_length": letters / spoken,
        "unspaced": pieces / total,
        "stops": of_kind(glyphs.STOP),
        "sentences": count(inner),
        "commas": of_kind(glyphs.COMMA) / spoken,
        "any_comma": of_kind(glyphs.COMMA),
        "quotes": of_kind(glyphs.QUOTE),
        "colons": of_kind(glyphs.COLON),
        "breaks": of_kind(glyphs.BREAK),
        "signs": of_kind(glyphs.SIGN) / total,
    }
    figures |= _ends(kinds, points, starts, sizes)
    line, *told = _words(points, kinds, in_word, begins, unspaced)
    return {name: np.asarray(row, np.float32) for name, row in figures.items()}, (line_of[line] + first, *told)


def _ends(
    kinds: NDArray[np.uint16], points: NDArray[np.uint32], starts: NDArray[np.int64], sizes: NDArray[np.int64]
) -> dict[str, NDArray[np.floating]]:
    """How the lines begin and end: each of the kinds that may be told there."""
    last = np.maximum(starts, starts + sizes - 1)
    final, before, first = kinds[last], kinds[np.maximum(starts, last - 1)], kinds[starts]
    dots = (points[last] == ord("…")) | (
        (points[last] == ord(".")) & (points[np.maximum(starts, last - 1)] == ord("."))
    )
    closed = ((final & glyphs.QUOTE) > 0) | (points[last] == ord(")")) | (points[last] == ord("'"))
    return {
        name: where.astype(np.float32)
        for name, where in {
            "ends_stop": ((final & glyphs.STOP) > 0) | (closed & ((before & glyphs.STOP) > 0)),
            "ends_asking": (points[last] == ord("?")) | (points[last] == ord("？")) | (points[last] == ord("؟")),
            "ends_cut": dots,
            "ends_quote": (final & glyphs.QUOTE) > 0,
            "ends_bracket": points[last] == ord(")"),
            "ends_colon": (final & glyphs.COLON) > 0,
            "ends_comma": (final & glyphs.COMMA) > 0,
            "ends_figure": (final & glyphs.DIGIT) > 0,
            "begins_upper": (first & glyphs.UPPER) > 0,
            "begins_small": (first & glyphs.LOWER) > 0,
            "begins_figure": (first & glyphs.DIGIT) > 0,
            "begins_quote": (first & glyphs.QUOTE) > 0,
            "begins_sign": (first & (glyphs.SIGN | glyphs.BREAK)) > 0,
        }.items()
    }


def _words(
    points: NDArray[np.uint32],
    kinds: NDArray[np.uint16],
    in_word: NDArray[np.bool_],
    begins: NDArray[np.int64],
    unspaced: NDArray[np.bool_],
) -> tuple[NDArray[np.int64], ...]:
    """Place, hash and whether it is long, of each word."""
    inside = np.flatnonzero(in_word)
    bounds = np.searchsorted(inside, begins)
    lengths = np.diff(np.append(bounds, len(inside)))
    along = np.minimum(np.arange(len(inside)) - np.repeat(bounds, lengths), _MOST_LETTERS - 1)
    small = glyphs.small()
    mixed = (small[points[inside]] + np.uint64(17)) * _powers()[along]
    hashed = np.add.reduceat(mixed, bounds) if len(begins) else np.empty(0, np.uint64)
    figured = (kinds[begins] & glyphs.DIGIT) > 0
    pair = np.flatnonzero(unspaced[:-1] & unspaced[1:])
    pairs = (small[points[pair]] * np.uint64(_RANDOM)) ^ (small[points[pair + 1]] * _powers()[1])
    long = np.concatenate([(lengths >= LONG_WORD) & ~figured, np.ones(len(pair), np.bool_)])
    return np.concatenate([begins, pair]), np.concatenate([hashed, pairs]).view(np.int64), long


@cache
def _powers() -> NDArray[np.uint64]:
    return np.array(list(_odd()), np.uint64)


def _odd() -> Iterator[int]:
    value = 1
    for _ in range(_MOST_LETTERS):
        value = value * _RANDOM % 2**64
        yield value
