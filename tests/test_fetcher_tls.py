"""TLS and HTTP/2 against a real server: what is spoken, who is believed, what is left of a broken connection."""

from __future__ import annotations

import concurrent.futures
import gzip
import socket
import ssl
import time
from pathlib import Path

import h2.config
import h2.connection
import h2.errors
import h2.events
import pytest
import trustme

from tasks.http.fetcher import Downloaded, Fetcher, Refused
from tests.support.webserver import (
    WebServer,
    answer,
    downloaded,
    drip,
    local,
    not_modified,
    redirect,
    refused,
    resolver,
    secured,
    settings,
)
from warehouse.model.vocabulary import Reason

EITHER = {Reason.FETCH_FAILED, Reason.TIMED_OUT}
PAGE = answer(b"<p>Bread is dearer.</p>", content_type="text/html; charset=UTF-8", etag='"1"')


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def trusting(authority: trustme.CA, tmp_path: Path) -> ssl.SSLContext:
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    return ssl.create_default_context(cafile=tmp_path / "ca.pem")


def fetcher_for(context: ssl.SSLContext, **changes: object) -> Fetcher:
    return Fetcher(settings(**changes), resolve=resolver("127.0.0.1"), ssl_context=context)


def http2(authority: trustme.CA) -> ssl.SSLContext:
    return secured(authority, "news.example", protocols=("h2", "http/1.1"))


def test_http2_is_spoken_where_a_server_offers_it(authority, trusting):
    routes = {"/old": redirect("/a"), "/a": PAGE}
    with WebServer(routes, http2(authority)) as server, fetcher_for(trusting) as fetcher:
        document = downloaded(fetcher.fetch(local(server.url("/old", "news.example"))))
    assert (document.content, document.media_type) == (b"<p>Bread is dearer.</p>", "text/html")
    assert [exchange.http_version for exchange in document.exchanges] == ["HTTP/2"] * 3
    assert ("etag", '"1"') in document.exchanges[-1].headers
    assert document.exchanges[-1].ip_address == "127.0.0.1"
    sent = server.requests[-1].decode()
    assert f"\r\n:authority: news.example:{server.port}\r\n" in sent
    assert "\r\nuser-agent: Copydesk (news article collector)\r\n" in sent


def test_http1_is_spoken_where_a_server_offers_nothing_else(authority, trusting):
    with WebServer({"/a": PAGE}, secured(authority, "news.example")) as server, fetcher_for(trusting) as fetcher:
        document = downloaded(fetcher.fetch(local(server.url("/a", "news.example"))))
    assert [exchange.http_version for exchange in document.exchanges] == ["HTTP/1.1"] * 2


def test_many_documents_come_over_few_connections(authority, trusting):
    routes = {f"/{number}": answer(b"%d" % number) for number in range(40)}
    with WebServer(routes, http2(authority)) as server, fetcher_for(trusting) as fetcher:
        futures = [fetcher.submit(local(server.url(f"/{number}", "news.example"))) for number in range(40)]
        contents = [downloaded(future.result()).content for future in futures]
    assert contents == [b"%d" % number for number in range(40)]
    assert server.connections <= 2


def test_what_is_packed_too_large_or_unchanged_is_so_over_http2_too(authority, trusting):
    routes = {
        "/packed": answer(gzip.compress(b"news"), content_encoding="gzip"),
        "/bomb": answer(gzip.compress(bytes(40_000_000)), content_encoding="gzip"),
        "/endless": answer(b"x" * 60_000),
        "/same": answer(status="304 x"),
        "/a": PAGE,
    }
    with WebServer(routes, http2(authority)) as server, fetcher_for(trusting, max_document_bytes=20_000) as fetcher:
        results = {path: fetcher.fetch(local(server.url(path, "news.example"), etag='"1"')) for path in routes}
    assert downloaded(results["/packed"]).content == b"news"
    assert {refused(results[path]).reason for path in ("/bomb", "/endless")} == {Reason.TOO_LARGE}
    assert not_modified(results["/same"]).exchanges[0].http_version == "HTTP/2"
    downloaded(results["/a"])


def test_a_silent_answer_takes_neither_the_others_nor_the_host_with_it(authority, trusting):
    routes = {"/hangs": drip(b"", b"", 9.0), "/a": PAGE}
    with WebServer(routes, http2(authority)) as server, fetcher_for(trusting, fetch_seconds=1.5) as fetcher:
        first = fetcher.submit(local(server.url("/hangs", "news.example")))
        beside = [fetcher.submit(local(server.url("/a", "news.example"))) for _ in range(3)]
        concurrent.futures.wait([first, *beside])
        assert refused(first.result()).reason is Reason.TIMED_OUT
        for future in beside:
            downloaded(future.result())
        downloaded(fetcher.fetch(local(server.url("/a", "news.example"))))


