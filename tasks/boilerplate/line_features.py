"""Features of each line by itself: length, kinds of characters, how it begins and ends, its words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tasks.boilerplate import character_classes as chars
from tasks.boilerplate.boosted_trees import Floats
from tasks.text.words import UNSPACED_CHARACTERS_PER_WORD

# Characters of a line that are read: they show what it is.
MAX_LINE_CHARACTERS: Final = 2_000
# Lines read together: memory does not grow with the text beyond them.
MAX_LINES_PER_CHUNK: Final = 2_000
# In most languages, words from this length on tell what a text is about.
MIN_LONG_WORD_CHARACTERS: Final = 5
# Later characters of a word are hashed as if they stood at this position.
_MAX_HASHED_CHARACTERS: Final = 32
_HASH_FACTOR: Final = 0x9E3779B97F4A7C15


@dataclass(frozen=True, slots=True)
class Words:
    """The words of all lines; in scripts without spaces each pair of neighbouring letters is a word."""

    line: NDArray[np.int64]
    """The index of the line that the word stands in."""
    number: NDArray[np.int64]
    """Equal for equal words, whatever their case; from 0."""
    is_long: NDArray[np.bool_]


def read_line_features(texts: Sequence[str]) -> tuple[dict[str, Floats], Words]:
    """Return the features of each line by name, and the words of the lines."""
    chunks = [
        _read_chunk(texts[begin : begin + MAX_LINES_PER_CHUNK], begin)
        for begin in range(0, len(texts), MAX_LINES_PER_CHUNK)
    ]
    features = {name: np.concatenate([chunk[0][name] for chunk in chunks]) for name in chunks[0][0]}
    line, hashes, is_long = (np.concatenate([chunk[1][column] for chunk in chunks]) for column in range(3))
    return features, Words(line, number_equal_values(hashes), is_long)


def number_equal_values(values: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return one number for each distinct value, from 0 in order of size."""
    # np.unique loads numpy.ma for it, which takes longer than a text.
    order = np.argsort(values)
    ranked = values[order]
    numbers = np.empty(len(values), np.int64)
    numbers[order] = np.cumsum(np.append(False, ranked[1:] != ranked[:-1]))[: len(values)]
    return numbers


def words_once_a_line(words: Words) -> tuple[NDArray[np.int64], NDArray[np.int64], int]:
    """Return line and number of each word, repeats within a line left out, and the count of different words."""
    vocabulary_size = int(words.number.max(initial=-1)) + 1
    pairs = np.sort(words.line * vocabulary_size + words.number)
    line, word = np.divmod(pairs[np.diff(pairs, prepend=-1) > 0], max(1, vocabulary_size))
    return line, word, vocabulary_size


@dataclass(frozen=True, slots=True)
class _Chunk:
    """The characters of some lines, one after another; each line ends with a line break."""

    points: NDArray[np.uint32]
    kinds: NDArray[np.uint16]
    line_of: NDArray[np.intp]
    """For each character the index of its line."""
    sizes: NDArray[np.int64]
    """For each line the number of its characters."""
    class_counts: Floats
    """Lines x classes of characters; numbers that numpy multiplies at once, unlike whole ones."""

    @classmethod
    def of(cls, lines: Sequence[str]) -> _Chunk:
        """Look up every character of the lines."""
        points = chars.code_points("\n".join(lines) + "\n")
        class_of_point, kinds_of_class = chars.character_classes()
        classes = class_of_point[points]
        sizes = np.fromiter(map(len, lines), np.int64, len(lines))
        line_of = np.repeat(np.arange(len(lines)), sizes + 1)
        class_count = len(kinds_of_class)
        counts = np.bincount(line_of * class_count + classes, minlength=len(lines) * class_count)
        class_counts = counts.reshape(len(lines), class_count).astype(np.float32)
        return cls(points, kinds_of_class[classes], line_of, sizes, class_counts)

    def count_kind(self, kind: int) -> Floats:
        """Count the characters of a kind in each line."""
        _, kinds_of_class = chars.character_classes()
        return np.asarray(self.class_counts @ ((kinds_of_class & kind) > 0).astype(np.float32), np.float32)

    def count_at(self, offsets: NDArray[np.int64]) -> Floats:
        """Count the offsets that lie in each line."""
        return np.bincount(self.line_of[offsets], minlength=len(self.sizes)).astype(np.float32)


def _read_chunk(texts: Sequence[str], first_line: int) -> tuple[dict[str, Floats], tuple[NDArray[np.int64], ...]]:
    chunk = _Chunk.of([text[:MAX_LINE_CHARACTERS] for text in texts])
    kinds = chunk.kinds
    unspaced = (kinds & chars.UNSPACED) > 0
    in_word = ((kinds & (chars.LETTER | chars.DIGIT | chars.MARK)) > 0) & ~unspaced
    begins = np.flatnonzero(in_word & ~np.append(False, in_word[:-1]))
    features: dict[str, NDArray[np.floating]] = {
        "characters": np.log1p(np.fromiter(map(len, texts), np.float32, len(texts))),
        **_count_features(chunk, begins, unspaced),
        **_edge_features(chunk),
    }
    offsets, *words = _read_words(chunk, in_word, begins, unspaced)
    arrays = {name: np.asarray(row, np.float32) for name, row in features.items()}
    return arrays, (chunk.line_of[offsets] + first_line, *words)


