"""When a listing is looked at again: simulated newsrooms, each with a rate of its own."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.listings.poll_interval import (
    FIRST_INTERVAL,
    MAX_INTERVAL,
    MAX_KNOWN_SHARE,
    MAX_RETRY_INTERVAL,
    MIN_INTERVAL,
    MIN_KNOWN_SHARE,
    Endpoint,
    Failure,
    classify_failure,
    gap_window,
    next_interval,
    retry_interval,
    sends_validators,
    suspects_gap,
)

NOW = datetime(2026, 7, 6, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
POLLED = Endpoint("https://example.org/rss", polled_at=NOW - HOUR, read_at=NOW - HOUR, interval=HOUR)


def simulate(
    per_hour: float, window: int, polls: int, interval: timedelta = FIRST_INTERVAL
) -> list[tuple[timedelta, float]]:
    """Each poll's interval, and the share of known entries that it met; a feed lists its newest `window` articles."""
    met = []
    hours, already_published = 1_000.0, math.floor(1_000 * per_hour)
    for _ in range(polls):
        hours += interval / HOUR
        published = math.floor(hours * per_hour)
        known = max(0, window - (published - already_published))
        met.append((interval, known / window))
        interval = next_interval(interval, window, known)
        already_published = published
    return met


@pytest.mark.parametrize(
    ("per_hour", "window", "polls"), [(1, 20, 8), (10, 20, 4), (3, 30, 8), (100, 25, 2), (0.9, 15, 8)]
)
def test_the_known_share_comes_into_the_band_and_stays(per_hour, window, polls):
    met = simulate(per_hour, window, 40)
    band = [MIN_KNOWN_SHARE <= share <= MAX_KNOWN_SHARE or interval == MIN_INTERVAL for interval, share in met[polls:]]
    assert all(band), met


def test_a_feed_of_one_article_a_day_is_looked_at_once_a_day():
    met = simulate(1 / 24, 20, 15)
    assert met[-1][0] == MAX_INTERVAL
    assert [interval for interval, _ in met] == sorted(interval for interval, _ in met)


def test_a_feed_that_overflows_even_so_is_looked_at_as_often_as_is_allowed():
    assert simulate(500, 20, 10)[-1][0] == MIN_INTERVAL


def test_a_silent_feed_is_looked_at_less_and_less():
    assert next_interval(HOUR, 20, 20) == 1.5 * HOUR


def test_an_answer_304_counts_as_all_known():
    assert next_interval(HOUR, 0, 0) == next_interval(HOUR, 20, 20)


def test_a_quiet_night_does_not_lose_the_morning():
    interval, asleep = HOUR, timedelta()
    while asleep < 8 * HOUR:
        asleep += interval
        interval = next_interval(interval, 20, 20)
    assert interval < 6 * HOUR


def test_nothing_known_shortens_more_than_a_few_known():
    assert next_interval(HOUR, 20, 0) < next_interval(HOUR, 20, 1) < HOUR


def test_inside_the_band_the_interval_stays():
    assert {next_interval(HOUR, 100, known) for known in range(34, 67)} == {HOUR}


def test_a_long_sitemap_is_looked_at_for_what_is_new():
    assert next_interval(DAY, 50_000, 49_900) < DAY


def test_the_first_look_goes_by_the_dates_that_are_printed():
    dates = [NOW - n * HOUR for n in range(20)]
    assert next_interval(None, 20, 0, dates=dates) == 10 * HOUR


def test_one_old_entry_that_is_kept_on_top_does_not_stretch_the_first_interval():
    dates = [NOW - timedelta(days=900), *(NOW - n * HOUR for n in range(20))]
    assert next_interval(None, 21, 0, dates=dates) == 10 * HOUR


@pytest.mark.parametrize("dates", [[], [NOW], [NOW, NOW - HOUR], [NOW] * 9], ids=["none", "one", "two", "all the same"])
def test_without_dates_that_differ_the_second_look_is_after_half_an_hour(dates):
    assert next_interval(None, 9, 0, dates=dates) == FIRST_INTERVAL


def test_the_listings_own_hint_lengthens_but_not_for_long():
    assert next_interval(timedelta(minutes=15), 20, 10, hint_minutes=30) == timedelta(minutes=30)
    assert next_interval(timedelta(minutes=15), 20, 10, hint_minutes=1_440) == HOUR
    assert next_interval(2 * HOUR, 20, 10, hint_minutes=5) == 2 * HOUR


