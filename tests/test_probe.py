"""Probing invented sites on a real server: what is found, what is chosen, what is said, and that it stays polite."""

from __future__ import annotations

import tomllib
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest

from config.errors import ConfigError
from config.settings import Settings
from config.sources import load_source
from flows.cli.probe import show_added, show_probe
from flows.ingestion.process_pool import Workers
from flows.site_setup.probe import Probe, probe
from flows.site_setup.propose import add_source, facts
from flows.site_setup.site_survey import MAX_REQUESTS, Survey
from tasks.http.fetcher import Fetcher
from tests.support.webserver import Route, WebServer, answer, redirect, settings
from warehouse.model.records import Article, Rejection
from warehouse.model.vocabulary import Reason

NOW = datetime.now(UTC).replace(microsecond=0)
PARAGRAPHS = (
    "The ferry across the river stopped on Monday after its keeper found a crack in the older of the two pontoons.",
    "Engineers from the county looked at the damage for three hours and said that the repair would take until Friday.",
    "Until then a bus goes round by the stone bridge twice an hour, and farmers may bring their carts over at dawn.",
    "The keeper, who has worked there for thirty years, said that she had never seen the water so low in this month.",
    "A meeting about a new crossing is planned in the school hall, where drawings of two designs will be on show.",
)


def page(number: int, body: str | None = None) -> bytes:
    text = "".join(f"<p>{paragraph}</p>" for paragraph in PARAGRAPHS) if body is None else body
    when = (NOW - timedelta(hours=number)).isoformat()
    return answer(
        f"<!DOCTYPE html><html lang='en'><head><title>Ferry stops for the {number}th time</title>"
        f"<meta property='article:published_time' content='{when}'><meta name='author' content='Ada Rook'></head>"
        f"<body><article><h1>Ferry stops for the {number}th time</h1>{text}</article></body></html>".encode(),
        content_type="text/html; charset=utf-8",
    )


def rss(numbers: range, title: str = "The River Post", content: str = "", comment: str = "") -> bytes:
    items = "".join(
        f"<item><title>Story {n}</title><link>/story/{n}{comment}</link><guid isPermaLink='false'>s{n}{comment}</guid>"
        f"<pubDate>{format_datetime(NOW - timedelta(hours=n))}</pubDate>{content}</item>"
        for n in numbers
    )
    declared = "xmlns:content='http://purl.org/rss/1.0/modules/content/'"
    return answer(
        f"<rss version='2.0' {declared}><channel><title>{title}</title>{items}</channel></rss>".encode(),
        content_type="application/rss+xml",
    )


def atom(numbers: range) -> bytes:
    entries = "".join(
        f"<entry><title>Story {n}</title><id>urn:s{n}</id><link href='story/{n}'/>"
        f"<updated>{(NOW - timedelta(hours=n)).isoformat()}</updated><author><name>Ada Rook</name></author></entry>"
        for n in numbers
    )
    return answer(
        f"<feed xmlns='http://www.w3.org/2005/Atom' xml:lang='en'><title>Atoms</title>{entries}</feed>".encode(),
        content_type="application/atom+xml",
    )


def sitemap(site: str, numbers: range, news: bool = False) -> bytes:
    def entry(number: int) -> str:
        when = (NOW - timedelta(hours=number)).isoformat()
        about = (
            f"<n:news><n:publication><n:name>Post</n:name><n:language>en</n:language></n:publication>"
            f"<n:publication_date>{when}</n:publication_date><n:title>Story {number}</n:title></n:news>"
            if news
            else f"<lastmod>{when}</lastmod>"
        )
        return f"<url><loc>{site}/story/{number}</loc>{about}</url>"

    declared = (
        "xmlns='http://www.sitemaps.org/schemas/sitemap/0.9' xmlns:n='http://www.google.com/schemas/sitemap-news/0.9'"
    )
    return answer(f"<urlset {declared}>{''.join(map(entry, numbers))}</urlset>".encode(), content_type="text/xml")


