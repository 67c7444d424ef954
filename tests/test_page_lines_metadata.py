"""What a page prints between its headline and its text is read, as it is of a plain text; other articles' lines are not."""

from __future__ import annotations

from datetime import UTC, datetime

from tests.test_page_dates import article_of
from warehouse.model.vocabulary import Origin, Zone


def test_a_printed_byline_and_time_are_read() -> None:
    article = article_of("<p>By Ann Lee</p><p>Published May 3, 2019 at 4:15 p.m. CEST</p>")
    assert article.by == "By Ann Lee"
    assert article.authors == ("Ann Lee",)
    assert (article.published_at, article.published_zone) == (datetime(2019, 5, 3, 14, 15, tzinfo=UTC), Zone.EXPLICIT)
    assert article.provenance["published_at"].origin is Origin.TEXT


def test_the_time_of_a_change_is_read_beside_that_of_publication() -> None:
    below_title = "<p>publié le 3 mai 2019 à 20h18 (mis à jour le 4 mai 2019 à 12h40)</p>"
    article = article_of(below_title, lang="fr")
    assert article.published_at == datetime(2019, 5, 3, 20, 18, tzinfo=UTC)
    assert article.modified_at == datetime(2019, 5, 4, 12, 40, tzinfo=UTC)


def test_a_page_s_own_statement_goes_before_its_printed_lines() -> None:
    head = '<meta property="article:published_time" content="2019-05-02T09:00:00Z">'
    article = article_of("<p>Published May 3, 2019</p>", head=head)
    assert article.published_at == datetime(2019, 5, 2, 9, tzinfo=UTC)


def test_lines_of_other_articles_state_nothing() -> None:
    teasers = "<ul><li><a href='/a'>Fire at the mill</a> <span>May 9, 2020</span></li></ul><p>By Bob Ray</p>"
    article = article_of(above=f"<div>{teasers}</div>", below=f"<div>{teasers}</div>")
    assert (article.published_at, article.authors, article.section) == (None, (), None)


def test_the_day_of_a_picture_is_not_that_of_the_article() -> None:
    caption = "<figcaption>The oven | May 2, 2018 | Photo: Ann Lee</figcaption>"
    article = article_of(f"<figure><img src='/oven.jpg'>{caption}</figure>")
    assert article.published_at is None
    assert article.image_credit == "Ann Lee"
