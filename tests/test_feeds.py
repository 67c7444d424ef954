"""Feeds of every kind, whole and damaged, kind and hostile."""

from __future__ import annotations

import json
import time
import tracemalloc
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.listings import feed_xml as feedxml
from tasks.listings.feeds import read_feed
from tasks.listings.listing import Listing, ListingError
from warehouse.model.vocabulary import Origin

CASES = sorted(path for path in (Path(__file__).parent / "feeds").iterdir())
URL = "https://www.example.org/feeds/news.xml"


def golden_form(listing: Listing) -> dict:
    """Write a listing as its golden file has it, without what is None or empty."""
    entries = []
    for entry in listing.entries:
        assert {candidate.origin for candidate in entry.candidates} <= {Origin.FEED}
        values_by_field = {candidate.field: list(candidate.values) for candidate in entry.candidates}
        entries.append({**asdict(entry), "candidates": values_by_field})
    whole = {**asdict(listing), "entries": [{key: value for key, value in entry.items() if value} for entry in entries]}
    return {key: value for key, value in whole.items() if value or key == "entries"}


def content_of(case: Path) -> bytes:
    return next(path for path in case.iterdir() if path.stem == "feed").read_bytes()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_feed_is_read_as_its_golden_file_says(case):
    expected = json.loads((case / "expected.json").read_text("utf-8"))
    assert golden_form(read_feed(content_of(case), URL)) == expected


PIECES = (
    *("&#55357;&#56842;", "&#xD83D;&#XDE0A;", "&#55357;", "&#xde0a", "&#56842;&#55357;", "&amp;#55357;&amp;#56842;"),
    *("&#0;", "&#8;", "&#x1F;", "&#xFFFE;", "&#1114112;", "&#000000055357;", "&&#8;#55357;", "&#55&#8;357;", "&#x"),
    *("\\ud83d", "\\ude0a", "\\u0000", "\\ud83d\\ude0a", "\0", "\x08", "\x7f", "\x85", "\ufeff", "\ufffe", "&", "😊"),
)
BROKEN = st.sampled_from([*(piece.encode() for piece in PIECES), b"\xed\xa0\xbd\xed\xb8\x8a", b"\xed\xa0\xbd"])
"""Halves of characters, and characters that there are not, printed or by reference."""


def assert_encodable(listing: Listing) -> None:
    for entry in listing.entries:
        values = [value for candidate in entry.candidates for value in candidate.values]
        "".join((entry.url, entry.guid or "", entry.modified or "", entry.html or "", *values)).encode()
    "".join((listing.title or "", listing.language or "", listing.older_url or "", listing.damage or "")).encode()
    "".join(f"{child.url} {child.modified}" for child in listing.children).encode()


IN_TIME = 5.0
"""Seconds of CPU; the worst of 2 MB takes a third of it, and without its bound minutes."""
MEGABYTE = 1_000_000
ENTRY = b"<item><title>The ferry</title><link>https://example.org/ferry</link></item>"


def rss(inside: bytes, before: bytes = b"") -> bytes:
    return before + b'<rss version="2.0"><channel><title>Harbour</title>' + inside + b"</channel></rss>"


def entities() -> bytes:
    grown = b"".join(b'<!ENTITY a%d "%s">' % (n, b"&a%d;" % (n - 1) * 10) for n in range(1, 12))
    return b'<!DOCTYPE rss [<!ENTITY a0 "ha">' + grown + b"]>"


