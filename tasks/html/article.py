"""An HTML page: one parse, shared by what reads its embedded data and what finds its article."""

from __future__ import annotations

import logging
import math
from collections import defaultdict
from datetime import datetime
from functools import cache
from typing import Final

import htmldate.extractors
import trafilatura
from htmldate import find_date
from lxml import etree
from lxml.html import HtmlElement, HTMLParser, document_fromstring
from trafilatura.metadata import examine_meta, extract_author, extract_title, extract_url
from trafilatura.settings import Extractor

from tasks.html.captions_and_links import drop_asides
from tasks.html.head_metadata import read_metadata
from tasks.html.jsonld import read_json_ld
from tasks.html.standfirst import find_standfirst
from tasks.listings.xml import mend_characters, shorten_tags
from tasks.metadata.dates import parse_date
from tasks.text.characters import clean_line
from tasks.text.document import Document
from warehouse.model.records import Candidate
from warehouse.model.vocabulary import Origin, Zone

EXTRACTOR: Final = f"trafilatura {trafilatura.__version__}"

MISSING: Final = 1.25
"""How many times longer than what was found the article may be said to be before another look is worth its time."""
PROSE: Final = 60
"""Characters of a paragraph that is surely more than a label."""

MOST_TAGS: Final = 50_000
MOST_TEXT: Final = 1_000_000
"""Characters of a page, without its tags and scripts."""

_NOT_READ: Final = ("script", "style", "template", "svg", "noscript", "iframe", "object", "canvas")
# trafilatura drops these too, but only after many searches through the whole page: a fifth of its time.
_NO_ARTICLE: Final = ("head", "nav", "footer", "aside", "button", "select", "menu", "dialog", "video", "audio")
_DATE_FORMAT: Final = "%Y-%m-%dT%H:%M:%S%z"
_NEEDED: Final = frozenset({"title", "authors", "published_at"})


def read_page(text: str, url: str) -> Document | None:
    """The article of an HTML page at `url`; None where the page holds none."""
    _prepare()
    tree = _parse(text)
    if tree is None:
        return None
    scripts = [script.text for script in tree.iter("script") if "ld+json" in (script.get("type") or "") and script.text]
    etree.strip_elements(tree, *_NOT_READ, with_tail=False)
    _unfold_layout(tree)
    linked = read_json_ld(scripts, url)
    candidates = read_metadata(tree, linked, url)
    body = ""
    if not _is_vast(text, tree):
        if missing := _NEEDED.difference(candidate.field for candidate in candidates):
            candidates += _guess_metadata(tree, url, missing)
        etree.strip_elements(tree, *_NO_ARTICLE, with_tail=False)
        drop_asides(tree)
        body = _find_article(tree, linked.body_length)
    extractor = EXTRACTOR if body else "paragraphs"
    body = body or "\n".join(_longest_run(tree))
    if not body:
        return None
    title = next(iter(_stated(candidates, "title")), "")
    standfirst = find_standfirst(tree, _stated(candidates, "description"), title, body)
    return Document(f"{standfirst}\n{body}" if standfirst else body, candidates, extractor)


def _stated(candidates: tuple[Candidate, ...], field: str) -> list[str]:
    return [value for candidate in candidates if candidate.field == field for value in candidate.values]


def _unfold_layout(tree: HtmlElement) -> None:
    """Tables that hold paragraphs are the layout of an old page; read as data, an article would become one row."""
    cells = {paragraph.getparent() for paragraph in tree.iterfind(".//td/p")}
    for part in {part for cell in cells for part in cell.iterancestors("tr", "tbody", "table")}:
        part.tag = "div"
        for inner in part.iterchildren("tr", "td", "tbody"):
            inner.tag = "div"


def _is_vast(text: str, tree: HtmlElement) -> bool:
    """Whether trafilatura would take minutes; the largest news pages seen have a seventh of that."""
    return text.count("<") > MOST_TAGS or (len(text) > MOST_TEXT and tree.xpath("string-length()") > MOST_TEXT)


