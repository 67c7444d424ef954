"""Which lines of a text are its article: chosen together, so that the whole is as right as can be expected."""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tasks.boilerplate.line import Line
from tasks.boilerplate.model import LineScores
from tasks.text.words import UNSPACED, UNSPACED_CHARACTERS
from warehouse.model.vocabulary import LineReason

# Share of words in common of a line that has none to compare.
ALIKE: Final = 0.15
LEAST_CHANCE: Final = 0.05
# Between them is the threshold of every text.
MOST_CHANCE: Final = 0.6
# The least that the likeliest line of an article has.
SURE: Final = 0.3
# Of the shortest article.
FEWEST_TOKENS: Final = 4

# Lines below a heading in which another article begins.
NEAR: Final = 6
# Words of the shortest headline that is compared with what follows it.
HEADLINE: Final = 4
# Share of a headline's words that the first paragraph under it has.
RESTATED: Final = 0.6
# Words of a line that is longer than most titles.
PARAGRAPH: Final = 18
# Share of the threshold that a line between kept ones needs.
NEARLY: Final = 0.75
NEARLY_FIRST: Final = 0.3
NEARLY_LAST: Final = 0.6
# Words of the shortest last line of an article that may have no mark at its end.
LAST: Final = 10
# Lines that a paragraph above the likely ones may announce.
VERSES: Final = 4
ANNOUNCING: Final = (":", "：")
# Share of the likely text that stands above a heading which may close it; a link to the comments is above it all.
ABOVE: Final = 0.2
# Entries of a live report.
FEWEST_CLOCKS: Final = 3

_CLOCK: Final = re.compile(r"\d{1,2}[:.h]\d{2}(?:\s?(?:Uhr|h|[ap]\.?m\.?))?", re.IGNORECASE)
_GOES_ON: Final = (",", ";", "،", "，", "、", "—", *ANNOUNCING)
# Characters of a line whose words are compared.
_COMPARED: Final = 4_000
_LONG: Final = re.compile(r"\w{5,}")
_CONTENT: Final = re.compile(r"[^\W\d_]{5,}")
_PAIR: Final = re.compile(f"(?=([{UNSPACED_CHARACTERS}]{{2}}))")


def choose_lines(scores: LineScores) -> set[int]:
    """The places of the lines that are the article's; none where no line surely is."""
    if (
        not len(scores.probability)
        or scores.probability.max() < SURE
        or scores.probability @ scores.tokens < FEWEST_TOKENS
    ):
        return set()
    return set(np.flatnonzero(scores.probability >= find_threshold(scores)).tolist())


def find_threshold(scores: LineScores) -> float:
    """The chance from which lines are taken: half of the greatest F1 that any threshold can be expected to reach.

    F1 is weighed by tokens (Lipton, Elkan and Narayanaswamy, 2014, on why half of it). In a text with a clear article
    every doubtful line goes; where all is doubtful, the likeliest lines stay.
    """
    chance, tokens = scores.probability.astype(np.float64), scores.tokens.astype(np.float64)
    order = np.argsort(-chance, kind="stable")
    right = (chance * tokens)[order]
    expected = 2 * np.cumsum(right) / np.maximum(1, np.cumsum(tokens[order]) + right.sum())
    return float(np.clip(expected.max() / 2, LEAST_CHANCE, MOST_CHANCE))


def find_body(lines: Sequence[Line], scores: LineScores) -> set[int]:
    """The places of the article's lines: the likeliest ones, held to what some lines surely say of themselves."""
    likely = choose_lines(scores)
    kept = {place for place in likely if lines[place].reason is None}
    if not kept:
        return set()
    end = _closed(lines, scores, kept)
    kept = {place for place in kept if place < end}
    # What the last line announces is not there: `Share this story on social media:`.
    if len(kept) > 1 and lines[max(kept)].text.endswith(ANNOUNCING):
        kept.remove(max(kept))
    return kept | _doubtful(lines, scores, kept) | _verses(lines, kept) | _clocks(lines, kept)


def _closed(lines: Sequence[Line], scores: LineScores, kept: set[int]) -> int:
    """Where the article ends at the latest: above its tags or comments, or a heading under which another one begins."""
    prose, said = 0, 0.0
    enough = ABOVE * float(scores.tokens[sorted(kept)].sum())
    for place in range(min(kept), max(kept) + 1):
        if place in kept:
            prose += scores.is_prose[place]
            said += float(scores.tokens[place])
        closes = prose > 1 and said >= enough and _closes(lines[place])
        if closes or (prose and _opens_another(lines, scores, place)):
            return place
    return max(kept) + 1


def _closes(line: Line) -> bool:
    heading = line.reason is LineReason.COMMENT and any(cue.is_whole_line for cue in line.cues)
    return heading or line.reason is LineReason.TAGS