ATTACKS = {
    "billion laughs": lambda: rss(ENTRY.replace(b"The", b"&a11;"), entities()),
    "billion laughs in an attribute": lambda: rss(b'<item x="&a11;"><link href="&a11;"/></item>', entities()),
    "quadratic blow-up": lambda: rss(
        ENTRY.replace(b"The", b"&a;" * 100_000), b'<!DOCTYPE rss [<!ENTITY a "%s">]>' % (b"x" * 100_000)
    ),
    "100,000 levels": lambda: rss(b"<a>" * 100_000 + b"</a>" * 100_000 + ENTRY),
    "levels of entries": lambda: rss(b"<item><description>" * 100_000),
    "entries": lambda: rss(b"<item><link>https://example.org/a</link></item>" * 40_000),
    "empty entries": lambda: rss(b"<item/>" * 140_000),
    "categories": lambda: rss(
        b"<item>" + b"".join(b"<category>%d</category>" % n for n in range(100_000)) + b"</item>"
    ),
    "namespaces": lambda: rss(b"".join(b'<a:b xmlns:a="urn:%d"/>' % n for n in range(100_000)) + ENTRY),
    "prefixes": lambda: b"<rss %s><channel>" % b" ".join(b'xmlns:a%d="u:%d"' % (n, n) for n in range(100_000)) + ENTRY,
    "attributes": lambda: rss(b"<item %s>" % b" ".join(b'a%d=""' % n for n in range(200_000)) + b"</item>"),
    "a long attribute": lambda: rss(b'<item x="%s">' % (b"y" * 3 * MEGABYTE) + b"</item>"),
    "a long value": lambda: rss(b"<item><title>%s</title></item>" % (b"y" * 3 * MEGABYTE)),
    "long names": lambda: rss(
        b"<item><author>%s</author><guid>https://example.org/</guid></item>" % (b"a" * 290) * 7_000
    ),
    "long bases": lambda: rss(b'<item xml:base="https://example.org/%s"><link>a</link></item>' % (b"a" * 900) * 1_000),
    "dates": lambda: rss(b"<item><link>/a</link><pubDate>%s</pubDate></item>" % (b"1 " * 140) * 3_000),
    "angles": lambda: rss(b"<" * 3 * MEGABYTE),
    "ampersands": lambda: rss(b"<item><title>" + b"&" * 400_000),
    "unclosed sections": lambda: rss(b"<![CDATA[" * 300_000),
    "unclosed comments": lambda: b"<!--" * 300_000 + rss(ENTRY),
    "comments": lambda: b"<!---->" * 400_000 + rss(ENTRY),
    "declarations": lambda: b"<!DOCTYPE" * 300_000 + rss(ENTRY),
    "spaces": lambda: b" " * 3 * MEGABYTE + b"<rss" + b" " * MEGABYTE,
    "markup": lambda: rss(b"<item><link>/a</link><description>%s</description></item>" % (b"&lt;b>" * 19_000) * 8),
    "pictures": lambda: rss(b"<item><link>/a</link>" + b"<media:content url='a.jpg'/>" * 100_000 + b"</item>"),
    "json levels": lambda: b'{"items":' + b"[" * 3 * MEGABYTE,
    "json objects": lambda: b'{"items":[' + b"{}," * MEGABYTE + b"{}]}",
    "json figures": lambda: b'{"items":[' + b"9" * 3 * MEGABYTE + b"]}",
}


@pytest.mark.parametrize("name", ATTACKS)
def test_an_attack_ends_in_time(name):
    content = ATTACKS[name]()
    started = time.process_time()
    with suppress(ListingError):
        read_feed(content, URL)
    assert time.process_time() - started < IN_TIME


def test_an_entity_that_grows_stays_as_it_is_printed():
    entry = read_feed(ATTACKS["billion laughs"](), URL).entries[0]
    assert entry.candidates[0].values == ("&a11; ferry",)


@pytest.mark.parametrize("declaration", ["<!ENTITY c SYSTEM '{}'>", "<!ENTITY % c SYSTEM '{}'> %c;"])
@pytest.mark.parametrize("head", ["<!DOCTYPE rss [{}]>", "<!DOCTYPE rss SYSTEM '{}'>"])
def test_an_external_entity_is_not_read(declaration, head, tmp_path):
    canary = tmp_path / "canary.txt"
    canary.write_text("canary-3141")
    declared = head.format(declaration.format(canary.as_uri())).encode()
    listing = read_feed(rss(b"<item><title>&c;</title><link>https://example.org/&c;</link></item>", declared), URL)
    assert "canary-3141" not in repr(listing)


