"""The language of a text by langdetect's profiles, in one pass over all n-grams, so that no chance is involved.

langdetect itself draws n-grams at random until it is sure, and its first use is not safe with threads. Here its
profiles are a table with a row for each n-gram and a column for each language; the score of a text is the sum of its
rows (Shuyo Nakatani, "Language Detection Library for Java", 2010: naive Bayes over n-grams of one to three characters).
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tasks.text.characters import normalize

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

# langdetect's own: the share that every n-gram is assumed to have in every language.
SMOOTHING: Final = 0.5 / 10_000
MAX_NGRAM_CHARACTERS: Final = 3
CODE_BITS: Final = 21  # of a character
# A text may have every character of Unicode.
MAX_REMEMBERED_CHARACTERS: Final = 20_000
# Scales a score down before it becomes a probability, as overlapping n-grams are no independent evidence.
SCORE_SCALE: Final = 0.25

_ACRONYM: Final = re.compile(r"\b\w*?[A-Z]{2}\w*")
_CAPITALS: Final = re.compile(r"[A-Z]{2}")


@dataclass(frozen=True, slots=True)
class Ranking:
    """How well a text fits each language."""

    best: str
    scores: dict[str, float]
    """By language the natural logarithm of the likelihood, per n-gram, less the mean of all languages."""
    ngrams: int
    """The number of the text's n-grams that some profile has."""

    def margin(self, other: str) -> float:
        """Return the lead of the best language over another, per n-gram; infinite if the other has no profile."""
        return self.scores[self.best] - self.scores.get(other, float("-inf"))

    @property
    def probability(self) -> float:
        """The probability of the best language, 0 to 1."""
        import numpy as np

        spread = np.fromiter(self.scores.values(), float) - self.scores[self.best]
        return float(1 / np.exp(spread * self.ngrams * SCORE_SCALE).sum())


class Profiles:
    """The profiles of all languages; `rank` is a pure function of the text."""

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
        ngrams = dict.fromkeys(chain.from_iterable(profile["freq"] for profile in profiles))
        row_of = {ngram: row for row, ngram in enumerate(ngrams, 1)}
        shares = np.zeros((len(row_of) + 1, len(profiles)), np.float32)
        for column, profile in enumerate(profiles):
            counts = profile["freq"]
            rows = np.fromiter(map(row_of.__getitem__, counts), np.intp, len(counts))
            lengths = np.fromiter(map(len, counts), np.intp, len(counts))
            sizes = np.array(profile["n_words"], float)
            shares[rows, column] = np.fromiter(counts.values(), float, len(counts)) / sizes[lengths - 1]
        weights = np.log(shares + np.float32(SMOOTHING))
        self._weights: NDArray[np.float32] = weights - weights.mean(axis=1, keepdims=True)
        codes = _encode_ngrams(ngrams)
        order = np.argsort(codes)
        # In a dict of texts each look-up would read other parts of the memory, which takes twice as long.
        self._codes, self._rows = codes[order], order + 1
        self._letters = _NormalizedLetters()

    def rank(self, text: str) -> Ranking | None:
        """Rank the languages by how well a text fits them; None if no profile has an n-gram of the text."""
        import numpy as np

        codes = self._read_ngrams(text)
        order = np.argsort(codes)
        # Near codes one after another, so that each is sought where the last one was.
        ranked = codes[order]
        indexes = np.minimum(np.searchsorted(self._codes, ranked), len(self._codes) - 1)
        rows = np.empty(len(codes), np.intp)
        rows[order] = np.where(self._codes.take(indexes) == ranked, self._rows.take(indexes), 0)
        count = int(np.count_nonzero(rows))
        if not count:
            return None
        scores = self._weights.take(rows, axis=0).sum(axis=0) / count
        by_language = dict(zip(self.languages, scores.tolist(), strict=True))
        return Ranking(self.languages[int(scores.argmax())], by_language, count)

    def _read_ngrams(self, text: str) -> NDArray[np.int64]:
        """Return the codes of all n-grams of a text, with a space around each word; acronyms are skipped."""
        import numpy as np

        if _CAPITALS.search(text):
            text = _ACRONYM.sub(" ", text)
        text = normalize("NFC", text).translate(self._letters)
        ones = _code_points(" " + " ".join(text.split()) + " ")
        twos = (ones[:-1] << CODE_BITS) | ones[1:]
        return np.concatenate([ones, twos, (twos[:-1] << CODE_BITS) | ones[2:]])


def _code_points(text: str) -> NDArray[np.int64]:
    import numpy as np

    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), "<u4").astype(np.int64)


def _encode_ngrams(ngrams: Iterable[str]) -> NDArray[np.int64]:
    """Return a number for each n-gram: its characters, each in `CODE_BITS`."""
    import numpy as np

    padded = _code_points("".join(ngram.rjust(MAX_NGRAM_CHARACTERS, "\0") for ngram in ngrams))
    first, second, third = padded.reshape(-1, MAX_NGRAM_CHARACTERS).T
    return np.asarray((first << 2 * CODE_BITS) | (second << CODE_BITS) | third, np.int64)


class _NormalizedLetters(dict[int, str]):
    """Each code point as langdetect normalises it before the look-up; filled on demand."""

    def __missing__(self, code: int) -> str:
        from langdetect.utils.ngram import NGram

        letter: str = NGram.normalize(chr(code))
        if len(self) < MAX_REMEMBERED_CHARACTERS:
            self[code] = letter
        return letter


_loading: Final = threading.Lock()
_loaded: list[Profiles] = []


def load_profiles() -> Profiles:
    """Read the profiles once in a process; threads wait until they are complete."""
    with _loading:
        if not _loaded:
            _loaded.append(Profiles())
        return _loaded[0]
