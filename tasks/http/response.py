"""Interpret a server's response, or the lack of one: as a document, or as a refusal with its reason."""

from __future__ import annotations

import os
import re
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Final

import httpcore
import httpx

from config.settings import Settings
from tasks.http.content_coding import TooLargeError
from tasks.http.headers import charset_of, printable
from tasks.http.network import RefusedAddressError, UnknownHostError
from tasks.text.decompress import DecompressionError
from warehouse.model.records import Exchange
from warehouse.model.vocabulary import Reason

MAX_RETRY_AFTER_SECONDS: Final = 86_400.0  # a server that asks for more gets the next request after these

_REDIRECTS: Final = {301, 302, 303, 307, 308}
_GONE: Final = {HTTPStatus.NOT_FOUND, HTTPStatus.GONE}
_MEDIA_TYPE: Final = re.compile(r"\s*([\w.+-]{1,60}/[\w.+-]{1,60})\s*(?:;|$)", re.ASCII)
_SECONDS: Final = re.compile(r"\s*(\d{1,300})(?:\.\d*)?\s*", re.ASCII)


@dataclass(frozen=True, slots=True)
class Downloaded:
    """A document and the headers that describe it; the content is decoded, every text printable."""

    content: bytes
    final_url: str
    http_status: int
    media_type: str | None
    charset: str | None
    etag: str | None
    last_modified: str | None
    redirects: tuple[str, ...] = ()  # the URLs before the final one, in order
    moved_to: str | None = None  # the final URL if every redirect was permanent (301 or 308)
    # All of them, in order: robots.txt, redirects, attempts that failed; the last gave the content.
    exchanges: tuple[Exchange, ...] = ()


@dataclass(frozen=True, slots=True)
class NotModified:
    """The document has not changed since the capture whose ETag or date was sent."""

    final_url: str
    etag: str | None
    last_modified: str | None
    exchanges: tuple[Exchange, ...] = ()


@dataclass(frozen=True, slots=True)
class Refused:
    """The reason why there is no document; `detail` is one sentence, and never holds a password."""

    reason: Reason
    detail: str
    http_status: int | None = None
    # Seconds that the server asks to wait, or until its robots.txt, not available now, is requested again.
    retry_after: float | None = None
    exchanges: tuple[Exchange, ...] = ()  # empty if nothing was requested
    # Whether the URL itself was requested: not if robots.txt prevented it, or its address may not be fetched.
    was_requested: bool = True

    @property
    def waits_for_robots(self) -> bool:
        """Whether the URL may be fetched once its host gives its robots.txt, which is not available now."""
        return not self.was_requested and self.retry_after is not None


@dataclass(frozen=True, slots=True)
class Postponed:
    """The host asks for a longer wait than `patience_seconds`, until `until`."""

    until: datetime
    detail: str
    exchanges: tuple[Exchange, ...] = ()


FetchResult = Downloaded | NotModified | Refused | Postponed


@dataclass(frozen=True, slots=True)
class Response:
    """One HTTP response, its content decoded."""

    url: httpx.URL
    status: int
    headers: httpx.Headers
    content: bytes
    redirects: tuple[str, ...] = ()
    moved_to: str | None = None

    @property
    def is_success(self) -> bool:
        """Whether the content is the whole document."""
        # No part is ever requested: taken for the whole, it would be an article cut short.
        is_whole = self.status != HTTPStatus.PARTIAL_CONTENT
        return is_whole and HTTPStatus.OK <= self.status < HTTPStatus.MULTIPLE_CHOICES

    @property
    def is_client_error(self) -> bool:
        """Whether the request cannot be met, at least for this client."""
        return HTTPStatus.BAD_REQUEST <= self.status < HTTPStatus.INTERNAL_SERVER_ERROR

    @property
    def location(self) -> str | None:
        """The target of a redirect, as text; None if it is none."""
        return self.headers.get("location") if self.status in _REDIRECTS else None

    @property
    def is_permanent_redirect(self) -> bool:
        """Whether the redirect is permanent."""
        return self.status in {HTTPStatus.MOVED_PERMANENTLY, HTTPStatus.PERMANENT_REDIRECT}

    def retry_after(self, now: datetime) -> float | None:
        """Return the seconds from `now` that the server asks to wait; None if it does not ask."""
        return read_retry_after(self.headers.get("retry-after", ""), now)


