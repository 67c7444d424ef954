"""A gate before our servers: it passes requests that name the server as host, and none from a page of another site."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from http import HTTPStatus
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LOOPBACK: Final = ("127.0.0.1", "localhost", "::1")
ALL_ADDRESSES: Final = ("0.0.0.0", "::")  # noqa: S104  compared with, not listened on
HOSTS_VARIABLE: Final = "COPYDESK_SERVER_HOSTS"  # the setting `server_hosts`, for the process of the server
_CURE: Final = f"add its name to server_hosts in copydesk.toml, or to {HOSTS_VARIABLE}"

# Without the password Prefect's UI cannot read the setting that nothing is reported, and would call a web service.
_CONTENT_POLICY: Final = "connect-src 'self'; frame-ancestors 'none'"


@dataclass(frozen=True, slots=True)
class Gate:
    """An ASGI app that passes only requests which name this server and come from no page of another site.

    A page whose name resolves to this machine (DNS rebinding) sends that name as `Host`: 421. A page of another site
    sends its own as `Origin`: 403. Both are checked for WebSockets too, to which no browser applies CORS.
    """

    app: ASGIApp
    hosts: frozenset[str]  # names of this server besides those of the loopback interface

    @classmethod
    def of(cls, app: ASGIApp, hosts: Iterable[str] = ()) -> Gate:
        """Return the gate before `app` for a server that also has the names `hosts`."""
        return cls(app, frozenset(host.strip("[]").lower() for host in hosts))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request to the app, or refuse it."""
        if scope["type"] in {"http", "websocket"} and (refusal := self.refusal(Headers(scope=scope))):
            await refusal(scope, receive, send)
        else:
            await self.app(scope, receive, with_content_policy(send))

    def refusal(self, headers: Headers) -> PlainTextResponse | None:
        """Return the response to a request that must not pass, else None."""
        hosts, origins = headers.getlist("host"), headers.getlist("origin")
        if len(hosts) != 1 or not self.is_own_host(host_name(hosts[0])):
            message = f"This server is not known by the name in this request's Host header; {_CURE}.\n"
            return PlainTextResponse(message, HTTPStatus.MISDIRECTED_REQUEST)
        if all(self.is_own_origin(origin, hosts[0]) for origin in origins):
            return None
        message = f"This request comes from a page of another site; if that is this server's UI, {_CURE}.\n"
        return PlainTextResponse(message, HTTPStatus.FORBIDDEN)

    def is_own_host(self, host: str | None) -> bool:
        """Return whether a host name is this server's; any IP address is, if it listens on all: none can be rebound."""
        if host is None:
            return False
        return host in LOOPBACK or host in self.hosts or (not self.hosts.isdisjoint(ALL_ADDRESSES) and is_address(host))

    def is_own_origin(self, origin: str, host: str) -> bool:
        """Return whether a page is from the server that it calls, or from one of the names of the server."""
        scheme, _, address = origin.partition("://")
        if scheme not in {"http", "https"}:
            return False
        # Another port of this machine may be that of another user.
        return address.lower() == host.lower() or host_name(address) in self.hosts - {*LOOPBACK, *ALL_ADDRESSES}


def with_content_policy(send: Send) -> Send:
    """Return a `send` that adds the header by which a page may be in no frame and call this server only."""

    async def send_with_header(message: Message) -> None:
        if message["type"] == "http.response.start":
            MutableHeaders(scope=message).append("Content-Security-Policy", _CONTENT_POLICY)
        await send(message)

    return send_with_header


def host_name(address: str) -> str | None:
    """Return the name in a `Host` header, such as `news.example:4200` or `[::1]:4200`; None if it is malformed."""
    try:
        parts = urlsplit(f"//{address}")
        parts.port  # noqa: B018  raises ValueError if it is no number
    except ValueError:
        return None
    return parts.hostname if parts.netloc == address and "@" not in address else None


def is_address(name: str) -> bool:
    """Return whether a host name is an IP address."""
    try:
        ip_address(name)
    except ValueError:
        return False
    return True
