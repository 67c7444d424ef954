"""Finding the title, and the standfirst below it, among the lines above an article."""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Sequence
from typing import Final

from tasks.boilerplate.cues import fold_case_and_accents
from tasks.boilerplate.line import Line
from tasks.boilerplate.line_patterns import find_day
from tasks.boilerplate.select_lines import long_words, word_overlap
from warehouse.model.vocabulary import LineReason

MIN_TITLE_WORDS: Final = 3
MAX_TITLE_WORDS: Final = 35
MAX_QUESTION_TITLE_WORDS: Final = 20
# An article of fewer lines has no title in its first line.
MIN_LINES_BELOW_TITLE: Final = 3
# A shorter beginning of a title is not recognised as the title cut short.
MIN_CUT_TITLE_LETTERS: Final = 15
MIN_STANDFIRST_WORDS: Final = 8
_MIN_STANDFIRST_OVERLAP: Final = 0.15
# A title stands at most this far above the article.
_MAX_DISTANCE_LINES: Final = 60
# Or among the first lines of the article: one that asks or exclaims ends as a sentence does.
_MAX_LINES_INTO_ARTICLE: Final = 5
# Words beyond these do not make a title likelier.
_MAX_WEIGHED_WORDS: Final = 10
# Of candidates with at least this share of the best weight and this near to it, the highest is the title.
_MIN_WEIGHT_SHARE: Final = 0.5
_MAX_LINES_ABOVE_BEST: Final = 8
_MAX_COMPARED_CHARACTERS: Final = 300
_NO_LETTER: Final = re.compile(r"[\W_]+")
_WORD: Final = re.compile(r"\w+")
_NO_TITLE_END: Final = (".", ":", "。", "।", "۔")


def find_title(lines: Sequence[Line], article: set[int], title: str | None) -> set[int]:
    """Return the indexes of the lines that print the title: whole, cut short, or again.

    `article` has the indexes of article lines. A known title finds its repeats. Otherwise the line above the article
    that shares most words with it is the title, or the article's first line if that asks, exclaims or quotes.
    """
    if not article:
        return set()
    first = min(article)
    if title is None:
        index = _find_unknown_title(lines, article)
        if index is None:
            return set()
        title = lines[index].bare
        first = max(first, index)
    title_letters = _letters(title)
    near = range(max(0, first - _MAX_DISTANCE_LINES), min(len(lines), first + 3))
    return {
        index
        for index in near
        if (index not in article or index <= first)
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
    overlap = word_overlap(line, long_words(lines[number].text for number in article))
    return {index} if overlap >= _MIN_STANDFIRST_OVERLAP else set()


def repeats_title(line: str, titles: Iterable[str]) -> bool:
    """Return whether a line is one of the titles or its beginning; case, accents and signs are ignored."""
    letters = _letters(line)
    return any(_is_title_or_beginning(letters, title_letters) for title_letters in set(map(_letters, titles)))


def _is_title_or_beginning(letters: str, title_letters: str) -> bool:
    if not letters:
        return False
    return letters == title_letters or (len(letters) >= MIN_CUT_TITLE_LETTERS and title_letters.startswith(letters))


def _find_unknown_title(lines: Sequence[Line], article: set[int]) -> int | None:
    """Return the likeliest title near the article; of those nearly as likely and a little above it, the highest.

    Standfirsts and captions share as many words with the article as its title does, and stand below it.
    """
    first = min(article)
    weights = _weigh_titles(lines, first, long_words(lines[index].text for index in sorted(article)))
    letters = {index: _letters(lines[index].bare) for index in weights}
    # A breadcrumb ends with the title, and has words in front of it.
    all_letters = set(letters.values())
    weights = {index: weight for index, weight in weights.items() if not _ends_with_other(letters[index], all_letters)}
    if not weights:
        return first if _is_question_title(lines, first, article) else None
    best = max(weights, key=lambda index: (weights[index], index))
    min_weight = _MIN_WEIGHT_SHARE * weights[best]
    best = min(index for index in weights if index >= best - _MAX_LINES_ABOVE_BEST and weights[index] >= min_weight)
    longer = {index for index in weights if index == best or _is_title_or_beginning(letters[best], letters[index])}
    return max(longer, key=lambda index: len(lines[index].bare))


def _weigh_titles(lines: Sequence[Line], first: int, words: Container[str]) -> dict[int, float]:
    """Return the weight of each line near the article's first that may be its title, by index."""
    begin = max(0, first - _MAX_DISTANCE_LINES)
    near_text = "\n".join(line.bare[:_MAX_COMPARED_CHARACTERS] for line in lines[begin : first + _MAX_DISTANCE_LINES])
    captions = [line.bare for line in lines[begin : first + _MAX_DISTANCE_LINES] if line.reason is LineReason.CAPTION]
    return {
        index: _weigh_title(lines[index], words, near_text)
        for index in range(begin, min(len(lines), first + _MAX_LINES_INTO_ARTICLE))
        if _may_be_title(lines[index]) and (index < first or _has_date_below(lines, index))
        if not any(caption.startswith(lines[index].bare) for caption in captions)
    }


def _ends_with_other(letters: str, all_letters: set[str]) -> bool:
    return any(
        len(other) >= MIN_CUT_TITLE_LETTERS and letters != other and letters.endswith(other) for other in all_letters
    )


def _has_date_below(lines: Sequence[Line], index: int) -> bool:
    return any(line.reason in {LineReason.DATE_LINE, LineReason.BYLINE} for line in lines[index + 1 : index + 4])


def _weigh_title(line: Line, words: Container[str], near_text: str) -> float:
    # Titles are printed again: in breadcrumbs, under share buttons, above comments.
    is_repeated = line.word_count > MIN_TITLE_WORDS and near_text.count(line.bare[:_MAX_COMPARED_CHARACTERS]) > 1
    return (word_overlap(line, words) + 0.1) * min(line.word_count, _MAX_WEIGHED_WORDS) * (2 if is_repeated else 1)


def _may_be_title(line: Line) -> bool:
    return (
        line.reason is None
        and not line.has_bullet
        and MIN_TITLE_WORDS <= line.word_count <= MAX_TITLE_WORDS
        and not line.bare.endswith(_NO_TITLE_END)
        and not _is_code(line.bare)
    )


def _is_code(text: str) -> bool:
    """Return whether most of its words are figures and codes, as above an agency's message."""
    words: list[str] = _WORD.findall(text)
    return sum(len(word) > 1 and word.isalpha() for word in words) * 2 < len(words)


def _is_question_title(lines: Sequence[Line], first: int, article: set[int]) -> bool:
    """Return whether the article's first line is a title that asks, exclaims or quotes, above a longer paragraph."""
    line = lines[first]
    ends_with_stop = line.bare.rstrip("\"'”’»").endswith((".", "。", "।", "۔"))
    if len(article) < MIN_LINES_BELOW_TITLE or line.has_bullet or ends_with_stop:
        return False
    if not MIN_TITLE_WORDS <= line.word_count <= MAX_QUESTION_TITLE_WORDS:
        return False
    return first + 1 < len(lines) and lines[first + 1].word_count > line.word_count and lines[first + 1].after_blank


def _letters(text: str) -> str:
    """Return letters and figures only, without case and accents."""
    return _NO_LETTER.sub("", fold_case_and_accents(text))
