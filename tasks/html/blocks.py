"""The blocks of a page: every stretch of text that a browser would print on lines of its own, in the page's order."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final, NamedTuple

from lxml.html import HtmlElement

from tasks.html.element_names import MARKS, read_marks

# A row of longer cells is the layout of an old page, not data.
MAX_ROW_CHARACTERS: Final = 300
MIN_ROW_CELLS: Final = 2
# A longer button is a box that opens.
MIN_BUTTON_TEXT_CHARACTERS: Final = 200

BLOCK_TAGS: Final = frozenset(
    ("address article aside blockquote body caption center dd details dialog div dl dt fieldset figcaption figure"
     " footer form h1 h2 h3 h4 h5 h6 header hgroup hr li main menu nav ol p pre section summary table tbody td tfoot th"
     " thead tr ul").split()
)  # fmt: skip
_BOLD_TAGS: Final = frozenset(("b", "strong"))
# The depth of a mark that no element around a container has.
NEVER: Final = -99
_UNPRINTED: Final = re.compile(r"(?:^|\s)(?:sr-only|visually-?hidden|screen-reader(?:-text|-only)?|katex-html)(?:\s|$)")
_HEADINGS: Final = frozenset(("h1", "h2", "h3", "h4", "h5", "h6"))
_CELLS: Final = frozenset(("td", "th"))
# `rt` and `rp` print how a word is read above it.
_UNREAD_TAGS: Final = frozenset(
    "head annotation button select option textarea video audio rt rp map progress meter".split()
)
# Styles set labels apart that stand in such elements without a space: writer, day, number of readers.
_LABEL_TAGS: Final = frozenset(("span", "time"))
_DOUBTFUL_TAGS: Final = _UNREAD_TAGS | {"span"}
# Stands for a line break of the page until a block is whole; `str.split` takes it for a space.
_BREAK: Final = "\u2028"
_PARAGRAPH_END: Final = re.compile(r"""[.!?:…。！？।؟۔][\"'”’»«)\]」』*]*$""")


class Container(NamedTuple):
    """A block-level element, and what the elements around it are."""

    element: HtmlElement
    parent: int
    """The index of the container around it; its own for the page itself."""
    depth: int
    mark_depths: tuple[int, ...]
    """For each of `MARKS` the depth of the innermost element around it, itself included, that has the mark."""


class Block(NamedTuple):
    """A stretch of text."""

    text: str
    container: int
    """The index of the innermost container that it stands in."""
    linked_share: float
    """The share of its characters that are links."""
    bold_share: float
    """The share of its characters that are printed bold."""


class PageBlocks(NamedTuple):
    """The blocks of a page and their containers, both in the page's order."""

    blocks: list[Block]
    containers: list[Container]

    def element(self, index: int) -> HtmlElement:
        """Return the innermost block-level element of a block."""
        return self.containers[self.blocks[index].container].element

    @property
    def texts(self) -> list[str]:
        """The texts of all blocks."""
        return [block.text for block in self.blocks]


def read_blocks(tree: HtmlElement) -> PageBlocks:
    """Return the blocks of a page that hold a letter or figure.

    A row of a data table is one block, its cells a space apart. A line break ends a block where a sentence ends before
    it, or another line break follows. Form controls, players, the readings of ruby and what is only read out are left
    out.
    """
    reader = _BlockReader(tree)
    reader.read(tree, 0, in_link=False, in_bold=False)
    reader.end_block(0)
    return PageBlocks(reader.blocks, reader.containers)