def _count_features(
    chunk: _Chunk, begins: NDArray[np.int64], unspaced: NDArray[np.bool_]
) -> dict[str, NDArray[np.floating]]:
    """Return how many characters of each kind the lines have, most as shares of characters, letters or words."""
    initials = chunk.kinds[begins]
    stops = np.flatnonzero((chunk.kinds & chars.STOP) > 0)
    inner_stops = stops[(chunk.points[stops + 1] == ord(" ")) | unspaced[stops + 1]]
    sizes = np.maximum(1, chunk.sizes).astype(np.float32)
    letters, pieces, words = chunk.count_kind(chars.LETTER), chunk.count_kind(chars.UNSPACED), chunk.count_at(begins)
    estimated_words = np.maximum(1, words + pieces / UNSPACED_CHARACTERS_PER_WORD)
    return {
        "words": np.log1p(estimated_words),
        "tokens": words + pieces,
        "letters": letters / sizes,
        "figures": chunk.count_kind(chars.DIGIT) / sizes,
        "upper": chunk.count_kind(chars.UPPER) / np.maximum(1, letters),
        "capitalised": chunk.count_at(begins[(initials & chars.UPPER) > 0]) / np.maximum(1, words),
        "began_small": chunk.count_at(begins[(initials & chars.LOWER) > 0]) / np.maximum(1, words),
        "word_length": letters / estimated_words,
        "unspaced": pieces / sizes,
        "stops": chunk.count_kind(chars.STOP),
        "sentences": chunk.count_at(inner_stops),
        "commas": chunk.count_kind(chars.COMMA) / estimated_words,
        "any_comma": chunk.count_kind(chars.COMMA),
        "quotes": chunk.count_kind(chars.QUOTE),
        "colons": chunk.count_kind(chars.COLON),
        "breaks": chunk.count_kind(chars.BREAK),
        "signs": chunk.count_kind(chars.SIGN) / sizes,
    }


def _edge_features(chunk: _Chunk) -> dict[str, NDArray[np.floating]]:
    """Return whether each line begins or ends with a character of each kind."""
    points, kinds = chunk.points, chunk.kinds
    starts = np.cumsum(chunk.sizes + 1) - chunk.sizes - 1
    last = np.maximum(starts, starts + chunk.sizes - 1)
    last_but_one = np.maximum(starts, last - 1)
    first_kind, last_kind, kind_before = kinds[starts], kinds[last], kinds[last_but_one]
    dots = (points[last] == ord("…")) | ((points[last] == ord(".")) & (points[last_but_one] == ord(".")))
    closed = ((last_kind & chars.QUOTE) > 0) | (points[last] == ord(")")) | (points[last] == ord("'"))
    return {
        name: flags.astype(np.float32)
        for name, flags in {
            "ends_stop": ((last_kind & chars.STOP) > 0) | (closed & ((kind_before & chars.STOP) > 0)),
            "ends_asking": (points[last] == ord("?")) | (points[last] == ord("？")) | (points[last] == ord("؟")),
            "ends_cut": dots,
            "ends_quote": (last_kind & chars.QUOTE) > 0,
            "ends_bracket": points[last] == ord(")"),
            "ends_colon": (last_kind & chars.COLON) > 0,
            "ends_comma": (last_kind & chars.COMMA) > 0,
            "ends_figure": (last_kind & chars.DIGIT) > 0,
            "begins_upper": (first_kind & chars.UPPER) > 0,
            "begins_small": (first_kind & chars.LOWER) > 0,
            "begins_figure": (first_kind & chars.DIGIT) > 0,
            "begins_quote": (first_kind & chars.QUOTE) > 0,
            "begins_sign": (first_kind & (chars.SIGN | chars.BREAK)) > 0,
        }.items()
    }


def _read_words(
    chunk: _Chunk, in_word: NDArray[np.bool_], begins: NDArray[np.int64], unspaced: NDArray[np.bool_]
) -> tuple[NDArray[np.int64], ...]:
    """Return the offset and the hash of each word, and whether it is long."""
    inside = np.flatnonzero(in_word)
    bounds = np.searchsorted(inside, begins)
    lengths = np.diff(np.append(bounds, len(inside)))
    positions = np.minimum(np.arange(len(inside)) - np.repeat(bounds, lengths), _MAX_HASHED_CHARACTERS - 1)
    lowercase = chars.lowercase_points()
    terms = (lowercase[chunk.points[inside]] + np.uint64(17)) * _hash_powers()[positions]
    word_hashes = np.add.reduceat(terms, bounds) if len(begins) else np.empty(0, np.uint64)
    begins_with_digit = (chunk.kinds[begins] & chars.DIGIT) > 0
    pairs = np.flatnonzero(unspaced[:-1] & unspaced[1:])
    pair_hashes = (lowercase[chunk.points[pairs]] * np.uint64(_HASH_FACTOR)) ^ (
        lowercase[chunk.points[pairs + 1]] * _hash_powers()[1]
    )
    is_long = np.concatenate(
        [(lengths >= MIN_LONG_WORD_CHARACTERS) & ~begins_with_digit, np.ones(len(pairs), np.bool_)]
    )
    hashes = np.concatenate([word_hashes, pair_hashes]).view(np.int64)
    return np.concatenate([begins, pairs]), hashes, is_long


@cache
def _hash_powers() -> NDArray[np.uint64]:
    """Return the powers of the hash factor from the first on, modulo 2 ** 64."""
    return np.array(
        [pow(_HASH_FACTOR, exponent, 2**64) for exponent in range(1, _MAX_HASHED_CHARACTERS + 1)], np.uint64
    )
