"""What is passed over is counted and named: in `polls.skipped`, in the run's line, in the health of the source."""

from __future__ import annotations

from datetime import timedelta

import pytest

from config.sources import load_source
from flows.monitoring.health import load_health, problems
from tasks.discover import discover, listed_documents, reader_of
from tasks.listings.feeds import read_feed
from tasks.listings.input_reader import InputError, ReadContext
from tasks.listings.sitemaps import read_sitemap
from tests.support.polled import FEED, counts, page
from tests.support.webserver import answer
from warehouse.model.records import Fetched
from warehouse.model.vocabulary import RunStatus

SITEMAP = '[[input]]\nkind = "sitemap"\nurl = "SITE/sitemap.xml"\n'
URL = "https://paper.example/map.xml"


def notice(number: int, link: str = "<link>SITE/notices</link>", guid: str = "notice-{}") -> str:
    body = page(number).split("</h1>")[1].split("</article>")[0]
    own_id = f"<guid isPermaLink='false'>{guid.format(number)}</guid>" if guid else ""
    return f"<item><title>Notice {number}</title>{link}{own_id}<description><![CDATA[{body}]]></description></item>"


def serve(site, *items: str) -> None:
    rss = f"<rss version='2.0'><channel><title>Board</title>{''.join(items)}</channel></rss>"
    content = rss.replace("SITE", site.server.url("")).encode()
    site.routes["/feed"] = answer(content, content_type="application/rss+xml")


@pytest.mark.parametrize("link", ["<link>SITE/notices</link>", ""])
def test_articles_that_share_a_link_or_have_none_are_told_apart(site, look, ask, link):
    serve(site, notice(1, link), notice(2, link), notice(1, link))
    assert counts(look(FEED + "full_text = true\n")) == {"discovered": 2, "stored": 2}
    # The newest stands on top: the others are still themselves.
    serve(site, notice(3, link), notice(2, link), notice(1, link))
    assert counts(look(FEED + "full_text = true\n", hours=1)) == {"discovered": 3, "stored": 1, "unchanged": 2}
    assert ask("SELECT title FROM articles ORDER BY title") == [("Notice 1",), ("Notice 2",), ("Notice 3",)]
    assert ask("SELECT count(DISTINCT article_id), count(DISTINCT url) FROM articles") == [(3, 3)]


def test_entries_that_share_a_page_are_counted_and_named(site, look, ask, settings, tmp_path):
    site.publish(1, path="/notices")
    serve(site, notice(1), notice(2), notice(3), "<item><title>No link</title></item>")
    run = look(FEED)
    assert (run.status, run.stored) == (RunStatus.SUCCEEDED, 1)
    skipped = "1 entry has no web address and was skipped. 2 entries have the address of another and were passed over."
    assert ask("SELECT skipped FROM polls") == [(skipped,)]
    assert run.skipped == f"{site.server.url('/feed')}: {skipped}"
    health = load_health(settings.data, site.now + timedelta(hours=1))["lake"]
    assert [row["skipped"] for row in health.endpoints] == [skipped]
    source = load_source(tmp_path / "config" / "sources" / "lake.toml")
    assert run.skipped in problems("lake", source, health, site.now + timedelta(hours=1))


def test_what_is_whole_passes_nothing_over(site, look, ask):
    site.publish(1)
    site.feed(1)
    assert look(FEED).skipped is None
    assert ask("SELECT skipped FROM polls") == [(None,)]


def test_the_parts_of_a_sitemap_are_read_whatever_its_root_is():
    parts = (
        "<sitemap><loc>https://paper.example/a.xml</loc><loc>https://paper.example/b.xml</loc></sitemap>"
        "<url><loc>https://paper.example/1</loc><loc>https://paper.example/2</loc><lastmod>2026-03-01</lastmod></url>"
        "<url><lastmod>2026-03-01</lastmod></url><sitemap/>"
    )
    for root in ("urlset", "sitemapindex"):
        listing = read_sitemap(f"<{root}>{parts}</{root}>".encode(), URL)
        assert [entry.url for entry in listing.entries] == ["https://paper.example/1", "https://paper.example/2"]
        assert [child.url for child in listing.children] == [
            "https://paper.example/a.xml",
            "https://paper.example/b.xml",
        ]
        assert listing.damage == "2 entries have no web address and were skipped."


