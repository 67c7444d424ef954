"""How fast a site publishes, and which of its feeds hold what the others hold: what a source's file will promise."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from conftest import NOW

from tasks.listings.listing import Entry, Listing
from tasks.site_probe.choose_feeds import (
    choose_listings,
    choose_trial_entries,
    expected_articles_per_day,
    is_news_sitemap,
    total_articles_per_day,
)
from tasks.site_probe.feed_statistics import articles_per_day, is_comment_feed, measure_listing, overlap
from warehouse.model.records import Candidate
from warehouse.model.vocabulary import Origin


def entry(name: str, at: datetime | None = None, **fields: str) -> Entry:
    dates = {"published_at": at.isoformat()} if at else {}
    candidates = tuple(Candidate(field, (value,), Origin.FEED) for field, value in (fields | dates).items())
    return Entry(f"https://river.example/{name}", candidates=candidates)


def feed(*entries: Entry, url: str = "https://river.example/rss", kind="feed", **listing):
    return measure_listing(kind, url, "named by the page", Listing(entries, **listing), NOW)


def hourly(*numbers: int, **fields: str) -> list[Entry]:
    """Articles by how many hours ago they came."""
    return [entry(f"a{number}", NOW - timedelta(hours=number), **fields) for number in numbers]


def test_a_pace_is_told_by_what_came_until_now():
    assert feed(*hourly(*range(1, 25))).per_day == pytest.approx(22.7, abs=0.1)


def test_a_feed_that_fell_silent_has_the_pace_of_a_silent_one():
    old = [entry(f"a{number}", NOW - timedelta(days=365, hours=number)) for number in range(20)]
    assert feed(*old).per_day == pytest.approx(0.04, abs=0.01)


def test_an_entry_pinned_for_years_does_not_slow_the_pace():
    pinned = entry("welcome", NOW - timedelta(days=2_000))
    assert feed(pinned, *hourly(*range(1, 21))).per_day == pytest.approx(24, rel=0.1)


@pytest.mark.parametrize(
    "entries",
    [
        [],
        hourly(1),
        hourly(1, 2),
        [entry(f"a{number}", NOW - timedelta(hours=1)) for number in range(50)],
        [entry(f"a{number}") for number in range(50)],
        [entry(f"a{number}", NOW + timedelta(days=30)) for number in range(50)],
    ],
    ids=["empty", "one", "two", "a sitemap written anew", "undated", "all in the future"],
)
def test_no_pace_is_told_from(entries):
    assert feed(*entries).per_day is None


def test_an_entry_dated_ahead_is_not_the_newest():
    assert feed(entry("soon", NOW + timedelta(days=40)), *hourly(2, 3)).newest == NOW - timedelta(hours=2)


def test_a_pace_needs_time_to_have_passed():
    assert articles_per_day([NOW, NOW, NOW], NOW) is None
    assert articles_per_day([NOW + timedelta(hours=hours) for hours in (3, 2, 1)], NOW) is None


def test_shares_are_of_the_entries():
    half = feed(*hourly(1, 2, authors="Ada Rook", title="A bridge"), entry("x"), entry("y"))
    assert (half.dated, half.credited, half.titled, half.full_text) == (0.5, 0.5, 0.5, 0.0)


def test_an_entry_with_its_text_is_whole_and_one_with_a_long_link_is_not():
    whole = Entry("https://river.example/1", html=f"<p>{'Water rose. ' * 80}</p>")
    teaser = Entry("https://river.example/2", html=f'<a href="{"x" * 2_000}">More</a>')
    assert feed(whole, teaser).full_text == 0.5


def test_two_spellings_of_an_address_are_one_article():
    assert feed(entry("a?utm_source=rss"), entry("a")).entries == 1


def test_a_long_feed_adds_nothing_to_a_short_one_that_has_all_that_is_new():
    short, long = feed(*hourly(*range(1, 21))), feed(*hourly(*range(1, 101)), url="https://river.example/all")
    assert overlap(long, [short]) > 0.7
    assert overlap(short, [long]) == 1.0


def test_a_feed_of_another_time_cannot_be_compared_and_so_adds_nothing_for_sure():
    main, old = feed(*hourly(1, 2, 3, 4)), feed(*hourly(500, 600, 700), url="https://river.example/essays")
    assert overlap(old, [main]) is None
    assert choose_listings([main, old], NOW) == (main,)


def test_undated_feeds_are_compared_whole():
    assert overlap(feed(entry("a"), entry("b")), [feed(entry("b"))]) == 0.5


def test_comments_are_known_by_their_guids_or_by_being_on_one_page():
    marked = [Entry(f"https://river.example/{n}", f"https://river.example/{n}#comment-{n}") for n in range(5)]
    assert is_comment_feed(Listing(tuple(marked)))
    assert is_comment_feed(Listing((entry("story"), entry("story"), entry("story"))))
    assert not is_comment_feed(Listing((entry("story"),)))
    assert not is_comment_feed(Listing(tuple(hourly(1, 2, 3))))


# Choosing


def test_of_two_forms_of_one_feed_that_which_says_more_is_read():
    bare = feed(*hourly(*range(20)), url="https://river.example/rss")
    rich = feed(*hourly(*range(20), authors="Ada Rook"), url="https://river.example/atom")
    assert choose_listings([bare, rich], NOW) == (rich,)


def test_of_two_equal_feeds_the_first_on_the_page_is_read():
    first, second = (feed(*hourly(*range(20)), url=f"https://river.example/{name}") for name in "ab")
    assert choose_listings([first, second], NOW) == (first,)


def test_the_main_feed_is_that_which_holds_most_of_all_and_sections_inside_it_are_left_out():
    sport = feed(*hourly(*range(0, 20, 4)), url="https://river.example/sport")
    main = feed(*hourly(*range(20)))
    assert choose_listings([sport, main], NOW) == (main,)


def test_a_section_that_the_main_feed_lacks_is_read_too():
    main = feed(*hourly(*range(20)))
    culture = feed(*[entry(f"culture{n}", NOW - timedelta(hours=n)) for n in range(10)], url="https://river.example/c")
    assert choose_listings([main, culture], NOW) == (main, culture)
    assert total_articles_per_day((main, culture)) == pytest.approx((main.per_day or 0) + (culture.per_day or 0))


def test_a_dead_feed_is_not_read_beside_a_living_one_but_rather_than_none():
    dead = feed(*[entry(f"old{n}", NOW - timedelta(days=400 + n)) for n in range(30)], url="https://river.example/old")
    alive = feed(*hourly(1, 2, 3))
    assert choose_listings([dead, alive], NOW) == (alive,)
    assert choose_listings([dead], NOW) == (dead,)
    undated = feed(entry("a"), entry("b"), url="https://river.example/undated")
    assert choose_listings([dead, undated], NOW) == (undated,)


def test_a_sitemap_is_read_only_where_there_is_no_feed_and_a_news_sitemap_rather_than_another():
    plain = feed(*hourly(*range(9)), kind="sitemap", url="https://river.example/sitemap.xml")
    news = feed(*hourly(*range(9), title="A bridge"), kind="sitemap", url="https://river.example/news.xml")
    main = feed(*hourly(*range(9)))
    assert is_news_sitemap(news)
    assert not is_news_sitemap(plain)
    assert choose_listings([plain, news, main], NOW) == (main,)
    assert choose_listings([plain, news], NOW) == (news,)
    assert choose_listings([feed()], NOW) == ()


@pytest.mark.parametrize(
    ("per_day", "expected"), [(None, None), (0, None), (0.3, 0.15), (7.7, 3.9), (23.4, 12), (231, 120)]
)
def test_half_the_pace_is_expected_in_two_figures(per_day, expected):
    assert expected_articles_per_day(per_day) == expected


def test_articles_to_try_are_spread_over_the_inputs_and_none_twice():
    main = feed(*hourly(*range(20)))
    other = feed(entry("a0"), *[entry(f"b{n}") for n in range(9)], url="https://river.example/b")
    tried = [trial_entry.url.rpartition("/")[2] for trial_entry in choose_trial_entries((main, other), 5)]
    assert len(set(tried)) == 5
    assert {name[0] for name in tried} == {"a", "b"}
    assert len({int(name[1:]) // 4 for name in tried if name[0] == "a"}) > 1


def test_of_a_sitemap_the_newest_are_tried():
    old = [entry(f"old{n}", NOW - timedelta(days=900 + n)) for n in range(500)]
    sitemap = feed(*old, *hourly(*range(1, 101)), kind="sitemap")
    assert all("/a" in trial_entry.url for trial_entry in choose_trial_entries((sitemap,), 5))


def test_fewer_articles_than_asked_for_are_all_tried():
    assert len(choose_trial_entries((feed(*hourly(1, 2)),), 5)) == 2
