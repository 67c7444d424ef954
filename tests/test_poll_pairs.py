"""Several inputs of one source, several addresses of one article: each is told from the other."""

from __future__ import annotations

import io
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tasks.metadata.identity import article_id
from tasks.metadata.urls import normalize_url
from tests.support.polled import FEED, counts, page
from tests.support.webserver import answer, redirect
from warehouse.archive.warc_records import records as read_records
from warehouse.takedown.forget import forget
from warehouse.verify import verify

OTHER = '[[input]]\nkind = "feed"\nurl = "SITE/sport"\n'
SITEMAP = '[[input]]\nkind = "sitemap"\nurl = "SITE/news-sitemap.xml"\n'


def rss(entries: str) -> bytes:
    return answer(f"<rss version='2.0'><channel>{entries}</channel></rss>".encode(), content_type="application/rss+xml")


def test_a_feed_that_breaks_its_reader_does_not_stop_its_source(site, look):
    site.publish(1, 2)
    link = f"<link>{site.server.url('/news/1')}</link>"
    site.routes["/feed"] = rss(f"<item><title>Boats &#55357;&#56842; home &#55357;</title>{link}</item>")
    look(FEED)
    site.feed(1, 2)
    assert look(FEED, hours=1).error is None
    assert look(FEED, hours=2).error is None


def test_what_another_feed_has_just_named_hides_no_gap(site, look, ask):
    site.routes["/robots.txt"] = answer(f"Sitemap: {site.server.url('/news-sitemap.xml')}\n".encode())
    site.publish(*range(14))
    site.feed(0, 1, 2)
    site.feed(0, 1, 2, at="/sport")
    look(FEED + OTHER)
    site.feed(11, 12, 13)
    site.feed(10, 11, at="/sport")
    site.sitemap(*range(14))
    look(FEED + OTHER, hours=3)
    assert ask("SELECT count(*) FROM polls WHERE gap_suspected") == [(2,)]
    assert ask("SELECT count(*) FROM articles") == [(14,)]


def test_a_sitemap_that_was_searched_for_a_gap_is_still_read_whole_as_an_input(site, look, ask):
    site.routes["/robots.txt"] = answer(f"Sitemap: {site.server.url('/news-sitemap.xml')}\n".encode())
    site.publish(*range(12))
    site.feed(0, 1, 2)
    look(FEED)
    site.feed(9, 10, 11)
    site.sitemap(*range(9))
    xml = site.routes["/news-sitemap.xml"].partition(b"\r\n\r\n")[2].replace(b"/news/7<", b"/sport/7<")

    def sitemap(client: Any) -> None:
        known = b"if-none-match" in site.server.requests[-1].lower()
        client.sendall(answer(status="304 Not Modified") if known else answer(xml, etag='"map"'))

    site.routes["/news-sitemap.xml"] = sitemap
    site.publish(7, path="/sport/{}")
    look(FEED, hours=3)
    look(FEED + SITEMAP, hours=4)
    assert ask("SELECT count(*) FROM articles WHERE url LIKE '%/sport/7'") == [(1,)]


def test_all_that_is_polled_is_looked_at_before_any_page_is_fetched(site, look):
    site.publish(1, 2, 3)
    site.sitemap(1, 2)
    site.feed(3)
    look(SITEMAP + FEED)
    paths = [path for path in site.server.paths if path != "/robots.txt"]
    assert paths[:2] == ["/news-sitemap.xml", "/feed"]


def test_a_run_that_takes_too_long_leaves_the_rest_pending_for_the_next(site, look, ask):
    site.publish(1, 2)
    site.feed(1, 2)
    # The clock of these tests goes on by a microsecond a look.
    run = look(FEED, run_seconds=0.000_001)
    assert counts(run) == {"discovered": 2, "pending": 2}
    assert counts(look(FEED, hours=1)) == {"discovered": 2, "stored": 2}
    assert ask("SELECT count(*) FROM pending") == [(0,)]


def test_two_spellings_of_one_moment_are_no_change(site, look):
    site.publish(1)
    moment = site.now.isoformat()
    atom = f"<feed xmlns='http://www.w3.org/2005/Atom'><entry><id>urn:1</id><title>x</title><link href='{site.server.url('/news/1')}'/>"
    site.routes["/feed"] = answer(f"{atom}<updated>{moment.replace('+00:00', 'Z')}</updated></entry></feed>".encode())
    site.sitemap(1, lastmod=site.now.astimezone())
    source = "recheck = []\n" + FEED + SITEMAP
    for hours in (0, 1, 2, 3):
        look(source, hours=hours)
    assert site.requests_of("/news/1") == 1


