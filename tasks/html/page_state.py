"""The article in the data of a page that prints no text: a script draws it from JSON (`__NEXT_DATA__`, Arc)."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator
from typing import Any, Final

from tasks.html.jsonld import strip_markup
from tasks.html.state_values import read_values

# Of one value, and of all its elements together: data may refer to the same part again and again.
MAX_STATE_NODES: Final = 200_000
MAX_ELEMENT_NODES: Final = 1_000_000
MAX_STATE_DEPTH: Final = 60
# A shorter text may be a teaser or a label.
MIN_PARAGRAPH_CHARACTERS: Final = 40
MIN_PARAGRAPHS: Final = 2
# Above the objects that a GraphQL client keeps apart.
MAX_ENTITY_DEPTH: Final = 5

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
# Elements of an article's data that are no text of it, by their type.
_TYPE_KEYS: Final = ("type", "__typename", "_type", "kind")
_OTHER_TYPES: Final = re.compile(
    "image|^img$|photo|picture|gallery|video|audio|embed|advert|^ads?$|promo|related|interstitial|link_list|newsletter|"
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
    """Return the paragraphs of the longest text in the data of a page's scripts; none if there is no such text."""
    best: list[str] = []
    for value in read_values(scripts):
        if isinstance(value, dict | list | str):
            texts = (text for text in _StateReader(value).texts() if len(text) >= MIN_PARAGRAPHS)
            best = max([best, *texts], key=_prose_length)
    return best


def split_article_body(body: str) -> list[str]:
    """Return the paragraphs of an `articleBody`, which may hold tags."""
    if "<" not in body and "&lt;p" in body:
        body = html.unescape(body)
    return [text for part in _PARAGRAPH_BREAK.split(body) if (text := strip_markup(part))]


class _StateReader:
    """Finds lists of paragraphs in one value of a page's data."""

    __slots__ = ("_entities", "_remaining", "_state")

    def __init__(self, state: Any) -> None:
        self._state = state
        self._remaining = MAX_ELEMENT_NODES
        self._entities = dict(_entities(state, MAX_ENTITY_DEPTH))

    def texts(self) -> Iterator[list[str]]:
        """Yield each list of paragraphs in the data, and each string that holds some."""
        stack = [self._state]
        for _ in range(MAX_STATE_NODES):
            if not stack:
                return
            value = stack.pop()
            if isinstance(value, dict):
                stack += [part for key, part in value.items() if not _OTHER_KEYS.search(key)]
            elif isinstance(value, list):
                yield [text for part in value for text in self._element_paragraphs(self._resolve(part))]
                stack += value
            elif isinstance(value, str) and len(value) > MIN_PARAGRAPHS * MIN_PARAGRAPH_CHARACTERS and "<p" in value:
                yield split_article_body(value)

    def _resolve(self, part: Any) -> Any:
        """Return the object that a reference of a GraphQL client stands for; any other value as it is."""
        if not isinstance(part, dict):
            return part
        key = part.get("__ref") or (part.get("id") if part.get("type") == "id" else None)
        return self._entities.get(key, part) if isinstance(key, str) else part

    def _element_paragraphs(self, element: Any) -> list[str]:
        """Return the paragraphs of one element of a list: a heading, a paragraph, or a list of them."""
        if isinstance(element, dict):
            if _OTHER_TYPES.search(str(next(filter(None, map(element.get, _TYPE_KEYS)), ""))):
                return []
            if any(key in element for key in ("headline", "headlines", "title", "slug")):
                return []  # an article of a list of articles
        return split_article_body(self._element_text(element, 0))

    def _element_text(self, element: Any, depth: int) -> str:
        """Return the text of an element, its parts joined: rich text cuts a paragraph where its style changes."""
        if isinstance(element, str):
            return element
        self._remaining -= 1
        if depth > MAX_STATE_DEPTH or self._remaining < 0:
            return ""
        if isinstance(element, list):
            return "".join(self._element_text(part, depth + 1) for part in element)
        if isinstance(element, dict):
            texts = (self._element_text(element.get(key), depth + 1) for key in _TEXT_KEYS if key in element)
            return next(filter(None, texts), "")
        return ""


def _entities(state: Any, depth: int) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the objects that a GraphQL client (Apollo) keeps apart, by the keys that others refer to them with."""
    if isinstance(state, dict) and depth:
        for key, part in state.items():
            if isinstance(part, dict) and "__typename" in part:
                yield key, part
            else:
                yield from _entities(part, depth - 1)


def _prose_length(paragraphs: list[str]) -> int:
    return sum(len(text) for text in paragraphs if len(text) >= MIN_PARAGRAPH_CHARACTERS and _PROSE.search(text))
