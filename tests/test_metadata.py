"""Pages of several languages and systems state what they are known to state, in the order of trust."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tasks.extract import extract
from tasks.html.jsonld import JsonLd, read_json_ld
from tasks.html.titles import site_names, without_site
from tests.support.raws import CASES, expected, raw_page
from warehouse.model.records import Candidate, ExtractedArticle
from warehouse.model.vocabulary import Origin

PARAGRAPH = "<p>The bakery on Mill Street reopened on Friday after a fire that had closed it for the whole winter.</p>"


def candidates_of(head: str, body: str = "", url: str = "https://news.example/a") -> tuple[Candidate, ...]:
    page = f"<!DOCTYPE html><html><head>{head}</head><body>{body}<article>{PARAGRAPH * 3}</article></body></html>"
    result = extract(raw_page(page.encode(), url))
    assert isinstance(result, ExtractedArticle), result
    return result.candidates


def candidate_values(
    field: str, head: str, body: str = "", url: str = "https://news.example/a"
) -> list[tuple[str, ...]]:
    return [candidate.values for candidate in candidates_of(head, body, url) if candidate.field == field]


def linked(data: object) -> str:
    return f'<script type="application/ld+json">{data if isinstance(data, str) else json.dumps(data)}</script>'


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_page_states(case: Path) -> None:
    want = expected(case)
    result = extract(raw_page((case / "page.html").read_bytes(), want["url"]))
    assert isinstance(result, ExtractedArticle), result
    first: dict[str, dict[str, object]] = {}
    for candidate in result.candidates:
        first.setdefault(candidate.field, {"values": list(candidate.values), "origin": str(candidate.origin)})
    assert first == want["stated"]


@pytest.mark.parametrize(
    "raw",
    [
        '{"@type":"NewsArticle","headline":"Bakery reopens",}',
        '//<![CDATA[\n{"@type":"NewsArticle","headline":"Bakery reopens"}\n//]]>',
        '<!-- {"@type":"NewsArticle","headline":"Bakery reopens"} -->;',
        '// <![CDATA[\n{"@type":"NewsArticle","headline":"Bakery reopens"}\n// ]]&gt;',
        '{"@type":"NewsArticle","headline":"Bakery\nreopens"}',
        '{\\"@type\\":\\"NewsArticle\\",\\"headline\\":\\"Bakery reopens\\"}',
        '{"@type":"NewsArticle","description":"a "quoted" word","headline":"Bakery reopens"}',
    ],
    ids=["comma", "cdata", "comment", "escaped cdata", "line break", "escaped", "quotes"],
)
def test_broken_json_ld_is_mended_where_that_is_simple(raw: str) -> None:
    assert read_json_ld([raw], "https://news.example/a").fields["title"] == ("Bakery reopens",)


@pytest.mark.parametrize(
    "raw", ["", "null", "[[]]", "{}", '{"@type":7}', "[" * 100_000, '"text"', '{"@graph":{"@graph":[3]}}']
)
def test_json_ld_of_no_article_states_nothing(raw: str) -> None:
    assert read_json_ld([raw], "https://news.example/a") == JsonLd()


def test_of_several_articles_in_json_ld_the_one_at_this_address_counts() -> None:
    other = {"@type": "Article", "headline": "Other", "url": "https://news.example/b"}
    own = {
        "@type": ["Article", "NewsArticle"],
        "headline": "Own",
        "mainEntityOfPage": {"@id": "https://news.example/a/#page"},
    }
    teasers = {"@type": "ItemList", "itemListElement": [{"item": {"@type": "NewsArticle", "headline": "Teaser"}}]}
    data = json.dumps({"@graph": [teasers, other, own]})
    assert read_json_ld([data], "https://news.example/a?from=home").fields["title"] == ("Own",)


def test_an_author_named_by_reference_is_looked_up() -> None:
    person = {"@id": "#p1", "@type": "Person", "name": "Ada Byron"}
    data = {"@graph": [{"@type": "NewsArticle", "author": [{"@id": "#p1"}, "Grace &amp; Co"]}, person]}
    assert candidate_values("authors", linked(data))[0] == ("Ada Byron", "Grace & Co")


def test_a_meta_tag_that_says_nothing_visible_states_nothing() -> None:
    assert candidate_values("title", '<meta property="og:title" content=" &nbsp; ">') == []


def test_the_address_of_a_profile_is_no_author() -> None:
    head = '<meta property="article:author" content="https://www.facebook.com/ada"><meta name="author" content="@ada">'
    assert candidate_values("authors", head) == []


def test_the_site_as_its_own_author_comes_after_any_person() -> None:
    article = {"@type": "NewsArticle", "author": {"name": "News Example"}, "publisher": {"name": "News Example"}}
    head = linked(article) + '<meta name="author" content="Ada Byron">'
    assert candidate_values("authors", head) == [("Ada Byron",), ("News Example",)]


def test_an_agency_stays_the_author_that_json_ld_states() -> None:
    article = {"@type": "NewsArticle", "author": {"@type": "Organization", "name": "Example Press Agency"}}
    assert candidate_values("authors", linked(article))[0] == ("Example Press Agency",)


def test_an_organisation_in_json_ld_comes_after_the_person_that_the_page_shows() -> None:
    article = {"@type": "NewsArticle", "author": {"@type": "NewsMediaOrganization", "name": "Example Press Agency"}}
    byline = '<div class="byline">By <a href="/ann">Ann Lee</a></div>'
    assert candidate_values("authors", linked(article), byline) == [("Ann Lee",), ("Example Press Agency",)]


def test_an_organisation_stays_before_what_meta_tags_name() -> None:
    article = {"@type": "NewsArticle", "author": {"@type": "Organization", "name": "Example Press Agency"}}
    head = linked(article) + '<meta name="author" content="Harbourtown">'
    assert candidate_values("authors", head)[0] == ("Example Press Agency",)


def test_the_site_behind_its_writer_is_no_second_writer() -> None:
    head = '<meta property="og:site_name" content="Harbour News">'
    byline = '<div class="byline"><a href="/ann">Ann Lee</a> <a href="/">Harbour News</a></div>'
    assert candidate_values("authors", head, byline) == [("Ann Lee",)]


def test_a_name_beside_a_comment_is_no_byline() -> None:
    comment = '<div class="comment"><span class="author">rustyanchor</span></div>'
    assert candidate_values("by", "", comment) == []


def test_broken_json_ld_gives_its_authors_and_the_whole_of_a_quoting_headline() -> None:
    article = '{"@type":"NewsArticle","headline":"Baker calls oven "a friend"","author":{"name":"Ann Lee"}, "x"}'
    assert read_json_ld([article], "https://news.example/a").fields == {
        "title": ('Baker calls oven "a friend"',),
        "authors": ("Ann Lee",),
    }


def test_a_time_without_its_zone_is_given_the_zone_that_another_statement_has() -> None:
    head = linked({"@type": "NewsArticle", "datePublished": "2025-03-02 18:11:01.0"})
    head += '<meta name="date" content="2025-03-02T18:11:01+02:00">'
    assert candidate_values("published_at", head)[0] == ("2025-03-02T18:11:01+02:00",)


def test_a_time_with_a_zone_keeps_its_own() -> None:
    head = linked({"@type": "NewsArticle", "datePublished": "2025-03-02T18:11:01Z"})
    head += '<meta name="date" content="2025-03-02T18:11:01+02:00">'
    assert candidate_values("published_at", head)[0] == ("2025-03-02T18:11:01Z",)


@pytest.mark.parametrize(("tier", "free"), [("free", "true"), ("metered", "false"), ("locked", "false")])
def test_a_content_tier_says_whether_reading_is_free(tier: str, free: str) -> None:
    assert candidate_values("is_accessible_for_free", f'<meta property="article:content_tier" content="{tier}">') == [
        (free,)
    ]


def test_the_canonical_link_goes_before_other_addresses() -> None:
    head = '<meta property="og:url" content="https://news.example/b"><link rel="canonical" href="/a">'
    assert candidate_values("canonical_url", head) == [("/a",), ("https://news.example/b",)]


@pytest.mark.parametrize(
    ("raw", "title"),
    [
        ("Bakery reopens | News Example", "Bakery reopens"),
        ("Bakery reopens - News Example - Local", "Bakery reopens - News Example - Local"),
        ("Bakery reopens – news.example", "Bakery reopens"),
        ("Bakery reopens | Local | News Example", "Bakery reopens | Local"),
        ("Bakery reopens - and closes again", "Bakery reopens - and closes again"),
        ("News - News Example", "News - News Example"),
        ("Bakery reopens: News example of courage", "Bakery reopens: News example of courage"),
        ("パン屋が営業を再開：News Example", "パン屋が営業を再開"),
    ],
)
def test_the_name_of_the_site_is_no_part_of_a_headline(raw: str, title: str) -> None:
    assert without_site(raw, site_names(["News Example"], "https://www.news.example/a")) == title


def test_a_headline_that_the_page_shows_ends_a_title_before_what_follows() -> None:
    assert without_site("Bakery reopens | Town | 28.04.2023", frozenset(), ["Bakery reopens"]) == "Bakery reopens"


def test_names_in_a_byline_are_parted_from_its_date() -> None:
    body = '<div class="article-byline"><span>Ada Byron</span><span>Grace Hopper</span><span>3 min</span></div>'
    names = [candidate for candidate in candidates_of("", body) if candidate.field == "authors"]
    assert names[0] == Candidate("authors", ("Ada Byron", "Grace Hopper"), Origin.HTML)


def test_one_word_beside_a_full_name_in_a_byline_is_no_writer() -> None:
    body = '<div class="article-author">Ada Byron - <span>Norby</span></div>'
    names = [candidate for candidate in candidates_of("", body) if candidate.field == "authors"]
    assert names[0].values == ("Ada Byron -",)


def test_a_caption_is_read_only_of_the_image_that_the_page_names() -> None:
    head = '<meta property="og:image" content="https://cdn.example/i/bakery-front.jpg?w=1200">'
    figure = (
        '<figure><img src="/i/{}.jpg"><figcaption>The shop <span class="credit">A. Byron</span></figcaption></figure>'
    )
    assert candidate_values("image_caption", head, figure.format("bakery-front")) == [("The shop",)]
    assert candidate_values("image_credit", head, figure.format("bakery-front")) == [("A. Byron",)]
    assert candidate_values("image_caption", head, figure.format("other-picture")) == []


def test_the_first_picture_of_the_article_takes_the_place_of_a_logo() -> None:
    figure = '<article><h1>Bakery</h1><figure><img src="/i/oven.jpg"></figure></article>'
    head = '<meta property="og:image" content="https://news.example/i/{}.png">'
    assert candidate_values("image_url", head.format("logo"), figure)[-1] == ("/i/oven.jpg",)
    assert len(candidate_values("image_url", head.format("bakery"), figure)) == 1


@pytest.mark.parametrize(
    "picture",
    [
        '<figure><img src="data:image/gif;base64,R0lGOD" data-src="/i/oven.jpg"></figure>',
        '<figure><picture><source srcset="/i/oven-400.jpg 400w, /i/oven.jpg 1600w"><img alt=""></picture></figure>',
        '<figure><img class="lazy" src="/i/placeholder.gif"><noscript><img src="/i/oven.jpg"></noscript></figure>',
        '<figure class="avatar"><img src="/i/lee.jpg"></figure><figure><img src="/i/oven.jpg"></figure>',
        '<div><img src="/i/star.jpg" width="20"><img src="/i/oven.jpg" width="1600" height="900"></div>',
    ],
    ids=["data-src", "srcset", "noscript", "portrait", "wide"],
)
def test_the_first_picture_is_read_however_it_is_loaded(picture: str) -> None:
    body = f"<article><h1>Bakery</h1>{picture}</article>"
    assert candidate_values("image_url", "", body) == [("/i/oven.jpg",)]
    assert candidate_values("image_url", '<meta property="og:image" content="data:image/png;base64,x">', body)[-1] == (
        "/i/oven.jpg",
    )


def test_a_printed_date_that_trafilatura_cannot_read_is_read_as_any_other() -> None:
    # Left to dateparser, this one costs each process the rules of 200 languages, and is not found all the same.
    raw = '<p class="date">Von der Bäckerinnung 4. 2. 2022</p>'
    assert candidate_values("published_at", "<title>Bäckerei</title>", raw) == [("2022-02-04T00:00:00",)]


@pytest.mark.parametrize(
    "byline",
    [
        '<span class="meta-prep meta-prep-author">Posted by</span> <span class="author vcard">Ann Lee</span>',
        '<h4 class="elementor-author-box__name">Ann Lee</h4>',
        '<p class="Author_author__4ceOm">Ann Lee</p>',
        '<div class="submitted">Ann Lee</div>',
    ],
)
def test_a_byline_is_known_by_a_part_of_its_class(byline: str) -> None:
    assert ("Ann Lee",) in candidate_values("authors", "<title>Bakery</title>", byline)
