"""Write and read WARC 1.1 records, one gzip member a record."""

from __future__ import annotations

import gzip
import hashlib
import json
import re
import zlib
from dataclasses import asdict
from datetime import UTC, datetime
from io import BytesIO
from typing import TYPE_CHECKING, BinaryIO, Final
from uuid import uuid4

from fastwarc.warc import ArchiveIterator
from isal import isal_zlib

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from warehouse.model.records import Capture

FACTS: Final = "Copydesk-Capture"
"""The header with the row of `captures` as JSON, so that a killed run's rows come back exactly as they were."""
REMOVED: Final = "Copydesk-Removed"
"""The header of a record that stands where another was taken down: when that was."""
KIND: Final = "WARC-Type"
FIELDS: Final = ("Content-Type", "application/warc-fields")
LEVEL: Final = 2
"""ISA-L's; a page takes a tenth of the time of zlib's level 6 and a sixth more space."""
GZIP: Final = 31
"""What zlib calls the gzip container with the widest window."""
BLOCK: Final = 1 << 16
HEADER: Final = 1 << 20
NOT_A_NAME: Final = re.compile(r"[^!#$%&'*+.^_`|~0-9A-Za-z-]")
UNPRINTABLE: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
COMMENTED: Final = 0x10
"""The flag of a gzip header with a comment (RFC 1952, FCOMMENT): it may be of any length and ends with a zero byte."""

Header = tuple[str, str]


def warcinfo(name: str, run_id: str) -> bytes:
    """Return the first record of a file."""
    fields = f"software: copydesk\r\nformat: WARC File Format 1.1\r\nisPartOf: {run_id}\r\n".encode()
    return member("warcinfo", str(uuid4()), datetime.now(UTC), [("WARC-Filename", name), FIELDS], fields)


def resource(capture: Capture, content: bytes) -> bytes:
    """Return the record of a document that did not come over HTTP, its bytes unchanged."""
    kind = ("Content-Type", capture.media_type or "application/octet-stream")
    headers = [target(capture.url), kind, ("WARC-Payload-Digest", capture.payload_digest), facts(capture)]
    return member("resource", capture.capture_id, capture.fetched_at, headers, content)


def removal(record_id: str, now: datetime, length: int) -> bytes:
    """Return a record that says that another was taken down, of exactly its length, so that no other moves.

    Raises ValueError where there is not room enough.
    """
    removed = (REMOVED, f"{now.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}")
    packed = gzip.compress(_record("metadata", record_id, now, [FIELDS, removed], b"removed: content\r\n"), 9, mtime=0)
    room = length - len(packed)
    if room < 0:
        raise ValueError(f"a notice of removal takes {len(packed)} bytes, and here are {length}")
    if room == 0:
        return packed
    return packed[:3] + bytes([COMMENTED]) + packed[4:10] + b" " * (room - 1) + b"\0" + packed[10:]


def member(kind: str, record_id: str, date: datetime, headers: list[Header], block: bytes) -> bytes:
    """Pack one record with the digest of its block."""
    record = _record(kind, record_id, date, [*headers, ("WARC-Block-Digest", digest(block))], block)
    packed: bytes = isal_zlib.compress(record, LEVEL, GZIP)
    return packed


def head(first: str, headers: Iterable[Header]) -> bytes:
    """Write a first line and headers, of WARC or HTTP, and the empty line; no value can begin another header."""
    clean_headers = [(NOT_A_NAME.sub("", name), value) for name, value in headers]
    lines = [printable(first), *(f"{name}: {printable(value).strip()}" for name, value in clean_headers if name)]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def target(url: str) -> Header:
    """Return the header with the URL of a record."""
    return "WARC-Target-URI", printable(url).replace(" ", "%20")


def facts(capture: Capture) -> Header:
    """Return the header with the row of a capture."""
    return FACTS, json.dumps(asdict(capture), default=datetime.isoformat)


def printable(value: str) -> str:
    """Escape what cannot stand in a header."""
    # A line break from outside would end the header and begin one of its author's choosing.
    return UNPRINTABLE.sub(lambda match: f"%{ord(match[0]):02X}", value)


def urn(record_id: str) -> str:
    """Write the UUID of a record as WARC does."""
    return f"<urn:uuid:{record_id}>"


def record_id(headers: dict[str, str]) -> str:
    """Return the UUID of a record; of a capture's record, its `capture_id`."""
    return headers.get("WARC-Record-ID", "").removeprefix("<urn:uuid:").removesuffix(">")


def timestamp(moment: datetime) -> str:
    """Write a time as WARC does: ISO 8601 in UTC."""
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%fZ}"


def digest(content: bytes) -> str:
    """Return the digest of some bytes: `sha256:` and 64 hex digits."""
    return "sha256:" + hashlib.sha256(content).hexdigest()


def _record(kind: str, record_id: str, date: datetime, headers: list[Header], block: bytes) -> bytes:
    first = [(KIND, kind), ("WARC-Record-ID", urn(record_id)), ("WARC-Date", timestamp(date))]
    return b"".join((head("WARC/1.1", [*first, *headers, ("Content-Length", str(len(block)))]), block, b"\r\n\r\n"))


def records(file: BinaryIO) -> Iterator[tuple[int, int, dict[str, str], bytes]]:
    """Yield each whole record of a WARC file as offset, length, headers, payload; end at a torn one. Raises OSError.

    The payload of a response is its content without the HTTP headers; only responses and resources have one.
    """
    start = 0
    for end, block in members(file):
        try:
            record = next(iter(ArchiveIterator(BytesIO(block), parse_http=False, max_header_len=HEADER)), None)
        except OSError:
            record = None
        # The member is whole, whatever is wrong with the record in it; those after it are not to be lost for it.
        if record is not None:
            headers = record.headers.to_dict()
            yield start, end - start, headers, _payload(headers.get(KIND, ""), bytes(record.reader.read()))
        start = end


def _payload(kind: str, block: bytes) -> bytes:
    if kind == "response":
        return block.partition(b"\r\n\r\n")[2]
    return block if kind == "resource" else b""


def members(file: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """Yield each whole gzip member of a file: the offset of its end, and its unpacked bytes."""
    # Member by member, with gzip's own checksum: a WARC reader takes a torn record for a short one and says nothing.
    rest, end = b"", 0
    while True:
        engine, parts = zlib.decompressobj(wbits=31), []
        try:
            while not engine.eof:
                chunk = rest or file.read(BLOCK)
                if not chunk:
                    return
                parts.append(engine.decompress(chunk))
                end += len(chunk) - len(engine.unused_data)
                rest = engine.unused_data
        except zlib.error:
            return
        yield end, b"".join(parts)
