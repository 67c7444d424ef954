"""Pages of sites say in many ways where their feeds are; what is no feed costs a request of 5 seconds to find out."""

from __future__ import annotations

import gzip

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tasks.listings.listing import Child
from tasks.site_probe.autodiscovery import (
    choose_child,
    detect_kind,
    is_news_sitemap_url,
    is_numbered,
    rank_sitemaps,
    read_site_info,
)

PAGE = "https://river.example/"


def front(body: str, url: str = PAGE):
    return read_site_info(f"<!DOCTYPE html><html lang='en-GB'>{body}</html>".encode(), url)


@pytest.mark.parametrize(
    ("link", "address"),
    [
        ('type="application/rss+xml" href="/rss"', "https://river.example/rss"),
        ('type="application/atom+xml; charset=utf-8" href="all.atom"', "https://river.example/all.atom"),
        ('type="application/feed+json" href="//cdn.example/feed.json"', "https://cdn.example/feed.json"),
        ('type="text/xml" href="/news/rss.xml"', "https://river.example/news/rss.xml"),
        ('type="application/json" href="/feed.json"', "https://river.example/feed.json"),
        ('type="APPLICATION/RSS+XML" href=" /Feed/ "', "https://river.example/Feed/"),
    ],
)
def test_a_page_declares_its_feed(link, address):
    assert front(f'<head><link rel="alternate" {link}></head>').feeds == (address,)


@pytest.mark.parametrize(
    "link",
    [
        '<link rel="alternate" type="application/json" href="/wp-json/wp/v2/pages/7">',
        '<link rel="alternate" type="application/json+oembed" href="/oembed?url=feed">',
        '<link rel="alternate" hreflang="fr" href="https://river.example/fr/">',
        '<link rel="stylesheet" type="text/xml" href="/feed.xml">',
        '<link rel="alternate" type="application/rss+xml" href="/comments/feed/">',
        '<link rel="alternate" type="application/rss+xml" title="The River » Comments Feed" href="/x/feed/">',
        '<link rel="alternate" type="application/rss+xml" title="Kommentar-Feed" href="/y/feed/">',
        '<link rel="alternate" type="application/rss+xml" href="https://user:s3cret@river.example/feed">',
        '<a href="https://elsewhere.example/rss">A friend</a>',
        '<a href="/feedback">Feedback</a>',
        '<a href="/index.php?option=news">News</a>',
        '<a href="mailto:feed@river.example">Write</a>',
    ],
)
def test_a_link_is_no_feed_of_the_site(link):
    assert front(link).feeds == ()


@pytest.mark.parametrize(
    "address",
    [
        "/feed",
        "/rss/",
        "/rss.xml?edition=uk",
        "/feeds/all",
        "/news.rss",
        "/?feed=rss2",
        "/a/atom.xml",
        "/commentary/feed",
    ],
)
def test_a_page_links_to_its_feed(address):
    assert front(f'<a href="{address}">Subscribe</a>').feeds == (f"https://river.example{address}",)


def test_a_feed_may_lie_with_a_feed_host():
    assert front('<a href="http://feeds.feedburner.com/river">RSS</a>').feeds == ("http://feeds.feedburner.com/river",)


def test_declared_feeds_come_before_linked_ones_and_each_once():
    page = '<a href="/b/rss">b</a><a href="/rss">a</a><link rel="alternate" type="application/rss+xml" href="/rss">'
    assert front(page).feeds == ("https://river.example/rss", "https://river.example/b/rss")


def test_links_are_relative_to_the_base_that_a_page_states():
    page = '<base href="https://river.example/en/"><link rel="alternate" type="application/rss+xml" href="rss">'
    assert front(page).feeds == ("https://river.example/en/rss",)


def test_a_page_says_its_site_and_language():
    info = front('<meta property="og:site_name" content=" The  River ">')
    assert (info.name, info.language) == ("The River", "en-GB")


