"""Send one HTTP request and read its response, bounded in time and size; both are recorded for the archive."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
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
from tasks.http.access import ANYBODY, Access, default_access, environment_proxy, hide_values
from tasks.http.content_coding import CODINGS, TooLargeError, read_codings, unpack
from tasks.http.headers import printable
from tasks.http.network import RefusedAddressError, UnknownHostError
from tasks.http.response import Refused, Response, is_certificate_error, refusal_of_error
from tasks.http.transport import ALLOW_PRIVATE, PROXY
from tasks.http.whole_body import is_whole
from tasks.text.decode import Decoded, decode
from tasks.text.decompress import DecompressionError
from warehouse.model.records import Exchange

ACCEPT_PAGES: Final = "text/html, application/xhtml+xml, application/xml;q=0.9, */*;q=0.8"
ACCEPT_LISTINGS: Final = (
    "application/rss+xml, application/atom+xml, application/feed+json, application/xml;q=0.9, text/xml;q=0.9, */*;q=0.8"
)

MAX_ERROR_BODY_BYTES: Final = 65_536  # of a response that is no document, for the archive only
_MAX_ERROR_BODY_SECONDS: Final = 2.0
_GRACE_SECONDS: Final = 0.1
_MAX_INLINE_BYTES: Final = 65_536
_MAX_HEADER_BYTES: Final = 8_000
# User and password of a URL, which nothing that is stored may hold.
_SENT_EVENT: Final = ".send_request_headers.complete"
_NOT_IN_USER_AGENT: Final = str.maketrans("", "", "()\\")

_LASTING_ERRORS: Final = (RefusedAddressError, TooLargeError, DecompressionError)
_PASSING_ERRORS: Final = (
    UnknownHostError,
    httpcore.TimeoutException,
    httpcore.ProtocolError,
    httpcore.ProxyError,
    httpcore.NetworkError,
    h2.exceptions.H2Error,
    TimeoutError,
    OSError,
    ValueError,  # a status over HTTP/2 that is no number
)
_PASSING_STATUSES: Final = frozenset({429, 500, 502, 503, 504})


@dataclass(frozen=True, slots=True)
class Request:
    """A URL to fetch, with its limits and conditions."""

    url: str
    delay: float = 5.0  # seconds between the starts of two requests to its host; robots.txt may ask for more
    allow_private: bool = False
    max_bytes: int | None = None  # of the decoded document; default `max_document_bytes`
    seconds: float | None = None  # for all redirects together; default `fetch_seconds`
    etag: str | None = None  # of an earlier capture: the server may then answer 304
    last_modified: str | None = None  # likewise
    accept: str = ACCEPT_PAGES
    cookies: str | None = field(default=None, repr=False)  # the value of the Cookie header
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)  # more of them, as a script may send
    access: Access = ANYBODY
    render: bool = False  # a page is shown in a browser, and is what its scripts made of it

    @property
    def conditional(self) -> bool:
        """Whether the request is conditional: 304 if the document has not changed."""
        # What scripts put into a page may change while the page itself does not.
        return not self.render and bool(_header(self.etag) or _header(self.last_modified))


@dataclass(frozen=True, slots=True)
class ResponseLimits:
    """The latest time and the largest size of a response."""

    deadline: float  # of `time.monotonic()`
    bytes: int
    truncate: bool = False  # a larger body is cut at the limit, and is no failure


@dataclass(frozen=True, slots=True)
class Attempt:
    """One request, and its response or failure."""

    exchange: Exchange
    result: Response | Refused
    seconds: float
    may_pass: bool  # whether the failure may pass by itself, so that a retry makes sense


class Client:
    """Sends single requests to any host; knows nothing of throttling, redirects or robots.txt."""

    def __init__(self, settings: Settings, transport: httpx.AsyncBaseTransport, clock: Callable[[], datetime]) -> None:
        self._settings = settings
        self._clock = clock
        self._transport = transport
        self._default = default_access(settings)

    def user_agent(self, access: Access) -> str:
        """Return the name by which an access is known to servers."""
        return user_agent(access.over(self._default), self._settings.contact)

    async def send(
        self, url: httpx.URL, request: Request, limits: ResponseLimits, on_sent: Callable[[], Awaitable[None]]
    ) -> Attempt:
        """Send a request, and call `on_sent` when it is on its way. Never raises for what a server does."""
        access = request.access.over(self._default)
        secret = {name.lower(): (name, value) for name, value in self._default.headers}
        secret |= {name.lower(): (name, value) for name, value in access.secret_headers(url)}
        headers = request_headers(url, replace(request, access=access), self._settings.contact)
        headers = [header for header in headers if header[0].lower() not in secret] + list(secret.values())
        began = time.monotonic()
        exchange = Exchange(str(url), self._clock(), request_headers=hide_values(headers, secret.values()))
        extensions = {
            "timeout": dict.fromkeys(("connect", "read", "write"), limits.deadline),
            ALLOW_PRIVATE: request.allow_private,
            PROXY: access.proxy or (environment_proxy(url) if self._settings.fetch.environment_proxy else None),
            "trace": partial(_trace, on_sent),
        }
        http_request = httpx.Request("GET", url, headers=headers, extensions=extensions)
        try:
            # The network ends a request in time, and marks its connection as broken; this bounds every other wait.
            async with asyncio.timeout(limits.deadline + _GRACE_SECONDS - time.monotonic()):
                # Not through httpx.AsyncClient: told to follow nothing, it still reads Location, and raises for a bad
                # one; it keeps cookies and looks for proxies and passwords. The transport does none of that.
                response = await self._transport.handle_async_request(http_request)
                async with contextlib.aclosing(response):
                    exchange = _with_head(exchange, response)
                    exchange = await _with_body(exchange, response, limits)
        except (*_LASTING_ERRORS, *_PASSING_ERRORS) as error:
            seconds = request.seconds or self._settings.fetch_seconds
            refusal = refusal_of_error(error, url.host, self._settings, limits.bytes, seconds)
            may_pass = not isinstance(error, _LASTING_ERRORS) and not is_certificate_error(error)
            return Attempt(replace(exchange, error=refusal.detail), refusal, time.monotonic() - began, may_pass)
        result = Response(url, response.status_code, response.headers, exchange.content)
        return Attempt(exchange, result, time.monotonic() - began, result.status in _PASSING_STATUSES)


async def _trace(on_sent: Callable[[], Awaitable[None]], event: str, _: object) -> None:
    if event.endswith(_SENT_EVENT):
        await on_sent()


def request_headers(url: httpx.URL, request: Request, contact: str = "") -> list[tuple[str, str]]:
    """Return the headers of a request: our name and contact, the formats we read, the conditions."""
    conditions = {"If-None-Match": request.etag, "If-Modified-Since": request.last_modified}
    return [
        ("Host", url.netloc.decode("ascii")),
        ("User-Agent", user_agent(request.access, contact)),
        ("Accept", request.accept),
        ("Accept-Encoding", ", ".join(CODINGS)),
        *([("Cookie", request.cookies)] if request.cookies else []),
        *(
            (name, value)
            for name, validator in conditions.items()
            if request.conditional and (value := _header(validator))
        ),
        *request.headers,
    ]


def user_agent(access: Access, contact: str) -> str:
    """Return the name by which an access is known to servers; by default our own, with whom they may ask."""
    printable_contact = "".join(character for character in contact if character.isascii() and character.isprintable())
    contact = printable_contact.translate(_NOT_IN_USER_AGENT).strip()
    comment = "; +".join(["news article collector", *filter(None, [contact])])
    return access.user_agent or f"{robots.TOKEN} ({comment})"


def _header(validator: str | None) -> str | None:
    # Beyond ASCII nobody knows which bytes it was; the document is then requested as if it were new.
    value = (printable(validator) or "").strip()
    return value if value and value.isascii() else None


def _with_head(exchange: Exchange, response: httpx.Response) -> Exchange:
    stream = response.extensions.get("network_stream")
    peer: Any = stream.get_extra_info("server_addr") if stream else None
    return replace(
        exchange,
        http_version=_line(response.extensions.get("http_version", b"HTTP/1.1")),
        status=response.status_code,
        reason=_line(response.extensions.get("reason_phrase", b"")),
        headers=hide_values(((_line(name), _line(value)) for name, value in response.headers.raw), ()),
        ip_address=str(peer[0]) if peer else None,
    )


def _line(raw: bytes) -> str:
    """Decode a part of a response's head; without passwords, or characters that would end an archived line."""
    line = redact(raw.decode("latin-1"), "")[:_MAX_HEADER_BYTES]
    return line if line.isprintable() else "".join(character for character in line if character >= " ").strip()


