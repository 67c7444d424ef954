"""A transport for httpx over httpcore's pools: one for each origin, on a network that refuses private addresses."""

from __future__ import annotations

import contextlib
import ssl
from collections import OrderedDict
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote

import httpcore
import httpx

from tasks.http.network import PublicNetwork, Resolve

ALLOW_PRIVATE: Final = "allow_private"  # extension of a request that may reach loopback and private addresses

PROXY: Final = "proxy"  # extension of a request: the URL of the proxy that it goes through, or None

# Many servers drop an idle connection after 5 seconds; one that is dropped while we ask again is a failed attempt.
_IDLE_SECONDS: Final = 2.0
_POOLS: Final = 256

_Key = tuple[str, str, int | None, str | None, bool]


def _proxy(url: str) -> httpcore.Proxy:
    """Return the proxy of a URL, which may hold a user and a password."""
    parts = httpx.URL(url)
    auth = (unquote(parts.username), unquote(parts.password)) if parts.username else None
    address = str(parts.copy_with(userinfo=b"")).replace("socks5h://", "socks5://")
    return httpcore.Proxy(address, auth=auth)


@dataclass(eq=False, slots=True)
class _Pool:
    connections: httpcore.AsyncConnectionPool
    in_use: int = 0
    dropped: bool = False


class PublicTransport(httpx.AsyncBaseTransport):
    """HTTP/2 where a server offers it over TLS, else HTTP/1.1; raises what httpcore and `PublicNetwork` raise.

    Each origin has a pool of its own: a search for a free connection among those of every host costs more than the
    request, and what a failure leaves behind ends with the pool.
    """

    def __init__(self, resolve: Resolve, ssl_context: ssl.SSLContext | None, connections: int) -> None:
        self._networks = {private: PublicNetwork(allow_private=private, resolve=resolve) for private in (False, True)}
        self._ssl_context = ssl_context
        self._connections = connections
        self._pools: OrderedDict[_Key, _Pool] = OrderedDict()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request, and return its response once the head has arrived."""
        url = request.url
        proxy = request.extensions.get(PROXY)
        key = (url.scheme, url.host, url.port, proxy, bool(request.extensions.get(ALLOW_PRIVATE)))
        if proxy is not None:
            await self._networks[key[-1]].check(url.host, url.port or 443, request.extensions["timeout"]["connect"])
        pool = self._pool(key)
        pool_request = httpcore.Request(
            request.method,
            httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
            headers=request.headers.raw,
            extensions={name: request.extensions[name] for name in ("timeout", "trace")},
        )
        # Before anything is awaited: a pool that seems idle may be dropped by another request.
        pool.in_use += 1
        try:
            await self._evict()
            response = await pool.connections.handle_async_request(pool_request)
        except BaseException:
            await self._release(key, pool, whole=False)
            raise
        return httpx.Response(
            response.status,
            headers=response.headers,
            stream=_Body(self, key, pool, response),
            extensions=response.extensions,
        )

    async def aclose(self) -> None:
        """Close every connection."""
        while self._pools:
            await self._pools.popitem()[1].connections.aclose()

    def _pool(self, key: _Key) -> _Pool:
        proxy = key[3]
        if key not in self._pools:
            if self._ssl_context is None and key[0] == "https":
                self._ssl_context = httpcore.default_ssl_context()
            pool = httpcore.AsyncConnectionPool(
                ssl_context=self._ssl_context,
                max_connections=self._connections,
                keepalive_expiry=_IDLE_SECONDS,
                http2=True,
                # The address of a proxy is the user's own, and may be private.
                network_backend=self._networks[key[-1] or proxy is not None],
                proxy=None if proxy is None else _proxy(proxy),
            )
            self._pools[key] = _Pool(pool)
        self._pools.move_to_end(key)
        return self._pools[key]

    async def _evict(self) -> None:
        over = len(self._pools) - _POOLS
        if over > 0:
            idle = [key for key, pool in self._pools.items() if not pool.in_use]
            for pool in [self._pools.pop(key) for key in idle[:over]]:
                await pool.connections.aclose()

    async def _release(self, key: _Key, pool: _Pool, *, whole: bool) -> None:
        pool.in_use -= 1
        # An HTTP/2 answer left unread holds its share of the connection's window for good, until nothing comes.
        pool.dropped |= not whole
        if pool.dropped and self._pools.get(key) is pool:
            del self._pools[key]
        if pool.dropped and not pool.in_use:
            await pool.connections.aclose()


class _Body(httpx.AsyncByteStream):
    def __init__(self, transport: PublicTransport, key: _Key, pool: _Pool, answer: httpcore.Response) -> None:
        self._transport, self._key, self._pool, self._answer = transport, key, pool, answer
        self._whole = self._closed = False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for chunk in self._answer.aiter_stream():
            yield chunk
        self._whole = not _has_unread(self._answer)

    async def aclose(self) -> None:
        if not self._closed:
            self._closed = True
            with contextlib.suppress(httpcore.NetworkError, httpcore.ProtocolError, OSError):
                await self._answer.aclose()
            await self._transport._release(self._key, self._pool, whole=self._whole)  # noqa: SLF001  its other half


def _has_unread(answer: httpcore.Response) -> bool:
    """Return whether bytes follow a whole answer: httpcore would take them for the answer to the next request.

    What is still in the socket or in TLS it looks for itself, before it uses a connection again.
    """
    if answer.extensions["http_version"] == b"HTTP/2":
        return False  # h2 knows every frame's stream
    # httpcore has no public way to ask; a version that keeps it elsewhere fails here, at the first answer.
    unread, _ = answer.stream._stream._connection._h11_state.trailing_data  # type: ignore[union-attr]  # noqa: SLF001
    return bool(unread)