def index(site, at: str, *paths: str) -> None:
    maps = "".join(f"<sitemap><loc>{site.server.url(path)}</loc></sitemap>" for path in paths)
    site.routes[at] = answer(f"<sitemapindex>{maps}</sitemapindex>".encode(), content_type="text/xml")


def test_an_endless_chain_of_indexes_starves_no_sitemap_and_its_end_is_told(site, look, ask):
    site.publish(1, 2)
    site.sitemap(1, at="/real.xml")
    site.sitemap(2, at="/deep.xml")
    index(site, "/sitemap.xml", "/sitemap.xml", "/chain-1.xml", "/real.xml")
    for number in range(1, 40):
        index(site, f"/chain-{number}.xml", f"/chain-{number + 1}.xml", *(["/deep.xml"] if number == 2 else []))
    run = look(SITEMAP)
    assert (run.status, run.stored) == (RunStatus.SUCCEEDED, 2)
    assert sum(path.startswith("/chain") for path in site.server.paths) == 5
    assert "Its indexes name others more than 5 deep; those below were not read." in run.skipped
    assert ask(f"SELECT skipped FROM polls WHERE endpoint = '{site.server.url('/sitemap.xml')}'") == [
        ("Its indexes name others more than 5 deep; those below were not read.",)
    ]


def test_a_sitemap_of_an_index_that_fails_is_named_in_the_line_of_the_run(site, look):
    site.publish(1)
    site.sitemap(1, at="/real.xml")
    index(site, "/sitemap.xml", "/gone.xml", "/real.xml")
    run = look(SITEMAP)
    assert (run.status, run.stored) == (RunStatus.SUCCEEDED, 1)
    assert f"{site.server.url('/gone.xml')}: 127.0.0.1: answered 404 Not Found." in run.skipped


def test_a_listing_that_gives_nothing_because_of_damage_fails_the_run(site, look):
    damaged = b"<urlset><url/></urlset>"
    site.routes["/sitemap.xml"] = answer(damaged, content_type="text/xml")
    run = look(SITEMAP)
    assert run.status == RunStatus.FAILED
    assert "nothing could be read of it" in run.error
    site.routes["/sitemap.xml"] = answer(b"<urlset></urlset>", content_type="text/xml")
    assert look(SITEMAP, hours=1).status == RunStatus.SUCCEEDED


def test_a_host_whose_robots_txt_cannot_be_had_is_named_in_the_line_of_the_run(site, look):
    site.feed(1)
    other = site.server.url("/news/2").replace("127.0.0.1", "localhost")
    site.routes["/feed"] = answer(site.rss(2).replace(site.server.url("/news/2"), other).encode())
    site.routes["/robots.txt"] = [
        answer(b""),
        answer(status="500 Oops"),
        answer(status="500 Oops"),
        answer(status="500 Oops"),
    ]
    run = look(FEED)
    assert counts(run) == {"discovered": 1, "pending": 1}
    assert "localhost" in run.skipped
    assert "its pages wait" in run.skipped


HTML = b"<!doctype html><html><head><title>Lake</title><style>p {color: red}</style></head><body>Hello</body></html>"


@pytest.mark.parametrize(
    ("robots_answer", "is_named"),
    [
        (answer(HTML, content_type="text/html"), True),
        (answer(b"it works"), True),
        (answer(HTML, status="404 Not Found", content_type="text/html"), False),
        (answer(b""), False),
        (answer(b"# none\n"), False),
        (answer(b"\xef\xbb\xbfuser agent: *\nDisallow:\n"), False),
    ],
)
def test_a_host_whose_robots_txt_is_none_is_named_once_in_the_line_of_the_run(site, look, robots_answer, is_named):
    site.publish(1, 2)
    site.feed(1, 2)
    site.routes["/robots.txt"] = robots_answer
    run = look(FEED)
    assert counts(run) == {"discovered": 2, "stored": 2}
    assert (run.skipped or "").count("what it sends as its robots.txt is none") == is_named


