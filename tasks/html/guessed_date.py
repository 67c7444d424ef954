"""The date that htmldate guesses from a page that neither states one nor prints one at its headline."""

from __future__ import annotations

import logging
import re
from datetime import date, datetime
from functools import cache
from typing import Final

import htmldate.extractors
from htmldate import find_date
from lxml.html import HtmlElement

from tasks.boilerplate.line_dates import find_day
from tasks.html.printed_day import find_printed_day, read_evidence
from tasks.metadata.dates import parse_date
from tasks.text.characters import clean_line
from warehouse.model.vocabulary import Zone

# Of a meta tag in which htmldate looks for a date.
MAX_META_CHARACTERS: Final = 300
_DAY_IN_PATH: Final = re.compile(r"/t?(20[0-3]\d)([/-]?)(0[1-9]|1[0-2])\2([0-2]\d|3[01])(?=[/_-])")
_DATE_FORMAT: Final = "%Y-%m-%dT%H:%M:%S%z"
_DAY_LENGTH: Final = len("2026-11-09")


def guess_date(tree: HtmlElement, url: str) -> str | None:
    """Return the day in the address of a page, or else the date that htmldate finds, if the page prints its day.

    Without that evidence htmldate also invents days, from years; where no day is printed at all it is not asked.
    """
    if day_of_address := _day_of_address(url):
        return day_of_address
    evidence = read_evidence(tree)
    if find_day(evidence) is None:
        return None
    _bound_meta_tags(tree)
    try:
        guess = find_date(tree, url=url, original_date=True, outputformat=_DATE_FORMAT)
    except Exception:  # noqa: BLE001 a page that breaks it keeps what it states elsewhere
        return None
    day = find_printed_day(evidence, url, date.fromisoformat(guess[:_DAY_LENGTH])) if guess else None
    return guess if guess and day == guess[:_DAY_LENGTH] else day


def _day_of_address(url: str) -> str | None:
    """Return the day of an address: `/2026/03/12/`, or eight figures that begin a part of it: `/t20260312_7.html`."""
    match = _DAY_IN_PATH.search(url)
    try:
        return date(*map(int, match.group(1, 3, 4))).isoformat() if match else None
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
    """Cut the contents of meta tags: htmldate tries each of its patterns on all of them."""
    for meta in tree.iter("meta"):
        content = meta.get("content") or ""
        if len(content) > MAX_META_CHARACTERS:
            meta.set("content", content[:MAX_META_CHARACTERS])
