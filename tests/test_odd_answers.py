"""Answers of servers that keep the standard badly: read as browsers read them, and never half for whole."""

from __future__ import annotations

import gzip
import json
import zlib

import brotli
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from tasks.http.fetcher import Downloaded
from tasks.http.response import FetchResult, Refused
from tasks.http.response_head import HeadMender, mend_head
from tests.support.webserver import WebServer, answer, fetch

HTML = b"<!doctype html><html><body><p>Bread is dearer than last year in Wangen.</p></body></html>\n"
OK = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n"


def get(raw: bytes, **routes: bytes) -> FetchResult:
    with WebServer({"/a": raw, **{f"/{name}": route for name, route in routes.items()}}) as server:
        return fetch(server.url("/a"), fetch_attempts=1)


def response(*lines: bytes, status: bytes = b"HTTP/1.1 200 OK", body: bytes = HTML, length: bool = True) -> bytes:
    lengths = [b"Content-Length: %d" % len(body)] if length else []
    return b"\r\n".join([status, b"Content-Type: text/html", *lines, *lengths, b"Connection: close", b"", b""]) + body


@pytest.mark.parametrize(
    "line",
    [
        b'"X-XSS-Protection: 0"',
        b"cached by/forum.php: userdata not supported",
        b"no colon at all",
        b": no name",
        b"X-Time : 3 ms",
        b"X-Note: a\0b\x0bc",
        b"X-Folded: one\r\n two\r\n\tthree",
        b"\xc3\x9cberschrift: ja",
        b"X-Empty:",
        b"HTTP/1.1 200 OK",
        b"<br />",
        b"Content-Length: 89, 89",
    ],
)
def test_a_line_that_is_no_header_is_passed_over(line):
    document = get(response(line))
    assert isinstance(document, Downloaded), document
    assert (document.content, document.media_type) == (HTML, "text/html")


@pytest.mark.parametrize(
    "status",
    [
        b"HTTP/1.1 200", b"HTTP/1.1 200 ", b"HTTP/1.1  200  OK", b"http/1.1 200 OK", b"HTTP/2 200", b"HTTP/1 200 OK",
        b"ICY 200 OK", b"\r\n\r\nHTTP/1.1 200 OK", b"HTTP/1.1 200 Gef\xfcnden\x01", b"HTTP/1.0 200 OK",
        b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\nbad line\r\n\r\nHTTP/1.1 200 OK",
    ],
)  # fmt: skip
def test_an_odd_status_line_is_read(status):
    document = get(response(b"X: 1", status=status))
    assert isinstance(document, Downloaded), document
    assert (document.http_status, document.content) == (200, HTML)


def test_lines_may_end_without_a_carriage_return():
    assert get(response().replace(b"\r\n", b"\n")).content == HTML


@pytest.mark.parametrize(
    "lengths", [b"Content-Length: 5\r\nContent-Length: 89", b"Content-Length: -1", b"Content-Length: many"]
)
def test_a_length_that_means_nothing_or_two_things_leaves_the_end_to_the_connection(lengths):
    assert get(response(lengths, length=False)).content == HTML


def test_what_is_no_answer_of_http_at_all_is_refused():
    for raw in (HTML, b"220 smtp.example ESMTP\r\n\r\n", b"HTTP/1.1 twohundred OK\r\n\r\n", b""):
        assert isinstance(get(raw), Refused)


RSS = b"<rss version='2.0'><channel><item><link>https://e.example/1</link></item></channel></rss>"


@pytest.mark.parametrize(
    "body", [HTML, RSS, b'{"version": "https://jsonfeed.org/version/1", "items": []}', HTML + b"<!-- page cached -->"]
)
@pytest.mark.parametrize("framing", ["length", "chunked", "packed"])
def test_a_body_that_ends_early_is_kept_if_its_own_format_says_that_it_is_whole(body, framing):
    raw = {
        "length": OK + b"Content-Length: 4000\r\n\r\n" + body,
        "chunked": OK + b"Transfer-Encoding: chunked\r\n\r\n%x\r\n" % len(body) + body + b"\r\n",
        "packed": OK + b"Content-Encoding: gzip\r\nConnection: close\r\n\r\n" + gzip.compress(body)[:-8],
    }[framing]
    document = get(raw)
    assert isinstance(document, Downloaded), document
    assert document.content == body
    assert "by its format it is whole" in document.exchanges[-1].error


