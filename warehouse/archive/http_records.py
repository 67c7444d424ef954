"""WARC records of HTTP exchanges: each request, and its response or its error.

Contents are stored freed of their codings. As Common Crawl does, the headers that name those get new names, or a
reader would decode again; and answers of HTTP/2 get the status line of HTTP/1.1, the only one that readers know.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit
from uuid import uuid4

from warehouse.archive.warc_records import (
    FIELDS,
    Header,
    digest,
    facts,
    head,
    member,
    printable,
    target,
    timestamp,
    urn,
)

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from warehouse.model.records import Capture, Exchange

NOT_MODIFIED: Final = 304
RENAMED: Final = frozenset({"content-encoding", "transfer-encoding", "content-length"})
PROFILES: Final = "http://netpreserve.org/warc/1.1/revisit/"
PROTOCOLS: Final = {"HTTP/2": "h2", "HTTP/3": "h3"}
REQUEST_TYPE: Final = ("Content-Type", "application/http; msgtype=request")
RESPONSE_TYPE: Final = ("Content-Type", "application/http; msgtype=response")


def hops(exchanges: Iterable[Exchange]) -> bytes:
    """Return the records of the exchanges before the one that gave the document."""
    made = []
    for exchange in exchanges:
        answer_id = str(uuid4())
        made.append(request(exchange, exchange.started_at, answer_id))
        made.append(answer(exchange, exchange.started_at, answer_id, exchange.content))
    return b"".join(made)


def request(exchange: Exchange, date: datetime, answer_id: str) -> bytes:
    """Return the record of a request; empty if its headers are not known, as in documents from another archive."""
    if not exchange.request_headers:
        return b""
    headers = [target(exchange.url), REQUEST_TYPE, ("WARC-Concurrent-To", urn(answer_id)), *_connection(exchange)]
    return member("request", str(uuid4()), date, headers, head(_request_line(exchange.url), exchange.request_headers))


def answer(exchange: Exchange, date: datetime, answer_id: str, content: bytes, capture: Capture | None = None) -> bytes:
    """Return the record of a response, or of why there was none; with its facts if it is a capture."""
    headers = [target(exchange.url), *_connection(exchange), *([] if capture is None else [facts(capture)])]
    if exchange.status is None:
        fields = f"failed: {printable(exchange.error or 'no answer')}\r\n".encode()
        return member("metadata", answer_id, date, [FIELDS, *headers], fields)
    headers += [RESPONSE_TYPE, ("WARC-Payload-Digest", digest(content) if capture is None else capture.payload_digest)]
    if exchange.error is not None:
        headers.append(("WARC-Truncated", "unspecified"))
    block = _status_and_headers(exchange, ("Content-Length", str(len(content)))) + content
    return member("response", answer_id, date, headers, block)


def revisit(exchange: Exchange, capture: Capture, earlier_id: str, earlier_url: str, earlier_date: datetime) -> bytes:
    """Return the revisit record of a response whose content an earlier record holds: its headers only."""
    same = "server-not-modified" if exchange.status == NOT_MODIFIED else "identical-payload-digest"
    headers = [
        target(exchange.url),
        RESPONSE_TYPE,
        ("WARC-Profile", PROFILES + same),
        ("WARC-Refers-To", urn(earlier_id)),
        ("WARC-Refers-To-Target-URI", target(earlier_url)[1]),
        ("WARC-Refers-To-Date", timestamp(earlier_date)),
        ("WARC-Payload-Digest", capture.payload_digest),
        *_connection(exchange),
        facts(capture),
    ]
    return member("revisit", capture.capture_id, capture.fetched_at, headers, _status_and_headers(exchange))


def _request_line(url: str) -> str:
    parts = urlsplit(url)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return f"GET {printable(path).replace(' ', '%20')} HTTP/1.1"


def _status_and_headers(exchange: Exchange, *added: Header) -> bytes:
    version = "HTTP/1.0" if exchange.http_version == "HTTP/1.0" else "HTTP/1.1"
    stored_headers = [
        (f"X-Crawl-{name}" if name.lower() in RENAMED else name, value) for name, value in exchange.headers
    ]
    return head(f"{version} {exchange.status or 0:03d} {exchange.reason}", [*stored_headers, *added])


def _connection(exchange: Exchange) -> list[Header]:
    known = [("WARC-IP-Address", exchange.ip_address), ("WARC-Protocol", PROTOCOLS.get(exchange.http_version))]
    return [(name, value) for name, value in known if value]
