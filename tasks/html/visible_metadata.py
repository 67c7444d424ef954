"""Metadata that a page shows around its headline: titles, byline, time, links, the caption of its image."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import islice
from typing import Final

from lxml.html import HtmlElement

from tasks.html.headline import read_headline
from tasks.html.jsonld import strip_markup
from tasks.html.lead_image import find_picture, is_placeholder, read_lead_image
from tasks.html.surroundings import (
    is_in_prose,
    is_inside_others,
    is_of_modification,
    is_of_other_article,
    near_headline,
)
from tasks.metadata.bylines import split_byline

# A longer element of the class `byline` contains more than the byline.
MAX_BYLINE_CHARACTERS: Final = 120
MAX_TEXT_CHARACTERS: Final = 500
MAX_TIME_CHARACTERS: Final = 100
MAX_AUTHORS: Final = 20
MAX_BYLINES: Final = 100
MAX_CLASS_CHARACTERS: Final = 1_000
# The date above a headline is in the same box, this many elements around it.
MAX_HEADLINE_LEVELS: Final = 2

_XML_LANG: Final = "{http://www.w3.org/XML/1998/namespace}lang"
_BYLINE: Final = re.compile(
    r"(?:^|[\s_-])(?:by-?line|submitted|authors?|autor|auteur|autore)"
    r"(?:(?:[_-]+(?:box|meta|card|info|details))*[_-]*(?:names?|line))?(?:__\w{3,8})?(?:$|\s)",
    re.IGNORECASE,
)
_BYLINE_TAGS: Final = ("span", "div", "p", "a", "address", "li", "ul", "h4", "h5", "h6")


def read_visible_metadata(tree: HtmlElement, images: list[str]) -> dict[str, tuple[str, ...]]:
    """Return titles, byline, time and links of a page, and the caption of its image if it is one of the URLs `images`.

    Keys are columns of `articles`. The titles are the printed headline, if there is one, and last the page's title.
    """
    page_title = next((strip_markup(title.text or "") for title in tree.iter("title")), "")
    headline = read_headline(tree, page_title)
    links = {rel: link.get("href", "").strip() for link in tree.iter("link", "a") for rel in _relations(link)}
    # A label such as `Posted by` may have an element of its own.
    byline = next((element for element in _bylines(tree) if any(map(split_byline, _names(element)))), None)
    authors = tuple(_author_links(tree)) or (_names(byline) if byline is not None else ())
    fields = {
        "title": (headline, page_title or headline),
        "canonical_url": (links.get("canonical", ""),),
        "license": (links.get("license", ""),),
        "language": (tree.get("lang") or tree.get(_XML_LANG) or "",),
        "authors": authors,
        "by": (_text(byline, separator=" "),) if byline is not None else (),
        "image_url": (find_picture(tree) if all(map(is_placeholder, images)) else "",),
        **_times(tree),
        **read_lead_image(tree, images),
    }
    values_of = {field: tuple(filter(None, values)) for field, values in fields.items()}
    return {field: values for field, values in values_of.items() if values}


def _relations(link: HtmlElement) -> list[str]:
    relations = link.get("rel")
    return [rel for rel in relations.lower().split() if rel in {"canonical", "license"}] if relations else []


def _author_links(tree: HtmlElement) -> Iterator[str]:
    links = islice((link for link in tree.iter("a") if "author" in (link.get("rel") or "").split()), MAX_BYLINES)
    own = [link for link in links if not is_of_other_article(link)]
    # Another `article` on the page has writers of its own.
    around = next(own[0].iterancestors("article"), None) if own else None
    if around is not None:
        own = [link for link in own if next(link.iterancestors("article"), None) is around]
    names = (_text(link, MAX_BYLINE_CHARACTERS) for link in own)
    return islice(dict.fromkeys(filter(None, names)), MAX_AUTHORS)


def _bylines(tree: HtmlElement) -> Iterator[HtmlElement]:
    elements = tree.iter(*_BYLINE_TAGS)
    bylines = (element for element in elements if (names := element.get("class")) and _name_byline(names))
    short = islice((element for element in bylines if _text(element, MAX_BYLINE_CHARACTERS)), MAX_BYLINES)
    return (element for element in short if not is_of_other_article(element))


@lru_cache(maxsize=4_000)
def _name_byline(classes: str) -> bool:
    return _BYLINE.search(classes[:MAX_CLASS_CHARACTERS]) is not None


def _names(byline: HtmlElement) -> tuple[str, ...]:
    """Return the names in a byline: links, else elements of an author's class, else parts without digits."""
    names = dict.fromkeys(name for link in byline.iter("a") if (name := _text(link)))
    if not names:
        authors = filter(_is_author, byline.iterdescendants())
        names = dict.fromkeys(name for author in authors if (name := _text(author)))
    parts = (text for part in byline.itertext() if (text := part.strip()) and not re.search(r"\d", text))
    texts = tuple(names or parts)
    # Beside full names, one word is a place or an outlet.
    return tuple(text for text in texts if " " in text) or texts


def _is_author(element: HtmlElement) -> bool:
    return bool(_BYLINE.search(element.get("class") or "")) and next(iter(element), None) is None


def _times(tree: HtmlElement) -> dict[str, tuple[str, ...]]:
    """Return the first time of publication and of change at or below the headline.

    Further above it stand clocks and the days of other articles.
    """
    times: dict[str, str] = {}
    headline = next(tree.iter("h1"), None)
    around = near_headline(headline, MAX_HEADLINE_LEVELS)
    is_below = headline is None
    for element in tree.iter("h1", "time"):
        is_below = is_below or element is headline
        value = (element.get("datetime") or "").strip() if element.tag == "time" else ""
        is_near = is_below or not around.isdisjoint(element.iterancestors())
        if value and is_near and not is_inside_others(element) and not is_in_prose(element):
            field = "modified_at" if is_of_modification(element) else "published_at"
            times.setdefault(field, value[:MAX_TIME_CHARACTERS])
    return {field: (value,) for field, value in times.items()}


def _text(element: HtmlElement, max_characters: int = MAX_TEXT_CHARACTERS, separator: str = "") -> str:
    """Return the text of an element on one line; empty if it is longer than `max_characters`."""
    parts = []
    remaining = 10 * max_characters  # white space is not counted, and elements may contain a whole page
    for part in element.itertext():
        remaining -= len(part)
        if remaining < 0:
            return ""
        parts.append(part)
    text = " ".join(separator.join(parts).split())
    return text if len(text) <= max_characters else ""
