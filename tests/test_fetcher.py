"""What several requests of one process do together: turns, blocks, attempts, threads, an end."""

from __future__ import annotations

import asyncio
import concurrent.futures
import socket
import subprocess
import sys
import threading
import time
from datetime import timedelta
from email.utils import format_datetime
from functools import partial
from itertools import pairwise
from pathlib import Path

import pytest

from tasks.http.fetcher import Fetcher, Refused, Request, Rules
from tasks.http.robots_cache import RobotsCache
from tests.support.webserver import (
    Clock,
    WebServer,
    answer,
    downloaded,
    drip,
    fetch,
    local,
    not_modified,
    postponed,
    redirect,
    refused,
    resolver,
    settings,
)
from warehouse.model.vocabulary import Reason

PAGE = answer(b"<p>Bread is dearer.</p>", content_type="text/html; charset=UTF-8")
OPEN = {"/a": PAGE, "/b": PAGE}
BUSY = answer(b"slow down", "429 Too Many Requests")


def fetcher_by(clock: Clock, **changes: object) -> Fetcher:
    return Fetcher(settings(**changes), clock=clock, sleep=clock.sleep)


def test_every_request_to_a_host_keeps_its_distance():
    with WebServer({"/old": redirect("/a")} | OPEN) as server, Fetcher(settings()) as fetcher:
        pages = [fetcher.submit(local(server.url(path), delay=0.15)) for path in ("/old", "/b")]
        assert {downloaded(page.result()).final_url for page in pages} == {server.url("/a"), server.url("/b")}
    assert sorted(server.paths) == ["/a", "/b", "/old", "/robots.txt"]
    # Between two arrivals the way of the first may take longer than that of the second.
    assert min(later - earlier for earlier, later in pairwise(server.times)) > 0.12
    assert (fetcher.statistics.requests, fetcher.statistics.waits >= 3) == (4, True)


def test_a_folder_of_hosts_paces_one_fetcher_after_the_other(tmp_path):
    clock = Clock()
    with WebServer(OPEN) as server:
        for _ in range(2):
            with Fetcher(settings(), clock=clock, sleep=clock.sleep, hosts=tmp_path / "hosts") as fetcher:
                downloaded(fetcher.fetch(local(server.url("/a"), delay=7)))
    assert clock.seconds == 21


def test_requests_to_a_host_are_made_in_the_order_in_which_they_came():
    clock = Clock()
    pages = {f"/{number}": PAGE for number in range(20)}
    # One at a time: two under way may overtake each other on their way.
    with WebServer(pages) as server, fetcher_by(clock, host_connections=1) as fetcher:
        futures = [fetcher.submit(local(server.url(f"/{number}"), delay=5)) for number in range(20)]
        concurrent.futures.wait(futures)
    assert server.paths == ["/robots.txt", *(f"/{number}" for number in range(20))]
    assert clock.seconds == 100


def test_a_crawl_delay_is_kept_where_it_is_longer():
    clock = Clock()
    rules = answer(b"User-agent: *\nCrawl-delay: 20\nSitemap: https://news.example/news.xml")
    with WebServer({"/robots.txt": rules} | OPEN) as server, fetcher_by(clock) as fetcher:
        for delay in (5, 30):
            downloaded(fetcher.fetch(local(server.url("/a"), delay=delay)))
        known = fetcher.robots(server.url("/b"), allow_private=True)
    assert isinstance(known, Rules)
    assert (known.crawl_delay, known.sitemaps, known.exchanges) == (20, ("https://news.example/news.xml",), ())
    assert clock.seconds == 20 + 30


def test_rules_of_more_than_two_thousand_origins_are_forgotten_once_their_time_is_over():
    async def look_up_many():
        requests = []

        async def ask(number):
            requests.append(number)
            return Refused(Reason.FETCH_FAILED, "no connection")

        book, clock = RobotsCache(now := Clock()), now
        for number in range(2_500):
            await book.look_up(f"http://{number}.example/robots.txt", partial(ask, number), allow_private=False)
        entry_count = len(book._entries)
        await book.look_up("http://0.example/robots.txt", partial(ask, 0), allow_private=False)
        clock.now += timedelta(hours=1)
        await book.look_up("http://new.example/robots.txt", partial(ask, "new"), allow_private=False)
        return entry_count, len(requests), len(book._entries)

    assert asyncio.run(look_up_many()) == (2_500, 2_501, 1)


