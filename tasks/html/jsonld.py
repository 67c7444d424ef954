"""JSON-LD: schema.org data on an article in the scripts of its page."""

from __future__ import annotations

import html
import json
import re
import string
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Final

from tasks.text.characters import text_key
from tasks.text.tags import strip_tags

# Of all scripts of a page together; real pages have a megabyte at most.
MAX_SCRIPT_CHARACTERS: Final = 2_000_000
MAX_SCRIPTS: Final = 50
MAX_NODES: Final = 20_000
MAX_VALUES: Final = 200
MAX_SEARCHED_KEYS: Final = 1_000
# Of a headline that tells two articles apart, in letters and digits; CJK headlines are as short.
MIN_HEADLINE_KEY: Final = 6

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
# `<!-- // <![CDATA[ {…} // ]]> -->`
MAX_WRAPPINGS: Final = 2
_URL_FIELDS: Final = {"image_url", "license", "canonical_url"}
_ARTICLE_TYPE: Final = re.compile(r"(?:.*Article|(?:.*Blog|SocialMedia)Posting|Report|Liveblog)", re.IGNORECASE)
_PAGE_TYPES: Final = {"WebPage", "ItemPage", "VideoObject", "AudioObject", "PodcastEpisode", "Review", "Event"}
# Properties in which this page's article can be; lists of teasers and of related articles hold other articles.
_CONTAINERS: Final = ("@graph", "mainEntity", "mainEntityOfPage", "item")
_OPENING: Final = re.compile(r"\A[\s;]*+(?://\s*+)?(?:<!--|<!\[CDATA\[)?")
_BLANKS: Final = f"{string.whitespace};\x1c\x1d\x1e\x1f\x85\xa0\u2028\u2029\u3000"
_TRAILING_COMMA: Final = re.compile(r",\s*+([}\]])")
_MISSING_COMMA: Final = re.compile(r"(?<=[\"}\]\de])(?=[^\S\n]*+\n\s*+\")")
_SINGLE_QUOTES: Final = re.compile(r"\A[\[{\s]*+'")
_SINGLE_QUOTED: Final = re.compile(r"(?<=[{\[,:\s])'((?:[^'\\]|\\.)*+)'(?=\s*+[,:}\]])")
_BETWEEN_VALUES: Final = re.compile(r"[\s,;]*+")
# A quotation mark that was not escaped does not end a value: after the one that does, a comma or a bracket follows.
_STRING: Final = re.compile(r'((?:[^\\\n]|\\.){1,2000}?)"(?=\s{0,20}(?:,\s{0,200}["{\[]|[}\]]))')
_KEY: Final = re.compile(
    r'"(headline|datePublished|dateModified|description|articleSection|keywords|inLanguage|image|license|@type)"'
    r'\s*:\s*"'
)
_FREE: Final = re.compile(r'"isAccessibleForFree"\s*:\s*"?(true|false)', re.IGNORECASE)
_ENTITY_QUOTE: Final = re.compile(r"&(?:quot|#34|#x22);", re.IGNORECASE)
_AUTHOR: Final = re.compile(r'"author"\s*:\s*(\[?\s*\{[^\[\]]{1,1000})')
_AUTHOR_NAME: Final = re.compile(r'"name"\s*:\s*"([^"\\\n]{1,200})"')
_KEYWORDS: Final = re.compile(r'"keywords"\s*:\s*(\[(?:\s*+"[^"\\\n]{0,200}+"\s*+,?){1,200}+\])')
_DECODER: Final = json.JSONDecoder(strict=False)


@dataclass(frozen=True, slots=True)
class JsonLd:
    """The values of a page's article in JSON-LD, by column of `articles`."""

    fields: dict[str, tuple[str, ...]] = field(default_factory=dict)
    publisher: str | None = None
    body: str = ""
    """Its `articleBody`, often cut or without paragraphs: it confirms text, and is text where there is no other."""
    organisations: tuple[str, ...] = ()
    """The names of the authors that it says are organisations."""
    paid_selectors: tuple[str, ...] = ()
    """The `cssSelector` of each part that is not accessible for free."""


