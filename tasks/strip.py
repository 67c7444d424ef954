"""Strip a document of what is not its article; what is stripped is read, not thrown away."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from config.sources import StripRules
from tasks.boilerplate.line_features import Floats
from tasks.boilerplate.line_metadata import read_credits
from tasks.boilerplate.line_patterns import is_name, read_caption
from tasks.boilerplate.lines import Line, group_paragraphs
from tasks.boilerplate.model import score_lines
from tasks.boilerplate.page_lines import label_page
from tasks.boilerplate.recurring_lines import NONE, Habits
from tasks.boilerplate.select_lines import find_body
from tasks.boilerplate.title_line import find_headline, find_standfirst
from tasks.metadata.agencies import find_agencies
from warehouse.model.records import ExtractedArticle, Paragraphs, Rejection, StrippedLine
from warehouse.model.vocabulary import LineReason, Reason, Stage

_OPENERS: Final = {LineReason.RELATED, LineReason.COMMENT}
"""Kinds of heading that say what the lines after them are."""
READ_BY_LINE: Final = {"text", "markdown"}
"""Extractors that leave every line in; the others chose what is text."""
_READ: Final = {LineReason.SECTION, LineReason.CAPTION, LineReason.CREDIT, LineReason.DATE_LINE, LineReason.BYLINE}
_UNREAD: Final = {LineReason.MENU, LineReason.BOILERPLATE}
_TAG_WORDS: Final = 4
_SIGNED_WORDS: Final = 4
_MENU_WORDS: Final = 3
_HEADING_WORDS: Final = 6


def strip(found: ExtractedArticle, rules: StripRules, habits: Habits = NONE) -> ExtractedArticle | Rejection:
    """The document with its paragraphs only, a blank line between them; every other line is in `stripped`.

    Stripped lines add what they state (title, byline, dates, section, caption, credit, agencies, tags) to the
    candidates. `habits` are what its site repeats: of such lines none is kept, unless no other would be. A line that a
    pattern of `rules.keep` or `rules.drop` finds is kept or dropped whatever else it is. A text without an article is
    refused.
    """
    lines = group_paragraphs(found.paragraphs.lines)
    titles = [one.values[0] for one in found.candidates if one.field == "title"]
    is_text = found.extractor in READ_BY_LINE
    reasons = label_text(lines, next(iter(titles), None)).reasons if is_text else label_page(lines, titles)
    reasons = _overrule(lines, habits.strip(lines, reasons), rules)

    kept = [line for line, reason in zip(lines, reasons, strict=True) if reason is None]
    if not any(sign.isalpha() for line in kept for sign in line.text):
        return _refuse(found, lines)
    stated = read_credits(lines, reasons) if is_text else ()
    return replace(
        found,
        paragraphs=Paragraphs(tuple(line.text for line in kept)),
        candidates=(*found.candidates, *stated),
        stripped=tuple(
            StrippedLine(number, reason, part)
            for line, reason in zip(lines, reasons, strict=True)
            if reason is not None
            for number, part in zip(line.numbers, line.parts, strict=True)
        ),
    )


@dataclass(frozen=True, slots=True)
class Labels:
    """What each line of a plain text is, and how sure that is."""

    reasons: list[LineReason | None]
    """None is article text."""
    chance: Floats
    """The probability, by the model alone, that the line is article text; cues and neighbours may have overruled it."""


def label_text(lines: Sequence[Line], title: str | None) -> Labels:
    """What each line of a plain text is. All have a reason where there is no article."""
    scores = score_lines(lines)
    kept = find_body(lines, scores)
    begin, end = min(kept, default=0), max(kept, default=-1) + 1
    headline = find_headline(lines, kept, title)
    kept = _below(headline, kept)
    if headline and kept:
        kept |= find_standfirst(lines, headline, kept)
    reasons: list[LineReason | None] = []
    under: LineReason | None = None
    for place, line in enumerate(lines):
        if place in kept:
            reasons.append(None)
            under = None
            continue
        reason = LineReason.TITLE if place in headline else line.reason
        if reason in _OPENERS and _heads(line):
            under = reason
        prose = scores.prose[place] and place >= end
        if prose and reasons[-1:] == [LineReason.LEGAL]:  # small print goes on
            reason = LineReason.LEGAL
        reasons.append(reason or _guess(line, prose, under, begin <= place < end))
    return Labels(_corrected(lines, reasons, min(headline, default=0), min(kept, default=0)), scores.chance)


def _heads(line: Line) -> bool:
    """Whether it is a cue and nothing else, or one that few words finish: `Most read in Books`."""
    few = line.words <= _HEADING_WORDS
    return any(cue.alone or (few and cue.words > 1 and not cue.labelled) for cue in line.cues)


def _below(headline: set[int], kept: set[int]) -> set[int]:
    """What is kept below the title; what stands above it is another article's, unless that is most of it."""
    rest = kept - headline
    below = {place for place in rest if place > max(headline, default=-1)}
    return below if len(below) * 2 >= len(rest) else rest


