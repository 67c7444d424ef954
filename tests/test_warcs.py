"""The pages of WARC files, whoever wrote them and whatever happened to them since, become documents."""

from __future__ import annotations

import gzip
import io
import zipfile
import zlib
from datetime import UTC, datetime
from pathlib import Path

import brotli
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from config.inputs import WarcInput
from config.sources import Source, load_source
from flows.ingest import ingest
from flows.ingestion.process_pool import Workers
from tasks.files.warc import read_warcs
from tasks.files.warc_files import input_url
from tasks.files.warc_pages import WarcPages
from tasks.http.fetcher import Fetcher
from tasks.listings.input_reader import InputError, ReadContext
from tasks.text.decompress import DecompressionError, open_decompressed
from tests.support.polled import page
from tests.support.webserver import Clock, WebServer, answer
from tests.support.webserver import settings as local_settings
from warehouse.connect import connect
from warehouse.model.records import Fetched, Rejection
from warehouse.model.vocabulary import Reason

PAGE = "<!doctype html><title>Regen über Köln</title><p>Es regnete den ganzen Tag.</p>".encode()
HTML = "Content-Type: text/html; charset=UTF-8"
ID = "<urn:uuid:6f0c0a1e-0000-4000-8000-00000000000{}>"


def http(body: bytes = PAGE, *headers: str, status: str = "HTTP/1.1 200 OK") -> bytes:
    return "\r\n".join([status, *headers, "", ""]).encode() + body


def record(
    url: str | bytes = "https://e.example/a",
    block: bytes = http(PAGE, HTML),
    kind: str = "response",
    *headers: str,
    length: object = None,
    version: str = "WARC/1.0",
    media: str = "application/http; msgtype=response",
    date: str | None = "2026-03-01T08:30:00Z",
) -> bytes:
    lines = [
        version.encode(),
        b"WARC-Type: " + kind.encode(),
        b"WARC-Target-URI: " + (url if isinstance(url, bytes) else url.encode()),
        b"WARC-Record-ID: " + ID.format(1).encode(),
        *([f"WARC-Date: {date}".encode()] if date else []),
        b"Content-Type: " + media.encode(),
        *(header.encode() for header in headers),
        f"Content-Length: {len(block) if length is None else length}".encode(),
    ]
    return b"\r\n".join(lines) + b"\r\n\r\n" + block + b"\r\n\r\n"


@pytest.fixture
def source_of(tmp_path):
    """Declare a source of one WARC input by these lines."""

    def declare(keys: str) -> Source:
        path = tmp_path / "crawl.toml"
        path.write_text(f'title = "Crawl"\n[[input]]\nkind = "warc"\n{keys}\n')
        return load_source(path)

    return declare


@pytest.fixture
def read(tmp_path, source_of, settings, now):
    """Read a file, or what is at `path`; return the documents and the problem that ended the reading."""

    def read_file(content: bytes | None, name: str = "a.warc", more: str = "", path: str = ""):
        if content is not None:
            (tmp_path / name).write_bytes(content)
        source = source_of(f'path = "{path or name}"\n{more}')
        documents, problem = [], ""
        try:
            documents.extend(iter(read_warcs(source, source.input[0], ReadContext(settings, now))))
        except InputError as error:
            problem = str(error)
        return documents, problem

    return read_file


def urls(documents: list[Fetched | Rejection]) -> list[str]:
    return [document.item.url for document in documents if isinstance(document, Fetched)]


def test_files_of_a_list_that_are_missing_or_damaged_are_named_and_the_others_read(read, tmp_path):
    (tmp_path / "1.warc").write_bytes(record("https://e.example/1"))
    (tmp_path / "3.warc").write_bytes(record("https://e.example/3")[:-40])
    (tmp_path / "4.warc").write_bytes(record("https://e.example/4"))
    documents, problem = read(b"1.warc\n2.warc\n3.warc\n4.warc\n", "list.paths")
    assert urls(documents) == ["https://e.example/1", "https://e.example/4"]
    assert "2.warc: " in problem
    assert problem.endswith(f"; nor were read whole: {tmp_path / '3.warc'}")