def home(*feeds: str, body: str = "") -> bytes:
    links = "".join(f"<link rel='alternate' type='application/rss+xml' href='{feed}'>" for feed in feeds)
    name = "<meta property='og:site_name' content='The River Post'>"
    return answer(
        f"<!DOCTYPE html><html lang='en'><head>{name}{links}</head><body>{body}</body></html>".encode(),
        content_type="text/html",
    )


def stories(numbers: range) -> dict[str, Route]:
    return {f"/story/{number}": page(number) for number in numbers}


def quick(tmp_path: Path) -> Settings:
    return settings(config=tmp_path / "config", workers=1)


def look_whole(server: WebServer, tmp_path: Path, path: str = "/", **options: str) -> Probe:
    return probe(server.url(path), quick(tmp_path), delay=0.01, allow_private=True, **options)


def look(workers: Workers, routes: dict[str, Route], path: str = "/") -> tuple[Survey, WebServer]:
    """Only the search for feeds and sitemaps."""
    with WebServer(routes) as server, Fetcher(settings()) as fetcher:
        survey = Survey(fetcher, workers, settings(), 0.0, True, NOW, lambda _: None)
        survey.run(server.url(path))
        return survey, server


def entry_counts(survey: Survey, server: WebServer) -> dict[str, int]:
    return {listing.url.removeprefix(server.url("")): listing.entries for listing in survey.listings}


# Looking for feeds and sitemaps


def test_declared_feeds_are_read_and_that_of_comments_is_not(workers):
    routes = {
        "/": home("/rss", "/sport/rss", "/comments/feed/", "/story/1/feed/"),
        "/rss": rss(range(20)),
        "/sport/rss": rss(range(0, 20, 4)),
        "/story/1/feed/": rss(range(3), comment="#comment-1"),
    }
    survey, server = look(workers, routes)
    assert entry_counts(survey, server) == {"/rss": 20, "/sport/rss": 5}
    assert "/comments/feed/" not in server.paths
    assert any(request.outcome == "a feed of comments" for request in survey.requests)


def test_a_feed_that_no_page_names_is_found_at_a_usual_path(workers):
    survey, server = look(workers, {"/": home(), "/rss.xml": rss(range(9))})
    assert entry_counts(survey, server) == {"/rss.xml": 9}
    assert server.paths.index("/feed") < server.paths.index("/rss.xml")


def test_a_search_without_end_is_cut_off(workers):
    feeds = [f"/f{number}/rss" for number in range(100)]
    survey, server = look(workers, {"/": home(*feeds)})
    assert survey.listings == []
    assert len(server.requests) <= MAX_REQUESTS + 1  # and robots.txt


def test_links_that_robots_forbids_are_not_gone_through_for_ever(workers):
    routes = {"/robots.txt": answer(b"User-agent: *\nDisallow: /f\n"), "/": home(*(f"/f{n}/rss" for n in range(2_000)))}
    survey, server = look(workers, routes)
    assert len(survey.requests) < 60
    assert not any(path.startswith("/f") for path in server.paths)


def test_a_home_page_behind_redirects_gives_its_feeds(workers):
    routes = {"/": redirect("/en", "301 Moved Permanently"), "/en": redirect("/en/"), "/en/": home("rss")}
    survey, server = look(workers, {**routes, "/en/rss": rss(range(4))})
    assert entry_counts(survey, server) == {"/en/rss": 4}


def test_the_feeds_of_an_article_without_any_are_looked_for_on_the_home_page(workers):
    routes = {"/": home("/rss"), "/rss": rss(range(4)), **stories(range(2))}
    survey, server = look(workers, routes, "/story/1")
    assert entry_counts(survey, server) == {"/rss": 4}
    assert survey.front.name == "The River Post"


