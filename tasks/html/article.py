"""The article and the metadata of an HTML page, read from one parse of it."""

from __future__ import annotations

import logging
import math
import re
from collections import defaultdict
from datetime import datetime
from functools import cache
from typing import Final

import htmldate.extractors
import trafilatura
from htmldate import find_date
from lxml import etree
from lxml.html import HtmlElement
from trafilatura.metadata import examine_meta, extract_author, extract_title, extract_url
from trafilatura.settings import Extractor

from tasks.html.captions_and_links import drop_captions_and_links
from tasks.html.head_metadata import read_metadata
from tasks.html.jsonld import read_json_ld
from tasks.html.parse import parse_html
from tasks.html.standfirst import find_standfirst
from tasks.metadata.dates import parse_date
from tasks.text.characters import clean_line, clean_lines
from tasks.text.document import Document
from warehouse.model.records import Candidate, Paragraphs
from warehouse.model.vocabulary import Origin, Zone

EXTRACTOR: Final = f"trafilatura {trafilatura.__version__}"

# Above this ratio of expected to extracted characters, a second and balanced extraction is worth its time.
MAX_EXPECTED_LENGTH_RATIO: Final = 1.25
# A shorter paragraph may be a label.
MIN_PARAGRAPH_CHARACTERS: Final = 60
MAX_PAGE_TAGS: Final = 50_000
# Without tags and scripts.
MAX_PAGE_CHARACTERS: Final = 1_000_000

# Of a meta tag in which trafilatura looks for a title, a name or a date; and of meta tags that name writers.
MAX_META_CHARACTERS: Final = 300
MAX_META_AUTHORS: Final = 10
_META_AUTHOR: Final = re.compile("author|byl|creator", re.IGNORECASE)
_UNREAD_TAGS: Final = ("script", "style", "template", "svg", "noscript", "iframe", "object", "canvas")
# trafilatura drops these too, but only after many searches through the whole page: a fifth of its time.
_NON_ARTICLE_TAGS: Final = ("head", "nav", "footer", "aside", "button", "select", "menu", "dialog", "video", "audio")
_DATE_FORMAT: Final = "%Y-%m-%dT%H:%M:%S%z"
_REQUIRED_FIELDS: Final = frozenset({"title", "authors", "published_at"})


def read_page(text: str, url: str) -> Document | None:
    """Return the article of the HTML page at `url`, or None if it has none."""
    _configure_libraries()
    tree = parse_html(text)
    if tree is None:
        return None
    scripts = [script.text for script in tree.iter("script") if "ld+json" in (script.get("type") or "") and script.text]
    etree.strip_elements(tree, *_UNREAD_TAGS, with_tail=False)
    _unfold_layout_tables(tree)
    json_ld = read_json_ld(scripts, url)
    candidates = read_metadata(tree, json_ld, url)
    body = ""
    if not _is_too_large(text, tree):
        if missing := _REQUIRED_FIELDS.difference(candidate.field for candidate in candidates):
            candidates += _guess_metadata(tree, url, missing)
        etree.strip_elements(tree, *_NON_ARTICLE_TAGS, with_tail=False)
        drop_captions_and_links(tree)
        body = _extract_text(tree, json_ld.body_length)
    extractor = EXTRACTOR if body else "paragraphs"
    body = body or "\n".join(_longest_paragraph_run(tree))
    if not body:
        return None
    title = next(iter(_values(candidates, "title")), "")
    standfirst = find_standfirst(tree, _values(candidates, "description"), title, body)
    lines = clean_lines(f"{standfirst}\n{body}" if standfirst else body)
    return Document(Paragraphs(tuple(lines)), candidates, extractor)


def _values(candidates: tuple[Candidate, ...], field: str) -> list[str]:
    """Return the values of all candidates of one field, the most trusted first."""
    return [value for candidate in candidates if candidate.field == field for value in candidate.values]


def _unfold_layout_tables(tree: HtmlElement) -> None:
    """Turn tables whose cells hold paragraphs into `div` elements."""
    # They are the layout of an old page; read as data, an article would become one row.
    cells = {paragraph.getparent() for paragraph in tree.iterfind(".//td/p")}
    for element in {ancestor for cell in cells for ancestor in cell.iterancestors("tr", "tbody", "table")}:
        element.tag = "div"
        for child in element.iterchildren("tr", "td", "tbody"):
            child.tag = "div"


def _is_too_large(text: str, tree: HtmlElement) -> bool:
    """Return whether trafilatura would take minutes; the largest known news pages are a seventh of that."""
    if text.count("<") > MAX_PAGE_TAGS:
        return True
    return len(text) > MAX_PAGE_CHARACTERS and tree.xpath("string-length()") > MAX_PAGE_CHARACTERS


