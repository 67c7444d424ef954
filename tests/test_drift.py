"""A change of what a source yields is found soon, in words and with its day; of what only varies nothing is said."""

from __future__ import annotations

import random
from datetime import date, datetime, timedelta
from math import log
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.monitoring.drift import HISTORY, Drift, find_drifts, has_history, last_day, load_days
from flows.monitoring.measures import MEASURES, Sample, compare
from flows.monitoring.mixes import distance
from tests.support.histories import Habits, history
from tests.support.rows import NOON, article, rejection, run
from warehouse.connect import connect
from warehouse.model.schema import Row
from warehouse.model.vocabulary import Reason, RunKind
from warehouse.storage.tables import Store

LAST = date(2026, 3, 14)
DAYS = HISTORY.days
SHARES = st.floats(0, 1)
MIXES = st.dictionaries(st.sampled_from("en fr de ru zh".split()), st.integers(1, 500), min_size=1)


def drifts(habits: Habits, seed: int, *, since: int, days: int = DAYS, **changed: float) -> list[Drift]:
    """Find drifts in a history of `days` days whose last `since` days have other habits."""
    made = history(days, habits, random.Random(seed), at=days - since, **changed)
    return list(find_drifts("harbour", [*[None] * (DAYS - days), *made], LAST))


@pytest.mark.parametrize(
    ("changed", "measure", "sentence"),
    [
        ({"date": 0.3}, "date", "of its articles have a date since"),
        ({"author": 0.0}, "author", "0% of its articles have an author since"),
        ({"textless": 0.5}, "text", "of the documents that could be read hold an article since"),
        ({"refused": 0.6}, "refused", "of its documents are refused or cannot be had since"),
        ({"log_words": 6 - log(2.5)}, "length", "its articles are about"),
        ({"log_words": 6 + log(2.5)}, "length", "its articles are about"),
        ({"quality": 0.5}, "quality", "the quality of its articles is 0."),
        ({"french": 0.5}, "language", "of its articles are in"),
    ],
    ids=["date", "author", "text", "refused", "shorter", "longer", "quality", "language"],
)
def test_a_change_is_told_in_words_with_its_day(changed, measure, sentence):
    (drift,) = drifts(Habits(), 1, since=5, **changed)
    assert (drift.source_id, drift.measure) == ("harbour", measure)
    assert sentence in drift.sentence
    assert f"since {drift.since}, usually " in drift.sentence
    assert abs((drift.since - LAST).days + 4) <= 1


@pytest.mark.parametrize(
    "changed", [{"date": 1.0}, {"author": 1.0}, {"textless": 0.0}, {"refused": 0.0}, {"quality": 0.95}]
)
def test_what_gets_better_is_not_told(changed):
    assert drifts(Habits(author=0.4), 1, since=5, **changed) == []


@pytest.mark.parametrize(
    ("articles", "days"), [(120, 2), (60, 2), (20, 4), (5, 9), (1.5, 20)], ids=lambda value: f"{value:g}"
)
def test_a_small_source_is_found_later_and_a_large_one_at_once(articles, days):
    is_found = [bool(drifts(Habits(articles), seed, since=days, author=0.0)) for seed in range(5)]
    assert sum(is_found) >= 4


@pytest.mark.parametrize("habits", [Habits(90), Habits(20), Habits(2), Habits(40, french=0.4)], ids=str)
def test_weekends_and_chance_alone_are_hardly_ever_told(habits):
    # A year of a source has about 0.1 of them: bench/quality/drift.py counts them.
    assert sum(len(drifts(habits, seed, since=0)) for seed in range(8)) <= 1


def test_a_source_without_a_history_of_weeks_is_not_judged():
    young = history(25, Habits(), random.Random(1), at=20, author=0.0)
    assert not has_history([*[None] * (DAYS - 25), *young])
    assert drifts(Habits(), 1, since=5, days=25, author=0.0) == []
    assert drifts(Habits(), 1, since=5, days=45, author=0.0) != []
    assert list(find_drifts("harbour", [], LAST)) == []


def test_a_change_is_told_for_weeks_and_is_usual_then():
    assert drifts(Habits(), 1, since=20, author=0.0) != []
    assert drifts(Habits(), 1, since=60, author=0.0) == []


def test_what_is_as_before_for_days_is_over():
    chance = random.Random(1)
    rows = [
        *history(DAYS - 10, Habits(), chance),
        *history(5, Habits(author=0.0), chance, at=10),
        *history(5, Habits(), chance),
    ]
    rows = rows[-DAYS:]
    assert [drift.measure for drift in find_drifts("harbour", [*rows[5:-5], *[None] * 0], LAST)] == ["author"]
    assert list(find_drifts("harbour", rows, LAST)) == []


def test_an_odd_week_in_the_history_neither_hides_a_change_nor_makes_one():
    chance, habits = random.Random(2), Habits(scatter=0.01)
    usual, outage = history(DAYS - 30, habits, chance), history(4, Habits(author=0.0), chance)
    odd = [*usual, *outage, *history(26, habits, chance)]
    assert list(find_drifts("harbour", odd, LAST)) == []
    again = [*usual, *outage, *history(26, habits, chance, at=23, author=0.0)]
    assert [drift.measure for drift in find_drifts("harbour", again, LAST)] == ["author"]


