"""The standfirst: the summary printed under a headline, which the block model and extractors often leave out."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from typing import Final

from tasks.text.characters import text_key

# Of a key: letters and digits only. A shorter description may stand anywhere.
MIN_KEY_CHARACTERS: Final = 30
MAX_STANDFIRST_CHARACTERS: Final = 800

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
