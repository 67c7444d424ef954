"""JSON-LD: what a page's scripts of schema.org data say of its article."""

from __future__ import annotations

import html
import json
import re
import string
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

LONGEST: Final = 2_000_000
"""Characters of JSON-LD that are read of a page, in `MOST_SCRIPTS` scripts; one page carries a megabyte at most."""
MOST_SCRIPTS: Final = 50
MOST_NODES: Final = 20_000

_FIELDS: Final = {
    "title": ("headline", "name"),
    "description": ("description",),
    "authors": ("author", "creator"),
    "section": ("articleSection",),
    "tags": ("keywords",),
    "image_url": ("image", "thumbnailUrl"),
    "is_accessible_for_free": ("isAccessibleForFree",),
    "license": ("license",),
    "language": ("inLanguage",),
    "published_at": ("datePublished", "dateCreated", "uploadDate"),
    "modified_at": ("dateModified",),
    "canonical_url": ("url", "mainEntityOfPage"),
}
_ADDRESSES: Final = {"image_url", "license", "canonical_url"}
_ARTICLE: Final = re.compile(r"(?:.*Article|(?:.*Blog|SocialMedia)Posting|Report|Liveblog)", re.IGNORECASE)
_PAGE: Final = {"WebPage", "ItemPage", "VideoObject", "AudioObject", "PodcastEpisode", "Review", "Event"}
# Where an article's own description can be; what a list of teasers or of related articles holds is not this page's.
_INSIDE: Final = ("@graph", "mainEntity", "mainEntityOfPage", "item")
_OPENING: Final = re.compile(r"\A[\s;]*+(?://\s*+)?(?:<!--|<!\[CDATA\[)?")
_BLANKS: Final = f"{string.whitespace};\x1c\x1d\x1e\x1f\x85\xa0\u2028\u2029\u3000"
_TRAILING_COMMA: Final = re.compile(r",\s*+([}\]])")
_STRING: Final = r'\s*:\s*"((?:[^"\\\n]|\\.){1,2000})"'
_SALVAGE: Final = re.compile(r'"(headline|datePublished|dateModified|articleSection|@type)"' + _STRING)
_TAG: Final = re.compile(r"<[a-zA-Z/!][^<>]*>")


@dataclass(frozen=True, slots=True)
class JsonLd:
    """What the node of a page's article states, by column of `articles`, with what helps to read the page."""

    stated: dict[str, tuple[str, ...]] = field(default_factory=dict)
    publisher: str | None = None
    body_length: int = 0
    """Characters of its `articleBody`, which is often cut or without paragraphs, and so not read itself."""


def read_json_ld(scripts: Iterable[str], url: str) -> JsonLd:
    """What a page at `url` says of its article in JSON-LD.

    Of several articles the one that names `url` counts, else the first. Broken JSON is mended where simple, else only
    searched for title and dates, in linear time.
    """
    nodes = list(_nodes(_loaded(scripts)))
    named = {str(node["@id"]): node for node in nodes if "@id" in node and len(node) > 1}
    article = _choose(nodes, url)
    if article is None:
        return JsonLd()
    found = {}
    for column, keys in _FIELDS.items():
        stated = (_values(article.get(key), named, column in _ADDRESSES) for key in keys)
        if values := next(filter(None, stated), ()):
            found[column] = values
    publisher = _values(article.get("publisher"), named, False)
    body = article.get("articleBody")
    return JsonLd(found, publisher[0] if publisher else None, len(body) if isinstance(body, str) else 0)


def _loaded(scripts: Iterable[str]) -> Iterator[Any]:
    left = LONGEST
    for number, script in enumerate(scripts):
        left -= len(script)
        if number >= MOST_SCRIPTS or left < 0:
            return
        yield _load(script)


def _load(script: str) -> Any:
    text = _unwrapped(script)
    if text.startswith('{\\"'):  # a string of JSON, printed without its quotes
        text = text.replace('\\"', '"').replace("\\\\", "\\")
    for attempt in (text, _TRAILING_COMMA.sub(r"\1", text)):
        try:
            return json.loads(attempt, strict=False)
        except (ValueError, RecursionError):
            continue
    return _salvaged(text)


def _unwrapped(script: str) -> str:
    """Return a script without blanks, semicolons and the marks of a comment or of CDATA around it."""
    text = _OPENING.sub("", script, count=1).rstrip(_BLANKS)
    return text.removesuffix("-->").removesuffix("]]>").rstrip().removesuffix("//")


def _salvaged(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for key, value in _SALVAGE.findall(text):
        found.setdefault(key, value.replace('\\"', '"').replace("\\/", "/"))
    return found


def _nodes(values: Iterable[Any]) -> Iterator[dict[str, Any]]:
    waiting = list(values)[::-1]
    for _ in range(MOST_NODES):
        if not waiting:
            return
        value = waiting.pop()
        if isinstance(value, list):
            waiting.extend(reversed(value))
        elif isinstance(value, dict):
            yield value
            waiting.extend(value[key] for key in _INSIDE if isinstance(value.get(key), dict | list))


def _types(node: dict[str, Any]) -> list[str]:
    kinds = node.get("@type")
    listed = kinds if isinstance(kinds, list) else [kinds]
    return [kind.rsplit("/", 1)[-1] for kind in listed if isinstance(kind, str)]


def _choose(nodes: list[dict[str, Any]], url: str) -> dict[str, Any] | None:
    articles = [node for node in nodes if any(map(_ARTICLE.fullmatch, _types(node)))]
    if not articles:
        return next((node for node in nodes if _PAGE.intersection(_types(node)) and "datePublished" in node), None)
    page = url.split("?", maxsplit=1)[0].rstrip("/")
    return next((node for node in articles if page in map(_bare, _own_addresses(node))), articles[0])


def _bare(address: str) -> str:
    return address.partition("?")[0].partition("#")[0].rstrip("/")


def _own_addresses(node: dict[str, Any]) -> list[str]:
    return [address for key in ("url", "mainEntityOfPage", "@id") for address in _values(node.get(key), {}, True)]


def _values(value: Any, named: dict[str, dict[str, Any]], address: bool) -> tuple[str, ...]:
    """A value as printed strings: of a list each element, of an object its name or its address."""
    found = []
    waiting = [value]
    for _ in range(200):
        if not waiting:
            break
        value = waiting.pop()
        if isinstance(value, list):
            waiting.extend(reversed(value))
        elif isinstance(value, dict):
            node = named.get(str(value.get("@id")), value)
            keys = ("url", "contentUrl", "@id") if address else ("name", "@value", "alternateName")
            waiting.append(next((node[key] for key in keys if node.get(key)), None))
        elif isinstance(value, bool):
            found.append(str(value).lower())
        elif isinstance(value, str | int | float):
            found.append(plain(str(value)))
    return tuple(text for text in found if text)


def plain(text: str) -> str:
    """Text without tags and entities, which JSON does not know and publishers write all the same."""
    if "&" in text:
        text = html.unescape(text)
    return " ".join(_TAG.sub(" ", text).split() if "<" in text else text.split())