def _opens_another(lines: Sequence[Line], scores: LineScores, place: int) -> bool:
    """Whether a heading such as `Read also` is followed by a headline and by prose that says the same again."""
    if lines[place].reason is not LineReason.RELATED or not any(cue.is_whole_line for cue in lines[place].cues):
        return False
    below = range(place + 1, min(len(lines), place + 1 + NEAR))
    prose = next((lower for lower in below if scores.is_prose[lower]), None)
    if prose is None:
        return False
    said = words_of([lines[prose]])
    headlines = (lines[upper] for upper in range(place + 1, prose) if lines[upper].reason is None)
    return any(line.word_count >= HEADLINE and likeness(line, said) >= RESTATED for line in headlines)


def _doubtful(lines: Sequence[Line], scores: LineScores, kept: set[int]) -> set[int]:
    """Lines nearly likely enough: those between kept lines, a long first paragraph, a long last line."""
    threshold = find_threshold(scores)
    found = _between(lines, scores.probability >= threshold * NEARLY, kept)
    last = max(kept) + 1
    if _may_be_last(lines, last) and scores.probability[last] >= threshold * NEARLY_LAST:
        found.add(last)
    return found | _opening(lines, scores.probability >= threshold * NEARLY_FIRST, min(kept))


def _may_be_last(lines: Sequence[Line], place: int) -> bool:
    """Whether it is a long line at the end of the text, or right above what surely is no article."""
    if (
        place >= len(lines)
        or lines[place].reason is not None
        or lines[place].has_bullet
        or lines[place].word_count < LAST
    ):
        return False
    return place + 1 == len(lines) or lines[place + 1].reason is not None


def _opening(lines: Sequence[Line], likely: NDArray[np.bool_], first: int) -> set[int]:
    """A long line a little above the first kept one and what is between, or one that announces the lines between."""
    for place in range(first - 1, max(-1, first - 1 - VERSES), -1):
        line = lines[place]
        if line.reason is not None:
            return set()
        between = range(place, first)
        if line.word_count >= PARAGRAPH and likely[between].all():
            return set(between)
        if line.word_count >= PARAGRAPH and line.text.endswith(ANNOUNCING) and likely[place]:
            return {place}
    return set()


def _between(lines: Sequence[Line], likely: NDArray[np.bool_], kept: set[int]) -> set[int]:
    """The lines between two kept ones, where each of them is nearly likely: subheadings, lists, short answers."""
    found: set[int] = set()
    gap: list[int] = []
    for place in range(min(kept) + 1, max(kept) + 1):
        if place not in kept:
            gap.append(place)
            continue
        if all(likely[between] and lines[between].reason is None for between in gap):
            found.update(gap)
        gap = []
    return found


def _verses(lines: Sequence[Line], kept: set[int]) -> set[int]:
    """Short lines between kept ones of which the first was announced and each goes on in the next, up to a kept one."""
    found: set[int] = set()
    for place in range(min(kept) + 1, max(kept)):
        line, above = lines[place], place - 1
        goes_on = lines[above].text.endswith(_GOES_ON) and not lines[above].has_bullet
        if (
            goes_on
            and place not in kept
            and (above in kept or above in found)
            and line.reason is None
            and not line.has_bullet
        ):
            found.add(place)
    return found


def _clocks(lines: Sequence[Line], kept: set[int]) -> set[int]:
    """The times above the entries of a live report, the first included; a single one is when an article appeared."""
    clocks = {place for place in range(max(0, min(kept) - 1), max(kept)) if _CLOCK.fullmatch(lines[place].bare)}
    above = {place for place in clocks if place + 1 in kept}
    return above if len(above) >= FEWEST_CLOCKS else set()


def words_of(text: Iterable[Line]) -> set[str]:
    """The longer words of a text; in scripts without spaces each pair of letters."""
    return _content("\n".join(line.text[:_COMPARED] for line in text))


def likeness(line: Line, words: Container[str]) -> float:
    """The share of a line's longer words that are among `words`."""
    said = _content(line.text[:_COMPARED])
    return sum(word in words for word in said) / len(said) if said else ALIKE


def _content(text: str) -> set[str]:
    folded = text.casefold()
    words = _long_words(folded)
    if folded.isascii() or not UNSPACED.search(folded):
        return words
    return {word for word in words if not UNSPACED.search(word)}.union(_PAIR.findall(folded))


def _long_words(text: str) -> set[str]:
    # Matching letters alone takes twice as long as matching letters and figures.
    found = set(_LONG.findall(text))
    mixed = {word for word in found if not word.isalpha()}
    return (found - mixed).union(*map(_CONTENT.findall, mixed))
