"""The writers that a page prints without a mark: `By Ann Lee` at its headline, or a link to the page of a writer."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import islice, pairwise
from typing import Any, Final

from lxml import etree
from lxml.html import HtmlElement

from tasks.html.surroundings import is_inside_others, is_of_other_article
from tasks.metadata.bylines import split_byline
from tasks.text.characters import text_key

# Below the standfirst and the first paragraph, `By Ann Lee` is a byline of another article.
MAX_PROSE_ABOVE: Final = 2
MIN_PROSE_CHARACTERS: Final = 80
MAX_PAGE_TEXTS: Final = 5_000
MAX_BYLINE_CHARACTERS: Final = 80
MAX_LINKS: Final = 20
MAX_BYLINES: Final = 20
MAX_NAMES: Final = 6
# Of an element that is named for the writers.
MAX_NAME_TEXTS: Final = 40
MAX_PATH_CHARACTERS: Final = 300

_WRITER_ELEMENTS: Final = etree.XPath("//*[@id='authors' or @id='author' or @id='byline']")
_TEXTS: Final = etree.XPath("//h1|//body//text()[normalize-space()]")
_AUTHOR_PATH: Final = re.compile(
    r"/(?:authors?|autor(?:es|en)?|auteurs?|autori|contributors?|by|writers?|redakteure?)/(?:names?/)?[^/?#]{2,80}/?(?:[?#].*)?$",
    re.IGNORECASE,
)
# At its beginning, for sure or only near the headline.
_LABEL: Final = re.compile(
    r"\W{0,3}(?:(?P<sure>(?:(?:this )?(?:article|post|story)(?: was| is)? )?(?:written|authored|reported) by"
    r"|(?:text|texte|texto|testo|words|bài)\s?"
    r"(?:(?:,|&|and|und|et|y|e|och|og|en)\s?(?:photos?|fotos?|foto|pictures|ảnh)\s?)?[:：]"
    r"|la rédaction avec"
    r"|(?:(?:ein|eine|un|une|una)\s)?(?:gastbeitrag|kommentar|analyse|análisis|analisi|reportage|reportaje"
    r"|essay|kolumne|tribune|article)\s(?:von|de|par|di)(?=\s?$|\s(?-i:[A-ZÀ-Þ]))"
    r"|(?:article|story|words|text|posted) by|escrito por|écrit par|geschrieben von|作者|撰文|文／|文/)"
    r"|by|author|autor|autora|auteur|von|par|por|door|di|oleh)(?![A-Za-z])\s?[:：]?\s*(?P<names>.*)",
    re.IGNORECASE | re.DOTALL,
)
_CAPITALISED_LABELS: Final = frozenset({"By", "BY", "by", "Von", "VON", "Par", "PAR", "Por", "POR", "Door", "Oleh"})
# `Publié le 2 juin 2016 par Ann Lee`
_DATED: Final = re.compile(
    r"(?=[^\n]{0,60}(?:19|20)\d\d)[^\n]{6,60}?\s(?:by|von|par|por|door|di|oleh)\s+(?P<names>[^\n]+)", re.IGNORECASE
)
# In a line with the day, the source and the size of the letters.
_CHINESE: Final = re.compile(
    r"(?:(?:作者|撰文|記者|记者)\s?[:：]|(?<![\u3400-\u9fff])(?:本报|本報)?(?:記者|记者)\s)\s?"
    r"(?P<names>[\u3400-\u9fff·]{2,4}(?:(?:、|\s(?:通讯员|通訊員)\s?)[\u3400-\u9fff·]{2,4}){0,4})"
    r"(?![\u3400-\u9fff])"
)
_HAN: Final = re.compile(r"[\u3400-\u9fff]")
_LINE_ENDS: Final = frozenset({"br", "img", "svg", "time", "hr", "div", "p", "h1", "h2"})
_NO_BYLINE_TAGS: Final = frozenset({"figcaption", "blockquote"})
_END: Final = re.compile(r"\s*[|•·⋅–—(]|\s+[-/]\s+|\s+(?:in|on|at|from|updated|published)\s|\s+(?:am|le|el)\s+\d|\s*\d")
_LATIN_NAME: Final = re.compile(
    r"(?:[^\W\d_]+\.?\s)?[^\W\d_]+(?:['’.-][^\W\d_]+)*\.?(?:\s+[^\W\d_]+(?:['’.-][^\W\d_]+)*\.?){1,4}"
)
_OTHER_NAME: Final = re.compile(r"[\u1100-\uffff·]{2,12}")


def find_printed_authors(tree: HtmlElement, sites: frozenset[str]) -> tuple[str, ...]:
    """Return the persons that a page prints as its writers, none of whom is one of `sites`; empty if there are none."""
    nodes = _TEXTS(tree)[:MAX_PAGE_TEXTS]
    headline = next((index for index, node in enumerate(nodes) if not isinstance(node, str)), 0)
    texts = [node for node in nodes[headline:] if isinstance(node, str) and node.strip()]
    links = (link for link in tree.iter("a") if _AUTHOR_PATH.search((link.get("href") or "")[-MAX_PATH_CHARACTERS:]))
    names = _names(texts) or _names_of_links(islice(links, MAX_LINKS)) or _names_of_elements(_WRITER_ELEMENTS(tree))
    return tuple(name for name in names if text_key(name) not in sites)


def _names(texts: list[Any]) -> tuple[str, ...]:
    prose_count, bylines = 0, 0
    for text, after in pairwise((*texts, "")):
        is_near = prose_count < MAX_PROSE_ABOVE and _begins_line(text)
        line = " ".join(text[: 2 * MAX_BYLINE_CHARACTERS].split())
        match = _LABEL.match(line)
        if match and not match["sure"] and not (is_near and _is_label(line)):
            match = None
        if match is None and is_near and len(text) < MAX_BYLINE_CHARACTERS:
            match = _DATED.match(line) or _CHINESE.search(line)
        if match and (names := _read_names(match["names"].strip() or after.strip())):
            bylines += 1
            element = text.getparent()
            if bylines > MAX_BYLINES:
                return ()
            if not is_of_other_article(element) and element.tag not in _NO_BYLINE_TAGS:
                return names
        prose_count += len(text) >= MIN_PROSE_CHARACTERS
    return ()


def _begins_line(text: Any) -> bool:
    """Return whether a text begins its element, or follows a picture, a time or the end of a line."""
    return text.is_text or text.getparent().tag in _LINE_ENDS


def _is_label(line: str) -> bool:
    word = line.split(maxsplit=1)[0].rstrip(":：")
    return word in _CAPITALISED_LABELS or ":" in line[: len(word) + 2] or line == word


def _read_names(text: str) -> tuple[str, ...]:
    end = _END.search(text)
    line = text[: end.start()] if end else text
    names = split_byline(line, "zh" if _HAN.match(line) else None) if len(line) <= MAX_BYLINE_CHARACTERS else ()
    if not names or not is_person(names[0]):
        return ()
    # A single word behind a whole name is a place: `Ann Lee, Frankfurt`.
    return tuple(name for name in names if " " in name or " " not in names[0])[:MAX_NAMES]


def _names_of_links(links: Iterable[HtmlElement]) -> tuple[str, ...]:
    """Return the names in the first links to pages of writers that stand together, in one element."""
    parent = None
    names: dict[str, str] = {}
    for link in links:
        name = " ".join("".join(link.itertext()).split())
        if not is_person(name) or is_inside_others(link):
            continue
        around = next(iter(islice(link.iterancestors("p", "div", "ul", "header", "section"), 1)), None)
        if parent is not None and around is not parent:
            break
        parent = around
        names.setdefault(name.casefold(), name)
    return tuple(names.values())[:MAX_NAMES]


def _names_of_elements(elements: Iterable[HtmlElement]) -> tuple[str, ...]:
    """Return the names in the first element that holds persons and nothing else."""
    for element in islice(elements, MAX_BYLINES):
        names = _read_names(" ".join("".join(islice(element.itertext(), MAX_NAME_TEXTS)).split()))
        is_label = any(map(_LABEL.match, names))  # `Author Harbour`: the name of the box
        if names and not is_label and all(map(is_person, names)) and not is_of_other_article(element):
            return names
    return ()


def is_person(name: str) -> bool:
    """Return whether a text has the form of a person's name and nothing else."""
    if _OTHER_NAME.fullmatch(name):
        return True
    if len(name) > MAX_BYLINE_CHARACTERS or not _LATIN_NAME.fullmatch(name):
        return False
    words = name.split()
    return words[0][0].isupper() and words[-1][0].isupper()
