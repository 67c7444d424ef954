"""The standfirst: the summary printed under a headline, which the block model and extractors often leave out."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from typing import Final

from lxml.html import HtmlElement

from tasks.html.block_features import BlockFeatures
from tasks.html.blocks import PageBlocks
from tasks.html.label_blocks import find_titles
from tasks.text.characters import text_key

# Of a key: letters and digits only. A shorter description may stand anywhere.
MIN_KEY_CHARACTERS: Final = 30
MAX_STANDFIRST_CHARACTERS: Final = 800

# Of a block whose element is named a standfirst; a byline and a day may stand above it.
MIN_NAMED_WORDS: Final = 5
MAX_BLOCKS_BELOW_TITLE: Final = 3
MAX_NAMED_LINKED_SHARE: Final = 0.3

_NAMES: Final = re.compile(
    r"stand-?first|strap-?line|sub-?(?:title|heading|headline|head)(?![a-z])|excerpt|chapo|vorspann|anleser|perex|ingress"
    r"|sommario|catenaccio|linha-?fina|bajada|copete|entradilla|(?<![a-z])(?:dek|deck|sapo|spot|lead|lede|intro)(?![a-z])"
    r"|lead-?text|(?<![a-z])summary(?![a-z])"
)
_NAME_ATTRIBUTES: Final = ("class", "id", "itemprop", "data-qa", "data-testid")
# How near an element may not be that says otherwise: the text of a picture, a writer, a field of a form, a list.
_OTHER_MARKS: Final = {"author": 3, "caption": 1, "figcaption": 1, "form": 1, "ul": 1, "ol": 1, "nav": 1, "aside": 1}
_SEPARATORS: Final = re.compile(r"\s[|•·]\s|\d[.,]\d+ \(")
_CAMEL: Final = re.compile("(?<=[a-z])(?=[A-Z])")
_CUT_OFF: Final = re.compile(r"(?:(?<!\s)\s++)?(?:\.{3}|…|\[[^\]\[]*\]?)\s*$")
_COMPARED_CHARACTERS: Final = 80
_COMPARED_BODY_CHARACTERS: Final = 60
_READ_CHARACTERS: Final = 400


def find_standfirst(
    texts: Sequence[str], selected: Collection[int], descriptions: Iterable[str], title: str
) -> set[int]:
    """Return the index of the block above the article's first paragraph that begins as one of the page's descriptions.

    A description is often cut short; the block is taken whole. Empty if the selected blocks have the standfirst.
    """
    title_key = text_key(title)
    keys = [
        key
        for description in descriptions
        if len(key := text_key(_CUT_OFF.sub("", description))[:_COMPARED_CHARACTERS]) >= MIN_KEY_CHARACTERS
        and not title_key.startswith(key)
    ]
    if not keys:
        return set()
    candidates = [
        (index, matching)
        for index in range(_first_paragraph(texts, selected, title_key))
        if MIN_KEY_CHARACTERS <= len(texts[index]) <= MAX_STANDFIRST_CHARACTERS
        and (matching := _matching_keys(texts[index], keys))
    ]
    if not candidates:
        return set()
    # The key of a whole body takes longer than all before it.
    body_key = text_key("".join([texts[index] for index in sorted(selected)]))
    for index, matching in candidates:
        if any(key[:_COMPARED_BODY_CHARACTERS] not in body_key for key in matching):
            return {index}
    return set()


def find_named_standfirst(page: PageBlocks, features: BlockFeatures, selected: Collection[int]) -> set[int]:
    """Return the index of the block between headline and text whose element is named a standfirst; empty if none is."""
    columns, words = features.columns, features.words
    is_prose = columns["prose_share"] > 0
    first = min((index for index in selected if is_prose[index]), default=0)
    is_title = find_titles(features)
    title = max((index for index in range(first) if is_title[index]), default=first)
    for index in range(title + 1, min(first, title + 1 + MAX_BLOCKS_BELOW_TITLE)):
        if (
            words[index] >= MIN_NAMED_WORDS
            and columns["linked"][index] <= MAX_NAMED_LINKED_SHARE
            and len(page.blocks[index].text) <= MAX_STANDFIRST_CHARACTERS
            and all(columns[f"to_{mark}"][index] > distance for mark, distance in _OTHER_MARKS.items())
            and not _SEPARATORS.search(page.blocks[index].text)
            and _is_named(page.element(index))
        ):
            return {index}
    return set()


def _is_named(element: HtmlElement) -> bool:
    names = " ".join(element.get(attribute) or "" for attribute in _NAME_ATTRIBUTES)
    return _NAMES.search(_CAMEL.sub("-", names).lower()) is not None


def _matching_keys(text: str, keys: Sequence[str]) -> list[str]:
    """Return the keys that a block begins as."""
    block_key = text_key(text[:_READ_CHARACTERS])
    return [key for key in keys if block_key.startswith(key)]


def _first_paragraph(texts: Sequence[str], selected: Collection[int], title_key: str) -> int:
    """Return the index of the first long selected block that is not the title; the number of blocks if none is."""
    for index in sorted(selected):
        key = text_key(texts[index][:_READ_CHARACTERS])
        if len(key) >= MIN_KEY_CHARACTERS and key != title_key:
            return index
    return len(texts)