def interpret(response: Response, now: datetime, *, conditional: bool) -> Downloaded | NotModified | Refused:
    """Return the document of a 2xx response, `NotModified` for a 304, else the refusal."""
    etag, last_modified = (printable(response.headers.get(name)) for name in ("etag", "last-modified"))
    if response.status == HTTPStatus.NOT_MODIFIED and conditional:
        return NotModified(str(response.url), etag, last_modified)
    if not response.is_success:
        return refusal_of_response(response, now)
    declared = response.headers.get("content-type", "")
    media_type = _MEDIA_TYPE.match(declared)
    return Downloaded(
        content=response.content,
        final_url=str(response.url),
        http_status=response.status,
        media_type=media_type[1].lower() if media_type else None,
        charset=charset_of(declared),
        etag=etag,
        last_modified=last_modified,
        redirects=response.redirects,
        moved_to=response.moved_to,
    )


def refusal_of_response(response: Response, now: datetime, purpose: str = "") -> Refused:
    """Return the refusal for a status other than 2xx, with the wait that the server asks for (Retry-After)."""
    name = (
        HTTPStatus(response.status).phrase if response.status in set(HTTPStatus) else "a status that HTTP does not know"
    )
    detail = f"{response.url.host}: answered {response.status} {name}{purpose}"
    wait = response.retry_after(now)
    if wait is not None:
        detail += f", and asks to wait {wait:.0f} seconds"
    reason = Reason.VANISHED if response.status in _GONE else Reason.FETCH_FAILED
    return Refused(reason, detail, response.status, wait)


def refusal_of_error(error: Exception, host: str, settings: Settings, limit: int, seconds: float) -> Refused:
    """Return the refusal for an exception that ended a request to `host`, with its limits in bytes and seconds."""
    reason = Reason.FETCH_FAILED
    match error:
        case RefusedAddressError():
            reason, problem = Reason.DISALLOWED, str(error)
        case TooLargeError():
            cure = "; raise max_document_bytes to take it" if limit == settings.max_document_bytes else ""
            reason, problem = Reason.TOO_LARGE, f"more than {limit:,} bytes, the limit{cure}"
        case httpcore.TimeoutException() | TimeoutError():
            cure = "; raise fetch_seconds to wait longer" if seconds == settings.fetch_seconds else ""
            reason, problem = Reason.TIMED_OUT, f"no complete answer within {seconds:g} seconds{cure}"
        case UnknownHostError() | DecompressionError():
            problem = str(error)
        case httpcore.ProxyError():
            problem = "the proxy did not let the request through; see [fetch] proxy, or ask who runs it"
        case httpcore.ConnectError():
            problem = _connection_problem(error)
        case httpcore.NetworkError() | OSError():
            problem = "the connection broke off"
        case _:
            problem = "the answer is not valid HTTP, or was cut short"
    return Refused(reason, f"{host}: {problem}")


def is_certificate_error(error: BaseException) -> bool:
    """Return whether a connection failed because the server's certificate is not valid."""
    return any(isinstance(cause, ssl.SSLCertVerificationError) for cause in _causes(error))


def _connection_problem(error: BaseException) -> str:
    for cause in _causes(error):
        if isinstance(cause, ssl.SSLCertVerificationError):
            return f"the server's certificate is not valid: {cause.verify_message}"
        if isinstance(cause, ssl.SSLError):
            return "no secure connection could be agreed on"
        if isinstance(cause, OSError) and cause.errno:
            return f"no connection: {os.strerror(cause.errno).lower()}"
    return "no connection"


def _causes(error: BaseException) -> list[BaseException]:
    chain: list[BaseException] = []
    cause: BaseException | None = error
    while cause is not None and cause not in chain:
        chain.append(cause)
        cause = cause.__cause__ or cause.__context__
    return chain


def read_retry_after(header: str, now: datetime) -> float | None:
    """Parse a Retry-After header, seconds or a date, to seconds from `now`; at most `MAX_RETRY_AFTER_SECONDS`."""
    if seconds := _SECONDS.fullmatch(header):
        return min(float(seconds[1]), MAX_RETRY_AFTER_SECONDS)
    try:
        until = parsedate_to_datetime(header)
        wait = (until.replace(tzinfo=until.tzinfo or UTC) - now).total_seconds()
    except (ValueError, OverflowError):
        return None
    return min(max(0.0, wait), MAX_RETRY_AFTER_SECONDS)
