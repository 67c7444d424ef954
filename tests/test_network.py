from __future__ import annotations

import ssl
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme

from tasks.http.fetcher import Downloaded, Fetcher, Request, download
from tests.support.webserver import WebServer, answer, fetch, local, redirect, refused, resolver, secured, settings
from warehouse.model.vocabulary import Reason

PAGE = answer(b"<p>Bread is dearer.</p>", content_type="text/html; charset=UTF-8")
OPEN = {"/a": PAGE}


@pytest.fixture
def trap() -> Iterator[WebServer]:
    """Start a server that nobody may reach: it must end the test without a request."""
    with WebServer(OPEN) as server:
        yield server
        time.sleep(0.05)
        assert server.requests == []


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "localhost",
        "localhost.",
        "2130706433",
        "0x7f.1",
        "0177.0.0.1",
        "0",
        "127。0。0。1",
        "169.254.169.254",
        "10.0.0.1",
        "[::1]",
        "[fe80::1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[64:ff9b::7f00:1]",
    ],
)
def test_a_private_address_is_not_reached_however_it_is_written(host: str, trap: WebServer) -> None:
    refusal = refused(download(trap.url("/a", host), settings()))
    # What is not an address in the eyes of this system's resolver, or of the URL's own rules, is refused before.
    assert any(
        part in refusal.detail
        for part in ("not a public one", "nothing is ever", "does not resolve", "not a valid URL")
    )


def test_where_a_cloud_keeps_its_passwords_is_reached_by_no_source() -> None:
    with Fetcher(settings(), resolve=resolver("169.254.169.254")) as fetcher:
        refusal = refused(fetcher.fetch(Request("http://metadata.example/latest", delay=0, allow_private=True)))
    assert refusal.reason is Reason.DISALLOWED
    assert "169.254.169.254 is a cloud metadata address, from which nothing is ever fetched" in refusal.detail


def test_a_name_is_refused_when_any_of_its_addresses_is_private(trap: WebServer) -> None:
    with Fetcher(settings(), resolve=resolver("192.0.9.9 127.0.0.1")) as fetcher:
        refusal = refused(fetcher.fetch(Request(trap.url("/a", "news.example"))))
    assert refusal.reason is Reason.DISALLOWED
    assert refusal.detail.startswith("news.example: 127.0.0.1 is a loopback address")


def test_the_address_that_was_checked_is_the_one_connected_to() -> None:
    # The second answer would lead nowhere: the name must not be asked for again between check and connection.
    with WebServer(OPEN) as server:
        result = fetch(server.url("/a", "news.example"), resolver("127.0.0.1", "127.0.0.1", "203.0.113.1"))
    assert isinstance(result, Downloaded)
    assert f"Host: news.example:{server.port}\r\n".encode() in server.requests[-1]


def test_a_name_that_changes_its_answer_is_checked_at_every_connection(
    trap: WebServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    # 127.0.0.1 plays a public address while robots.txt is asked for; 127.0.0.2 is private throughout.
    monkeypatch.setattr("tasks.http.network.special_kind", lambda ip: None if ip == "127.0.0.1" else "loopback")
    with WebServer(OPEN) as server, Fetcher(settings(), resolve=resolver("127.0.0.1", "127.0.0.2")) as rebinding:
        refusal = refused(rebinding.fetch(Request(server.url("/a", "news.example"), delay=0)))
    assert refusal.reason is Reason.DISALLOWED
    assert server.paths == ["/robots.txt"]


def test_a_redirect_to_a_private_address_is_refused(trap: WebServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tasks.http.network.special_kind", lambda ip: None if ip == "127.0.0.1" else "link-local")
    with WebServer({"/a": redirect(trap.url("/a", "127.0.0.2"))}) as server, Fetcher(settings()) as fetcher:
        refusal = refused(fetcher.fetch(Request(server.url("/a"), delay=0)))
    assert refusal.detail.startswith("127.0.0.2: 127.0.0.2 is a link-local address")


def test_proxies_of_the_environment_are_not_used(monkeypatch: pytest.MonkeyPatch, trap: WebServer) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, trap.url(""))
    with WebServer(OPEN) as server:
        assert isinstance(fetch(server.url("/a")), Downloaded)


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


def test_a_certificate_is_checked_for_the_name_in_the_address(authority: trustme.CA, tmp_path: Path) -> None:
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    trusting = ssl.create_default_context(cafile=tmp_path / "ca.pem")
    with WebServer(OPEN, secured(authority, "news.example")) as server:
        outcomes = []
        for host in ("news.example", "other.example"):
            with Fetcher(settings(), resolve=resolver("127.0.0.1"), ssl_context=trusting) as fetcher:
                outcomes.append(fetcher.fetch(local(server.url("/a", host))))
    assert isinstance(outcomes[0], Downloaded)
    assert "certificate is not valid: Hostname mismatch" in refused(outcomes[1]).detail


def test_a_certificate_of_an_unknown_authority_is_refused(authority: trustme.CA) -> None:
    with WebServer(OPEN, secured(authority, "localhost")) as server:
        refusal = refused(fetch(server.url("/a", "localhost")))
    assert refusal.reason is Reason.FETCH_FAILED
    assert "the server's certificate is not valid: " in refusal.detail
    assert server.requests == []


def test_a_server_that_speaks_no_tls_is_one_sentence() -> None:
    with WebServer({"/a": PAGE}) as server:
        refusal = refused(fetch(server.url("/a").replace("http:", "https:"), fetch_seconds=0.5))
    assert refusal.reason in {Reason.FETCH_FAILED, Reason.TIMED_OUT}


def test_a_port_that_nobody_listens_on_is_one_sentence() -> None:
    with WebServer({}) as server:
        pass
    assert refused(fetch(server.url("/a"))).detail == "127.0.0.1: no connection: connection refused"
