"""The standfirst: the paragraph under a headline that sums the article up, which extractors often leave out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

from lxml.html import HtmlElement

from tasks.html.titles import fold

SHORTEST: Final = 30
"""Letters of a description that is worth looking for."""
LONGEST: Final = 800
"""Characters of a standfirst."""

_CUT_OFF: Final = re.compile(r"(?:(?<!\s)\s++)?(?:\.{3}|…|\[[^\]\[]*\]?)\s*$")
_COMPARED: Final = 80
_BEGINNING: Final = 12
_MOST_TRIED: Final = 50
_INLINE: Final = frozenset(
    ("a", "abbr", "b", "cite", "em", "font", "i", "mark", "q", "s", "small", "span", "strong", "sub", "sup", "u")
)


def find_standfirst(tree: HtmlElement, descriptions: Iterable[str], title: str, body: str) -> str | None:
    """What the page prints above the first paragraph of `body` that one of its descriptions repeats; None if nothing.

    A description is often cut short; the printed text is given whole. A standfirst that `body` has gives None.
    """
    known = fold(body)
    wanted = [begun for text in descriptions if len(begun := fold(_CUT_OFF.sub("", text))[:_COMPARED]) >= SHORTEST]
    wanted = [begun for begun in wanted if begun[:60] not in known and not fold(title).startswith(begun)]
    if not wanted:
        return None
    for text in _blocks_above(tree, _first_paragraph(body, title), {begun[:_BEGINNING] for begun in wanted}):
        printed = fold(text)
        if any(printed.startswith(begun) for begun in wanted):
            return text
    return None


def _first_paragraph(body: str, title: str) -> str:
    lines = (line for line in map(fold, body.split("\n")) if len(line) >= SHORTEST and line != fold(title))
    return next(lines, "")[:_COMPARED]


def _blocks_above(tree: HtmlElement, paragraph: str, beginnings: set[str]) -> Iterator[str]:
    """Texts of the blocks that begin as wanted, up to the first paragraph of the body."""
    tried = 0
    for element in tree.iter():
        text = element.text
        if not text or text.isspace() or element.tag in {"title", "option", "textarea"}:
            continue
        begun = fold(text[:400])
        if not begun:
            continue
        if len(begun) >= SHORTEST and paragraph.startswith(begun[:_COMPARED]):
            return
        if tried < _MOST_TRIED and any(begun.startswith(wanted) or wanted.startswith(begun) for wanted in beginnings):
            tried += 1
            if text := _whole_block(element):
                yield text


def _whole_block(element: HtmlElement) -> str:
    while element.tag in _INLINE and element.getparent() is not None:
        element = element.getparent()
    text = " ".join("".join(element.itertext()).split())
    return text if len(text) <= LONGEST else ""
