"""No date of a page is invented: each is printed or stated for its article, in an order that the page shows."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from tasks.article import make_article
from tasks.metadata.dates import parse_date
from tests.support.raws import raw_page
from tests.test_normalise import SOURCE
from warehouse.model.records import Article

PARAGRAPHS = (
    "<p>The bakery on Mill Street reopened on Friday after a fire that had closed it for the whole winter.</p>"
    "<p>Its owner said that the first loaves were sold within an hour, and that the oven came from the next town.</p>"
    "<p>Neighbours had collected money for the roof, and the council paid for a new door and two windows.</p>"
)


def article_of(
    below_title: str = "", *, head: str = "", above: str = "", below: str = "", lang: str = "en", url: str = ""
) -> Article:
    page = (
        f'<!DOCTYPE html><html lang="{lang}"><head><title>Bakery reopens on Mill Street</title>{head}</head><body>{above}'
        f"<main><article><h1>Bakery reopens on Mill Street</h1>{below_title}{PARAGRAPHS}</article></main>"
        f"{below}</body></html>"
    )
    source = SOURCE.model_copy(update={"language": None, "timezone": None})
    article = make_article(raw_page(page.encode(), url or "https://news.example/bakery"), source, 1_000_000)
    assert isinstance(article, Article), article
    return article


def test_a_year_of_copyright_is_no_date() -> None:
    assert article_of(below="<footer><p>© 2019 The Mill Street News</p></footer>").published_at is None
    assert article_of(below="<p>Copyright 2019 The Mill Street News</p>").published_at is None


def test_the_first_of_january_is_a_date_only_where_it_is_printed() -> None:
    assert article_of('<p class="date">January 1, 2019</p>').published_at == datetime(2019, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    "elsewhere",
    [
        {"above": '<div class="topbar"><time datetime="2020-11-20T06:00:00Z">Friday</time></div>'},
        {"above": '<time datetime="2020-11-20T06:00:00Z">Friday</time>'},
        {"below": '<div class="comments"><time datetime="2020-11-20T06:00:00Z">Ann</time></div>'},
        {"below": '<div class="related-posts"><time datetime="2020-11-20T06:00:00Z">Fire</time></div>'},
        {"above": '<time class="updated" datetime="2020-11-20T06:00:00Z">Friday</time>'},
    ],
    ids=["clock", "above the headline", "comment", "related", "changed"],
)
def test_a_time_of_something_else_is_not_that_of_the_article(elsewhere: dict[str, str]) -> None:
    article = article_of('<time datetime="2019-05-03T09:00:00Z">3 May</time>', **elsewhere)
    assert article.published_at == datetime(2019, 5, 3, 9, tzinfo=UTC)


def test_a_time_of_a_change_is_not_that_of_publication() -> None:
    article = article_of('<p>Updated: <time datetime="2019-05-03T09:00:00Z">3 May</time></p>')
    assert (article.published_at, article.modified_at) == (None, datetime(2019, 5, 3, 9, tzinfo=UTC))
    head = '<meta property="article:modified_time" content="2019-05-03T09:00:00Z">'
    assert article_of(head=head).published_at is None


def test_figures_whose_order_nothing_shows_are_kept_as_printed() -> None:
    article = article_of('<p class="date">Published 03/04/2019</p>')
    assert (article.published_at, article.published_raw) == (None, "03/04/2019")


@pytest.mark.parametrize(
    ("evidence", "month"),
    [
        ({"lang": "en-GB"}, 4),
        ({"lang": "en-US"}, 3),
        ({"url": "https://news.co.uk/bakery"}, 4),
        ({"url": "https://news.example/2019/03/04/bakery"}, 3),
        ({"below": "<p>Letters of 23/04/2019</p>"}, 4),
        ({"below": "<p>Letters of 04/23/2019</p>"}, 3),
    ],
    ids=["region", "other region", "country", "address", "another date", "another date, month first"],
)
def test_figures_are_read_in_the_order_that_the_page_shows(evidence: dict[str, str], month: int) -> None:
    article = article_of('<p class="date">Published 03/04/2019</p>', **evidence)
    assert article.published_at is not None
    assert article.published_at.month == month


@pytest.mark.parametrize(
    "clock",
    [
        "<div><span>Friday, November 20, 2020</span></div>",
        '<header><span class="today">November 20, 2020</span></header>',
        '<div data-date="2020-11-20">Friday</div>',
    ],
)
def test_a_day_that_is_printed_above_the_page_is_that_of_the_visit(clock: str) -> None:
    above = f'{clock}<nav><ul><li><a href="/town">Town</a></li><li><a href="/sport">Sport</a></li></ul></nav>'
    assert article_of(above=above).published_at is None
    assert article_of("<p>May 3, 2019</p>", above=above).published_at == datetime(2019, 5, 3, tzinfo=UTC)


@pytest.mark.parametrize(
    "changed",
    [
        "<p>Last updated: May 3, 2019, 14:10</p>",
        "<div><span>Updated on</span> <span>May 3, 2019</span></div>",
        "<p>Zuletzt aktualisiert am 3. Mai 2019</p>",
        "<p>Mis à jour le 3 mai 2019 à 14h10</p>",
    ],
)
def test_a_printed_day_of_a_change_is_not_that_of_publication(changed: str) -> None:
    assert article_of(changed).published_at is None


def test_a_time_at_the_beginning_of_the_epoch_is_none() -> None:
    head = '<meta property="article:published_time" content="1970-01-01T00:00:00+00:00">'
    assert article_of(head=head).published_at is None
    assert article_of("<p>May 3, 2019</p>", head=head).published_at == datetime(2019, 5, 3, tzinfo=UTC)


def test_a_zone_of_several_regions_is_that_of_the_page() -> None:
    date_line = '<p class="date">May 3, 2019, 11:30 PM IST</p>'
    in_india = article_of(date_line, url="https://news.example.in/bakery")
    assert in_india.published_at == datetime(2019, 5, 3, 18, tzinfo=UTC)
    in_israel = article_of(date_line.replace("May 3", "January 3"), lang="en-IL")
    assert in_israel.published_at == datetime(2019, 1, 3, 21, 30, tzinfo=UTC)


def test_the_time_of_an_event_in_the_text_is_not_that_of_publication() -> None:
    event = (
        '<p>The hearing begins on <time datetime="2020-11-20T18:00">20 November</time> at six in the old town hall, and '
        "everybody may speak for three minutes.</p>"
    )
    assert article_of(event).published_at is None


@pytest.mark.parametrize("path", ["article/20190503/bakery", "t20190503_417.html"])
def test_a_day_in_figures_in_the_address_is_read(path: str) -> None:
    address, copyright_year = f"https://news.example/{path}", "<footer><p>© 2020 Mill Street News</p></footer>"
    assert article_of(url=address, below=copyright_year).published_at == datetime(2019, 5, 3, tzinfo=UTC)


def test_a_time_above_the_headline_is_no_date_though_the_page_marks_no_other() -> None:
    above = '<div class="head"><time datetime="2020-11-20T06:00:00Z">Friday, November 20, 2020</time> 9 °C</div>'
    assert article_of("<p class='x'>Ann Lee<br>3 DE MAYO DE 2019</p>", above=above, lang="es").published_local == date(
        2019, 5, 3
    )


def test_a_day_in_a_notice_of_copyright_is_no_date() -> None:
    notice = "<p class='x'>Copyright 1998-2020 Mill Street News. Page rendered Nov 20, 2020 06:00:01</p>"
    assert article_of(below=notice).published_at is None


def test_a_name_of_several_zones_is_read_by_a_language_of_one_country() -> None:
    assert parse_date("3 May 2019, 11:30 PM IST", "hi").instant == datetime(2019, 5, 3, 18, tzinfo=UTC)


@pytest.mark.parametrize(
    ("line", "day"),
    [
        ('<div class="card widget">July 8, 2025 · 6 min read</div>', 8),
        ('<ul class="share-tools"><li>8 July 2025</li><li>Copy the address</li></ul>', 8),
        ("<div class='promo-box'>Ann Lee • Jul 8, 2025</div>", 8),
        ('<p class="caption">Le 8 juillet 2025</p>', 8),
    ],
)
def test_a_date_line_at_the_headline_counts_whatever_its_element_is_called(line: str, day: int) -> None:
    assert article_of(line).published_at == datetime(2025, 7, day, tzinfo=UTC)


def test_a_date_far_below_the_text_needs_a_label() -> None:
    box = "<section>{}<p>The bakery has been on Mill Street since the year in which the old bridge was built.</p></section>"
    rest = "<p>Filler words stand here in a short line.</p>" * 8
    assert article_of(below=rest + box.format("<p>Published on July 8, 2025</p>")).published_at == datetime(
        2025, 7, 8, tzinfo=UTC
    )
    assert article_of(below=rest + box.format("<p>Published © 2025 July 8</p>")).published_at is None


def test_the_date_line_below_the_headline_goes_before_one_above_it() -> None:
    page = '<div class="head"><span>Issue of 1 May 2024</span><h2>Town</h2></div>'
    assert article_of("<p>8 July 2025</p>", above=page).published_at == datetime(2025, 7, 8, tzinfo=UTC)


def test_the_day_of_an_address_counts_where_the_page_prints_none() -> None:
    assert article_of(url="https://news.example/2025/07/08/bakery").published_local == date(2025, 7, 8)
    assert article_of(url="https://news.example/2025/13/08/bakery").published_local is None


@pytest.mark.parametrize(
    "sentence",
    [
        "Margaret Toller, 84, who ran the bakery, died on November 9, 2019, at home.",
        "The old oven was last lit on 4 May 2019, and nobody thought of another one.",
    ],
)
def test_the_day_in_the_first_sentence_of_a_text_is_that_of_an_event(sentence: str) -> None:
    assert article_of(f"<p>{sentence}</p>").published_at is None


def test_the_label_nearest_to_a_date_says_what_it_is() -> None:
    article = article_of("<p>Edited by: Bob Ray, Published: May 4, 2019 03:35 pm, Updated: May 6, 2019 04:10 pm</p>")

    assert article.published_at == datetime(2019, 5, 4, 15, 35, tzinfo=UTC)
    assert article.modified_at == datetime(2019, 5, 6, 16, 10, tzinfo=UTC)
