"""Finding the title, and the standfirst below it, among the lines above an article."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from tasks.boilerplate.boosted_trees import Floats
from tasks.boilerplate.cues import fold_case_and_accents
from tasks.boilerplate.line import Line
from tasks.boilerplate.line_dates import find_day
from tasks.boilerplate.long_words import word_overlap
from tasks.boilerplate.title_weights import MAX_DISTANCE_LINES, MIN_TITLE_WORDS, weigh_titles

MAX_QUESTION_TITLE_WORDS: Final = 20
# An article of fewer lines has no title in its first line.
MIN_LINES_BELOW_TITLE: Final = 3
# A shorter beginning of a title is not recognised as the title cut short.
MIN_CUT_TITLE_LETTERS: Final = 15
# A line with more characters than that many times a title is not the title with other signs and spaces.
MAX_TITLE_RATIO: Final = 3
MIN_STANDFIRST_WORDS: Final = 8
_MIN_STANDFIRST_OVERLAP: Final = 0.15
_SEPARATORS: Final = ("|", "-", "–", "—", "•", "·", "/")
# In front of it: `Home › News › The bridge is open`.
_PATH_SEPARATORS: Final = ("|", "-", "–", "—", "•", "/", ">", "»", "›")
# By these most lines are no beginning of a title; to fold a whole line takes ten times as long.
_FIRST_CHARACTERS: Final = 4
_NO_LETTER: Final = re.compile(r"[\W_]+")


def find_title(lines: Sequence[Line], article: set[int], title: str | None, probability: Floats) -> set[int]:
    """Return the indexes of the lines that print the title: whole, cut short, or again.

    `article` has the indexes of article lines, `probability` the line model's of each line. A known title finds its
    repeats. Otherwise the likeliest line near the article's first is the title, or the article's first line if that
    asks, exclaims or quotes.
    """
    if not article:
        return set()
    first = min(article)
    if title is None:
        index = _find_unknown_title(lines, article, probability)
        if index is None:
            return set()
        title = lines[index].bare
        first = max(first, index)
    title_letters = _letters(title)
    near = range(max(0, first - MAX_DISTANCE_LINES), min(len(lines), first + 3))
    return {
        index
        for index in near
        if (index not in article or index <= first)
        and title_letters.startswith(_letters(lines[index].bare[:_FIRST_CHARACTERS]))
        and _is_title_or_beginning(_letters(lines[index].bare[: 2 * len(title)]), title_letters)
    }


def find_standfirst(lines: Sequence[Line], title: set[int], article: set[int]) -> set[int]:
    """Return the index of the line under the title that sums the article up without ending as a sentence, if any."""
    index = max(title) + 1
    if index in article or index >= min(article):
        return set()
    line = lines[index]
    if line.reason is not None or line.has_bullet or line.word_count < MIN_STANDFIRST_WORDS:
        return set()
    if find_day(line.text) is not None:
        return set()
    overlap = word_overlap(line, [lines[number] for number in article])
    return {index} if overlap >= _MIN_STANDFIRST_OVERLAP else set()


def repeats_title(line: str, titles: Sequence[str]) -> bool:
    """Return whether a line is one of the titles or its beginning; case, accents and signs are ignored."""
    if len(line) > MAX_TITLE_RATIO * max(map(len, titles), default=0):
        return False
    letters = _letters(line)
    return any(_is_title_or_beginning(letters, title_letters) for title_letters in set(map(_letters, titles)))


def _is_title_or_beginning(letters: str, title_letters: str) -> bool:
    if not letters:
        return False
    return letters == title_letters or (len(letters) >= MIN_CUT_TITLE_LETTERS and title_letters.startswith(letters))


def _find_unknown_title(lines: Sequence[Line], article: set[int], probability: Floats) -> int | None:
    """Return the likeliest title near the article; if it is cut short, the line that prints it whole."""
    weights = weigh_titles(lines, article, probability)
    best = max(weights, key=lambda index: (weights[index], index), default=None)
    if best is None:
        first = min(article)
        return first if _is_question_title(lines, first, article) else None
    # Printed with the name of the site and without: the title is the shorter one.
    best = max((index for index in weights if _has_site_name(lines[best].bare, lines[index].bare)), default=best)
    beginning = _letters(lines[best].bare)
    whole = {
        index
        for index in weights
        if _is_title_or_beginning(beginning, _letters(lines[index].bare))
        and not _has_site_name(lines[index].bare, lines[best].bare)
    }
    return max(whole | {best}, key=lambda index: len(lines[index].bare))


def _has_site_name(line: str, title: str) -> bool:
    """Return whether a line is the title and more beside a separator: `The bridge is open | Harbour Post`."""
    if line.endswith(title) and line[: -len(title)].rstrip().endswith(_PATH_SEPARATORS):
        return True
    return line.startswith(title) and line[len(title) :].lstrip().startswith(_SEPARATORS)


def _is_question_title(lines: Sequence[Line], first: int, article: set[int]) -> bool:
    """Return whether the article's first line is a title that asks, exclaims or quotes, above a longer paragraph."""
    line = lines[first]
    ends_with_stop = line.bare.rstrip("\"'”’»").endswith((".", "。", "।", "۔"))
    if len(article) < MIN_LINES_BELOW_TITLE or line.has_bullet or ends_with_stop:
        return False
    if not MIN_TITLE_WORDS <= line.word_count <= MAX_QUESTION_TITLE_WORDS:
        return False
    if first + 1 == len(lines) or lines[first + 1].word_count <= line.word_count:
        return False
    return lines[first + 1].after_blank or not line.ends_sentence


def _letters(text: str) -> str:
    """Return letters and figures only, without case and accents."""
    return _NO_LETTER.sub("", fold_case_and_accents(text))
