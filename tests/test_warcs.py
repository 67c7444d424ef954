"""The pages of WARC files, whoever wrote them and whatever happened to them since, become documents."""

from __future__ import annotations

import gzip
import io
import zlib
from datetime import UTC, datetime
from pathlib import Path

import brotli
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from config.inputs import WarcInput
from config.sources import Source
from tasks.files.warc_pages import WarcPages
from tasks.listings.input_reader import InputError, ReadContext
from tasks.text.decompress import DecompressionError, open_decompressed
from tests.support.warc_files import HTML, ID, PAGE, http, record, urls
from tests.support.webserver import settings as local_settings
from warehouse.model.records import Fetched, Rejection
from warehouse.model.vocabulary import Reason


def test_a_page_comes_with_its_facts(read_warc, tmp_path, now):
    headers = (HTML, 'ETag: "x1"', "Last-Modified: Sun, 01 Mar 2026 08:00:00 GMT", "X-Crawl: é")
    (page,), problem = read_warc(
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
def test_every_packing_is_read_whatever_the_name(read_warc, pack):
    documents, problem = read_warc(pack(record("https://e.example/a"), record("https://e.example/b")))
    assert (urls(documents), problem) == (["https://e.example/a", "https://e.example/b"], "")


@pytest.mark.parametrize("version", ["WARC/0.18", "WARC/1.0", "WARC/1.1"])
def test_every_version_is_read(read_warc, version):
    assert urls(read_warc(record("<https://e.example/old>", version=version))[0]) == ["https://e.example/old"]


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
def test_what_is_no_page_is_passed_over(read_warc, other):
    documents, problem = read_warc(other + record())
    assert (urls(documents), len(documents), problem) == (["https://e.example/a"], 1, "")


def test_a_resource_is_a_document_without_an_exchange(read_warc):
    (page,), _ = read_warc(record("https://e.example/a", PAGE, "resource", media="text/html; charset=utf-8"))
    assert (page.content, page.charset, page.http_status, page.exchanges) == (PAGE, "utf-8", None, ())


def test_a_page_without_a_media_type_is_known_by_its_first_tag(read_warc):
    (page,), _ = read_warc(record(block=http(PAGE)))
    assert page.media_type == "text/html"


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://e.example/a", "", "javascript:alert(1)"])
def test_an_address_that_is_none_of_the_web_is_never_one_to_fetch(read_warc, tmp_path, url):
    (page,), _ = read_warc(record(url, PAGE, "resource", media="text/html"))
    assert page.item.url.startswith((tmp_path / "a.warc").as_uri() + "#")


def test_a_password_in_an_address_is_forgotten(read_warc):
    assert urls(read_warc(record("https://ada:secret@e.example/a"))[0]) == ["https://e.example/a"]


@pytest.mark.parametrize("url", [b"https://e.example/\xe9t\xe9 \xff", b"https://e.example/" + b"a" * 9_000])
def test_an_absurd_address_still_names_one_document(read_warc, url):
    (page,), problem = read_warc(record(url))
    assert not problem
    assert page.item.url.startswith("file:")
    assert page.item.url.isascii()
    assert len(page.item.url) < 2_200


@pytest.mark.parametrize("date", [None, "yesterday", "0000-00-00T00:00:00Z"])
def test_a_page_without_a_date_was_fetched_when_it_was_seen(read_warc, now, date):
    assert read_warc(record(date=date))[0][0].fetched_at == now


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
def test_codings_are_removed_where_the_crawler_left_them(read_warc, body, headers):
    (page,), problem = read_warc(record(block=http(body, HTML, *headers)))
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
def test_a_bad_page_is_refused_by_name_and_those_after_it_are_taken(read_warc, bad, reason, detail):
    (refused, after), problem = read_warc(bad + record("https://e.example/after"))
    assert after.item.url == "https://e.example/after"
    assert not problem
    assert (refused.reason, refused.url) == (reason, "https://e.example/a")
    assert detail in refused.detail
    assert f"record {ID.format(1)} of file://" in refused.detail


def test_a_coding_that_is_unknown_leaves_a_page_as_it_is(read_warc):
    (page_as_it_is,), _ = read_warc(record(block=http(PAGE, HTML, "Content-Encoding: utf-8")))
    assert page_as_it_is.content == PAGE


def test_a_gzip_file_that_is_cut_short_gives_the_whole_records_before_the_cut(read_warc):
    # The names differ so that no read-ahead can hide one of them.
    members = [gzip.compress(record(f"https://e.example/{n}"), mtime=0) for n in range(500)]
    content = b"".join(members)
    documents, problem = read_warc(content[:-40], "a.warc.gz")
    assert urls(documents) == [f"https://e.example/{n}" for n in range(499)]
    start = len(content) - len(members[-1])
    assert f"a.warc.gz: it is cut short in the part that begins at byte {start:,}; 499 documents" in problem


@pytest.mark.parametrize("cut", [3, 30, 200, 300])
def test_a_plain_file_that_is_cut_short_gives_no_half_page(read_warc, cut):
    content = record("https://e.example/a") + record("https://e.example/b")
    documents, problem = read_warc(content[: -4 - cut])
    assert urls(documents) == ["https://e.example/a"]
    assert "a.warc: it is" in problem
    assert f"byte {len(record()):,} (unpacked)" in problem


def test_damage_inside_a_gzip_file_is_told_with_its_place(read_warc):
    first, second = (gzip.compress(record(f"https://e.example/{name}"), mtime=0) for name in "ab")
    torn = bytearray(second)
    torn[len(torn) // 2] ^= 0xFF
    documents, problem = read_warc(first + bytes(torn) + first)
    assert urls(documents) == ["https://e.example/a"]
    assert f"damaged in the part that begins at byte {len(first):,}" in problem


@pytest.mark.parametrize("length", [-5, "x", "1e3", 2**70, "", "9" * 5_000])
def test_a_record_without_a_valid_length_does_not_hide_those_after_it(read_warc, length):
    documents, problem = read_warc(record(length=length) + record("https://e.example/after"))
    assert urls(documents) == ["https://e.example/after"]
    assert "the record at byte 0 (unpacked) states no valid length" in problem


def test_a_length_beyond_the_end_is_told(read_warc):
    documents, problem = read_warc(record("https://e.example/a") + record("https://e.example/b", length=10**15))
    assert urls(documents) == ["https://e.example/a"]
    assert documents[1].reason is Reason.TOO_LARGE
    assert "cut short in the record" in problem


def test_a_header_bomb_ends_its_file_with_a_sentence(read_warc):
    documents, problem = read_warc(record() + record("https://e.example/b", PAGE, "response", "X: " + "a" * 2_000_000))
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
def test_another_file_is_told_in_a_sentence(read_warc, content, sentence):
    documents, problem = read_warc(content)
    assert documents == []
    assert sentence in problem


def test_an_empty_file_holds_nothing(read_warc):
    assert read_warc(b"") == ([], "")


def test_only_the_addresses_that_are_wanted_are_taken(read_warc):
    content = b"".join(record(f"https://e.example/{name}") for name in ("news/a", "news/tags/b", "shop/c"))
    documents, _ = read_warc(content, more='include = "/news/"\nexclude = "/tags/"')
    assert urls(documents) == ["https://e.example/news/a"]


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