@pytest.mark.parametrize("content", [b"", b"\0\x01\x02" * 50, b"<", b"\xff\xfe", b"%PDF-1.7 ..."])
def test_what_is_no_page_names_nothing(content):
    assert read_site_info(content, PAGE).feeds == ()
    assert detect_kind(content) == "page"


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b'<?xml version="1.0"?>\n<!-- made by hand -->\n<rss version="2.0">', "feed"),
        (b'\xef\xbb\xbf<feed xmlns="http://www.w3.org/2005/Atom">', "feed"),
        (b'<rdf:RDF xmlns="http://purl.org/rss/1.0/">', "feed"),
        ('<?xml version="1.0" encoding="utf-16"?><rss version="2.0">'.encode("utf-16"), "feed"),
        (b'{"version": "https:\\/\\/jsonfeed.org\\/version\\/1.1", "items": []}', "feed"),
        (b'<?xml version="1.0"?><urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">', "sitemap"),
        (gzip.compress(b"<sitemapindex>" + b"<sitemap></sitemap>" * 5_000), "sitemap"),
        (b"<!DOCTYPE html><html><body>An article about <rss version='2.0'></body></html>", "page"),
        (b'{"items": []}', "page"),
        (b"\x1f\x8b not gzip at all", "page"),
        (b"<?a?>" * 4_000, "page"),
    ],
)
def test_an_answer_is_known_by_its_bytes(content, kind):
    assert detect_kind(content) == kind


def test_news_sitemaps_come_first_and_those_of_other_things_not_at_all():
    addresses = [
        "https://news.example/sitemap.xml",
        "https://news.example/sitemap-images.xml",
        "https://news.example/category-sitemap.xml",
        "https://news.example/google-news.xml",
        "https://news.example/sitemap.xml",
    ]
    assert rank_sitemaps(addresses) == ["https://news.example/google-news.xml", "https://news.example/sitemap.xml"]


@pytest.mark.parametrize(
    ("children", "chosen"),
    [
        ([("/sitemap-news.xml", None), ("/post-sitemap.xml", "2026-03-15")], "/sitemap-news.xml"),
        ([("/post-sitemap.xml", "2024-01-01"), ("/post-sitemap2.xml", "2026-03-15")], "/post-sitemap2.xml"),
        ([("/page-sitemap.xml", "2026-03-15"), ("/map-2026-03.xml", "2026-03-01")], "/map-2026-03.xml"),
        ([("/articles-9.xml", None), ("/articles-10.xml", None)], "/articles-10.xml"),
        ([("/tag-sitemap.xml", "2026-03-15"), ("/article-sitemap.xml", None)], "/article-sitemap.xml"),
    ],
)
def test_of_an_index_the_part_with_the_newest_articles_is_read(children, chosen):
    picked = choose_child(Child(f"https://river.example{path}", modified) for path, modified in children)
    assert picked is not None
    assert picked.url == f"https://river.example{chosen}"


def test_an_index_of_nothing_has_no_part():
    assert choose_child([]) is None


def test_a_sitemap_of_this_month_is_no_lasting_address():
    assert is_news_sitemap_url("https://a.example/news-2026-03.xml")
    assert is_numbered("https://a.example/news-2026-03.xml")
    assert not is_numbered("https://a2.example/sitemap-news.xml")


@given(
    st.binary(max_size=400)
    | st.text(alphabet="<>/ ='\"abhrefliknktypss+m:%[]@#?&\0\ufffe", max_size=400).map(str.encode)
)
@example(b"<base href='http://['><a href='//['>x</a><link rel=alternate type=application/rss+xml href='http://[::'>")
@example(b"<html lang><link rel type href><a href=http://a:b@c/feed>")
def test_no_page_stops_the_search(content):
    assert detect_kind(content) in {"feed", "sitemap", "page"}
    assert all(address.startswith(("http://", "https://")) for address in read_site_info(content, PAGE).feeds)
