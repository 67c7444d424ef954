"""langdetect's profiles, evaluated in one pass: every n-gram of a text counts once, so that chance has no part in it.

langdetect itself draws n-grams at random until it is sure, and its first use is unsafe among threads. Its profiles are
kept as a table with a row an n-gram and a column a language; a text's score is the sum of its rows (Shuyo Nakatani,
"Language Detection Library for Java", 2010: naive Bayes over n-grams of one to three characters).
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, repeat
from operator import add
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tasks.text.characters import normalize

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SMOOTHING: Final = 0.5 / 10_000
"""langdetect's own: the share of its text that any n-gram is thought to have in any language."""
LETTERS: Final = 20_000
"""Characters that are remembered: a text may hold every one there is."""
SHARPNESS: Final = 0.25
"""By how much a text's score is lessened to give a probability: its n-grams overlap, and tell the same thing thrice."""

_ACRONYM: Final = re.compile(r"\b\w*?[A-Z]{2}\w*")
_CAPITALS: Final = re.compile(r"[A-Z]{2}")


@dataclass(frozen=True, slots=True)
class Ranking:
    """The languages of a table by how well a text fits them."""

    best: str
    scores: dict[str, float]
    """Natural logarithms of the likelihood, per n-gram, less their mean."""
    ngrams: int
    """How many of the text's n-grams any profile knows."""

    def margin(self, other: str) -> float:
        """By how much the best beats another language, per n-gram; endless where the table lacks the other."""
        return self.scores[self.best] - self.scores.get(other, float("-inf"))

    @property
    def probability(self) -> float:
        """Of the best against all others."""
        import numpy as np

        spread = np.fromiter(self.scores.values(), float) - self.scores[self.best]
        return float(1 / np.exp(spread * self.ngrams * SHARPNESS).sum())


class Profiles:
    """A table of profiles; `rank` is a pure function of the text."""

    def __init__(self) -> None:
        import numpy as np
        from langdetect.detector_factory import PROFILES_DIRECTORY

        # In the order of their names: that of a folder differs between machines.
        paths = sorted(
            path for path in Path(PROFILES_DIRECTORY).iterdir() if path.is_file() and path.name[0] not in "._"
        )
        profiles = [json.loads(path.read_text("utf-8")) for path in paths]
        self.languages: Final = tuple(profile["name"] for profile in profiles)
        # Row 0 is of the n-grams that no profile has: it changes nothing.
        self._rows: dict[str, int] = {}
        for profile in profiles:
            for ngram in profile["freq"]:
                self._rows.setdefault(ngram, len(self._rows) + 1)
        shares = np.zeros((len(self._rows) + 1, len(profiles)), np.float32)
        for column, profile in enumerate(profiles):
            sizes = profile["n_words"]
            for ngram, count in profile["freq"].items():
                shares[self._rows[ngram], column] = count / sizes[len(ngram) - 1]
        weights = np.log(shares + np.float32(SMOOTHING))
        self._weights: NDArray[np.float32] = weights - weights.mean(axis=1, keepdims=True)
        self._letters = _Letters()

    def rank(self, text: str) -> Ranking | None:
        """How well a text fits each language; None where it has no n-gram that a profile knows."""
        import numpy as np

        rows = np.fromiter(map(self._rows.get, self._ngrams(text), repeat(0)), np.intp)
        known = int(np.count_nonzero(rows))
        if not known:
            return None
        scores = self._weights.take(rows, axis=0).sum(axis=0) / known
        named = dict(zip(self.languages, scores.tolist(), strict=True))
        return Ranking(self.languages[int(scores.argmax())], named, known)

    def _ngrams(self, text: str) -> Iterator[str]:
        """All of one to three characters, a blank before and after each word; langdetect passes over acronyms."""
        if _CAPITALS.search(text):
            text = _ACRONYM.sub(" ", text)
        text = normalize("NFC", text).translate(self._letters)
        ones = " " + " ".join(text.split()) + " "
        twos = list(map(add, ones, ones[1:]))
        return chain(ones, twos, map(add, twos, ones[2:]))


class _Letters(dict[int, str]):
    """What langdetect makes of each character before it looks it up."""

    def __missing__(self, code: int) -> str:
        from langdetect.utils.ngram import NGram

        letter: str = NGram.normalize(chr(code))
        if len(self) < LETTERS:
            self[code] = letter
        return letter


_loading: Final = threading.Lock()
_loaded: list[Profiles] = []


def profiles() -> Profiles:
    """The table, read once a process, and whole before any thread sees it."""
    with _loading:
        if not _loaded:
            _loaded.append(Profiles())
        return _loaded[0]