def test_a_page_that_lists_feeds_is_followed(workers):
    listed = home(body="<a href='/all.rss'>All</a><a href='/art.rss'>Art</a>")
    routes = {"/": home(body="<a href='/feeds'>Feeds</a>"), "/feeds": listed, "/all.rss": rss(range(4))}
    survey, server = look(workers, routes)
    assert entry_counts(survey, server) == {"/all.rss": 4}


def test_two_addresses_of_one_feed_are_one(workers):
    survey, _ = look(workers, {"/": home("/feed", "/rss"), "/feed": redirect("/rss"), "/rss": rss(range(4))})
    assert len(survey.listings) == 1


def test_a_feed_that_moved_for_good_is_named_by_where_it_is(workers):
    routes = {"/": home("/feed"), "/feed": redirect("/rss", "301 Moved Permanently"), "/rss": rss(range(4))}
    survey, server = look(workers, routes)
    assert entry_counts(survey, server) == {"/rss": 4}


def test_the_links_of_an_atom_feed_are_made_absolute(workers):
    survey, server = look(workers, {"/": home("/atom.xml"), "/atom.xml": atom(range(4))})
    assert survey.listings[0].listing.entries[0].url == server.url("/story/0")
    assert survey.listings[0].dated == survey.listings[0].credited == 1.0


def test_sitemaps_that_robots_names_are_read_the_news_one_first(workers):
    with WebServer({"/": home(), "/rss": rss(range(4))}) as server, Fetcher(settings()) as fetcher:
        lines = "".join(f"Sitemap: {server.url(path)}\n" for path in ("/sitemap.xml", "/sitemap-news.xml"))
        server.routes["/robots.txt"] = answer(f"User-agent: *\nCrawl-delay: 0.1\n{lines}".encode())
        server.routes["/sitemap-news.xml"] = sitemap(server.url(""), range(30), news=True)
        survey = Survey(fetcher, workers, settings(), 0.0, True, NOW, lambda _: None)
        survey.run(server.url("/"))
        assert entry_counts(survey, server) == {"/rss": 4, "/sitemap-news.xml": 30}
        assert "/sitemap.xml" not in server.paths
        assert survey.crawl_delay() == 0.1
        assert "asks for 0.1 seconds between requests; sitemaps named: 2" in survey.robots_summary()


def test_of_an_index_one_part_is_read_and_the_index_is_the_input(workers):
    with WebServer({"/": home()}) as server, Fetcher(settings()) as fetcher:
        parts = "".join(
            f"<sitemap><loc>{server.url(f'/posts-{month}.xml')}</loc><lastmod>{month}-28</lastmod></sitemap>"
            for month in ("2026-01", "2026-03", "2026-02")
        )
        server.routes["/sitemap.xml"] = answer(f"<sitemapindex>{parts}</sitemapindex>".encode())
        server.routes["/posts-2026-03.xml"] = sitemap(server.url(""), range(12))
        survey = Survey(fetcher, workers, settings(), 0.0, True, NOW, lambda _: None)
        survey.run(server.url("/"))
        assert entry_counts(survey, server) == {"/sitemap.xml": 12}
        assert not {"/posts-2026-01.xml", "/posts-2026-02.xml"} & set(server.paths)


@pytest.mark.parametrize(
    "body",
    [
        b"<rss version='2.0'><channel><item>",
        b"<!DOCTYPE r [<!ENTITY a 'aaaaaaaaaa'><!ENTITY b '&a;&a;&a;&a;'>]><rss><channel><title>&b;</title></channel></rss>",
        b"\x1f\x8b broken",
        b"",
        b"<urlset>",
        b'{"version": "https://jsonfeed.org/version/1.1", "items": 7}',
    ],
)
def test_a_damaged_listing_is_told_and_nothing_more(workers, body):
    survey, _ = look(workers, {"/": home("/rss"), "/rss": answer(body)})
    assert survey.listings == []
    assert all(request.outcome for request in survey.requests)


def test_a_server_in_trouble_is_left_alone(workers):
    survey, server = look(workers, {"/": answer(status="503 Service Unavailable")})
    assert "503" in (survey.problem or "")
    assert set(server.paths) == {"/robots.txt", "/"}


