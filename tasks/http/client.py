"""One HTTP request and its answer, bounded in time and size, and kept as it went for the archive."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from http import HTTPStatus
from typing import Any, Final

import h2.exceptions
import httpcore
import httpx

from config.redact import redact
from config.settings import Settings
from tasks.http import robots
from tasks.http.content_coding import CODINGS, PackedError, TooLargeError, read_codings, unpack
from tasks.http.network import RefusedAddressError, UnknownHostError
from tasks.http.response import Answer, Refused, is_certificate_error, printable, refusal_for
from tasks.http.transport import ALLOW_PRIVATE
from warehouse.model.records import Exchange

PAGES: Final = "text/html, application/xhtml+xml, application/xml;q=0.9, */*;q=0.8"
LISTINGS: Final = (
    "application/rss+xml, application/atom+xml, application/feed+json, application/xml;q=0.9, text/xml;q=0.9, */*;q=0.8"
)

ERROR_BODY_BYTES: Final = 65_536
"""Of the body of an answer that is no document, which only the archive wants."""
_ERROR_BODY_SECONDS: Final = 2.0
_GRACE_SECONDS: Final = 0.1
_IN_THREAD_BYTES: Final = 65_536
_MAX_HEADER: Final = 8_000
_SENT: Final = ".send_request_headers.complete"
_NOT_IN_AGENT: Final = str.maketrans("", "", "()\\")

_LASTING: Final = (RefusedAddressError, TooLargeError, PackedError)
_PASSING: Final = (
    UnknownHostError,
    httpcore.TimeoutException,
    httpcore.ProtocolError,
    httpcore.NetworkError,
    h2.exceptions.H2Error,
    TimeoutError,
    OSError,
    ValueError,  # a status over HTTP/2 that is no number
)
_PASSING_STATUSES: Final = frozenset({429, 500, 502, 503, 504})


@dataclass(frozen=True, slots=True)
class Request:
    """An address to fetch, and how politely and how much."""

    url: str
    delay: float = 5.0
    """Seconds between the starts of two requests to its host; robots.txt may ask for more."""
    allow_private: bool = False
    max_bytes: int | None = None
    """Of the document, unpacked; `max_document_bytes` unless said."""
    seconds: float | None = None
    """For all redirects together; `fetch_seconds` unless said."""
    etag: str | None = None
    """Of the copy at hand, with `last_modified`: the answer may then be that it is not modified."""
    last_modified: str | None = None
    accept: str = PAGES

    @property
    def conditional(self) -> bool:
        """Whether the server is asked only for what is new."""
        return bool(_header(self.etag) or _header(self.last_modified))


@dataclass(frozen=True, slots=True)
class Bounds:
    """How long and how large an answer may be."""

    deadline: float
    """A moment of `time.monotonic()`."""
    bytes: int
    cut: bool = False
    """A larger body counts to its limit, and is no failure."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What came of one request."""

    exchange: Exchange
    result: Answer | Refused
    seconds: float
    may_pass: bool
    """Whether the failure may pass by itself, so that asking again has a point."""


class Client:
    """Asks one request at a time of whatever host; knows nothing of turns, redirects or robots.txt."""

    def __init__(self, settings: Settings, transport: httpx.AsyncBaseTransport, clock: Callable[[], datetime]) -> None:
        self._settings = settings
        self._clock = clock
        self._transport = transport

    async def ask(self, url: httpx.URL, request: Request, bounds: Bounds, sent: Callable[[], Awaitable[None]]) -> Reply:
        """Ask for a URL, and call `sent` when the request is on its way. Never raises for what a server does."""
        headers = request_headers(url, request, self._settings.contact)
        began = time.monotonic()
        exchange = Exchange(str(url), self._clock(), request_headers=tuple(headers))
        extensions = {
            "timeout": dict.fromkeys(("connect", "read", "write"), bounds.deadline),
            ALLOW_PRIVATE: request.allow_private,
            "trace": partial(_trace, sent),
        }
        asked = httpx.Request("GET", url, headers=headers, extensions=extensions)
        try:
            # The network ends a request in time, and marks its connection as broken; this is for what waits elsewhere.
            async with asyncio.timeout(bounds.deadline + _GRACE_SECONDS - time.monotonic()):
                # Not through httpx.AsyncClient: told to follow nothing, it still reads Location, and raises for a bad
                # one; it keeps cookies and looks for proxies and passwords. The transport does none of that.
                response = await self._transport.handle_async_request(asked)
                async with contextlib.aclosing(response):
                    exchange = _with_head(exchange, response)
                    exchange = await _with_body(exchange, response, bounds)
        except (*_LASTING, *_PASSING) as error:
            seconds = request.seconds or self._settings.fetch_seconds
            refused = refusal_for(error, url.host, self._settings, bounds.bytes, seconds)
            may_pass = not isinstance(error, _LASTING) and not is_certificate_error(error)
            return Reply(replace(exchange, error=refused.detail), refused, time.monotonic() - began, may_pass)
        answer = Answer(url, response.status_code, response.headers, exchange.content)
        return Reply(exchange, answer, time.monotonic() - began, answer.status in _PASSING_STATUSES)


