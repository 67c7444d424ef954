"""What a page shows around its headline: titles, byline, time, links, the caption of its image."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from typing import Final

from lxml.html import HtmlElement

from tasks.html.jsonld import plain
from tasks.html.lead_image import read_lead_image
from tasks.text.characters import text_key

LONGEST_BYLINE: Final = 120
"""Characters of what a page marks as a byline; what is longer holds more than one."""
MOST_AUTHORS: Final = 20
MOST_HEADLINES: Final = 20

_XML_LANG: Final = "{http://www.w3.org/XML/1998/namespace}lang"
_BYLINE: Final = re.compile(
    r"(?:^|[\s_-])(?:by-?line|authors?|autor|auteur|autore)(?:[_-]*names?)?(?:$|\s)", re.IGNORECASE
)
_ASIDE: Final = frozenset({"aside", "nav", "footer"})


def read_shown(tree: HtmlElement, images: list[str]) -> dict[str, tuple[str, ...]]:
    """Headline, page title, byline, time and links of a page, and the caption of its image, if one of `images`.

    By column of `articles`. The titles are the most likely `h1`, where there is one, and the page's title last.
    """
    page_title = next((plain(title.text or "") for title in tree.iter("title")), "")
    links = {rel: link.get("href", "").strip() for link in tree.iter("link", "a") for rel in _relations(link)}
    byline = next(_bylines(tree), None)
    authors = tuple(_author_links(tree)) or (_names(byline) if byline is not None else ())
    found = {
        "title": (*_headlines(tree, page_title)[:1], page_title),
        "canonical_url": (links.get("canonical", ""),),
        "license": (links.get("license", ""),),
        "language": (tree.get("lang") or tree.get(_XML_LANG) or "",),
        "authors": authors,
        "by": (_text(byline, between=" "),) if byline is not None else (),
        "published_at": (next(_times(tree), ""),),
        **read_lead_image(tree, images),
    }
    return {field: kept for field, values in found.items() if (kept := tuple(filter(None, values)))}


def _headlines(tree: HtmlElement, page_title: str) -> list[str]:
    texts = filter(None, map(_text, tree.iter("h1")))
    # A logo or the head of a form may be an h1 too.
    known = text_key(page_title)
    return sorted(islice(texts, MOST_HEADLINES), key=lambda text: (text_key(text) not in known, -len(text)))


def _relations(link: HtmlElement) -> list[str]:
    relations = link.get("rel")
    return [rel for rel in relations.lower().split() if rel in {"canonical", "license"}] if relations else []


def _author_links(tree: HtmlElement) -> Iterator[str]:
    names = (_text(link, LONGEST_BYLINE) for link in tree.iter("a") if "author" in (link.get("rel") or "").split())
    return islice(dict.fromkeys(filter(None, names)), MOST_AUTHORS)


def _bylines(tree: HtmlElement) -> Iterator[HtmlElement]:
    for element in tree.iter("span", "div", "p", "a", "address", "li"):
        kind = element.get("class")
        if kind and _BYLINE.search(kind) and not _is_aside(element) and _text(element, LONGEST_BYLINE):
            yield element


def _names(byline: HtmlElement) -> tuple[str, ...]:
    """Names in a byline are its links, else what it marks as an author, else all but dates and times, with figures."""
    links = dict.fromkeys(name for link in byline.iter("a") if (name := _text(link)))
    links = links or dict.fromkeys(
        name for part in byline.iterdescendants() if _names_one(part) and (name := _text(part))
    )
    parts = (text for part in byline.itertext() if (text := part.strip()) and not re.search(r"\d", text))
    return tuple(links or parts)


def _names_one(element: HtmlElement) -> bool:
    return bool(_BYLINE.search(element.get("class") or "")) and next(iter(element), None) is None


def _times(tree: HtmlElement) -> Iterator[str]:
    for element in tree.iter("time"):
        printed = (element.get("datetime") or "").strip()
        if printed and not _is_aside(element):
            yield printed[:100]


def _is_aside(element: HtmlElement) -> bool:
    return any(ancestor.tag in _ASIDE for ancestor in element.iterancestors())


def _text(element: HtmlElement, longest: int = 500, between: str = "") -> str:
    parts = []
    left = 10 * longest  # white space is not counted, and elements may lie around a whole page
    for part in element.itertext():
        left -= len(part)
        if left < 0:
            return ""
        parts.append(part)
    text = " ".join(between.join(parts).split())
    return text if len(text) <= longest else ""
