"""Fetch http and https URLs safely and politely: public hosts only, robots.txt obeyed, each host at its own pace."""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, TypeVar

from config.settings import Settings
from tasks.http.browser import HeadlessBrowser, require_browser
from tasks.http.client import ACCEPT_LISTINGS, ACCEPT_PAGES, Client, Request
from tasks.http.follow_redirects import RedirectFollower
from tasks.http.network import Resolve
from tasks.http.response import Downloaded, FetchResult, NotModified, Postponed, Refused
from tasks.http.robots import Rules
from tasks.http.throttle import FetchStatistics, HostThrottle, Sleep
from tasks.http.transport import PublicTransport

__all__ = [
    "ACCEPT_LISTINGS",
    "ACCEPT_PAGES",
    "Downloaded",
    "FetchResult",
    "FetchStatistics",
    "Fetcher",
    "NotModified",
    "Postponed",
    "Refused",
    "Request",
    "Rules",
    "download",
]

_MAX_CLOSING_SECONDS: Final = 5.0
_T = TypeVar("_T")


def utc_now() -> datetime:
    """Return the time of this machine's clock."""
    return datetime.now(UTC)


def download(url: str, settings: Settings, *, allow_private: bool = False, max_bytes: int | None = None) -> FetchResult:
    """Fetch one URL by a `Fetcher` of its own; no delay between requests but the one that robots.txt asks for."""
    with Fetcher(settings) as fetcher:
        return fetcher.fetch(Request(url, delay=0.0, allow_private=allow_private, max_bytes=max_bytes))


class Fetcher:
    """Fetches for all sources of a process, many addresses at once, from an event loop in a thread of its own.

    `hosts` is a folder for the request times of hosts, by which several processes and consecutive runs pace together;
    without one they are in memory. `clock` and `sleep` measure and make the waits for a host, and those between
    attempts; the time that a server takes is real. `resolve` has the arguments and results of `socket.getaddrinfo`.
    Proxies, passwords and certificates of the environment are never read.

    Any thread may call it. A request under way when it is closed ends as a cancelled future, whose `result` raises
    `concurrent.futures.CancelledError`: an end of our own making says nothing about a URL.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        clock: Callable[[], datetime] = utc_now,
        sleep: Sleep = asyncio.sleep,
        hosts: Path | None = None,
        resolve: Resolve = socket.getaddrinfo,
        ssl_context: ssl.SSLContext | None = None,
    ) -> None:
        self._throttle = HostThrottle(settings, clock, sleep, hosts)
        self._transport = PublicTransport(resolve, ssl_context, settings.host_connections)
        self._settings = settings
        self._browser = HeadlessBrowser(settings)
        client = Client(settings, self._transport, clock)
        self._follower = RedirectFollower(settings, client, self._throttle, clock, sleep, self._browser)
        self._lock = threading.Lock()
        self._closed = False
        self._under_way: set[asyncio.Task[Any] | None] = set()
        self._loop = asyncio.new_event_loop()
        # Daemonic, so that a thread stuck in the system cannot keep the process from its end.
        self._thread = threading.Thread(target=self._run, name="fetcher", daemon=True)
        self._thread.start()

    def __enter__(self) -> Fetcher:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def submit(self, request: Request) -> Future[FetchResult]:
        """Start a request; requests to one host keep their order. Raises RuntimeError once closed.

        The future never raises for what a server does. Raises `ConfigError` if the page is to be shown in a browser,
        and none is installed.
        """
        if request.render:
            require_browser(self._settings)
        return self._start(self._follower.fetch(request))

    def fetch(self, request: Request) -> FetchResult:
        """Fetch a URL and wait for the result."""
        return self.submit(request).result()

    def robots(self, url: str, *, delay: float = 5.0, allow_private: bool = False) -> Rules | Refused | Postponed:
        """Return the robots.txt rules of a URL's origin, or why nothing there may be fetched now."""
        return self._start(self._follower.rules(Request(url, delay=delay, allow_private=allow_private))).result()

    def robots_flaw(self, url: str, *, allow_private: bool = False) -> str | None:
        """Return a sentence on a URL's host if what it gave as its robots.txt, when it was asked, is none."""
        return self._follower.robots_flaw(Request(url, allow_private=allow_private))

    @property
    def statistics(self) -> FetchStatistics:
        """Counts of requests, waits and refusals so far."""
        return self._throttle.statistics

    def close(self) -> None:
        """Cancel the requests under way, and close every connection."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(_MAX_CLOSING_SECONDS)

    def _start(self, work: Coroutine[Any, Any, _T]) -> Future[_T]:
        with self._lock:
            if self._closed:
                work.close()
                raise RuntimeError("the fetcher is closed")
            # Under the lock: work that is handed over before the loop stops can then be cancelled.
            return asyncio.run_coroutine_threadsafe(self._tracked(work), self._loop)

    async def _tracked(self, work: Coroutine[Any, Any, _T]) -> _T:
        task = asyncio.current_task()
        self._under_way.add(task)
        try:
            return await work
        finally:
            self._under_way.discard(task)

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            loop = runner.get_loop()
            loop.run_forever()
            runner.run(self._end())

    async def _end(self) -> None:
        # The browser has tasks of its own, by which it is closed.
        under_way = [task for task in self._under_way if task is not None]
        for task in under_way:
            task.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)
        await self._browser.aclose()
        await self._transport.aclose()
        self._throttle.close()
