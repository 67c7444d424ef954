"""What a server's answer, or the lack of one, means: a document, or a refusal with its reason."""

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
from tasks.http.content_coding import DecompressionError, TooLargeError
from tasks.http.network import RefusedAddressError, UnknownHostError
from warehouse.model.records import Exchange
from warehouse.model.vocabulary import Reason

MAX_HEADER_LENGTH: Final = 1_000
MAX_RETRY_AFTER: Final = 86_400.0
"""Seconds; a server that asks for more is asked again after these."""

_REDIRECTS: Final = {301, 302, 303, 307, 308}
_GONE: Final = {HTTPStatus.NOT_FOUND, HTTPStatus.GONE}
_MEDIA_TYPE: Final = re.compile(r"\s*([\w.+-]{1,60}/[\w.+-]{1,60})\s*(?:;|$)", re.ASCII)
_CHARSET: Final = re.compile(r""";\s*charset\s*=\s*["']?([\w.:+-]{1,40})""", re.ASCII | re.IGNORECASE)
_SECONDS: Final = re.compile(r"\s*(\d{1,300})(?:\.\d*)?\s*", re.ASCII)


@dataclass(frozen=True, slots=True)
class Downloaded:
    """A document and what its server said of it; the content is unpacked, every text printable."""

    content: bytes
    final_url: str
    http_status: int
    media_type: str | None
    charset: str | None
    etag: str | None
    last_modified: str | None
    redirects: tuple[str, ...] = ()
    """The addresses that led to the final one, in order."""
    moved_to: str | None = None
    """The final address where every redirect on the way was permanent (301 or 308)."""
    exchanges: tuple[Exchange, ...] = ()
    """All that was said to get it, in order: robots.txt, redirects, attempts that failed; the last gave the content."""


@dataclass(frozen=True, slots=True)
class NotModified:
    """The server says that what an earlier ETag or date stands for is still right."""

    final_url: str
    etag: str | None
    last_modified: str | None
    exchanges: tuple[Exchange, ...] = ()


@dataclass(frozen=True, slots=True)
class Refused:
    """Why there is no document: `detail` is one sentence, and never holds a password."""

    reason: Reason
    detail: str
    http_status: int | None = None
    retry_after: float | None = None
    """Seconds that the server asks to wait, or after which its robots.txt, not to be had now, is asked for again."""
    exchanges: tuple[Exchange, ...] = ()
    """Empty where nothing was asked."""
    asked: bool = True
    """Whether the address itself was asked for: not where robots.txt stood in the way, or it may not be asked for."""

    @property
    def waits_for_robots(self) -> bool:
        """Whether the address may be asked for once its host gives its robots.txt, which it does not just now."""
        return not self.asked and self.retry_after is not None


@dataclass(frozen=True, slots=True)
class Postponed:
    """The host asks for a longer wait than `patience_seconds`; ask again once `until` has come."""

    until: datetime
    detail: str
    exchanges: tuple[Exchange, ...] = ()


FetchResult = Downloaded | NotModified | Refused | Postponed
"""What came of a request."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One response as it came, its content unpacked."""

    url: httpx.URL
    status: int
    headers: httpx.Headers
    content: bytes
    redirects: tuple[str, ...] = ()
    moved_to: str | None = None

    @property
    def is_success(self) -> bool:
        """Whether the server says that the content is what was asked for."""
        # No part is ever asked for: taken for the whole, it would be an article cut short.
        whole = self.status != HTTPStatus.PARTIAL_CONTENT
        return whole and HTTPStatus.OK <= self.status < HTTPStatus.MULTIPLE_CHOICES

    @property
    def is_client_error(self) -> bool:
        """Whether the server says that the request cannot be met, by this client at least."""
        return HTTPStatus.BAD_REQUEST <= self.status < HTTPStatus.INTERNAL_SERVER_ERROR

    @property
    def location(self) -> str | None:
        """Where the server redirects to, as printed."""
        return self.headers.get("location") if self.status in _REDIRECTS else None

    @property
    def moves_for_good(self) -> bool:
        """Whether the redirect is permanent."""
        return self.status in {HTTPStatus.MOVED_PERMANENTLY, HTTPStatus.PERMANENT_REDIRECT}

    def retry_after(self, now: datetime) -> float | None:
        """Seconds from `now` that the server asks to wait, at most `MAX_RETRY_AFTER`; None where it asks nothing."""
        return read_retry_after(self.headers.get("retry-after", ""), now)


