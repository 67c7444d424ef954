from __future__ import annotations

import gzip

import pytest

from tasks.http.fetcher import Downloaded, Fetcher, Request
from tests.support.webserver import Clock, WebServer, answer, fetch, local, redirect, refused, settings
from warehouse.model.vocabulary import Reason

PAGE = answer(b"<p>Bread is dearer.</p>", content_type="text/html; charset=UTF-8")
OPEN = {"/a": PAGE}


def test_a_document_comes_with_what_its_server_said_of_it() -> None:
    # A next line, U+0085, passes for part of a value in HTTP, and for the end of a line in Python.
    page = answer(b"<p>x</p>", content_type="Text/HTML; charset='Windows-1251'", etag='W/"7"\x85', last_modified="Mon")
    with WebServer({"/a": page}) as server:
        result = fetch(server.url("/a#top"))
    assert result == Downloaded(
        content=b"<p>x</p>",
        final_url=server.url("/a"),
        http_status=200,
        media_type="text/html",
        charset="windows-1251",
        etag='W/"7"',
        last_modified="Mon",
        redirects=(),
        exchanges=result.exchanges,
    )


def test_a_request_says_who_asks_and_how_to_reach_them() -> None:
    with WebServer(OPEN) as server:
        fetch(server.url("/a"), contact="mailto:desk@news.example\r\nX-Injected: (yes)")
    lines = server.requests[-1].decode().split("\r\n")
    agent = "User-Agent: Copydesk (news article collector; +mailto:desk@news.exampleX-Injected: yes)"
    assert lines[0] == "GET /a HTTP/1.1"
    assert {f"Host: 127.0.0.1:{server.port}", agent, "Accept-Encoding: gzip, deflate, br, zstd"} <= set(lines)


def test_a_packed_document_is_unpacked() -> None:
    with WebServer({"/a": answer(gzip.compress(b"news"), content_encoding="gzip")}) as server:
        result = fetch(server.url("/a"))
    assert isinstance(result, Downloaded)
    assert result.content == b"news"


def test_redirects_are_followed_and_told() -> None:
    with WebServer({"/old": redirect("/new?x=1"), "/new?x=1": redirect("a")} | OPEN) as server:
        result = fetch(server.url("/old"))
    assert isinstance(result, Downloaded)
    assert (result.final_url, result.redirects) == (server.url("/a"), (server.url("/old"), server.url("/new?x=1")))


@pytest.mark.parametrize(
    ("response", "reason", "detail", "wait"),
    [
        (answer(status="404 Not Found"), Reason.VANISHED, "answered 404 Not Found", None),
        (answer(status="410 Gone"), Reason.VANISHED, "answered 410 Gone", None),
        (answer(status="403 <b>"), Reason.FETCH_FAILED, "answered 403 Forbidden", None),
        (answer(status="304 Not Modified"), Reason.FETCH_FAILED, "answered 304 Not Modified", None),
        (answer(status="302 Found"), Reason.FETCH_FAILED, "answered 302 Found", None),
        (answer(b"<html>", status="206 x"), Reason.FETCH_FAILED, "answered 206 Partial Content", None),
        (answer(status="999 x"), Reason.FETCH_FAILED, "answered 999", None),
        (answer(status="429 x", retry_after="120"), Reason.FETCH_FAILED, "asks to wait 120 seconds", 120.0),
        (answer(status="503 x", retry_after="soon"), Reason.FETCH_FAILED, "503 Service Unavailable", None),
        (
            answer(status="503 x", retry_after="Wed, 21 Oct 2015 07:28:00 GMT"),
            Reason.FETCH_FAILED,
            "asks to wait 0 seconds",
            0.0,
        ),
    ],
)
def test_a_status_is_told_with_how_long_to_wait(
    response: bytes, reason: Reason, detail: str, wait: float | None
) -> None:
    with WebServer({"/a": response}) as server:
        refusal = refused(fetch(server.url("/a")))
    assert detail in refusal.detail
    assert (refusal.reason, refusal.retry_after) == (reason, wait)


@pytest.mark.parametrize(
    ("location", "detail"),
    [
        ("file:///etc/passwd", "http:// or https://"),
        ("gopher://127.0.0.1/", "http:// or https://"),
        ("http://editor:s3cret@news.example/", "password"),
        ("http://[::1", "not a valid URL"),
        ("/" + "a" * 9_000, "characters"),
    ],
)
def test_a_redirect_to_what_may_not_be_asked_for_is_refused(location: str, detail: str) -> None:
    with WebServer({"/a": redirect(location)}) as server:
        refusal = refused(fetch(server.url("/a")))
    assert (refusal.reason, refusal.was_requested) == (Reason.DISALLOWED, True)
    assert detail in refusal.detail