@pytest.mark.parametrize("body", [HTML[:-12], b"Bread is dearer than last year.", b'{"items": [', RSS[:-6]])
@pytest.mark.parametrize("framing", ["length", "chunked", "packed"])
def test_half_a_body_is_never_taken_for_whole(body, framing):
    raw = {
        "length": OK + b"Content-Length: 4000\r\n\r\n" + body,
        "chunked": OK + b"Transfer-Encoding: chunked\r\n\r\n%x\r\n" % len(body) + body + b"\r\n",
        "packed": OK + b"Content-Encoding: gzip\r\nConnection: close\r\n\r\n" + gzip.compress(body)[:-12],
    }[framing]
    assert isinstance(get(raw), Refused)


@pytest.mark.parametrize(
    "coding",
    [b"UTF-8", b"none", b"identity", b"text/html", b"binary", b"", b"gzip", b"br", b"deflate", b"zstd", b"utf-8, gzip"],
)
def test_a_body_that_is_not_packed_is_read_whatever_its_header_says(coding):
    document = get(response(b"Content-Encoding: " + coding))
    assert isinstance(document, Downloaded), document
    assert document.content == HTML


@pytest.mark.parametrize(
    ("coding", "pack"),
    [
        ("gzip", gzip.compress),
        ("br", brotli.compress),
        ("deflate", zlib.compress),
        ("zstd", zstandard.compress),
        ("none, gzip", gzip.compress),
    ],
)
def test_a_body_that_is_packed_is_unpacked(coding, pack):
    assert get(answer(pack(HTML), content_encoding=coding)).content == HTML


def test_robots_txt_is_read_with_the_same_patience():
    rules = b"User-agent: *\nDisallow: /a\n"
    raw = (
        b"HTTP/1.1 200\r\nno header\r\nContent-Encoding: utf-8\r\nContent-Length: %d\r\nConnection: close\r\n\r\n"
        % len(rules)
    )
    refusal = get(response(), **{"robots.txt": raw + rules})
    assert isinstance(refusal, Refused)
    assert "robots.txt" in refusal.detail


@given(st.lists(st.integers(1, 400), max_size=8), st.booleans())
def test_a_head_is_mended_however_it_was_cut(cuts, twice):
    raw = response(b"bad line", b"X-Folded: a\r\n b") * (1 + twice)
    pieces, start = [], 0
    for cut in [*sorted(cuts), len(raw)]:
        pieces.append(raw[start : max(start, cut)])
        start = max(start, cut)
    mender = HeadMender()
    mended = b"".join(mender.feed(piece) for piece in pieces if piece)
    head, _, body = mended.partition(b"\r\n\r\n")
    assert b"bad line" not in head
    assert b"X-Folded: a b" in head
    assert body == raw.partition(b"\r\n\r\n")[2]


def test_what_is_no_http_is_passed_on_at_once():
    mender = HeadMender()
    assert mender.feed(b"\x05\x00") == b"\x05\x00"  # the greeting of a SOCKS proxy
    mender.expect_response()
    assert mender.feed(b"HTTP/1.1 200 OK\r\nbad line\r\n") == b""
    assert mender.feed(b"\r\nbody") == b"HTTP/1.1 200 OK\r\n\r\nbody"


@given(st.binary(max_size=300))
def test_no_head_breaks_the_mender(head):
    assert mend_head(head).endswith(b"\r\n\r\n")


def test_a_good_head_says_the_same_after_it_was_mended():
    head = b'HTTP/1.1 404 Not Found\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2; Path=/\r\nETag: W/"7\xe4"'
    assert mend_head(head) == head + b"\r\n\r\n"
    assert json.dumps(mend_head(b"HTTP/1.0 200 OK").decode()) == json.dumps("HTTP/1.0 200 OK\r\n\r\n")
