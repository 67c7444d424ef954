"""A web server on 127.0.0.1 that answers exactly the bytes it was told to, valid or not, and a client for it."""

from __future__ import annotations

import asyncio
import contextlib
import re
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Any

import h2.config
import h2.connection
import h2.events
import trustme

from config.settings import Settings
from tasks.http.fetcher import Downloaded, Fetcher, FetchResult, NotModified, Postponed, Refused, Request

Response = bytes | Callable[[socket.socket], None]
Route = Response | list[Response]


def answer(body: bytes = b"", status: str = "200 OK", **headers: str) -> bytes:
    """Make a response; `content_type="text/html"` becomes the header `content-type: text/html`."""
    lines = [f"HTTP/1.1 {status}", f"content-length: {len(body)}", "connection: close"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


def redirect(location: str, status: str = "302 Found") -> bytes:
    """Make a response that sends the client to `location`."""
    return answer(status=status, location=location)


def drip(first: bytes, piece: bytes, seconds: float) -> Callable[[socket.socket], None]:
    """Make a response that begins at once, then goes on a little at a time, for ever."""

    def send(client: socket.socket) -> None:
        client.sendall(first)
        while True:
            time.sleep(seconds)
            client.sendall(piece)

    return send


def secured(authority: trustme.CA, *names: str, protocols: tuple[str, ...] = ()) -> ssl.SSLContext:
    """Make the context of a server that proves to be one of these names, and offers these protocols."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(*names).configure_cert(context)
    if protocols:
        context.set_alpn_protocols(list(protocols))
    return context


class Clock:
    """A clock that only sleeping moves, and for which no time passes while a server answers."""

    def __init__(self) -> None:
        self.now = datetime(2026, 3, 15, 12, 0, tzinfo=UTC)
        self.began = self.now

    def __call__(self) -> datetime:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)
        await asyncio.sleep(0)

    @property
    def seconds(self) -> float:
        """Since it began."""
        return (self.now - self.began).total_seconds()


@dataclass
class WebServer:
    """Answers each path with its route, and every other with 404; `requests` is what clients sent, and when.

    A list answers each request with its next response, the last one for ever after.
    """

    routes: dict[str, Route]
    tls: ssl.SSLContext | None = None
    requests: list[bytes] = field(default_factory=list)
    times: list[float] = field(default_factory=list)
    connections: int = 0
    speak_http2: Callable[[socket.socket], None] | None = None
    """Instead of the routes, to who speaks HTTP/2."""

    def __enter__(self) -> WebServer:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # Closing alone would leave the thread asleep in accept().
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def url(self, path: str, host: str = "127.0.0.1") -> str:
        return f"{'https' if self.tls else 'http'}://{host}:{self.port}{path}"

    @property
    def paths(self) -> list[str]:
        return [request.split(b" ")[1].decode() for request in self.requests]

    def _serve(self) -> None:
        for client in self._clients():
            self.connections += 1
            threading.Thread(target=self._answer, args=(client,), daemon=True).start()

    def _clients(self) -> Iterator[socket.socket]:
        with contextlib.suppress(OSError):
            while True:
                yield self._listener.accept()[0]

    def _answer(self, client: socket.socket) -> None:
        # A client that has had enough hangs up; that is what many of the tests are about.
        with contextlib.suppress(OSError), client, self._secured(client) as stream:
            if isinstance(stream, ssl.SSLSocket) and stream.selected_alpn_protocol() == "h2":
                (self.speak_http2 or self._answer_http2)(stream)
                return
            request = b""
            while b"\r\n\r\n" not in request or len(request.partition(b"\r\n\r\n")[2]) < _announced(request):
                received = stream.recv(65_536)
                if not received:
                    return
                request += received
            route = self._route(request)
            stream.sendall(route) if isinstance(route, bytes) else route(stream)

    def _route(self, request: bytes) -> Response:
        self.requests.append(request)
        self.times.append(time.monotonic())
        route = self.routes.get(request.split(b" ")[1].decode(), answer(b"nothing here", "404 Not Found"))
        if isinstance(route, list):
            return route.pop(0) if len(route) > 1 else route[0]
        return route

    def _answer_http2(self, stream: socket.socket) -> None:
        """Answer the routes over HTTP/2, with at most 60,000 bytes; those that are no bytes get no answer."""
        connection = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False, header_encoding="utf-8"))
        connection.initiate_connection()
        stream.sendall(connection.data_to_send())
        while received := stream.recv(65_536):
            for event in connection.receive_data(received):
                if not isinstance(event, h2.events.RequestReceived):
                    continue
                fields = dict(event.headers)
                lines = [f"{fields[':method']} {fields[':path']} HTTP/2"]
                lines += [f"{name}: {value}" for name, value in event.headers]
                route = self._route("\r\n".join(lines).encode())
                if isinstance(route, bytes):
                    head, _, body = route.partition(b"\r\n\r\n")
                    first, *rest = head.decode("latin-1").split("\r\n")
                    headers = [tuple(line.split(": ", 1)) for line in rest if not line.startswith("connection")]
                    connection.send_headers(event.stream_id, [(":status", first.split(" ")[1]), *headers])
                    for start in range(0, len(body), 16_000):
                        connection.send_data(event.stream_id, body[start : start + 16_000])
                    connection.end_stream(event.stream_id)
            stream.sendall(connection.data_to_send())

    def _secured(self, client: socket.socket) -> socket.socket:
        return self.tls.wrap_socket(client, server_side=True) if self.tls else client


def _announced(request: bytes) -> int:
    """Return the bytes of content that a request announces."""
    match = re.search(rb"content-length: *(\d+)", request, re.IGNORECASE)
    return int(match[1]) if match else 0


def settings(**changes: Any) -> Settings:
    """Make settings with one attempt a request, unless a test is about more."""
    return Settings(**{"fetch_seconds": 5.0, "fetch_attempts": 1, "retry_seconds": 0.01, **changes})


def resolver(*addresses: str) -> Callable[..., list[Any]]:
    """Make a resolver that answers with its addresses in turn, the last of them for ever after."""
    left = list(addresses)

    def resolve(host: str, port: int, **kind: object) -> list[Any]:
        address = left.pop(0) if len(left) > 1 else left[0]
        return [(None, None, 0, "", (part, port)) for part in address.split()]

    return resolve


def local(url: str, **changes: Any) -> Request:
    """Make a request to a server that may be on this machine, which needs no rest between two requests."""
    return Request(url, **{"delay": 0.0, "allow_private": True, **changes})


def fetch(url: str, resolve: Callable[..., Any] | None = None, **changes: Any) -> FetchResult:
    """Fetch from a server that may be on this machine."""
    with Fetcher(settings(**changes), resolve=resolve or socket.getaddrinfo) as fetcher:
        return fetcher.fetch(local(url))


def downloaded(outcome: FetchResult) -> Downloaded:
    assert isinstance(outcome, Downloaded), outcome
    return outcome


def refused(outcome: FetchResult) -> Refused:
    assert isinstance(outcome, Refused), outcome
    assert outcome.detail.isprintable()
    sent = [(exchange.url, exchange.request_headers, exchange.error) for exchange in outcome.exchanges]
    assert "s3cret" not in outcome.detail + repr(sent)
    return outcome


def postponed(outcome: FetchResult) -> Postponed:
    assert isinstance(outcome, Postponed), outcome
    return outcome


def not_modified(outcome: FetchResult) -> NotModified:
    assert isinstance(outcome, NotModified), outcome
    return outcome
