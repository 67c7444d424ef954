"""A network for httpcore that connects to public addresses only, and never waits beyond a deadline."""

from __future__ import annotations

import queue
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any, Final

import httpcore

from tasks.policy import special_kind

# (family, type, protocol, canonical name, address), as socket.getaddrinfo answers.
Answer = tuple[Any, Any, int, str, tuple[Any, ...]]
Resolve = Callable[..., Iterable[Answer]]

_UNLIMITED: Final = 3_600.0  # seconds


class RefusedAddressError(Exception):
    """The host is not public; the text says what it is."""


class UnknownHostError(Exception):
    """The host's name does not resolve."""


class PublicNetwork(httpcore.NetworkBackend):
    """Resolves a name, checks every answer, and connects to the very address that was checked.

    Asking the system to connect to the name would resolve it a second time, and a hostile name server may answer
    that with a private address. The name itself stays in `Host` and in the TLS handshake, which httpcore does.

    Every `timeout` here is a moment of `time.monotonic()`, not a duration: a request that hands one moment to all its
    waits is over by then, however slowly bytes trickle.
    """

    def __init__(self, *, allow_private: bool = False, resolve: Resolve = socket.getaddrinfo) -> None:
        self._allow_private = allow_private
        self._resolve = resolve
        self._sockets = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        """Connect to the first address that answers. Raises `RefusedAddressError`, `UnknownHostError`, httpcore's."""
        addresses = self._addresses(host, port, timeout)
        for number, address in enumerate(addresses):
            # One address that swallows packets must not use up the time of the next.
            share = _left(timeout, httpcore.ConnectTimeout) / (len(addresses) - number)
            try:
                stream = self._sockets.connect_tcp(address, port, share, local_address, socket_options)
                return _TimedStream(stream)
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                if number + 1 == len(addresses):
                    raise
        raise UnknownHostError("the name has no address")

    def _addresses(self, host: str, port: int, deadline: float | None) -> list[str]:
        answers = self._answers(host, port, _left(deadline, httpcore.ConnectTimeout))
        addresses = list(dict.fromkeys(str(answer[4][0]) for answer in answers))
        for address in [] if self._allow_private else addresses:
            if kind := special_kind(address):
                raise RefusedAddressError(
                    f"{address} is a {kind} address, not a public one; a source may set allow_private = true"
                )
        return addresses

    def _answers(self, host: str, port: int, seconds: float) -> Iterable[Answer]:
        # The system's resolver takes no time limit, so it is left behind in its thread when time is up.
        box: queue.SimpleQueue[list[Answer] | None] = queue.SimpleQueue()

        def ask() -> None:
            try:
                box.put(list(self._resolve(host, port, type=socket.SOCK_STREAM)))
            except (OSError, ValueError):  # ValueError: a label too long for the name system
                box.put(None)

        threading.Thread(target=ask, daemon=True).start()
        try:
            answers = box.get(timeout=seconds)
        except queue.Empty:
            raise httpcore.ConnectTimeout from None
        if answers is None:
            raise UnknownHostError("the name does not resolve")
        return answers


class _TimedStream(httpcore.NetworkStream):
    def __init__(self, stream: httpcore.NetworkStream) -> None:
        self._stream = stream

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, _left(timeout, httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, _left(timeout, httpcore.WriteTimeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        seconds = _left(timeout, httpcore.ConnectTimeout)
        return _TimedStream(self._stream.start_tls(ssl_context, server_hostname, seconds))

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


def _left(deadline: float | None, late: type[Exception]) -> float:
    seconds = _UNLIMITED if deadline is None else deadline - time.monotonic()
    if seconds <= 0:
        raise late
    return seconds