def test_neither_a_file_nor_an_address_that_stands_for_a_feed_is_opened(tmp_path, monkeypatch):
    (tmp_path / "feed.xml").write_bytes(rss(ENTRY))
    monkeypatch.chdir(tmp_path)
    for content in (b"feed.xml", str(tmp_path / "feed.xml").encode(), b"http://127.0.0.1:9/feed.xml"):
        with pytest.raises(ListingError, match="neither"):
            read_feed(content, URL)


def test_a_bomb_takes_little_memory():
    content = ATTACKS["billion laughs"]()
    tracemalloc.start()
    read_feed(content, URL)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 20 * MEGABYTE


def test_what_is_longer_than_it_may_be_is_cut_and_says_so(monkeypatch):
    monkeypatch.setattr(feedxml, "MAX_ENTRIES", 100)
    many = b"".join(b"<item><link>https://example.org/%d</link></item>" % n for n in range(107))
    listing = read_feed(rss(many), URL)
    assert len(listing.entries) == 100
    assert listing.damage == "It is too long: its last 7 entries were not read."


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "empty"),
        (b" \r\n\t", "empty"),
        (b"<!DOCTYPE html><html><title>Log in</title></html>", "web page"),
        (b"<!-- cached --><HTML><body><rss></rss></body></HTML>", "web page"),
        (b"Not found", "neither"),
        (b"<urlset></urlset>", "neither"),
        (b'{"error": "not found"}', "no JSON Feed"),
        (b'{"items": [', "JSON is damaged"),
        (b"\x89PNG\r\n\x1a\n" + bytes(range(256)), "PNG"),
    ],
    ids=["empty", "blank", "login", "page with a feed in it", "words", "sitemap", "json", "cut json", "image"],
)
def test_what_is_no_feed_is_refused_in_a_sentence(content, sentence):
    with pytest.raises(ListingError, match=sentence) as refused:
        read_feed(content, URL)
    assert str(refused.value).endswith(".")


def test_the_first_of_two_entries_with_one_address_is_kept():
    listing = read_feed(rss(ENTRY + b"<item><link>/b</link></item>" + ENTRY.replace(b"The ferry", b"Another")), URL)
    assert [entry.url for entry in listing.entries] == ["https://example.org/ferry", "https://www.example.org/b"]
    assert listing.entries[0].candidates[0].values == ("The ferry",)


@pytest.mark.parametrize(
    ("link", "address"),
    [
        ("https://example.org/a#comments", "https://example.org/a"),
        ("https://example.org/#!/a", "https://example.org/#!/a"),
        ("https://example.org/a?utm_source=rss", "https://example.org/a?utm_source=rss"),
        ("//example.org/a b", "https://example.org/a%20b"),
        ("\n https://example.org/\na \n", "https://example.org/a"),
        ("../a", "https://www.example.org/a"),
        (
            "https://news.search.example/rss/articles/CBMiAbc?oc=5",
            "https://news.search.example/rss/articles/CBMiAbc?oc=5",
        ),
        ("https://ann:secret@example.org/a", None),
        ("https://example.org/a&#x7f;b", None),
        ("https://[::1/a", None),
        ("https://example.org:99999/a", None),
        ("file:///etc/hostname", None),
        ("", None),
        (
            "https://www.google.com/url?rct=j&amp;sa=t&amp;url=https://paper.example/a%3Fid%3D1&amp;ct=ga",
            "https://paper.example/a?id=1",
        ),
        ("https://www.google.de/url?q=https://paper.example/a%23top&amp;sa=U", "https://paper.example/a"),
        (
            "https://paper.example/url?url=https://other.example/a",
            "https://paper.example/url?url=https://other.example/a",
        ),
        ("https://www.google.com/url?sa=t&amp;url=javascript:x", "https://www.google.com/url?sa=t&url=javascript:x"),
    ],
)
def test_an_address_is_absolute_and_of_the_web(link, address):
    listing = read_feed(rss(f"<item><title>x</title><link>{link}</link></item>".encode()), URL)
    assert [entry.url for entry in listing.entries] == ([address] if address else [])
    assert (listing.damage is None) == (address is not None)


