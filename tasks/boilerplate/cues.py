"""Cue phrases: what a line says of itself by how it begins, in some forty languages (`cues.toml`)."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from tasks.text.characters import normalize

CUES: Final = Path(__file__).with_name("cues.toml")
LONGEST: Final = 60
"""Characters of a line that are compared; no phrase is longer."""

_KEY: Final = 4
"""Characters by which phrases are looked up; signs above and below them apart."""
_BEGIN: Final = re.compile(r"[^\W\d_]|[©ⓒ【(]")
_SEPARATOR: Final = re.compile(r"\s*[:：|>»›/–—-]+\s*|\s+")
_LABELS: Final = re.compile(r"\s*[:：|>»›–—]")
_COUNT: Final = re.compile(r"[\d\W]*")
_UNSPACED: Final = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
_ALIKE: Final = str.maketrans(
    {"أ": "ا", "إ": "ا", "آ": "ا", "ى": "ي", "ي": "ي", "ی": "ي", "ک": "ك", "’": "'", "\u200c": " "}
)


@dataclass(frozen=True, slots=True)
class Cue:
    """A phrase that a line begins with."""

    kind: str
    """The table of `cues.toml` that it stands in."""
    words: int
    """Of the phrase; one that is not written in words counts as two."""
    rest: str
    """What the line says after it."""
    labelled: bool
    """Whether a colon, bar or dash follows the phrase."""

    @property
    def alone(self) -> bool:
        """Whether the phrase is all that the line says, counts and signs apart."""
        return _COUNT.fullmatch(self.rest) is not None


def find_cues(line: str) -> tuple[Cue, ...]:
    """The cues of a line, those of its longest phrase only; a count before it (`12 comments`) is passed over."""
    head = line[:LONGEST]
    begun = None if head[:1].isalpha() else _BEGIN.search(head)
    begin = begun.start() if begun else 0
    candidates = _candidates(fold(line[begin : begin + 3 * _KEY]))
    if not candidates:
        return ()
    folded, origin = _fold(head[begin:])
    for phrase in candidates:
        if not folded.startswith(phrase):
            continue
        end = begin + (origin[len(phrase)] if len(phrase) < len(origin) else len(head) - begin)
        rest = line[end:]
        if _bounded(phrase, rest):
            words = 2 if _UNSPACED.search(phrase) else phrase.count(" ") + 1
            labelled = _LABELS.match(rest) is not None
            said = rest[found.end() :] if (found := _SEPARATOR.match(rest)) else rest
            return tuple(Cue(kind, words, said, labelled) for kind in _phrases()[phrase])
    return ()


@cache
def phrases_of(kind: str) -> frozenset[str]:
    """The phrases of a kind as they are written, in all languages."""
    return frozenset(phrase for phrases in _table()[kind].values() for phrase in phrases)


def fold(text: str) -> str:
    """Text as phrases are compared: no case, no accents or vowel signs, Arabic letters in one form."""
    return text.lower() if text.isascii() else "".join(map(_plain, text))


def _fold(text: str) -> tuple[str, Sequence[int]]:
    """The folded text, and for each of its characters the place of the one it comes from."""
    if text.isascii():
        return text.lower(), range(len(text))
    letters = list(map(_plain, text))
    folded = "".join(letters)
    if len(folded) == len(text):
        return folded, range(len(text))
    return folded, [place for place, plain in enumerate(letters) for _ in plain]


@cache
def _plain(sign: str) -> str:
    decomposed = normalize("NFKD", sign.translate(_ALIKE)).casefold()
    return "".join(part for part in decomposed if unicodedata.category(part) != "Mn").translate(_ALIKE)


def _bounded(phrase: str, rest: str) -> bool:
    """Whether the phrase ends where a word does; where words are not parted, a short one must be followed by a sign."""
    if not rest or not (rest[0].isalnum() or unicodedata.category(rest[0]).startswith("M")):
        return True
    return _UNSPACED.search(phrase) is not None and len(phrase) >= 4  # noqa: PLR2004


def _candidates(folded: str) -> Sequence[str]:
    """The phrases that a line may begin with, the longest first."""
    known = _by_start()
    # This is asked of every line there is; a loop over the lengths takes five times as long.
    return known.get(folded[:4]) or known.get(folded[:3]) or known.get(folded[:2]) or known.get(folded[:1]) or ()


@cache
def _table() -> dict[str, dict[str, list[str]]]:
    """Kind, language, phrases: the file."""
    return tomllib.loads(CUES.read_text("utf-8"))


@cache
def _phrases() -> dict[str, tuple[str, ...]]:
    """The kinds of each folded phrase."""
    kinds: dict[str, dict[str, None]] = defaultdict(dict)
    for kind, languages in _table().items():
        for phrases in languages.values():
            for phrase in map(fold, phrases):
                kinds[phrase][kind] = None
    return {phrase: tuple(found) for phrase, found in kinds.items()}


@cache
def _by_start() -> dict[str, tuple[str, ...]]:
    """Phrases by their first characters, the longest first; with the shorter ones that a longer start begins with."""
    phrases = sorted(_phrases(), key=len, reverse=True)
    starts: dict[str, list[str]] = defaultdict(list)
    for phrase in phrases:
        starts[phrase[:_KEY]].append(phrase)
    return {
        start: (*found, *(start[:size] for size in range(len(start) - 1, 0, -1) if start[:size] in starts))
        for start, found in starts.items()
    }