def test_a_connection_with_an_answer_left_unread_is_not_used_again(authority, trusting):
    # What nobody reads keeps its share of the connection's window, 16 MB in all, after which nothing would come.
    routes = {"/large": answer(b"x" * 60_000), "/a": PAGE}
    with WebServer(routes, http2(authority)) as server, fetcher_for(trusting) as fetcher:
        refused(fetcher.fetch(local(server.url("/large", "news.example"), max_bytes=1_000)))
        assert server.connections == 1
        for _ in range(3):
            downloaded(fetcher.fetch(local(server.url("/a", "news.example"))))
        assert server.connections == 2


def test_headers_that_hide_a_line_end_are_kept_without_it(authority, trusting):
    page = answer(b"x", etag='"1"\x85', x_odd="caf\xe9\tau lait")
    with WebServer({"/a": page}, http2(authority)) as server, fetcher_for(trusting) as fetcher:
        document = downloaded(fetcher.fetch(local(server.url("/a", "news.example"))))
    values = [value for _, value in document.exchanges[-1].headers]
    assert all("\n" not in value and "\r" not in value for value in values)
    assert document.etag == '"1"'


def test_a_certificate_that_is_not_valid_is_not_tried_again(authority, trusting):
    with WebServer({"/a": PAGE}, http2(authority)) as server, fetcher_for(trusting, fetch_attempts=3) as fetcher:
        refusal = refused(fetcher.fetch(local(server.url("/a", "other.example"))))
    assert "certificate is not valid: Hostname mismatch" in refusal.detail
    assert (len(refusal.exchanges), server.requests) == (1, [])


def hostile(*headers: tuple[str, str], reset: bool = False, leave: bool = False, body: bytes = b"x") -> object:
    """Make a server of HTTP/2 that answers what no decent one does."""

    def speak(stream: socket.socket) -> None:
        connection = h2.connection.H2Connection(
            h2.config.H2Configuration(client_side=False, validate_outbound_headers=False)
        )
        connection.initiate_connection()
        stream.sendall(connection.data_to_send())
        while received := stream.recv(65_536):
            for event in connection.receive_data(received):
                if isinstance(event, h2.events.RequestReceived):
                    if reset:
                        connection.reset_stream(event.stream_id, h2.errors.ErrorCodes.INTERNAL_ERROR)
                    elif leave:
                        connection.close_connection()
                        stream.sendall(connection.data_to_send())
                        return
                    else:
                        connection.send_headers(event.stream_id, headers)
                        connection.send_data(event.stream_id, body, end_stream=True)
            stream.sendall(connection.data_to_send())

    return speak


def endless(stream: socket.socket) -> None:
    """Pings, for ever."""
    connection = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False))
    connection.initiate_connection()
    while True:
        connection.ping(b"12345678")
        stream.sendall(connection.data_to_send())
        time.sleep(0.001)


@pytest.mark.parametrize(
    ("speak", "reasons"),
    [
        (hostile((":status", "two hundred")), {Reason.FETCH_FAILED}),
        (hostile((":status", "99999999999999")), {Reason.FETCH_FAILED}),
        (hostile((":status", "200"), *[(f"x-{number}", "y" * 8_000) for number in range(40)]), EITHER),
        (hostile(reset=True), {Reason.FETCH_FAILED}),
        (hostile(leave=True), {Reason.FETCH_FAILED}),
        (lambda stream: stream.sendall(b"HTTP/1.1 200 OK\r\n\r\n" * 99), {Reason.FETCH_FAILED}),
        (lambda stream: stream.sendall(bytes(range(256)) * 500), {Reason.FETCH_FAILED}),
        (lambda stream: None, {Reason.FETCH_FAILED}),
        (lambda stream: time.sleep(9), {Reason.TIMED_OUT}),
        (endless, {Reason.TIMED_OUT}),
    ],
    ids="status large-status headers reset leave http1 bytes nothing silence pings".split(),
)
def test_whatever_comes_over_http2_is_one_sentence(speak, reasons, authority, trusting):
    seconds = 0.5 if reasons == {Reason.TIMED_OUT} else 3.0
    with WebServer({}, http2(authority), speak_http2=speak) as server:
        began = time.monotonic()
        with fetcher_for(trusting, fetch_seconds=seconds) as fetcher:
            refusal = refused(fetcher.fetch(local(server.url("/a", "news.example"))))
        assert time.monotonic() - began < seconds + 1
    assert refusal.reason in reasons
    assert refusal.exchanges[-1].error or refusal.exchanges[-1].status


