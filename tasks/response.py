"""What a server's answer, or the lack of one, means: a document, or a refusal with its reason."""

from __future__ import annotations

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
from tasks.network import RefusedAddressError, UnknownHostError
from tasks.unpack import PackedError, TooLargeError
from warehouse.records import Reason

MAX_HEADER_LENGTH: Final = 1_000

_REDIRECTS: Final = {301, 302, 303, 307, 308}
_GONE: Final = {HTTPStatus.NOT_FOUND, HTTPStatus.GONE}
_MEDIA_TYPE: Final = re.compile(r"\s*([\w.+-]{1,60}/[\w.+-]{1,60})\s*(?:;|$)", re.ASCII)
_CHARSET: Final = re.compile(r""";\s*charset\s*=\s*["']?([\w.:+-]{1,40})""", re.ASCII | re.IGNORECASE)
_SECONDS: Final = re.compile(r"\d{1,9}", re.ASCII)


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
    redirects: tuple[str, ...]
    """The addresses that led to the final one, in order."""


@dataclass(frozen=True, slots=True)
class Refused:
    """Why there is no document: `detail` is one sentence, and never holds a password."""

    reason: Reason
    detail: str
    http_status: int | None = None
    retry_after: float | None = None
    """Seconds that the server asks to wait."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One response as it came, its content unpacked; that of an answer other than 2xx is not read."""

    url: httpx.URL
    status: int
    headers: httpx.Headers
    content: bytes
    redirects: tuple[str, ...] = ()

    @property
    def is_success(self) -> bool:
        """Whether the server says that the content is what was asked for."""
        return HTTPStatus.OK <= self.status < HTTPStatus.MULTIPLE_CHOICES

    @property
    def is_client_error(self) -> bool:
        """Whether the server says that the request cannot be met, by this client at least."""
        return HTTPStatus.BAD_REQUEST <= self.status < HTTPStatus.INTERNAL_SERVER_ERROR

    @property
    def location(self) -> str | None:
        """Where the server redirects to, as printed."""
        return self.headers.get("location") if self.status in _REDIRECTS else None


def judge(answer: Answer) -> Downloaded | Refused:
    """The document of a 2xx answer; for every other, why there is none."""
    if not answer.is_success:
        return refusal_by_server(answer)
    declared = answer.headers.get("content-type", "")
    kind, charset = _MEDIA_TYPE.match(declared), _CHARSET.search(declared)
    return Downloaded(
        content=answer.content,
        final_url=str(answer.url),
        http_status=answer.status,
        media_type=kind[1].lower() if kind else None,
        charset=charset[1].lower() if charset else None,
        etag=_printable(answer.headers.get("etag")),
        last_modified=_printable(answer.headers.get("last-modified")),
        redirects=answer.redirects,
    )


def refusal_by_server(answer: Answer, asked_for: str = "") -> Refused:
    """What a status other than 2xx says, and how long the server asks to wait (Retry-After)."""
    name = HTTPStatus(answer.status).phrase if answer.status in set(HTTPStatus) else "a status that HTTP does not know"
    detail = f"{answer.url.host}: answered {answer.status} {name}{asked_for}"
    wait = _retry_after(answer.headers.get("retry-after", ""), datetime.now(UTC))
    if wait is not None:
        detail += f", and asks to wait {wait:.0f} seconds"
    reason = Reason.VANISHED if answer.status in _GONE else Reason.FETCH_FAILED
    return Refused(reason, detail, answer.status, wait)


def refusal_for(error: Exception, host: str, settings: Settings, limit: int) -> Refused:
    """What an exception says that ended a request to `host`, which might give `limit` bytes."""
    reason = Reason.FETCH_FAILED
    match error:
        case RefusedAddressError():
            reason, problem = Reason.DISALLOWED, str(error)
        case TooLargeError():
            cure = "; raise max_document_bytes to take it" if limit == settings.max_document_bytes else ""
            reason, problem = Reason.TOO_LARGE, f"more than {limit:,} bytes, the limit{cure}"
        case httpcore.TimeoutException():
            reason, problem = (
                Reason.TIMED_OUT,
                f"no complete answer within {settings.fetch_seconds:g} seconds; raise fetch_seconds to wait longer",
            )
        case UnknownHostError() | PackedError():
            problem = str(error)
        case httpcore.ProtocolError():
            problem = "the answer is not valid HTTP, or was cut short"
        case httpcore.ConnectError():
            problem = _why_no_connection(error.args[0] if error.args else None)
        case _:
            problem = "the connection broke off"
    return Refused(reason, f"{host}: {problem}")


def _why_no_connection(cause: object) -> str:
    if isinstance(cause, ssl.SSLCertVerificationError):
        return f"the server's certificate is not valid: {cause.verify_message}"
    if isinstance(cause, ssl.SSLError):
        return "no secure connection could be agreed on"
    if isinstance(cause, OSError) and cause.strerror:
        return f"no connection: {cause.strerror.lower()}"
    return "no connection"


def _retry_after(printed: str, now: datetime) -> float | None:
    if _SECONDS.fullmatch(printed):
        return float(printed)
    try:
        until = parsedate_to_datetime(printed)
    except (ValueError, OverflowError):
        return None
    return max(0.0, (until.replace(tzinfo=until.tzinfo or UTC) - now).total_seconds())


def _printable(value: str | None) -> str | None:
    # It is sent back to the server one day, and stands in the archive's headers: a line end in it would start another.
    kept = "".join(character for character in (value or "")[:MAX_HEADER_LENGTH] if character.isprintable())
    return kept or None