def test_a_page_comes_with_its_facts(read, tmp_path, now):
    headers = (HTML, 'ETag: "x1"', "Last-Modified: Sun, 01 Mar 2026 08:00:00 GMT", "X-Crawl: é")
    (page,), problem = read(
        record("https://e.example/a", http(PAGE, *headers), "response", "WARC-IP-Address: 192.0.2.7")
    )
    assert not problem
    assert page.content == PAGE
    assert page.fetched_at == datetime(2026, 3, 1, 8, 30, tzinfo=UTC)
    assert (page.media_type, page.charset, page.http_status) == ("text/html", "utf-8", 200)
    assert (page.etag, page.last_modified) == ('"x1"', "Sun, 01 Mar 2026 08:00:00 GMT")
    assert page.final_url == "https://e.example/a"
    item = page.item
    assert (item.source_id, item.url, item.guid, item.is_record) == ("crawl", page.final_url, page.final_url, True)
    assert (item.found_in, item.seen_at) == ((tmp_path / "a.warc").as_uri(), now)
    (exchange,) = page.exchanges
    assert (exchange.status, exchange.reason, exchange.http_version) == (200, "OK", "HTTP/1.1")
    assert exchange.headers[0] == ("Content-Type", "text/html; charset=UTF-8")
    assert exchange.headers[3] == ("X-Crawl", "é")
    assert (exchange.content, exchange.ip_address, exchange.started_at) == (PAGE, "192.0.2.7", page.fetched_at)


def zstd_with_dictionary(first: bytes, second: bytes) -> bytes:
    dictionary = zstandard.train_dictionary(4_096, [record(f"https://e.example/{n}") * 3 for n in range(300)])
    packer = zstandard.ZstdCompressor(dict_data=dictionary)
    compressed = zstandard.compress(dictionary.as_bytes())
    frame = b"\x5d\x2a\x4d\x18" + len(compressed).to_bytes(4, "little") + compressed
    return frame + packer.compress(first) + packer.compress(second)


@pytest.mark.parametrize(
    "pack",
    [
        lambda first, second: first + second,
        lambda first, second: gzip.compress(first, mtime=0) + gzip.compress(second, mtime=0),
        lambda first, second: gzip.compress(first + second, mtime=0),
        lambda first, second: gzip.compress(first, mtime=0) + gzip.compress(second, mtime=0) + bytes(512),
        lambda first, second: zstandard.compress(first) + zstandard.compress(second),
        zstd_with_dictionary,
    ],
    ids=["plain", "gzip", "one gzip member", "zeros at the end", "zstd", "zstd with a dictionary"],
)
def test_every_packing_is_read_whatever_the_name(read, pack):
    documents, problem = read(pack(record("https://e.example/a"), record("https://e.example/b")))
    assert (urls(documents), problem) == (["https://e.example/a", "https://e.example/b"], "")


@pytest.mark.parametrize("version", ["WARC/0.18", "WARC/1.0", "WARC/1.1"])
def test_every_version_is_read(read, version):
    assert urls(read(record("<https://e.example/old>", version=version))[0]) == ["https://e.example/old"]


@pytest.mark.parametrize(
    "other",
    [
        record("https://e.example/", b"GET / HTTP/1.1\r\n\r\n", "request"),
        record("https://e.example/", b"software: crawler\r\n", "warcinfo", media="application/warc-fields"),
        record("https://e.example/", http(b"", HTML), "revisit"),
        record("https://e.example/", http(PAGE, HTML, status="HTTP/1.1 404 Not Found")),
        record("https://e.example/", http(PAGE, HTML, "Location: /b", status="HTTP/1.1 301 Moved")),
        record("https://e.example/a.png", http(b"\x89PNG", "Content-Type: image/png")),
        record("dns:e.example", b"e.example. 300 IN A 192.0.2.7", media="text/dns"),
        record("https://e.example/a.pdf", b"%PDF-1.7", "resource", media="application/pdf"),
        record("https://e.example/x", http(b"\0\1\2\3")),
        record("metadata://gnu.org/software/wget/warc/wget.log", b"done", "resource", media="text/plain"),
        record("<urn:X-wpull:log>", b"done", "resource", media="text/plain"),
        record("https://e.example/robots.txt", http(b"User-agent: *", "Content-Type: text/plain")),
    ],
)
def test_what_is_no_page_is_passed_over(read, other):
    documents, problem = read(other + record())
    assert (urls(documents), len(documents), problem) == (["https://e.example/a"], 1, "")


