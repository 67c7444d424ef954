"""The title, writers and date that trafilatura and htmldate guess from a page that does not state them."""

from __future__ import annotations

import logging
import re
from datetime import date, datetime
from functools import cache
from typing import Final

import htmldate.extractors
from htmldate import find_date
from lxml import etree
from lxml.html import HtmlElement
from trafilatura.metadata import examine_meta, extract_author, extract_title, extract_url

from tasks.html.printed_authors import is_person
from tasks.html.printed_day import find_printed_day
from tasks.html.surroundings import is_of_other_article
from tasks.metadata.bylines import has_role
from tasks.metadata.dates import parse_date
from tasks.text.characters import clean_line
from warehouse.model.records import Candidate
from warehouse.model.vocabulary import Origin, Zone

# Of a meta tag in which trafilatura looks for a title, a name or a date; and of meta tags that name writers.
MAX_META_CHARACTERS: Final = 300
MAX_META_AUTHORS: Final = 10
MAX_NAME_WORDS: Final = 3
MAX_NAME_PLACES: Final = 20
_CONTAINING: Final = etree.XPath("//body//*[contains(text(), $name)]")
_META_AUTHOR: Final = re.compile("author|byl|creator", re.IGNORECASE)
_DAY_IN_PATH: Final = re.compile(r"/t?(20[0-3]\d)(0[1-9]|1[0-2])([0-2]\d|3[01])(?=[/_-])")
_DATE_FORMAT: Final = "%Y-%m-%dT%H:%M:%S%z"
_DAY_LENGTH: Final = len("2026-11-09")


def guess_metadata(tree: HtmlElement, url: str, missing: frozenset[str]) -> tuple[Candidate, ...]:
    """Return the candidates of the `missing` fields that trafilatura guesses from the page."""
    configure_libraries()
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
            metadata.date = _guess_date(tree, page_url)
        metadata.clean_and_trim()
    except Exception:  # noqa: BLE001 a page that breaks it keeps what it states elsewhere
        return ()
    guesses = {
        "title": (metadata.title,),
        "authors": tuple(name for name in (metadata.author or "").split("; ") if _is_plain_name(name, tree)),
        "published_at": (metadata.date,),
    }
    values_of = {field: tuple(filter(None, guesses[field])) for field in sorted(missing)}
    return tuple(Candidate(field, values, Origin.TRAFILATURA) for field, values in values_of.items() if values)


def _is_plain_name(name: str, tree: HtmlElement) -> bool:
    """Return whether a guessed writer is a name without a role beside it, and not only that of another's text."""
    if not is_person(name) or len(name.split()) > MAX_NAME_WORDS or has_role(name):
        return False
    elements = _CONTAINING(tree, name=name)[:MAX_NAME_PLACES]
    return not elements or not all(map(is_of_other_article, elements))


def _guess_date(tree: HtmlElement, url: str | None) -> str | None:
    """Return the date that htmldate finds if the page prints its day, for it also invents days from years.

    Else it is the day of the address, None if that has none.
    """
    guess = find_date(tree, url=url, original_date=True, outputformat=_DATE_FORMAT)
    if guess:
        day = date.fromisoformat(guess[:_DAY_LENGTH])
        printed_day = find_printed_day(tree, url or "", day)
        if printed_day is not None:
            return guess if printed_day == day.isoformat() else printed_day
    return _day_of_address(url or "")


def _day_of_address(url: str) -> str | None:
    """Return the day with which a part of an address begins, in eight figures: `/20260312/`, `/t20260312_7.html`."""
    match = _DAY_IN_PATH.search(url)
    try:
        return date(*map(int, match.groups())).isoformat() if match else None
    except ValueError:
        return None


class _DateParser:
    """The parser to which htmldate gives the dates that its own patterns cannot read, in place of dateparser's.

    dateparser compiles the rules of 200 languages in each process at the first date that it cannot read: seconds, and a
    hundred megabytes. It also reads `two days ago` as a day before the present one.
    """

    def get_date_data(self, text: str) -> dict[str, datetime | None]:
        """Return the date as `dateparser.date.DateDataParser` does: without a zone if the text has none."""
        parsed = parse_date(clean_line(text))
        if parsed is None:
            return {"date_obj": None}
        return {"date_obj": parsed.instant if parsed.zone is Zone.EXPLICIT else parsed.instant.replace(tzinfo=None)}


@cache
def configure_libraries() -> None:
    """Silence the libraries, and give htmldate a quicker parser of dates."""
    # They warn of every page without an article and do not name it; our rejection does.
    logging.getLogger("trafilatura").setLevel(logging.CRITICAL)
    logging.getLogger("htmldate").setLevel(logging.CRITICAL)
    vars(htmldate.extractors)["get_external_parser"] = _DateParser


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
