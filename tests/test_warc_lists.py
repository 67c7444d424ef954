"""WARC files in folders, in lists and at addresses."""

from __future__ import annotations

import gzip
from datetime import UTC, datetime

import pytest

from flows.ingest import ingest
from flows.ingestion.process_pool import Workers
from tasks.files.warc import read_warcs
from tasks.files.warc_files import input_url
from tasks.http.fetcher import Fetcher
from tasks.listings.input_reader import InputError, ReadContext
from tests.support.polled import page
from tests.support.warc_files import HTML, PAGE, http, record, urls
from tests.support.webserver import Clock, WebServer, answer
from tests.support.webserver import settings as local_settings
from warehouse.connect import connect


def test_files_of_a_list_that_are_missing_or_damaged_are_named_and_the_others_read(read_warc, tmp_path):
    (tmp_path / "1.warc").write_bytes(record("https://e.example/1"))
    (tmp_path / "3.warc").write_bytes(record("https://e.example/3")[:-40])
    (tmp_path / "4.warc").write_bytes(record("https://e.example/4"))
    documents, problem = read_warc(b"1.warc\n2.warc\n3.warc\n4.warc\n", "list.paths")
    assert urls(documents) == ["https://e.example/1", "https://e.example/4"]
    assert "2.warc: " in problem
    assert problem.endswith(f"; nor were read whole: {tmp_path / '3.warc'}")


def test_a_folder_is_read_in_the_order_of_the_names_and_a_bad_file_hides_no_other(read_warc, tmp_path):
    (tmp_path / "crawl" / "deep").mkdir(parents=True)
    (tmp_path / "crawl" / "b.warc.gz").write_bytes(gzip.compress(record("https://e.example/b"), mtime=0))
    (tmp_path / "crawl" / "deep" / "c.WARC").write_bytes(record("https://e.example/c"))
    (tmp_path / "crawl" / "a.warc").write_bytes(b"broken")
    (tmp_path / "crawl" / ".d.warc").write_bytes(record("https://e.example/d"))
    (tmp_path / "crawl" / "notes.txt").write_text("nothing")
    documents, problem = read_warc(None, path="crawl")
    assert urls(documents) == ["https://e.example/b", "https://e.example/c"]
    assert documents[0].item.found_in == (tmp_path / "crawl" / "b.warc.gz").as_uri()
    assert "a.warc: it is not a WARC file" in problem


@pytest.mark.parametrize("follow", [False, True])
def test_links_that_lead_out_of_a_folder_are_read_only_where_the_source_says_so(read_warc, tmp_path, follow):
    (tmp_path / "crawl").mkdir()
    (tmp_path / "away.warc").write_bytes(record("https://e.example/away"))
    (tmp_path / "crawl" / "a.warc").write_bytes(record("https://e.example/a"))
    (tmp_path / "crawl" / "b.warc").symlink_to("a.warc")
    (tmp_path / "crawl" / "c.warc").symlink_to("../away.warc")
    documents, problem = read_warc(None, path="crawl", more="follow_links = true" if follow else "")
    inside = ["https://e.example/a"] * 2
    assert urls(documents) == ([*inside, "https://e.example/away"] if follow else inside)
    assert problem == (
        ""
        if follow
        else f"{tmp_path / 'crawl' / 'c.warc'}: a link to what lies outside the folder; "
        "leave it out, or set follow_links = true to take it"
    )


def test_a_folder_without_warcs_is_told(read_warc, tmp_path):
    (tmp_path / "crawl").mkdir()
    assert "crawl: holds no .warc" in read_warc(None, path="crawl")[1]


@pytest.mark.parametrize("name", ["crawl.paths", "crawl.txt", "warc.paths.gz", "paths.gz"])
def test_a_list_names_files_beside_it_or_behind_a_prefix(read_warc, tmp_path, name):
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / "a.warc").write_bytes(record("https://e.example/a"))
    (tmp_path / "set" / "b.warc").write_bytes(record("https://e.example/b"))
    content = "# both\n\nset/b.warc\r\nset/missing.warc\nset/a.warc\n".encode("utf-8-sig")
    packed = gzip.compress(content, mtime=0) if name.endswith(".gz") else content
    documents, problem = read_warc(packed, name)
    assert urls(documents) == ["https://e.example/b", "https://e.example/a"]
    assert "missing.warc: cannot be read: no such file" in problem
    documents, problem = read_warc(content.replace(b"set/", b"/"), "crawl.paths", f'prefix = "{tmp_path}/set/"')
    assert urls(documents) == ["https://e.example/b", "https://e.example/a"]