def read_json_ld(scripts: Iterable[str], url: str, titles: Iterable[str] = ()) -> JsonLd:
    """Return the values of the article of the page at `url`, which prints `titles`.

    Of several articles it is the one with that URL, else with one of the titles, else the first. What it lacks is taken
    from others of the same headline. Simple errors of the JSON are mended; worse JSON is only searched for title,
    authors, dates and more, in linear time.
    """
    nodes = list(_nodes(_load_all(scripts)))
    nodes_by_id = {str(node["@id"]): node for node in nodes if "@id" in node and len(node) > 1}
    article = _article_node(nodes, url, titles)
    if article is None:
        return JsonLd()
    own_nodes = [article, *(node for node in nodes if node is not article and _is_same_article(node, article))]
    fields = {}
    for column, keys in _FIELDS.items():
        readings = (_values(node.get(key), nodes_by_id, column in _URL_FIELDS) for node in own_nodes for key in keys)
        candidates = list(filter(None, readings))
        if candidates:
            is_whole = _has_full_name if column == "authors" else bool
            fields[column] = next(filter(is_whole, candidates), candidates[0])
    publisher = _values(article.get("publisher"), nodes_by_id, False)
    body = article.get("articleBody")
    return JsonLd(
        fields,
        publisher[0] if publisher else None,
        body if isinstance(body, str) else "",
        tuple(_organisations(article, nodes_by_id)),
        _paid_selectors(article),
    )


def _load_all(scripts: Iterable[str]) -> Iterator[Any]:
    remaining = MAX_SCRIPT_CHARACTERS
    for number, script in enumerate(scripts):
        remaining -= len(script)
        if number >= MAX_SCRIPTS or remaining < 0:
            return
        yield _load(script)


def _load(script: str) -> Any:
    """Return the values in a script, what can be read of them if it is no JSON."""
    text = _unwrap(script)
    if text.startswith('{\\"'):  # a string of JSON, printed without its quotes
        text = text.replace('\\"', '"').replace("\\\\", "\\")
    if '"' not in text and _ENTITY_QUOTE.search(text):
        text = html.unescape(text)
    if _SINGLE_QUOTES.match(text):
        text = _SINGLE_QUOTED.sub(lambda string: json.dumps(string[1].replace("\\'", "'")), text)
    for attempt in (text, mended := _TRAILING_COMMA.sub(r"\1", text), _MISSING_COMMA.sub(",", mended)):
        try:
            values = _decode_all(attempt)
            return [json.loads(value, strict=False) if isinstance(value, str) else value for value in values]
        except (ValueError, RecursionError):
            continue
    return _search_strings(text)


def _decode_all(text: str) -> list[Any]:
    """Return the values of a text of JSON, in which several may follow each other. Raises ValueError."""
    values: list[Any] = []
    end = 0
    while (start := _BETWEEN_VALUES.match(text, end).end()) < len(text) or not values:  # type: ignore[union-attr]
        value, end = _DECODER.raw_decode(text, start)
        values.append(value)
    return values


def _unwrap(script: str) -> str:
    """Return a script without blanks, semicolons and the marks of a comment or of CDATA around it, one in the other."""
    text = script
    for _ in range(MAX_WRAPPINGS):
        text = _OPENING.sub("", text, count=1).rstrip(_BLANKS)
        text = text.removesuffix("-->").rstrip(_BLANKS).removesuffix("]]>").removesuffix("]]&gt;")
        text = text.rstrip(_BLANKS).removesuffix("//").rstrip(_BLANKS)
    return text


def _search_strings(text: str) -> dict[str, Any]:
    node: dict[str, Any] = {}
    end = 0
    for key in islice(_KEY.finditer(text), MAX_SEARCHED_KEYS):
        if key.start() >= end and key[1] not in node and (value := _STRING.match(text, key.end())):
            node[key[1]] = value[1].replace('\\"', '"').replace("\\/", "/")
            end = value.end()
    if free := _FREE.search(text):
        node["isAccessibleForFree"] = free[1].lower()
    if "headline" in node:
        node.setdefault("@type", "Article")
    if authors := _AUTHOR.search(text):
        last = authors[1].find("}") if authors[1][0] == "{" else len(authors[1])
        node["author"] = _AUTHOR_NAME.findall(authors[1][: last if last >= 0 else None])
    if keywords := _KEYWORDS.search(text):
        node.setdefault("keywords", re.findall(r'"([^"]+)"', keywords[1]))
    return node


