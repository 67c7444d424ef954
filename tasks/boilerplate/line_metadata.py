"""What the lines around an article state of it: title, byline, dates, section, caption, credit, agencies, tags.

Other articles' teasers state such things as well, so only the lines near the article are read.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Final

from tasks.boilerplate.line_patterns import (
    find_day,
    is_name,
    read_caption,
    read_dateline,
    read_dates,
    read_section,
    read_tags,
)
from tasks.boilerplate.lines import Line
from tasks.metadata.agencies import find_agencies
from warehouse.model.records import Candidate
from warehouse.model.vocabulary import LineReason, Origin

ABOVE: Final = 12
"""Lines above the title, or above the text where none is printed, that may speak of the article."""
BELOW: Final = 8
"""Lines below its last paragraph that may."""

_LABEL: Final = re.compile(r"(?:(?<!\s)\s++)?[,;/،、&]\s*|(?<!\s)\s++(?:and|und|et|y|e|и|و)\s+")
_CREDITED_WORDS: Final = 6
_MIXED_WORDS: Final = 25
_PART: Final = re.compile(r"(?:(?<!\s)\s++)?[|•·]\s*|(?<!\s)\s++[-–—]\s+")
_SIGNED: Final = re.compile(r"[(\[（【]([^()\[\]（）【】]{2,60})[)\]）】]\s*$|[.!?]\W?\s([^\W\d_]{2,8})$")
_NOT_SAID: Final = {
    LineReason.TITLE,
    LineReason.RELATED,
    LineReason.CAPTION,
    LineReason.LEGAL,
    LineReason.COMMENT,
    LineReason.SECOND_ARTICLE,
}

_Stated = tuple[str, tuple[str, ...]]


def read_credits(lines: Sequence[Line], reasons: Sequence[LineReason | None]) -> tuple[Candidate, ...]:
    """The candidates that a text's stripped lines state, and its dateline; of each field the likeliest first."""
    kept = [place for place, reason in enumerate(reasons) if reason is None]
    if not kept:
        return ()
    stated: list[_Stated] = []
    for place in _near(reasons, kept):
        reason = reasons[place]
        if reason is not None:
            stated += _said(lines, reasons, place, reason)
            if reason not in _NOT_SAID and place < kept[0]:
                stated += _mixed(lines[place], reason)
    # A breadcrumb names the section; a word such as `Opinion` may as well name the kind of text.
    labels = {line.bare for line in lines if line.cue("section")}
    stated.sort(key=lambda one: one[0] == "section" and one[1][0] in labels)
    stated += _in_text(lines[kept[0]].text, lines[kept[-1]].text)
    return _candidates(stated)


def _near(reasons: Sequence[LineReason | None], kept: Sequence[int]) -> Iterable[int]:
    """The lines near the article, those first that are the surest to speak of it.

    What stands between title and text surely does; then what follows the text, then what stands above, from the
    nearest up. Between the paragraphs there are embedded posts and other articles' teasers with dates of their own.
    """
    titles = [place for place, reason in enumerate(reasons) if reason is LineReason.TITLE and place <= kept[0]]
    start = min(titles, default=kept[0])
    above = range(max(0, start - (ABOVE if titles else 2 * ABOVE)), start)
    below = range(kept[-1] + 1, min(len(reasons), kept[-1] + 1 + BELOW))
    return chain(range(start, kept[0]), _before_others(below, reasons), reversed(above), range(kept[0] + 1, kept[-1]))


def _before_others(below: range, reasons: Sequence[LineReason | None]) -> range:
    others = (place for place in below if reasons[place] in {LineReason.COMMENT, LineReason.SECOND_ARTICLE})
    return range(below.start, next(others, below.stop))


def _said(lines: Sequence[Line], reasons: Sequence[LineReason | None], place: int, reason: LineReason) -> list[_Stated]:
    line = lines[place]
    said: list[_Stated] = []
    match reason:
        case LineReason.TITLE:
            said = [("title", (line.bare,))]
        case LineReason.SECTION:
            said = [("section", (read_section(line.text) or line.bare,))]
        case LineReason.BYLINE:
            said = [("by", (_by(lines, reasons, place),)), *_dates(line)]
        case LineReason.CAPTION | LineReason.CREDIT:
            caption, credit = read_caption(line.bare) or ("", "")
            said = [("image_caption", (caption,)), ("image_credit", (credit,))]
        case LineReason.AGENCY:
            said = [("info_sources", _credited(line))]
        case LineReason.TAGS:
            said = [("tags", _tags(lines, reasons, place))]
        case LineReason.DATE_LINE:
            said = _dates(line)
        case _:
            pass
    return said


def _mixed(line: Line, reason: LineReason) -> list[_Stated]:
    """Date and writer of a line above the text that prints both: `Ann Lee • 3 May 2024 • 4 minutes`."""
    if line.words > _MIXED_WORDS or line.sentence or (day := find_day(line.text)) is None:
        return []
    parts = (part.strip() for part in _PART.split(line.bare[: day[0]] + " | " + line.bare[day[1] :]))
    by = [part for part in parts if reason is not LineReason.BYLINE and is_name(part)]
    return [("by", tuple(by[:1])), *_dates(line)]


def _dates(line: Line) -> list[_Stated]:
    return [(field, (printed,)) for field, printed in read_dates(line.text)]


def _by(lines: Sequence[Line], reasons: Sequence[LineReason | None], place: int) -> str:
    """The byline; of a label that stands alone, the line below it."""
    cue = lines[place].cue("byline")
    if cue is None or not cue.alone:
        return lines[place].bare
    return lines[place + 1].bare if place + 1 < len(lines) and reasons[place + 1] is not None else ""


def _credited(line: Line) -> tuple[str, ...]:
    """The agencies that a line such as `Source: TASS, AFP` names."""
    cue = line.cue("agency")
    said = cue.rest if cue else line.bare
    if named := find_agencies(said):
        return named
    few = cue is not None and cue.labelled and len(said.split()) <= _CREDITED_WORDS
    return tuple(part for part in _LABEL.split(said.rstrip(".")) if part) if few else ()


def _tags(lines: Sequence[Line], reasons: Sequence[LineReason | None], place: int) -> tuple[str, ...]:
    """The tags of a line; of a label that stands alone, the lines below it that are tags too."""
    cue = lines[place].cue("tags")
    if cue is None:
        return ()
    if not cue.alone:
        return read_tags(cue.rest)
    last = place + 1
    while last < len(lines) and reasons[last] is LineReason.TAGS and not lines[last].cue("tags"):
        last += 1
    return tuple(tag for line in lines[place + 1 : last] for tag in read_tags(line.bare))


def _in_text(first: str, last: str) -> list[_Stated]:
    """The dateline of the first paragraph, and the agencies that the last is signed with."""
    located, agency = read_dateline(first)
    found = [("located", (located or "",)), ("info_sources", find_agencies(agency or ""))]
    if signed := _SIGNED.search(last[-80:]):
        found.append(("info_sources", find_agencies(signed[1] or signed[2])))
    return found


def _candidates(stated: Iterable[_Stated]) -> tuple[Candidate, ...]:
    """One candidate a statement, the longest title first: a title that was cut short is printed twice."""
    found = [Candidate(field, values, Origin.TEXT) for field, values in stated if any(values)]
    unique = dict.fromkeys(found)
    return tuple(sorted(unique, key=lambda one: -len(one.values[0]) if one.field == "title" else 0))
