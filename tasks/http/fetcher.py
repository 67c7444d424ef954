"""Fetch http and https addresses safely and politely: public ones only, robots.txt obeyed, every host in its turn."""

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
from tasks.http.client import LISTINGS, PAGES, Client, Request
from tasks.http.follow_redirects import Visitor
from tasks.http.network import Resolve
from tasks.http.response import Downloaded, FetchResult, NotModified, Postponed, Refused
from tasks.http.robots import Rules
from tasks.http.throttle import Politeness, Sleep, Turns
from tasks.http.transport import PublicTransport

__all__ = [
    "LISTINGS",
    "PAGES",
    "Downloaded",
    "FetchResult",
    "Fetcher",
    "NotModified",
    "Politeness",
    "Postponed",
    "Refused",
    "Request",
    "Rules",
    "download",
]

_CLOSING_SECONDS: Final = 5.0
_T = TypeVar("_T")


def utc_now() -> datetime:
    """The time of this machine's clock."""
    return datetime.now(UTC)


def download(url: str, settings: Settings, *, allow_private: bool = False, max_bytes: int | None = None) -> FetchResult:
    """One address, by a `Fetcher` of its own; its host rests between requests only where its robots.txt asks for it."""
    with Fetcher(settings) as fetcher:
        return fetcher.fetch(Request(url, delay=0.0, allow_private=allow_private, max_bytes=max_bytes))


class Fetcher:
    """Fetches for all sources of a process, many addresses at once, from an event loop in a thread of its own.

    `hosts` is a folder where the turns of hosts are kept, so that several processes and consecutive runs pace
    together; without one they are kept in memory. `clock` and `sleep` measure and make the waits for a host, and those
    between attempts; the time that a server takes is real. `resolve` answers as `socket.getaddrinfo` does. Proxies,
    passwords and certificates of the environment are never looked at.

    Any thread may call it. What is under way when it is closed ends as a cancelled future, whose `result` raises
    `concurrent.futures.CancelledError`: an end of our own making says nothing about an address.
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
        self._turns = Turns(settings, clock, sleep, hosts)
        self._transport = PublicTransport(resolve, ssl_context, settings.host_connections)
        self._visitor = Visitor(settings, Client(settings, self._transport, clock), self._turns, clock, sleep)
        self._lock = threading.Lock()
        self._closed = False
        self._loop = asyncio.new_event_loop()
        # Daemonic, so that a thread stuck in the system cannot keep the process from its end.
        self._thread = threading.Thread(target=self._run, name="fetcher", daemon=True)
        self._thread.start()

    def __enter__(self) -> Fetcher:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def submit(self, request: Request) -> Future[FetchResult]:
        """What will come of a request. A future never raises for what a server does; requests to one host keep their
        order. Raises RuntimeError once closed.
        """
        return self._start(self._visitor.visit(request))

    def fetch(self, request: Request) -> FetchResult:
        """What came of a request."""
        return self.submit(request).result()

    def robots(self, url: str, *, delay: float = 5.0, allow_private: bool = False) -> Rules | Refused | Postponed:
        """The rules of an address's origin, its sitemaps and crawl delay; why nothing there may be fetched now."""
        return self._start(self._visitor.rules(Request(url, delay=delay, allow_private=allow_private))).result()

    @property
    def politeness(self) -> Politeness:
        """What was asked, waited for and left alone so far."""
        return self._turns.politeness

    def close(self) -> None:
        """End what is under way, and let go of every connection."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(_CLOSING_SECONDS)

    def _start(self, work: Coroutine[Any, Any, _T]) -> Future[_T]:
        with self._lock:
            if self._closed:
                work.close()
                raise RuntimeError("the fetcher is closed")
            # Under the lock: what was handed over before the loop is told to stop is there to be cancelled.
            return asyncio.run_coroutine_threadsafe(work, self._loop)

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            loop = runner.get_loop()
            loop.run_forever()
            runner.run(self._end())

    async def _end(self) -> None:
        under_way = asyncio.all_tasks() - {asyncio.current_task()}
        for task in under_way:
            task.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)
        await self._transport.aclose()
        self._turns.close()
