"""Labelling the lines of a plain text, whose extractor kept every line.

Nothing says where a line stood on a page: the model chooses the lines of the article. Each other line is labelled by
its own cues, by the heading above it, and by its neighbours.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from tasks.boilerplate.boosted_trees import Floats
from tasks.boilerplate.captions import read_caption
from tasks.boilerplate.line import Line
from tasks.boilerplate.line_patterns import read_persons
from tasks.boilerplate.model import score_lines
from tasks.boilerplate.select_lines import select_lines
from tasks.boilerplate.title_line import find_standfirst, find_title
from tasks.boilerplate.uncased_names import is_uncased_name
from tasks.metadata.agencies import find_agencies
from warehouse.model.vocabulary import LineReason

# Headings of these kinds label the lines below them.
_HEADING_REASONS: Final = {LineReason.RELATED, LineReason.COMMENT}
# What a line gets that shows no label itself.
GUESSED_REASONS: Final = {LineReason.MENU, LineReason.BOILERPLATE}
_MAX_TAG_WORDS: Final = 4
_MAX_AGENCY_WORDS: Final = 4
_MAX_SIGNATURE_LINES: Final = 2
_MAX_MENU_WORDS: Final = 3
_MAX_HEADING_WORDS: Final = 6


@dataclass(frozen=True, slots=True)
class Labels:
    """A label for each line of a plain text, and the model's probabilities."""

    reasons: list[LineReason | None]
    """Why the line is stripped; None for article text."""
    probability: Floats
    """The model's probability that the line is article text; cues and neighbours may have overruled it."""


def label_text(lines: Sequence[Line], title: str | None) -> Labels:
    """Label each line of a plain text. Without an article, every line has a reason."""
    scores = score_lines(lines)
    article = select_lines(lines, scores)
    begin, end = min(article, default=0), max(article, default=-1) + 1
    title_lines = find_title(lines, article, title, scores.probability)
    article = _below_title(title_lines, article)
    standfirst = find_standfirst(lines, title_lines, article) if title_lines and article else set()
    first = min(article, default=0)
    article |= standfirst
    reasons: list[LineReason | None] = []
    heading: LineReason | None = None
    for index, line in enumerate(lines):
        if index in article:
            reasons.append(None)
            heading = None
            continue
        if index in title_lines:  # what stands below it is about this article
            reasons.append(LineReason.TITLE)
            heading = None
            continue
        reason = line.reason
        if reason in _HEADING_REASONS and _is_heading(line):
            heading = reason
        is_prose_below = scores.is_prose[index] and index >= end
        if is_prose_below and reasons[-1:] == [LineReason.LEGAL]:  # small print goes on
            reason = LineReason.LEGAL
        reasons.append(reason or _guess_reason(line, is_prose_below, heading, begin <= index < end))
    reasons = _correct_by_neighbours(lines, reasons, min(title_lines, default=0), first)
    _label_signature(lines, reasons, max(article, default=-1) + 1)
    return Labels(reasons, scores.probability)


def _is_heading(line: Line) -> bool:
    """Return whether the line is only a cue, or a cue that few words complete: `Most read in Books`."""
    is_short = line.word_count <= _MAX_HEADING_WORDS
    return any(cue.is_whole_line or (is_short and cue.word_count > 1 and not cue.has_separator) for cue in line.cues)


def _below_title(title_lines: set[int], article: set[int]) -> set[int]:
    """Return the article lines below the title; lines above it are another article's, unless they are the most."""
    rest = article - title_lines
    below = {index for index in rest if index > max(title_lines, default=-1)}
    return below if len(below) * 2 >= len(rest) else rest


def _guess_reason(line: Line, is_prose_below: bool, heading: LineReason | None, is_inside: bool) -> LineReason:
    """Guess why a line without a label is stripped, from the heading above it and from its length."""
    if heading is LineReason.COMMENT:
        return LineReason.COMMENT
    if is_prose_below:
        return LineReason.SECOND_ARTICLE
    if heading is LineReason.RELATED:
        return LineReason.RELATED
    return LineReason.MENU if line.word_count <= _MAX_MENU_WORDS and not is_inside else LineReason.BOILERPLATE


def _correct_by_neighbours(
    lines: Sequence[Line], reasons: list[LineReason | None], title: int, text: int
) -> list[LineReason | None]:
    """Correct the reasons by neighbours and repeats; `title` and `text` are the first indexes of title and article."""
    captions = {
        caption[0] for line in lines if line.reason is LineReason.CAPTION and (caption := read_caption(line.bare))
    }
    for index, line in enumerate(lines):
        if reasons[index] is None or reasons[index] is LineReason.TITLE:
            continue
        if line.bare in captions:
            reasons[index] = LineReason.CAPTION
        elif not title <= index <= text and _is_section_name(line) and _is_in_menu(reasons, index):
            reasons[index] = LineReason.MENU
        elif _is_tag(lines, reasons, index):
            reasons[index] = LineReason.TAGS
        elif title < index < text and _is_byline(lines, reasons, index):
            reasons[index] = LineReason.BYLINE
        elif title < index < text and reasons[index] in GUESSED_REASONS and _is_agency(line):
            reasons[index] = LineReason.AGENCY
    return reasons


def _is_section_name(line: Line) -> bool:
    cue = line.cue("section")
    return cue is not None and cue.is_whole_line


def _is_in_menu(reasons: Sequence[LineReason | None], index: int) -> bool:
    around = reasons[max(0, index - 1) : index + 2]
    return LineReason.MENU in around or around.count(LineReason.SECTION) > 1


def _is_tag(lines: Sequence[Line], reasons: Sequence[LineReason | None], index: int) -> bool:
    """Return whether it is a short line below a label of tags, or below another tag."""
    if index == 0 or reasons[index - 1] is not LineReason.TAGS or reasons[index] not in GUESSED_REASONS:
        return False
    cue = lines[index - 1].cue("tags")
    return lines[index].word_count <= _MAX_TAG_WORDS and (cue is None or cue.is_whole_line)


def _is_byline(lines: Sequence[Line], reasons: Sequence[LineReason | None], index: int) -> bool:
    """Return whether it has only names and roles, next to the date or below a label such as `Author`.

    In a script without capitals a name is known only between the title and the date.
    """
    if lines[index].reason is not None:
        return False
    has_label = any(cue.is_whole_line and cue.kind == "byline" for cue in lines[index - 1].cues)
    is_by_date = LineReason.DATE_LINE in (reasons[index - 1], reasons[index + 1])
    if (has_label or is_by_date) and read_persons(lines[index].bare):
        return True
    is_between = reasons[index - 1] is LineReason.TITLE and reasons[index + 1] is LineReason.DATE_LINE
    return is_between and is_uncased_name(lines[index].bare)


def _label_signature(lines: Sequence[Line], reasons: list[LineReason | None], begin: int) -> None:
    """Label the agency that stands alone below the text."""
    for index in range(begin, min(len(lines), begin + _MAX_SIGNATURE_LINES)):
        if reasons[index] in GUESSED_REASONS and find_agencies(name := lines[index].bare.strip("()[]/ ")) == (name,):
            reasons[index] = LineReason.AGENCY


def _is_agency(line: Line) -> bool:
    return line.word_count <= _MAX_AGENCY_WORDS and bool(find_agencies(line.bare))