class _BlockReader:
    """Collects text until a block-level element begins or ends."""

    __slots__ = ("_bold", "_linked", "_parts", "blocks", "containers")

    def __init__(self, tree: HtmlElement) -> None:
        self.blocks: list[Block] = []
        self.containers = [Container(tree, 0, 0, (NEVER,) * len(MARKS))]
        self._parts: list[str] = []
        self._linked = 0
        self._bold = 0

    def read(self, element: HtmlElement, container: int, in_link: bool, in_bold: bool) -> None:
        """Read the content of an element that stands in a container."""
        # A page has a thousand elements: what is done here for each is written out.
        parts = self._parts
        is_marked = in_link or in_bold
        if (text := element.text) and (parts or not text.isspace()):
            parts.append(text)
            if is_marked:
                self._count(text, in_link, in_bold)
        for child in element:
            tag = child.tag
            if tag in BLOCK_TAGS:
                if parts:
                    self.end_block(container)
                self._read_container(child, tag, container, in_link)
            elif tag == "br":
                parts.append(_BREAK)
            elif tag not in _DOUBTFUL_TAGS or _is_read(child, tag, element.tag):
                self._separate_label(child, tag)
                self.read(child, container, in_link or tag == "a", in_bold or tag in _BOLD_TAGS)
            if (text := child.tail) and (parts or not text.isspace()):
                parts.append(text)
                if is_marked:
                    self._count(text, in_link, in_bold)

    def _read_container(self, element: HtmlElement, tag: str, around: int, in_link: bool) -> None:
        containers = self.containers
        _, _, depth, mark_depths = containers[around]
        depth += 1
        if marks := read_marks(element, tag):
            depths = list(mark_depths)
            for mark in marks:
                depths[mark] = depth
            mark_depths = tuple(depths)
        container = len(containers)
        containers.append(Container(element, around, depth, mark_depths))
        if tag == "tr" and (row := _data_row(element)):
            self.blocks.append(Block(row, container, _linked_share(element, row), 0.0))
            return
        if tag == "pre" and element.find("code") is None:
            self._parts.append("".join(element.itertext()).replace("\n", _BREAK))
        else:
            self.read(element, container, in_link, tag in _HEADINGS)
        if self._parts:
            self.end_block(container)

    def _separate_label(self, element: HtmlElement, tag: str) -> None:
        """Add a space before an element that begins another label than the one right before it."""
        if (
            tag in _LABEL_TAGS
            and self._parts
            and element.getparent().tag == "div"
            and _begins_label(element, self._parts[-1])
        ):
            self._parts.append(" ")

    def _count(self, text: str, in_link: bool, in_bold: bool) -> None:
        """Count characters that are linked or bold."""
        length = len(text.strip())
        self._linked += length * in_link
        self._bold += length * in_bold

    def end_block(self, container: int) -> None:
        """Make a block of the text since the last one."""
        if not self._parts:
            return
        text = self._parts[0] if len(self._parts) == 1 else "".join(self._parts)
        self._parts.clear()
        linked_share = bold_share = 0.0
        if self._linked or self._bold:
            length = max(1, len(text.strip()))
            linked_share, bold_share = min(1.0, self._linked / length), min(1.0, self._bold / length)
            self._linked = self._bold = 0
        lines = _split_breaks(text) if _BREAK in text else (" ".join(text.split()),)
        for line in lines:
            if line and (line[0].isalnum() or any(map(str.isalnum, line))):
                self.blocks.append(Block(line, container, linked_share, bold_share))


def _is_read(element: HtmlElement, tag: str, around: str) -> bool:
    """Return whether an inline element or a control, which stands in an element of the tag `around`, is read.

    Controls are if they hold a text: a heading that opens it, or, without an end tag, the page below them.
    """
    if tag == "span":
        names = element.get("class")
        return names is None or not _is_unprinted(names)
    if tag == "button" and (around in _HEADINGS or next(element.iter("h2", "h3", "h4"), None) is not None):
        return True
    if tag == "button" and sum(map(len, element.itertext())) >= MIN_BUTTON_TEXT_CHARACTERS:
        return True
    return next(element.iter("main", "article", "h1"), None) is not None


def _begins_label(element: HtmlElement, before: str) -> bool:
    """Return whether an element right behind another one, with a class of its own each, begins another label.

    A single letter before it is an initial that is printed large.
    """
    previous = element.getprevious()
    return (
        previous is not None
        and not previous.tail
        and previous.tag in _LABEL_TAGS
        and (element.tag == "time" or bool(element.get("class")))
        and (previous.tag == "time" or bool(previous.get("class")))
        and len(before) > 1
        and not before[-1].isspace()
    )


@lru_cache(maxsize=4_000)
def _is_unprinted(names: str) -> bool:
    """Return whether a class says that its element is only read out, or prints a formula that stands beside it."""
    return _UNPRINTED.search(names) is not None


def _split_breaks(text: str) -> list[str]:
    lines = [""]
    for part in map(" ".join, map(str.split, text.split(_BREAK))):
        if not part or _PARAGRAPH_END.search(lines[-1]):
            lines.append(part)
        else:
            lines[-1] = f"{lines[-1]} {part}" if lines[-1] else part
    return lines


def _data_row(row: HtmlElement) -> str:
    """Return the cells of a row of a data table as one line; nothing if the table is layout or has one column."""
    cells = [cell for cell in row if cell.tag in _CELLS]
    if len(cells) < MIN_ROW_CELLS:
        return ""
    texts = []
    length = 0
    for cell in cells:
        parts = list(cell.itertext())
        length += sum(map(len, parts))
        if length > 4 * MAX_ROW_CHARACTERS or cell.find(".//table") is not None:
            return ""
        joint = (
            "" if len(cell) == 0 or all(child.tag not in BLOCK_TAGS and child.tag != "br" for child in cell) else " "
        )
        texts.append(" ".join(joint.join(parts).split()))
    line = " ".join(filter(None, texts))
    return line if len(line) <= MAX_ROW_CHARACTERS else ""


def _linked_share(element: HtmlElement, text: str) -> float:
    linked = sum(len(" ".join("".join(link.itertext()).split())) for link in element.iter("a"))
    return min(1.0, linked / max(1, len(text)))
