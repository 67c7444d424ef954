"""The title among the lines above an article."""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Sequence
from typing import Final

from tasks.boilerplate.cues import fold_accents
from tasks.boilerplate.line import Line
from tasks.boilerplate.line_patterns import find_day
from tasks.boilerplate.select_lines import likeness, words_of
from warehouse.model.vocabulary import LineReason

# Words of a title.
SHORTEST: Final = 3
LONGEST: Final = 35
# Lines above the article that are looked at.
_FAR: Final = 60
# Words from which a longer title is no likelier one.
_WHOLE: Final = 10

LONGEST_OPENING: Final = 20
# Of an article whose first line may be its title.
FEWEST_LINES: Final = 3
# Letters that the beginning of a title must have to be known as one.
CUT_SHORT: Final = 15
# Words of the shortest.
STANDFIRST: Final = 8
_ALIKE: Final = 0.15
# Lines of the article among which its title may be: one that asks or exclaims ends as a sentence does.
_INTO: Final = 5
_HIGHER: Final = 8
_NEARLY: Final = 0.5
_COMPARED: Final = 300
_NO_LETTER: Final = re.compile(r"[\W_]+")
_WORD: Final = re.compile(r"\w+")
# What a headline does not end with.
_STATES: Final = (".", ":", "。", "।", "۔")


def find_headline(lines: Sequence[Line], kept: set[int], title: str | None) -> set[int]:
    """The places of the lines that print the title: whole, cut short, or again.

    A known title finds its repeats. Otherwise the line above the article that shares most with it is the title; a
    first line of the article that asks, exclaims or quotes is one too, where nothing above it could be.
    """
    if not kept:
        return set()
    first = min(kept)
    text = [lines[place] for place in sorted(kept)]
    if title is None:
        found = _above(lines, first, text)
        if found is None and _opens(lines, first, kept):
            found = first
        if found is None:
            return set()
        title = lines[found].bare
        first = max(first, found)
    whole = _letters(title)
    near = range(max(0, first - _FAR), min(len(lines), first + 3))
    near_it = (place for place in near if place not in kept or place <= first)
    return {place for place in near_it if _repeat(_letters(lines[place].bare[: 2 * len(title)]), whole)}


def find_standfirst(lines: Sequence[Line], headline: set[int], kept: set[int]) -> set[int]:
    """The place of the line under the title that sums the article up, though it ends as no sentence; none or one."""
    place = max(headline) + 1
    if place in kept or place >= min(kept):
        return set()
    line = lines[place]
    if line.reason is not None or line.has_bullet or line.word_count < STANDFIRST or find_day(line.text) is not None:
        return set()
    return {place} if likeness(line, words_of(lines[other] for other in kept)) >= _ALIKE else set()


def repeats(line: str, titles: Iterable[str]) -> bool:
    """Whether a line is one of the titles, letter for letter but for case, accents and signs, or its beginning."""
    said = _letters(line)
    return any(_repeat(said, whole) for whole in set(map(_letters, titles)))


def _repeat(said: str, whole: str) -> bool:
    return bool(said) and (said == whole or (len(said) >= CUT_SHORT and whole.startswith(said)))


def _above(lines: Sequence[Line], first: int, text: Sequence[Line]) -> int | None:
    """The likeliest title above the article; of those nearly as likely and a little above it, the highest.

    Standfirsts and captions share as many words with the article as its title does, and stand below it.
    """
    words = words_of(text)
    begin = max(0, first - _FAR)
    near = "\n".join(line.bare[:_COMPARED] for line in lines[begin : first + _FAR])
    captions = [line.bare for line in lines[begin : first + _FAR] if line.reason is LineReason.CAPTION]
    worth = {
        place: _worth(lines[place], words, near)
        for place in range(begin, min(len(lines), first + _INTO))
        if _may_be_title(lines[place]) and (place < first or _has_date_below(lines, place))
        if not any(caption.startswith(lines[place].bare) for caption in captions)
    }
    letters = {place: _letters(lines[place].bare) for place in worth}
    whole = set(letters.values())
    # A breadcrumb has the title at its end, and words in front of it.
    worth = {place: value for place, value in worth.items() if not _ends_with_another(letters[place], whole)}
    if not worth:
        return None
    best = max(worth, key=lambda place: (worth[place], place))
    best = min(place for place in worth if place >= best - _HIGHER and worth[place] >= _NEARLY * worth[best])
    begun = _letters(lines[best].bare)
    longer = {place for place in worth if place == best or _repeat(begun, _letters(lines[place].bare))}
    return max(longer, key=lambda place: len(lines[place].bare))


def _ends_with_another(letters: str, whole: set[str]) -> bool:
    return any(len(other) >= CUT_SHORT and letters != other and letters.endswith(other) for other in whole)


def _has_date_below(lines: Sequence[Line], place: int) -> bool:
    return any(line.reason in {LineReason.DATE_LINE, LineReason.BYLINE} for line in lines[place + 1 : place + 4])


def _worth(line: Line, words: Container[str], near: str) -> float:
    # Titles are printed again: in breadcrumbs, under share buttons, above comments.
    again = line.word_count > SHORTEST and near.count(line.bare[:_COMPARED]) > 1
    return (likeness(line, words) + 0.1) * min(line.word_count, _WHOLE) * (2 if again else 1)


def _may_be_title(line: Line) -> bool:
    return (
        line.reason is None
        and not line.has_bullet
        and SHORTEST <= line.word_count <= LONGEST
        and not line.bare.endswith(_STATES)
        and not _is_code(line.bare)
    )


def _is_code(text: str) -> bool:
    """Whether most of its words are no words: figures and codes, as above an agency's message."""
    words: list[str] = _WORD.findall(text)
    return sum(len(word) > 1 and word.isalpha() for word in words) * 2 < len(words)


def _opens(lines: Sequence[Line], first: int, kept: set[int]) -> bool:
    """Whether the article's first line is its title: one that asks, exclaims or quotes, above a longer paragraph."""
    line = lines[first]
    states = line.bare.rstrip("\"'”’»").endswith((".", "。", "।", "۔"))
    if len(kept) < FEWEST_LINES or line.has_bullet or states or not SHORTEST <= line.word_count <= LONGEST_OPENING:
        return False
    return first + 1 < len(lines) and lines[first + 1].word_count > line.word_count and lines[first + 1].after_blank


def _letters(text: str) -> str:
    return _NO_LETTER.sub("", fold_accents(text))
