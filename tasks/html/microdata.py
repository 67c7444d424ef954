"""Microdata and RDFa of schema.org: what elements of a page state by `itemprop` or `property`."""

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
_SEVERAL: Final = frozenset({"authors", "tags"})
_ADDRESSES: Final = frozenset({"image_url", "license"})
_ARTICLE: Final = re.compile(r"Article|Posting|CreativeWork|WebPage|Report", re.IGNORECASE)
_STATING: Final = etree.XPath("//@itemprop/..|//@property/..")
_MOST: Final = 50
_LONGEST: Final = 1_000


def read_microdata(tree: HtmlElement) -> dict[str, tuple[str, ...]]:
    """The properties of the page's article, by column of `articles`; those of other things on the page are left."""
    found: dict[str, list[str]] = {}
    scopes: dict[str, HtmlElement | None] = {}
    tried: Counter[str] = Counter()
    for element in _STATING(tree):
        names = element.get("itemprop") or (element.get("property") if element.tag != "meta" else None)
        for name in (names or "").split():
            field = _FIELDS.get(name.rpartition(":")[2])
            if field is None or tried[field] >= _MOST:
                continue
            tried[field] += 1
            scope = next(filter(_is_described, element.iterancestors()), None)
            # A teaser further down states authors too, in an item of its own.
            if not _is_article(scope) or scopes.setdefault(field, scope) is not scope:
                continue
            if (value := _value(element, field)) and value not in found.setdefault(field, []):
                found[field].append(value)
    return {field: tuple(values) if field in _SEVERAL else (values[0],) for field, values in found.items() if values}


def _is_described(element: HtmlElement) -> bool:
    return any(key in element.attrib for key in ("itemscope", "itemtype", "typeof"))


def _is_article(scope: HtmlElement | None) -> bool:
    kind = "" if scope is None else scope.get("itemtype") or scope.get("typeof") or ""
    return not kind or _ARTICLE.search(kind) is not None


def _value(element: HtmlElement, field: str) -> str:
    keys = ("content", "href", "src") if field in _ADDRESSES else ("content", "datetime")
    printed = next((element.get(key) for key in keys if element.get(key)), None)
    if printed is None and field == "authors":
        element = next((inner for inner in element.iter() if "name" in (inner.get("itemprop") or "").split()), element)
        printed = element.get("content")
    if printed is None:
        printed = "".join(islice(element.itertext(), _LONGEST))
    text = " ".join(printed.split())
    return text if len(text) <= _LONGEST else ""