def read(tmp_path, settings, now, toml: str):
    path = tmp_path / "lake.toml"
    path.write_text(f'title = "Lake"\n[[input]]\n{toml}\n')
    source = load_source(path)
    context = ReadContext(settings, now)
    try:
        documents = list(discover(source, source.input[0], context))
    except InputError as error:
        documents = [error]
    return documents, context.skipped


def test_files_of_a_folder_that_are_passed_over_are_named(tmp_path, settings, now):
    folder, elsewhere = tmp_path / "pages", tmp_path / "elsewhere"
    for name in (folder, elsewhere, folder / ".hidden"):
        name.mkdir()
    for name in ("a.txt", "b.pdf", "c.docx", ".hidden/d.pdf", "e.html.gz"):
        (folder / name).write_text("x")
    (folder / "linked").symlink_to(elsewhere, target_is_directory=True)
    documents, skipped = read(tmp_path, settings, now, 'kind = "folder"\npath = "pages"')
    assert len(documents) == 2
    assert skipped == [
        "2 files were passed over, as not named .txt, .md, .html, .htm: b.pdf, c.docx.",
        "1 linked folder was not entered; give it an input of its own: linked.",
    ]
    assert read(tmp_path, settings, now, 'kind = "folder"\npath = "pages"\nglob = "*.txt"')[1] == []


def test_files_of_a_folder_of_archives_that_are_passed_over_are_named(tmp_path, settings, now):
    folder, elsewhere = tmp_path / "crawl", tmp_path / "elsewhere"
    for name in (folder / "2025", elsewhere):
        name.mkdir(parents=True)
    for name in ("a.warc", "2025/b.warc.open", "crawl.log", ".lock"):
        (folder / name).write_bytes(b"")
    (folder / "linked").symlink_to(elsewhere, target_is_directory=True)
    _, skipped = read(tmp_path, settings, now, 'kind = "warc"\npath = "crawl"')
    files, linked, *_ = skipped
    assert files.startswith("2 files were passed over, as not named .warc, ")
    assert files.endswith(": 2025/b.warc.open, crawl.log.")
    assert linked == "1 linked folder was not entered; give it an input of its own: linked."


def test_a_warc_file_without_pages_says_what_it_holds(tmp_path, settings, now):
    record = b"WARC/1.0\r\nWARC-Type: metadata\r\nWARC-Record-ID: <urn:x:1>\r\nContent-Length: 2\r\n\r\n{}\r\n\r\n"
    (tmp_path / "x.warc.wat").write_bytes(record * 3)
    documents, skipped = read(tmp_path, settings, now, 'kind = "warc"\npath = "x.warc.wat"')
    assert documents == []
    assert len(skipped) == 1
    assert skipped[0].endswith("x.warc.wat: It holds no pages, only other records: 3 metadata.")


def test_entries_of_a_whole_feed_without_address_or_id_are_counted(tmp_path):
    listing = read_feed(
        b"<rss version='2.0'><channel><item><title>x</title></item></channel></rss>", URL, holds_articles=True
    )
    assert (listing.entries, listing.damage) == ((), "1 entry has no web address and was skipped.")
    path = tmp_path / "lake.toml"
    path.write_text('title = "Lake"\n[[input]]\nkind = "feed"\nurl = "https://paper.example/feed"\nfull_text = true\n')
    source = load_source(path)
    rss = b"<rss version='2.0'><channel><item><guid isPermaLink='false'>7</guid><description>a</description></item></channel></rss>"
    feed = reader_of(source, source.input[0]).read_listing(rss, "https://paper.example/feed", None, None)
    (document,) = listed_documents(source, source.input[0], feed, "https://paper.example/feed", None)
    assert isinstance(document, Fetched)
    assert document.item.url == "https://paper.example/feed#id=7"


def test_what_robots_txt_forbids_is_refused_and_waits_for_nothing(site, look):
    site.publish(1, path="/closed/{}")
    site.feed(1, path="/closed/{}")
    run = look(FEED)
    assert run.skipped is None
    assert counts(run) in ({"discovered": 1, "failed": 1}, {"discovered": 1, "rejected": 1})
