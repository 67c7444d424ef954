"""Links of a section page: which, in what order, and what is left alone."""

from __future__ import annotations

import time
from contextlib import suppress
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.listings.listing import Entry, ListingError
from tasks.listings.section_page import MAX_LINKS, read_links

URL = "https://www.harbour.example/news/index.html"
IN_TIME = 10.0
"""Seconds of CPU."""
MEGABYTE = 1_000_000


def addresses(html: str, pattern: str = "/news/", url: str = URL) -> list[str]:
    return [entry.url for entry in read_links(html.encode(), url, pattern).entries]


def test_links_come_in_the_order_of_the_page_and_once_each():
    page = """<nav><a href="/about">About</a></nav>
      <a href="ferry.html">The ferry</a> <a href="/news/tide.html?from=top#comments">Tides</a>
      <a href="https://www.harbour.example/news/ferry.html#photo"><img alt=""></a> <a>No address</a>"""
    assert addresses(page) == [
        "https://www.harbour.example/news/ferry.html",
        "https://www.harbour.example/news/tide.html?from=top",
    ]


def test_the_pattern_is_searched_in_the_absolute_address():
    assert addresses('<a href="ferry.html">', r"^https://www\.harbour\.example/news/\w+\.html$") != []
    assert addresses('<a href="ferry.html">', r"^ferry") == []


def test_a_base_element_is_what_links_are_relative_to():
    assert addresses('<base href="/en/news/"><a href="ferry">') == ["https://www.harbour.example/en/news/ferry"]


@pytest.mark.parametrize("base", ["javascript:1", "file:///etc/", "https://[::1/", ""])
def test_a_base_that_is_no_address_of_the_web_is_passed_over(base):
    assert addresses(f'<base href="{base}"><a href="ferry">') == ["https://www.harbour.example/news/ferry"]


@pytest.mark.parametrize(
    "href",
    ["mailto:news@harbour.example", "javascript:open('/news/')", "data:text/html,/news/", "ftp://harbour.example/news/",
     "https://ann:secret@harbour.example/news/a", "https://[::1/news/", "tel:+1/news/"],
)  # fmt: skip
def test_only_addresses_of_the_web_are_links(href):
    assert addresses(f'<a href="{href}">x</a>') == []


def test_the_text_of_a_link_is_no_title():
    assert read_links(b'<a href="/news/a">You will not believe it</a>', URL, "news").entries == (
        Entry("https://www.harbour.example/news/a"),
    )


def test_a_page_in_another_charset_is_read():
    page = '<meta charset="windows-1251"><a href="/news/маяк">Маяк</a>'.encode("cp1251")
    assert [entry.url for entry in read_links(page, URL, "news").entries] == ["https://www.harbour.example/news/маяк"]


def test_a_page_without_such_links_has_no_entries():
    assert read_links(b"<p>Nothing today.</p>", URL, "news").entries == ()


@pytest.mark.parametrize("content", [b"", b"\x89PNG\r\n\x1a\n", b"\0" * 99], ids=["empty", "image", "zeros"])
def test_what_is_no_page_is_refused_in_a_sentence(content):
    with pytest.raises(ListingError, match=r"\.$"):
        read_links(content, URL, "news")


def test_more_links_than_are_read_are_cut_and_it_says_so():
    listing = read_links("".join(f'<a href="/news/{n}">' for n in range(MAX_LINKS + 1)).encode(), URL, "news")
    assert len(listing.entries) == MAX_LINKS
    assert "10,000" in str(listing.damage)


ATTACKS = {
    "100,000 levels": lambda: b"<div>" * 100_000 + b'<a href="/news/a">',
    "levels of links": lambda: b'<a href="/news/a"><table>' * 100_000,
    "links": lambda: b'<a href="/news/a">' * 150_000,
    "attributes": lambda: b"<a %s>" % b" ".join(b"a%d" % n for n in range(300_000)),
    "attributes of many": lambda: (b"<a %s>" % b" ".join(b"a%d" % n for n in range(800))) * 400,
    "angles": lambda: b"<" * 3 * MEGABYTE,
    "a long address": lambda: b'<a href="/news/%s">' % (b"x" * 3 * MEGABYTE),
    "spaces": lambda: b'<a href="/news/' + b" " * 4_000 + b'a">' + b" " * 3 * MEGABYTE,
    "entities": lambda: b'<a href="/news/' + b"&amp;" * MEGABYTE + b'">',
}


@pytest.mark.parametrize("name", ATTACKS)
def test_an_attack_ends_in_time(name):
    content = ATTACKS[name]()
    started = time.process_time()
    with suppress(ListingError):
        read_links(content, URL, "news")
    assert time.process_time() - started < IN_TIME


@given(content=st.binary(max_size=300), href=st.text(max_size=40), base=st.text(max_size=20))
def test_whatever_comes_is_read_or_refused(content, href, base):
    page = f'<base href="{base}"><a href="{href}">'.encode("utf-8", "replace") + content
    try:
        listing = read_links(page, URL, "")
    except ListingError:
        return
    for entry in listing.entries:
        assert urlsplit(entry.url).scheme in {"http", "https"}
        assert not any(ord(character) < 33 or 126 < ord(character) < 160 for character in entry.url)
