"""A document gives its text and what it states, or one sentence on why not."""

from __future__ import annotations

import gzip
import time
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.extract import extract
from tasks.html.tag_attributes import bound_attributes
from tests.support.raws import CASES, expected, raw_page
from warehouse.model.records import Candidate, ExtractedArticle, Paragraphs, RawArticle, Rejection
from warehouse.model.vocabulary import Origin, Reason, Stage

PARAGRAPH = (
    "<p>The council voted on Tuesday to rebuild the old bridge over the river, which had been closed since the flood in "
    "spring, and asked the region for half of the cost.</p>"
)
PAGE = f"<!DOCTYPE html><html><head><title>Bridge</title></head><body><article>{PARAGRAPH * 4}</article></body></html>"
TEXT = "Bridge to be rebuilt\r\n\r\nThe council voted on Tuesday.\r\n  The work begins in May.\n"


def extracted(raw: RawArticle) -> ExtractedArticle:
    result = extract(raw)
    assert isinstance(result, ExtractedArticle), result
    return result


def article_lines(article: ExtractedArticle) -> list[str]:
    numbers = {line.line for line in article.stripped}
    return [line for number, line in enumerate(article.paragraphs.lines) if line and number not in numbers]


def refused(raw: RawArticle, max_bytes: int = 10_000_000) -> Rejection:
    result = extract(raw, max_bytes)
    assert isinstance(result, Rejection), result
    return result


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_page_gives_its_article(case: Path) -> None:
    want = expected(case)
    result = extracted(raw_page((case / "page.html").read_bytes(), want["url"]))
    assert article_lines(result) == want["text"]
    assert result.charset == want["charset"]


def test_the_lines_of_a_text_keep_their_numbers() -> None:
    known = (Candidate("title", ("Bridge",), Origin.RECORD),)
    result = extracted(raw_page(TEXT.encode(), media_type="text/plain", candidates=known))
    lines = ("Bridge to be rebuilt", "", "The council voted on Tuesday.", "The work begins in May.", "")
    assert result.paragraphs == Paragraphs(lines)
    assert (result.candidates, result.extractor, result.charset) == (known, "text", "utf-8")


@pytest.mark.parametrize(
    ("content", "media_type", "url", "extractor"),
    [
        (PAGE, "text/html", "https://news.example/a", "blocks"),
        (PAGE, "application/xhtml+xml", "https://news.example/a", "blocks"),
        (PAGE, None, "file:///in/a.html.gz", "blocks"),
        (PAGE, None, "https://news.example/a", "blocks"),
        (PAGE, "text/plain", "file:///in/a.txt", "blocks"),
        ("<?xml version='1.0'?>\n<!-- page -->" + PAGE, None, "file:///in/a.txt", "blocks"),
        (f"<div>{PARAGRAPH * 4}</div>", "text/html", "file:///in/a.jsonl#3", "blocks"),
        (PARAGRAPH * 4, None, "https://news.example/a", "blocks"),
        (TEXT, None, "file:///in/a.txt", "text"),
        (TEXT, None, "https://news.example/a", "text"),
        (TEXT, "text/html", "https://news.example/a", "text"),
        ("A < B, said the <p> tag." + TEXT, "text/plain", "https://news.example/a", "text"),
        (TEXT, None, "file:///in/a.md", "markdown"),
        (TEXT, "text/markdown", "https://news.example/a", "markdown"),
    ],
)
def test_the_reader_is_chosen_by_content_then_media_type_then_suffix(
    content: str, media_type: str | None, url: str, extractor: str
) -> None:
    assert extracted(raw_page(content.encode(), url, media_type)).extractor.split()[0] == extractor


def test_gzip_is_unpacked_whatever_the_name() -> None:
    page = raw_page(gzip.compress(PAGE.encode(), mtime=0), "file:///in/a.html", None)
    assert article_lines(extracted(page))[0].startswith("The council")


def test_the_charset_of_the_transport_is_used() -> None:
    text = "Мост откроют в мае. Об этом сказал мэр."
    assert extracted(raw_page(text.encode("koi8-r"), media_type="text/plain", charset="koi8-r")).paragraphs.text == text


