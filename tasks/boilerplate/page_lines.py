"""Labelling the lines that an extractor took for a page's article.

The extractor chose them by their position on the page, which tells more than their shape. So a line is stripped only by
its own label, and for most labels only above the first paragraph or below the last.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from tasks.boilerplate.line import Line
from tasks.boilerplate.title_line import repeats_title
from tasks.metadata.agencies import find_agencies
from warehouse.model.vocabulary import LineReason

# Only the first lines may repeat the title.
MAX_TITLE_LINES: Final = 3
# A shorter sentence may be no paragraph.
MIN_PARAGRAPH_WORDS: Final = 8
MAX_AGENCY_WORDS: Final = 6
MAX_INITIALS_WORDS: Final = 3
# As in `More on the storm:`.
MAX_ANNOUNCEMENT_WORDS: Final = 12
# Dates between paragraphs are stripped, unless there are so many that they are a timeline's.
MIN_TIMELINE_DATES: Final = 3
MIN_GALLERY_SHARE: Final = 0.5
# Below the text, how to reach its writers.
MAX_CONTACT_LINES: Final = 3
MAX_CONTACT_WORDS: Final = 40
# Of a disclaimer below the text.
MAX_SMALL_PRINT_LINES: Final = 3

_ANYWHERE: Final = {
    LineReason.RELATED,
    LineReason.SHARE,
    LineReason.NEWSLETTER,
    LineReason.COMMENT,
    LineReason.LEGAL,
    LineReason.AGENCY,
    LineReason.BOILERPLATE,
    LineReason.CAPTION,
    LineReason.CREDIT,
}
_ABOVE_TEXT: Final = {LineReason.BYLINE, LineReason.SECTION, LineReason.DATE_LINE}
_BELOW_TEXT: Final = {LineReason.SECTION, LineReason.TAGS, LineReason.DATE_LINE}
_SIGNING: Final = {"byline", "editor"}
# `About the Harbour Trust: Founded in 1952, …`
_ABOUT: Final = re.compile(
    r"(?:about|über|à propos d[eu]|acerca de|sobre|informazioni su|over|om"
    r"|o firmie|o společnosti|о компании)\s[^.:]{2,60}:\s",
    re.IGNORECASE,
)
_CONTACT: Final = re.compile(r"[\w.+-]{1,64}@[\w-]{1,64}\.\w|(?<!\S)@\w{2}")
_BRACKETS: Final = re.compile(r"[(\[（][^()\[\]（）]{1,30}[)\]）]\.?")


def label_page(lines: Sequence[Line], titles: Sequence[str], authors: Sequence[str] = ()) -> list[LineReason | None]:
    """Label each line of a page's extracted text; None is article text. If every line had a label, none gets one.

    `titles` are all that the page's metadata has: the printed title is often another one. `authors` are its writers:
    where one of them can be reached is no part of the text.
    """
    prose = [index for index, line in enumerate(lines) if line.ends_sentence and line.word_count >= MIN_PARAGRAPH_WORDS]
    first, last = (prose[0], prose[-1]) if prose else (len(lines), -1)
    anywhere = _ANYWHERE - {LineReason.CAPTION} if _is_gallery(lines) else _ANYWHERE
    reasons = [line.reason if line.reason in anywhere else None for line in lines]
    for index in _find_title_lines(lines, titles):
        reasons[index] = LineReason.TITLE
    dates = [index for index in range(first, last) if lines[index].reason is LineReason.DATE_LINE]
    for index, line in enumerate(lines):
        if reasons[index] is not None or not prose:
            continue
        if (index < first and line.reason in _ABOVE_TEXT) or (index > last and line.reason in _BELOW_TEXT):
            reasons[index] = line.reason
        elif index in dates and len(dates) < MIN_TIMELINE_DATES:
            reasons[index] = LineReason.DATE_LINE
        elif _announces_links(line):
            reasons[index] = LineReason.RELATED
        elif index > last:
            reasons[index] = _label_signature(line)
    for index in range(max(first + 1, len(lines) - MAX_CONTACT_LINES), len(lines)):
        if reasons[index] is None and _is_contact(lines[index], authors):
            reasons[index] = LineReason.BYLINE
    _label_small_print(lines, reasons, first)
    return reasons if None in reasons else [None] * len(lines)


def _is_gallery(lines: Sequence[Line]) -> bool:
    """Return whether most words are in captions: they are the story."""
    captions = sum(line.word_count for line in lines if line.reason is LineReason.CAPTION)
    return captions > MIN_GALLERY_SHARE * sum(line.word_count for line in lines)


def _label_small_print(lines: Sequence[Line], reasons: list[LineReason | None], first: int) -> None:
    """Label the last few lines of a page as legal from one on that says so (`Disclaimer: …`), however long it is.

    A line about the publisher or a company (`About the Harbour Trust: …`) is boilerplate.
    """
    for index in range(max(first + 1, len(lines) - MAX_SMALL_PRINT_LINES), len(lines)):
        has_label = any(cue.kind == "legal" and cue.has_separator for cue in lines[index].cues)
        if reasons[index] is None and (has_label or reasons[index - 1] is LineReason.LEGAL):
            reasons[index] = LineReason.LEGAL
        elif reasons[index] is None and _ABOUT.match(lines[index].text):
            reasons[index] = LineReason.BOILERPLATE


def _find_title_lines(lines: Sequence[Line], titles: Sequence[str]) -> Iterator[int]:
    for index, line in enumerate(lines[:MAX_TITLE_LINES]):
        if not repeats_title(line.text, titles):
            break
        yield index


def _announces_links(line: Line) -> bool:
    return (
        line.word_count <= MAX_ANNOUNCEMENT_WORDS
        and line.text.endswith((":", "："))
        and any(cue.kind == "related" for cue in line.cues)
    )


def _is_contact(line: Line, authors: Sequence[str]) -> bool:
    """Return whether the line says how to reach a writer: it has the name and an e-mail address or a handle."""
    return (
        line.word_count <= MAX_CONTACT_WORDS
        and _CONTACT.search(line.text) is not None
        and any(author in line.text for author in authors)
    )


def _label_signature(line: Line) -> LineReason | None:
    """Label a line below the last paragraph that credits an agency, writers or editors.

    Such are `SDA/sep`, `mit dpa`, `(dmk)`, `Fact check: Ann Lee`.
    """
    if line.word_count <= MAX_AGENCY_WORDS and not line.ends_sentence and find_agencies(line.bare):
        return LineReason.AGENCY
    if line.reason is LineReason.BYLINE and any(cue.kind in _SIGNING and cue.has_separator for cue in line.cues):
        return LineReason.BYLINE
    return LineReason.BYLINE if line.word_count <= MAX_INITIALS_WORDS and _BRACKETS.fullmatch(line.text) else None
