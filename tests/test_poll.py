"""What is polled: feeds, sitemaps and section pages become articles, once, politely, and nothing is missed."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

from tests.support.polled import FEED, counts, page
from tests.support.webserver import answer, redirect
from warehouse.model.rows import Run
from warehouse.model.vocabulary import RunStatus
from warehouse.storage.tables import Store


def test_the_articles_of_a_feed_land_with_what_the_feed_says_of_them(site, look, ask):
    site.publish(1, 2)
    site.feed(2, 1)
    run = look(FEED)
    assert run.status is RunStatus.SUCCEEDED, run.error
    assert counts(run) == {"discovered": 2, "stored": 2}
    query = (
        "SELECT provenance['title'].origin, published_at IS NOT NULL, provenance['published_at'].origin FROM articles"
    )
    assert ask(query) == [("html", True, "feed"), ("html", True, "feed")]
    assert ask("SELECT guid, title, published_at IS NOT NULL, found_in FROM discoveries ORDER BY guid") == [
        (f"{site.server.url('/feed')}#story-{number}", f"Feed title {number}", True, site.server.url("/feed"))
        for number in (1, 2)
    ]
    assert ask("SELECT outcome, http_status, count(*) FROM captures GROUP BY ALL ORDER BY ALL") == [
        ("listed", 200, 1),
        ("stored", 200, 2),
    ]
    ((endpoint, entries, known, gap, error),) = ask("SELECT endpoint, entries, known, gap_suspected, error FROM polls")
    assert (endpoint, entries, known, gap, error) == (site.server.url("/feed"), 2, 0, False, None)


def test_a_feed_that_is_as_it_was_is_asked_for_once_and_its_articles_not_again(site, look, ask):
    site.publish(1)
    site.feed(1, etag='"one"')
    look(FEED)
    site.routes["/feed"] = answer(status="304 Not Modified", etag='"one"')
    run = look(FEED, hours=0.5)
    assert b'if-none-match: "one"' in site.server.requests[-1].lower()
    assert counts(run) == {}
    assert site.requests_of("/news/1") == 1
    assert ask("SELECT http_status, outcome FROM captures WHERE url LIKE '%/feed'") == [(200, "listed")]
    assert ask("SELECT http_status FROM polls ORDER BY polled_at") == [(200,), (304,)]


def test_a_server_that_says_304_is_now_and_then_asked_without_conditions(site, look, ask):
    site.publish(1, 2)
    site.feed(1, etag='"stuck"')
    look(FEED)

    def liar(client: Any) -> None:
        conditional = b"if-none-match" in site.server.requests[-1].lower()
        body = site.rss(2, 1).encode()
        client.sendall(answer(status="304 Not Modified") if conditional else answer(body, etag='"stuck"'))

    site.routes["/feed"] = liar
    runs = [look(FEED, hours=hours) for hours in (1, 2, 3, 4)]
    assert [run.stored for run in runs] == [0, 0, 0, 1]
    # It has lied: from now on it is always sent whole.
    look(FEED, hours=5)
    feeds = [request for request in site.server.requests if request.startswith(b"GET /feed")]
    assert [b"if-none-match" in request.lower() for request in feeds] == [False, True, True, True, False, False]


def test_what_came_and_went_between_two_looks_is_found_in_the_sitemap(site, look, ask):
    site.routes["/robots.txt"] = answer(f"Sitemap: {site.server.url('/news-sitemap.xml')}\n".encode())
    site.publish(*range(12))
    site.publish(3, path="/sport/{}")
    site.feed(0, 1, 2)
    look(FEED)
    site.feed(9, 10, 11)
    site.sitemap(*range(12))
    run = look(FEED, hours=3)
    assert ask("SELECT gap_suspected FROM polls WHERE endpoint LIKE '%/feed' ORDER BY polled_at") == [(False,), (True,)]
    # Of the window alone, which begins an hour before the last look, for clocks that go wrong.
    assert run.stored == 9
    assert ask("SELECT count(*) FROM articles") == [(12,)]


def test_a_window_that_rolls_on_with_a_known_entry_is_no_gap(site, look, ask):
    site.publish(1, 2, 3)
    site.feed(1, 2)
    look(FEED)
    site.feed(2, 3)
    look(FEED, hours=1)
    assert ask("SELECT bool_or(gap_suspected) FROM polls") == [(False,)]
    assert ask("SELECT count(*) FROM articles") == [(3,)]


def test_the_pages_of_a_paged_feed_are_followed_back_to_what_is_known(site, look):
    site.publish(*range(9))

    def paged(at: str, numbers: tuple[int, ...], older: str | None) -> None:
        rss = site.rss(*numbers)
        if older:
            link = f"<atom:link xmlns:atom='http://www.w3.org/2005/Atom' rel='next' href='{site.server.url(older)}'/>"
            rss = rss.replace("</title>", f"</title>{link}", 1)
        site.routes[at] = answer(rss.encode(), content_type="application/rss+xml")

    paged("/feed", (2, 1), "/feed?page=2")
    paged("/feed?page=2", (0,), None)
    assert look(FEED).stored == 3
    paged("/feed", (8, 7), "/feed?page=2")
    paged("/feed?page=2", (6, 5), "/feed?page=3")
    paged("/feed?page=3", (4, 3, 2), "/feed?page=4")
    assert look(FEED, hours=1).stored == 6
    assert site.requests_of("/feed?page=4") == 0


def test_an_address_under_other_tracking_parameters_is_the_same_article(site, look, ask):
    site.publish(1)
    site.feed(1, query="?utm_source=rss&amp;utm_campaign=a")
    site.routes["/news/1?utm_source=rss&utm_campaign=a"] = site.routes["/news/1"]
    look(FEED)
    site.feed(1, query="?utm_source=rss&amp;utm_campaign=b")
    assert counts(look(FEED, hours=0.5)) == {"discovered": 1, "unchanged": 1}
    assert ask("SELECT count(*) FROM discoveries") == [(1,)]


def test_an_article_is_looked_at_again_at_the_hours_of_the_source_and_an_edit_is_a_version(site, look, ask):
    site.publish(1)
    site.feed(1)
    source = "recheck = [1, 6]\n" + FEED
    look(source)
    look(source, hours=0.5)
    assert site.requests_of("/news/1") == 1
    site.publish(1, extra="The mayor added that the rule holds from May.")
    site.feed(2)
    site.publish(2)
    # It is no longer in the feed, and still due.
    assert counts(look(source, hours=1.5)) == {"discovered": 2, "stored": 2}
    assert counts(look(source, hours=2))["unchanged"] == 1
    assert site.requests_of("/news/1") == 2
    look(source, hours=40)
    look(source, hours=80)
    assert site.requests_of("/news/1") == 3
    assert ask("SELECT count(*), count(DISTINCT version_id) FROM article_versions WHERE url LIKE '%/1'") == [(2, 2)]
    assert ask("SELECT text LIKE '%from May%' FROM articles WHERE url LIKE '%/1'") == [(True,)]
    assert ask("SELECT outcome FROM captures WHERE url LIKE '%/news/1' ORDER BY fetched_at") == [
        ("stored",), ("stored",), ("unchanged",),
    ]  # fmt: skip


def test_a_page_that_cannot_be_had_is_refused_with_its_answer_archived_and_asked_for_again(site, look, ask):
    site.feed(1)
    site.routes["/news/1"] = answer(b"sorry", status="500 Internal Server Error")
    run = look(FEED)
    assert counts(run) == {"discovered": 1, "failed": 1}
    assert run.status is RunStatus.SUCCEEDED
    ((reason, detail, capture),) = ask("SELECT reason, detail, capture_id FROM rejects_open")
    assert (reason, "answered 500" in detail) == ("fetch_failed", True)
    assert ask(f"SELECT outcome, http_status FROM captures WHERE capture_id = '{capture}'") == [("failed", 500)]
    tried = site.requests_of("/news/1")
    look(FEED, hours=0.1)
    assert site.requests_of("/news/1") == tried
    site.publish(1)
    site.feed()
    assert counts(look(FEED, hours=0.5)) == {"discovered": 1, "stored": 1}
    assert ask("SELECT count(*) FROM rejects_open") == [(0,)]


def test_what_robots_forbid_is_refused_and_never_asked_for(site, look, ask):
    site.publish(1, path="/closed/{}")
    site.feed(1, path="/closed/{}")
    assert counts(look(FEED)) == {"discovered": 1, "rejected": 1}
    assert ask("SELECT reason FROM rejects_open") == [("disallowed",)]
    assert site.requests_of("/closed/1") == 0


def test_a_host_that_asks_for_a_long_wait_leaves_its_articles_pending(site, look, ask):
    site.publish(1)
    site.feed(1, 2)
    site.routes["/news/2"] = answer(status="429 Too Many Requests", retry_after="7200")
    run = look(FEED)
    assert run.discovered == 2
    assert ask("SELECT count(*) FROM pending") == [(run.pending,)]
    site.publish(2)
    assert look(FEED, hours=3).status is RunStatus.SUCCEEDED
    assert ask("SELECT count(*) FROM articles") == [(2,)]
    assert ask("SELECT count(*) FROM pending") == [(0,)]


def test_a_feed_whose_host_has_asked_for_a_pause_is_not_requested_and_its_poll_says_so(site, look, ask):
    site.feed(1)
    site.routes["/busy"] = answer(status="429 Too Many Requests", retry_after="7200")
    look('[[input]]\nkind = "feed"\nurl = "SITE/busy"\n' + FEED)
    assert site.requests_of("/feed") == 0
    polls = ask("SELECT endpoint[-4:], http_status, is_postponed FROM polls ORDER BY polled_at")
    assert polls == [("busy", None, True), ("feed", None, True)]


def test_a_feed_that_fails_is_said_slows_down_and_is_never_dropped(site, look, ask):
    site.publish(1)
    site.feed(1)
    look(FEED)
    site.routes["/feed"] = answer(b"gone", status="404 Not Found")
    for hours in (1, 2, 3):
        run = look(FEED, hours=hours)
        assert run.status is RunStatus.FAILED
        assert "/feed: " in run.error
        assert "404" in run.error
    waits = ask(
        "SELECT epoch(next_poll_at) - epoch(polled_at), failures FROM polls WHERE error IS NOT NULL ORDER BY polled_at"
    )
    assert [failures for _, failures in waits] == [1, 2, 3]
    assert waits[0][0] < waits[1][0] < waits[2][0] <= 30 * 86_400
    site.feed(1, 2)
    site.publish(2)
    assert look(FEED, hours=4).stored == 1
    assert ask("SELECT arg_max(failures, polled_at) FROM polls") == [(0.0,)]


def test_a_feed_that_moved_for_good_is_asked_for_where_it_is(site, look, ask):
    site.publish(1, 2)
    site.feed(1, at="/new-feed")
    site.routes["/feed"] = answer(status="301 Moved Permanently", location="/new-feed")
    look(FEED)
    site.feed(1, 2, at="/new-feed")
    assert look(FEED, hours=1).stored == 1
    assert site.requests_of("/feed") == 1
    assert ask("SELECT DISTINCT moved_to FROM polls WHERE moved_to IS NOT NULL") == [(site.server.url("/new-feed"),)]


def test_a_feed_that_moved_for_a_while_is_asked_for_where_it_was(site, look):
    site.publish(1)
    site.feed(1, at="/new-feed")
    site.routes["/feed"] = redirect("/new-feed")
    look(FEED)
    look(FEED, hours=1)
    assert site.requests_of("/feed") == 2


def test_a_feed_of_whole_articles_needs_no_pages(site, look, ask):
    html = page(1).split("</h1>")[1].replace("<", "&lt;").replace("&lt;html", "&lt;div").replace("/html>", "/div>")
    rss = site.rss(1).replace(
        "<guid",
        f"<content:encoded xmlns:content='http://purl.org/rss/1.0/modules/content/'>{html}</content:encoded><guid",
    )
    site.routes["/feed"] = answer(rss.encode(), content_type="application/rss+xml")
    assert counts(look(FEED + "full_text = true\n")) == {"discovered": 1, "stored": 1}
    assert site.requests_of("/news/1") == 0
    assert ask("SELECT title, text LIKE '%stone ovens%' FROM articles") == [("Feed title 1", True)]
    assert counts(look(FEED + "full_text = true\n", hours=2)) == {"discovered": 1, "unchanged": 1}


def test_a_short_article_in_a_description_is_the_article_of_a_feed_that_holds_them(site, look, ask):
    text = "<p>Two bakeries have gone back to stone ovens.</p><p>The town hall of Wangen asked for quiet ovens at night.</p>"
    rss = site.rss(1, 2).replace("<guid", f"<description><![CDATA[{text}]]></description><guid", 1)
    site.routes["/feed"] = answer(rss.encode(), content_type="application/rss+xml")
    assert counts(look(FEED + "full_text = true\n")) == {"discovered": 2, "stored": 1, "rejected": 1}
    assert ask("SELECT title, contains(text, 'stone ovens'), contains(text, 'at night') FROM articles") == [
        ("Feed title 1", True, True)
    ]
    assert ask("SELECT reason FROM rejects") in ([("no_article",)], [("empty",)])
    # Neither now nor later is a page fetched: not of what was taken, nor of an entry without a text.
    assert counts(look(FEED + "full_text = true\n", hours=30)) == {"discovered": 2, "unchanged": 2}
    assert site.requests_of("/news/1") == site.requests_of("/news/2") == 0


def test_a_sitemap_index_is_read_where_it_has_changed(site, look, ask):
    site.publish(1, 2, 3)
    children = (("/old.xml", site.now - timedelta(days=90)), ("/new.xml", site.now))

    def index(*children: tuple[str, datetime]) -> None:
        maps = "".join(
            f"<sitemap><loc>{site.server.url(path)}</loc><lastmod>{at.isoformat()}</lastmod></sitemap>"
            for path, at in children
        )
        site.routes["/sitemap.xml"] = answer(f"<sitemapindex>{maps}</sitemapindex>".encode(), content_type="text/xml")

    index(*children)
    site.sitemap(1, at="/old.xml")
    site.sitemap(2, at="/new.xml")
    sitemap = '[[input]]\nkind = "sitemap"\nurl = "SITE/sitemap.xml"\n'
    assert look(sitemap).stored == 2
    site.sitemap(2, 3, at="/new.xml")
    index(children[0], ("/new.xml", site.now + timedelta(hours=4)))
    assert look(sitemap, hours=5).stored == 1
    assert (site.requests_of("/old.xml"), site.requests_of("/new.xml")) == (1, 2)


def test_an_index_of_sitemaps_that_leads_back_to_itself_is_named_and_not_followed(site, look, ask):
    site.publish(1)
    site.sitemap(1, at="/real.xml")
    loops = [f"/sitemap.xml?page={number}" for number in range(300)]
    maps = "".join(f"<sitemap><loc>{site.server.url(path)}</loc></sitemap>" for path in [*loops, "/real.xml"])
    index = answer(f"<sitemapindex>{maps}</sitemapindex>".encode(), content_type="text/xml")
    site.routes |= dict.fromkeys(["/sitemap.xml", *loops], index)
    sitemap = '[[input]]\nkind = "sitemap"\nurl = "SITE/sitemap.xml"\n'
    run = look(sitemap)
    assert (run.status, run.stored) == (RunStatus.SUCCEEDED, 1)
    assert sum(path.startswith("/sitemap.xml") for path in site.server.paths) == 2
    assert ask("SELECT endpoint, error FROM polls WHERE error IS NOT NULL") == [
        (
            site.server.url(loops[0]),
            f"the index of sitemaps leads back to itself: what is here was read at {site.server.url('/sitemap.xml')}",
        )
    ]


def test_sitemaps_of_an_index_that_are_equal_hide_no_other(site, look, ask):
    site.publish(1, 2)
    paths = [f"/part.xml?page={number}" for number in range(4)]
    maps = "".join(f"<sitemap><loc>{site.server.url(path)}</loc></sitemap>" for path in paths)
    site.routes["/sitemap.xml"] = answer(f"<sitemapindex>{maps}</sitemapindex>".encode(), content_type="text/xml")
    for number, path in zip((1, 1, 2, 2), paths, strict=True):
        site.sitemap(number, at=path)
    assert look('[[input]]\nkind = "sitemap"\nurl = "SITE/sitemap.xml"\n').stored == 2
    assert ask("SELECT count(*) FROM polls WHERE error IS NOT NULL") == [(0,)]


def test_a_page_that_its_sitemap_says_has_changed_is_fetched_again(site, look, ask):
    site.publish(1)
    site.sitemap(1, at="/sitemap.xml")
    sitemap = 'recheck = []\n[[input]]\nkind = "sitemap"\nurl = "SITE/sitemap.xml"\n'
    look(sitemap)
    look(sitemap, hours=1)
    assert site.requests_of("/news/1") == 1
    site.publish(1, title="Bakers of Lindau change their minds")
    site.sitemap(1, at="/sitemap.xml", lastmod=site.now + timedelta(hours=2))
    assert counts(look(sitemap, hours=3)) == {"discovered": 1, "stored": 1}
    assert ask("SELECT title FROM articles") == [("Bakers of Lindau change their minds",)]
    look(sitemap, hours=4)
    assert site.requests_of("/news/1") == 2


def test_old_addresses_of_a_sitemap_are_left_out_where_the_source_says_so(site, look):
    site.publish(1, 2)
    site.sitemap(1, 2, at="/sitemap.xml")
    assert look('[[input]]\nkind = "sitemap"\nurl = "SITE/sitemap.xml"\nmax_age_days = 1\n', hours=24.3).stored == 1


def test_links_of_a_section_page_are_taken_by_their_pattern(site, look):
    site.publish(1, 2)
    links = "".join(f'<a href="{path}">x</a>' for path in ("/news/1", "/about", "/news/2#comments", "/news/1"))
    site.routes["/section"] = answer(f"<html><body>{links}</body></html>".encode(), content_type="text/html")
    section = '[[input]]\nkind = "pages"\nurl = "SITE/section"\nlinks = "/news/\\\\d+$"\n'
    assert counts(look(section)) == {"discovered": 2, "stored": 2}
    assert site.requests_of("/about") == 0


def test_a_list_of_addresses_is_fetched_once(site, look, ask, tmp_path):
    site.publish(1, 2)
    urls = json.dumps([site.server.url("/news/1"), site.server.url("/news/2")])
    listed = f'recheck = []\n[[input]]\nkind = "pages"\nurls = {urls}\n'
    assert counts(look(listed)) == {"discovered": 2, "stored": 2}
    assert counts(look(listed, hours=1)) == {"discovered": 2, "unchanged": 2}
    assert site.requests_of("/news/1") == 1
    (tmp_path / "list.txt").write_text(f"# two\n{site.server.url('/news/1')}\n\nnot an address\n")
    filed = 'recheck = []\n[[input]]\nkind = "pages"\npath = "../../list.txt"\n'
    assert counts(look(filed, hours=2)) == {"discovered": 2, "unchanged": 1, "rejected": 1}


def test_only_what_is_due_is_looked_at_when_asked_so(site, look):
    site.publish(1, 2)
    site.feed(1)
    look(FEED)
    look(FEED, hours=0.05, due=True)
    assert site.requests_of("/feed") == 1
    look(FEED, hours=30, due=True)
    assert site.requests_of("/feed") == 2


def test_an_input_with_a_period_is_looked_at_at_that_distance(site, look, ask):
    site.publish(1, 2)
    site.feed(1)
    look(FEED, due=True)
    for hours, number in ((0.1, 1), (0.18, 2), (0.3, 2), (0.36, 3)):
        look(FEED + 'every = "10 minutes"\n', hours=hours, due=True)
        assert site.requests_of("/feed") == number, hours
    look(FEED + 'every = "2 days"\n', hours=1, due=True)
    site.routes["/feed"] = answer(b"gone", status="404 Not Found")
    look(FEED + 'every = "1 minute"\n', hours=1.1, due=True)
    look(FEED + 'every = "1 minute"\n', hours=1.2, due=True)
    assert site.requests_of("/feed") == 5, "a feed that fails is asked less often all the same"


def test_a_named_address_is_read_again_whatever_its_hours(site, look, ask):
    site.publish(1)
    site.feed(1)
    look(FEED)
    site.publish(1, title="Bakers of Lindau correct a number")
    run = look(FEED, hours=0.1, only=[site.server.url("/news/1")])
    assert counts(run) == {"discovered": 1, "stored": 1}
    assert site.requests_of("/feed") == 1


def test_a_wrong_feed_says_what_it_is(site, look):
    site.routes["/feed"] = answer(b"<html><body><h1>Please log in</h1></body></html>", content_type="text/html")
    run = look(FEED)
    assert run.status is RunStatus.FAILED
    assert "/feed: " in run.error


def test_the_sentence_on_a_sitemap_that_is_a_web_page_ends_once(site, look, ask):
    index = f"<sitemapindex><sitemap><loc>{site.server.url('/page')}</loc></sitemap></sitemapindex>"
    site.routes["/sitemap.xml"] = answer(index.encode(), content_type="text/xml")
    site.routes["/page"] = answer(b"<html><body><h1>Please log in</h1></body></html>", content_type="text/html")
    look('[[input]]\nkind = "sitemap"\nurl = "SITE/sitemap.xml"\n')
    [(skipped,)] = ask("SELECT skipped FROM polls WHERE skipped IS NOT NULL")
    assert skipped.endswith("for a login.")
    assert not skipped.endswith("..")
    [(error,)] = ask("SELECT error FROM polls WHERE error IS NOT NULL")
    assert error.endswith("ask for a login")


def test_a_headline_that_changes_is_seen_whatever_the_feed_once_said(site, look, ask):
    site.publish(1)
    site.feed(1)
    source = "recheck = [1]\n" + FEED
    look(source)
    site.publish(1, title="Bakers of Lindau give up on stone ovens")
    site.feed(etag='"gone"')
    assert look(source, hours=2).stored == 1
    assert ask("SELECT title FROM articles") == [("Bakers of Lindau give up on stone ovens",)]
    assert ask("SELECT changed, title_after FROM article_edits") == [
        (["headline"], "Bakers of Lindau give up on stone ovens")
    ]


def test_an_article_that_moved_is_not_taken_for_another_one(site, look, ask):
    section = 'recheck = [1]\n[[input]]\nkind = "pages"\nurl = "SITE/section"\nlinks = "/(news|moved)/"\n'

    def links(*paths: str) -> None:
        html = "".join(f'<a href="{path}">x</a>' for path in paths)
        site.routes["/section"] = answer(f"<html><body>{html}</body></html>".encode(), content_type="text/html")

    site.publish(1)
    links("/news/1")
    look(section)
    site.publish(1, path="/moved/{}", extra="It was said later that the rule holds from May.")
    site.routes["/news/1"] = answer(status="301 Moved Permanently", location="/moved/1")
    assert look(section, hours=2).stored == 1
    links("/moved/1")
    assert counts(look(section, hours=3)) == {"discovered": 1, "unchanged": 1}
    assert ask("SELECT url LIKE '%/news/1', text LIKE '%from May%' FROM articles") == [(True, True)]


def test_an_address_that_leads_to_a_known_article_is_its_duplicate(site, look, ask):
    site.publish(1)
    site.feed(1)
    look(FEED)
    site.publish(1, extra="It was said later that the rule holds from May.")
    site.routes["/short/1"] = redirect("/news/1")
    site.feed(1, path="/short/{}")
    assert counts(look(FEED, hours=0.5)) == {"discovered": 1, "duplicate": 1}
    assert ask("SELECT reason, detail LIKE 'redirects to%' FROM rejects_open") == [("duplicate", True)]


def test_an_article_that_moved_is_looked_at_again_where_it_is_only(site, look, ask):
    source = "recheck = [1, 3, 6]\n" + FEED
    site.publish(1)
    site.feed(1)
    look(source)
    site.publish(1, path="/moved/{}", extra="It was said later that the rule holds from May.")
    site.routes["/news/1"] = answer(status="301 Moved Permanently", location="/moved/1")
    site.feed(1, path="/moved/{}")  # the same guid
    for hours in (2, 4, 7):
        look(source, hours=hours)
    assert (site.requests_of("/news/1"), site.requests_of("/moved/1")) == (2, 4)
    assert ask("SELECT count(DISTINCT article_id), count(DISTINCT version_id) FROM article_versions") == [(1, 2)]


def test_a_gap_behind_a_server_that_lied_is_repaired_from_when_it_was_last_read(site, look, ask):
    site.routes["/robots.txt"] = answer(f"Sitemap: {site.server.url('/sitemap.xml')}\n".encode())
    site.publish(*range(12))
    site.feed(0, 1, 2, etag='"stuck"')
    look(FEED)
    site.routes["/feed"] = answer(status="304 Not Modified")
    look(FEED, hours=1.2)
    site.feed(9, 10, 11, etag='"stuck"')
    index = f"<sitemapindex><sitemap><loc>{site.server.url('/news-sitemap.xml')}</loc></sitemap></sitemapindex>"
    site.routes["/sitemap.xml"] = answer(index.encode(), content_type="text/xml")
    site.sitemap(*range(12))
    look(FEED, hours=3)
    assert ask("SELECT count(*) FROM articles") == [(12,)]


def test_what_a_killed_first_run_was_told_and_could_not_keep_is_looked_for(site, look, ask, settings):
    site.routes["/robots.txt"] = answer(f"Sitemap: {site.server.url('/news-sitemap.xml')}\n".encode())
    site.publish(*range(12))
    store = Store(settings.data)
    store.prepare()
    # Of such a run there is a row that says it began, and nothing else.
    killed = Run("killed", "lake", site.now - timedelta(minutes=1))
    store.land("runs", [killed], source_id="lake", key="killed", now=site.now)
    site.feed(9, 10, 11)
    site.sitemap(*range(12))
    assert look(FEED, hours=3).stored == 12
    assert ask("SELECT gap_suspected FROM polls WHERE endpoint LIKE '%/feed'") == [(True,)]
