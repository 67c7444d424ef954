"""Strip a document of the lines that are not its article, and read the metadata in them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from operator import attrgetter
from typing import Final

from config.sources import StripRules
from tasks.boilerplate.line import Line
from tasks.boilerplate.line_metadata import MAX_LINES_WITHOUT_TITLE, read_metadata_lines, read_page_lines
from tasks.boilerplate.lines import group_paragraphs
from tasks.boilerplate.page_lines import label_page
from tasks.boilerplate.recurring_lines import NO_RECURRING_LINES, RecurringLines
from tasks.boilerplate.text_lines import GUESSED_REASONS, label_text
from tasks.metadata.candidates import add_printed
from warehouse.model.records import Candidate, ExtractedArticle, Paragraphs, Rejection, StrippedLine
from warehouse.model.vocabulary import LineReason, Reason, Stage

# Extractors that keep every line of a document; the others select the article themselves.
LINE_EXTRACTORS: Final = {"text", "markdown"}
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
    return line.reason if reason in GUESSED_REASONS and line.reason is not None else reason


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
