"""A web server on 127.0.0.1 that answers exactly the bytes it was told to, valid or not, and a client for it."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any

from config.settings import Settings
from tasks.download import Downloaded, Downloader, Refused

Route = bytes | Callable[[socket.socket], None]


def answer(body: bytes = b"", status: str = "200 OK", **headers: str) -> bytes:
    """One response; `content_type="text/html"` becomes the header `content-type: text/html`."""
    lines = [f"HTTP/1.1 {status}", f"content-length: {len(body)}", "connection: close"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


def redirect(location: str) -> bytes:
    """A response that sends the client elsewhere."""
    return answer(status="302 Found", location=location)


def drip(first: bytes, piece: bytes, seconds: float) -> Callable[[socket.socket], None]:
    """A response that begins at once, then goes on a little at a time, for ever."""

    def send(client: socket.socket) -> None:
        client.sendall(first)
        while True:
            time.sleep(seconds)
            client.sendall(piece)

    return send


@dataclass
class WebServer:
    """Answers each path with its route, and every other with 404; `requests` is what clients sent."""

    routes: dict[str, Route]
    tls: ssl.SSLContext | None = None
    requests: list[bytes] = field(default_factory=list)

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
            threading.Thread(target=self._answer, args=(client,), daemon=True).start()

    def _clients(self) -> Iterator[socket.socket]:
        with contextlib.suppress(OSError):
            while True:
                yield self._listener.accept()[0]

    def _answer(self, client: socket.socket) -> None:
        # A client that has had enough hangs up; that is what many of the tests are about.
        with contextlib.suppress(OSError), client, self._secured(client) as stream:
            request = b""
            while b"\r\n\r\n" not in request:
                got = stream.recv(65_536)
                if not got:
                    return
                request += got
            self.requests.append(request)
            route = self.routes.get(request.split(b" ")[1].decode(), answer(b"nothing here", "404 Not Found"))
            stream.sendall(route) if isinstance(route, bytes) else route(stream)

    def _secured(self, client: socket.socket) -> socket.socket:
        return self.tls.wrap_socket(client, server_side=True) if self.tls else client


def settings(**given: Any) -> Settings:
    return Settings(**{"fetch_seconds": 5.0, **given})


def resolver(*addresses: str) -> Callable[..., list[Any]]:
    """Answers its addresses in turn, one each time it is asked, the last one for ever after."""
    left = list(addresses)

    def resolve(host: str, port: int, **kind: object) -> list[Any]:
        address = left.pop(0) if len(left) > 1 else left[0]
        return [(None, None, 0, "", (part, port)) for part in address.split()]

    return resolve


def fetch(url: str, resolve: Callable[..., Any] | None = None, **given: Any) -> Downloaded | Refused:
    """From servers that may be on this machine."""
    with Downloader(settings(**given), allow_private=True, resolve=resolve or socket.getaddrinfo) as downloader:
        return downloader.download(url)


def refused(outcome: Downloaded | Refused) -> Refused:
    assert isinstance(outcome, Refused), outcome
    assert outcome.detail.isprintable()
    assert "s3cret" not in outcome.detail
    return outcome
