"""A network for httpcore that connects to public addresses only, and never waits beyond a deadline."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any, Final

import httpcore

from tasks.http.address_policy import METADATA, special_kind
from tasks.http.response_head import HeadMender

# (family, type, protocol, canonical name, address), as socket.getaddrinfo answers.
AddressInfo = tuple[Any, Any, int, str, tuple[Any, ...]]
Resolve = Callable[..., Iterable[AddressInfo]]

_DEFAULT_SECONDS: Final = 3_600.0


class RefusedAddressError(Exception):
    """The host is not public; the text names the kind of its address."""


class UnknownHostError(Exception):
    """The host's name does not resolve."""


class PublicNetwork(httpcore.AsyncNetworkBackend):
    """Resolves a name, checks every address, and connects to the very address that was checked.

    If the system connected to the name, it would resolve it a second time, and a hostile name server may then give a
    private address. The name itself stays in `Host` and in the TLS handshake, which httpcore does.

    Every `timeout` here is a moment of `time.monotonic()`, not a duration: a request that hands one moment to all its
    waits is over by then, however slowly bytes trickle.
    """

    def __init__(self, *, allow_private: bool = False, resolve: Resolve = socket.getaddrinfo) -> None:
        self._allow_private = allow_private
        self._resolve = resolve
        self._sockets = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Connect to the first address that responds. Raises `RefusedAddressError`, `UnknownHostError`, httpcore's."""
        addresses = await self._addresses(host, port, timeout)
        for number, address in enumerate(addresses):
            # One address that swallows packets must not use up the time of the next.
            share = _seconds_left(timeout, httpcore.ConnectTimeout) / (len(addresses) - number)
            try:
                stream = await self._sockets.connect_tcp(address, port, share, local_address, socket_options)
                return _TimedStream(stream, (address, port))
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                if number + 1 == len(addresses):
                    raise
        raise UnknownHostError("the name has no address")

    async def check(self, host: str, port: int, deadline: float | None = None) -> None:
        """Check the addresses of a host that a proxy connects to; a name that only the proxy can resolve passes.

        Raises `RefusedAddressError`.
        """
        with contextlib.suppress(UnknownHostError, httpcore.ConnectTimeout):
            await self._addresses(host, port, deadline)

    async def _addresses(self, host: str, port: int, deadline: float | None) -> list[str]:
        infos = await self._address_infos(host, port, _seconds_left(deadline, httpcore.ConnectTimeout))
        addresses = list(dict.fromkeys(str(info[4][0]) for info in infos))
        for address in addresses:
            kind = special_kind(address)
            if kind == METADATA:
                raise RefusedAddressError(f"{address} is a {kind} address, from which nothing is ever fetched")
            if kind and not self._allow_private:
                cure = "allow_private = true of a source, or --allow-private of `sources probe` and `add`, permits it"
                raise RefusedAddressError(f"{address} is a {kind} address, not a public one; {cure}")
        return addresses

    async def _address_infos(self, host: str, port: int, seconds: float) -> Iterable[AddressInfo]:
        # The system's resolver takes no time limit, so it is left behind in its thread when time is up: a thread of
        # the loop's own pool would be joined at exit, and hold the process up for as long as a name server hangs.
        loop = asyncio.get_running_loop()
        resolved: asyncio.Future[list[AddressInfo] | None] = loop.create_future()

        def set_result(infos: list[AddressInfo] | None) -> None:
            if not resolved.done():
                resolved.set_result(infos)

        def resolve() -> None:
            try:
                infos = list(self._resolve(host, port, type=socket.SOCK_STREAM))
            except (OSError, ValueError):  # ValueError: a label too long for the name system
                infos = None
            with contextlib.suppress(RuntimeError):  # nobody waits any more: the loop is closed
                loop.call_soon_threadsafe(set_result, infos)

        threading.Thread(target=resolve, daemon=True).start()
        try:
            infos = await asyncio.wait_for(resolved, seconds)
        except TimeoutError:
            raise httpcore.ConnectTimeout from None
        if infos is None:
            raise UnknownHostError("the name does not resolve")
        return infos


class _TimedStream(httpcore.AsyncNetworkStream):
    def __init__(self, stream: httpcore.AsyncNetworkStream, peer: tuple[str, int]) -> None:
        self._stream = stream
        self._peer = peer
        tls = stream.get_extra_info("ssl_object")
        self._mender = None if tls is not None and tls.selected_alpn_protocol() == "h2" else HeadMender()

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        while True:
            data = await self._stream.read(max_bytes, _seconds_left(timeout, httpcore.ReadTimeout))
            mended = data if self._mender is None else self._mender.feed(data)
            if mended or not data:
                return mended

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        if self._mender is not None:
            self._mender.expect_response()
        await self._stream.write(buffer, _seconds_left(timeout, httpcore.WriteTimeout))

    async def aclose(self) -> None:
        await self._stream.aclose()

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.AsyncNetworkStream:
        seconds = _seconds_left(timeout, httpcore.ConnectTimeout)
        return _TimedStream(await self._stream.start_tls(ssl_context, server_hostname, seconds), self._peer)

    def get_extra_info(self, info: str) -> Any:
        if info == "server_addr":
            return self._peer
        extra = self._stream.get_extra_info(info)
        return extra or self._is_decrypted() if info == "is_readable" else extra

    def _is_decrypted(self) -> bool:
        """Return whether TLS holds bytes or an end that came with an answer: an idle connection's end."""
        encrypted = self._stream.get_extra_info("ssl_object")
        try:
            return encrypted is not None and bool(encrypted.read(1))
        except ssl.SSLWantReadError:
            return False
        except ssl.SSLError:
            return True


def _seconds_left(deadline: float | None, timeout_error: type[Exception]) -> float:
    seconds = _DEFAULT_SECONDS if deadline is None else deadline - time.monotonic()
    if seconds <= 0:
        raise timeout_error
    return seconds