@pytest.mark.parametrize(
    ("content", "media_type", "reason"),
    [
        (b"", "text/html", Reason.EMPTY),
        (b" \n\t ", "text/plain", Reason.EMPTY),
        (b"\x89PNG\r\n\x1a\n" + bytes(100), "text/html", Reason.BINARY),
        (gzip.compress(PAGE.encode(), mtime=0)[:-12], None, Reason.BAD_GZIP),
        (b"x" * 2_001, "text/plain", Reason.TOO_LARGE),
        (gzip.compress(b"x" * 2_001, mtime=0), "text/plain", Reason.TOO_LARGE),
        (b'{"status": "ok"}', "application/json", Reason.NO_ARTICLE),
        (b"<html><body><form><input name=q></form></body></html>", "text/html", Reason.NO_ARTICLE),
        (b"<html></html>", "text/html", Reason.NO_ARTICLE),
        (b"<!--", "text/html", Reason.NO_ARTICLE),
    ],
)
def test_a_document_without_an_article_is_refused_with_its_reason(
    content: bytes, media_type: str | None, reason: Reason
) -> None:
    rejection = refused(raw_page(content, media_type=media_type), max_bytes=2_000)
    assert (rejection.stage, rejection.reason, rejection.capture_id) == (Stage.EXTRACT, reason, "c-1")
    assert rejection.detail.endswith(".")


HEAD = (
    '<html lang="de-AT"><meta property="og:title" content="Fähre fährt wieder">'
    '<meta property="article:published_time" content="2020-07-05T14:05:00">'
)


@pytest.mark.parametrize(
    ("page", "feed_title", "metadata"),
    [
        (f"{HEAD}<body><nav><a href=/>Start</a></nav>", None, ("Fähre fährt wieder", 12, "de")),
        (f"{HEAD}<body><p>Wird geladen</p>", None, ("Fähre fährt wieder", 12, "de")),
        ("<html><body><nav><a href=/>Start</a></nav>", "Fähre fährt", ("Fähre fährt", None, None)),
        ("<html><body><nav><a href=/>Start</a></nav>", None, (None, None, None)),
    ],
    ids=["no block", "a notice", "its feed", "nothing"],
)
def test_a_refused_page_keeps_what_it_states(page: str, feed_title: str | None, metadata: tuple[object, ...]) -> None:
    raw = raw_page(page.encode())
    feed = (Candidate("title", (feed_title,), Origin.FEED),) if feed_title else ()
    rejection = extract(replace(raw, item=replace(raw.item, candidates=feed)), timezone="Europe/Vienna")
    assert isinstance(rejection, Rejection)
    hour = rejection.published_at.hour if rejection.published_at else None
    assert (rejection.title, hour, rejection.language) == metadata


def test_front_matter_and_heading_of_markdown_are_statements() -> None:
    text = (
        '---\ntitle: "Bridge opens"\nauthors: [Ada Byron, Grace Hopper]\ndate: 2025-04-01\ntags:\n  - roads\n  - rivers\n'
        "draft: false\n---\n# Bridge **opens** at last\n\nThe [old bridge](https://b.example) was\nreplaced on *Monday*.\n\n"
        "![A bridge](b.jpg)\n\n- Two lanes\n- One cycle path\n\n> It is snake_case_safe, she said.\n\n***\n"
    )
    result = extracted(raw_page(text.encode(), "file:///in/a.md", None))
    assert list(filter(None, result.paragraphs.lines)) == [
        "Bridge opens at last",
        "The old bridge was replaced on Monday.",
        "- Two lanes",
        "- One cycle path",
        "It is snake_case_safe, she said.",
    ]
    assert result.candidates == (
        Candidate("title", ("Bridge opens",), Origin.META),
        Candidate("authors", ("Ada Byron", "Grace Hopper"), Origin.META),
        Candidate("published_at", ("2025-04-01",), Origin.META),
        Candidate("tags", ("roads", "rivers"), Origin.META),
        Candidate("title", ("Bridge opens at last",), Origin.TEXT),
    )


def test_a_rule_at_the_head_of_markdown_is_no_front_matter() -> None:
    assert extracted(raw_page(b"---\n\nnote: the bridge\n\nis open", "file:///in/a.md", None)).candidates == ()


def test_no_file_is_read_and_nothing_expands_for_an_entity_of_a_page() -> None:
    bomb = '<!DOCTYPE html [<!ENTITY a "lol"><!ENTITY b "&a;&a;&a;"><!ENTITY f SYSTEM "file:///etc/passwd">]>'
    result = extracted(raw_page(f"{bomb}<html><body><p>&b;&f;</p>{PARAGRAPH * 4}</body></html>".encode()))
    assert "root:" not in result.paragraphs.text
    assert "lollol" not in result.paragraphs.text


