"""Close languages, which n-grams confuse, distinguished by frequent words and parts of words."""

from __future__ import annotations

import re
import threading
import tomllib
from collections import Counter
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

# Weights are in words: the detectors' answer counts less than one word of another language.
DETECTOR_WEIGHT: Final = 0.75
# Added to the evidence, so that a lead of few words is small.
LEAD_SMOOTHING_WORDS: Final = 2
# A word that only one of the languages has.
UNIQUE_WORD_WEIGHT: Final = 2
# More than the detectors' answer alone, less than any word.
DECLARATION_WEIGHT: Final = 0.9
MIN_UNLISTED_WORDS: Final = 3
# A language that no detector knows must have this share of a text's words.
MIN_UNLISTED_SHARE: Final = 0.25

_WORD: Final = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)?")
_loading: Final = threading.Lock()


@dataclass(frozen=True, slots=True)
class Family:
    """Languages that detectors confuse with each other."""

    languages: frozenset[str]
    words: tuple[tuple[frozenset[str], frozenset[str]], ...]
    pieces: tuple[tuple[frozenset[str], tuple[str, ...]], ...]
    expected: dict[str, float]
    """For some languages, the share of words that a text in it is expected to score."""

    def choose(self, text: str, answer: str, declared: str | None) -> tuple[str, float]:
        """Return the language of a lower-case text, and its lead over the next as a share of the evidence.

        `answer` is the detectors' language, `declared` the declared one.
        """
        words = _WORD.findall(text)
        counts, text = Counter(words), f" {' '.join(words)} "
        scores = dict.fromkeys(sorted(self.languages), 0.0)
        hits = [(languages, sum(counts[word] for word in words & counts.keys())) for languages, words in self.words]
        hits += [(languages, sum(map(text.count, pieces))) for languages, pieces in self.pieces]
        for languages, times in hits:
            for language in languages:
                scores[language] += times * (UNIQUE_WORD_WEIGHT if len(languages) == 1 else 1)
        for language, share in self.expected.items():
            scores[language] -= share * len(words)
        scores[answer] += DETECTOR_WEIGHT
        if declared in scores:
            scores[declared] += DECLARATION_WEIGHT
        (best, best_score), (_, next_score) = sorted(scores.items(), key=lambda pair: -pair[1])[:2]
        return best, (best_score - next_score) / (abs(best_score) + LEAD_SMOOTHING_WORDS)


def family_of(language: str) -> Family | None:
    """Return the close languages that a language belongs to, or None."""
    return next((family for family in _load().families if language in family.languages), None)


def find_unlisted(text: str) -> str | None:
    """Return the language that no detector knows and whose words fill a lower-case text, or None."""
    words = _WORD.findall(text)
    for language, known, letters in _load().unlisted:
        matches = [word for word in words if word in known]
        letter_count = sum(text.count(letter) for letter in letters)
        is_enough = len(set(matches)) >= MIN_UNLISTED_WORDS and letter_count >= MIN_UNLISTED_WORDS
        if is_enough and len(matches) >= MIN_UNLISTED_SHARE * len(words):
            return language
    return None


def add_region(language: str, text: str, declared: str | None) -> str:
    """Return the language, with its region if the words of a lower-case text show it."""
    tag, base, here, elsewhere = _load().regional
    if language != base:
        return language
    evidence = len(here.findall(text)) + (declared == tag) - 2 * len(elsewhere.findall(text))
    return tag if evidence > 1 else language


@dataclass(frozen=True, slots=True)
class _Table:
    families: tuple[Family, ...]
    unlisted: tuple[tuple[str, frozenset[str], str], ...]
    regional: tuple[str, str, re.Pattern[str], re.Pattern[str]]


def _load() -> _Table:
    with _loading:
        return _read_table()


@cache
def _read_table() -> _Table:
    tables = tomllib.loads(Path(__file__).with_name("close_languages.toml").read_text("utf-8"))
    regional = tables["regional"]
    return _Table(
        tuple(map(_read_family, tables["family"])),
        tuple(
            (language["language"], frozenset(language["words"].split()), language["letters"])
            for language in tables["unlisted"]
        ),
        (regional["language"], regional["of"], re.compile(regional["here"]), re.compile(regional["elsewhere"])),
    )


def _read_family(table: dict[str, Any]) -> Family:
    words = tuple((_languages_of(key), frozenset(listed.split())) for key, listed in table["words"].items())
    pieces = tuple(
        (_languages_of(key), tuple(piece.replace("_", " ") for piece in listed.split()))
        for key, listed in table["pieces"].items()
    )
    expected = {key: per_cent / 100 for keys, per_cent in table.get("expected", {}).items() for key in keys.split()}
    return Family(frozenset(key for keys, _ in words for key in keys), words, pieces, expected)


def _languages_of(key: str) -> frozenset[str]:
    return frozenset(key.split())
