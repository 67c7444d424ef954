"""The newsroom's HTTP server: one port of 127.0.0.1 a site, one that nobody may ask, one for questions about it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import threading
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import datetime
from types import TracebackType
from typing import Final

from tests.newsroom.answers import Desk
from tests.newsroom.clock import Clock, ScaledClock
from tests.newsroom.faults import Answer
from tests.newsroom.plan import Plan, Site
from tests.newsroom.sessions import own_path

HOST: Final = "127.0.0.1"
PIECE_SECONDS: Final = 0.01
"""Real seconds between two pieces of an endless body."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request, and how it was answered."""

    at: datetime
    site: str | None
    """None for the authority that nobody may ask."""
    authority: str
    method: str
    target: str
    headers: dict[str, str]
    together: int
    """How many requests this authority was then answering, this one included."""
    answer: Answer
    """Without its body."""

    @property
    def path(self) -> str:
        """Of the target, without session and query."""
        return own_path(self.target)


@dataclass
class Newsroom:
    """Serves a plan; `ledger` is every request that came, in order."""

    plan: Plan
    clock: Clock
    ledger: list[Exchange] = field(default_factory=list)
    authorities: dict[str, str] = field(default_factory=dict)
    """`host:port` of each site."""
    canary: str = ""
    control: str = ""

    def __enter__(self) -> Newsroom:
        ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run(ready)), name="newsroom", daemon=True)
        self._thread.start()
        ready.wait()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._closing.set)
        self._thread.join()

    def url(self, site: str, path: str) -> str:
        """Return the address of a path at a site."""
        return f"http://{self.authorities[site]}{path}"

    async def _run(self, ready: threading.Event) -> None:
        self._loop, self._closing = asyncio.get_running_loop(), asyncio.Event()
        self._answering: Counter[str] = Counter()
        self._connections: set[asyncio.Task[None]] = set()
        servers = [await self._open(site) for site in self.plan.sites]
        self.authorities = {site.id: _authority(server) for site, server in zip(self.plan.sites, servers, strict=True)}
        servers += [await self._open(None), await self._open("control")]
        self.canary, self.control = _authority(servers[-2]), _authority(servers[-1])
        self._desk = Desk(self.plan, {site: f"http://{at}" for site, at in self.authorities.items()}, self.canary)
        ready.set()
        await self._closing.wait()
        for server in servers:
            server.close()
        for task in self._connections:
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    async def _open(self, site: Site | str | None) -> asyncio.Server:
        async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.current_task()
            assert task is not None
            self._connections.add(task)
            # A client that has had enough hangs up, and the newsroom closes while some still wait.
            with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
                await self._serve(site, reader, writer)
            self._connections.discard(task)
            writer.close()

        return await asyncio.start_server(connected, HOST, 0, limit=200_000)

    async def _serve(self, site: Site | str | None, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        authority = _at(writer.get_extra_info("sockname"))
        while True:
            request = await reader.readuntil(b"\r\n\r\n")
            with self.clock.working():
                method, target, headers = _read(request)
                self._answering[authority] += 1
                answer = self._answer(site, authority, method, target, headers)
                if not (answer.hangs or answer.endless):
                    await _send(writer, method, answer)
                # One that has no end is not counted: that its client went away is seen here only some time later.
                self._answering[authority] -= 1
            if answer.hangs or answer.endless:
                # Time goes on meanwhile; the client ends it.
                with contextlib.suppress(ConnectionError):
                    await _never_end(reader, writer, answer)
                return

    def _answer(
        self, site: Site | str | None, authority: str, method: str, target: str, headers: dict[str, str]
    ) -> Answer:
        now = self.clock.peek()
        if site == "control":
            return self._about(target)
        if isinstance(site, Site):
            answer = self._desk.answer(site, target, headers, now)
            name: str | None = site.id
        else:
            answer, name = Answer(200, b"caught"), None
        together = self._answering[authority]
        noted = replace(answer, body=b"")
        self.ledger.append(Exchange(now, name, authority, method, target, headers, together, noted))
        return answer

    def _about(self, target: str) -> Answer:
        facts: dict[str, object] = {"now": self.clock.peek().isoformat(), "plan": self.plan.name}
        if isinstance(self.clock, ScaledClock):
            facts["clock"] = self.clock.text
        is_known = target == "/__clock"
        return Answer(200 if is_known else 404, json.dumps(facts).encode(), (("Content-Type", "application/json"),))


def _authority(server: asyncio.Server) -> str:
    return _at(server.sockets[0].getsockname())


def _at(name: tuple[str, int]) -> str:
    return f"{name[0]}:{name[1]}"


def _read(request: bytes) -> tuple[str, str, dict[str, str]]:
    first, *lines = request.decode("latin-1").split("\r\n")
    method, target, _ = first.split(" ", 2)
    pairs = (line.partition(":") for line in lines if line)
    return method, target, {name.strip().lower(): value.strip() for name, _, value in pairs}


async def _send(writer: asyncio.StreamWriter, method: str, answer: Answer) -> None:
    headers = [*answer.headers]
    if answer.status != 304:
        headers.append(("Content-Length", str(len(answer.body))))
    writer.write(_head(answer, headers) + (b"" if method == "HEAD" else answer.body))
    await writer.drain()


async def _never_end(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, answer: Answer) -> None:
    if answer.hangs:
        await reader.read(1)
        return
    writer.write(_head(answer, [*answer.headers, ("Transfer-Encoding", "chunked")]))
    piece = b"%x\r\n%s\r\n" % (len(answer.body), answer.body)
    while True:
        writer.write(piece)
        await writer.drain()
        await asyncio.sleep(PIECE_SECONDS)


def _head(answer: Answer, headers: list[tuple[str, str]]) -> bytes:
    lines = [f"HTTP/1.1 {answer.status} {_PHRASES.get(answer.status, 'Answer')}"]
    return "\r\n".join([*lines, *(f"{name}: {value}" for name, value in headers), "", ""]).encode("latin-1")


_PHRASES: Final = {
    200: "OK", 301: "Moved Permanently", 302: "Found", 304: "Not Modified", 404: "Not Found", 410: "Gone",
    429: "Too Many Requests", 500: "Internal Server Error", 503: "Service Unavailable",
}  # fmt: skip