@given(now=SHARES, before=st.lists(SHARES, min_size=4, max_size=9), n=st.integers(15, 400))
def test_a_score_is_finite_and_points_where_the_value_went(now, before, n):
    windows = [Sample(n, share, share * (1 - share)) for share in (now, *before)]
    change = compare([windows], MEASURES["length"])
    assert abs(change.z) < 1_000
    assert change.z * (change.now - change.usual) >= 0


@given(first=MIXES, second=MIXES, third=MIXES)
def test_the_distance_of_mixes_is_a_metric_between_0_and_1(first, second, third):
    assert distance(first, first) == pytest.approx(0, abs=1e-6)
    assert 0 <= distance(first, second) <= 1 + 1e-9
    assert distance(first, second) == pytest.approx(distance(second, first), abs=1e-9)
    assert distance(first, third) <= distance(first, second) + distance(second, third) + 1e-9


def test_mixes_that_share_nothing_are_as_far_apart_as_can_be():
    assert distance({"en": 3}, {"de": 70}) == pytest.approx(1)


class Warehouse:
    def __init__(self, root: Path) -> None:
        self.root, self.landings = root, 0

    def land(self, table: str, *rows: Row, now: datetime = NOON) -> None:
        self.landings += 1
        Store(self.root).land(table, rows, source_id="harbour", key=str(self.landings), now=now)

    def days(self) -> list[dict[str, object]]:
        with connect(self.root) as connection:
            answer = connection.execute("FROM quality_by_day ORDER BY source_id, day")
            names = [column[0] for column in answer.description or ()]
            return [dict(zip(names, row, strict=True)) for row in answer.fetchall()]


@pytest.fixture
def warehouse(tmp_path):
    return Warehouse(tmp_path)


def test_a_day_counts_articles_as_they_were_first_read_by_the_newest_rules(warehouse):
    late = NOON.replace(hour=23, minute=59, second=59, microsecond=900_000)
    warehouse.land(
        "articles",
        article(1, authors=(), word_count=10),
        article(2, first_seen_at=late, language="fr", word_count=1_000),
    )
    # Read again from the same capture by better rules: that is how it was first read.
    warehouse.land("articles", article(1, word_count=100), now=NOON + timedelta(hours=1))
    # Edited by its publisher later on: an article of today has had no time for that.
    warehouse.land(
        "articles", article(1, capture_id="c9", fetched_at=NOON + timedelta(days=2), word_count=900, title=None)
    )
    warehouse.land("articles", article(3), article(3, deleted=True, capture_id="c8"))
    # Older material, of years, that happens to be read on this day.
    warehouse.land("articles", article(4, run_id="backfill", authors=()))
    warehouse.land("runs", run(run_id="backfill", kind=RunKind.SHARD))
    (day,) = warehouse.days()
    assert (day["day"], day["articles"], day["with_author"], day["with_title"]) == (date(2026, 3, 15), 3, 3, 3)
    assert day["languages"] == {"en": 2, "fr": 1}
    assert day["median_words"] == 100
    assert day["mean_log_words"] == pytest.approx((log(9) + log(100) + log(1_000)) / 3)


def test_a_day_counts_what_was_refused_and_a_day_of_refusals_alone_shows_too(warehouse):
    warehouse.land("articles", article(1))
    yesterday = NOON - timedelta(days=1)
    for number, reason in enumerate((Reason.NO_ARTICLE, Reason.FETCH_FAILED, Reason.DUPLICATE, Reason.FORGOTTEN), 10):
        warehouse.land("rejects", rejection(number, reason=reason, first_seen_at=yesterday))
    refused, stored = warehouse.days()
    assert (refused["day"], refused["textless"], refused["refused"], refused["articles"]) == (
        date(2026, 3, 14),
        1,
        1,
        0,
    )
    assert refused["languages"] is None
    assert (stored["textless"], stored["refused"], stored["articles"]) == (0, 0, 1)


def test_days_are_loaded_up_to_the_last_whole_one_and_found_to_drift(warehouse):
    now = NOON + timedelta(hours=3)
    articles = []
    for day in range(1, 80):
        when = NOON - timedelta(days=day)
        authors = ("Ana Lima",) if day > 3 else ()
        articles += [
            article(day * 100 + number, first_seen_at=when, fetched_at=when, authors=authors) for number in range(40)
        ]
    warehouse.land("articles", *articles, article(1, first_seen_at=NOON))
    with connect(warehouse.root) as connection:
        days = load_days(connection, now)["harbour"]
    assert len(days) == DAYS
    assert days[-1] is not None
    assert days[-1]["day"] == last_day(now) == date(2026, 3, 14)
    (drift,) = find_drifts("harbour", days, last_day(now))
    assert drift.sentence == "0% of its articles have an author since 2026-03-12, usually 100%"