def _guess(line: Line, prose: bool, under: LineReason | None, inside: bool) -> LineReason:
    """What a line without a cue is, from what it stands under and how it reads."""
    if under is LineReason.COMMENT:
        return LineReason.COMMENT
    if prose:
        return LineReason.SECOND_ARTICLE
    if under is LineReason.RELATED:
        return LineReason.RELATED
    return LineReason.MENU if line.words <= _MENU_WORDS and not inside else LineReason.BOILERPLATE


def _corrected(
    lines: Sequence[Line], reasons: list[LineReason | None], begin: int, end: int
) -> list[LineReason | None]:
    """The reasons, where neighbours and repeats tell more; the title is at `begin`, the text starts at `end`."""
    captions = {read[0] for line in lines if line.reason is LineReason.CAPTION and (read := read_caption(line.bare))}
    for place, line in enumerate(lines):
        if reasons[place] is None or reasons[place] is LineReason.TITLE:
            continue
        if line.bare in captions:
            reasons[place] = LineReason.CAPTION
        elif not begin <= place <= end and _names_section(line) and _in_menu(reasons[max(0, place - 1) : place + 2]):
            reasons[place] = LineReason.MENU
        elif _is_tag(lines, reasons, place):
            reasons[place] = LineReason.TAGS
        elif begin < place < end and _is_byline(lines, reasons, place):
            reasons[place] = LineReason.BYLINE
        elif (
            begin < place < end
            and reasons[place] in _UNREAD
            and line.words <= _SIGNED_WORDS
            and find_agencies(line.bare)
        ):
            reasons[place] = LineReason.AGENCY
    return reasons


def _names_section(line: Line) -> bool:
    cue = line.cue("section")
    return cue is not None and cue.alone


def _in_menu(around: Sequence[LineReason | None]) -> bool:
    return LineReason.MENU in around or around.count(LineReason.SECTION) > 1


def _is_tag(lines: Sequence[Line], reasons: Sequence[LineReason | None], place: int) -> bool:
    """Whether it is a short line below a label of tags, or below such a line."""
    if place == 0 or reasons[place - 1] is not LineReason.TAGS or reasons[place] not in _UNREAD:
        return False
    above = lines[place - 1].cue("tags")
    return lines[place].words <= _TAG_WORDS and (above is None or above.alone)


def _is_byline(lines: Sequence[Line], reasons: Sequence[LineReason | None], place: int) -> bool:
    """Whether it is a name that stands alone, next to the date or below a label such as `Author`."""
    if reasons[place] in _READ or not is_name(lines[place].bare):
        return False
    labelled = any(cue.alone and cue.kind == "byline" for cue in lines[place - 1].cues)
    return labelled or LineReason.DATE_LINE in (reasons[place - 1], reasons[place + 1])


def _overrule(
    lines: Sequence[Line], reasons: Sequence[LineReason | None], rules: StripRules
) -> list[LineReason | None]:
    """The reasons as the source's own rules would have them; to keep goes before to drop."""
    keep, drop = ([re.compile(pattern) for pattern in patterns] for patterns in (rules.keep, rules.drop))

    def overruled(line: Line, reason: LineReason | None) -> LineReason | None:
        if any(pattern.search(line.text) for pattern in keep):
            return None
        return LineReason.SITE_RULE if any(pattern.search(line.text) for pattern in drop) else reason

    if not (keep or drop):
        return list(reasons)
    return [overruled(line, reason) for line, reason in zip(lines, reasons, strict=True)]


def _refuse(found: ExtractedArticle, lines: Sequence[Line]) -> Rejection:
    detail = f"none of its {len(lines):,} lines reads like an article's; keep them with [strip] keep if one is"
    item = found.raw.item
    return Rejection(item.source_id, item.url, found.raw.capture.capture_id, Stage.STRIP, Reason.NO_ARTICLE, detail)
