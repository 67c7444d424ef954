"""Microdata and RDFa of schema.org: properties of an article in the attributes `itemprop` and `property`."""

from __future__ import annotations

import re
from collections import Counter
from itertools import islice
from typing import Final

from lxml import etree
from lxml.html import HtmlElement

_FIELDS: Final = {
    "headline": "title", "description": "description", "author": "authors", "creator": "authors",
    "articleSection": "section", "keywords": "tags", "image": "image_url", "thumbnailUrl": "image_url",
    "isAccessibleForFree": "is_accessible_for_free", "license": "license", "inLanguage": "language",
    "datePublished": "published_at", "dateModified": "modified_at",
}  # fmt: skip
MAX_ELEMENTS_PER_FIELD: Final = 50
MAX_VALUE_CHARACTERS: Final = 1_000

_LIST_FIELDS: Final = frozenset({"authors", "tags"})
_URL_FIELDS: Final = frozenset({"image_url", "license"})
_ARTICLE: Final = re.compile(r"Article|Posting|CreativeWork|WebPage|Report", re.IGNORECASE)
_PROPERTIES: Final = etree.XPath("//@itemprop/..|//@property/..")


def read_microdata(tree: HtmlElement) -> dict[str, tuple[str, ...]]:
    """Return the properties of the page's article by column of `articles`, without those of other items on the page."""
    values_of: dict[str, list[str]] = {}
    scopes: dict[str, HtmlElement | None] = {}
    elements_read: Counter[str] = Counter()
    for element in _PROPERTIES(tree):
        names = element.get("itemprop") or (element.get("property") if element.tag != "meta" else None)
        for name in (names or "").split():
            field = _FIELDS.get(name.rpartition(":")[2])
            if field is None or elements_read[field] >= MAX_ELEMENTS_PER_FIELD:
                continue
            elements_read[field] += 1
            scope = next(filter(_is_item, element.iterancestors()), None)
            # A teaser further down has authors too, in an item of its own.
            if not _is_article(scope) or scopes.setdefault(field, scope) is not scope:
                continue
            if (value := _value(element, field)) and value not in values_of.setdefault(field, []):
                values_of[field].append(value)
    return {
        field: tuple(values) if field in _LIST_FIELDS else (values[0],) for field, values in values_of.items() if values
    }


def _is_item(element: HtmlElement) -> bool:
    return any(attribute in element.attrib for attribute in ("itemscope", "itemtype", "typeof"))


def _is_article(scope: HtmlElement | None) -> bool:
    kind = "" if scope is None else scope.get("itemtype") or scope.get("typeof") or ""
    return not kind or _ARTICLE.search(kind) is not None


def _value(element: HtmlElement, field: str) -> str:
    attributes = ("content", "href", "src") if field in _URL_FIELDS else ("content", "datetime")
    value = next((element.get(attribute) for attribute in attributes if element.get(attribute)), None)
    if value is None and field == "authors":
        element = next((inner for inner in element.iter() if "name" in (inner.get("itemprop") or "").split()), element)
        value = element.get("content")
    if value is None:
        value = "".join(islice(element.itertext(), MAX_VALUE_CHARACTERS))
    line = " ".join(value.split())
    return line if len(line) <= MAX_VALUE_CHARACTERS else ""