def _parse(text: str) -> HtmlElement | None:
    parser = HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True, no_network=True, huge_tree=False)
    # lxml.html looks the class of each element up in Python, to tell forms and fields apart: of a search, a tenth.
    parser.set_element_class_lookup(etree.ElementDefaultClassLookup(element=HtmlElement))
    try:
        return document_fromstring(shorten_tags(mend_characters(text)).encode("utf-8", "replace"), parser=parser)
    except (etree.LxmlError, ValueError):
        return None


class _Dates:
    """Reads for htmldate what its patterns cannot, in place of dateparser.

    That compiles the rules of 200 languages in each process once it meets a date that it cannot read either: seconds,
    and a hundred megabytes. It also takes `two days ago` for a day before the present one.
    """

    def get_date_data(self, printed: str) -> dict[str, datetime | None]:
        """Has the name and the shape of the one it stands for: a time without a zone where none is printed."""
        read = parse_date(clean_line(printed))
        if read is None:
            return {"date_obj": None}
        return {"date_obj": read.instant if read.zone is Zone.EXPLICIT else read.instant.replace(tzinfo=None)}


@cache
def _prepare() -> None:
    # They warn of every page without an article, and name none; the refusal does.
    logging.getLogger("trafilatura").setLevel(logging.CRITICAL)
    logging.getLogger("htmldate").setLevel(logging.CRITICAL)
    vars(htmldate.extractors)["get_external_parser"] = _Dates


@cache
def _options(precision: bool) -> Extractor:
    return Extractor(output_format="python", precision=precision, comments=False)


def _find_article(tree: HtmlElement, stated: int) -> str:
    """The article by trafilatura: precise, and where that misses much of the page, balanced if that is nearer.

    `stated` is the number of characters that the page says its article has, 0 if it does not.
    """
    expected = max(stated, sum(map(len, _longest_run(tree))))
    precise = _read_body(tree, precision=True)
    if len(precise) * MISSING > expected:
        return precise
    balanced = _read_body(tree, precision=False)
    return min(precise, balanced, key=lambda text: abs(math.log((len(text) or 1) / (expected or 1))))


def _read_body(tree: HtmlElement, *, precision: bool) -> str:
    try:
        found = trafilatura.bare_extraction(tree, options=_options(precision))
    except Exception:  # noqa: BLE001 a page that breaks it may still have paragraphs
        return ""
    return (found.text or "").strip() if found and not isinstance(found, dict) else ""


def _longest_run(tree: HtmlElement) -> list[str]:
    """Paragraphs that stand together in one element: where they are longest in all."""
    runs: dict[HtmlElement, list[str]] = defaultdict(list)
    for paragraph in tree.iter("p"):
        printed = " ".join("".join(paragraph.itertext()).split())
        linked = sum(len("".join(link.itertext())) for link in paragraph.iter("a"))
        if len(printed) >= PROSE and linked < len(printed) / 2:
            runs[paragraph.getparent()].append(printed)
    return max(runs.values(), key=lambda run: sum(map(len, run)), default=[])


def _guess_metadata(tree: HtmlElement, url: str, missing: frozenset[str]) -> tuple[Candidate, ...]:
    """As trafilatura's `extract_metadata` finds them, which always searches for all: most of its time goes to dates."""
    try:
        found = examine_meta(tree)
        if "title" in missing and not found.title:
            found.title = extract_title(tree)
        if "authors" in missing and " " not in (found.author or ""):
            found.author = extract_author(tree)
        if "published_at" in missing:
            address = found.url or extract_url(tree, url)
            found.date = find_date(tree, url=address, original_date=True, outputformat=_DATE_FORMAT)
        found.clean_and_trim()
    except Exception:  # noqa: BLE001 a page that breaks it keeps what it states elsewhere
        return ()
    stated = {
        "title": (found.title,),
        "authors": tuple((found.author or "").split("; ")),
        "published_at": (found.date,),
    }
    kept = {field: tuple(filter(None, stated[field])) for field in sorted(missing)}
    return tuple(Candidate(field, values, Origin.TRAFILATURA) for field, values in kept.items() if values)
