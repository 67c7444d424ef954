"""Sitemaps of every kind, whole and damaged, kind and hostile."""

from __future__ import annotations

import bz2
import gzip
import json
import lzma
import time
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st
from test_feeds import ATTACKS, BROKEN, IN_TIME, assert_encodable, golden_form

from tasks.listings import sitemaps
from tasks.listings.feeds import read_feed
from tasks.listings.listing import Child, ListingError
from tasks.listings.sitemaps import read_sitemap

CASES = sorted(path for path in (Path(__file__).parent / "sitemaps").iterdir())
URL = "https://www.example.org/sitemaps/news.xml"


def content_of(case: Path) -> bytes:
    return next(path for path in case.iterdir() if path.stem.startswith("sitemap")).read_bytes()


def read(case: Path, alternates: bool = False) -> dict:
    listing = read_sitemap(content_of(case), URL, alternates)
    return golden_form(listing)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_sitemap_is_read_as_its_golden_file_says(case):
    assert json.loads(json.dumps(read(case))) == json.loads((case / "expected.json").read_text("utf-8"))


def urlset(*urls: str) -> bytes:
    head = '<?xml version="1.0"?><urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">'
    return (head + "".join(urls) + "</urlset>").encode()


def test_other_languages_are_entries_of_their_own_where_they_are_asked_for():
    listing = read_sitemap(content_of(Path(__file__).parent / "sitemaps" / "hreflang-catalan"), URL, alternates=True)
    assert {entry.url: [candidate.values for candidate in entry.candidates] for entry in listing.entries} == {
        "https://far.example/ca/far": [("ca",)],
        "https://far.example/es/faro": [("es",)],
        "https://www.example.org/en/lighthouse": [("en",)],
    }


def test_an_index_names_its_sitemaps_in_order():
    listing = read_sitemap(
        b"<sitemapindex><sitemap><loc>/2.xml</loc></sitemap><sitemap><loc>/1.xml</loc></sitemap></sitemapindex>", URL
    )
    assert listing.children == (Child("https://www.example.org/2.xml"), Child("https://www.example.org/1.xml"))
    assert listing.entries == ()


def test_a_parameter_that_looks_like_an_entity_stays():
    listing = read_sitemap(urlset("<url><loc>https://example.org/?a=1&amp;copy=2&amp;lang=en</loc></url>"), URL)
    assert [entry.url for entry in listing.entries] == ["https://example.org/?a=1&copy=2&lang=en"]


def test_halves_of_a_character_are_joined_and_single_ones_gone():
    content = urlset(
        "<url><loc>https://example.org/&#xD83D;&#xDE0A;/&#55357;a</loc><news:news>"
        "<news:title>Harbour &amp;#55357;&amp;#56842; reopens&#56842;</news:title></news:news></url>"
    )
    (entry,) = read_sitemap(content, URL).entries
    assert (entry.url, entry.candidates[0].values) == ("https://example.org/😊/a", ("Harbour 😊 reopens",))


def test_an_empty_sitemap_is_one_without_entries():
    assert read_sitemap(urlset(), URL).entries == ()


def test_fifty_thousand_addresses_take_seconds():
    sitemap = urlset(
        *(f"<url><loc>https://example.org/news/{n}</loc><lastmod>2026-07-06</lastmod></url>" for n in range(50_000))
    )
    started = time.process_time()
    listing = read_sitemap(gzip.compress(sitemap, 1), URL)
    assert (len(listing.entries), listing.damage) == (50_000, None)
    assert time.process_time() - started < IN_TIME


def test_what_is_longer_than_it_may_be_is_cut_and_says_so(monkeypatch):
    monkeypatch.setattr(sitemaps, "MAX_ENTRIES", 1_000)
    listing = read_sitemap(urlset(*(f"<url><loc>/{n}</loc></url>" for n in range(1_005))), URL)
    assert len(listing.entries) == 1_000
    assert listing.damage == "It names more than 1,000 addresses; the first were read."


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "empty"),
        (b"<!DOCTYPE html><html><body>Not found</body></html>", "web page"),
        (b"nothing here\nis an address", "neither"),
        (b"\x1f\x8b\x08\x00damaged", "damaged"),
        (gzip.compress(b"\0" * 60_000_000, 9), "more than"),
        (b"\x89PNG\r\n\x1a\n" + bytes(range(256)), "PNG"),
    ],
    ids=["empty", "web page", "prose", "damaged gzip", "gzip bomb", "image"],
)
def test_what_is_no_sitemap_is_refused_in_a_sentence(content, sentence):
    with pytest.raises(ListingError, match=sentence) as refused:
        read_sitemap(content, URL)
    assert str(refused.value).endswith(".")


