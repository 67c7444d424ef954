"""From statements to a record: the first valid statement of a field wins, and nothing is invented."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from config.inputs import FolderInput
from config.sources import Source
from tasks.metadata.quality import rate
from tasks.normalise import normalise
from tasks.text.characters import clean_lines
from tasks.text.words import count_words
from warehouse.model.records import (
    Article,
    Candidate,
    Capture,
    ExtractedArticle,
    FieldProvenance,
    Item,
    Language,
    LostCandidate,
    Paragraphs,
    RawArticle,
    Rejection,
    StrippedLine,
)
from warehouse.model.schema import SCHEMAS
from warehouse.model.vocabulary import Origin, Precision, Reason, Stage, Zone

URL = "https://www.example.org/port/lighthouse-71234567?utm_source=feed"
FETCHED = datetime(2026, 7, 6, 12, tzinfo=UTC)
TEXT = "The old lighthouse stays open.\n\nNobody knows who will pay."
SOURCE = Source(id="example", title="Example", timezone="Europe/Berlin", input=(FolderInput(kind="folder", path="."),))


def extracted(*candidates, text=TEXT, url=URL, language="en", from_feed=()):
    """Make an extracted article with these candidates; each is (field, origin, value, …)."""
    candidates_of_page = [
        Candidate(field, values, origin) for field, origin, *rest in candidates for values in [tuple(rest)]
    ]
    feed = tuple(Candidate(field, (value,), Origin.FEED) for field, value in from_feed)
    item = Item("example", url, url, "https://example.org/rss", FETCHED, candidates=feed)
    capture = Capture(
        "c1", "example", "r1", url, None, FETCHED, 200, "text/html", None, None, None, "sha256:", 0, "w", 0, 0, "stored"
    )
    extracted_article = ExtractedArticle(
        RawArticle(item, capture, b""),
        Paragraphs(tuple(clean_lines(text))),
        tuple(candidates_of_page),
        "test 1",
        "utf-8",
    )
    return replace(extracted_article, language=Language(language, 0.9))


def normalised(*candidates, **more) -> Article:
    article = normalise(extracted(*candidates, **more), SOURCE)
    assert isinstance(article, Article)
    return article


def test_what_is_not_stated_is_left_out():
    article = normalised()
    empty = {"authors", "tags", "info_sources", "stripped"}
    assert {name: getattr(article, name) for name in empty} == dict.fromkeys(empty, ())
    nothing = (
        set(SCHEMAS["articles"].names)
        - {field.name for field in SCHEMAS["articles"] if not field.nullable}
        - {"canonical_domain"}
    )
    assert {name: getattr(article, name) for name in nothing} == dict.fromkeys(nothing)
    assert article.provenance == {}


def test_every_required_column_has_a_value():
    article = normalised()
    required = [field.name for field in SCHEMAS["articles"] if not field.nullable]
    assert [name for name in required if getattr(article, name) is None] == []


def test_the_first_statement_wins_and_the_others_are_kept():
    article = normalised(
        ("title", Origin.JSON_LD, "Lighthouse stays open"),
        ("title", Origin.OPEN_GRAPH, "Lighthouse stays open"),
        ("title", Origin.META, "Lighthouse stays open – Example"),
        ("title", Origin.HTML, "Lighthouse stays open – Example"),
    )
    assert article.title == "Lighthouse stays open"
    lost = (LostCandidate(Origin.META, "Lighthouse stays open – Example"),)
    assert article.provenance["title"] == FieldProvenance(Origin.JSON_LD, lost)


def test_the_first_statement_wins_whoever_makes_it():
    article = normalised(("title", Origin.RECORD, "Of the record"), ("title", Origin.JSON_LD, "Of the page"))
    assert (article.title, article.provenance["title"].origin) == ("Of the record", Origin.RECORD)


@pytest.mark.parametrize(
    ("field", "invalid", "valid", "value"),
    [
        ("title", "—", "A title", "A title"),
        ("title", "x" * 501, "A title", "A title"),
        ("published_at", "yesterday", "2026-07-05T10:00Z", datetime(2026, 7, 5, 10, tzinfo=UTC)),
        ("published_at", "2026-07-09", "2026-07-05T10:00Z", datetime(2026, 7, 5, 10, tzinfo=UTC)),
        ("published_at", "0001-01-01T00:00:00Z", "2026-07-05T10:00Z", datetime(2026, 7, 5, 10, tzinfo=UTC)),
        ("canonical_url", "https://www.example.org/", "/port/lighthouse-71234567", URL.partition("?")[0]),
        ("image_url", "data:image/png;base64,x", "/i.jpg", "https://www.example.org/i.jpg"),
        ("authors", "https://social.example/ann", "By Ann Lee", ("Ann Lee",)),
        ("is_accessible_for_free", "perhaps", "http://schema.org/False", False),
        ("section", " > ", "Port", "Port"),
    ],
)
def test_an_invalid_statement_loses_to_a_later_valid_one(field, invalid, valid, value):
    article = normalised((field, Origin.JSON_LD, invalid), (field, Origin.META, valid))
    assert getattr(article, field) == value
    assert article.provenance[field].origin is Origin.META
    assert [lost.origin for lost in article.provenance[field].lost] == [Origin.JSON_LD]


def test_a_date_is_kept_as_printed_with_what_it_states():
    article = normalised(("published_at", Origin.TEXT, "Stand: 5. Juli 2026, 14:05 Uhr"), language="de")
    assert article.published_at == datetime(2026, 7, 5, 12, 5, tzinfo=UTC)
    assert article.published_raw == "Stand: 5. Juli 2026, 14:05 Uhr"
    assert (article.published_precision, article.published_zone) == (Precision.MINUTE, Zone.SOURCE)


@pytest.mark.parametrize(
    ("dates", "timezone", "instant", "day", "offset"),
    [
        (("2026-07-04T00:30:00+07:00",), None, "2026-07-03T17:30", date(2026, 7, 4), 420),
        (("2026-07-03T17:30:00Z", "2026-07-04T00:30:00+07:00"), None, "2026-07-03T17:30", date(2026, 7, 4), 420),
        (("2026-07-03T17:30:00Z", "2026-07-04T00:31:00+07:00"), None, "2026-07-03T17:30", date(2026, 7, 3), 0),
        (("2026-07-03T17:30:00Z",), "Asia/Jakarta", "2026-07-03T17:30", date(2026, 7, 4), 420),
        (("1783099800",), "Asia/Kolkata", "2026-07-03T17:30", date(2026, 7, 3), 330),
        (("2026-07-04 00:30",), "Asia/Jakarta", "2026-07-03T17:30", date(2026, 7, 4), 420),
        (("2026-07-04 00:30",), None, "2026-07-04T00:30", date(2026, 7, 4), None),
        (("3 July 2026, 8 pm EDT",), "Asia/Jakarta", "2026-07-04T00:00", date(2026, 7, 3), -240),
        (("4 July 2026",), "America/New_York", "2026-07-04T00:00", date(2026, 7, 4), None),
        (("July 2026",), "America/New_York", "2026-07-01T00:00", None, None),
    ],
)
def test_the_local_day_and_the_offset_are_those_of_the_place(dates, timezone, instant, day, offset):
    source = SOURCE.model_copy(update={"timezone": timezone})
    candidates = [
        ("published_at", origin, value) for origin, value in zip((Origin.JSON_LD, Origin.META), dates, strict=False)
    ]
    article = normalise(extracted(*candidates), source)
    assert article.published_at.isoformat()[:16] == instant
    assert (article.published_local, article.published_offset) == (day, offset)


@pytest.mark.parametrize(
    ("first", "later", "hour"),
    [
        ("2026-07-05 14:05:00.0", "2026-07-05T14:05:00-04:00", 18),
        ("2026-07-05", "2026-07-05T14:05:00-04:00", 18),
        ("2026-07-05T14:05:00Z", "2026-07-05T14:05:00-04:00", 14),
        ("2026-07-05 14:05:00", "2026-07-05T14:22:00-04:00", 12),
        ("2026-07-05", "2026-07-03T14:05:00-04:00", 0),
    ],
    ids=["no zone", "no time", "all said", "another time", "another day"],
)
def test_a_later_statement_completes_a_date_but_does_not_replace_it(first, later, hour):
    article = normalised(("published_at", Origin.JSON_LD, first), ("published_at", Origin.META, later))
    assert article.published_at.hour == hour


def test_the_region_that_a_source_declares_orders_figures():
    british = SOURCE.model_copy(update={"language": "en-GB", "timezone": None})
    extracted_article = extracted(("published_at", Origin.TEXT, "05/07/2026"))
    assert normalise(extracted_article, british).published_at == datetime(2026, 7, 5, tzinfo=UTC)
    assert normalise(extracted_article, SOURCE.model_copy(update={"timezone": None})).published_at is None


def test_text_is_clean_paragraphs():
    article = normalised(text="\n\n  One\u00a0two. \u200b\n\n\n \n cafe\u0301\u00ad. \n\n")
    assert article.text == "One two.\n\ncaf\u00e9."


@pytest.mark.parametrize("text", ["", " \n\t\n", "\u200b\ufeff", "\x00"])
def test_a_document_without_text_is_no_article(text):
    refusal = normalise(extracted(("title", Origin.HTML, "A title"), text=text), SOURCE)
    assert isinstance(refusal, Rejection)
    assert (refusal.stage, refusal.reason, refusal.capture_id) == (Stage.NORMALISE, Reason.NO_ARTICLE, "c1")
    assert refusal.detail


@pytest.mark.parametrize(
    ("value", "title"),
    [("Salt &amp; light", "Salt & light"), ("Salt &amp;amp; light", "Salt & light"), ("<b>Salt</b> &lt;i&gt;now&lt;/i&gt;", "Salt now"),
     ("Why 3 < 5 & 7 > 6", "Why 3 < 5 & 7 > 6"), ("  two\n lines ", "two lines")],
)  # fmt: skip
def test_a_title_is_one_line_without_markup(value, title):
    assert normalised(("title", Origin.JSON_LD, value)).title == title


def test_names_come_from_the_byline_where_nothing_else_states_them():
    article = normalised(("by", Origin.TEXT, "By Ann Lee and Bob Ray"))
    assert (article.by, article.authors) == ("By Ann Lee and Bob Ray", ("Ann Lee", "Bob Ray"))
    assert article.provenance["authors"].origin is Origin.TEXT


def test_a_byline_with_more_names_completes_the_stated_authors():
    authors = ("authors", Origin.JSON_LD, "Ann Lee")
    assert normalised(authors, ("by", Origin.HTML, "By Bob Ray and Ann Lee")).authors == ("Bob Ray", "Ann Lee")
    assert normalised(authors, ("by", Origin.HTML, "By Bob Ray")).authors == ("Ann Lee",)
    assert normalised(authors, ("by", Origin.HTML, "By Ann Lee, London")).authors == ("Ann Lee",)
    with_site = normalised(authors, ("by", Origin.HTML, "By Ann Lee, Harbour News"), url="https://harbournews.com/a")
    assert with_site.authors == ("Ann Lee",)


def test_an_agency_in_the_byline_is_credited_and_no_person():
    article = normalised(("by", Origin.TEXT, "By Ann Lee, Reuters"))
    assert article.authors == ("Ann Lee",)
    assert article.info_sources == ("Reuters",)


def test_an_agency_that_a_page_states_as_its_author_stays_one():
    article = normalised(("authors", Origin.JSON_LD, "Ann Lee", "AP"), ("by", Origin.TEXT, "Ann Lee, AP"))
    assert article.authors == ("Ann Lee", "AP")


def test_credits_of_several_lines_add_up():
    article = normalised(
        ("info_sources", Origin.TEXT, "TASS"),
        ("info_sources", Origin.TEXT, "AFP"),
        ("info_sources", Origin.META, "tass"),
    )
    assert article.info_sources == ("TASS", "AFP")


@pytest.mark.parametrize(
    ("values", "tags"),
    [(("port, lighthouse ,Port",), ("port", "lighthouse")), (("Lee, Ann", "port"), ("Lee, Ann", "port")),
     (("port, ferry, quay", "hens", "Ferry"), ("port", "ferry", "quay", "hens")), (("#port #lighthouse",), ("port", "lighthouse")), (("port, ferry", "Quay", "#ferry"), ("port", "ferry", "Quay")), (("C# and ports",), ("C# and ports",)), (("ميناء، منارة",), ("ميناء", "منارة"))],
)  # fmt: skip
def test_tags_are_split_where_one_string_lists_them(values, tags):
    assert normalised(("tags", Origin.META, *values)).tags == tags


def test_a_file_has_no_domain_but_the_address_it_states():
    article = normalised(url="file:///data/a.html")
    assert (article.canonical_domain, article.normalized_url) == (None, "file:///data/a.html")
    article = normalised(
        ("canonical_url", Origin.HTML, "https://www.example.org/a?utm_source=x"), url="file:///data/a.html"
    )
    assert (article.canonical_url, article.canonical_domain) == ("https://www.example.org/a", "example.org")


def test_what_was_stripped_goes_along():
    line = StrippedLine(0, "menu", "Home")
    assert normalise(replace(extracted(), stripped=(line,)), SOURCE).stripped == (line,)


@pytest.mark.parametrize(
    ("text", "words"),
    [("One two – three.", 3), ("旧港口。", 3), ("古い port です", 5), ("شمارهٔ یک", 2), ("कि ताब", 2), ("", 0)],
)
def test_words_are_counted_and_characters_where_there_are_no_spaces(text, words):
    assert count_words(text) == words


@pytest.mark.parametrize(
    "better",
    [{"title": "T"}, {"published_precision": Precision.DAY}, {"by": "Ann"}, {"word_count": 50}, {"word_count": 150},
     {"language_confidence": 1.0}, {"text": "Read whole. And well."}],
    ids=str,
)  # fmt: skip
def test_quality_rises_with_each_signal_and_stays_between_0_and_1(better):
    poor = replace(normalised(), title=None, word_count=9, text="Half \ufffd read\n\nno end")
    assert 0 <= rate(poor) < rate(replace(poor, **better)) <= 1


VALUES = st.text(max_size=60)
FIELDS = st.sampled_from([*SCHEMAS["articles"].names, "unknown"])


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=300), st.lists(st.tuples(FIELDS, st.sampled_from(list(Origin)), VALUES), max_size=12), VALUES)
def test_no_statement_breaks_a_record(text, candidates_of_page, url):
    outcome = normalise(extracted(*candidates_of_page, text=text, url=f"https://example.org/{url}"), SOURCE)
    if isinstance(outcome, Article):
        assert 0 <= outcome.quality <= 1
        assert outcome.text == outcome.text.strip() != ""
        assert outcome.provenance.keys() <= set(SCHEMAS["articles"].names)


@pytest.mark.parametrize("value", ["Wed, 30 Nov -0001 00:00:00 +0000", "three days ago", "2099-01-01"])
def test_a_date_that_could_not_be_read_is_kept_as_printed(value):
    article = normalised(("published_at", Origin.JSON_LD, f" {value} "))
    assert (article.published_at, article.published_raw, article.published_precision) == (None, value, None)


def test_the_date_that_was_taken_is_the_one_that_is_kept():
    article = normalised(("published_at", Origin.JSON_LD, "some day"), ("published_at", Origin.META, "2026-07-05"))
    assert article.published_raw == "2026-07-05"
    assert normalised(("published_at", Origin.META, "x" * 300)).published_raw is None
    assert normalised().published_raw is None
