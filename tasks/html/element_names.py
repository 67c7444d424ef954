"""What the names of an element's classes, ids and roles say that it holds, as marks."""

from __future__ import annotations

import re
from collections import defaultdict
from functools import lru_cache
from typing import Final

from lxml.html import HtmlElement

_NAME_PATTERNS: Final = {
    "comment": "comment|disqus|kommentar|livefyre|respond|repl(?:y|ies)|forum|guestbook",
    "related": (
        "related|recommend|more-?(?:news|stor|from|on|article)|teaser|promo|read-?(?:also|more|next)|popular|trending|"
        "recirc|outbrain|taboola|suggest|further|similar|see-?also|latest|mehr|weiter|lesen|carousel|card|rail|sidebar|"
        "widget|next"
    ),
    "share": "share|social|sharing|follow|facebook|twitter|whatsapp",
    "author": "author|byline|bio(?:graphy)?(?![a-z])|writer|contributor|autor|auteur|redakt|profile",
    "caption": "caption|credit|figure|image|img|photo|picture|media|gallery|bild|foto|thumb|slide",
    "navigation": "nav|menu|breadcrumb|header|masthead|toolbar|topbar|paginat|pager",
    "footer": "foot|copyright|legal|disclaimer|imprint|impressum",
    "subscription": (
        "newsletter|subscri|paywall|abo(?![a-z])|sign-?up|login|regist|premium|piano|regwall|cta(?![a-z])|offer"
    ),
    "advert": (
        "(?<![a-z])ads?(?![a-z])|advert|sponsor|anzeige|banner|werbung|dfp|gpt|affiliate|commerce|shop|product|price"
    ),
    "tag": "tags?(?![a-z])|topic|keyword|categor|section-?name|label|rubri",
    "body": (
        "article|content|body|story|entry|post|text|main|news|detail|artikel|contenu|cuerpo|corpo|prose|paragraph|copy|"
        "markup"
    ),
    "date": "date|time|publish|updated|meta|info|stamp",
    "title": "title|headline|heading|titre|titulo|(?<![a-z])hed(?![a-z])",
    "lead": (
        "lead|summary|intro|dek|standfirst|sub-?(?:title|head|line)|excerpt|abstract|chapo|vorspann|anleser|description|"
        "deck|kicker|perex|ingress|sapo|occhiello|sommario|bullet|key-?point|highlight|takeaway"
    ),
    "video": "video|player|embed|podcast|audio|tweet|youtube|instagram",
    "overlay": "cookie|consent|gdpr|privacy|modal|popup|overlay|lightbox|toast",
    "hidden": "hidden|hide|invisible|sr-only|screen-?reader|visually|print|d-none",
    "box": "box|fact|aside|side|inset|pull|quote|timeline|glossar|toc(?![a-z])",
}
_TAGS: Final = (
    *("article", "main", "aside", "nav", "footer", "header", "figure", "figcaption", "form", "ul", "ol", "table"),
    *("blockquote", "section", "dialog"),
)
MARKS: Final = (*_TAGS, *_NAME_PATTERNS, "unseen")
"""All marks: tags, groups of names, and whether a browser shows the element."""

_TAG_MARKS: Final[dict[str, tuple[int, ...]]] = {tag: (number,) for number, tag in enumerate(_TAGS)}
_UNSEEN: Final = len(MARKS) - 1
_LOOKBEHIND: Final = "(?<![a-z])"
_ALTERNATIVE: Final = re.compile(r"(?:[^|()]|\([^()]*\))+")


def _compile_names() -> tuple[re.Pattern[str], tuple[int, ...]]:
    """Return a pattern of all names, and for each of its groups the number of the mark.

    Grouped by their first letters the names are found in a tenth of the time: a page has hundreds of classes.
    """
    endings: dict[str, list[str]] = defaultdict(list)
    marks_of: dict[str, list[int]] = defaultdict(list)
    for number, pattern in enumerate(_NAME_PATTERNS.values(), len(_TAGS)):
        for name in _ALTERNATIVE.findall(pattern):
            letters = name.removeprefix(_LOOKBEHIND)
            lookbehind = f"(?<![a-z]{letters[0]})" if letters != name else ""
            endings[letters[0]].append(f"{lookbehind}{letters[1:]}()")
            marks_of[letters[0]].append(number)
    names = (f"{letter}(?:{'|'.join(ends)})" for letter, ends in endings.items())
    return re.compile("|".join(names)), tuple(number for numbers in marks_of.values() for number in numbers)


_NAMES, _MARK_OF_GROUP = _compile_names()
_CAMEL: Final = re.compile("(?<=[a-z])(?=[A-Z])")
_NAME_ATTRIBUTES: Final = frozenset(
    ("class", "id", "role", "itemprop", "data-component", "data-testid", "aria-label", "data-name", "data-type")
)
_UNSEEN_STYLE: Final = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
MAX_NAME_CHARACTERS: Final = 200


def read_marks(element: HtmlElement, tag: str) -> tuple[int, ...]:
    """Return the numbers of the marks of an element by itself, without those of the elements around it.

    `tag` is the tag of the element, which its caller has read.
    """
    marks = _TAG_MARKS.get(tag, ())
    for name, value in element.items():
        if name in _NAME_ATTRIBUTES:
            marks += _value_marks(value[:MAX_NAME_CHARACTERS])
        elif name == "hidden" or (name == "style" and _UNSEEN_STYLE.search(value[:MAX_NAME_CHARACTERS])):
            marks += (_UNSEEN,)
    return marks


@lru_cache(maxsize=20_000)
def _value_marks(value: str) -> tuple[int, ...]:
    return tuple(mark for name in value.split() for mark in _name_marks(name))


@lru_cache(maxsize=50_000)
def _name_marks(name: str) -> tuple[int, ...]:
    name = _CAMEL.sub("-", name).lower()
    groups = {match.lastindex for match in _NAMES.finditer(name)}
    return tuple({_MARK_OF_GROUP[group - 1] for group in groups if group})
