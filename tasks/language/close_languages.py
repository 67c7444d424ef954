"""Languages that look alike to n-grams, told apart by their frequent words and the pieces of words."""

from __future__ import annotations

import re
import threading
import tomllib
from collections import Counter
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

# What the engines' answer counts for beside its rivals' words, in words.
ENGINE: Final = 0.75
# Words that would have to be more for a lead to be whole.
DOUBT: Final = 2
# What a word counts for that only one of them has.
OWN: Final = 2
# What a declaration counts for: more than an engine that has no word to show, and less than any word.
DECLARED: Final = 0.9
FEWEST: Final = 3
# The share of a text's words by which a language that no engine knows is told.
SHARE: Final = 0.25

_WORD: Final = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)?")
_loading: Final = threading.Lock()


@dataclass(frozen=True, slots=True)
class Family:
    """Languages that are taken for each other."""

    languages: frozenset[str]
    words: tuple[tuple[frozenset[str], frozenset[str]], ...]
    pieces: tuple[tuple[frozenset[str], tuple[str, ...]], ...]
    expected: dict[str, float]
    """The share of its words by which a text in a language shows it."""

    def tell(self, text: str, answer: str, declared: str | None) -> tuple[str, float]:
        """The member that a text in lower case is in, and its lead over the next, as a share of the evidence."""
        words = _WORD.findall(text)
        counts, text = Counter(words), f" {' '.join(words)} "
        found = dict.fromkeys(sorted(self.languages), 0.0)
        hits = [(languages, sum(counts[word] for word in words & counts.keys())) for languages, words in self.words]
        hits += [(languages, sum(map(text.count, pieces))) for languages, pieces in self.pieces]
        for languages, times in hits:
            for language in languages:
                found[language] += times * (OWN if len(languages) == 1 else 1)
        for language, share in self.expected.items():
            found[language] -= share * len(words)
        found[answer] += ENGINE
        if declared in found:
            found[declared] += DECLARED
        (best, most), (_, next_best) = sorted(found.items(), key=lambda pair: -pair[1])[:2]
        return best, (most - next_best) / (abs(most) + DOUBT)


def family_of(language: str) -> Family | None:
    """The languages that one is taken for, or None."""
    return next((family for family in _data().families if language in family.languages), None)


def unlisted(text: str) -> str | None:
    """The language that no engine knows and whose words fill a text in lower case, or None."""
    words = _WORD.findall(text)
    for language, known, letters in _data().unlisted:
        seen = [word for word in words if word in known]
        spelled = sum(text.count(letter) for letter in letters)
        if len(set(seen)) >= FEWEST and len(seen) >= SHARE * len(words) and spelled >= FEWEST:
            return language
    return None


def region_of(language: str, text: str, declared: str | None) -> str:
    """The language, with its region where a text in lower case shows it."""
    tag, of, here, elsewhere = _data().regional
    if language != of:
        return language
    shown = len(here.findall(text)) + (declared == tag) - 2 * len(elsewhere.findall(text))
    return tag if shown > 1 else language


@dataclass(frozen=True, slots=True)
class _Data:
    families: tuple[Family, ...]
    unlisted: tuple[tuple[str, frozenset[str], str], ...]
    regional: tuple[str, str, re.Pattern[str], re.Pattern[str]]


def _data() -> _Data:
    with _loading:
        return _read()


@cache
def _read() -> _Data:
    declared = tomllib.loads(Path(__file__).with_name("close_languages.toml").read_text("utf-8"))
    regional = declared["regional"]
    return _Data(
        tuple(map(_family, declared["family"])),
        tuple((one["language"], frozenset(one["words"].split()), one["letters"]) for one in declared["unlisted"]),
        (regional["language"], regional["of"], re.compile(regional["here"]), re.compile(regional["elsewhere"])),
    )


def _family(declared: dict[str, Any]) -> Family:
    words = tuple((_keyed(key), frozenset(listed.split())) for key, listed in declared["words"].items())
    pieces = tuple(
        (_keyed(key), tuple(piece.replace("_", " ") for piece in listed.split()))
        for key, listed in declared["pieces"].items()
    )
    expected = {key: per_cent / 100 for keys, per_cent in declared.get("expected", {}).items() for key in keys.split()}
    return Family(frozenset(key for keys, _ in words for key in keys), words, pieces, expected)


def _keyed(key: str) -> frozenset[str]:
    return frozenset(key.split())
