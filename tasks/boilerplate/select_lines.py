"""Selecting the article lines of a text together, so that the expected F1 of the whole is greatest."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tasks.boilerplate.boosted_trees import Floats
from tasks.boilerplate.line import Line
from tasks.boilerplate.live_report import find_live_report
from tasks.boilerplate.long_words import word_overlap
from tasks.boilerplate.model import LineScores
from warehouse.model.vocabulary import LineReason

# The threshold of every text lies between these probabilities.
MIN_THRESHOLD: Final = 0.05
MAX_THRESHOLD: Final = 0.6
MIN_BEST_LINE_PROBABILITY: Final = 0.3
MIN_ARTICLE_TOKENS: Final = 4

# A headline and its prose within this many lines below a heading begin another article.
SECOND_HEADLINE_WINDOW_LINES: Final = 6
MIN_SECOND_HEADLINE_WORDS: Final = 4
# Share of the headline's words that the prose under it repeats.
MIN_HEADLINE_SIMILARITY: Final = 0.6
# Longer than most titles.
MIN_PARAGRAPH_WORDS: Final = 18
# Shares of the threshold that are enough between selected lines, above the first and below the last.
INNER_THRESHOLD_SHARE: Final = 0.75
FIRST_THRESHOLD_SHARE: Final = 0.3
LAST_THRESHOLD_SHARE: Final = 0.6
# Of a sentence below an advert or a link, whatever stands below it.
RESUMED_SHARE: Final = 0.55
MIN_SENTENCE_WORDS: Final = 6
# A shorter last line must be selected by its own probability.
MIN_LAST_LINE_WORDS: Final = 10
# How far above the selected lines their introduction may stand.
MAX_INTRODUCTION_DISTANCE_LINES: Final = 4
COLONS: Final = (":", "：")
# Only a heading below this share of the likely text may close it: a link to the comments stands above all of it.
MIN_SHARE_ABOVE_CLOSING: Final = 0.2
# A box about the writer or a person of the story.
MAX_PROFILE_BOX_LINES: Final = 4

_CONTINUES: Final = (",", ";", "،", "，", "、", "—", *COLONS)


def select_likely_lines(scores: LineScores) -> set[int]:
    """Return the indexes of the lines above the threshold; empty if no line is likely enough."""
    probability = scores.probability
    if not len(probability) or probability.max() < MIN_BEST_LINE_PROBABILITY:
        return set()
    if probability @ scores.tokens < MIN_ARTICLE_TOKENS:
        return set()
    return set(np.flatnonzero(probability >= find_threshold(scores)).tolist())


def find_threshold(scores: LineScores) -> float:
    """Return the probability from which lines are taken: half of the greatest F1 expected of any threshold.

    F1 is weighted by tokens. Lipton, Elkan and Narayanaswamy (2014) prove why it is half. In a text with a clear
    article every doubtful line goes; where all lines are doubtful, the likeliest stay.
    """
    probability, tokens = scores.probability.astype(np.float64), scores.tokens.astype(np.float64)
    order = np.argsort(-probability, kind="stable")
    true_tokens = (probability * tokens)[order]
    expected_f1 = 2 * np.cumsum(true_tokens) / np.maximum(1, np.cumsum(tokens[order]) + true_tokens.sum())
    return float(np.clip(expected_f1.max() / 2, MIN_THRESHOLD, MAX_THRESHOLD))


def select_lines(lines: Sequence[Line], scores: LineScores) -> set[int]:
    """Return the indexes of article lines; empty if no line is likely enough.

    The likeliest lines are corrected by labels: a line that is labelled by its own text is never one.
    """
    selected = {index for index in select_likely_lines(scores) if lines[index].reason is None}
    if not selected:
        return set()
    end = _find_end(lines, scores, selected)
    selected = {index for index in selected if index < end}
    if len(selected) > 1 and _introduces_nothing(lines, max(selected)):
        selected.remove(max(selected))
    selected |= _nearly_likely(lines, scores, selected)
    selected |= _verses(lines, selected) | find_live_report(lines, selected)
    return selected - _profile_boxes(lines) or selected


def _introduces_nothing(lines: Sequence[Line], last: int) -> bool:
    """Return whether the last line introduces what is not selected: `Share this story:`, a heading of other stories."""
    line, above = lines[last], lines[last - 1]
    if line.text.endswith(COLONS):
        return True
    is_heading = line.word_count < MIN_LAST_LINE_WORDS and not line.ends_sentence and not line.has_bullet
    is_last_of_sentences = above.ends_sentence and not above.has_bullet
    return is_heading and is_last_of_sentences and last + 1 < len(lines)


def _find_end(lines: Sequence[Line], scores: LineScores, selected: set[int]) -> int:
    """Return the index at which the article ends at the latest: its tags, comments or a heading of another article."""
    prose_lines, tokens = 0, 0.0
    min_tokens = MIN_SHARE_ABOVE_CLOSING * float(scores.tokens[sorted(selected)].sum())
    for index in range(min(selected), max(selected) + 1):
        if index in selected:
            prose_lines += scores.is_prose[index]
            tokens += float(scores.tokens[index])
        closes = prose_lines > 1 and tokens >= min_tokens and _closes_article(lines[index])
        if closes or (prose_lines and _opens_another(lines, scores, index)):
            return index
    return max(selected) + 1


def _closes_article(line: Line) -> bool:
    is_comment_heading = line.reason is LineReason.COMMENT and any(cue.is_whole_line for cue in line.cues)
    return is_comment_heading or line.reason is LineReason.TAGS


def _opens_another(lines: Sequence[Line], scores: LineScores, index: int) -> bool:
    """Return whether a heading such as `Read also` is followed by a headline and by prose that repeats its words."""
    if lines[index].reason is not LineReason.RELATED or not any(cue.is_whole_line for cue in lines[index].cues):
        return False
    below = range(index + 1, min(len(lines), index + 1 + SECOND_HEADLINE_WINDOW_LINES))
    prose = next((lower for lower in below if scores.is_prose[lower]), None)
    if prose is None:
        return False
    headlines = (lines[upper] for upper in range(index + 1, prose) if lines[upper].reason is None)
    return any(
        line.word_count >= MIN_SECOND_HEADLINE_WORDS and word_overlap(line, [lines[prose]]) >= MIN_HEADLINE_SIMILARITY
        for line in headlines
    )


def _nearly_likely(lines: Sequence[Line], scores: LineScores, selected: set[int]) -> set[int]:
    """Return the nearly likely lines: between selected ones, a long first paragraph, a long last line."""
    threshold = find_threshold(scores)
    is_inner = scores.probability >= threshold * INNER_THRESHOLD_SHARE
    indexes = _between(lines, is_inner, selected) | _between_labelled(lines, is_inner, selected)
    below = max(selected) + 1
    while below < len(lines) and _may_stand_inside(lines[below]):
        below += 1
    share = scores.probability / threshold
    if below < len(lines) and _may_be_last(lines, below) and share[below] >= LAST_THRESHOLD_SHARE:
        indexes.add(below)
    return (
        indexes
        | _resumed(lines, share, max(selected) + 1)
        | _introduction(lines, scores.probability >= threshold * FIRST_THRESHOLD_SHARE, min(selected))
    )


def _resumed(lines: Sequence[Line], share: Floats, begin: int) -> set[int]:
    """Return the nearly likely sentences below adverts and links: these interrupt a text; another one has a heading."""
    indexes: set[int] = set()
    is_interrupted = False
    for index in range(begin, len(lines)):
        if _may_stand_inside(lines[index]):
            is_interrupted = True
        elif is_interrupted and _is_sentence(lines[index], MIN_SENTENCE_WORDS) and share[index] >= RESUMED_SHARE:
            indexes.add(index)
        else:
            break
    return indexes


def _may_stand_inside(line: Line) -> bool:
    """Return whether it is a label between paragraphs, too: of sharing, an advert, or one link on the same line."""
    has_link = any(cue.has_separator and not cue.is_whole_line for cue in line.cues)
    is_advert = line.reason is LineReason.BOILERPLATE and line.cue("advert") is not None
    return line.reason is LineReason.SHARE or is_advert or (line.reason is LineReason.RELATED and has_link)


def _may_be_last(lines: Sequence[Line], index: int) -> bool:
    """Return whether it is a long line at the end of the text, or right above what surely is no article."""
    line = lines[index]
    if line.reason is not None or line.has_bullet or line.word_count < MIN_LAST_LINE_WORDS:
        return False
    return index + 1 == len(lines) or lines[index + 1].reason is not None


def _introduction(lines: Sequence[Line], is_likely: NDArray[np.bool_], first: int) -> set[int]:
    """Return a long line shortly above the first selected one; the lines between too, unless it ends in a colon."""
    for index in range(first - 1, max(-1, first - 1 - MAX_INTRODUCTION_DISTANCE_LINES), -1):
        line = lines[index]
        if line.reason is not None:
            return set()
        if line.word_count < MIN_PARAGRAPH_WORDS:
            continue
        if is_likely[index:first].all():
            return set(range(index, first))
        if line.text.endswith(COLONS) and is_likely[index]:
            return {index}
    return set()


def _between(lines: Sequence[Line], is_likely: NDArray[np.bool_], selected: set[int]) -> set[int]:
    """Return the lines of gaps in which every line is nearly likely: subheadings, lists, short answers."""
    indexes: set[int] = set()
    for above, below in pairwise(sorted(selected)):
        gap = range(above + 1, below)
        if all(is_likely[index] and lines[index].reason is None for index in gap):
            indexes.update(gap)
    return indexes


def _between_labelled(lines: Sequence[Line], is_likely: NDArray[np.bool_], selected: set[int]) -> set[int]:
    """Return the nearly likely sentences inside, where each neighbour is selected, or labelled by its own text."""
    return {
        index
        for index in set(range(min(selected) + 1, max(selected))) - selected
        if is_likely[index]
        and _is_sentence(lines[index], MIN_LAST_LINE_WORDS)
        and all(near in selected or lines[near].reason is not None for near in (index - 1, index + 1))
    }


def _is_sentence(line: Line, min_words: int) -> bool:
    return line.reason is None and line.ends_sentence and not line.has_bullet and line.word_count >= min_words


def _verses(lines: Sequence[Line], selected: set[int]) -> set[int]:
    """Return unselected lines that continue a line above, which ends in a comma, semicolon, dash or colon."""
    verses: set[int] = set()
    for index in range(min(selected) + 1, max(selected)):
        line, above = lines[index], lines[index - 1]
        is_continued = above.text.endswith(_CONTINUES) and not above.has_bullet
        if index in selected or not is_continued or line.reason is not None or line.has_bullet:
            continue
        if index - 1 in selected or index - 1 in verses:
            verses.add(index)
    return verses


def _profile_boxes(lines: Sequence[Line]) -> set[int]:
    """Return the lines right below a heading such as `About the author`, up to the blank line that ends the box."""
    boxes: set[int] = set()
    for index, line in enumerate(lines):
        heading = line.cue("profile")
        if heading is None or not heading.is_whole_line or not line.after_blank:
            continue
        below = range(index + 1, min(len(lines), index + 2 + MAX_PROFILE_BOX_LINES))
        end = next((lower for lower in below if lines[lower].after_blank), len(lines))
        boxes.update(range(index + 1, end if end in below or end == len(lines) == below.stop else index + 1))
    return boxes