class _DateParser:
    """The parser to which htmldate gives the dates that its own patterns cannot read, in place of dateparser's.

    dateparser compiles the rules of 200 languages in each process at the first date that it cannot read: seconds, and a
    hundred megabytes. It also reads `two days ago` as a day before the present one.
    """

    def get_date_data(self, text: str) -> dict[str, datetime | None]:
        """Return the date as `dateparser.date.DateDataParser` does: without a zone if the text has none."""
        date = parse_date(clean_line(text))
        if date is None:
            return {"date_obj": None}
        return {"date_obj": date.instant if date.zone is Zone.EXPLICIT else date.instant.replace(tzinfo=None)}


@cache
def _configure_libraries() -> None:
    # They warn of every page without an article and do not name it; our rejection does.
    logging.getLogger("trafilatura").setLevel(logging.CRITICAL)
    logging.getLogger("htmldate").setLevel(logging.CRITICAL)
    vars(htmldate.extractors)["get_external_parser"] = _DateParser


@cache
def _options(precision: bool) -> Extractor:
    return Extractor(output_format="python", precision=precision, comments=False)


def _extract_text(tree: HtmlElement, declared_length: int) -> str:
    """Return the article's text by trafilatura: its precise mode, or its balanced one if that length is more likely.

    `declared_length` is the number of characters that the page's JSON-LD gives the article, 0 if it gives none.
    """
    expected = max(declared_length, sum(map(len, _longest_paragraph_run(tree))))
    precise = _run_trafilatura(tree, precision=True)
    if len(precise) * MAX_EXPECTED_LENGTH_RATIO > expected:
        return precise
    balanced = _run_trafilatura(tree, precision=False)
    return min(precise, balanced, key=lambda text: abs(math.log((len(text) or 1) / (expected or 1))))


def _run_trafilatura(tree: HtmlElement, *, precision: bool) -> str:
    try:
        document = trafilatura.bare_extraction(tree, options=_options(precision))
    except Exception:  # noqa: BLE001 a page that breaks it may still have paragraphs
        return ""
    return (document.text or "").strip() if document and not isinstance(document, dict) else ""


def _longest_paragraph_run(tree: HtmlElement) -> list[str]:
    """Return the paragraphs of the element whose own paragraphs are the longest in sum."""
    runs: dict[HtmlElement, list[str]] = defaultdict(list)
    for paragraph in tree.iter("p"):
        text = " ".join("".join(paragraph.itertext()).split())
        linked_characters = sum(len("".join(link.itertext())) for link in paragraph.iter("a"))
        if len(text) >= MIN_PARAGRAPH_CHARACTERS and linked_characters < len(text) / 2:
            runs[paragraph.getparent()].append(text)
    return max(runs.values(), key=lambda run: sum(map(len, run)), default=[])


def _guess_metadata(tree: HtmlElement, url: str, missing: frozenset[str]) -> tuple[Candidate, ...]:
    """Return the candidates of the `missing` fields that trafilatura guesses from the page."""
    # trafilatura's `extract_metadata` always searches for all fields: most of its time goes to dates.
    _bound_meta_tags(tree)
    try:
        metadata = examine_meta(tree)
        if "title" in missing and not metadata.title:
            metadata.title = extract_title(tree)
        if "authors" in missing and " " not in (metadata.author or ""):
            metadata.author = extract_author(tree)
        if "published_at" in missing:
            page_url = metadata.url or extract_url(tree, url)
            metadata.date = find_date(tree, url=page_url, original_date=True, outputformat=_DATE_FORMAT)
        metadata.clean_and_trim()
    except Exception:  # noqa: BLE001 a page that breaks it keeps what it states elsewhere
        return ()
    guesses = {
        "title": (metadata.title,),
        "authors": tuple((metadata.author or "").split("; ")),
        "published_at": (metadata.date,),
    }
    values_of = {field: tuple(filter(None, guesses[field])) for field in sorted(missing)}
    return tuple(Candidate(field, values, Origin.TRAFILATURA) for field, values in values_of.items() if values)


def _bound_meta_tags(tree: HtmlElement) -> None:
    """Cut the contents of meta tags, and drop names after the first few: trafilatura compares each with each."""
    names = 0
    for meta in list(tree.iter("meta")):
        content = meta.get("content") or ""
        if len(content) > MAX_META_CHARACTERS:
            meta.set("content", content[:MAX_META_CHARACTERS])
        if _META_AUTHOR.search(" ".join(meta.get(key) or "" for key in ("name", "property", "itemprop"))):
            names += 1
            if names > MAX_META_AUTHORS:
                meta.drop_tree()