def test_rules_are_asked_for_again_after_a_day():
    clock = Clock()
    with WebServer(OPEN) as server, fetcher_by(clock) as fetcher:
        for hours in (0, 23, 2):
            clock.now += timedelta(hours=hours)
            downloaded(fetcher.fetch(local(server.url("/a"))))
    assert server.paths == ["/robots.txt", "/a", "/a", "/robots.txt", "/a"]


def test_an_origin_without_readable_rules_is_left_alone_for_longer_and_longer_up_to_an_hour():
    clock = Clock()
    with WebServer({"/robots.txt": answer(status="500 x")} | OPEN) as server, fetcher_by(clock) as fetcher:
        request_minutes = []
        for _ in range(250):
            count = len(server.paths)
            refusal = refused(fetcher.fetch(local(server.url("/a"))))
            assert (refusal.reason, refusal.was_requested) == (Reason.FETCH_FAILED, False)
            assert 0 < refusal.retry_after <= 3_600
            request_minutes += [clock.seconds / 60] * (len(server.paths) - count)
            clock.now += timedelta(minutes=1)
        server.routes["/robots.txt"] = answer()
        clock.now += timedelta(hours=1)
        downloaded(fetcher.fetch(local(server.url("/a"))))
    assert request_minutes == [0, 1, 3, 7, 15, 31, 63, 123, 183, 243]
    assert fetcher.statistics.forbidden == 250


@pytest.mark.parametrize("status", ["429 Too Many Requests", "503 Service Unavailable"])
def test_a_host_that_asks_for_a_short_wait_is_asked_again_after_it(status):
    clock = Clock()
    with (
        WebServer({"/a": [answer(status=status, retry_after="90"), PAGE]}) as server,
        fetcher_by(clock, fetch_attempts=2) as fetcher,
    ):
        document = downloaded(fetcher.fetch(local(server.url("/a"))))
    assert [exchange.status for exchange in document.exchanges] == [404, int(status[:3]), 200]
    assert 90 <= clock.seconds < 91


def test_a_date_to_come_back_at_is_read_by_the_clock():
    clock = Clock()
    until = format_datetime(clock.now + timedelta(seconds=100), usegmt=True)
    with (
        WebServer({"/a": [answer(status="429 x", retry_after=until), PAGE]}) as server,
        fetcher_by(clock, fetch_attempts=2) as fetcher,
    ):
        downloaded(fetcher.fetch(local(server.url("/a"))))
    assert 100 <= clock.seconds < 101


@pytest.mark.parametrize(
    ("retry_after", "seconds"),
    [("3600", 3_600), ("86401", 86_400), ("9" * 40, 86_400), ("Fri, 31 Dec 9999 23:59:59 GMT", 86_400)],
)
def test_a_host_that_asks_for_a_long_wait_is_left_alone(retry_after, seconds):
    clock = Clock()
    with (
        WebServer({"/a": answer(b"slow", "429 x", retry_after=retry_after)} | {"/b": PAGE}) as server,
        fetcher_by(clock, fetch_attempts=3) as fetcher,
    ):
        first = postponed(fetcher.fetch(local(server.url("/a"))))
        second = postponed(fetcher.fetch(local(server.url("/b"))))
    assert first.until == second.until == clock.began + timedelta(seconds=seconds)
    assert [exchange.content for exchange in first.exchanges] == [b"nothing here", b"slow"]
    assert (second.exchanges, server.paths, clock.seconds) == ((), ["/robots.txt", "/a"], 0)
    assert fetcher.statistics.postponed == 2


@pytest.mark.parametrize("retry_after", ["", "-5", "soon", "1e9", "\xff", "Mon, 99 Foo 2026 99:99:99 GMT"])
def test_a_wait_that_cannot_be_read_is_half_a_minute_and_then_longer(retry_after):
    clock = Clock()
    with (
        WebServer({"/a": [answer(status="429 x", retry_after=retry_after)] * 2 + [PAGE]}) as server,
        fetcher_by(clock, fetch_attempts=3) as fetcher,
    ):
        downloaded(fetcher.fetch(local(server.url("/a"))))
    assert 90 <= clock.seconds <= 136


