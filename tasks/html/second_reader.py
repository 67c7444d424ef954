"""The article's text by trafilatura: the second reader, for pages on which the block model is not sure."""

from __future__ import annotations

import math
from collections import defaultdict
from functools import cache
from typing import Final

import trafilatura
from lxml import etree
from lxml.html import HtmlElement
from trafilatura.settings import Extractor

from tasks.boilerplate.boosted_trees import Floats
from tasks.html.blocks import PageBlocks
from tasks.html.captions_and_links import drop_captions_and_links
from tasks.html.select_blocks import MIN_SECONDED_PROBABILITY

EXTRACTOR: Final = f"trafilatura {trafilatura.__version__}"

# Above this ratio of expected to extracted characters, a second and balanced extraction is worth its time.
MAX_EXPECTED_LENGTH_RATIO: Final = 1.25
# A shorter paragraph may be a label.
MIN_PARAGRAPH_CHARACTERS: Final = 60
# trafilatura drops these too, but only after many searches through the whole page: a fifth of its time.
_NON_ARTICLE_TAGS: Final = ("head", "nav", "footer", "aside", "button", "select", "menu", "dialog", "video", "audio")


def read_text(page: PageBlocks, probability: Floats, declared_length: int) -> str:
    """Return the article's text by trafilatura: its precise mode, or its balanced one if that length is more likely.

    It sees only the elements with a block that may be article by the model's `probability`. `declared_length` is the
    number of characters that the page's JSON-LD gives the article, 0 if it gives none. The page's tree is changed.
    """
    tree = page.containers[0].element
    _drop_unlikely(page, probability)
    _unfold_layout_tables(tree)
    runs = _paragraph_runs(tree)
    longest = max(runs, key=runs.__getitem__, default=None)
    if longest is not None:
        _rename_containers(longest)
    etree.strip_elements(tree, *_NON_ARTICLE_TAGS, with_tail=False)
    drop_captions_and_links(tree)
    expected = max(declared_length, runs[longest] if longest is not None else 0)
    precise = _run_trafilatura(tree, precision=True)
    if len(precise) * MAX_EXPECTED_LENGTH_RATIO > expected:
        return precise
    balanced = _run_trafilatura(tree, precision=False)
    return min(precise, balanced, key=lambda text: abs(math.log((len(text) or 1) / (expected or 1))))


def _drop_unlikely(page: PageBlocks, probability: Floats) -> None:
    """Drop the outermost elements whose blocks are surely no article: trafilatura's time is that of the whole tree."""
    parents = [container.parent for container in page.containers]
    is_likely = [False] * len(parents)
    for block, likely in zip(page.blocks, (probability >= MIN_SECONDED_PROBABILITY).tolist(), strict=True):
        is_likely[block.container] |= likely
    for number in range(len(parents) - 1, 0, -1):
        is_likely[parents[number]] |= is_likely[number]
    for number in range(1, len(parents)):
        if is_likely[parents[number]] and not is_likely[number]:
            page.containers[number].element.drop_tree()


def _paragraph_runs(tree: HtmlElement) -> dict[HtmlElement, int]:
    """Return for each element that has paragraphs the sum of their lengths in characters."""
    runs: dict[HtmlElement, int] = defaultdict(int)
    for paragraph in tree.iter("p"):
        length = len(" ".join("".join(paragraph.itertext()).split()))
        linked_characters = sum(len("".join(link.itertext())) for link in paragraph.iter("a"))
        if length >= MIN_PARAGRAPH_CHARACTERS and linked_characters < length / 2:
            runs[paragraph.getparent()] += length
    return runs


def _rename_containers(container: HtmlElement) -> None:
    """Turn the elements around the longest run of paragraphs into `div` where their kind would be dropped."""
    # Some sites print the article in an `aside` or a `dialog`.
    for element in (container, *container.iterancestors(*_NON_ARTICLE_TAGS)):
        if element.tag in _NON_ARTICLE_TAGS:
            element.tag = "div"


def _unfold_layout_tables(tree: HtmlElement) -> None:
    """Turn tables whose cells hold paragraphs into `div` elements."""
    # They are the layout of an old page; read as data, an article would become one row.
    cells = {paragraph.getparent() for paragraph in tree.iterfind(".//td/p")}
    for element in {ancestor for cell in cells for ancestor in cell.iterancestors("tr", "tbody", "table")}:
        element.tag = "div"
        for child in element.iterchildren("tr", "td", "tbody"):
            child.tag = "div"


@cache
def _options(precision: bool) -> Extractor:
    # Not fast, it would compare its text with that of two other libraries: on what is left of the tree, half its time
    # for no better text.
    return Extractor(output_format="python", precision=precision, fast=True, comments=False)


def _run_trafilatura(tree: HtmlElement, *, precision: bool) -> str:
    try:
        document = trafilatura.bare_extraction(tree, options=_options(precision))
    except Exception:  # noqa: BLE001 a page that breaks it still has what the block model takes
        return ""
    return (document.text or "").strip() if document and not isinstance(document, dict) else ""