HALVES = "Harbour &#55357;&#56842; reopens&#xD83D;"


@pytest.mark.parametrize(
    "title",
    [HALVES, HALVES.replace("&", "&amp;"), f"<![CDATA[{HALVES}]]>", f"<b>{HALVES}</b>", f"<![CDATA[<b>{HALVES}</b>]]>"],
    ids=["reference", "escaped", "section", "markup", "section of markup"],
)
def test_halves_of_a_character_are_joined_and_single_ones_gone(title):
    content = rss(f"<item><title>{title}</title><link>/&#xd83d;&#xde0a;&#xde0a;/a</link></item>".encode())
    (entry,) = read_feed(content, URL).entries
    assert (entry.url, entry.candidates[0].values) == ("https://www.example.org/😊/a", ("Harbour 😊 reopens",))


def test_halves_of_a_character_are_joined_in_captions_and_whole_articles():
    text = "The harbour &amp;#55357;&amp;#56842; reopens. &#55357;" * 20
    content = rss(
        f"<item><link>/a</link><content:encoded>&lt;p>{text}&lt;/p></content:encoded>"
        "<media:content url='a.jpg'><media:description>Boats &#55357;&#56842;&#8;</media:description></media:content>"
        "</item>".encode()
    )
    (entry,) = read_feed(content, URL).entries
    assert entry.html == "<p>" + "The harbour 😊 reopens. " * 20 + "</p>"
    assert ("image_caption", ("Boats 😊",)) in [(candidate.field, candidate.values) for candidate in entry.candidates]


def test_halves_of_a_character_in_json_are_joined_and_single_ones_gone():
    content = rb'{"items":[{"url":"https://example.org/\ud83d\ude0a/\ud83da","title":"A &#55357;&#56842;\ud83d","tags":["\ude0ab"]}]}'
    (entry,) = read_feed(content, URL).entries
    assert entry.url == "https://example.org/😊/a"
    assert [candidate.values for candidate in entry.candidates] == [("A 😊",), ("b",)]


def test_a_guid_that_is_no_permalink_is_no_address():
    assert read_feed(rss(b'<item><guid isPermaLink="false">https://example.org/a</guid></item>'), URL).entries == ()


def test_the_charset_of_the_transport_holds():
    content = rss("<item><title>Fähre</title><link>/a</link></item>".encode("latin-1"))
    assert read_feed(content, URL, "text/xml", "iso-8859-1").entries[0].candidates[0].values == ("Fähre",)


WHOLE = [content_of(case) for case in CASES]


@given(
    content=st.binary(max_size=300) | st.sampled_from(WHOLE),
    cuts=st.lists(st.tuples(st.integers(0, 3_000), st.integers(0, 60), st.binary(max_size=9)), max_size=4),
    charset=st.none() | st.sampled_from(["utf-8", "utf-16", "windows-1251", "nonsense"]),
)
def test_whatever_comes_is_read_or_refused(content, cuts, charset):
    for at, length, noise in cuts:
        content = content[:at] + noise + content[at + length :]
    try:
        listing = read_feed(content, URL, None, charset)
    except ListingError:
        return
    for entry in listing.entries:
        assert urlsplit(entry.url).scheme in {"http", "https"}
        assert urlsplit(entry.url).hostname
        assert not any(ord(character) < 33 or 126 < ord(character) < 160 for character in entry.url)
    for candidate in (candidate for entry in listing.entries for candidate in entry.candidates):
        assert candidate.values
        assert all(value.strip() and value.isprintable() for value in candidate.values if value.isascii())


@given(content=st.sampled_from(WHOLE), added=st.lists(st.tuples(st.integers(0, 4_000), BROKEN), max_size=9))
def test_references_to_characters_that_there_are_not_never_break_a_feed(content, added):
    for at, noise in added:
        content = content[:at] + noise + content[at:]
    try:
        assert_encodable(read_feed(content, URL))
    except ListingError:
        return


