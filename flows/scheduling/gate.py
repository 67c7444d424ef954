"""Which requests a server of ours takes: those addressed to it by a name of its own, and from no other site's page."""

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
HOSTS_VARIABLE: Final = "COPYDESK_SERVER_HOSTS"
"""The setting `server_hosts`, as the environment gives it to the server's process."""
_CURE: Final = f"add its name to server_hosts in copydesk.toml, or to {HOSTS_VARIABLE}"

# Without the password Prefect's UI cannot read that nothing is to be reported, and would ask a service on the web.
_PAGES: Final = "connect-src 'self'; frame-ancestors 'none'"


@dataclass(frozen=True, slots=True)
class Gate:
    """An ASGI app that answers only requests which name this server and come from no page of another site.

    A page whose name is made to lead to this machine (DNS rebinding) sends that name as `Host`: 421. A page of another
    site sends its own as `Origin`: 403. Both hold for WebSockets too, to which no browser applies CORS.
    """

    app: ASGIApp
    names: frozenset[str]
    """Host names that are this server's, besides those of the loopback interface."""

    @classmethod
    def of(cls, app: ASGIApp, names: Iterable[str] = ()) -> Gate:
        """Return the gate before `app` for a server that is also known by `names`."""
        return cls(app, frozenset(name.strip("[]").lower() for name in names))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request of one of the server's own, refuse any other."""
        if scope["type"] in {"http", "websocket"} and (refusal := self.refusal(Headers(scope=scope))):
            await refusal(scope, receive, send)
        else:
            await self.app(scope, receive, shut_page(send))

    def refusal(self, headers: Headers) -> PlainTextResponse | None:
        """Return the answer to a request that is not to be let in, None for any other."""
        hosts, origins = headers.getlist("host"), headers.getlist("origin")
        if len(hosts) != 1 or not self.is_own(host_name(hosts[0])):
            sentence = f"This server is not known by the name in this request's Host header; {_CURE}.\n"
            return PlainTextResponse(sentence, HTTPStatus.MISDIRECTED_REQUEST)
        if all(self.is_own_origin(origin, hosts[0]) for origin in origins):
            return None
        sentence = f"This request comes from a page of another site; if that is this server's UI, {_CURE}.\n"
        return PlainTextResponse(sentence, HTTPStatus.FORBIDDEN)

    def is_own(self, name: str | None) -> bool:
        """Whether a host name is this server's; a bare address is where it listens on all, for none can be rebound."""
        if name is None:
            return False
        return name in LOOPBACK or name in self.names or (not self.names.isdisjoint(ALL_ADDRESSES) and is_address(name))

    def is_own_origin(self, origin: str, host: str) -> bool:
        """Whether a page is one of the server that it asks, or one under a name that the server was given."""
        scheme, _, address = origin.partition("://")
        if scheme not in {"http", "https"}:
            return False
        # Another port of this machine may be another user's.
        return address.lower() == host.lower() or host_name(address) in self.names - {*LOOPBACK, *ALL_ADDRESSES}


def shut_page(send: Send) -> Send:
    """Return a `send` that tells browsers to show a page in no frame and to let it ask this server alone."""

    async def send_shut(message: Message) -> None:
        if message["type"] == "http.response.start":
            MutableHeaders(scope=message).append("Content-Security-Policy", _PAGES)
        await send(message)

    return send_shut


def host_name(address: str) -> str | None:
    """Return the name in a `Host` header, such as `news.example:4200` or `[::1]:4200`; None where it is malformed."""
    try:
        parts = urlsplit(f"//{address}")
        parts.port  # noqa: B018  raises where it is no number
    except ValueError:
        return None
    return parts.hostname if parts.netloc == address and "@" not in address else None


def is_address(name: str) -> bool:
    """Whether a host name is an IP address."""
    try:
        ip_address(name)
    except ValueError:
        return False
    return True