def judge(answer: Answer, now: datetime, *, conditional: bool) -> Downloaded | NotModified | Refused:
    """The document of a 2xx answer, that it is as before, or why there is none."""
    etag, last_modified = (printable(answer.headers.get(name)) for name in ("etag", "last-modified"))
    if answer.status == HTTPStatus.NOT_MODIFIED and conditional:
        return NotModified(str(answer.url), etag, last_modified)
    if not answer.is_success:
        return refusal_by_server(answer, now)
    declared = answer.headers.get("content-type", "")
    kind, charset = _MEDIA_TYPE.match(declared), _CHARSET.search(declared)
    return Downloaded(
        content=answer.content,
        final_url=str(answer.url),
        http_status=answer.status,
        media_type=kind[1].lower() if kind else None,
        charset=charset[1].lower() if charset else None,
        etag=etag,
        last_modified=last_modified,
        redirects=answer.redirects,
        moved_to=answer.moved_to,
    )


def refusal_by_server(answer: Answer, now: datetime, asked_for: str = "") -> Refused:
    """What a status other than 2xx says, and how long the server asks to wait (Retry-After)."""
    name = HTTPStatus(answer.status).phrase if answer.status in set(HTTPStatus) else "a status that HTTP does not know"
    detail = f"{answer.url.host}: answered {answer.status} {name}{asked_for}"
    wait = answer.retry_after(now)
    if wait is not None:
        detail += f", and asks to wait {wait:.0f} seconds"
    reason = Reason.VANISHED if answer.status in _GONE else Reason.FETCH_FAILED
    return Refused(reason, detail, answer.status, wait)


def refusal_for(error: Exception, host: str, settings: Settings, limit: int, seconds: float) -> Refused:
    """What an exception says that ended a request to `host`, which might give `limit` bytes in so many seconds."""
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
        case httpcore.ConnectError():
            problem = _why_no_connection(error)
        case httpcore.NetworkError() | OSError():
            problem = "the connection broke off"
        case _:
            problem = "the answer is not valid HTTP, or was cut short"
    return Refused(reason, f"{host}: {problem}")


def is_certificate_error(error: BaseException) -> bool:
    """Whether a connection failed because the server could not prove who it is."""
    return any(isinstance(cause, ssl.SSLCertVerificationError) for cause in _causes(error))


def _why_no_connection(error: BaseException) -> str:
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


def read_retry_after(printed: str, now: datetime) -> float | None:
    """The seconds that a Retry-After header asks for, printed as seconds or as a date; at most `MAX_RETRY_AFTER`."""
    if seconds := _SECONDS.fullmatch(printed):
        return min(float(seconds[1]), MAX_RETRY_AFTER)
    try:
        until = parsedate_to_datetime(printed)
        wait = (until.replace(tzinfo=until.tzinfo or UTC) - now).total_seconds()
    except (ValueError, OverflowError):
        return None
    return min(max(0.0, wait), MAX_RETRY_AFTER)


def printable(value: str | None) -> str | None:
    """A header's value without what does not print, at most `MAX_HEADER_LENGTH` characters of it."""
    # It is sent back to the server one day, and stands in the archive's headers: a line end in it would start another.
    kept = "".join(character for character in (value or "")[:MAX_HEADER_LENGTH] if character.isprintable())
    return kept or None
