"""The standfirst: the summary printed under a headline, which extractors often leave out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

from lxml.html import HtmlElement

from tasks.text.characters import text_key

# Of a key: letters and digits only. A shorter description may stand anywhere.
MIN_KEY_CHARACTERS: Final = 30
MAX_STANDFIRST_CHARACTERS: Final = 800
MAX_BLOCKS: Final = 50

_CUT_OFF: Final = re.compile(r"(?:(?<!\s)\s++)?(?:\.{3}|…|\[[^\]\[]*\]?)\s*$")
_COMPARED_CHARACTERS: Final = 80
_PREFIX_CHARACTERS: Final = 12
_INLINE_TAGS: Final = frozenset(
    ("a", "abbr", "b", "cite", "em", "font", "i", "mark", "q", "s", "small", "span", "strong", "sub", "sup", "u")
)


def find_standfirst(tree: HtmlElement, descriptions: Iterable[str], title: str, body: str) -> str | None:
    """Return the block above the first paragraph of `body` that begins as one of the page's descriptions, or None.

    A description is often cut short; the block is returned whole. A standfirst that `body` has already gives None.
    """
    body_key, title_key = text_key(body), text_key(title)
    description_keys = [
        key
        for description in descriptions
        if len(key := text_key(_CUT_OFF.sub("", description))[:_COMPARED_CHARACTERS]) >= MIN_KEY_CHARACTERS
        and key[:60] not in body_key
        and not title_key.startswith(key)
    ]
    if not description_keys:
        return None
    prefixes = {key[:_PREFIX_CHARACTERS] for key in description_keys}
    for block in _blocks_above(tree, _first_paragraph_key(body, title_key), prefixes):
        block_key = text_key(block)
        if any(block_key.startswith(key) for key in description_keys):
            return block
    return None


def _first_paragraph_key(body: str, title_key: str) -> str:
    keys = (key for key in map(text_key, body.split("\n")) if len(key) >= MIN_KEY_CHARACTERS and key != title_key)
    return next(keys, "")[:_COMPARED_CHARACTERS]


def _blocks_above(tree: HtmlElement, paragraph_key: str, prefixes: set[str]) -> Iterator[str]:
    """Yield the texts of blocks whose keys begin with one of `prefixes`, up to the first paragraph of the body."""
    blocks = 0
    for element in tree.iter():
        text = element.text
        if not text or text.isspace() or element.tag in {"title", "option", "textarea"}:
            continue
        key = text_key(text[:400])
        if not key:
            continue
        if len(key) >= MIN_KEY_CHARACTERS and paragraph_key.startswith(key[:_COMPARED_CHARACTERS]):
            return
        if blocks < MAX_BLOCKS and any(key.startswith(prefix) or prefix.startswith(key) for prefix in prefixes):
            blocks += 1
            if text := _block_text(element):
                yield text


def _block_text(element: HtmlElement) -> str:
    while element.tag in _INLINE_TAGS and element.getparent() is not None:
        element = element.getparent()
    text = " ".join("".join(element.itertext()).split())
    return text if len(text) <= MAX_STANDFIRST_CHARACTERS else ""