def test_a_site_is_asked_no_faster_than_it_may_be(workers):
    feeds = ("/a.rss", "/b.rss", "/c.rss")
    with WebServer({"/": home(*feeds)}) as server, Fetcher(settings()) as fetcher:
        Survey(fetcher, workers, settings(), 0.15, True, NOW, lambda _: None).run(server.url("/"))
    times = [time for time, path in zip(server.times, server.paths, strict=True) if path != "/robots.txt"]
    assert len(times) > 3
    # The whole, as single requests may be late.
    assert times[-1] - times[0] > 0.14 * (len(times) - 1)


# Whole probes


def test_a_site_with_two_feeds_that_share_all_becomes_a_source_of_one(tmp_path, capsys):
    routes = {
        "/": home("/rss", "/sport/rss"),
        "/rss": rss(range(20)),
        "/sport/rss": rss(range(0, 20, 4)),
        **stories(range(20)),
    }
    with WebServer(routes) as server:
        server.routes["/news-sitemap.xml"] = sitemap(server.url(""), range(40), news=True)
        tried = look_whole(server, tmp_path)
        assert [listing.url for listing in tried.chosen] == [server.url("/rss")]
        assert len(tried.samples) == 5
        assert all(isinstance(sample.result, Article) and sample.quality > 0.8 for sample in tried.samples)
        assert show_probe(tried) == 0
        output = capsys.readouterr()
        declared = tomllib.loads(output.out)
        (tmp_path / "river.toml").write_text(output.out, "utf-8")
        assert load_source(tmp_path / "river.toml").input == tried.source.input
        assert declared["title"] == "The River Post"
        assert declared["language"] == "en"
        assert declared["allow_private"] is True
        assert declared["input"] == [
            {"kind": "feed", "url": server.url("/rss"), "sitemap": server.url("/news-sitemap.xml")}
        ]
        assert declared["expect"]["articles_per_day"] == 12
        assert (declared["schedule"], declared["delay"]) == ("every 60 minutes", 0.01)
        assert "timezone" not in declared
        assert "16th time" in output.err
        comments = "\n".join(facts(tried))
        assert f"left out: {server.url('/sport/rss')}, 100% of it is in the others" in comments
        assert "5 articles tried, 5 read" in comments


def test_a_site_without_a_feed_is_read_by_its_sitemap_and_not_back_to_its_first_day(tmp_path):
    with WebServer({"/": home(), **stories(range(30))}) as server:
        server.routes["/sitemap.xml"] = sitemap(server.url(""), range(30))
        tried = look_whole(server, tmp_path, source_id="river")
    assert tried.source is not None
    assert tried.source.id == "river"
    assert [entry.model_dump(exclude_defaults=True) for entry in tried.source.input] == [
        {"kind": "sitemap", "url": server.url("/sitemap.xml"), "max_age_days": 7.0}
    ]


def test_a_feed_given_is_the_feed_read(tmp_path):
    routes = {"/": home("/rss"), "/rss": rss(range(20)), "/art.rss": rss(range(3, 5), title="Art"), **stories(range(9))}
    with WebServer(routes) as server:
        tried = look_whole(server, tmp_path, "/art.rss")
    assert tried.source is not None
    assert tried.source.title == "Art"
    assert [listing.url for listing in tried.chosen] == [server.url("/art.rss")]
    assert "/rss" not in server.paths
    assert any("too few dates" in fact for fact in facts(tried))


def test_a_feed_given_that_cannot_be_read_is_told_with_its_reason(tmp_path):
    with WebServer({"/rss": answer(b"<rss version='2.0'><channel></channel></rss>")}) as server:
        tried = look_whole(server, tmp_path, "/rss")
    assert tried.source is None
    assert "without entries" in (tried.problem or "")


