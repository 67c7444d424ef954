"""Metadata in the lines around an article: title, byline, dates, section, caption, credit, agencies, tags.

Teasers of other articles have such lines too, so only the lines near the article are read.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Final

from tasks.boilerplate.captions import read_caption
from tasks.boilerplate.cues import find_cues
from tasks.boilerplate.line import Line
from tasks.boilerplate.line_dates import find_day, read_dates, skip_zone
from tasks.boilerplate.line_patterns import (
    is_name,
    is_reporter,
    read_dateline,
    read_dateline_writers,
    read_persons,
    read_section,
    read_tags,
)
from tasks.boilerplate.uncased_names import is_han_name
from tasks.metadata.agencies import find_agencies
from warehouse.model.records import Candidate
from warehouse.model.vocabulary import LineReason, Origin

# Further away from title and text, lines are about other articles.
MAX_LINES_ABOVE: Final = 12
MAX_LINES_BELOW: Final = 8

_LIST_SEPARATOR: Final = re.compile(r"(?:(?<!\s)\s++)?[,;/،、&]\s*|(?<!\s)\s++(?:and|und|et|y|e|и|و)\s+")
_MAX_CREDIT_WORDS: Final = 6
_MAX_NAME_WORDS: Final = 4
_MAX_NAME_CHARACTERS: Final = 40
_MAX_MIXED_WORDS: Final = 25
_PART_SEPARATOR: Final = re.compile(r"(?:(?<!\s)\s++)?[|•·]\s*|(?<!\s)\s++[-–—/]\s+")
# Around a date: `28 April 2024, 14:26 Uhr, Ann Lee`, `Written by Ann Lee on 3 May`.
_PART_EDGES: Final = " ,;:-–—"
_CLOCK_WORD: Final = re.compile(r"(?:^|\s)(?:uhr|hrs?|on|at|am|um|le|el)(?=\s|,|$)", re.IGNORECASE)
_BEFORE_SECTION: Final = re.compile(r"(\S+(?:\s\S+){1,3}?)\s(?:in|under|//|filed under:?)\s.+")
# `2026-11-03 18:04 港口報／記者高美玲／即時報導`
_HAN_WRITER: Final = re.compile(r"(?:作者|撰文|記者|记者)\s?[:：／/]?\s?([一-鿿]{2,3})(?![一-鿿])")
_SIGNATURE: Final = re.compile(r"[(\[（【]([^()\[\]（）【】]{2,60})[)\]）】]\s*$|[.!?]\W?\s([^\W\d_]{2,8})$")
# Lines of these kinds print no date or writer of this article.
_WITHOUT_BYLINE: Final = {
    LineReason.TITLE,
    LineReason.RELATED,
    LineReason.CAPTION,
    LineReason.LEGAL,
    LineReason.COMMENT,
    LineReason.SECOND_ARTICLE,
}
# Below the text, what follows such a line is about something else.
_OTHER_TEXT: Final = {LineReason.COMMENT, LineReason.SECOND_ARTICLE}
# Of a page: what stands further above its headline or its text is about other articles.
MAX_LINES_WITHOUT_TITLE: Final = 4
_OTHERS: Final = _WITHOUT_BYLINE - {LineReason.CAPTION}
# Below a title, a name alone may have such a label.
_NAMELESS: Final = {LineReason.MENU, LineReason.BOILERPLATE, LineReason.AGENCY}
MAX_LINES_BELOW_STANDFIRST: Final = 8
# Further below the title, a line in capitals is no name.
MAX_LINES_TO_NAME: Final = 5
_PAGE_FIELDS: Final = {"by", "published_at", "modified_at", "image_caption", "image_credit", "info_sources", "located"}


def read_metadata_lines(lines: Sequence[Line], reasons: Sequence[LineReason | None]) -> tuple[Candidate, ...]:
    """Return candidates from the stripped lines and the dateline of a text; of each field the likeliest first."""
    article = [index for index, reason in enumerate(reasons) if reason is None]
    if not article:
        return ()
    candidates: list[Candidate] = []
    unlabelled: list[Candidate] = []
    doubtful: list[Candidate] = []
    for index in _lines_near(reasons, article):
        reason = reasons[index]
        if reason is not None:
            read = _read_line(lines, reasons, index, reason)
            is_editor = lines[index].cue("editor") is not None
            is_unlabelled = not _has_separate_label(lines[index]) and (
                index > article[0] or lines[index].reason is None
            )
            if is_editor or is_unlabelled:
                lesser = doubtful if is_editor or index > article[0] else unlabelled
                lesser += [candidate for candidate in read if candidate.field == "by"]
                read = [candidate for candidate in read if candidate.field != "by"]
            candidates += read
            if reason not in _WITHOUT_BYLINE and index < article[0]:
                mixed = _read_mixed(lines[index], reason)
                candidates += [candidate for candidate in mixed if candidate.field != "by"]
                unlabelled += [candidate for candidate in mixed if candidate.field == "by" and candidate.values]
    candidates += (unlabelled or _read_names(lines, reasons, article)) + doubtful
    # A breadcrumb names the section; a word such as `Opinion` may as well name the kind of text.
    if any(candidate.field == "section" for candidate in candidates):
        names = {line.bare for line in lines if line.cue("section")}
        candidates.sort(key=lambda candidate: candidate.field == "section" and candidate.values[0] in names)
    candidates += _read_text(lines[article[0]].text, lines[article[-1]].text)
    return _unique(candidates)


def read_page_lines(lines: Sequence[Line], reasons: Sequence[LineReason | None]) -> tuple[Candidate, ...]:
    """Return candidates from the lines of a page between its headline and its text, and from dateline and signature.

    Elsewhere on a page stand other articles, whose days and writers look the same. A page states its title and its
    section itself.
    """
    article = [index for index, reason in enumerate(reasons) if reason is None]
    if not article:
        return ()
    first = article[0]
    titles = [index for index, reason in enumerate(reasons) if reason is LineReason.TITLE and index < first]
    start = max(titles, default=first) if titles else max(0, first - MAX_LINES_WITHOUT_TITLE)
    start = start if first - start <= MAX_LINES_ABOVE else first
    candidates: list[Candidate] = []
    for index in range(start, first):
        if (reason := reasons[index]) is not None and reason not in _OTHERS:
            candidates += _read_line(lines, reasons, index, reason)
            if reason not in _WITHOUT_BYLINE:
                candidates += _read_mixed(lines[index], reason)
    if start and reasons[start - 1] is LineReason.DATE_LINE:
        candidates += _read_dates(lines[start - 1])
    candidates += _read_text(lines[first].text, lines[article[-1]].text)
    return _unique(candidate for candidate in candidates if candidate.field in _PAGE_FIELDS)


def _candidate(field: str, *values: str) -> Candidate:
    return Candidate(field, values, Origin.TEXT)


def _lines_near(reasons: Sequence[LineReason | None], article: Sequence[int]) -> Iterable[int]:
    """Return the indexes of the lines near the article, the surest to be about it first.

    Lines between title and text are the surest; then those below the text, then those above, from the nearest up. Last
    come lines between paragraphs: embedded posts and teasers of other articles have dates of their own.
    """
    first, last = article[0], article[-1]
    titles = [index for index, reason in enumerate(reasons) if reason is LineReason.TITLE and index <= first]
    start = min(titles, default=first)
    above = range(max(0, start - (MAX_LINES_ABOVE if titles else 2 * MAX_LINES_ABOVE)), start)
    below = range(last + 1, min(len(reasons), last + 1 + MAX_LINES_BELOW))
    return chain(range(start, first), _until_other_text(below, reasons), reversed(above), range(first + 1, last))


def _until_other_text(below: range, reasons: Sequence[LineReason | None]) -> range:
    other = (index for index in below if reasons[index] in _OTHER_TEXT)
    return range(below.start, next(other, below.stop))


def _read_line(
    lines: Sequence[Line], reasons: Sequence[LineReason | None], index: int, reason: LineReason
) -> list[Candidate]:
    line = lines[index]
    candidates: list[Candidate] = []
    match reason:
        case LineReason.TITLE:
            candidates = [_candidate("title", line.bare)]
        case LineReason.SECTION:
            candidates = [_candidate("section", read_section(line.text) or line.bare)]
        case LineReason.BYLINE:
            candidates = [_candidate("by", _read_byline(lines, reasons, index)), *_read_dates(line)]
        case LineReason.CAPTION | LineReason.CREDIT:
            caption, credit = read_caption(line.bare) or ("", "")
            candidates = [_candidate("image_caption", caption), _candidate("image_credit", credit)]
        case LineReason.AGENCY:
            candidates = [_candidate("info_sources", *_read_agencies(line))]
        case LineReason.TAGS:
            candidates = [_candidate("tags", *_read_tags(lines, reasons, index))]
        case LineReason.DATE_LINE:
            candidates = _read_dates(line)
        case _:
            pass
    return candidates


def _read_mixed(line: Line, reason: LineReason) -> list[Candidate]:
    """Read date and writer of a line above the text that prints both: `Ann Lee • 3 May 2024 • 4 minutes`."""
    if line.word_count > _MAX_MIXED_WORDS or line.ends_sentence or (day := find_day(line.text)) is None:
        return []
    end = skip_zone(line.text, day[1])
    parts = _PART_SEPARATOR.split(f"{line.text[: day[0]]} | {line.text[end:]}")
    names = [name for part in parts if reason is not LineReason.BYLINE and (name := _read_writer(part))]
    return [_candidate("by", *names[:1]), *_read_dates(line)]


def _read_names(lines: Sequence[Line], reasons: Sequence[LineReason | None], article: Sequence[int]) -> list[Candidate]:
    """Read the writers whose names stand alone below the title; persons of the story have theirs in the text too."""
    first = article[0]
    titles = [index for index, reason in enumerate(reasons[:first]) if reason is LineReason.TITLE]
    if not titles or first - titles[-1] > MAX_LINES_ABOVE:
        return []
    # A standfirst may stand between the title and the name.
    end = article[1] if len(article) > 1 and article[1] <= first + MAX_LINES_BELOW_STANDFIRST else first
    names: list[str] = []
    for index in range(titles[-1] + 1, min(end, titles[-1] + 1 + MAX_LINES_TO_NAME)):
        if reasons[index] in _NAMELESS and (persons := read_persons(lines[index].bare)):
            names += persons
        elif names:
            break
    texts = [lines[index].text for index in article]
    # What begins with the name is about its bearer: `Ann Lee is our correspondent in Rome.`
    is_person_of_story = any(name in text and not text.startswith(name) for name in names for text in texts)
    return [] if is_person_of_story else [_candidate("by", ", ".join(dict.fromkeys(names)))]


def _read_writer(part: str) -> str:
    """Return the writer in a part of such a line: a name, or what follows a label; empty if there is none."""
    text = _read_part(part)
    # `by Ann Lee in Energy // 4 Comments`
    text = section[1] if (section := _BEFORE_SECTION.match(text)) and is_name(section[1]) else text
    has_label = any(cue.kind == "byline" and cue.has_separator for cue in find_cues(part))
    is_short = 0 < len(text.split()) <= _MAX_NAME_WORDS and len(text) <= _MAX_NAME_CHARACTERS
    is_writer = is_name(text) or is_reporter(text) or is_han_name(text)
    if is_writer or (has_label and is_short):
        return text
    match = _HAN_WRITER.search(part)
    return match[1] if match else ""


def _has_separate_label(line: Line) -> bool:
    """Return whether a label such as `Reporter:` stands before a byline."""
    cue = line.cue("byline")
    return cue is not None and (cue.has_separator or cue.is_whole_line)


def _read_part(part: str) -> str:
    """Return a part of such a line without the words of the date and `Written by`; empty for `Last Updated`."""
    part = _CLOCK_WORD.sub(" ", part).strip(_PART_EDGES)
    cues = find_cues(part)
    label = next((cue for cue in cues if cue.kind == "byline"), None)
    if label:
        return label.rest
    return "" if any(cue.is_whole_line for cue in cues) else part


def _read_dates(line: Line) -> list[Candidate]:
    return [_candidate(field, date) for field, date in read_dates(line.text)]


def _read_byline(lines: Sequence[Line], reasons: Sequence[LineReason | None], index: int) -> str:
    """Return the byline, from the line below if this one is only a label."""
    cue = lines[index].cue("byline")
    if cue is None or not cue.is_whole_line:
        return lines[index].bare
    below = lines[index + 1] if index + 1 < len(lines) and reasons[index + 1] is not None else None
    return below.bare if below and (below.word_count <= _MAX_NAME_WORDS or read_persons(below.bare)) else ""


def _read_agencies(line: Line) -> tuple[str, ...]:
    """Return the agencies that a line such as `Source: TASS, AFP` names."""
    cue = line.cue("agency")
    text = cue.rest if cue else line.bare
    if agencies := find_agencies(text):
        return agencies
    is_short_list = cue is not None and cue.has_separator and len(text.split()) <= _MAX_CREDIT_WORDS
    return tuple(part for part in _LIST_SEPARATOR.split(text.rstrip(".")) if part) if is_short_list else ()


def _read_tags(lines: Sequence[Line], reasons: Sequence[LineReason | None], index: int) -> tuple[str, ...]:
    """Return the tags of a line with a label, from the tag lines below if the line is only a label."""
    cue = lines[index].cue("tags")
    if cue is None:
        return ()
    if not cue.is_whole_line:
        return read_tags(cue.rest)
    end = index + 1
    while end < len(lines) and reasons[end] is LineReason.TAGS and not lines[end].cue("tags"):
        end += 1
    return tuple(tag for line in lines[index + 1 : end] for tag in read_tags(line.bare))


def _read_text(first_paragraph: str, last_paragraph: str) -> list[Candidate]:
    """Read the dateline of the first paragraph, and the agencies that sign the last one."""
    location, agency = read_dateline(first_paragraph)
    candidates = [
        _candidate("located", location or ""),
        _candidate("by", read_dateline_writers(first_paragraph) or ""),
        _candidate("info_sources", *find_agencies(agency or "")),
    ]
    if signature := _SIGNATURE.search(last_paragraph[-80:]):
        candidates.append(_candidate("info_sources", *find_agencies(signature[1] or signature[2])))
    return candidates


def _unique(candidates: Iterable[Candidate]) -> tuple[Candidate, ...]:
    """Return each candidate with a value once, the longest title first: a title that was cut short is printed twice."""
    unique = dict.fromkeys(candidate for candidate in candidates if any(candidate.values))
    return tuple(sorted(unique, key=lambda candidate: -len(candidate.values[0]) if candidate.field == "title" else 0))
