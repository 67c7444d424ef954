"""The evidence on a page for a day that a library guessed: where the page prints it, and in which order of figures."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from itertools import islice
from typing import Final

from lxml.html import HtmlElement

from tasks.boilerplate.cues import find_cues
from tasks.html.surroundings import (
    cut_modification,
    is_about_others,
    is_in_prose,
    is_of_modification,
    near_headline,
)
from tasks.metadata.printed_dates import normalise_digits
from tasks.text.characters import text_key

MAX_EVIDENCE_CHARACTERS: Final = 300_000
# Elements around the headline in which its date may stand above it.
MAX_HEADLINE_LEVELS: Final = 3
MAX_HEADINGS: Final = 20
MIN_SENTENCE_CHARACTERS: Final = 60
MAX_LABELLED_CHARACTERS: Final = 300
MAX_HEADING_TEXTS: Final = 20

_DATE_ATTRIBUTES: Final = ("content", "datetime", "title", "data-date", "data-time", "data-published")
_MONTHS_A_YEAR: Final = 12
_MONTH_NAMES: Final = "jan feb mar apr may jun jul aug sep oct nov dec".split()
_STOPS: Final = frozenset('.!?…。！？।؟۔”»"')
_COPYRIGHT: Final = re.compile(r"\s*(?:©|\(c\)|copyright)", re.IGNORECASE)
_FIGURES: Final = re.compile(r"(?<![\d./-])(\d{1,2})([-/.])(\d{1,2})\2(?:19|20)\d\d(?!\d)")


def read_evidence(tree: HtmlElement) -> str:
    """Return the texts and the dates in attributes of a page, without those that are about other items or changes."""
    return normalise_digits(" \n ".join(_evidence(tree)))


def find_printed_day(evidence: str, url: str, day: date) -> str | None:
    """Return a day in ISO 8601 if the page at `url` prints it as a date of its own article; None if it does not.

    `evidence` is what `read_evidence` returns of the page. Figures whose order nothing in it decides (`03/04/2024`) are
    returned as printed. A year alone, as in a notice of copyright, is no day, and neither is a date in a comment, a
    related item, the foot, or beside `updated`.
    """
    year, month, number = day.year, day.month, day.day
    figures = rf"(?:{month:02}[-/._]?{number:02}|0?{month}[-/._]0?{number})"
    name = f"{_MONTH_NAMES[month - 1]}[a-z]*"
    if re.search(rf"(?<!\d){year}(?:[-/._]?{figures}|[-/]{name}[-/]0?{number})(?!\d)", url, re.IGNORECASE):
        return day.isoformat()
    in_order = rf"(?<!\d){year}(?:{month:02}{number:02}|\s?[-/._年년]\s?0?{month}\s?[-/._月월]\s?0?{number})(?!\d)"
    letters = r"[^\d\n]{0,12}[^\W\d_]{3}[^\d\n]{0,16}?"
    in_words = rf"(?<![\d:.])0?{number}(?![\d:]){letters}{year}(?!\d)"
    month_first = rf"[^\W\d_]{{3}}[.,]?\s+0?{number}(?![\d:])[^\d\n]{{1,6}}{year}"
    if re.search(f"{in_order}|{in_words}|{month_first}", evidence):
        return day.isoformat()
    return _find_figures(evidence, day)


def _find_figures(text: str, day: date) -> str | None:
    """Return a day whose month is a number after or before it; as printed if no other date on the page decides."""
    year, month, number = day.year, day.month, day.day
    short_year = f"(?:{year}|{year % 100:02})"
    match = re.search(
        rf"(?<![\d./-])(?:0?{number}(?P<mark>\s?[-/.]\s?)0?{month}(?P=mark)"
        rf"|0?{month}(?P<mark2>\s?[-/.]\s?)0?{number}(?P=mark2)){short_year}(?!\d)",
        text,
    )
    if match is None:
        return None
    if number > _MONTHS_A_YEAR or number == month:
        return day.isoformat()
    first = int(re.match(r"\d+", match[0])[0])  # type: ignore[index]
    if "." in match[0]:
        return day.isoformat() if first == number else match[0]
    day_comes_first = _order_of_others(text)
    if day_comes_first is None:
        return match[0]
    first_two = [int(part) for part in re.findall(r"\d+", match[0])[:2]]
    ordered_number, ordered_month = first_two if day_comes_first else reversed(first_two)
    return date(year, ordered_month, ordered_number).isoformat()


def _order_of_others(text: str) -> bool | None:
    """Return whether days come first in the dates of a page that leave no choice; None if none does, or they differ."""
    orders = {
        int(first) > _MONTHS_A_YEAR
        for first, mark, second in _FIGURES.findall(text)
        if mark != "." and (int(first) > _MONTHS_A_YEAR) != (int(second) > _MONTHS_A_YEAR)
    }
    return orders.pop() if len(orders) == 1 else None


def _is_sentence(text: str) -> bool:
    """Return whether a text is a sentence, which tells of an event, and does not call its day that of publication."""
    is_whole = len(text) >= MIN_SENTENCE_CHARACTERS and text.rstrip()[-1:] in _STOPS
    return is_whole and not any(cue.kind == "published" for cue in find_cues(text[:MAX_LABELLED_CHARACTERS]))


def _find_headline(tree: HtmlElement) -> HtmlElement | None:
    """Return the first `h1` that the page's title has: any other may stand below the text."""
    title = next((text_key("".join(title.itertext())) for title in tree.iter("title")), "")
    headings = (
        (heading, text_key("".join(islice(heading.itertext(), MAX_HEADING_TEXTS)))) for heading in tree.iter("h1")
    )
    return next((heading for heading, key in islice(headings, MAX_HEADINGS) if key and key in title), None)


def _evidence(tree: HtmlElement) -> Iterator[str]:
    """Yield the texts and the dates in attributes of a page, those of other items and of changes left out.

    What stands above the headline may be the day of the visit; the head of the page counts.
    """
    headline = _find_headline(tree)
    around = near_headline(headline, MAX_HEADLINE_LEVELS)
    is_above = False
    remaining = MAX_EVIDENCE_CHARACTERS
    before = ""
    stack: list[HtmlElement | str] = [tree]
    while stack and remaining > 0:
        node = stack.pop()
        if isinstance(node, str):
            remaining -= len(node)
            if not is_above and not _COPYRIGHT.match(node) and not _is_sentence(node):
                yield cut_modification(node, before)
            before = node if node.strip() else before
            continue
        if node.tag == "body":
            is_above = headline is not None
        elif node is headline or node in around:
            is_above = False
        if node.tail:
            stack.append(node.tail)
        is_event = node.tag == "time" and is_in_prose(node)
        if is_event or node.tag == "figcaption" or is_about_others(node) or is_of_modification(node):
            continue
        stack.extend(reversed(node))
        if text := node.text:
            stack.append(text)
        if attributes := dict(node.items()):
            stack.extend(value for value in map(attributes.get, _DATE_ATTRIBUTES) if value)
