"""The long words of lines, which tell what a text is about, and how many of them two texts have in common."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Set
from typing import Final

from tasks.boilerplate.line import Line
from tasks.boilerplate.line_features import MIN_LONG_WORD_CHARACTERS
from tasks.text.words import UNSPACED, UNSPACED_CHARACTERS

# Assumed for a line without long words to compare.
DEFAULT_SIMILARITY: Final = 0.15
_MAX_COMPARED_CHARACTERS: Final = 4_000
# More words are counted faster with all others.
_MAX_SOUGHT_WORDS: Final = 100
_LONG_WORD_OF_LETTERS: Final = re.compile(rf"[^\W\d_]{{{MIN_LONG_WORD_CHARACTERS},}}")
_LETTER_PAIR: Final = re.compile(f"(?=([{UNSPACED_CHARACTERS}]{{2}}))")


def find_long_words(text: str) -> list[str]:
    """Return the folded long words of a text, each as often as it stands there."""
    return _find_long_words(text[:_MAX_COMPARED_CHARACTERS].casefold())


def count_long_words(texts: Iterable[str], words: Set[str]) -> dict[str, int]:
    """Return how often each of the long `words` stands in some texts, for those that do."""
    folded = "\n".join([text[:_MAX_COMPARED_CHARACTERS] for text in texts]).casefold()
    if len(words) > _MAX_SOUGHT_WORDS or not (folded.isascii() or UNSPACED.search(folded) is None):
        return Counter([word for word in _find_long_words(folded) if word in words])
    return {word: count for word in words if (count := _count_word(word, folded))}


def _count_word(word: str, text: str) -> int:
    """Count a word of letters where no other letter stands next to it."""
    count = 0
    begin = text.find(word)
    while begin >= 0:
        end = begin + len(word)
        count += not (_is_letter(text[begin - 1 : begin]) or _is_letter(text[end : end + 1]))
        begin = text.find(word, end)
    return count


def _is_letter(character: str) -> bool:
    return character.isalnum() and not character.isdecimal()


def long_words(texts: Iterable[str]) -> set[str]:
    """Return the folded words of five letters or more in some texts; in scripts without spaces each pair of letters."""
    return set(_find_long_words("\n".join(text[:_MAX_COMPARED_CHARACTERS] for text in texts).casefold()))


def word_overlap(line: Line, others: Iterable[Line]) -> float:
    """Return the share of a line's long words that other lines have, 0 to 1; 0.15 for a line without long words."""
    words = set(find_long_words(line.text))
    return len(count_long_words((other.text for other in others), words)) / len(words) if words else DEFAULT_SIMILARITY


def _find_long_words(folded: str) -> list[str]:
    # Most words are letters between spaces: to search them all takes twice as long.
    tokens = [token for token in folded.split() if len(token) >= MIN_LONG_WORD_CHARACTERS]
    words = [token for token in tokens if token.isalpha()]
    if len(words) < len(tokens):
        words += _LONG_WORD_OF_LETTERS.findall(" ".join([token for token in tokens if not token.isalpha()]))
    if folded.isascii() or not UNSPACED.search(folded):
        return words
    return [word for word in words if not UNSPACED.search(word)] + _LETTER_PAIR.findall(folded)
