"""Elements of a page that are about something else than its article, by their names."""

from __future__ import annotations

import re
from functools import cache, lru_cache
from itertools import islice
from typing import Final

from lxml import etree
from lxml.html import HtmlElement

from tasks.boilerplate.cues import phrases_of

# A box beside the article with more links is a list of other articles.
MAX_LINKS_OF_BOX: Final = 3
MAX_LINK_TEXTS: Final = 20
# A link of fewer words is the name of a writer or a section.
MIN_HEADLINE_WORDS: Final = 4
# Of a paragraph, without the time in it.
MIN_PROSE_CHARACTERS: Final = 60
MAX_PROSE_TEXTS: Final = 200
# Around a writer's name, in a teaser.
MAX_TEASER_LEVELS: Final = 3
# Of an attribute with names that is looked at.
MAX_NAME_CHARACTERS: Final = 1_000
# Of a text that is the label of a date.
MAX_LABEL_CHARACTERS: Final = 40
# Of a text with labels and dates; a longer one is prose.
MAX_DATED_CHARACTERS: Final = 200

_OTHER_TAGS: Final = frozenset({"aside", "nav", "footer"})
_OTHER_NAMES: Final = re.compile(
    r"(?:^|[\s_-])(?:comments?|commentlist|respond|replies|related|recommend\w*|most-?(?:read|popular)|teasers?"
    r"|copyright|colophon|top-?bar|weather|clock|(?<!post-)(?<!entry-)(?<!article-)(?<!post_)(?<!entry_)(?<!article_)footer)"
    r"(?:$|[\s_-])",
    re.IGNORECASE,
)
_DIGIT: Final = re.compile(r"\d")
_MODIFICATION: Final = re.compile(r"modif|updat|revis", re.IGNORECASE)
_PUBLICATION: Final = re.compile(r"publi[sc]|posted|creat", re.IGNORECASE)
_NAME_ATTRIBUTES: Final = ("class", "id")
_KEY_ATTRIBUTES: Final = ("class", "itemprop", "property", "name")
_HAS_LINKED_HEADING: Final = etree.XPath(
    "boolean((descendant::h2|descendant::h3|descendant::h4|descendant::h5)[descendant::a or ancestor::a])"
)
_HAS_HEADLINE: Final = etree.XPath("boolean(descendant::h1)")


def is_about_others(element: HtmlElement) -> bool:
    """Return whether an element is a comment, a teaser, a foot or a top bar of the page, and has no `h1` in it."""
    tag = element.tag
    is_named_other = tag not in {"html", "body"} and any(
        _name_others(names[:MAX_NAME_CHARACTERS]) for attribute in _NAME_ATTRIBUTES if (names := element.get(attribute))
    )
    is_teaser = tag == "li" and any(map(_is_headline, element.iter("a")))
    is_other = is_named_other or is_teaser or (tag in _OTHER_TAGS and not _is_part_of_article(element))
    return is_other and not _HAS_HEADLINE(element)


# Most elements of a page have the names of others.
@lru_cache(maxsize=4_000)
def _name_others(names: str) -> bool:
    return _OTHER_NAMES.search(names) is not None


def _is_part_of_article(element: HtmlElement) -> bool:
    """Return whether an element is a foot or a box of the article itself, not a list of links in it."""
    is_inside = any(ancestor.tag in {"article", "main"} for ancestor in element.iterancestors())
    return is_inside and sum(1 for _ in islice(element.iter("a"), MAX_LINKS_OF_BOX + 1)) <= MAX_LINKS_OF_BOX


def _is_headline(link: HtmlElement) -> bool:
    return len("".join(islice(link.itertext(), MAX_LINK_TEXTS)).split()) >= MIN_HEADLINE_WORDS


def is_inside_others(element: HtmlElement) -> bool:
    """Return whether an element or one around it is about something else than the article."""
    return is_about_others(element) or any(map(is_about_others, element.iterancestors()))


def is_in_teaser(element: HtmlElement) -> bool:
    """Return whether an element stands close to the headline of another article: a heading that is a link.

    On a page without an `h1` that may be its own headline.
    """
    for ancestor in islice(element.iterancestors(), MAX_TEASER_LEVELS):
        if ancestor.tag in {"article", "main", "body", "html"} or _HAS_HEADLINE(ancestor):
            return False
        if _HAS_LINKED_HEADING(ancestor):
            return bool(_HAS_HEADLINE(ancestor.getroottree()))
    return False


def is_of_other_article(element: HtmlElement) -> bool:
    """Return whether a writer who is named in an element wrote something else than the page's article."""
    return is_inside_others(element) or is_in_teaser(element)


def is_in_prose(element: HtmlElement) -> bool:
    """Return whether an element stands in a paragraph of prose: a time there is that of an event."""
    paragraph = next(element.iterancestors("p"), None)
    if paragraph is None:
        return False
    others = sum(map(len, islice(paragraph.itertext(), MAX_PROSE_TEXTS))) - sum(map(len, element.itertext()))
    return others >= MIN_PROSE_CHARACTERS


def is_of_modification(element: HtmlElement) -> bool:
    """Return whether the names of an element, or the words before it, say that its date is that of a change."""
    names = [name[:MAX_NAME_CHARACTERS] for attribute in _KEY_ATTRIBUTES if (name := element.get(attribute))]
    if names and _name_modification(" ".join(names)):
        return True
    return element.tag == "time" and _modified_label().search(_text_before(element)) is not None


@lru_cache(maxsize=4_000)
def _name_modification(names: str) -> bool:
    return _MODIFICATION.search(names) is not None and _PUBLICATION.search(names) is None


def cut_modification(text: str, before: str) -> str:
    """Return a text up to the day of a change in it; empty if the label of that day is all of the text `before`."""
    if len(text) > MAX_DATED_CHARACTERS or not _DIGIT.search(text):
        return text
    if len(before) <= MAX_LABEL_CHARACTERS and _modified_label().search(before):
        return ""
    match = _modified_date().search(text)
    return text[: match.start()] if match else text


@cache
def _modified_label() -> re.Pattern[str]:
    """Return a pattern of a text that ends in a label such as `Last updated on:`."""
    return re.compile(rf"(?<!\w)(?:{_modified_phrases()})(?:\s\w{{1,4}})?\W*$", re.IGNORECASE)


@cache
def _modified_date() -> re.Pattern[str]:
    """Return a pattern of such a label and the beginning of its date."""
    return re.compile(rf"(?<!\w)(?:{_modified_phrases()})(?!\w)[^\d\n]{{0,30}}\d", re.IGNORECASE)


def _modified_phrases() -> str:
    return "|".join(sorted(map(re.escape, phrases_of("modified")), key=len, reverse=True))


def near_headline(headline: HtmlElement | None, levels: int) -> frozenset[HtmlElement]:
    """Return the elements close around a headline, in which its date may stand above it."""
    ancestors = islice(headline.iterancestors(), levels) if headline is not None else ()
    return frozenset(element for element in ancestors if element.tag not in {"html", "body", "main"})


def _text_before(element: HtmlElement) -> str:
    before, parent = element.getprevious(), element.getparent()
    if before is not None:
        return before.tail or ""
    return (parent.text or "") if parent is not None else ""
