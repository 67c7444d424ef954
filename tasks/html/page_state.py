"""The article in the data of a page that prints no text: a script draws it from JSON (`__NEXT_DATA__`, Arc)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any, Final

from tasks.html.jsonld import strip_markup

# Of all scripts of a page together.
MAX_STATE_CHARACTERS: Final = 5_000_000
MAX_STATE_NODES: Final = 200_000
MAX_STATE_DEPTH: Final = 60
# A shorter text may be a teaser or a label.
MIN_PARAGRAPH_CHARACTERS: Final = 40
MIN_PARAGRAPHS: Final = 2

_ASSIGNMENT: Final = re.compile(r"[\w$.\])]\s*=\s*(?=[{\[])")
_PARAGRAPH_BREAK: Final = re.compile(
    r"</?(?:p|div|h[1-6]|li|ul|ol|blockquote|section|br|tr)\b[^<>]*>|\n+", re.IGNORECASE
)
_PROSE: Final = re.compile(r"[.!?。！？؟।۔]")
# Properties that hold the text of one paragraph, or the parts that it is made of.
_TEXT_KEYS: Final = (
    "html",
    "text",
    "content",
    "value",
    "paragraph",
    "body",
    "children",
    "data",
    "model",
    "blocks",
    "nodes",
)
# Elements of an article's data that are no text of it, by their `type`.
_OTHER_TYPES: Final = re.compile(
    "image|photo|picture|gallery|video|audio|embed|advert|^ads?$|promo|related|interstitial|link_list|newsletter|"
    "reference|social|tweet|caption|script|style",
    re.IGNORECASE,
)
# Data of other articles, and of the page itself.
_OTHER_KEYS: Final = re.compile(
    "related|recommend|popular|trending|latest|teaser|comment|navigation|menu|footer|header|translation|messages|"
    "i18n|locale|config|promo|sidebar|gallery|caption",
    re.IGNORECASE,
)


def read_page_state(scripts: Iterable[str]) -> list[str]:
    """Return the paragraphs of the longest text in the JSON of a page's scripts; none if there is no such text."""
    best: list[str] = []
    remaining = MAX_STATE_CHARACTERS
    for script in scripts:
        remaining -= len(script)
        if remaining < 0:
            break
        state = _load(script)
        if state is not None:
            best = max([best, *_texts(state)], key=_prose_length)
    return best if len(best) >= MIN_PARAGRAPHS else []


def split_article_body(body: str) -> list[str]:
    """Return the paragraphs of an `articleBody`, which may hold tags."""
    return [text for part in _PARAGRAPH_BREAK.split(body) if (text := strip_markup(part))]


def _load(script: str) -> Any:
    """Return the JSON that a script is or assigns to a variable, None if there is none."""
    text = script.strip()
    start = 0
    if not text.startswith(("{", "[")):
        assignment = _ASSIGNMENT.search(text)
        if assignment is None:
            return None
        start = assignment.end()
    try:
        return json.JSONDecoder(strict=False).raw_decode(text, start)[0]
    except (ValueError, RecursionError):
        return None


def _texts(state: Any) -> Iterator[list[str]]:
    """Yield each list of paragraphs in the data, and each string that holds some."""
    stack = [state]
    for _ in range(MAX_STATE_NODES):
        if not stack:
            return
        value = stack.pop()
        if isinstance(value, dict):
            stack += [part for key, part in value.items() if not _OTHER_KEYS.search(key)]
        elif isinstance(value, list):
            yield [text for part in value for text in _element_paragraphs(part)]
            stack += value
        elif isinstance(value, str) and len(value) > MIN_PARAGRAPHS * MIN_PARAGRAPH_CHARACTERS and "<p" in value:
            yield split_article_body(value)


def _element_paragraphs(element: Any) -> list[str]:
    """Return the paragraphs of one element of a list: a heading, a paragraph, or a list of them."""
    if isinstance(element, dict):
        if _OTHER_TYPES.search(str(element.get("type") or element.get("__typename") or element.get("kind") or "")):
            return []
        if any(key in element for key in ("headline", "headlines", "title", "slug")):
            return []  # an article of a list of articles
    return split_article_body(_element_text(element, 0))


def _element_text(element: Any, depth: int) -> str:
    """Return the text of an element, that of its parts joined: rich text cuts a paragraph where its style changes."""
    if isinstance(element, str):
        return element
    if depth > MAX_STATE_DEPTH:
        return ""
    if isinstance(element, list):
        return "".join(_element_text(part, depth + 1) for part in element)
    if isinstance(element, dict):
        return next((text for key in _TEXT_KEYS if (text := _element_text(element.get(key), depth + 1))), "")
    return ""


def _prose_length(paragraphs: list[str]) -> int:
    return sum(len(text) for text in paragraphs if len(text) >= MIN_PARAGRAPH_CHARACTERS and _PROSE.search(text))