def test_a_sitemap_that_says_changed_just_now_at_every_look_has_its_pages_fetched_less_and_less(site, look):
    site.publish(1)
    for half_hours in range(40):
        site.sitemap(1, lastmod=site.now + timedelta(hours=half_hours / 2))
        look("recheck = []\n" + SITEMAP, hours=half_hours / 2 + 0.01)
    assert 3 <= site.requests_of("/news/1") <= 12


def test_a_whole_feed_is_never_asked_for_pages_and_its_entries_wait_for_it(site, look, ask):
    content = (
        "<p>The boats came home late on Monday, and each of them had caught more fish than in the whole week before.</p>"
        * 3
    )
    whole = content.replace("<", "&lt;")
    item = (
        f"<item><title>Boats come home</title><link>{site.server.url('/news/1')}</link>"
        f"<content:encoded xmlns:content='http://purl.org/rss/1.0/modules/content/'>{whole}</content:encoded></item>"
    )
    site.routes["/feed"] = rss(item)
    site.publish(1)
    for hours in (0, 2, 30):
        look(FEED + "full_text = true\n", hours=hours)
    assert site.requests_of("/news/1") == 0
    assert ask("SELECT count(*) FROM article_versions") == [(1,)]


def test_of_two_addresses_of_one_article_the_refused_one_stays_refused_when_both_are_edited(site, look, ask):
    site.publish(1)
    site.publish(1, path="/sport/{}")
    links = [site.server.url(path) for path in ("/news/1", "/sport/1")]

    def feed(*links: str) -> None:
        site.routes["/feed"] = rss("".join(f"<item><title>x</title><link>{link}</link></item>" for link in links))

    feed(*links)
    assert counts(look("recheck = [1]\n" + FEED)) == {"discovered": 2, "stored": 1, "duplicate": 1}
    site.publish(1, extra="It holds from May.")
    site.publish(1, path="/sport/{}", extra="It holds from May.")
    feed(*reversed(links))
    look("recheck = [1]\n" + FEED, hours=2)
    assert ask("SELECT url LIKE '%/news/1' FROM articles") == [(True,)]


def test_what_was_taken_down_does_not_come_back_at_another_address(site, look, ask, settings):
    site.publish(1)
    site.feed(1)
    look(FEED)
    forget(
        settings.data,
        site.server.url("/news/1"),
        datetime.now(site.now.tzinfo),
        normalize=normalize_url,
        identify=article_id,
    )
    site.publish(1, path="/moved/{}")
    site.routes["/short/1"] = redirect("/news/1")
    site.feed(1, path="/moved/{}")  # the same guid
    look(FEED, hours=1)
    link = f"<item><title>x</title><link>{site.server.url('/short/1')}</link></item>"
    site.routes["/feed"] = rss(link)
    look(FEED, hours=2)
    assert ask("SELECT reason, count(*) FROM rejects_open GROUP BY ALL") == [("forgotten", 2)]
    assert ask("SELECT count(*) FROM articles") == [(0,)]
    assert ask("SELECT count(*) FROM captures WHERE outcome NOT IN ('listed', 'forgotten')") == [(0,)]
    assert site.requests_of("/moved/1") == 0


def test_while_robots_txt_fails_pages_wait_however_long(site, look, ask):
    site.publish(1)
    site.feed(1)
    look('[[input]]\nkind = "pages"\nurls = ["SITE/news/2"]\n')
    site.routes["/robots.txt"] = answer(status="503 Service Unavailable")
    pages = '[[input]]\nkind = "pages"\nurls = ["SITE/news/1"]\n'
    for hours in range(30, 50):
        look(pages, hours=hours)
    assert ask("SELECT count(*) FROM rejects WHERE url LIKE '%/news/1'") == [(0,)]
    assert ask("SELECT count(*) > 0 FROM captures WHERE url LIKE '%/robots.txt' AND outcome = 'listed'") == [(True,)]
    site.routes["/robots.txt"] = answer(b"")
    assert look(pages, hours=60).stored == 1


def test_an_answer_that_asks_to_wait_is_archived_too(site, look, ask):
    site.feed(2)
    site.routes["/news/2"] = answer(status="429 Too Many Requests", retry_after="7200")
    look(FEED)
    assert ask("SELECT http_status, outcome FROM captures WHERE url LIKE '%/news/2'") == [(429, "failed")]