@pytest.mark.parametrize(
    ("passing", "tries"),
    [
        (answer(status="500 x"), 3),
        (answer(status="502 x"), 3),
        (answer(status="503 x"), 3),
        (answer(status="504 x"), 3),
        (b"", 3),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\nshort", 3),
        (drip(b"", b"", 9.0), 3),
        (answer(status="501 x"), 1),
        (answer(status="404 x"), 1),
        (answer(status="403 x"), 1),
        (answer(status="304 x"), 1),
        (answer(b"x" * 3_000), 1),
        (answer(b"\x1f\x8b\x08\x00plain", content_encoding="gzip"), 1),
    ],
    ids=["500", "502", "503", "504", "nothing", "cut", "silence", "501", "404", "403", "304", "large", "not gzip"],
)
def test_a_failure_is_tried_again_only_where_it_may_pass(passing, tries):
    seconds = 5.0 if isinstance(passing, bytes) else 0.3
    with WebServer({"/a": passing}) as server:
        refusal = refused(fetch(server.url("/a"), fetch_attempts=3, fetch_seconds=seconds, max_document_bytes=2_000))
    assert server.paths == ["/robots.txt", *["/a"] * tries]
    assert len(refusal.exchanges) == 1 + tries


def test_attempts_wait_longer_each_time_and_take_their_turns():
    clock = Clock()
    with (
        WebServer({"/a": [answer(status="500 x")] * 3 + [PAGE]}) as server,
        fetcher_by(clock, fetch_attempts=4, retry_seconds=10) as fetcher,
    ):
        document = downloaded(fetcher.fetch(local(server.url("/a"), delay=5)))
    starts = [(exchange.started_at - clock.began).total_seconds() for exchange in document.exchanges]
    assert [exchange.status for exchange in document.exchanges] == [404, 500, 500, 500, 200]
    waits = [later - earlier for earlier, later in pairwise(starts)]
    assert waits[0] == 5
    assert all(wait <= waited <= wait * 1.5 for wait, waited in zip((10, 20, 40), waits[1:], strict=True))


def test_a_host_that_nobody_answers_for_is_tried_again_and_told():
    with WebServer({}) as server:
        pass
    refusal = refused(fetch(server.url("/a"), fetch_attempts=2))
    assert [exchange.error for exchange in refusal.exchanges] == ["127.0.0.1: no connection: connection refused"] * 2
    assert {exchange.url for exchange in refusal.exchanges} == {server.url("/robots.txt")}


def test_what_is_not_modified_is_told_with_what_was_asked():
    fresh = answer(status="304 Not Modified", etag='"2"')
    with WebServer({"/a": fresh}) as server, Fetcher(settings()) as fetcher:
        unchanged = not_modified(
            fetcher.fetch(local(server.url("/a"), etag='"1"', last_modified="Mon, 02 Mar 2026 10:00:00 GMT"))
        )
        refused(fetcher.fetch(local(server.url("/a"))))
        refused(fetcher.fetch(local(server.url("/a"), etag="\r\n")))
    assert (unchanged.final_url, unchanged.etag, unchanged.last_modified) == (server.url("/a"), '"2"', None)
    sent = server.requests[1].decode()
    assert '\r\nIf-None-Match: "1"\r\nIf-Modified-Since: Mon, 02 Mar 2026 10:00:00 GMT\r\n' in sent
    assert b"If-None-Match" not in server.requests[0] + server.requests[2] + server.requests[3]


def test_a_stored_etag_starts_no_header_of_its_own():
    with WebServer(OPEN) as server, Fetcher(settings()) as fetcher:
        downloaded(fetcher.fetch(local(server.url("/a"), etag='"1"\r\nX-Injected: yes', last_modified="\x00")))
    assert b'\r\nIf-None-Match: "1"X-Injected: yes\r\n' in server.requests[-1]


