"""Redirects that stand in a page, and cookies that a site wants back within one visit."""

from __future__ import annotations

import pytest

from tasks.http.page_redirect import page_redirect
from tests.support.webserver import WebServer, answer, downloaded, fetch, redirect, refused
from warehouse.model.vocabulary import Reason

ARTICLE = answer(b"<p>Bread is dearer than it was.</p>", content_type="text/html; charset=UTF-8")


def page(body: str) -> bytes:
    return answer(body.encode(), content_type="text/html")


@pytest.mark.parametrize(
    ("body", "target"),
    [
        ('<meta http-equiv="refresh" content="0;URL=\'/a\'">', "/a"),
        ("<META CONTENT='3; url=/a?b=1&amp;c=2' HTTP-EQUIV=Refresh><p>You are taken on.", "/a?b=1&c=2"),
        ('<meta http-equiv=refresh content="1, https://paper.example/a">', "https://paper.example/a"),
        ('<script>window.location.replace("https:\\/\\/paper.example\\/a")</script>', "https://paper.example/a"),
        ("<script>top.location.href = '/a'</script><p>Leaving for the paper.", "/a"),
        ('<script>(function(to){location.replace(to)})("https://paper.example/a")</script>', "https://paper.example/a"),
        ('<meta http-equiv="refresh" content="300;url=/a">', None),
        ('<meta http-equiv="refresh" content="300">', None),
        ('<meta name="description" content="0;url=/a">', None),
        ('<meta http-equiv="refresh" content="0;url=/live"><p>' + "An article that loads itself anew. " * 20, None),
        ("plain text with location.href = '/a'", None),
    ],
)
def test_only_a_page_of_hardly_any_words_leads_on(body, target):
    assert page_redirect(body.encode()) == target


def test_a_page_that_leads_on_is_followed_as_any_redirect():
    routes = {"/count": page('<meta http-equiv="refresh" content="0;url=/old">'), "/old": redirect("/a"), "/a": ARTICLE}
    with WebServer(routes) as server:
        document = downloaded(fetch(server.url("/count")))
    assert (document.content, document.final_url) == (b"<p>Bread is dearer than it was.</p>", server.url("/a"))
    assert document.moved_to is None
    assert [exchange.url for exchange in document.exchanges[1:]] == [
        server.url(path) for path in ("/count", "/old", "/a")
    ]


def test_the_rules_of_redirects_hold_for_pages_too():
    rules = answer(b"User-agent: *\nDisallow: /closed\n")
    with WebServer(
        {"/robots.txt": rules, "/count": page('<meta http-equiv=refresh content="0;url=/closed">')}
    ) as server:
        assert refused(fetch(server.url("/count"))).reason is Reason.DISALLOWED
        assert "/closed" not in server.paths


def test_a_page_that_leads_to_itself_is_a_page():
    body = '<meta http-equiv="refresh" content="0;url=/count">'
    with WebServer({"/count": page(body)}) as server:
        assert downloaded(fetch(server.url("/count"))).content == body.encode()
        assert server.paths.count("/count") == 1


def test_a_cookie_that_is_set_on_the_way_is_sent_back_and_not_in_the_next_visit():
    with WebServer({}) as server:

        def article(client):
            has_cookie = b"cookie: seen=1\r\n" in server.requests[-1].lower()
            client.sendall(ARTICLE if has_cookie else redirect("/hello"))

        server.routes["/a"] = article
        server.routes["/hello"] = redirect("/a").replace(
            b"\r\n\r\n", b"\r\nSet-Cookie: seen=1; Path=/\r\nSet-Cookie: t=2; Path=/x\r\n\r\n", 1
        )
        for _ in range(2):
            assert downloaded(fetch(server.url("/a"))).final_url == server.url("/a")
        assert [path for path in server.paths if path != "/robots.txt"] == ["/a", "/hello", "/a"] * 2
        assert not any(b"t=2" in request for request in server.requests)


def test_a_cookie_is_no_other_hosts():
    with WebServer({"/b": ARTICLE}) as other, WebServer({}) as server:
        target = other.url("/b", host="localhost")
        server.routes["/a"] = redirect(target).replace(b"\r\n\r\n", b"\r\nSet-Cookie: seen=1; Path=/\r\n\r\n", 1)
        assert downloaded(fetch(server.url("/a"))).final_url == target
        assert not any(b"seen=1" in request for request in other.requests)