@pytest.mark.parametrize(
    "name", [name for name in ATTACKS if not name.startswith(("json", "markup", "dates", "long "))]
)
def test_an_attack_ends_in_time(name):
    content = ATTACKS[name]().replace(b"<rss", b"<urlset").replace(b"<item>", b"<url>").replace(b"</item>", b"</url>")
    started = time.process_time()
    with suppress(ListingError):
        read_sitemap(content.replace(b"<link>", b"<loc>").replace(b"</link>", b"</loc>"), URL)
    assert time.process_time() - started < IN_TIME


def test_an_external_entity_is_not_read(tmp_path):
    canary = tmp_path / "canary.txt"
    canary.write_text("https://example.org/canary-3141")
    listing = read_sitemap(
        f'<!DOCTYPE urlset [<!ENTITY c SYSTEM "{canary.as_uri()}">]><urlset><url><loc>&c;</loc></url></urlset>'.encode(),
        URL,
    )
    assert "canary-3141" not in repr(listing)


WHOLE = [content_of(case) for case in CASES]


@given(content=st.binary(max_size=400) | st.sampled_from(WHOLE), at=st.integers(0, 600), noise=st.binary(max_size=8))
def test_whatever_comes_is_read_or_refused(content, at, noise):
    try:
        listing = read_sitemap(content[:at] + noise + content[at + len(noise) :], URL, alternates=True)
    except ListingError:
        return
    for entry in (*listing.entries, *listing.children):
        assert urlsplit(entry.url).scheme in {"http", "https"}
        assert entry.url.isprintable() or not any(ord(character) < 33 for character in entry.url)


@given(content=st.sampled_from(WHOLE), added=st.lists(st.tuples(st.integers(0, 4_000), BROKEN), max_size=9))
def test_references_to_characters_that_there_are_not_never_break_a_sitemap(content, added):
    for at, noise in added:
        content = content[:at] + noise + content[at:]
    try:
        assert_encodable(read_sitemap(content, URL, alternates=True))
    except ListingError:
        return


@pytest.mark.parametrize(
    ("line", "url", "modified"),
    [
        ("https://e.example/1\t2026-11-02", "https://e.example/1", "2026-11-02"),
        ("7\thttps://e.example/1\tPier opens", "https://e.example/1", None),
        ("https://e.example/1 2026-11-02T10:00:00+01:00 daily 0.8", "https://e.example/1", "2026-11-02T10:00:00+01:00"),
        ("https://e.example/1,2026-11-02,0.5", "https://e.example/1", "2026-11-02"),
        ('"https://e.example/1";"2026-11-02"', "https://e.example/1", "2026-11-02"),
        ("<https://e.example/1>", "https://e.example/1", None),
        ("https://e.example/1,2,3-a;b", "https://e.example/1,2,3-a;b", None),
        ("https://e.example/pier opens", "https://e.example/pier%20opens", None),
    ],
)
def test_a_list_of_addresses_may_have_columns(line, url, modified):
    (entry, last) = read_sitemap(f"{line}\nhttps://e.example/last\n".encode(), URL).entries
    assert (entry.url, entry.modified, last.url) == (url, modified, "https://e.example/last")


def test_a_sitemap_after_a_page_is_found():
    content = b"<html><body>Notice</body></html><?xml version='1.0'?><urlset><url><loc>https://e.example/1</loc></url></urlset>"
    assert [entry.url for entry in read_sitemap(content, URL).entries] == ["https://e.example/1"]


def sitemap_of(*names: str) -> bytes:
    return f"<urlset>{''.join(f'<url><loc>https://e.example/{name}</loc></url>' for name in names)}</urlset>".encode()


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress, zstandard.ZstdCompressor().compress])
def test_a_packed_listing_is_known_by_its_first_bytes(pack):
    assert [entry.url for entry in read_sitemap(pack(sitemap_of("1", "2")), URL).entries] == [
        "https://e.example/1",
        "https://e.example/2",
    ]
    rss = b"<rss version='2.0'><channel><item><link>https://e.example/1</link></item></channel></rss>"
    assert len(read_feed(pack(rss), URL).entries) == len(read_sitemap(pack(rss), URL).entries) == 1


def test_what_is_added_after_a_packed_sitemap_costs_none_of_it():
    listing = read_sitemap(gzip.compress(sitemap_of("1", "2")) + b"\n<!-- This page is cached by X in 0.3 s -->", URL)
    assert [entry.url for entry in listing.entries] == ["https://e.example/1", "https://e.example/2"]
    assert "damaged" in listing.damage


def test_a_packed_sitemap_that_is_cut_short_gives_what_stands_before():
    names = [str(number * 7919) for number in range(3_000)]
    packed = gzip.compress(sitemap_of(*names))
    listing = read_sitemap(packed[: len(packed) // 2], URL)
    read_names = [entry.url.rpartition("/")[2] for entry in listing.entries]
    assert 500 < len(read_names) < 3_000
    assert read_names == names[: len(read_names)]
    assert "cut short" in listing.damage
    with pytest.raises(ListingError, match="damaged or cut short, and nothing of it"):
        read_sitemap(packed[:12], URL)
