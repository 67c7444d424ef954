"""Read the HTTP response inside a WARC record, as its crawler left it: the page and its headers."""

from __future__ import annotations

import io
import re
from contextlib import suppress
from datetime import datetime
from typing import Any, Final

from fastwarc.stream_io import ChunkedReader
from fastwarc.warc import HeaderMap, WarcRecord

from tasks.http.content_coding import TooLargeError, read_codings, unpack
from tasks.http.headers import printable
from tasks.text.decompress import DecompressionError
from warehouse.model.records import Exchange
from warehouse.model.vocabulary import Reason

_MAX_HEADERS_BYTES: Final = 1 << 18
_VERSION: Final = re.compile(r"HTTP/\d(?:\.\d)?", re.ASCII)
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")


class RecordError(Exception):
    """A record is a page but cannot become a document; it has a reason and one sentence."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


def read_headers(record: WarcRecord) -> HeaderMap:
    """Parse the response's headers; the record's reader is then at the payload. Raises `RecordError`."""
    try:
        record.parse_http(max_header_len=_MAX_HEADERS_BYTES, quirks_mode=True)
    except OSError:
        raise RecordError(Reason.BAD_RECORD, f"its HTTP headers have more than {_MAX_HEADERS_BYTES:,} bytes") from None
    headers = record.http_headers
    if headers is None or headers.status_code is None:
        raise RecordError(Reason.BAD_RECORD, "it does not begin as an HTTP response does")
    return headers


def unpack_page(payload: bytes, headers: HeaderMap | None, limit: int) -> bytes:
    """Return the decoded page. Many crawlers unpack it and leave the headers as they were. Raises `RecordError`."""
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
    except DecompressionError as error:
        if content.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
            return content
        raise RecordError(Reason.BAD_RECORD, str(error)) from None


def http_facts(url: str, date: datetime, record: WarcRecord, headers: HeaderMap, content: bytes) -> dict[str, Any]:
    """Return the fields of `Fetched` for a page that came over HTTP."""
    version, _, rest = (headers.status_line or "").partition(" ")
    exchange = Exchange(
        url,
        date,
        http_version=version if _VERSION.fullmatch(version) else "HTTP/1.1",
        status=headers.status_code,
        reason=printable(rest.partition(" ")[2]) or "",
        headers=tuple((_header_text(name), _header_text(value)) for name, value in headers.items_bytes()),
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


def _header_text(value: bytes) -> str:
    """Decode a header, on one line."""
    try:
        text = value.decode("utf-8")
    except UnicodeDecodeError:
        text = value.decode("latin-1")
    return _CONTROL.sub(" ", text)


def too_large(size: str, limit: int) -> RecordError:
    """Return the error for a page over the limit."""
    return RecordError(Reason.TOO_LARGE, f"{size} bytes, the limit is {limit:,}; raise max_document_bytes to take it")
