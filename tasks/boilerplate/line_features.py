"""Features of each line by itself: length, kinds of characters, how it begins and ends, its words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

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
_COUNTED_KINDS: Final = (
    chars.LETTER, chars.UPPER, chars.DIGIT, chars.STOP, chars.COMMA, chars.QUOTE, chars.SIGN, chars.UNSPACED,
    chars.COLON, chars.BREAK,
)  # fmt: skip
_END_KINDS: Final = np.array([[chars.STOP], [chars.QUOTE], [chars.COLON], [chars.COMMA], [chars.DIGIT]], np.uint16)
_BEGIN_KINDS: Final = np.array(
    [[chars.UPPER], [chars.LOWER], [chars.DIGIT], [chars.QUOTE], [chars.SIGN | chars.BREAK]], np.uint16
)
_EDGE_NAMES: Final = (
    "ends_stop", "ends_asking", "ends_cut", "ends_bracket", "ends_quote", "ends_colon", "ends_comma", "ends_figure",
    "begins_upper", "begins_small", "begins_figure", "begins_quote", "begins_sign",
)  # fmt: skip


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
    features = {name: _join([chunk[0][name] for chunk in chunks]) for name in chunks[0][0]}
    line, hashes, is_long = (_join([chunk[1][column] for chunk in chunks]) for column in range(3))
    return features, Words(line, number_equal_values(hashes), is_long)


def _join(arrays: Sequence[NDArray[Any]]) -> NDArray[Any]:
    return arrays[0] if len(arrays) == 1 else np.concatenate(arrays)


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

    points: NDArray[np.intp]
    kinds: NDArray[np.uint16]
    line_of: NDArray[np.intp]
    """For each character the index of its line."""
    sizes: NDArray[np.int64]
    """For each line the number of its characters."""
    kind_counts: dict[int, Floats]
    """For each kind the number of its characters in each line."""

    @classmethod
    def of(cls, lines: Sequence[str]) -> _Chunk:
        """Look up every character of the lines."""
        points = chars.code_points("\n".join(lines) + "\n").astype(np.intp)
        class_of_point, kinds_of_class = chars.character_classes()
        classes = class_of_point.take(points)
        sizes = np.fromiter(map(len, lines), np.int64, len(lines))
        line_of = np.repeat(np.arange(len(lines)), sizes + 1)
        class_count = len(kinds_of_class)
        counts = np.bincount(line_of * class_count + classes, minlength=len(lines) * class_count)
        # Numbers that numpy multiplies at once, unlike whole ones.
        class_counts = counts.reshape(len(lines), class_count).astype(np.float32)
        kind_counts = dict(zip(_COUNTED_KINDS, _classes_of_kinds() @ class_counts.T, strict=True))
        return cls(points, kinds_of_class.take(classes), line_of, sizes, kind_counts)

    def count_at(self, offsets: NDArray[np.int64]) -> Floats:
        """Count the offsets that lie in each line."""
        return np.bincount(self.line_of.take(offsets), minlength=len(self.sizes)).astype(np.float32)


@cache
def _classes_of_kinds() -> Floats:
    """Return the counted kinds x classes of characters: 1 where the class is of the kind."""
    _, kinds_of_class = chars.character_classes()
    return ((kinds_of_class & np.array(_COUNTED_KINDS, np.uint16)[:, None]) > 0).astype(np.float32)


def _read_chunk(texts: Sequence[str], first_line: int) -> tuple[dict[str, Floats], tuple[NDArray[Any], ...]]:
    chunk = _Chunk.of([text[:MAX_LINE_CHARACTERS] for text in texts])
    unspaced = (chunk.kinds & chars.UNSPACED) > 0
    in_word = ((chunk.kinds & (chars.LETTER | chars.DIGIT | chars.MARK)) > 0) & ~unspaced
    # The line break at the end is in no word.
    bounds = np.flatnonzero(in_word[1:] != in_word[:-1]) + 1
    bounds = np.concatenate([[0], bounds]) if in_word[0] else bounds
    begins, ends = bounds[::2], bounds[1::2]
    features: dict[str, NDArray[np.floating]] = {
        "characters": np.log1p(np.fromiter(map(len, texts), np.float32, len(texts))),
        **_count_features(chunk, begins, unspaced),
        **_edge_features(chunk),
    }
    offsets, *words = _read_words(chunk, np.flatnonzero(in_word), begins, ends - begins, unspaced)
    arrays = {name: np.asarray(row, np.float32) for name, row in features.items()}
    return arrays, (chunk.line_of.take(offsets) + first_line, *words)


def _count_features(
    chunk: _Chunk, begins: NDArray[np.int64], unspaced: NDArray[np.bool_]
) -> dict[str, NDArray[np.floating]]:
    """Return how many characters of each kind the lines have, most as shares of characters, letters or words."""
    counts = chunk.kind_counts
    initials = chunk.kinds.take(begins)
    stops = np.flatnonzero((chunk.kinds & chars.STOP) > 0)
    inner_stops = stops[(chunk.points.take(stops + 1) == ord(" ")) | unspaced.take(stops + 1)]
    sizes = np.maximum(1, chunk.sizes).astype(np.float32)
    letters, pieces, words = counts[chars.LETTER], counts[chars.UNSPACED], chunk.count_at(begins)
    estimated_words = np.maximum(1, words + pieces / UNSPACED_CHARACTERS_PER_WORD)
    at_least_one_word = np.maximum(1, words)
    return {
        "words": np.log1p(estimated_words),
        "tokens": words + pieces,
        "letters": letters / sizes,
        "figures": counts[chars.DIGIT] / sizes,
        "upper": counts[chars.UPPER] / np.maximum(1, letters),
        "capitalised": chunk.count_at(begins[(initials & chars.UPPER) > 0]) / at_least_one_word,
        "began_small": chunk.count_at(begins[(initials & chars.LOWER) > 0]) / at_least_one_word,
        "word_length": letters / estimated_words,
        "unspaced": pieces / sizes,
        "stops": counts[chars.STOP],
        "sentences": chunk.count_at(inner_stops),
        "commas": counts[chars.COMMA] / estimated_words,
        "any_comma": counts[chars.COMMA],
        "quotes": counts[chars.QUOTE],
        "colons": counts[chars.COLON],
        "breaks": counts[chars.BREAK],
        "signs": counts[chars.SIGN] / sizes,
    }


def _edge_features(chunk: _Chunk) -> dict[str, Floats]:
    """Return whether each line begins or ends with a character of each kind."""
    points, kinds = chunk.points, chunk.kinds
    starts = np.cumsum(chunk.sizes + 1) - chunk.sizes - 1
    last = np.maximum(starts, starts + chunk.sizes - 1)
    last_but_one = np.maximum(starts, last - 1)
    last_point = points.take(last)
    ends = (kinds.take(last) & _END_KINDS) > 0
    is_stop, is_quote = ends[:2]
    is_bracket = last_point == ord(")")
    stop_before = (kinds.take(last_but_one) & chars.STOP) > 0
    closed = is_quote | is_bracket | (last_point == ord("'"))
    flags = [
        is_stop | (closed & stop_before),
        (last_point == ord("?")) | (last_point == ord("？")) | (last_point == ord("؟")),
        (last_point == ord("…")) | ((last_point == ord(".")) & (points.take(last_but_one) == ord("."))),
        is_bracket,
        *ends[1:],
        *((kinds.take(starts) & _BEGIN_KINDS) > 0),
    ]
    return dict(zip(_EDGE_NAMES, np.array(flags, np.float32), strict=True))


def _read_words(
    chunk: _Chunk,
    inside: NDArray[np.int64],
    begins: NDArray[np.int64],
    lengths: NDArray[np.int64],
    unspaced: NDArray[np.bool_],
) -> tuple[NDArray[Any], ...]:
    """Return the offset and the hash of each word, and whether it is long.

    `inside` are the offsets of all characters of words, `begins` those of the first ones.
    """
    positions = np.minimum(inside - np.repeat(begins, lengths), _MAX_HASHED_CHARACTERS - 1)
    lowercase = chars.lowercase_points()
    terms = (lowercase.take(chunk.points.take(inside)) + np.uint64(17)) * _hash_powers().take(positions)
    hashes = np.add.reduceat(terms, np.cumsum(lengths) - lengths) if len(begins) else np.empty(0, np.uint64)
    begins_with_digit = (chunk.kinds.take(begins) & chars.DIGIT) > 0
    is_long = (lengths >= MIN_LONG_WORD_CHARACTERS) & ~begins_with_digit
    pairs = np.flatnonzero(unspaced[:-1] & unspaced[1:])
    if not len(pairs):
        return begins, hashes.view(np.int64), is_long
    pair_hashes = (lowercase.take(chunk.points.take(pairs)) * np.uint64(_HASH_FACTOR)) ^ (
        lowercase.take(chunk.points.take(pairs + 1)) * _hash_powers()[1]
    )
    return (
        np.concatenate([begins, pairs]),
        np.concatenate([hashes, pair_hashes]).view(np.int64),
        np.concatenate([is_long, np.ones(len(pairs), np.bool_)]),
    )


@cache
def _hash_powers() -> NDArray[np.uint64]:
    """Return the powers of the hash factor from the first on, modulo 2 ** 64."""
    return np.array(
        [pow(_HASH_FACTOR, exponent, 2**64) for exponent in range(1, _MAX_HASHED_CHARACTERS + 1)], np.uint64
    )
