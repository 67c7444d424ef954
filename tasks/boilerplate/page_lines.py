"""What the lines are that an extractor took for a page's article.

It chose them by their place on the page, which says more than their shape: a line goes only for what it says of itself,
most kinds of it only above the first paragraph or below the last.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from tasks.boilerplate.line import Line
from tasks.boilerplate.title_line import repeats
from tasks.metadata.agencies import find_agencies
from warehouse.model.vocabulary import LineReason

# Lines at the start of the text that may repeat the title.
TITLES: Final = 3
# Words of the shortest sentence that is surely a paragraph.
PROSE: Final = 8
# Words of the longest line that names an agency and nothing else.
SIGNED: Final = 6
INITIALS: Final = 3
# Words of the longest line that announces links: `More on the storm:`.
ANNOUNCING: Final = 12
# Dates between paragraphs that are what these are told by.
TIMELINE: Final = 3

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
_ABOVE: Final = {LineReason.BYLINE, LineReason.SECTION, LineReason.DATE_LINE}
_BELOW: Final = {LineReason.SECTION, LineReason.TAGS, LineReason.DATE_LINE}
_BRACKETS: Final = re.compile(r"[(\[（][^()\[\]（）]{1,30}[)\]）]\.?")


def label_page(lines: Sequence[Line], titles: Sequence[str]) -> list[LineReason | None]:
    """What each line of a page's extracted text is; None is article text, as all is where nothing else would be.

    `titles` are all that the page states: what it prints is often not what its data say.
    """
    prose = [place for place, line in enumerate(lines) if line.ends_sentence and line.word_count >= PROSE]
    first, last = (prose[0], prose[-1]) if prose else (len(lines), -1)
    reasons = [line.reason if line.reason in _ANYWHERE else None for line in lines]
    for place in _repeats(lines, titles):
        reasons[place] = LineReason.TITLE
    dates = [place for place in range(first, last) if lines[place].reason is LineReason.DATE_LINE]
    for place, line in enumerate(lines):
        if reasons[place] is not None or not prose:
            continue
        if (place < first and line.reason in _ABOVE) or (place > last and line.reason in _BELOW):
            reasons[place] = line.reason
        elif place in dates and len(dates) < TIMELINE:
            reasons[place] = LineReason.DATE_LINE
        elif _announces(line):
            reasons[place] = LineReason.RELATED
        elif place > last:
            reasons[place] = _signs(line)
    return reasons if None in reasons else [None] * len(lines)


def _repeats(lines: Sequence[Line], titles: Sequence[str]) -> Iterator[int]:
    for place, line in enumerate(lines[:TITLES]):
        if not repeats(line.text, titles):
            break
        yield place


def _announces(line: Line) -> bool:
    return (
        line.word_count <= ANNOUNCING
        and line.text.endswith((":", "："))
        and any(cue.kind == "related" for cue in line.cues)
    )


def _signs(line: Line) -> LineReason | None:
    """Who is credited below the last paragraph: `SDA/sep`, `mit dpa`, `(dmk)`."""
    if line.word_count <= SIGNED and not line.ends_sentence and find_agencies(line.bare):
        return LineReason.AGENCY
    return LineReason.BYLINE if line.word_count <= INITIALS and _BRACKETS.fullmatch(line.text) else None