def test_a_resource_is_a_document_without_an_exchange(read):
    (page,), _ = read(record("https://e.example/a", PAGE, "resource", media="text/html; charset=utf-8"))
    assert (page.content, page.charset, page.http_status, page.exchanges) == (PAGE, "utf-8", None, ())


def test_a_page_without_a_media_type_is_known_by_its_first_tag(read):
    (page,), _ = read(record(block=http(PAGE)))
    assert page.media_type == "text/html"


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://e.example/a", "", "javascript:alert(1)"])
def test_an_address_that_is_none_of_the_web_is_never_one_to_fetch(read, tmp_path, url):
    (page,), _ = read(record(url, PAGE, "resource", media="text/html"))
    assert page.item.url.startswith((tmp_path / "a.warc").as_uri() + "#")


def test_a_password_in_an_address_is_forgotten(read):
    assert urls(read(record("https://ada:secret@e.example/a"))[0]) == ["https://e.example/a"]


@pytest.mark.parametrize("url", [b"https://e.example/\xe9t\xe9 \xff", b"https://e.example/" + b"a" * 9_000])
def test_an_absurd_address_still_names_one_document(read, url):
    (page,), problem = read(record(url))
    assert not problem
    assert page.item.url.startswith("file:")
    assert page.item.url.isascii()
    assert len(page.item.url) < 2_200


@pytest.mark.parametrize("date", [None, "yesterday", "0000-00-00T00:00:00Z"])
def test_a_page_without_a_date_was_fetched_when_it_was_seen(read, now, date):
    assert read(record(date=date))[0][0].fetched_at == now


def chunked(body: bytes) -> bytes:
    return b"%x\r\n%s\r\n%x\r\n%s\r\n0\r\n\r\n" % (9, body[:9], len(body) - 9, body[9:])


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (chunked(PAGE), ["Transfer-Encoding: chunked"]),
        (PAGE, ["Transfer-Encoding: chunked"]),
        (gzip.compress(PAGE, mtime=0), ["Content-Encoding: gzip"]),
        (chunked(gzip.compress(PAGE, mtime=0)), ["Content-Encoding: gzip", "Transfer-Encoding: chunked"]),
        (brotli.compress(PAGE), ["Content-Encoding: br"]),
        (zstandard.compress(PAGE), ["Content-Encoding: zstd"]),
        (zlib.compress(PAGE), ["Content-Encoding: deflate"]),
        (PAGE, ["Content-Encoding: gzip"]),
        (PAGE, ["Content-Encoding: br"]),
        (PAGE, ["X-Crawler-Content-Encoding: gzip"]),
    ],
)
def test_codings_are_removed_where_the_crawler_left_them(read, body, headers):
    (page,), problem = read(record(block=http(body, HTML, *headers)))
    assert (page.content, problem) == (PAGE, "")


@pytest.mark.parametrize(
    ("bad", "reason", "detail"),
    [
        (record(block=http(b"x" * 200_000, HTML)), Reason.TOO_LARGE, "200,000 bytes, the limit is 100,000"),
        (
            record(block=http(gzip.compress(bytes(50_000_000), mtime=0), HTML, "Content-Encoding: gzip")),
            Reason.TOO_LARGE,
            "unpacked, more than 100,000 bytes",
        ),
        (record(block=http(b"\0\1\2", HTML, "Content-Encoding: gzip")), Reason.BAD_RECORD, "not valid gzip"),
        (record(block=http(PAGE, HTML, "X: " + "a" * 300_000)), Reason.BAD_RECORD, "HTTP headers have more than"),
        (record(block=b"\0garbage\r\n\r\n" + PAGE), Reason.BAD_RECORD, "does not begin as an HTTP response does"),
        (record(block=http(PAGE, HTML, status="HTTP/1.1 ok")), Reason.BAD_RECORD, "does not begin as an HTTP"),
        (
            record("https://e.example/a", http(PAGE, HTML), "response", "WARC-Truncated: length"),
            Reason.BAD_RECORD,
            "cut",
        ),
        (
            record("https://e.example/a", http(PAGE, HTML), "response", "WARC-Segment-Number: 1"),
            Reason.BAD_RECORD,
            "div",
        ),
    ],
)
def test_a_bad_page_is_refused_by_name_and_those_after_it_are_taken(read, bad, reason, detail):
    (refused, after), problem = read(bad + record("https://e.example/after"))
    assert after.item.url == "https://e.example/after"
    assert not problem
    assert (refused.reason, refused.url) == (reason, "https://e.example/a")
    assert detail in refused.detail
    assert f"record {ID.format(1)} of file://" in refused.detail