@pytest.fixture
def read_from(warc_source_of, now):
    """Read what is at a path of a server with these routes; return the documents and the problem that ended it."""

    def read_address(routes: dict, path: str, more: str = ""):
        with WebServer({"/robots.txt": answer(status="404 Not Found"), **routes}) as server:
            more = more.replace("SERVER", server.url(""))
            source = warc_source_of(f'url = "{server.url(path)}"\n{more}')
            source = source.model_copy(update={"allow_private": True, "delay": 0.0})
            documents, problem = [], ""
            try:
                documents.extend(iter(read_warcs(source, source.input[0], ReadContext(local_settings(), now))))
            except InputError as error:
                problem = str(error)
        return documents, problem.replace(server.url(""), "")

    return read_address


def test_a_file_at_an_address_is_read(read_from):
    packed = gzip.compress(record("https://e.example/a"), mtime=0)
    (page,), problem = read_from({"/a.warc.gz": answer(packed, content_type="application/warc")}, "/a.warc.gz")
    assert (page.content, problem) == (PAGE, "")
    assert page.item.found_in.endswith("/a.warc.gz")
    assert read_from({}, "/a.warc")[1].startswith("/a.warc: 127.0.0.1: answered 404")


@pytest.mark.parametrize(
    ("lines", "more"), [("sub/a.warc", ""), ("/x/sub/a.warc", ""), ("sub/a.warc", 'prefix = "SERVER/x/"')]
)
def test_a_list_at_an_address_names_files_beside_it_or_behind_a_prefix(read_from, lines, more):
    routes = {"/x/warc.paths": answer(lines.encode()), "/x/sub/a.warc": answer(record("https://e.example/a"))}
    documents, problem = read_from(routes, "/x/warc.paths", more)
    assert (urls(documents), problem) == (["https://e.example/a"], "")


@pytest.mark.parametrize(
    ("line", "more"), [("secret.warc", "prefix = '/home'"), ("file:///home/secret.warc", ""), ("s3://b/a.warc", "")]
)
def test_a_list_at_an_address_cannot_name_a_file_of_this_machine(read_from, line, more):
    documents, problem = read_from({"/warc.paths": answer(b"# ours\n" + line.encode())}, "/warc.paths", more)
    assert documents == []
    assert problem == "/warc.paths, line 2: a list at an address may name only http and https addresses"


def test_the_address_of_an_input_is_what_it_names(warc_source_of, tmp_path):
    source = warc_source_of('path = "crawl"')
    assert input_url(source, source.input[0]) == (tmp_path / "crawl").as_uri()
    source = warc_source_of('url = "https://e.example/warc.paths.gz"')
    assert input_url(source, source.input[0]) == "https://e.example/warc.paths.gz"


def test_a_warc_that_is_run_again_is_unchanged_and_archives_nothing(tmp_path, warc_source_of, settings):
    body = page(1).encode()
    (tmp_path / "a.warc").write_bytes(record(block=http(body, HTML)))
    source = warc_source_of('path = "a.warc"')
    with Workers(settings) as workers, Fetcher(settings) as fetcher:
        first, again = (ingest(source, settings, workers, fetcher) for _ in range(2))
    assert (first.stored, again.stored, again.unchanged) == (1, 0, 1)
    with connect(settings.data) as warehouse:
        captures = warehouse.execute("SELECT outcome, http_status, fetched_at FROM captures").fetchall()
    assert captures == [("stored", 200, datetime(2026, 3, 1, 8, 30, tzinfo=UTC))]


def test_files_at_addresses_are_fetched_in_the_turn_of_their_host(warc_source_of, now):
    routes = {f"/{name}.warc": answer(record(f"https://e.example/{name}")) for name in "ab"}
    routes |= {"/warc.paths": answer(b"a.warc\nb.warc")}
    clock = Clock()
    with WebServer(routes) as server:
        source = warc_source_of(f'url = "{server.url("/warc.paths")}"').model_copy(
            update={"allow_private": True, "delay": 7.0}
        )
        with Fetcher(local_settings(), clock=clock, sleep=clock.sleep) as fetcher:
            for _ in range(2):
                documents = list(read_warcs(source, source.input[0], ReadContext(local_settings(), now, fetcher)))
        assert urls(documents) == ["https://e.example/a", "https://e.example/b"]
        assert (server.paths, clock.seconds) == (["/robots.txt", *["/warc.paths", "/a.warc", "/b.warc"] * 2], 42)
        with pytest.raises(RuntimeError, match="closed"):
            list(read_warcs(source, source.input[0], ReadContext(local_settings(), now, fetcher)))


def test_a_list_of_files_may_be_in_utf_16(read_warc, tmp_path):
    (tmp_path / "ä.warc").write_bytes(record("https://e.example/a"))
    assert urls(read_warc("ä.warc\r\n".encode("utf-16"), "list.txt")[0]) == ["https://e.example/a"]
