"""`copydesk status` says what is wrong with a source, and how it is cured; of one that is well it says nothing."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from config.sources import Source
from flows.cli.output import Format
from flows.cli.status import COLUMNS, show_status
from tests.support.rows import article, discovery, poll, rejection, run
from warehouse.model.schema import Row
from warehouse.model.vocabulary import Reason, RunStatus, Stage
from warehouse.storage.tables import Store

RSS = "https://harbour.example/rss"
NOW = datetime.now(UTC)


def ago(**length: float) -> datetime:
    return NOW - timedelta(**length)


def source(**changes: Any) -> Source:
    declared = {"id": "harbour", "title": "Harbour", "input": [{"kind": "feed", "url": RSS}]}
    return Source.model_validate({**declared, **changes})


class StatusOf:
    """A data root, and what `status` says of the source in it."""

    def __init__(self, root: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.root, self.capsys = root, capsys
        self.landings = 0

    def land(self, table: str, *rows: Row) -> None:
        self.landings += 1
        Store(self.root).land(table, rows, source_id="harbour", key=str(self.landings), now=NOW)

    def runs(self, *rows: Any, **changes: Any) -> None:
        """Land two runs that succeeded, 20 days and 5 minutes ago, unless others are given."""
        first = {"started_at": ago(days=20), "finished_at": ago(days=20), "run_id": "first"}
        last = {"started_at": ago(minutes=5), "finished_at": ago(minutes=4), "run_id": "last"}
        self.land("runs", *(rows or (run(**first), run(**last | changes))))

    def articles(self, number: int, days: float, *, first: int = 0, **changes: Any) -> None:
        """Land so many articles, one an hour back from so many days ago."""
        rows = [article(first + index, first_seen_at=ago(days=days, hours=index), **changes) for index in range(number)]
        self.land("articles", *rows)

    def row(self, source: Source | None) -> dict[str, Any]:
        show_status({source.id: source} if source else {}, str(self.root), Format.JSON, None)
        (row,) = json.loads(self.capsys.readouterr().out)
        return dict(row)

    def wrong(self, **changes: Any) -> list[str]:
        return self.row(source(**changes))["wrong"] or []


@pytest.fixture
def status(empty_root: Path, capsys: pytest.CaptureFixture[str]) -> StatusOf:
    return StatusOf(empty_root, capsys)


def test_of_a_source_that_is_well_nothing_is_said(status: StatusOf) -> None:
    status.runs()
    status.articles(100, 0)
    status.articles(100, 8, first=200)
    status.land("polls", poll(endpoint=RSS, polled_at=ago(minutes=5), next_poll_at=NOW + timedelta(minutes=15)))
    row = status.row(source(schedule="*/20 * * * *", expect={"articles_per_day": 10}))
    assert tuple(row) == COLUMNS
    assert row["wrong"] is None
    assert (row["articles"], row["articles_24h"], round(row["articles_per_day"], 1)) == (200, 24, 14.3)
    assert (row["with_date"], row["with_author"], row["with_title"], row["words"]) == (1.0, 1.0, 1.0, 9.0)
    assert row["newest_at"][:16] == f"{NOW:%Y-%m-%dT%H:%M}"
    assert row["next_poll_at"][:16] == f"{NOW + timedelta(minutes=15):%Y-%m-%dT%H:%M}"


def test_a_source_that_never_ran_says_so(status: StatusOf) -> None:
    assert status.wrong() == ["never ran"]


def test_a_source_that_is_not_configured_any_more_says_only_that(status: StatusOf) -> None:
    status.runs(status=RunStatus.FAILED, error="gone")
    assert status.row(None)["wrong"] == ["not configured any more"]


def test_a_paused_source_is_not_called_stale(status: StatusOf) -> None:
    status.runs(started_at=ago(days=10))
    assert status.wrong(paused=True, schedule="0 * * * *") == ["paused"]


def test_a_failed_run_gives_its_error(status: StatusOf) -> None:
    status.runs(status=RunStatus.FAILED, error="no room on the disk; free some")
    assert status.wrong() == ["last run failed: no room on the disk; free some"]


def test_a_source_that_missed_three_turns_of_its_schedule_is_stale(status: StatusOf) -> None:
    status.runs(started_at=ago(hours=5))
    (sentence,) = status.wrong(schedule="0 * * * *")
    assert sentence.startswith(f"no success since {ago(hours=5):%Y-%m-%d %H:%M}Z, 3 turns of its schedule missed")
    assert status.wrong(schedule="0 0 * * 1") == [] or ago(hours=5).weekday() == 0
    assert status.wrong() == []


def test_without_a_schedule_the_time_of_its_next_poll_counts(status: StatusOf) -> None:
    status.runs(started_at=ago(hours=9))
    status.land("polls", poll(endpoint=RSS, polled_at=ago(hours=9), next_poll_at=ago(hours=7)))
    assert "3 turns of its schedule missed" in status.wrong()[0]


def test_silence_is_told_where_it_is_longer_than_it_ever_was(status: StatusOf) -> None:
    status.runs()
    status.articles(60, 2)
    (sentence,) = status.wrong()
    assert sentence.startswith("nothing new for 48 hours, its longest silence in the four weeks before was 1 h:")
    assert "'copydesk sources check'" in sentence


def test_silence_is_not_told_of_what_comes_in_bursts(status: StatusOf) -> None:
    status.runs()
    status.articles(30, 2)
    status.articles(30, 9, first=30)
    assert status.wrong() == []


def test_fewer_articles_than_expected_are_told_after_the_first_day(status: StatusOf) -> None:
    status.runs()
    status.articles(7, 0)
    (sentence,) = status.wrong(expect={"articles_per_day": 20})
    assert sentence == (
        "1.0 articles a day in the last week, 20 expected: see its rejects and inputs, or correct [expect]"
    )


def test_on_the_first_day_nobody_knows_what_a_day_brings(status: StatusOf) -> None:
    status.runs(run(started_at=ago(hours=2)))
    status.articles(1, 0)
    assert status.wrong(expect={"articles_per_day": 20}) == []


def test_a_gap_of_the_last_day_is_told_and_whether_it_was_looked_for(status: StatusOf) -> None:
    status.runs()
    status.land("polls", poll(endpoint=RSS, run_id="r", polled_at=ago(hours=3), gap_suspected=True))
    (sentence,) = status.wrong()
    assert sentence.startswith(f"{RSS} had no known entry at {ago(hours=3):%Y-%m-%d %H:%M}Z: articles may be missing")
    status.land("polls", poll(endpoint="https://harbour.example/news.xml", run_id="r", polled_at=ago(hours=3)))
    (sentence,) = status.wrong()
    assert "was looked for in the sitemap" in sentence


def test_an_old_gap_is_not_told(status: StatusOf) -> None:
    status.runs()
    status.land("polls", poll(endpoint=RSS, polled_at=ago(hours=30), gap_suspected=True))
    assert status.wrong() == []


def test_a_feed_that_moved_for_good_names_the_file_to_change_until_it_is_changed(status: StatusOf) -> None:
    status.runs()
    status.land("polls", poll(endpoint=RSS, moved_to="https://harbour.example/feed"))
    assert status.wrong() == [
        f"{RSS} has moved for good: change its url in harbour.toml to https://harbour.example/feed"
    ]
    assert status.wrong(input=[{"kind": "feed", "url": "https://harbour.example/feed"}]) == []


def test_a_feed_that_fails_says_why_and_when_it_is_asked_again(status: StatusOf) -> None:
    status.runs()
    later = NOW + timedelta(hours=2)
    status.land("polls", poll(endpoint=RSS, polled_at=NOW, error="404 Not Found", failures=3.0, next_poll_at=later))
    assert status.wrong() == [
        f"{RSS} fails, and is asked less often: 404 Not Found; asked again at {later:%Y-%m-%d %H:%M}Z"
    ]


@pytest.mark.parametrize("answer", [{"http_status": 429}, {"http_status": None, "is_postponed": True}])
def test_a_host_that_asks_to_wait_says_until_when(status: StatusOf, answer: dict[str, Any]) -> None:
    status.runs()
    later = NOW + timedelta(hours=2)
    busy = {"error": "too many requests", "failures": 0.25, "next_poll_at": later} | answer
    status.land("polls", poll(endpoint=RSS, polled_at=NOW, **busy))
    assert f"its host asks to wait until {later:%Y-%m-%d %H:%M}Z (too many requests)" in status.wrong()[0]


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"published_at": None}, "0% of its articles have a date, 100% the week before"),
        ({"authors": ()}, "0% of its articles have an author, 100% the week before"),
        ({"title": None}, "0% of its articles have a title, 100% the week before"),
        ({"word_count": 3}, "its articles have 3 words (median), 9 the week before"),
    ],
)
def test_what_its_articles_lack_since_a_week_is_told(status: StatusOf, changes: dict[str, Any], problem: str) -> None:
    status.runs()
    status.articles(30, 0, **changes)
    status.articles(30, 8, first=30)
    (sentence,) = status.wrong()
    assert sentence.startswith(problem)
    assert "the site may look different now" in sentence


def test_where_most_is_refused_the_main_reason_and_its_cure_are_told(status: StatusOf) -> None:
    status.runs()
    status.articles(10, 0)
    status.land(
        "rejects",
        *(rejection(number, first_seen_at=ago(hours=1)) for number in range(50, 62)),
        *(
            rejection(number, reason=Reason.DISALLOWED, stage=Stage.FETCH, first_seen_at=ago(hours=1))
            for number in range(70, 85)
        ),
        *(rejection(number, reason=Reason.DUPLICATE, first_seen_at=ago(hours=1)) for number in range(100, 190)),
    )
    row = status.row(source())
    assert row["rejects"] == {"duplicate": 90, "disallowed": 15, "no_article": 12}
    (sentence,) = row["wrong"]
    assert sentence == (
        "27 of 37 documents of the last 7 days were refused, most as disallowed: its robots.txt forbids them:"
        " ask the publisher, or leave them out with `exclude`"
    )


def test_what_waits_is_told(status: StatusOf) -> None:
    status.runs()
    status.land("discoveries", discovery(1), discovery(2))
    assert status.wrong() == ["2 documents wait for the next run"]


def test_that_more_waits_after_each_run_is_told(status: StatusOf) -> None:
    status.runs(*(run(run_id=f"r{hour}", started_at=ago(hours=hour), pending=60 - 10 * hour) for hour in range(5)))
    (sentence,) = status.wrong()
    assert sentence.startswith("pending grows from run to run (30, 40, 50, 60)")


def test_the_table_fits_and_the_sentences_stand_below_it(status: StatusOf) -> None:
    status.runs(status=RunStatus.FAILED, error="no room on the disk")
    status.articles(3, 0)
    status.land("rejects", rejection(50), rejection(51), rejection(52, reason=Reason.DISALLOWED, stage=Stage.FETCH))
    show_status({"harbour": source(expect={"articles_per_day": 2})}, str(status.root), Format.TABLE, None, wide=True)
    lines = status.capsys.readouterr().out.splitlines()
    assert max(map(len, lines[:3])) <= 240
    assert "no_article 2, disallowed 1" in lines[2]
    assert " 0.4 of 2 " in lines[2]
    assert lines[3] == "harbour: last run failed: no room on the disk"
