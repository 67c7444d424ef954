"""Proxies on this machine: one that speaks HTTP, one that speaks SOCKS5; they note what they are asked for."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from contextlib import closing, suppress
from types import TracebackType


class Proxy:
    """A proxy, whose `requests` are the first lines or the targets that it was asked for."""

    def __init__(self, scheme: str, status: bytes = b"200 Connection established") -> None:
        self.scheme, self.status = scheme, status
        self.requests: list[bytes] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._handle: Callable[[socket.socket], None] = self._socks if scheme.startswith("socks") else self._http

    def __enter__(self) -> Proxy:
        threading.Thread(target=self._serve, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._listener.close()

    def url(self, user: str = "") -> str:
        return f"{self.scheme}://{user}127.0.0.1:{self._listener.getsockname()[1]}"

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._handle_client, args=(client,), daemon=True).start()

    def _handle_client(self, client: socket.socket) -> None:
        with closing(client), suppress(OSError, ValueError):
            self._handle(client)

    def _http(self, client: socket.socket) -> None:
        head = b""
        while b"\r\n\r\n" not in head:
            head += client.recv(4_096)
        self.requests.append(head)
        method, target, _ = head.split(b" ", 2)
        if not self.status.startswith(b"200"):
            client.sendall(b"HTTP/1.1 " + self.status + b"\r\nContent-Length: 0\r\n\r\n")
        elif method == b"CONNECT":
            host, _, port = target.partition(b":")
            with socket.create_connection((host.decode(), int(port))) as server:
                client.sendall(b"HTTP/1.1 " + self.status + b"\r\n\r\n")
                _join(client, server)
        else:
            host, _, rest = target.removeprefix(b"http://").partition(b"/")
            name, _, port = host.partition(b":")
            with socket.create_connection((name.decode(), int(port or 80))) as server:
                server.sendall(head.replace(target, b"/" + rest, 1))
                _join(client, server)

    def _socks(self, client: socket.socket) -> None:
        client.recv(1_024)
        client.sendall(b"\x05\x00")
        request = client.recv(1_024)
        length = request[4]
        host, port = request[5 : 5 + length], int.from_bytes(request[5 + length : 7 + length], "big")
        if request[3] == 1:
            host, port = socket.inet_ntoa(request[4:8]).encode(), int.from_bytes(request[8:10], "big")
        self.requests.append(b"%s:%d" % (host, port))
        with socket.create_connection((host.decode(), port)) as server:
            client.sendall(b"\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00")
            _join(client, server)


def _join(first: socket.socket, second: socket.socket) -> None:
    """Copy bytes between two sockets until one of them ends."""

    def copy(source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while piece := source.recv(65_536):
                target.sendall(piece)
        with suppress(OSError):
            target.shutdown(socket.SHUT_WR)

    back = threading.Thread(target=copy, args=(second, first), daemon=True)
    back.start()
    copy(first, second)
    back.join(5)
