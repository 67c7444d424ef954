"""The headline that a page prints: its `h1`, without a kicker and unless that is the name of the site."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice, pairwise
from typing import Final

from lxml import etree
from lxml.html import HtmlElement

from tasks.text.characters import text_key

MAX_HEADLINES: Final = 20
MAX_HEADLINE_CHARACTERS: Final = 500
MIN_HEADLINE_LENGTH: Final = 10
# Of a title that was cut with `…`.
MIN_CUT_LENGTH: Final = 15
# Of an `h1` that may be the name of a section.
MAX_SECTION_WORDS: Final = 3
# Between an `h1` and the head of the page.
MAX_MASTHEAD_LEVELS: Final = 2

_BLOCK_TAGS: Final = frozenset({"div", "p", "br", "small", "h2", "h3", "section", "header"})
_LOGO: Final = re.compile(r"(?:^|[\s_-])(?:logo|brand|site-?(?:title|name))(?:$|[\s_-])", re.IGNORECASE)
_MASTHEAD: Final = re.compile(
    r"(?:^|[\s_-])(?:masthead|logo|brand(?:ing)?|site-?(?:title|name|head(?:er)?))(?:$|[\s_-])", re.IGNORECASE
)
_SEPARATOR_AT_START: Final = re.compile(r"\s*(?:[|｜»«›ㅣ_]|[-–—·•*:/~]\s)")
_SEPARATOR_AT_END: Final = re.compile(r"(?:[|｜»«›ㅣ_]|\s[-–—·•*:/~<])\s*$")
_HOME: Final = re.compile(r"(?:https?://[^/]+)?/?(?:index\.\w+)?")


def read_headline(tree: HtmlElement, page_title: str) -> str:
    """Return the most likely headline among the `h1` elements; empty if there is none.

    Those that the page's title contains go first, then the longest: a logo or the head of a form may be an `h1` too. If
    the only `h1` is the name of the site, or of a section, the `h2` with which the page's title begins is the headline.
    """
    title_key = text_key(page_title)
    headings = list(islice(tree.iter("h1"), MAX_HEADLINES))
    headings = [heading for heading in headings if not _is_logo(heading)]
    texts = [
        text
        for heading in headings
        if (text := _read(heading, page_title)) and not _names_site(heading, text, page_title)
    ]
    best = min(texts, key=lambda text: (text_key(text) not in title_key, -len(text)), default="")
    if best and (text_key(best) in title_key or len(best.split()) > MAX_SECTION_WORDS):
        return best
    return next(_headings_in_title(tree, page_title), best)


def find_site_headings(tree: HtmlElement, page_title: str) -> Iterator[str]:
    """Yield each `h1` that is the name of the site, as the page's title ends in it."""
    for heading in islice(tree.iter("h1"), MAX_HEADLINES):
        if (text := _read(heading, page_title)) and _names_site(heading, text, page_title):
            yield text


def _names_site(heading: HtmlElement, text: str, page_title: str) -> bool:
    """Return whether the page's title ends in a text behind a separator and a longer headline.

    The text of a heading in the head of the page may stand before them.
    """
    headline = page_title.removesuffix(text)
    if headline == page_title and any(map(_is_masthead, islice(heading.iterancestors(), MAX_MASTHEAD_LEVELS))):
        headline = page_title.removeprefix(text)
        return _SEPARATOR_AT_START.match(headline) is not None and len(headline) > len(text)
    is_behind = _SEPARATOR_AT_END.search(headline) is not None
    return headline != page_title and is_behind and len(headline) > max(2 * MIN_HEADLINE_LENGTH, len(text))


def _is_masthead(element: HtmlElement) -> bool:
    return any(_MASTHEAD.search(element.get(name) or "") for name in ("class", "id"))


def _headings_in_title(tree: HtmlElement, page_title: str) -> Iterator[str]:
    before, mark, _ = page_title.replace("...", "…").partition("…")
    cut = text_key(before) if mark else ""
    for heading in islice(tree.iter("h2", "h3"), MAX_HEADLINES):
        text = _read(heading, page_title)
        is_beginning = text_key(page_title).startswith(text_key(text))
        is_whole = len(cut) >= MIN_CUT_LENGTH and text_key(text).startswith(cut)
        if len(text) >= MIN_HEADLINE_LENGTH and (is_beginning or is_whole):
            yield text


def _is_logo(heading: HtmlElement) -> bool:
    """Return whether a heading is the name of the site: all of it is a link to the home page, or a logo's."""
    if _LOGO.search(heading.get("class") or "") or _LOGO.search(heading.get("id") or ""):
        return True
    link = next(heading.iter("a"), None)
    link = link if link is not None else heading.getparent()
    if link is None or link.tag != "a" or (address := link.get("href")) is None:
        return False
    return bool(_HOME.fullmatch(address.strip())) and not (heading.text or "").strip()


def _read(heading: HtmlElement, page_title: str) -> str:
    """Return the text of a heading on one line; of a kicker and a headline, the one that the page's title has.

    Styles set parts of a heading apart that no space separates: `<i>Flooding</i><b>River takes bridge</b>`.
    """
    parts = list(_parts(heading))
    glued = _one_line(parts)
    if len(parts) > 1 and glued not in page_title:
        longest = max(map(str.strip, parts), key=len)
        is_headline = len(longest) >= MIN_HEADLINE_LENGTH and 2 * len(longest) > len(glued)
        if is_headline and longest in page_title and text_key(glued) not in text_key(page_title):
            return longest
        glued = _one_line([part + " " * _are_apart(part, after) for part, after in pairwise((*parts, ""))])
    return glued if len(glued) <= MAX_HEADLINE_CHARACTERS else ""


def _one_line(parts: list[str]) -> str:
    return " ".join("".join(parts).split())


def _are_apart(part: str, after: str) -> bool:
    """Return whether a part that ends in a small letter or a mark meets one that begins with a capital."""
    return part[-1:].isalnum() > part[-1:].isupper() and not part[-1:].isdigit() and after[:1].isupper()


def _parts(heading: HtmlElement) -> Iterator[str]:
    """Yield the texts of a heading, those of blocks in spaces."""
    remaining = 10 * MAX_HEADLINE_CHARACTERS
    for event, element in etree.iterwalk(heading, events=("start", "end")):
        text = element.text if event == "start" else element.tail if element is not heading else None
        space = " " if element.tag in _BLOCK_TAGS else ""
        remaining -= len(text or "")
        if remaining < 0:
            return
        if text and isinstance(element.tag, str):
            yield f"{space}{text}"
        elif space:
            yield space