def test_of_a_long_index_the_newest_sitemaps_are_searched_for_a_gap(site, look, ask):
    site.routes["/robots.txt"] = answer(f"Sitemap: {site.server.url('/index.xml')}\n".encode())
    names = ["/index.xml", *(f"/map-{number}.xml" for number in range(1, 60))]
    index = "".join(f"<sitemap><loc>{site.server.url(name)}</loc></sitemap>" for name in names)
    site.routes["/index.xml"] = answer(f"<sitemapindex>{index}</sitemapindex>".encode(), content_type="text/xml")
    site.publish(*range(12))
    site.feed(0, 1, 2)
    look(FEED)
    site.feed(9, 10, 11)
    site.sitemap(*range(12), at="/map-59.xml")
    look(FEED, hours=3)
    assert ask("SELECT count(*) FROM articles") == [(12,)]
    assert site.requests_of("/index.xml") == 1


def test_a_page_of_a_list_that_is_due_is_fetched_once(site, look):
    site.publish(1)
    pages = 'recheck = [1]\n[[input]]\nkind = "pages"\nurls = ["SITE/news/1"]\n'
    look(pages)
    assert counts(look(pages, hours=2))["discovered"] == 1
    assert site.requests_of("/news/1") == 2


def test_a_sitemap_of_an_index_that_fails_is_left_alone_for_its_time(site, look):
    index = "".join(f"<sitemap><loc>{site.server.url(name)}</loc></sitemap>" for name in ("/a.xml", "/b.xml"))
    site.routes["/news-sitemap.xml"] = answer(f"<sitemapindex>{index}</sitemapindex>".encode(), content_type="text/xml")
    site.publish(1)
    site.sitemap(1, at="/a.xml")
    runs = [look(SITEMAP, hours=hours / 4) for hours in range(8)]
    assert all(run.error is None for run in runs)
    assert site.requests_of("/b.xml") <= 3


def test_a_clock_that_was_once_ahead_does_not_stop_the_polling(site, look):
    site.publish(1)
    site.feed(1)
    look(FEED)
    look(FEED, hours=24 * 365, due=True)
    look(FEED, hours=30, due=True)
    assert site.requests_of("/feed") == 3


def test_a_sitemap_of_today_is_read_again_the_same_day(site, look):
    site.publish(1, 2)
    today = f"{site.now:%Y-%m-%d}"
    index = f"<sitemap><loc>{site.server.url('/today.xml')}</loc><lastmod>{today}</lastmod></sitemap>"
    site.routes["/news-sitemap.xml"] = answer(f"<sitemapindex>{index}</sitemapindex>".encode(), content_type="text/xml")
    site.sitemap(1, at="/today.xml")
    look(SITEMAP)
    site.sitemap(1, 2, at="/today.xml")
    assert look(SITEMAP, hours=3).stored == 1


@pytest.mark.parametrize("lastmod", ["<lastmod>2026-03-15</lastmod>", ""])
def test_a_gap_is_repaired_from_a_sitemap_that_states_days_or_nothing(site, look, ask, lastmod):
    site.publish(*range(12))
    urls = "".join(f"<url><loc>{site.server.url(f'/news/{number}')}</loc>{lastmod}</url>" for number in range(12))
    site.routes["/news-sitemap.xml"] = answer(f"<urlset>{urls}</urlset>".encode(), content_type="text/xml")
    source = FEED + 'sitemap = "SITE/news-sitemap.xml"\n'
    site.feed(0, 1, 2)
    look(source)
    site.feed(9, 10, 11)
    look(source, hours=3)
    assert ask("SELECT count(*) FROM articles") == [(12,)]


def test_an_id_that_is_given_to_another_article_later_does_not_hide_the_first(site, look, ask):
    site.publish(1, 2)

    def feed(number: int, day: int) -> None:
        link = site.server.url(f"/news/{number}")
        date = f"<pubDate>{day} Mar 2026 08:00:00 GMT</pubDate>"
        site.routes["/feed"] = rss(f"<item><title>No. {number}</title><guid>top</guid><link>{link}</link>{date}</item>")

    feed(1, 14)
    look(FEED)
    feed(2, 15)
    look(FEED, hours=1)
    assert ask("SELECT count(*) FROM articles") == [(2,)]


def test_what_was_taken_down_and_is_still_listed_is_not_archived_again(site, look, ask, settings):
    site.publish(1, 2)
    site.feed(1, 2)
    look(FEED)
    moment = datetime.now(site.now.tzinfo)
    forget(settings.data, site.server.url("/news/1"), moment, normalize=normalize_url, identify=article_id)
    assert look(FEED, hours=1).error is None
    archive = b"".join(path.read_bytes() for path in Path(settings.data).rglob("*.warc.gz"))
    records = [payload for _, _, _, payload in read_records(io.BytesIO(archive))]
    assert not [payload for payload in records if b"Feed title 1" in payload]
    assert ask("SELECT count(*) FROM discoveries WHERE title = 'Feed title 1'") == [(0,)]
    assert not verify(settings.data).findings