@pytest.mark.parametrize(
    ("statuses", "moved"),
    [
        (["301 x"], True),
        (["308 x", "301 x"], True),
        (["301 x", "302 x"], False),
        (["307 x", "301 x"], False),
        ([], False),
    ],
)
def test_a_document_has_moved_where_every_redirect_says_so(statuses, moved):
    routes = {f"/{number}": redirect(f"/{number + 1}", status) for number, status in enumerate(statuses)}
    with WebServer(routes | {f"/{len(statuses)}": PAGE}) as server:
        document = downloaded(fetch(server.url("/0")))
    assert document.moved_to == (server.url(f"/{len(statuses)}") if moved else None)
    assert document.redirects == tuple(server.url(f"/{number}") for number in range(len(statuses)))


def test_everything_that_was_said_is_kept_in_order():
    broken = answer(b"oops", "500 Internal Error", x_odd="caf\xe9")
    with WebServer({"/old": redirect("/a"), "/a": [broken, PAGE]}) as server:
        document = downloaded(fetch(server.url("/old"), fetch_attempts=2))
    exchanges = [
        (exchange.url.removeprefix(server.url("")), exchange.status, exchange.content)
        for exchange in document.exchanges
    ]
    assert exchanges == [
        ("/robots.txt", 404, b"nothing here"),
        ("/old", 302, b""),
        ("/a", 500, b"oops"),
        ("/a", 200, document.content),
    ]
    failed = document.exchanges[2]
    assert (failed.reason, failed.http_version, failed.ip_address) == ("Internal Error", "HTTP/1.1", "127.0.0.1")
    assert {("x-odd", "caf\xe9"), ("content-length", "4")} <= set(failed.headers)
    assert failed.request_headers[0] == ("Host", f"127.0.0.1:{server.port}")
    assert {exchange.error for exchange in document.exchanges} == {None}


def test_an_answer_read_only_partly_says_so():
    missing = answer(b"x" * 100_000, "404 Not Found")
    with WebServer({"/a": missing, "/b": answer(b"x" * 3_000)}) as server, Fetcher(settings()) as fetcher:
        error = fetcher.fetch(local(server.url("/a"))).exchanges[-1]
        large = fetcher.fetch(local(server.url("/b"), max_bytes=2_000)).exchanges[-1]
    assert (error.content, error.error) == (b"x" * 65_536, "only the first 65,536 bytes of the body were read")
    assert (large.status, large.content) == (200, b"")
    assert large.error == "127.0.0.1: more than 2,000 bytes, the limit"


def test_the_body_of_a_redirect_does_not_hold_up_the_document():
    endless = drip(b"HTTP/1.1 302 Found\r\nlocation: /a\r\n\r\n", b"x", 0.05)
    with WebServer({"/old": endless} | OPEN) as server:
        document = downloaded(fetch(server.url("/old")))
    assert document.exchanges[1].error == "the body of the answer could not be read to its end"


def test_no_cookie_is_kept():
    with (
        WebServer({"/a": answer(b"x", set_cookie="session=1; Path=/"), "/b": PAGE}) as server,
        Fetcher(settings()) as fetcher,
    ):
        for path in ("/a", "/b", "/a"):
            downloaded(fetcher.fetch(local(server.url(path))))
    assert all(b"ookie" not in request for request in server.requests)


def test_many_threads_may_ask_at_once():
    with (
        WebServer({f"/{number}": answer(b"%d" % number) for number in range(80)}) as server,
        Fetcher(settings(host_connections=8)) as fetcher,
        concurrent.futures.ThreadPoolExecutor(8) as threads,
    ):
        results = list(threads.map(lambda number: fetcher.fetch(local(server.url(f"/{number}"))), range(80)))
        assert fetcher.statistics.requests == 81
    assert [downloaded(result).content for result in results] == [b"%d" % number for number in range(80)]


def test_closing_ends_what_hangs_waits_or_looks_up_a_name():
    with WebServer({"/a": drip(b"", b"", 60.0)} | {"/b": PAGE}) as server:
        fetcher = Fetcher(settings(fetch_seconds=60), resolve=lambda *a, **k: time.sleep(60) or [])
        futures = [
            *(fetcher.submit(local(server.url("/a", "127.0.0.1"))) for _ in range(3)),
            fetcher.submit(local(server.url("/b"), delay=3_600)),
            fetcher.submit(local("http://news.example/")),
        ]
        time.sleep(0.2)
        began = time.monotonic()
        fetcher.close()
        # It gives up after 5 seconds where its loop does not end.
        assert time.monotonic() - began < 4.5
    for future in futures:
        with pytest.raises(concurrent.futures.CancelledError):
            future.result(timeout=1)
    with pytest.raises(RuntimeError, match="closed"):
        fetcher.submit(Request("http://news.example/"))
    fetcher.close()


