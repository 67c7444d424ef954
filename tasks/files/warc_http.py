"""The HTTP response inside a WARC record, as whoever made it left it: the page, and what the server said of it."""

from __future__ import annotations

import io
import re
from contextlib import suppress
from datetime import datetime
from typing import Any, Final

from fastwarc.stream_io import ChunkedReader
from fastwarc.warc import HeaderMap, WarcRecord

from tasks.http.content_coding import PackedError, TooLargeError, read_codings, unpack
from tasks.http.response import printable
from warehouse.model.records import Exchange
from warehouse.model.vocabulary import Reason

_MAX_HEADERS: Final = 1 << 18
_VERSION: Final = re.compile(r"HTTP/\d(?:\.\d)?", re.ASCII)
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")


class RecordError(Exception):
    """Why a record that is a page cannot become a document: a reason and one sentence."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


def read_headers(record: WarcRecord) -> HeaderMap:
    """The response's headers; the record's reader then stands at the payload. Raises `RecordError`."""
    try:
        record.parse_http(max_header_len=_MAX_HEADERS, quirks_mode=True)
    except OSError:
        raise RecordError(Reason.BAD_RECORD, f"its HTTP headers have more than {_MAX_HEADERS:,} bytes") from None
    headers = record.http_headers
    if headers is None or headers.status_code is None:
        raise RecordError(Reason.BAD_RECORD, "it does not begin as an HTTP response does")
    return headers


def unpack_page(payload: bytes, headers: HeaderMap | None, limit: int) -> bytes:
    """The page itself. Many crawlers unpack it and leave the headers as they were."""
    if headers is None:
        return payload
    content = payload
    if "chunked" in (headers.get("Transfer-Encoding") or "").lower():
        with suppress(OSError):
            content = ChunkedReader(io.BytesIO(payload)).read()
    try:
        codings = read_codings(headers.get("Content-Encoding") or "")
        return b"".join(unpack([content], codings, limit))
    except TooLargeError:
        raise too_large(f"unpacked, more than {limit:,}", limit) from None
    except PackedError as error:
        if content.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
            return content
        raise RecordError(Reason.BAD_RECORD, str(error)) from None


def http_facts(url: str, date: datetime, record: WarcRecord, headers: HeaderMap, content: bytes) -> dict[str, Any]:
    """What `Fetched` says of a page that came over HTTP."""
    version, _, rest = (headers.status_line or "").partition(" ")
    exchange = Exchange(
        url,
        date,
        http_version=version if _VERSION.fullmatch(version) else "HTTP/1.1",
        status=headers.status_code,
        reason=printable(rest.partition(" ")[2]) or "",
        headers=tuple((_clean(name), _clean(value)) for name, value in headers.items_bytes()),
        content=content,
        ip_address=printable(record.headers.get("WARC-IP-Address")),
    )
    return {
        "final_url": url,
        "http_status": headers.status_code,
        "etag": printable(headers.get("ETag")),
        "last_modified": printable(headers.get("Last-Modified")),
        "exchanges": (exchange,),
    }


def _clean(value: bytes) -> str:
    """A header as text, on one line."""
    try:
        text = value.decode("utf-8")
    except UnicodeDecodeError:
        text = value.decode("latin-1")
    return _CONTROL.sub(" ", text)


def too_large(size: str, limit: int) -> RecordError:
    """The refusal of a page over the limit."""
    return RecordError(Reason.TOO_LARGE, f"{size} bytes, the limit is {limit:,}; raise max_document_bytes to take it")