def test_a_coding_that_is_unknown_leaves_a_page_as_it_is(read):
    (page_as_it_is,), _ = read(record(block=http(PAGE, HTML, "Content-Encoding: utf-8")))
    assert page_as_it_is.content == PAGE


def test_a_gzip_file_that_is_cut_short_gives_the_whole_records_before_the_cut(read):
    # The names differ so that no read-ahead can hide one of them.
    members = [gzip.compress(record(f"https://e.example/{n}"), mtime=0) for n in range(500)]
    content = b"".join(members)
    documents, problem = read(content[:-40], "a.warc.gz")
    assert urls(documents) == [f"https://e.example/{n}" for n in range(499)]
    start = len(content) - len(members[-1])
    assert f"a.warc.gz: it is cut short in the part that begins at byte {start:,}; 499 documents" in problem


@pytest.mark.parametrize("cut", [3, 30, 200, 300])
def test_a_plain_file_that_is_cut_short_gives_no_half_page(read, cut):
    content = record("https://e.example/a") + record("https://e.example/b")
    documents, problem = read(content[: -4 - cut])
    assert urls(documents) == ["https://e.example/a"]
    assert "a.warc: it is" in problem
    assert f"byte {len(record()):,} (unpacked)" in problem


def test_damage_inside_a_gzip_file_is_told_with_its_place(read):
    first, second = (gzip.compress(record(f"https://e.example/{name}"), mtime=0) for name in "ab")
    torn = bytearray(second)
    torn[len(torn) // 2] ^= 0xFF
    documents, problem = read(first + bytes(torn) + first)
    assert urls(documents) == ["https://e.example/a"]
    assert f"damaged in the part that begins at byte {len(first):,}" in problem


@pytest.mark.parametrize("length", [-5, "x", "1e3", 2**70, "", "9" * 5_000])
def test_a_record_without_a_valid_length_does_not_hide_those_after_it(read, length):
    documents, problem = read(record(length=length) + record("https://e.example/after"))
    assert urls(documents) == ["https://e.example/after"]
    assert "the record at byte 0 (unpacked) states no valid length" in problem


def test_a_length_beyond_the_end_is_told(read):
    documents, problem = read(record("https://e.example/a") + record("https://e.example/b", length=10**15))
    assert urls(documents) == ["https://e.example/a"]
    assert documents[1].reason is Reason.TOO_LARGE
    assert "cut short in the record" in problem


def test_a_header_bomb_ends_its_file_with_a_sentence(read):
    documents, problem = read(record() + record("https://e.example/b", PAGE, "response", "X: " + "a" * 2_000_000))
    assert urls(documents) == ["https://e.example/a"]
    assert "a.warc: Maximum header length exceeded" in problem


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"filedesc://x.arc 0.0.0.0 20260301 text/plain 76\n1 0 X\n", "it is cut short in its last record"),
        (b"PK\x03\x04" + b"x" * 200, "the zip is damaged or cut short"),
        (PAGE, "it is not a WARC file"),
        (b"\x1f\x8bnonsense", "it is damaged in the part that begins at byte 0"),
    ],
)
def test_another_file_is_told_in_a_sentence(read, content, sentence):
    documents, problem = read(content)
    assert documents == []
    assert sentence in problem


def test_an_empty_file_holds_nothing(read):
    assert read(b"") == ([], "")