def test_a_site_that_forbids_everything_is_not_asked_and_the_reason_is_told(tmp_path, capsys):
    routes = {"/robots.txt": answer(b"User-agent: *\nDisallow: /\n"), "/": home("/rss"), "/rss": rss(range(9))}
    with WebServer(routes) as server:
        tried = look_whole(server, tmp_path)
    assert server.paths == ["/robots.txt"]
    assert show_probe(tried) == 1
    assert "robots.txt does not let" in capsys.readouterr().err


def test_articles_that_robots_forbids_are_told_and_a_feed_of_whole_texts_is_read_instead(tmp_path):
    text = "".join(f"<p>{paragraph}</p>" for paragraph in PARAGRAPHS * 2)
    routes = {
        "/robots.txt": answer(b"User-agent: *\nDisallow: /story/\n"),
        "/": home("/rss"),
        "/rss": rss(range(9), content=f"<content:encoded><![CDATA[{text}]]></content:encoded>"),
    }
    with WebServer(routes) as server:
        tried = look_whole(server, tmp_path)
    assert {sample.result.reason for sample in tried.samples if isinstance(sample.result, Rejection)} == {
        Reason.DISALLOWED
    }
    assert tried.source is not None
    assert tried.source.input[0].full_text
    assert any("may not be fetched" in fact for fact in facts(tried))


def test_pages_that_only_scripts_fill_are_told_and_not_added(tmp_path, capsys):
    frame = answer(b"<html><body><div id='root'></div><script src='/app.js'></script></body></html>")
    routes = {"/": home("/rss"), "/rss": rss(range(9)), **{f"/story/{n}": frame for n in range(9)}}
    with WebServer(routes) as server:
        code = show_added(add_source(server.url("/"), quick(tmp_path), delay=0.0, allow_private=True))
    assert code == 1
    assert "only after scripts have run" in capsys.readouterr().err
    assert not (tmp_path / "config").exists()


def test_a_source_is_added_once_and_never_over_another(tmp_path, capsys):
    (tmp_path / "config" / "sources").mkdir(parents=True)
    routes = {"/": home("/rss"), "/rss": rss(range(9)), **stories(range(9))}
    with WebServer(routes) as server:
        options = {"source_id": "river", "delay": 0.0, "allow_private": True}
        assert show_added(add_source(server.url("/"), quick(tmp_path), **options)) == 0
        written = tmp_path / "config" / "sources" / "river.toml"
        assert load_source(written).input[0].url == server.url("/rss")
        assert "copydesk run river" in capsys.readouterr().out
        count = len(server.requests)
        with pytest.raises(ConfigError, match="--id"):
            add_source(server.url("/"), quick(tmp_path), **options)
        assert len(server.requests) == count
        assert load_source(written).title == "The River Post"


def test_an_address_where_nobody_answers_is_told_in_one_sentence(tmp_path, capsys):
    tried = probe("http://127.0.0.1:1/", quick(tmp_path), delay=0.0, allow_private=True)
    assert show_probe(tried) == 1
    output = capsys.readouterr()
    assert output.out == ""
    assert "no connection" in output.err.splitlines()[-1]


@pytest.mark.parametrize("url", ["http://user:s3cret@river.example/", "ftp://river.example/", "http://", "http://["])
def test_what_is_no_address_is_refused_before_anything_is_asked(tmp_path, url):
    with pytest.raises(ConfigError) as refusal:
        probe(url, quick(tmp_path), delay=0.0)
    assert "s3cret" not in str(refusal.value)


def test_a_private_address_is_asked_for_only_where_that_is_allowed(tmp_path):
    with WebServer({"/": home("/rss")}) as server:
        tried = probe(server.url("/"), quick(tmp_path), delay=0.0)
    assert server.requests == []
    assert "loopback" in (tried.problem or "")
    assert "--allow-private of `sources probe`" in (tried.problem or "")


def test_an_id_that_cannot_be_one_is_refused_before_anything_is_asked(tmp_path):
    with pytest.raises(ConfigError, match="a-z"):
        probe("http://127.0.0.1:1/", quick(tmp_path), source_id="No Id")