def test_a_hint_does_not_hold_while_entries_are_at_risk():
    assert next_interval(timedelta(minutes=30), 20, 2, hint_minutes=60) < timedelta(minutes=30)


@given(
    previous=st.none() | st.timedeltas(timedelta(), timedelta(days=400)),
    entries=st.integers(0, 100_000),
    known=st.integers(0, 100_000),
    hint=st.none() | st.floats(),
    dates=st.lists(st.datetimes(timezones=st.just(UTC)), max_size=30),
)
def test_an_interval_is_never_out_of_bounds(previous, entries, known, hint, dates):
    assert MIN_INTERVAL <= next_interval(previous, entries, min(known, entries), hint, dates) <= MAX_INTERVAL


@given(more=st.integers(0, 20), fewer=st.integers(0, 20))
def test_more_known_entries_never_mean_an_earlier_look(more, fewer):
    few, many = sorted((more, fewer))
    assert next_interval(HOUR, 20, few) <= next_interval(HOUR, 20, many)


@pytest.mark.parametrize(
    ("arguments", "failure"),
    [
        ({"http_status": 404}, Failure.HARD),
        ({"http_status": 410}, Failure.HARD),
        ({"final": True}, Failure.HARD),
        ({"http_status": 200, "final": True}, Failure.HARD),
        ({"http_status": 500}, Failure.SOFT),
        ({"http_status": 503}, Failure.SOFT),
        ({}, Failure.SOFT),
        ({"http_status": 429, "until": NOW}, Failure.TEMPORARY),
        ({"http_status": 503, "until": NOW}, Failure.TEMPORARY),
        ({"http_status": 429}, Failure.SOFT),
    ],
)
def test_a_failure_weighs_what_it_says_of_the_next_look(arguments, failure):
    assert classify_failure(**arguments) is failure


def test_failures_slow_down_and_never_drop():
    waits, failures = [], 0.0
    for _ in range(60):
        failures += Failure.HARD.value
        waits.append(retry_interval(HOUR, failures))
    assert waits[:3] == [2 * HOUR, 4 * HOUR, 8 * HOUR]
    assert waits == sorted(waits)
    assert waits[-1] == MAX_RETRY_INTERVAL


def test_light_failures_slow_down_less():
    assert retry_interval(HOUR, 1.0) > retry_interval(HOUR, 0.5) > retry_interval(HOUR, 0.25) > HOUR


@given(failures=st.floats(0, 1e308), interval=st.none() | st.timedeltas(timedelta(), timedelta(days=400)))
def test_a_wait_after_failures_is_never_out_of_bounds(failures, interval):
    assert MIN_INTERVAL <= retry_interval(interval, failures) <= MAX_RETRY_INTERVAL


def test_after_three_unchanged_answers_the_content_is_asked_for():
    endpoint = replace(POLLED, etag='"1"')
    conditional = [sends_validators(replace(endpoint, unchanged_in_row=number)) for number in range(5)]
    assert conditional == [True, True, True, False, False]


def test_without_validators_there_is_no_condition():
    assert not sends_validators(POLLED)


def test_a_server_whose_validators_lied_is_never_believed_again():
    assert not sends_validators(replace(POLLED, etag='"1"', lied=True))


@pytest.mark.parametrize(
    ("endpoint", "entries", "known", "suspected"),
    [
        (POLLED, 20, 0, True),
        (POLLED, 20, 1, False),
        (POLLED, 0, 0, False),
        (replace(POLLED, read_at=None), 20, 0, False),
    ],
    ids=["none known", "one known", "empty", "first look"],
)
def test_a_gap_is_suspected_when_nothing_is_known(endpoint, entries, known, suspected):
    assert suspects_gap(endpoint, entries, known) is suspected


def test_the_window_of_a_gap_ends_where_the_listing_begins():
    dates = [NOW - timedelta(minutes=5), NOW - timedelta(minutes=40), NOW - DAY, NOW + DAY]
    assert gap_window(POLLED, dates, NOW) == (NOW - HOUR, NOW - timedelta(minutes=40))


def test_a_gap_of_a_listing_without_dates_lasts_until_now():
    assert gap_window(POLLED, [], NOW) == (NOW - HOUR, NOW)


def test_a_listing_never_read_has_no_gap():
    assert gap_window(replace(POLLED, read_at=None), [], NOW) is None
