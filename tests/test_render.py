"""Pages are read as a real Chromium shows them, and what they ask for obeys the rules of every fetch."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

import pytest

from config.errors import ConfigError
from tasks.fetch import request
from tasks.http.browser import PROGRAMS
from tasks.http.fetcher import Fetcher
from tests.support.polled import counts, look, page, site  # noqa: F401  fixtures
from tests.support.proxies import Proxy
from tests.support.webserver import WebServer, answer, downloaded, local, redirect, refused, settings
from tests.test_access import source
from warehouse.archive.writer import read
from warehouse.connect import connect
from warehouse.model.vocabulary import Reason

HTML = {"content_type": "text/html; charset=iso-8859-1"}
STORY = page(1).partition("<body>")[2].partition("</body>")[0]
FILLED_BY_SCRIPT = answer(
    "<html lang=en><head><title>Bäckereien</title></head><body><div id=story></div><script src=/app.js></script>"
    "<img src=/photo.png><link rel=stylesheet href=/style.css><iframe src=/advertisement></iframe>".encode("latin-1"),
    **HTML,
)
SCRIPT = answer(
    b"document.cookie = 'script=1';"
    b"fetch('/data', {headers: {'X-Own': 'y'}}).then(r => r.text()).then(t => { story.innerHTML = t; });"
    b"fetch('/post', {method: 'POST'});",
    content_type="text/javascript",
    set_cookie="server=2; Path=/",
)
FILLED = {"/a": FILLED_BY_SCRIPT, "/app.js": SCRIPT, "/data": answer(STORY.encode())}


def script(code: str) -> bytes:
    return answer(f"<html><body><p>Before.</p><script>{code}</script>".encode(), **HTML)


def leads_to(target: str) -> str:
    """Write a script that leads on to `target`, which only a browser sees."""
    return f"setTimeout(() => {{ location = String('{target}') }}, 10)"


@pytest.fixture(scope="module")
def chromium():
    program = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if program is None:
        pytest.skip("no Chromium on the PATH")
    root = ["--no-sandbox"] if os.geteuid() == 0 else []
    trial = subprocess.run(
        [program, "--headless", *root, "--dump-dom", "about:blank"], capture_output=True, check=False
    )
    if trial.returncode != 0:
        pytest.skip(f"Chromium does not start here: {trial.stderr[-300:]!r}")
    return program


@pytest.fixture(scope="module")
def fetcher(chromium):
    with Fetcher(settings(max_document_bytes=500_000, fetch_seconds=20.0)) as fetcher:
        yield fetcher


@pytest.fixture
def show(fetcher):
    """Shows a page of some routes; returns the result, and the paths that were requested."""

    def show_page(routes, path="/a", **options):
        with WebServer({"/robots.txt": answer(), **routes}) as server:
            result = fetcher.fetch(local(server.url(path), render=True, **options))
            return result, server

    return show_page


def test_a_page_is_read_as_its_scripts_leave_it(show):
    result, server = show(FILLED)
    document = downloaded(result)
    text = document.content.decode("utf-8")
    assert "<title>Bäckereien</title>" in text
    assert "gone back to stone ovens" in text
    assert (document.charset, document.media_type, document.etag) == ("utf-8", "text/html", None)
    # Neither pictures, styles, frames nor what changes something on the server.
    assert server.paths == ["/robots.txt", "/a", "/app.js", "/data"]
    sent = server.requests[-1].decode().lower()
    assert "cookie: server=2; script=1\r\n" in sent
    assert "x-own: y\r\n" in sent
    assert all("user-agent: copydesk" in request.decode().lower() for request in server.requests)


def test_the_archive_has_the_page_as_it_was_shown_and_says_so(show):
    *_, last = downloaded(show(FILLED)[0]).exchanges
    assert b"gone back to stone ovens" in last.content
    assert ("X-Rendered-By", "Chromium") in last.headers
    assert ("Content-Type", "text/html; charset=utf-8") in last.headers


def test_a_page_that_never_rests_is_read_as_it_is(show):
    document, _ = show({"/a": script("setInterval(() => document.body.append('more '), 20)")}, seconds=3.0)
    assert b"more more" in downloaded(document).content


def test_a_page_that_opens_an_app_is_read(show):
    document, _ = show({"/a": script("location = 'mailto:desk@news.example'")}, seconds=5.0)
    assert b"Before." in downloaded(document).content


def test_a_script_that_never_ends_is_timed_out_and_harms_no_other_page(show):
    refusal = refused(show({"/a": script("for (;;) {}")}, seconds=1.0)[0])
    assert refusal.reason is Reason.TIMED_OUT
    assert b"stone ovens" in downloaded(show(FILLED)[0]).content


def test_a_page_that_grows_beyond_its_limit_is_too_large(show):
    refusal = refused(show({"/a": script("document.body.append('more '.repeat(200000))")})[0])
    assert refusal.reason is Reason.TOO_LARGE


def test_a_page_gets_nothing_from_an_address_that_may_not_be_fetched(show):
    code = (
        "fetch('http://169.254.169.254/latest').then(() => document.body.append('reached'),"
        " () => document.body.append('kept away'))"
    )
    assert b"kept away" in downloaded(show({"/a": script(code)})[0]).content


def test_a_page_that_leads_to_such_an_address_is_refused(show):
    refusal = refused(show({"/a": script(leads_to("http://169.254.169.254/"))})[0])
    assert refusal.reason is Reason.DISALLOWED
    assert "metadata" in refusal.detail


def test_nothing_reaches_the_network_past_the_fetcher(show):
    code = (
        "new WebSocket('ws://' + location.host + '/socket'); navigator.sendBeacon('/beacon', 'x');"
        "new EventSource('/events'); new Worker('/worker.js'); window.open('/window');"
        "navigator.serviceWorker.register('/service.js').catch(() => 0);"
    )
    links = "<link rel=preconnect href=/preconnect><link rel=prefetch href=/prefetch><a href=/x ping=/ping>x</a>"
    worker = answer(b"importScripts('/imported.js')", content_type="text/javascript")
    _, server = show({"/a": script(code).replace(b"<p>", links.encode() + b"<p>"), "/worker.js": worker})
    assert set(server.paths) <= {"/robots.txt", "/a", "/worker.js"}
    # Not even a connection.
    assert server.connections == len(server.paths)


def test_robots_txt_holds_for_what_a_page_asks_for(show):
    rules = answer(b"User-agent: *\nDisallow: /data\n")
    document, server = show({**FILLED, "/robots.txt": rules})
    assert b"stone ovens" not in downloaded(document).content
    assert "/data" not in server.paths


def test_a_script_that_leads_on_is_a_redirect(show):
    moved = {"/old": script(leads_to("/on#top")), "/on": redirect("/a")}
    result, server = show({**moved, **FILLED}, "/old")
    document = downloaded(result)
    assert b"stone ovens" in document.content
    assert document.final_url == server.url("/a")
    assert document.redirects == (server.url("/old"), server.url("/on"))
    assert [exchange.url for exchange in document.exchanges][1:] == [server.url(path) for path in ("/old", "/on", "/a")]


def test_a_script_that_leads_to_no_page_gives_what_the_server_says(show):
    refusal = refused(show({"/a": script(leads_to("/gone"))})[0])
    assert (refusal.reason, refusal.http_status) == (Reason.VANISHED, 404)


def test_pages_that_lead_on_without_end_are_refused(show):
    refusal = refused(show({"/a": script("setTimeout(() => location.reload(), 1)")})[0])
    assert "redirects" in refusal.detail


def test_headers_cookies_and_proxy_of_a_source_are_those_of_its_parts(fetcher, tmp_path):
    elsewhere = answer(STORY.encode(), access_control_allow_origin="*")
    with (
        WebServer({"/story": elsewhere}) as other,
        WebServer({"/a": FILLED_BY_SCRIPT}) as server,
        Proxy("http") as proxy,
    ):
        target = other.url("/story", host="localhost")
        code = f"fetch('{target}').then(r => r.text()).then(t => {{ story.innerHTML = t; }}); fetch('/own')"
        server.routes["/app.js"] = answer(code.encode(), content_type="text/javascript")
        rules = (
            f'headers = {{ X-Partner = "SECRETkey" }}\ncookies = "session=SECRETcookie"\nproxy = "{proxy.url()}"\n'
            'user_agent = "Lake reader"'
        )
        declared = source(tmp_path, server.url("/a"), rules).model_copy(update={"render": True})
        document = downloaded(fetcher.fetch(request(server.url("/a"), declared)))
        own = next(sent for sent in server.requests if sent.startswith(b"GET /own"))
    assert b"stone ovens" in document.content
    assert b"X-Partner: SECRETkey" in own
    assert b"session=SECRETcookie" in own
    assert b"Lake reader" in own
    assert not any(b"SECRET" in sent for sent in other.requests)
    assert b"SECRET" not in document.content
    assert "SECRET" not in repr(document.exchanges)
    assert len(proxy.requests) == len(server.requests) + len(other.requests)


def test_a_feed_stays_conditional_and_its_pages_are_shown(chromium, look, site, settings):  # noqa: F811
    site.routes.update({"/news/1": FILLED_BY_SCRIPT, "/app.js": SCRIPT, "/data": answer(STORY.encode())})
    site.feed(1, etag='"one"')
    feed = '[[input]]\nkind = "feed"\nurl = "SITE/feed"\n'
    assert counts(look(feed)) == {"discovered": 1, "rejected": 1}
    data = settings.data
    [(reason, detail)] = connect(data).execute("SELECT reason, detail FROM rejects_open").fetchall()
    assert reason == "needs_javascript"
    assert "render = true" in detail
    assert counts(look(f"render = true\n{feed}", hours=1)) == {"discovered": 1, "stored": 1}
    [row] = (
        connect(data)
        .execute("SELECT title, warc_filename, warc_offset, warc_length FROM articles JOIN captures USING (capture_id)")
        .fetchall()
    )
    assert row[0] == "Bakers of Konstanz return to stone ovens (1)"
    assert b"gone back to stone ovens" in read(data, *row[1:])


def test_without_chromium_a_sentence_names_the_cure():
    with Fetcher(settings(browser="/nowhere/chromium")) as fetcher, pytest.raises(ConfigError) as raised:
        fetcher.fetch(local("http://127.0.0.1:1/", render=True))
    assert str(raised.value) == (
        "render = true needs Chromium, and the setting `browser` names no program: /nowhere/chromium"
    )


def test_without_the_extra_a_sentence_names_the_cure(monkeypatch):
    monkeypatch.setitem(sys.modules, "playwright", None)
    with Fetcher(settings()) as fetcher, pytest.raises(ConfigError) as raised:
        fetcher.fetch(local("http://127.0.0.1:1/", render=True))
    assert str(raised.value) == "render = true needs the extra `browser`: pip install '.[browser]'"