async def _with_body(exchange: Exchange, response: httpx.Response, limits: ResponseLimits) -> Exchange:
    if HTTPStatus.OK <= response.status_code < HTTPStatus.MULTIPLE_CHOICES:
        content, problem = await _read(response, limits)
    else:
        content, problem = await _read_error(response, limits)
    return replace(exchange, content=content, error=problem)


async def _read(response: httpx.Response, limits: ResponseLimits) -> tuple[bytes, str | None]:
    """Return the decoded body, and a sentence if it was cut at the limit or is whole despite damage."""
    codings = read_codings(response.headers.get("content-encoding", ""))
    chunks, interruption = await _receive(response, limits)
    try:
        if sum(map(len, chunks)) <= _MAX_INLINE_BYTES:
            content, problem = _unpack(chunks, codings, limits)
        else:
            # Megabytes are unpacked in a thread: the responses of other hosts would wait for them.
            content, problem = await asyncio.to_thread(_unpack, chunks, codings, limits)
    except DecompressionError as error:
        raise (interruption or error) from None
    if interruption is None:
        return content, problem
    if not is_whole(content):
        # Half an article would be stored as if it were all of it.
        raise interruption
    return content, "the body ended before its stated length; by its format it is whole"


async def _receive(response: httpx.Response, limits: ResponseLimits) -> tuple[list[bytes], Exception | None]:
    """Return the chunks of the body, a little over the limit at most, and what ended it before its time."""
    chunks, size = [], 0
    try:
        async for chunk in response.aiter_raw():
            chunks.append(chunk)
            size += len(chunk)
            if time.monotonic() > limits.deadline:
                # Chunks that have arrived already involve no wait that could time out.
                return chunks, httpcore.ReadTimeout()
            if size > limits.bytes:
                break
    except (httpcore.ProtocolError, httpcore.NetworkError, httpcore.ReadTimeout) as error:
        return chunks, error
    return chunks, None


