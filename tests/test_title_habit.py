"""Titles by habit: of a page's titles, the one that the site's feed has in most articles."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest
from conftest import NOW

from flows.ingestion.recurring_lines import load_habits
from tasks.metadata.title_habit import LandedTitle, learn_title_origin, prefer_title
from tests.support.polled import FEED, look, page, site  # noqa: F401  fixtures
from tests.support.query import query
from tests.support.webserver import answer
from warehouse.model.records import Candidate
from warehouse.model.rows import Habit
from warehouse.model.vocabulary import HabitPlace, Origin


def landed(
    origin: Origin = Origin.JSON_LD, *lost: Origin, count: int = 1, is_from_feed: bool = True
) -> list[LandedTitle]:
    lost_origins = frozenset(lost or (Origin.OPEN_GRAPH,))
    return [LandedTitle(NOW + timedelta(hours=n), origin, lost_origins, is_from_feed) for n in range(count)]


def learned(*titles: list[LandedTitle]) -> list[Habit]:
    return learn_title_origin("paper", [title for some in titles for title in some], NOW)


def test_the_origin_that_the_feed_agrees_with_is_learned_with_its_evidence() -> None:
    (habit,) = learned(landed(count=4), landed(Origin.OPEN_GRAPH, Origin.JSON_LD))
    assert (habit.text, habit.place, habit.articles, habit.among) == ("json-ld", HabitPlace.TITLE, 4, 5)


@pytest.mark.parametrize(
    "titles",
    [
        landed(count=2),
        landed(count=9, is_from_feed=False),
        landed(Origin.JSON_LD, Origin.FEED, count=9),
        landed(Origin.FEED, count=9),
        landed(count=4) + landed(Origin.OPEN_GRAPH, Origin.JSON_LD, count=3),
        [LandedTitle(NOW, Origin.OPEN_GRAPH, frozenset(), True)] * 9,
    ],
    ids=["few", "no feed", "a feed of its own", "from the feed", "divided", "all titles the same"],
)
def test_nothing_is_learned_without_evidence(titles: list[LandedTitle]) -> None:
    assert learned(titles) == []


def test_the_order_of_articles_does_not_matter() -> None:
    titles = landed(count=8) + landed(Origin.HTML, count=2)
    shuffled = random.Random(1).sample(titles, len(titles))
    assert learned(titles) == learned(shuffled) != []


TITLES = (
    Candidate("title", ("Bridge news",), Origin.OPEN_GRAPH),
    Candidate("by", ("Ann Lee",), Origin.HTML),
    Candidate("title", ("Norby repairs its bridge",), Origin.JSON_LD),
)


def test_the_title_of_the_learned_origin_goes_first() -> None:
    assert prefer_title(TITLES, Origin.JSON_LD) == (TITLES[2], *TITLES[:2])
    assert prefer_title(TITLES, Origin.META) == TITLES


def test_what_the_feed_or_a_record_says_of_this_article_counts_more() -> None:
    feed = (*TITLES, Candidate("title", ("Bridge: news",), Origin.FEED))
    assert prefer_title(feed, Origin.JSON_LD) == feed
    record = (Candidate("title", ("The bridge",), Origin.RECORD), *TITLES)
    assert prefer_title(record, Origin.JSON_LD) == record


def test_a_run_learns_it_and_the_next_one_applies_it(site, look, settings) -> None:  # noqa: F811
    def publish(*numbers: int) -> None:
        for number in numbers:
            head = f'<meta property="og:title" content="Ovens of the lake, part {number}"></head>'
            html = page(number, title=f"Feed title {number}").replace("</head>", head)
            site.routes[f"/news/{number}"] = answer(html.encode(), content_type="text/html")

    publish(*range(6))
    site.feed(*range(4))
    look(FEED)
    source_id, origin = query(settings.data, "SELECT source_id, text FROM habits WHERE place = 'title'").fetchone()
    assert origin == "html"
    assert load_habits(settings.data, source_id).title_origin is Origin.HTML
    site.sitemap(4, 5)
    look('[[input]]\nkind = "sitemap"\nurl = "SITE/news-sitemap.xml"\n', hours=1)
    titles = query(settings.data, "SELECT title FROM articles ORDER BY title").fetchall()
    assert titles == [(f"Feed title {number}",) for number in range(6)]
