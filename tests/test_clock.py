"""A clock that was ahead once: the newest text is shown, an edit is stored once, and nothing falls silent."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest

from flows.ingest import ingest
from tasks.http.fetcher import Fetcher
from tests.support.bread import BREAD
from tests.support.polled import FEED, page
from tests.support.rows import NOON, article, discovery, rejection, run
from tests.support.webserver import answer
from warehouse.state.address import TICK, Known, not_before
from warehouse.storage.tables import Store
from warehouse.verify import verify

AHEAD = timedelta(days=10)
VERSIONS = "SELECT text FROM article_versions ORDER BY fetched_at"


@pytest.fixture
def take(folder_source, settings, workers, now):
    """Runs the folder source so many hours after the first time, by a clock that is ahead by so much."""
    ticks = count()

    def once(hours: float, ahead: timedelta = timedelta()) -> Any:
        def clock() -> datetime:
            return now + timedelta(hours=hours, microseconds=next(ticks)) + ahead

        with Fetcher(settings) as fetcher:
            return ingest(folder_source, settings, workers, fetcher, clock=clock)

    return once


def test_a_file_edited_twice_after_the_clock_was_ahead_has_three_versions(tmp_path, take, ask, settings):
    path = tmp_path / "pages" / "a.txt"
    path.write_text(BREAD)
    assert take(0, AHEAD).stored == 1
    for hours, number in ((1, "Five"), (2, "Six")):
        path.write_text(BREAD.replace("Four", number))
        assert take(hours).stored == 1
        assert ask("SELECT text[:4] FROM articles") == [(number[:4].ljust(4),)]
    for hours in (3, 4, 24 * 11):
        report = take(hours)
        assert (report.stored, report.unchanged) == (0, 1)
    assert [text[:4] for (text,) in ask(VERSIONS)] == ["Four", "Five", "Six "]
    assert len({row for (row,) in ask("SELECT text FROM articles_as_of('2027-01-01 00:00:00+00')")}) == 1
    assert ask("SELECT changed, edited_at FROM article_edits ORDER BY edited_at")[0][0] == ["text"]
    path.write_text(BREAD)
    assert take(24 * 12).stored == 1
    assert ask("SELECT text[:4] FROM articles") == [("Four",)]
    assert verify(settings.data).findings == ()


@pytest.mark.parametrize("moment", [10, 12])
def test_a_clock_that_is_corrected_in_the_middle_of_a_run(
    moment, tmp_path, folder_source, settings, workers, now, take, ask
):
    path = tmp_path / "pages" / "a.txt"
    path.write_text(BREAD)
    looks = count()

    def clock() -> datetime:
        number = next(looks)
        return now + timedelta(microseconds=number) + (AHEAD if number < moment else timedelta())

    with Fetcher(settings) as fetcher:
        ingest(folder_source, settings, workers, fetcher, clock=clock)
    path.write_text(BREAD.replace("Four", "Five"))
    assert [take(hours).stored for hours in (1, 2, 3)] == [1, 0, 0]
    assert ask("SELECT text[:4] FROM articles") == [("Five",)]


@pytest.mark.parametrize("recheck", ["recheck = [1, 6]\n", "recheck = []\n"])
def test_a_page_edited_twice_after_the_clock_was_ahead_has_three_versions(site, look, ask, recheck):
    def publish(number: int) -> None:
        site.routes["/news/1"] = answer(page(1, extra=f"Edit {number}.").encode(), content_type="text/html")
        changed = (site.now + timedelta(hours=number)).isoformat()
        entry = (
            f"<entry><title>Bakers</title><link href='{site.server.url('/news/1')}'/><id>tag:1</id>"
            f"<updated>{changed}</updated><published>{site.now.isoformat()}</published></entry>"
        )
        feed = f"<feed xmlns='http://www.w3.org/2005/Atom'><title>Lake</title>{entry}</feed>"
        site.routes["/feed"] = answer(feed.encode(), content_type="application/atom+xml")

    publish(0)
    assert look(recheck + FEED, hours=240).stored == 1
    for number in (1, 2):
        publish(number)
        report = look(recheck + FEED, hours=number, due=True)
        assert report.stored == 1
        assert f"Edit {number}." in ask("SELECT text FROM articles")[0][0]
    assert [look(recheck + FEED, hours=hours).stored for hours in (3, 4, 5, 241)] == [0, 0, 0, 0]
    assert len(ask(VERSIONS)) == 3
    requests = site.requests_of("/news/1")
    look(recheck + FEED, hours=6)
    assert site.requests_of("/news/1") == requests


def test_a_feed_that_was_read_by_a_clock_that_was_ahead_is_read_when_it_is_due_and_suspects_no_gap(site, look, ask):
    site.publish(1, 2)
    site.feed(1, 2)
    look(FEED, hours=240)
    site.feed(2, 1)
    assert look(FEED, hours=1, due=True).unchanged == 2
    requests = site.requests_of("/feed")
    look(FEED, hours=1.01, due=True)
    assert site.requests_of("/feed") == requests
    site.feed(1, 2)
    look(FEED, hours=3, due=True)
    assert site.requests_of("/feed") == requests + 1
    assert ask("SELECT bool_or(gap_suspected) FROM polls") == [(False,)]


def test_a_page_that_failed_while_the_clock_was_ahead_is_asked_for_again(site, look, ask):
    site.routes["/news/1"] = answer(status="404 Not Found")
    site.feed(1)
    look(FEED, hours=240)
    site.publish(1)
    assert look(FEED, hours=1).stored == 1
    assert ask("SELECT state FROM ledger") == [("article",)]


def test_an_older_capture_that_lands_later_does_not_win(tmp_path, ask, settings):
    store = Store(settings.data)
    store.land("discoveries", [discovery(1)], source_id="harbour", key="1", now=NOON)
    newer = article(1, version_id="new", text="new", fetched_at=NOON + timedelta(days=1), capture_id="b")
    older = article(1, version_id="old", text="old", fetched_at=NOON, capture_id="a")
    store.land("articles", [newer], source_id="harbour", key="1", now=NOON + timedelta(days=1))
    store.land("articles", [older], source_id="harbour", key="2", now=NOON + timedelta(days=2))
    store.land("rejects", [rejection(2)], source_id="harbour", key="2", now=NOON)
    store.prepare()
    assert ask("SELECT text FROM articles") == [("new",)]


def test_a_run_of_a_clock_that_was_ahead_does_not_hide_how_a_source_is(settings, ask):
    store, now = Store(settings.data), datetime.now(UTC)
    well = run(run_id="wrong", started_at=now + AHEAD, finished_at=now + AHEAD)
    ill = run(run_id="right", started_at=now, finished_at=now, status="failed", error="no feed")
    for number, row in enumerate((well, ill)):
        store.land("runs", [row], source_id="harbour", key=str(number), now=now)
    assert ask("SELECT last_status, last_error FROM source_health") == [("failed", "no feed")]


def test_the_time_of_a_row_is_the_clock_s_but_never_before_the_row_that_it_follows():
    assert not_before(None, NOON) == NOON
    assert not_before(NOON - TICK, NOON) == NOON
    assert not_before(NOON + AHEAD, NOON) == NOON + AHEAD + TICK


def test_looks_whose_hours_cannot_be_told_are_as_many_as_there_are_hours():
    known = Known("g", "f", NOON, first_fetched_at=NOON + AHEAD, last_fetched_at=NOON + AHEAD, version_id="v")
    assert [replaced(known, reads).is_wanted(NOON, (1, 6)) for reads in (1, 2, 3)] == [True, True, False]


def replaced(known: Known, reads: int) -> Known:
    known.payload_digests = ("sha256:0",) * reads
    return known