def _unpack(chunks: list[bytes], codings: tuple[str, ...], limits: ResponseLimits) -> tuple[bytes, str | None]:
    pieces: list[bytes] = []
    try:
        # Piece by piece into the list, which then still has the pieces before the limit.
        pieces.extend(unpack(chunks, codings, limits.bytes))
    except TooLargeError:
        if not limits.truncate:
            raise
        return b"".join(pieces), f"only the first {limits.bytes:,} bytes of the body were read"
    except DecompressionError as error:
        return _despite_damage(b"".join(chunks), b"".join(pieces), error)
    return b"".join(pieces), None


def _despite_damage(body: bytes, unpacked: bytes, error: DecompressionError) -> tuple[bytes, str]:
    """Return the body as it came if it is not packed at all, or what was unpacked if that is whole by its format."""
    if is_whole(unpacked):
        return unpacked, f"{error}; by its format it is whole"
    if not unpacked and isinstance(decode(body, html=True), Decoded):
        return body, f"{error}; it is not packed"
    raise error


async def _read_error(response: httpx.Response, limits: ResponseLimits) -> tuple[bytes, str | None]:
    error_limits = replace(limits, bytes=MAX_ERROR_BODY_BYTES, truncate=True)
    try:
        # Its meaning is known from its head: its body may not cost the time of the next attempt.
        async with asyncio.timeout(_MAX_ERROR_BODY_SECONDS):
            return await _read(response, error_limits)
    except (TooLargeError, DecompressionError, *_PASSING_ERRORS):
        return b"", "the body of the answer could not be read to its end"