def rss_of(*items: str, channel: str = "") -> bytes:
    return f'<rss version="2.0"><channel><title>x</title>{channel}{"".join(items)}</channel></rss>'.encode()


ATOM_LINK = '<link xmlns="http://www.w3.org/2005/Atom" rel="self" href="https://feeds.example/x"/>'
RELATIVE_ITEMS = (
    "<item><link>/a/one</link></item>",
    "<item><link>a/two</link></item>",
    "<item><link>?id=3</link></item>",
)


@pytest.mark.parametrize(
    ("channel", "base"),
    [
        ("<link>https://paper.example/</link>", "https://paper.example/"),
        ("<link> https://paper.example/ </link>", "https://paper.example/"),
        ("", "https://www.example.org/feeds/"),
        ("<link>http://localhost/wordpress/</link>", "https://www.example.org/feeds/"),
        ("<link>/news</link>", "https://www.example.org/feeds/"),
        (f"{ATOM_LINK}<link>https://paper.example/</link>", "https://paper.example/"),
    ],
)
def test_relative_links_of_an_rss_feed_are_those_of_its_site(channel, base):
    entries = read_feed(rss_of(*RELATIVE_ITEMS, channel=channel), "https://www.example.org/feeds/news.xml").entries
    origin = "/".join(base.split("/")[:3])
    assert [entry.url for entry in entries[:2]] == [f"{origin}/a/one", f"{base}a/two"]


def test_a_base_that_an_element_declares_goes_before_the_site_of_the_channel():
    item = '<item xml:base="https://blog.example/2026/"><link>one</link></item>'
    (entry,) = read_feed(rss_of(item, channel="<link>https://paper.example/</link>"), URL).entries
    assert entry.url == "https://blog.example/2026/one"


def test_relative_links_of_an_atom_feed_are_those_of_its_own_address():
    feed = b'<feed xmlns="http://www.w3.org/2005/Atom"><link href="https://paper.example/"/><entry><id>1</id>'
    (entry,) = read_feed(feed + b'<link href="/a/one"/></entry></feed>', URL).entries
    assert entry.url == "https://www.example.org/a/one"


def test_relative_links_of_a_json_feed_are_those_of_its_site():
    feed = {
        "version": "https://jsonfeed.org/version/1.1",
        "home_page_url": "https://paper.example/",
        "items": [{"url": "/1"}],
    }
    assert read_feed(json.dumps(feed).encode(), URL).entries[0].url == "https://paper.example/1"


PAGE_BEFORE = "<!DOCTYPE html>\n<html><head><title>Notice</title></head><body><p>Cache is full</p></body></html>\n"


@pytest.mark.parametrize(
    "before",
    [
        PAGE_BEFORE,
        PAGE_BEFORE.replace("</body></html>", "") + "<?xml version='1.0' encoding='UTF-8'?>\n<!-- made by x -->\n",
        "<br />\n<b>Warning</b>:  Undefined variable $x in <b>/srv/feed.php</b> on line <b>7</b><br />\n",
        "<html><body>Deprecated: strftime()</body></html><?xml version='1.0'?><?xml-stylesheet href='x.xsl'?>",
    ],
)
def test_a_feed_after_a_page_or_a_warning_is_found(before):
    listing = read_feed(before.encode() + rss_of("<item><link>https://paper.example/1</link></item>"), URL, "text/html")
    assert [entry.url for entry in listing.entries] == ["https://paper.example/1"]


@pytest.mark.parametrize("example", ["&lt;rss&gt;&lt;channel&gt;", "<pre><rss version='2.0'></pre>", "<feed>"])
def test_a_page_about_feeds_is_no_feed(example):
    with pytest.raises(ListingError, match="A web page came"):
        read_feed(PAGE_BEFORE.replace("Cache is full", example).encode(), URL, "text/html")