def test_a_title_edited_in_a_feed_of_whole_articles_is_seen(site, look, ask):
    content = (
        "&lt;p&gt;The boats came home late on Monday, and each had caught more than in the week before.&lt;/p&gt;" * 4
    )
    for hours, title in enumerate(("Boats come home", "Boats come home at last")):
        site.routes["/feed"] = rss(
            f"<item><title>{title}</title><link>{site.server.url('/news/1')}</link>"
            f"<content:encoded xmlns:content='http://purl.org/rss/1.0/modules/content/'>{content}</content:encoded></item>"
        )
        look(FEED + "full_text = true\n", hours=hours)
    assert ask("SELECT title FROM articles") == [("Boats come home at last",)]


def test_a_page_whose_server_always_says_304_is_now_and_then_fetched_whole(site, look, ask):
    site.feed(1)

    def stuck(client: Any) -> None:
        known = b"if-none-match" in site.server.requests[-1].lower()
        body = page(1, extra="" if len(site.server.requests) < 4 else "It holds from May.").encode()
        client.sendall(answer(status="304 Not Modified") if known else answer(body, etag='"e"'))

    site.routes["/news/1"] = stuck
    for hours in (0, 1.1, 6.1, 24.1):
        look(FEED, hours=hours)
    assert ask("SELECT text LIKE '%from May%' FROM articles") == [(True,)]


def test_a_change_that_was_announced_is_looked_for_until_it_was_read(site, look):
    site.publish(1)
    site.sitemap(1, lastmod=site.now)
    source = "recheck = []\n" + SITEMAP
    look(source)
    site.sitemap(1, lastmod=site.now + timedelta(hours=1))
    site.routes["/news/1"] = answer(status="500 Internal Server Error")
    look(source, hours=2)
    site.publish(1, extra="It holds from May.")
    assert look(source, hours=5).stored == 1


def test_one_address_that_a_listing_spells_twice_is_one_article(site, look):
    site.publish(1)
    links = "".join(f'<a href="{path}">x</a>' for path in ("/news/1", "/news/1?utm_source=top"))
    site.routes["/section"] = answer(f"<html><body>{links}</body></html>".encode(), content_type="text/html")
    section = '[[input]]\nkind = "pages"\nurl = "SITE/section"\nlinks = "/news/"\n'
    assert counts(look(section)) == {"discovered": 1, "stored": 1}


def test_an_entry_without_an_address_leaves_the_feed_conditional(site, look):
    site.publish(1)
    site.feed(1)
    body = (
        site.routes["/feed"]
        .partition(b"\r\n\r\n")[2]
        .replace(b"</channel>", b"<item><title>x</title></item></channel>")
    )
    site.routes["/feed"] = answer(body, etag='"one"', content_type="application/rss+xml")
    look(FEED)
    look(FEED, hours=1)
    feeds = [request.lower() for request in site.server.requests if request.startswith(b"GET /feed")]
    assert b"if-none-match" in feeds[-1]


def test_what_only_another_feed_named_since_hides_no_gap_either(site, look, ask):
    site.routes["/robots.txt"] = answer(f"Sitemap: {site.server.url('/news-sitemap.xml')}\n".encode())
    site.publish(*range(14))
    site.feed(0, 1, 2)
    site.feed(0, at="/sport")
    look(FEED + OTHER)
    site.routes["/feed"] = answer(status="503 Service Unavailable")
    site.feed(11, at="/sport")
    look(FEED + OTHER, hours=2)
    site.feed(11, 12, 13)
    site.sitemap(*range(14))
    look(FEED + OTHER, hours=4)
    assert ask("SELECT count(*) FROM polls WHERE gap_suspected AND endpoint LIKE '%/feed'") == [(1,)]
    assert ask("SELECT count(*) FROM articles") == [(14,)]


def test_a_page_without_content_is_looked_at_at_its_hours_only(site, look, ask):
    site.feed(1)
    site.routes["/news/1"] = answer(b"", content_type="text/html")
    for hours in (0, 1.1, 1.2, 1.3, 1.4):
        look("recheck = [1]\n" + FEED, hours=hours)
    assert site.requests_of("/news/1") == 2
    assert ask("SELECT outcome FROM captures WHERE url LIKE '%/news/1' ORDER BY fetched_at") == [
        ("rejected",),
        ("unchanged",),
    ]
