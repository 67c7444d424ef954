from __future__ import annotations

import gzip
import socket
import sys
import time
import zlib
from collections.abc import Callable
from typing import Any

import brotli
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from tasks.http.fetcher import Downloaded, Fetcher, Request
from tests.support.webserver import WebServer, answer, drip, fetch, local, redirect, refused, resolver, settings
from warehouse.model.vocabulary import Reason

IN_TIME = 6.0
"""Seconds for what is bounded to half a second: a busy machine is slow, but not as slow as what has no end."""

PAGE = answer(b"<p>Bread is dearer.</p>", content_type="text/html; charset=UTF-8")
OPEN = {"/a": PAGE}


@pytest.mark.parametrize(
    "slow",
    [
        drip(b"", b"H", 0.05),
        drip(b"HTTP/1.1 200 OK\r\n", b"X: y\r\n", 0.05),
        drip(b"HTTP/1.1 200 OK\r\n\r\n", b"<", 0.05),
        drip(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n", b"1\r\n<\r\n", 0.05),
        drip(b"", b"HTTP/1.1 103 Early Hints\r\n\r\n", 0.05),
        drip(b"", b"", 60.0),
    ],
    ids=["status line", "headers", "content", "chunks", "hints", "silence"],
)
def test_an_answer_that_trickles_is_ended(slow: Callable[[socket.socket], None]) -> None:
    with WebServer({"/a": slow}) as server:
        started = time.monotonic()
        refusal = refused(fetch(server.url("/a"), fetch_seconds=0.5))
    assert time.monotonic() - started < IN_TIME
    assert refusal.reason is Reason.TIMED_OUT


def test_the_time_is_for_all_redirects_together() -> None:
    def late(client: socket.socket) -> None:
        time.sleep(0.3)
        client.sendall(redirect("/a"))

    with WebServer({"/a": late}) as server:
        started = time.monotonic()
        refusal = refused(fetch(server.url("/a"), fetch_seconds=0.5, max_redirects=50))
    assert time.monotonic() - started < IN_TIME
    assert refusal.reason is Reason.TIMED_OUT


def test_a_request_may_have_a_time_of_its_own() -> None:
    def late(client: socket.socket) -> None:
        time.sleep(0.6)
        client.sendall(PAGE)

    with WebServer({"/a": late}) as server:
        with Fetcher(settings(fetch_seconds=0.3)) as fetcher:
            assert isinstance(fetcher.fetch(local(server.url("/a"), seconds=30)), Downloaded)
        with Fetcher(settings(fetch_seconds=30)) as fetcher:
            refusal = refused(fetcher.fetch(local(server.url("/a"), seconds=0.3)))
    assert (refusal.reason, refusal.detail) == (Reason.TIMED_OUT, "127.0.0.1: no complete answer within 0.3 seconds")


def test_a_name_server_that_does_not_answer_is_not_waited_for() -> None:
    started = time.monotonic()
    refusal = refused(fetch("http://news.example/", lambda *a, **k: time.sleep(60) or [], fetch_seconds=0.3))
    assert time.monotonic() - started < IN_TIME
    assert refusal.reason is Reason.TIMED_OUT


@pytest.mark.skipif(sys.platform != "linux", reason="needs a second loopback address")
def test_an_address_that_does_not_answer_leaves_time_for_the_next() -> None:
    with WebServer(OPEN) as server, socket.create_server(("127.0.0.2", server.port), backlog=0) as deaf:
        crowd = [socket.socket() for _ in range(4)]
        for client in crowd:
            client.setblocking(False)
            client.connect_ex(deaf.getsockname())
        result = fetch(server.url("/a", "news.example"), resolver("127.0.0.2 127.0.0.1"), fetch_seconds=1.6)
        for client in crowd:
            client.close()
    assert isinstance(result, Downloaded)


@pytest.mark.parametrize(
    "large",
    [
        answer(b"x" * 20_001),
        answer(gzip.compress(b"x" * 50_000_000), content_encoding="gzip"),
        answer(zlib.compress(b"x" * 50_000_000), content_encoding="deflate"),
        answer(brotli.compress(b"x" * 50_000_000, quality=5), content_encoding="br"),
        answer(zstandard.ZstdCompressor().compress(b"x" * 50_000_000), content_encoding="zstd"),
        answer(gzip.compress(gzip.compress(b"x" * 5_000_000)), content_encoding="gzip, gzip"),
        drip(b"HTTP/1.1 200 OK\r\n\r\n", b"x" * 5_000, 0.01),
    ],
    ids=["plain", "gzip", "deflate", "br", "zstd", "packed twice", "without end"],
)
def test_what_is_too_large_is_left(large: Any) -> None:
    with WebServer({"/a": large}) as server:
        refusal = refused(fetch(server.url("/a"), max_document_bytes=20_000))
    assert refusal.reason is Reason.TOO_LARGE
    assert "more than 20,000 bytes" in refusal.detail


def test_what_is_just_as_large_as_allowed_is_taken() -> None:
    with WebServer({"/a": answer(b"x" * 20_000)}) as server:
        assert isinstance(fetch(server.url("/a"), max_document_bytes=20_000), Downloaded)


@pytest.mark.parametrize(
    ("broken", "detail"),
    [
        (b"", "not valid HTTP"),
        (b"SSH-2.0-OpenSSH_9.6\r\n", "not valid HTTP"),
        (b"HTTP/1.1 200 OK\r\nX" + b"y" * 300_000, "not valid HTTP"),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\nshort", "not valid HTTP, or was cut short"),
        (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n", "not valid HTTP"),
        (answer(b"\x1f\x8b\x08\x00plain", content_encoding="gzip"), "gzip that was cut short"),
        (answer(b"plain", content_encoding="gzip, br, gzip"), "packed 3 times over"),
    ],
)
def test_a_broken_answer_is_one_sentence(broken: bytes, detail: str) -> None:
    with WebServer({"/a": broken}) as server:
        assert detail in refused(fetch(server.url("/a"))).detail


@given(st.text() | st.from_regex(r"https?://[^/]*/.*"))
def test_no_address_whatever_breaks_a_download(url: str) -> None:
    with Fetcher(settings(), resolve=resolver("127.0.0.1")) as fetcher:
        refused(fetcher.fetch(Request(url)))
