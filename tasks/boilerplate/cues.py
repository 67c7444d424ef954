"""Cue phrases: beginnings of a line that show what it is, in some forty languages (`cues.toml`)."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections import defaultdict
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

from tasks.text.characters import normalize
from tasks.text.words import UNSPACED

CUES: Final = Path(__file__).with_name("cues.toml")
# No phrase is longer.
MAX_CUE_CHARACTERS: Final = 60

# Kinds whose phrases are looked for inside of lines only.
_INSIDE_LINES: Final = frozenset({"offer"})
# Phrases are looked up by this many first characters.
_KEY_CHARACTERS: Final = 4
_FIRST_LETTER: Final = re.compile(r"[^\W\d_]|[©ⓒ【(]")
_SEPARATOR: Final = re.compile(r"\s*[:：|>»›/–—-]+\s*|\s+")
_SEPARATOR_AHEAD: Final = re.compile(r"\s*[:：|>»›–—]")
# As in `文・高美玲` and `写真=高美玲`.
_ENDS_OF_LABELS: Final = "・=/"
_NO_LETTERS: Final = re.compile(r"[\d\W]*")
_SAME_LETTERS: Final = str.maketrans(
    {"أ": "ا", "إ": "ا", "آ": "ا", "ى": "ي", "ي": "ي", "ی": "ي", "ک": "ك", "’": "'", "\u200c": " "}
)


class Cue(NamedTuple):
    """A phrase that begins a line."""

    kind: str
    """The table of `cues.toml` that the phrase stands in."""
    word_count: int
    """Words of the phrase; 2 for a phrase in a script without spaces."""
    rest: str
    """The rest of the line after the phrase."""
    has_separator: bool
    """Whether a colon, bar or dash follows the phrase."""

    @property
    def is_whole_line(self) -> bool:
        """Whether nothing but figures and signs follows the phrase."""
        return _NO_LETTERS.fullmatch(self.rest) is not None


def find_cues(line: str) -> tuple[Cue, ...]:
    """Return the cues of the longest phrase that begins a line; a count before it (`12 comments`) is skipped."""
    head = line[:MAX_CUE_CHARACTERS]
    first_letter = None if head[:1].isalpha() else _FIRST_LETTER.search(head)
    begin = first_letter.start() if first_letter else 0
    candidates = _possible_phrases(fold_case_and_accents(line[begin : begin + 3 * _KEY_CHARACTERS]))
    if not candidates:
        return ()
    folded, origins = _fold_with_origins(head[begin:])
    if not folded.startswith(candidates):
        return ()
    for phrase in candidates:
        if not folded.startswith(phrase):
            continue
        end = begin + (origins[len(phrase)] if len(phrase) < len(origins) else len(head) - begin)
        rest = line[end:]
        if _ends_at_word(phrase, rest):
            word_count = 2 if UNSPACED.search(phrase) else phrase.count(" ") + 1
            has_separator = _SEPARATOR_AHEAD.match(rest) is not None
            gap = _SEPARATOR.match(rest)
            rest = rest[gap.end() :] if gap else rest
            return tuple(Cue(kind, word_count, rest, has_separator) for kind in _kinds_by_phrase()[phrase])
    return ()


@cache
def phrases_of(kind: str) -> frozenset[str]:
    """Return the phrases of a kind in all languages, as `cues.toml` has them."""
    return frozenset(phrase for phrases in _read_table()[kind].values() for phrase in phrases)


def fold_case_and_accents(text: str) -> str:
    """Fold a text for comparison: no case, no accents or vowel signs, Arabic letters in one form."""
    return text.lower() if text.isascii() else text.translate(_FOLDED)


def _fold_with_origins(text: str) -> tuple[str, Sequence[int]]:
    """Return the folded text, and for each of its characters the index of the original one."""
    if text.isascii():
        return text.lower(), range(len(text))
    folded = text.translate(_FOLDED)
    if len(folded) == len(text):
        return folded, range(len(text))
    return folded, [index for index, character in enumerate(text) for _ in _FOLDED[ord(character)]]


class _FoldedCharacters(dict[int, str]):
    """Each code point as it is compared; filled on demand."""

    def __missing__(self, code: int) -> str:
        decomposed = normalize("NFKD", chr(code).translate(_SAME_LETTERS)).casefold()
        letters = "".join(part for part in decomposed if unicodedata.category(part) != "Mn").translate(_SAME_LETTERS)
        self[code] = letters
        return letters


# A table for str.translate, in half the time of a function for each character.
_FOLDED: Final = _FoldedCharacters()


def _ends_at_word(phrase: str, rest: str) -> bool:
    """Return whether a word ends with the phrase; in scripts without spaces, long phrases always may end there."""
    if not rest or not (rest[0].isalnum() or unicodedata.category(rest[0]).startswith("M")):
        return True
    if phrase[-1] in _ENDS_OF_LABELS:
        return True
    return UNSPACED.search(phrase) is not None and len(phrase) >= 4  # noqa: PLR2004


def _possible_phrases(folded: str) -> tuple[str, ...]:
    """Return the phrases that a line may begin with, the longest first."""
    starts = _phrases_by_start()
    # Every line is looked up here; a loop over the lengths takes five times as long.
    return starts.get(folded[:4]) or starts.get(folded[:3]) or starts.get(folded[:2]) or starts.get(folded[:1]) or ()


@cache
def _read_table() -> dict[str, dict[str, list[str]]]:
    """Read `cues.toml`: the phrases by kind and language."""
    return tomllib.loads(CUES.read_text("utf-8"))


@cache
def _kinds_by_phrase() -> dict[str, tuple[str, ...]]:
    """Return the kinds of each folded phrase."""
    kinds: dict[str, dict[str, None]] = defaultdict(dict)
    for kind, languages in _read_table().items():
        if kind in _INSIDE_LINES:
            continue
        for phrases in languages.values():
            for phrase in map(fold_case_and_accents, phrases):
                kinds[phrase][kind] = None
    return {phrase: tuple(names) for phrase, names in kinds.items()}


@cache
def _phrases_by_start() -> dict[str, tuple[str, ...]]:
    """Return the phrases by their first characters, the longest first; longer starts list shorter phrases too."""
    phrases = sorted(_kinds_by_phrase(), key=len, reverse=True)
    starts: dict[str, list[str]] = defaultdict(list)
    for phrase in phrases:
        starts[phrase[:_KEY_CHARACTERS]].append(phrase)
    return {
        start: (*longest_first, *(start[:size] for size in range(len(start) - 1, 0, -1) if start[:size] in starts))
        for start, longest_first in starts.items()
    }