@pytest.mark.parametrize(
    "page",
    [
        "<div>" * 100_000 + PARAGRAPH,
        PARAGRAPH * 3 + "<b>" * 100_000,
        "<script>var a = 1;</script>" * 50_000 + PARAGRAPH * 4,
        '<script type="application/ld+json">{"@type":"NewsArticle","headline":"' * 20_000 + PARAGRAPH,
        '<script type="application/ld+json">' + '{"headline":"' * 100_000 + "</script>" + PARAGRAPH,
        "<div class=byline>" * 200 + "<b>a</b>" * 200_000 + PARAGRAPH,
        '<html itemscope><i itemprop="author">A</i>' * 50_000 + PARAGRAPH,
        "<table><tr>" + f"<td>{PARAGRAPH}</td>" * 20_000,
        "<ul><li>" * 20_000 + PARAGRAPH,
        "<p>" + "word and more. " * 300_000,
        "<p" + "".join(f" a{number}" for number in range(100_000)) + f">{PARAGRAPH}</p>",
        "<p" + "".join(f" a{number}='x y'" for number in range(100_000)) + f">{PARAGRAPH}</p>",
        "<p" + "".join(f" a{number}='>'" for number in range(150_000)) + f">{PARAGRAPH}</p>",
        '<p title="' + "\u0301\u0323" * 200_000 + f'">{PARAGRAPH}</p>',
        '<script type="application/ld+json">{"a": 1}' + " ;" * 200_000 + "x</script>" + PARAGRAPH,
    ],
    ids=[
        *("divs", "bolds", "scripts", "open json", "keys", "bylines", "items", "cells", "lists", "one paragraph"),
        *("attributes", "attributes with values", "attributes with signs", "accents", "blanks behind json"),
    ],
)
def test_a_monstrous_page_is_read_or_refused_in_bounded_time(page: str) -> None:
    began = time.process_time()
    assert isinstance(extract(raw_page(f"<!doctype html><html><body>{page}".encode())), ExtractedArticle | Rejection)
    assert time.process_time() - began < 15


def test_a_tag_keeps_its_first_attributes_and_a_program_is_no_tag() -> None:
    many = "".join(f" data-{number}=x" for number in range(10_000))
    program = f"<script>for (i = 0; i <n; i++) {{ {'a = b + c; ' * 3_000} }}</script>"
    meta = '<meta name="author" content="Ada Byron"'
    article = extracted(raw_page(f"<!doctype html>{program}{meta}{many}><p>{PARAGRAPH * 4}</p>".encode()))
    assert [candidate.values for candidate in article.candidates if candidate.field == "authors"] == [("Ada Byron",)]
    assert bound_attributes(program) == program
    assert len(bound_attributes(f"{program}{meta}{many}>")) < len(program) + 8_000


def test_many_comments_before_a_page_are_passed_over_at_once() -> None:
    assert isinstance(extract(raw_page(b"<!---->" * 200 + b"<p>a", media_type=None)), ExtractedArticle | Rejection)


def test_a_page_too_vast_for_the_extractor_still_gives_its_paragraphs() -> None:
    result = extracted(raw_page(f"<!doctype html><div>{'<a href=x>y</a>' * 30_000}</div><div>{PARAGRAPH * 5}".encode()))
    assert result.extractor == "blocks 1"
    assert len(article_lines(result)) == 5


FRAGMENTS = [
    "<p>",
    "</p>",
    "<div>",
    "</",
    "<![CDATA[",
    "<!--",
    "&#x0;",
    "<td>",
    "\0",
    "<meta name=author content=",
    '"',
    "<h1>",
]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.one_of(st.sampled_from(FRAGMENTS), st.text(max_size=20)), max_size=30), st.binary(max_size=20))
def test_no_page_raises(parts: list[str], tail: bytes) -> None:
    content = b"<!doctype html>" + "".join(parts).encode("utf-8", "replace") + tail
    assert isinstance(extract(raw_page(content)), ExtractedArticle | Rejection)


@given(st.binary(max_size=400), st.sampled_from([None, "text/html", "text/markdown", "text/plain", "x"]))
def test_no_bytes_raise(content: bytes, media_type: str | None) -> None:
    assert isinstance(extract(raw_page(content, media_type=media_type)), ExtractedArticle | Rejection)