def test_a_circle_of_redirects_ends() -> None:
    with WebServer({"/a": redirect("/b"), "/b": redirect("/a")}) as server:
        refusal = refused(fetch(server.url("/a"), max_redirects=4))
    assert refusal.detail == "127.0.0.1: more than 4 redirects"
    assert server.paths == ["/robots.txt", "/a", "/b", "/a", "/b", "/a"]


def test_as_many_redirects_as_are_allowed_are_followed() -> None:
    with WebServer({"/b": redirect("/a")} | OPEN) as server:
        assert isinstance(fetch(server.url("/b"), max_redirects=1), Downloaded)


def test_what_robots_txt_forbids_is_not_asked_for() -> None:
    rules = answer(b"User-agent: Copydesk\nDisallow: /a")
    with WebServer({"/robots.txt": rules} | OPEN) as server:
        refusal = refused(fetch(server.url("/a")))
    assert (refusal.reason, server.paths) == (Reason.DISALLOWED, ["/robots.txt"])
    assert (refusal.was_requested, refusal.retry_after) == (False, None)
    assert refusal.detail == "127.0.0.1: robots.txt does not let Copydesk fetch this address"


def test_robots_txt_is_asked_for_once_an_origin() -> None:
    with WebServer(OPEN) as server, Fetcher(settings()) as fetcher:
        for _ in range(3):
            fetcher.fetch(local(server.url("/a")))
        fetcher.fetch(local(server.url("/a", "localhost")))
    assert server.paths == ["/robots.txt", "/a", "/a", "/a", "/robots.txt", "/a"]


@pytest.mark.parametrize("status", ["404 x", "403 x", "401 x", "410 x"])
def test_a_site_without_robots_txt_allows_everything(status: str) -> None:
    with WebServer({"/robots.txt": answer(status=status)} | OPEN) as server:
        assert isinstance(fetch(server.url("/a")), Downloaded)


@pytest.mark.parametrize("status", ["500 x", "503 x", "429 x"])
@pytest.mark.parametrize("asks", [0, 60, 100])
def test_a_site_that_cannot_give_its_robots_txt_allows_nothing_for_a_minute_or_as_long_as_it_asks(
    status: str, asks: int
) -> None:
    with WebServer({"/robots.txt": answer(status=status, retry_after=str(asks))} | OPEN) as server:
        clock = Clock()
        with Fetcher(settings(), clock=clock, sleep=clock.sleep) as fetcher:
            first, second = (refused(fetcher.fetch(local(server.url("/a")))) for _ in range(2))
    assert (first.reason, first.was_requested, server.paths) == (Reason.FETCH_FAILED, False, ["/robots.txt"])
    assert first.retry_after == second.retry_after == max(asks, 60)
    assert f"to robots.txt, without which nothing may be fetched, and asks to wait {asks} seconds" in first.detail


@pytest.mark.parametrize("url", ["file:///etc/passwd", "http://ann:s3cret@news.example/", "http://10.0.0.1/a"])
def test_an_address_that_may_not_be_asked_for_is_not_asked_for_later_either(url: str) -> None:
    with Fetcher(settings()) as fetcher:
        for _ in range(2):
            refusal = refused(fetcher.fetch(Request(url, delay=0)))
            assert (refusal.reason, refusal.was_requested, refusal.retry_after) == (Reason.DISALLOWED, False, None)


def test_a_robots_txt_that_breaks_off_allows_nothing() -> None:
    with WebServer({"/robots.txt": b""} | OPEN) as server:
        refusal = refused(fetch(server.url("/a")))
    assert (server.paths, refusal.was_requested, round(refusal.retry_after or 0)) == (["/robots.txt"], False, 60)


def test_an_endless_robots_txt_counts_to_its_limit() -> None:
    rules = b"User-agent: *\nDisallow: /a\n" + b"# padding\n" * 200_000
    with WebServer({"/robots.txt": answer(gzip.compress(rules), content_encoding="gzip")} | OPEN) as server:
        assert refused(fetch(server.url("/a"))).reason is Reason.DISALLOWED


def test_a_redirect_leads_to_an_origin_with_rules_of_its_own() -> None:
    rules = answer(b"User-agent: *\nDisallow: /a")
    with WebServer({"/robots.txt": rules} | OPEN) as strict, WebServer({"/rules": answer()}) as lax:
        lax.routes |= {"/robots.txt": redirect("/rules"), "/a": redirect(strict.url("/a"))}
        refusal = refused(fetch(lax.url("/a")))
    assert refusal.was_requested
    assert (refusal.reason, lax.paths, strict.paths) == (
        Reason.DISALLOWED,
        ["/robots.txt", "/rules", "/a"],
        ["/robots.txt"],
    )
