"""Elements of a page that are about something else than its article, by their names."""

from __future__ import annotations

import re
from typing import Final

from lxml import etree
from lxml.html import HtmlElement

_OTHER_TAGS: Final = frozenset({"aside", "nav", "footer"})
_OTHER_NAMES: Final = re.compile(
    r"(?:^|[\s_-])(?:comments?|commentlist|respond|replies|related|recommend\w*|most-?(?:read|popular)|teasers?"
    r"|copyright|colophon|top-?bar|weather|clock|footer)(?:$|[\s_-])",
    re.IGNORECASE,
)
_MODIFICATION: Final = re.compile(r"modif|updat|revis", re.IGNORECASE)
_PUBLICATION: Final = re.compile(r"publi[sc]|posted|creat", re.IGNORECASE)
_MODIFIED_LABEL: Final = re.compile(
    r"(?:updated|modified|aktualisiert|mis à jour|actualizado|aggiornato)(?:\s(?:on|at|am|le|el|il))?\W*$",
    re.IGNORECASE,
)
_NAME_ATTRIBUTES: Final = ("class", "id")
_KEY_ATTRIBUTES: Final = ("class", "itemprop", "property", "name")
_HAS_HEADLINE: Final = etree.XPath("boolean(descendant::h1)")


def is_about_others(element: HtmlElement) -> bool:
    """Return whether an element is a comment, a related item, a foot or a head line of the page; not around an `h1`."""
    names = " ".join(element.get(attribute) or "" for attribute in _NAME_ATTRIBUTES)
    is_named_other = element.tag not in {"html", "body"} and _OTHER_NAMES.search(names) is not None
    is_other = is_named_other or (element.tag in _OTHER_TAGS and not _is_part_of_article(element))
    return is_other and not _HAS_HEADLINE(element)


def _is_part_of_article(element: HtmlElement) -> bool:
    """Return whether an element is the foot or the date of an `article`, not a list of links in it."""
    parent = element.getparent()
    return parent is not None and parent.tag == "article" and next(element.iter("a"), None) is None


def is_inside_others(element: HtmlElement) -> bool:
    """Return whether an element or one around it is about something else than the article."""
    return is_about_others(element) or any(map(is_about_others, element.iterancestors()))


def is_of_modification(element: HtmlElement) -> bool:
    """Return whether the names of an element, or the words before it, say that its date is that of a change."""
    names = " ".join(element.get(attribute) or "" for attribute in _KEY_ATTRIBUTES)
    if _MODIFICATION.search(names) is not None and _PUBLICATION.search(names) is None:
        return True
    return element.tag == "time" and _MODIFIED_LABEL.search(_text_before(element)) is not None


def _text_before(element: HtmlElement) -> str:
    before, parent = element.getprevious(), element.getparent()
    if before is not None:
        return before.tail or ""
    return (parent.text or "") if parent is not None else ""