def test_a_line_end_inside_a_header_ends_no_line(authority, trusting):
    speak = hostile((":status", "200"), ("x-odd", "a\r\nX-Injected: yes"), ("etag", "1\r\nX: y"))
    with WebServer({}, http2(authority), speak_http2=speak) as server, fetcher_for(trusting) as fetcher:
        document = downloaded(fetcher.fetch(local(server.url("/a", "news.example"))))
    assert ("x-odd", "aX-Injected: yes") in document.exchanges[-1].headers
    assert document.etag == "1X: y"


def keep_alive(body: bytes, head: bytes = b"") -> bytes:
    """Make a response after which the connection stays open."""
    return (
        b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n"
        + (head or b"Content-Length: %d" % len(body))
        + (b"\r\n\r\n" + body)
    )


def staying(*pieces: bytes, pause: float = 0.0):
    """Make a response in pieces that reach the client together, or after a pause; then the connection answers /b."""

    def send(client: socket.socket) -> None:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, 1)
        for piece in pieces:
            client.sendall(piece)
            if pause:
                client.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, 0)
                time.sleep(pause)
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, 0)
        while client.recv(65_536):
            client.sendall(keep_alive(b"its own text"))

    return send


EXTRA = keep_alive(b"the text of another")


@pytest.mark.parametrize(
    "route",
    [
        staying(keep_alive(b"first") + EXTRA),
        staying(keep_alive(b"first"), EXTRA),
        staying(keep_alive(b"first") + EXTRA[:30]),
        staying(keep_alive(b"first") + EXTRA + EXTRA),
        staying(keep_alive(b"5\r\nfirst\r\n0\r\n\r\n", b"Transfer-Encoding: chunked") + EXTRA),
        staying(keep_alive(b"first"), EXTRA, pause=0.05),
        staying(keep_alive(b"first"), b"\r\n"),
    ],
    ids=["one piece", "two pieces", "a part", "several", "chunked", "a little later", "line end"],
)
@pytest.mark.parametrize("secure", [False, True])
def test_what_comes_behind_a_whole_answer_is_not_taken_for_the_next(authority, trusting, route, secure):
    routes = {"/a": route, "/b": answer(b"its own text", content_type="text/html")}
    tls = secured(authority, "news.example") if secure else None
    with WebServer(routes, tls) as server, fetcher_for(trusting) as fetcher:
        fetcher.fetch(local(server.url("/b", "news.example")))
        before = server.connections
        first = downloaded(fetcher.fetch(local(server.url("/a", "news.example"))))
        time.sleep(0.1)
        document = downloaded(fetcher.fetch(local(server.url("/b", "news.example"))))
    assert (first.content, document.content) == (b"first", b"its own text")
    assert [exchange.content for exchange in document.exchanges] == [b"its own text"]
    assert server.connections == before + 2


@pytest.mark.parametrize("secure", [False, True])
def test_a_connection_behind_whose_answer_nothing_comes_is_used_again(authority, trusting, secure):
    tls = secured(authority, "news.example") if secure else None
    with WebServer({"/a": staying(keep_alive(b"first"))}, tls) as server, fetcher_for(trusting) as fetcher:
        downloaded(fetcher.fetch(local(server.url("/a", "news.example"))))
        before = server.connections
        document = downloaded(fetcher.fetch(local(server.url("/b", "news.example"))))
    assert (document.content, server.connections) == (b"its own text", before)


def test_an_http2_answer_to_what_was_not_asked_is_nobodys(authority, trusting):
    def speak(stream: socket.socket) -> None:
        connection = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False))
        connection.initiate_connection()
        stream.sendall(connection.data_to_send())
        while received := stream.recv(65_536):
            for event in connection.receive_data(received):
                if isinstance(event, h2.events.RequestReceived):
                    path = dict(event.headers)[b":path"]
                    connection.send_headers(event.stream_id, [(":status", "200"), ("content-type", "text/html")])
                    connection.send_data(event.stream_id, path, end_stream=True)
                    frames = connection.data_to_send()
                    # The same frames, for the stream that the client will open next.
                    later = bytearray(frames)
                    offset = 0
                    while offset < len(later):
                        length = int.from_bytes(later[offset : offset + 3], "big")
                        later[offset + 5 : offset + 9] = (event.stream_id + 2).to_bytes(4, "big")
                        offset += 9 + length
                    stream.sendall(frames + (later if path == b"/a" else b""))
            stream.sendall(connection.data_to_send())

    with WebServer({}, http2(authority), speak_http2=speak) as server, fetcher_for(trusting) as fetcher:
        for path in ("/b", "/a", "/c", "/d"):
            result = fetcher.fetch(local(server.url(path, "news.example")))
            assert not isinstance(result, Refused) or path != "/b"
            if isinstance(result, Downloaded):
                assert result.content == path.encode()
        assert isinstance(result, Downloaded)
