"""Dates in the lines of a text: a time before its date, changes beside publications, years of two figures."""

from __future__ import annotations

import pytest

from tasks.boilerplate.line_dates import is_date_line, read_dates
from tasks.metadata.dates import parse_date


@pytest.mark.parametrize(
    ("line", "dates"),
    [
        (
            "PUBLISHED: 08:30, 5 March 2025 | UPDATED: 09:10, 6 March 2025",
            [("published_at", "2025-03-05T08:30"), ("modified_at", "2025-03-06T09:10")],
        ),
        ("Published: 5 March 2025 | Updated: 09:10", [("published_at", "2025-03-05T00:00")]),
        ("4:20 p.m. EST March 4, 2025", [("published_at", "2025-03-04T21:20")]),
        ("Updated 8:15 PM EST, Thu January 9, 2025", [("modified_at", "2025-01-10T01:15")]),
        ("14:26 Uhr, 28. April 2025", [("published_at", "2025-04-28T14:26")]),
        ("Thứ Ba, 08:30, 14/10/2025", [("published_at", "2025-10-14T08:30")]),
        ("05.03.25, 17:40 Uhr", [("published_at", "2025-03-05T17:40")]),
        ("5 марта 2025 г., 10:20 мск", [("published_at", "2025-03-05T07:20")]),
        ("21.07.2025 - 11:14 (TSİ)", [("published_at", "2025-07-21T08:14")]),
        ("10:20, 5 March 2025, 11:45", [("published_at", "2025-03-05T10:20")]),
    ],
)
def test_a_line_gives_its_dates_with_their_own_times(line: str, dates: list[tuple[str, str]]) -> None:
    read = [(field, parse_date(date)) for field, date in read_dates(line)]
    assert [(field, date and date.instant.isoformat()[:16]) for field, date in read] == dates


@pytest.mark.parametrize("line", ["۱۶ اسفند ۱۴۰۳ ساعت ۱۰:۲۰", "05.03.25, 17:40 Uhr"])
def test_it_is_a_date_line(line: str) -> None:
    assert is_date_line(line)


@pytest.mark.parametrize("line", ["Version 10.3.25 of the map", "Norby 12.10.25"])
def test_figures_without_a_time_are_no_short_date(line: str) -> None:
    assert not is_date_line(line)


@pytest.mark.parametrize("date", ["1970-01-01T00:00:00Z", "1970-01-01T01:00:00+01:00", "Thu, 01 Jan 1970 00:00:00 GMT"])
def test_the_beginning_of_the_epoch_is_no_time_of_publication(date: str) -> None:
    assert parse_date(date) is None
