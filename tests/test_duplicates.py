"""A duplicate is one only as long as two addresses have one text: each gets its own once the site gives it."""

from __future__ import annotations

import pytest

from flows.replay import replay
from tests.support.polled import FEED, counts, page, write
from tests.support.webserver import answer

RECHECK = "recheck = [1, 6, 24]\n"
TITLES = "SELECT url[-1:], title FROM articles ORDER BY url"


@pytest.fixture
def shared(site):
    """Serve a feed of two addresses; return the function that publishes a page at either."""

    def publish(first: str, second: str | None = None) -> None:
        for number, title in ((1, first), (2, second or first)):
            site.routes[f"/news/{number}"] = answer(page(9, title).encode(), content_type="text/html")

    site.feed(1, 2)
    return publish


def test_after_an_hour_of_one_text_for_all_each_address_has_its_own(site, shared, look, ask):
    shared("Feed title 1 and 2: our server rests")
    assert counts(look(RECHECK + FEED)) == {"discovered": 2, "stored": 1, "duplicate": 1}
    shared("Feed title 1: bread is dearer", "Feed title 2: the lake is low")
    look(RECHECK + FEED, hours=1.5)
    assert ask(TITLES) == [("1", "Feed title 1: bread is dearer"), ("2", "Feed title 2: the lake is low")]
    assert ask("SELECT count(*) FROM rejects_open") == [(0,)]


def test_an_address_gets_its_own_text_where_its_twin_was_right_all_along(site, shared, look, ask):
    shared("Feed title 1: bread is dearer")
    look(RECHECK + FEED)
    shared("Feed title 1: bread is dearer", "Feed title 2: the lake is low")
    look(RECHECK + FEED, hours=1.5)
    assert ask(TITLES) == [("1", "Feed title 1: bread is dearer"), ("2", "Feed title 2: the lake is low")]


def test_one_article_at_two_addresses_stays_one_when_it_is_edited(site, shared, look, ask):
    shared("Feed title 1: bread is dearer")
    look(RECHECK + FEED)
    for first_hour, title in ((7, "Feed title 1: bread is much dearer"), (25, "Feed title 1: bread is cheap")):
        shared(title)
        for hours in (first_hour, first_hour + 0.1, first_hour + 0.2):
            look(RECHECK + FEED, hours=hours)
    assert ask(TITLES) == [("1", "Feed title 1: bread is cheap")]
    assert ask("SELECT url[-1:], reason, duplicate_of[-1:] FROM rejects_open") == [("2", "duplicate", "1")]


def test_a_duplicate_that_could_not_be_had_for_a_time_is_one_again_and_rests(site, shared, look, ask):
    shared("Feed title 1: bread is dearer")
    look(RECHECK + FEED)
    whole = site.routes["/news/2"]
    site.routes["/news/2"] = answer(b"overloaded", status="503 Oops")
    look(RECHECK + FEED, hours=1.5)
    assert ask("SELECT reason FROM rejects_open") == [("fetch_failed",)]
    site.routes["/news/2"] = whole
    assert counts(look(RECHECK + FEED, hours=2))["duplicate"] == 1
    assert ask("SELECT reason, duplicate_of[-1:] FROM rejects_open") == [("duplicate", "1")]
    requests = site.requests_of("/news/2")
    look(RECHECK + FEED, hours=5)
    assert site.requests_of("/news/2") == requests


def test_replay_reads_the_address_whose_twin_has_another_text_now(tmp_path, site, shared, look, ask, settings):
    shared("Feed title 1 and 2: our server rests")
    look(FEED)
    source = write(tmp_path / "config" / "sources", FEED.replace("SITE", site.server.url("")))
    assert replay([source], settings)[0].tried == 0
    shared("Feed title 1: bread is dearer", "Feed title 2: the lake is low")
    look(FEED, only=[site.server.url("/news/1")], hours=2)
    (result,) = replay([source], settings)
    assert (result.tried, result.stored) == (1, 1)
    assert ask(TITLES) == [("1", "Feed title 1: bread is dearer"), ("2", "Feed title 2: the lake is low")]


def test_a_page_in_the_place_of_an_article_is_asked_again_until_the_article_comes(site, look, ask):
    wall = b"<title>Access denied</title><h1>Access denied</h1><p>Your IP address was blocked. Are you a robot?</p>"
    site.feed(1)
    site.routes["/news/1"] = answer(wall, content_type="text/html")
    assert counts(look(FEED)) == {"discovered": 1, "rejected": 1}
    assert ask("SELECT reason, attempts FROM rejects_open") == [("challenge", 1)]
    look(FEED, hours=0.1)
    assert site.requests_of("/news/1") == 1
    look(FEED, hours=0.5)
    assert ask("SELECT reason, attempts FROM rejects_open") == [("challenge", 2)]
    site.publish(1, title="Feed title 1: bread is dearer")
    look(FEED, hours=0.6)
    assert site.requests_of("/news/1") == 2
    assert counts(look(FEED, hours=2)) == {"discovered": 1, "stored": 1}
    assert ask("SELECT count(*) FROM rejects_open") == [(0,)]


def test_a_page_in_the_place_of_an_article_is_asked_again_at_the_hours_of_recheck_too(site, look, ask):
    wall = b"<title>Access denied</title><h1>Access denied</h1><p>Your IP address was blocked. Are you a robot?</p>"
    site.feed(1)
    site.routes["/news/1"] = answer(wall, content_type="text/html")
    look("recheck = [0.01]\n" + FEED)
    site.publish(1, title="Feed title 1: bread is dearer")
    assert counts(look("recheck = [0.01]\n" + FEED, hours=0.02)) == {"discovered": 1, "stored": 1}