def _nodes(values: Iterable[Any]) -> Iterator[dict[str, Any]]:
    """Yield the objects that may describe the page's article, in the order of the page."""
    stack = list(values)[::-1]
    for _ in range(MAX_NODES):
        if not stack:
            return
        value = stack.pop()
        if isinstance(value, list):
            stack.extend(reversed(value))
        elif isinstance(value, dict):
            yield value
            stack.extend(value[key] for key in _CONTAINERS if isinstance(value.get(key), dict | list))


def _types(node: dict[str, Any]) -> list[str]:
    value = node.get("@type")
    types = value if isinstance(value, list) else [value]
    return [name.rsplit("/", 1)[-1] for name in types if isinstance(name, str)]


def _article_node(nodes: list[dict[str, Any]], url: str, titles: Iterable[str]) -> dict[str, Any] | None:
    articles = [node for node in nodes if any(map(_ARTICLE_TYPE.fullmatch, _types(node)))]
    if not articles:
        dated = (node for node in nodes if "datePublished" in node)
        return next((node for node in dated if _PAGE_TYPES.intersection(_types(node))), None)
    if len(articles) == 1:
        return articles[0]
    page = url.split("?", maxsplit=1)[0].rstrip("/")
    keys = list(map(text_key, titles))
    own = (node for node in articles if page in map(_without_query, _urls(node)))
    titled = (node for node in articles if any(_headline_key(node) in key for key in keys) and _headline_key(node))
    return next(own, None) or next(titled, articles[0])


def _headline_key(node: dict[str, Any]) -> str:
    """Return the key (see `text_key`) of a node's headline; empty if it is too short to tell articles apart."""
    key = text_key(next(iter(_values(node.get("headline"), {}, False)), ""))
    return key if len(key) >= MIN_HEADLINE_KEY else ""


def _is_same_article(node: dict[str, Any], article: dict[str, Any]) -> bool:
    is_article = any(map(_ARTICLE_TYPE.fullmatch, _types(node)))
    return is_article and _headline_key(node) == _headline_key(article) != ""


def _has_full_name(names: tuple[str, ...]) -> bool:
    """Return whether a name has two words: that of an account has one."""
    return any(" " in name for name in names)


def _organisations(article: dict[str, Any], nodes_by_id: dict[str, dict[str, Any]]) -> Iterator[str]:
    authors = article.get("author")
    for author in (authors if isinstance(authors, list) else [authors])[:MAX_VALUES]:
        node = nodes_by_id.get(str(author.get("@id")), author) if isinstance(author, dict) else {}
        if any(kind.endswith("Organization") for kind in _types(node)):
            yield from _values(node, {}, False)


def _paid_selectors(article: dict[str, Any]) -> tuple[str, ...]:
    parts = article.get("hasPart")
    return tuple(
        selector
        for part in (parts if isinstance(parts, list) else [parts])[:MAX_VALUES]
        if isinstance(part, dict) and str(part.get("isAccessibleForFree")).lower() == "false"
        for selector in _values(part.get("cssSelector"), {}, False)
    )


def _without_query(url: str) -> str:
    return url.partition("?")[0].partition("#")[0].rstrip("/")


def _urls(node: dict[str, Any]) -> list[str]:
    return [url for key in ("url", "mainEntityOfPage", "@id") for url in _values(node.get(key), {}, True)]


def _values(value: Any, nodes_by_id: dict[str, dict[str, Any]], is_url: bool) -> tuple[str, ...]:
    """Return a value as strings: each element of a list, the name or the URL of an object."""
    strings = []
    stack = [value]
    for _ in range(MAX_VALUES):
        if not stack:
            break
        value = stack.pop()
        if isinstance(value, list):
            stack.extend(reversed(value))
        elif isinstance(value, dict):
            node = nodes_by_id.get(str(value.get("@id")), value)
            keys = ("url", "contentUrl", "@id") if is_url else ("name", "@value", "alternateName")
            stack.append(next((node[key] for key in keys if node.get(key)), None))
        elif isinstance(value, bool):
            strings.append(str(value).lower())
        elif isinstance(value, str | int | float):
            strings.append(strip_markup(str(value)))
    return tuple(filter(None, strings))


def strip_markup(text: str) -> str:
    """Return one line of text without tags and entities, which publishers write in embedded data too."""
    if "&" in text:
        text = html.unescape(text)
    return " ".join(strip_tags(text).split())