def test_only_the_addresses_that_are_wanted_are_taken(read):
    content = b"".join(record(f"https://e.example/{name}") for name in ("news/a", "news/tags/b", "shop/c"))
    documents, _ = read(content, more='include = "/news/"\nexclude = "/tags/"')
    assert urls(documents) == ["https://e.example/news/a"]


def test_a_folder_is_read_in_the_order_of_the_names_and_a_bad_file_hides_no_other(read, tmp_path):
    (tmp_path / "crawl" / "deep").mkdir(parents=True)
    (tmp_path / "crawl" / "b.warc.gz").write_bytes(gzip.compress(record("https://e.example/b"), mtime=0))
    (tmp_path / "crawl" / "deep" / "c.WARC").write_bytes(record("https://e.example/c"))
    (tmp_path / "crawl" / "a.warc").write_bytes(b"broken")
    (tmp_path / "crawl" / ".d.warc").write_bytes(record("https://e.example/d"))
    (tmp_path / "crawl" / "notes.txt").write_text("nothing")
    documents, problem = read(None, path="crawl")
    assert urls(documents) == ["https://e.example/b", "https://e.example/c"]
    assert documents[0].item.found_in == (tmp_path / "crawl" / "b.warc.gz").as_uri()
    assert "a.warc: it is not a WARC file" in problem


@pytest.mark.parametrize("follow", [False, True])
def test_links_that_lead_out_of_a_folder_are_read_only_where_the_source_says_so(read, tmp_path, follow):
    (tmp_path / "crawl").mkdir()
    (tmp_path / "away.warc").write_bytes(record("https://e.example/away"))
    (tmp_path / "crawl" / "a.warc").write_bytes(record("https://e.example/a"))
    (tmp_path / "crawl" / "b.warc").symlink_to("a.warc")
    (tmp_path / "crawl" / "c.warc").symlink_to("../away.warc")
    documents, problem = read(None, path="crawl", more="follow_links = true" if follow else "")
    inside = ["https://e.example/a"] * 2
    assert urls(documents) == ([*inside, "https://e.example/away"] if follow else inside)
    assert problem == (
        ""
        if follow
        else f"{tmp_path / 'crawl' / 'c.warc'}: a link to what lies outside the folder; "
        "leave it out, or set follow_links = true to take it"
    )


def test_a_folder_without_warcs_is_told(read, tmp_path):
    (tmp_path / "crawl").mkdir()
    assert "crawl: holds no .warc" in read(None, path="crawl")[1]


@pytest.mark.parametrize("name", ["crawl.paths", "crawl.txt", "warc.paths.gz", "paths.gz"])
def test_a_list_names_files_beside_it_or_behind_a_prefix(read, tmp_path, name):
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / "a.warc").write_bytes(record("https://e.example/a"))
    (tmp_path / "set" / "b.warc").write_bytes(record("https://e.example/b"))
    content = "# both\n\nset/b.warc\r\nset/missing.warc\nset/a.warc\n".encode("utf-8-sig")
    packed = gzip.compress(content, mtime=0) if name.endswith(".gz") else content
    documents, problem = read(packed, name)
    assert urls(documents) == ["https://e.example/b", "https://e.example/a"]
    assert "missing.warc: cannot be read: no such file" in problem
    documents, problem = read(content.replace(b"set/", b"/"), "crawl.paths", f'prefix = "{tmp_path}/set/"')
    assert urls(documents) == ["https://e.example/b", "https://e.example/a"]


@pytest.fixture
def read_from(source_of, now):
    """Read what is at a path of a server with these routes; return the documents and the problem that ended it."""

    def read_address(routes: dict, path: str, more: str = ""):
        with WebServer({"/robots.txt": answer(status="404 Not Found"), **routes}) as server:
            more = more.replace("SERVER", server.url(""))
            source = source_of(f'url = "{server.url(path)}"\n{more}')
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


def test_the_address_of_an_input_is_what_it_names(source_of, tmp_path):
    source = source_of('path = "crawl"')
    assert input_url(source, source.input[0]) == (tmp_path / "crawl").as_uri()
    source = source_of('url = "https://e.example/warc.paths.gz"')
    assert input_url(source, source.input[0]) == "https://e.example/warc.paths.gz"