async def _trace(sent: Callable[[], Awaitable[None]], event: str, _: object) -> None:
    if event.endswith(_SENT):
        await sent()


def request_headers(url: httpx.URL, request: Request, contact: str = "") -> list[tuple[str, str]]:
    """What a request says: who asks, what can be read, and which copy is at hand."""
    reach = "".join(character for character in contact if character.isascii() and character.isprintable())
    about = "; +".join(["news article collector", *filter(None, [reach.translate(_NOT_IN_AGENT).strip()])])
    conditions = {"If-None-Match": request.etag, "If-Modified-Since": request.last_modified}
    return [
        ("Host", url.netloc.decode("ascii")),
        ("User-Agent", f"{robots.TOKEN} ({about})"),
        ("Accept", request.accept),
        ("Accept-Encoding", ", ".join(CODINGS)),
        *((name, value) for name, printed in conditions.items() if (value := _header(printed))),
    ]


def _header(printed: str | None) -> str | None:
    # Beyond ASCII it is anybody's guess which bytes it was; the document is then asked for as if it were new.
    value = (printable(printed) or "").strip()
    return value if value and value.isascii() else None


def _with_head(exchange: Exchange, response: httpx.Response) -> Exchange:
    stream = response.extensions.get("network_stream")
    peer: Any = stream.get_extra_info("server_addr") if stream else None
    return replace(
        exchange,
        http_version=_line(response.extensions.get("http_version", b"HTTP/1.1")),
        status=response.status_code,
        reason=_line(response.extensions.get("reason_phrase", b"")),
        headers=tuple((_line(name), _line(value)) for name, value in response.headers.raw),
        ip_address=str(peer[0]) if peer else None,
    )


def _line(raw: bytes) -> str:
    """A part of an answer's head as it came, but for passwords, and for what would end a line where it is kept."""
    kept = redact(raw.decode("latin-1"), "")[:_MAX_HEADER]
    return kept if kept.isprintable() else "".join(character for character in kept if character >= " ").strip()


async def _with_body(exchange: Exchange, response: httpx.Response, bounds: Bounds) -> Exchange:
    if HTTPStatus.OK <= response.status_code < HTTPStatus.MULTIPLE_CHOICES:
        content, cut = await _read(response, bounds)
    else:
        content, cut = await _read_error(response, bounds)
    return replace(exchange, content=content, error=cut)


async def _read(response: httpx.Response, bounds: Bounds) -> tuple[bytes, str | None]:
    """The body, unpacked, and a sentence where it is only its beginning."""
    codings = read_codings(response.headers.get("content-encoding", ""))
    chunks, size = [], 0
    async for chunk in response.aiter_raw():
        chunks.append(chunk)
        size += len(chunk)
        if time.monotonic() > bounds.deadline:
            # Chunks that are here already involve no wait that could time out.
            raise httpcore.ReadTimeout
        if size > bounds.bytes:
            break
    if size <= _IN_THREAD_BYTES:
        return _unpacked(chunks, codings, bounds)
    # Megabytes are unpacked beside the loop: the answers of other hosts would wait for them.
    return await asyncio.to_thread(_unpacked, chunks, codings, bounds)


def _unpacked(chunks: list[bytes], codings: tuple[str, ...], bounds: Bounds) -> tuple[bytes, str | None]:
    pieces: list[bytes] = []
    try:
        # Piece by piece into the list, which so keeps what came before the limit was passed.
        pieces.extend(unpack(chunks, codings, bounds.bytes))
    except TooLargeError:
        if not bounds.cut:
            raise
        return b"".join(pieces), f"only the first {bounds.bytes:,} bytes of the body were read"
    return b"".join(pieces), None


async def _read_error(response: httpx.Response, bounds: Bounds) -> tuple[bytes, str | None]:
    limit = replace(bounds, bytes=ERROR_BODY_BYTES, cut=True)
    try:
        # What it says is known from its head: its body may not cost the time of what comes next.
        async with asyncio.timeout(_ERROR_BODY_SECONDS):
            return await _read(response, limit)
    except (TooLargeError, PackedError, *_PASSING):
        return b"", "the body of the answer could not be read to its end"
