"""Strip a document of the lines that are not its article, and read the metadata in them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from operator import attrgetter
from typing import Final

from config.sources import StripRules
from tasks.boilerplate.boosted_trees import Floats
from tasks.boilerplate.captions import read_caption
from tasks.boilerplate.line import Line
from tasks.boilerplate.line_metadata import MAX_LINES_WITHOUT_TITLE, read_metadata_lines, read_page_lines
from tasks.boilerplate.line_patterns import read_persons
from tasks.boilerplate.lines import group_paragraphs
from tasks.boilerplate.model import score_lines
from tasks.boilerplate.page_lines import label_page
from tasks.boilerplate.recurring_lines import NO_RECURRING_LINES, RecurringLines
from tasks.boilerplate.select_lines import select_lines
from tasks.boilerplate.title_line import find_standfirst, find_title
from tasks.boilerplate.uncased_names import is_uncased_name
from tasks.metadata.agencies import find_agencies
from tasks.metadata.candidates import add_printed
from warehouse.model.records import Candidate, ExtractedArticle, Paragraphs, Rejection, StrippedLine
from warehouse.model.vocabulary import LineReason, Reason, Stage

# Headings of these kinds label the lines below them.
_HEADING_REASONS: Final = {LineReason.RELATED, LineReason.COMMENT}
# Extractors that keep every line of a document; the others select the article themselves.
LINE_EXTRACTORS: Final = {"text", "markdown"}
_GUESSED_REASONS: Final = {LineReason.MENU, LineReason.BOILERPLATE}
_MAX_TAG_WORDS: Final = 4
_MAX_AGENCY_WORDS: Final = 4
_MAX_SIGNATURE_LINES: Final = 2
_MAX_MENU_WORDS: Final = 3
_MAX_HEADING_WORDS: Final = 6
# Of a page, above its first paragraph; every second one is blank.
_MAX_ROWS_ABOVE: Final = 30


def strip(
    article: ExtractedArticle, rules: StripRules, recurring: RecurringLines = NO_RECURRING_LINES
) -> ExtractedArticle | Rejection:
    """Return the article with its paragraphs only, a blank line between them; all other lines are in `stripped`.

    Stripped lines add the metadata in them (title, byline, dates, section, caption, credit, agencies, tags) to the
    candidates. Lines in `recurring` are stripped, unless no other line would be left. A line that a pattern of
    `rules.keep` or `rules.drop` matches is kept or dropped in any case. A text without article lines is rejected.
    """
    article = _take_back(article, rules)
    lines = group_paragraphs(_without_stripped(article))
    titles = [candidate.values[0] for candidate in article.candidates if candidate.field == "title"]
    authors = [name for candidate in article.candidates if candidate.field == "authors" for name in candidate.values]
    has_all_lines = article.extractor in LINE_EXTRACTORS
    reasons = (
        label_text(lines, next(iter(titles), None)).reasons if has_all_lines else label_page(lines, titles, authors)
    )
    reasons = _apply_rules(lines, recurring.strip(lines, reasons), rules)

    paragraphs = [line.text for line, reason in zip(lines, reasons, strict=True) if reason is None]
    if not any(character.isalpha() for paragraph in paragraphs for character in paragraph):
        return _reject(article, lines)
    candidates = read_metadata_lines(lines, reasons) if has_all_lines else _read_stripped(article, lines, reasons)
    stripped = tuple(
        StrippedLine(number, reason, part)
        for line, reason in zip(lines, reasons, strict=True)
        if reason is not None
        for number, part in zip(line.numbers, line.parts, strict=True)
    )
    return replace(
        article,
        paragraphs=Paragraphs(tuple(paragraphs)),
        candidates=add_printed(article.candidates, candidates),
        stripped=tuple(sorted(article.stripped + stripped, key=attrgetter("line"))),
    )


def _read_stripped(
    article: ExtractedArticle, lines: Sequence[Line], reasons: Sequence[LineReason | None]
) -> tuple[Candidate, ...]:
    """Return the candidates in the stripped lines of a page: those of its extractor and those of `lines`."""
    article_lines = [line for line, reason in zip(lines, reasons, strict=True) if reason is None]
    first = article_lines[0].numbers[0]
    rows = article.paragraphs.lines
    reason_of = {line.line: line.reason for line in article.stripped}
    reason_of |= {line.numbers[0]: reason for line, reason in zip(lines, reasons, strict=True) if reason is not None}
    numbers = [number for number in range(max(0, first - _MAX_ROWS_ABOVE), first) if rows[number]]
    titles = [index for index, number in enumerate(numbers) if reason_of.get(number) is LineReason.TITLE]
    # No line is read above the one before the title, or before the last few.
    start = titles[-1] if titles else len(numbers) - MAX_LINES_WITHOUT_TITLE
    begin = numbers[max(0, start - 1)] if numbers else first
    above = group_paragraphs(rows[begin : first + 1])
    above_reasons = [_reason_on_page(line, reason_of.get(begin + line.numbers[0])) for line in above]
    return read_page_lines([*above, article_lines[-1]], [*above_reasons, None])


def _reason_on_page(line: Line, reason: LineReason | None) -> LineReason | None:
    """Return the reason that a stripped line shows itself where its position on the page says little."""
    return line.reason if reason in _GUESSED_REASONS and line.reason is not None else reason


def _take_back(article: ExtractedArticle, rules: StripRules) -> ExtractedArticle:
    """Return the article with the lines back that its extractor stripped and a pattern of `rules.keep` matches."""
    if not (article.stripped and rules.keep):
        return article
    keep = [re.compile(pattern) for pattern in rules.keep]
    stripped = tuple(line for line in article.stripped if not any(pattern.search(line.text) for pattern in keep))
    return replace(article, stripped=stripped)


def _without_stripped(article: ExtractedArticle) -> Sequence[str]:
    """Return the lines of a document, blank where its extractor took a line for no article text."""
    lines = list(article.paragraphs.lines)
    for line in article.stripped:
        lines[line.line] = ""
    return lines


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
        elif title < index < text and reasons[index] in _GUESSED_REASONS and _is_agency(line):
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
    if index == 0 or reasons[index - 1] is not LineReason.TAGS or reasons[index] not in _GUESSED_REASONS:
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
        if reasons[index] in _GUESSED_REASONS and find_agencies(name := lines[index].bare.strip("()[]/ ")) == (name,):
            reasons[index] = LineReason.AGENCY


def _is_agency(line: Line) -> bool:
    return line.word_count <= _MAX_AGENCY_WORDS and bool(find_agencies(line.bare))


def _apply_rules(
    lines: Sequence[Line], reasons: Sequence[LineReason | None], rules: StripRules
) -> list[LineReason | None]:
    """Return the reasons after the source's own rules; `keep` wins over `drop`."""
    keep, drop = ([re.compile(pattern) for pattern in patterns] for patterns in (rules.keep, rules.drop))

    def apply(line: Line, reason: LineReason | None) -> LineReason | None:
        if any(pattern.search(line.text) for pattern in keep):
            return None
        return LineReason.SITE_RULE if any(pattern.search(line.text) for pattern in drop) else reason

    if not (keep or drop):
        return list(reasons)
    return [apply(line, reason) for line, reason in zip(lines, reasons, strict=True)]


def _reject(article: ExtractedArticle, lines: Sequence[Line]) -> Rejection:
    detail = f"none of its {len(lines):,} lines reads like an article's; keep them with [strip] keep if one is"
    return article.raw.reject(Stage.STRIP, Reason.NO_ARTICLE, detail)