@given(st.binary(max_size=2_000), st.integers(0, 600))
def test_no_bytes_end_the_reading_of_a_warc_otherwise_than_as_told(content, position):
    whole = record() + record("https://e.example/b")

    source = Source(id="s", title="s", input=(WarcInput(kind="warc", path=Path("x")),))
    reader = WarcPages(
        source, source.input[0], ReadContext(local_settings(max_document_bytes=1_000), datetime.now(UTC)), "file:///x"
    )
    try:
        documents = list(reader.read(io.BytesIO(whole[:position] + content + whole[position:])))
    except (OSError, DecompressionError, InputError):
        return
    assert all(isinstance(document, Fetched | Rejection) for document in documents)


@given(st.binary(max_size=5_000), st.sampled_from([gzip.compress, zstandard.compress]), st.data())
def test_a_packed_file_never_ends_early_without_saying_so(content, pack, data):
    packed = pack(content) + pack(content)
    assert open_decompressed(io.BytesIO(packed)).read() == content * 2
    cut = data.draw(st.integers(5, len(packed) - 1))
    if cut != len(pack(content)):
        with pytest.raises(DecompressionError):
            open_decompressed(io.BytesIO(packed[:cut])).read()


def test_a_warc_that_is_run_again_is_unchanged_and_archives_nothing(tmp_path, source_of, settings):
    body = page(1).encode()
    (tmp_path / "a.warc").write_bytes(record(block=http(body, HTML)))
    source = source_of('path = "a.warc"')
    with Workers(settings) as workers, Fetcher(settings) as fetcher:
        first, again = (ingest(source, settings, workers, fetcher) for _ in range(2))
    assert (first.stored, again.stored, again.unchanged) == (1, 0, 1)
    with connect(settings.data) as warehouse:
        captures = warehouse.execute("SELECT outcome, http_status, fetched_at FROM captures").fetchall()
    assert captures == [("stored", 200, datetime(2026, 3, 1, 8, 30, tzinfo=UTC))]


def test_files_at_addresses_are_fetched_in_the_turn_of_their_host(source_of, now):
    routes = {f"/{name}.warc": answer(record(f"https://e.example/{name}")) for name in "ab"}
    routes |= {"/warc.paths": answer(b"a.warc\nb.warc")}
    clock = Clock()
    with WebServer(routes) as server:
        source = source_of(f'url = "{server.url("/warc.paths")}"').model_copy(
            update={"allow_private": True, "delay": 7.0}
        )
        with Fetcher(local_settings(), clock=clock, sleep=clock.sleep) as fetcher:
            for _ in range(2):
                documents = list(read_warcs(source, source.input[0], ReadContext(local_settings(), now, fetcher)))
        assert urls(documents) == ["https://e.example/a", "https://e.example/b"]
        assert (server.paths, clock.seconds) == (["/robots.txt", *["/warc.paths", "/a.warc", "/b.warc"] * 2], 42)
        with pytest.raises(RuntimeError, match="closed"):
            list(read_warcs(source, source.input[0], ReadContext(local_settings(), now, fetcher)))


def arc_record(url: str, body: bytes, date: str = "20070301083000", media: str = "text/html") -> bytes:
    return f"{url} 192.0.2.1 {date} {media} {len(body)}\n".encode() + body + b"\n"


def arc_file(*records: bytes) -> list[bytes]:
    version = b"1 0 Crawler\nURL IP-address Archive-date Content-type Archive-length\n"
    return [arc_record("filedesc://x.arc", version, media="text/plain"), *records]


def test_an_arc_file_whose_first_record_states_too_great_a_length_is_read(read):
    content = b"".join(arc_file(arc_record("http://e.example/a", http(PAGE, HTML)))).replace(
        b"plain 68\n", b"plain 80\n\n"
    )
    assert urls(read(content, "old.arc")[0]) == ["http://e.example/a"]


def test_a_line_of_an_arc_file_that_begins_no_record_is_damage(read):
    content = b"".join(
        arc_file(arc_record("http://e.example/a", http(PAGE, HTML)), b"ws/1 192.0.2.1 20070301 text/html 7\n")
    )
    pages, problem = read(content, "old.arc")
    assert urls(pages) == ["http://e.example/a"]
    assert "it is damaged: a line that should begin an ARC record does not" in problem