def test_more_hosts_at_once_than_keep_their_connections_all_get_their_answer():
    # Each waits until all are under way, so that no connection is idle when one too many is made.
    hosts = 300
    together = threading.Barrier(hosts)

    def late(client):
        together.wait(timeout=30)
        client.sendall(PAGE)

    with (
        WebServer({"/robots.txt": answer(), "/a": late}) as server,
        Fetcher(settings(connections=400, fetch_seconds=40), resolve=resolver("127.0.0.1")) as fetcher,
    ):
        futures = [fetcher.submit(local(server.url("/a", f"h{number}.example"))) for number in range(hosts)]
        for future in futures:
            downloaded(future.result(timeout=60))


@pytest.mark.parametrize("failing", ["send", "interpret"])
def test_an_error_that_nobody_foresaw_is_a_refusal_of_one_page(failing, monkeypatch):
    def fail(*_, **__):
        raise KeyError("http://127.0.0.1/a?key=s3cret")

    with WebServer(OPEN) as server, Fetcher(settings()) as fetcher:
        downloaded(fetcher.fetch(local(server.url("/a"))))
        with monkeypatch.context() as patch:
            patch.setattr(
                *(
                    ("tasks.http.client.Client.send", fail)
                    if failing == "send"
                    else ("tasks.http.follow_redirects.interpret", fail)
                )
            )
            refusal = refused(fetcher.fetch(local(server.url("/a"))))
            rules = fetcher.robots("http://127.0.0.1:1/", allow_private=True)
        downloaded(fetcher.fetch(local(server.url("/a"))))
    assert refusal.reason is Reason.FETCH_FAILED
    assert refusal.detail.startswith("127.0.0.1: KeyError: ")
    assert isinstance(rules, Refused)
    assert not rules.was_requested


def test_a_future_that_is_called_off_frees_its_place():
    with (
        WebServer({"/a": drip(b"", b"", 9.0)} | {"/b": PAGE}) as server,
        Fetcher(settings(host_connections=1, fetch_seconds=30)) as fetcher,
    ):
        hanging = fetcher.submit(local(server.url("/a")))
        while "/a" not in server.paths:
            time.sleep(0.01)
        hanging.cancel()
        downloaded(fetcher.submit(local(server.url("/b"))).result(timeout=5))


def test_an_interrupted_process_ends_at_once(tmp_path):
    script = """
import os, signal, sys, time, threading
from config.settings import Settings
from tasks.http.fetcher import Fetcher, Request
signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored where the tests themselves run in the background
threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT)).start()
try:
    with Fetcher(Settings(), resolve=lambda *a, **k: time.sleep(60)) as fetcher:
        fetcher.fetch(Request("http://news.example/"))
except KeyboardInterrupt:
    sys.exit(7)
"""
    began = time.monotonic()
    ended = subprocess.run(
        [sys.executable, "-c", script], cwd=Path(__file__).parent.parent, capture_output=True, timeout=30, check=False
    )
    assert (ended.returncode, ended.stderr) == (7, b"")
    assert time.monotonic() - began < 10


def test_no_thread_or_connection_is_left_behind():
    before = threading.active_count()
    with WebServer(OPEN) as server:
        for _ in range(5):
            downloaded(fetch(server.url("/a")))
            with socket.create_connection(("127.0.0.1", server.port)):
                pass
    patience = time.monotonic() + 10
    while threading.active_count() > before and time.monotonic() < patience:
        time.sleep(0.02)
    assert threading.active_count() <= before


def test_a_password_in_a_redirect_is_kept_nowhere():
    routes = {
        "/a": answer(
            status="302 Found", location="http://bob:s3cret@127.0.0.1/x", link="<https://al:s3cret@b.example/>"
        )
    }
    with WebServer(routes) as server:
        refused = fetch(server.url("/a"))
    assert refused.reason is Reason.DISALLOWED
    assert "http://127.0.0.1/x" in str(refused.exchanges)
    assert "s3cret" not in str(refused)