@pytest.mark.parametrize("pack", [b"".join, lambda records: b"".join(map(gzip.compress, records))])
def test_the_pages_of_an_arc_file_are_documents_of_their_day(read, pack):
    records = arc_file(
        arc_record("dns:e.example", b"e.example. 300 IN A 192.0.2.1", media="text/dns"),
        arc_record("http://e.example/a b", http(PAGE, HTML)),
        arc_record("http://e.example/gone", http(b"", status="HTTP/1.1 404 Not Found")),
        # Version 2 has more fields.
        f"http://e.example/c 192.0.2.1 20070302000000 text/html 200 - - 0 x.arc {len(http(PAGE, HTML))}\n".encode()
        + http(PAGE, HTML),
    )
    pages, problem = read(pack(records), "old.arc.gz")
    assert not problem
    assert urls(pages) == ["http://e.example/a%20b", "http://e.example/c"]
    assert pages[0].fetched_at == datetime(2007, 3, 1, 8, 30, tzinfo=UTC)
    assert pages[0].content == PAGE


def test_an_arc_file_that_is_cut_short_gives_the_pages_before(read):
    records = arc_file(*(arc_record(f"http://e.example/{name}", http(PAGE, HTML)) for name in "abc"))
    pages, problem = read(b"".join(records)[:-50], "old.arc")
    assert urls(pages) == ["http://e.example/a", "http://e.example/b"]
    assert "2 documents before that place were taken" in problem


def wacz(**parts: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(f"archive/{name.replace('__', '.')}", content)
        archive.writestr("datapackage.json", "{}")
    return packed.getvalue()


def test_the_warc_files_in_a_wacz_are_read_also_of_a_collection(read):
    first = wacz(b__warc__gz=gzip.compress(record("https://e.example/b")), a__warc=record("https://e.example/a"))
    collection = wacz(c__wacz=wacz(d__warc=record("https://e.example/d")), x__warc=record("https://e.example/x"))
    assert [urls(read(content, "site.wacz")[0]) for content in (first, collection)] == [
        ["https://e.example/a", "https://e.example/b"],
        ["https://e.example/d", "https://e.example/x"],
    ]
    pages, problem = read(wacz(), "site.wacz")
    assert not pages
    assert problem.endswith("site.wacz: it is a zip without WARC files")


def test_a_wacz_of_a_folder_is_listed_and_read(read, tmp_path):
    (tmp_path / "crawl").mkdir()
    (tmp_path / "crawl" / "site.wacz").write_bytes(wacz(a__warc=record("https://e.example/a")))
    (tmp_path / "crawl" / "old.arc").write_bytes(b"".join(arc_file(arc_record("http://e.example/o", http(PAGE, HTML)))))
    assert urls(read(None, path="crawl")[0]) == ["http://e.example/o", "https://e.example/a"]


def test_the_pages_of_a_wet_file_are_documents_of_text(read):
    text = b"Es regnete.\n\nDen ganzen Tag lang, sagte der Wirt."
    information = record("", b"Software-Info: x", "warcinfo", media="application/warc-fields")
    texts = [record(f"https://e.example/{name}", text, "conversion", media="text/plain") for name in "ab"]
    pages, _ = read(gzip.compress(information) + b"".join(map(gzip.compress, texts)), "x.warc.wet.gz")
    assert urls(pages) == ["https://e.example/a", "https://e.example/b"]
    assert (pages[0].media_type, pages[0].content) == ("text/plain", text)


def test_a_conversion_beside_its_page_is_no_second_document(read):
    converted = record("https://e.example/a", b"Es regnete.", "conversion", media="text/plain")
    pages, _ = read(record("https://e.example/a") + converted, "a.warc")
    assert [page.media_type for page in pages] == ["text/html"]


def test_a_list_of_files_may_be_in_utf_16(read, tmp_path):
    (tmp_path / "ä.warc").write_bytes(record("https://e.example/a"))
    assert urls(read("ä.warc\r\n".encode("utf-16"), "list.txt")[0]) == ["https://e.example/a"]
