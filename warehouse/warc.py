"""WARC 1.1 records: made of captures and read back; one gzip member a record."""

from __future__ import annotations

import json
import re
import zlib
from dataclasses import asdict
from datetime import UTC, datetime
from io import BytesIO
from typing import TYPE_CHECKING, BinaryIO, Final
from uuid import uuid4

from fastwarc.stream_io import GzipWriter
from fastwarc.warc import ArchiveIterator, WarcRecord, WarcRecordType

if TYPE_CHECKING:
    from collections.abc import Iterator

    from warehouse.records import Capture

FACTS: Final = "Copydesk-Capture"
"""The header with the row of `captures` as JSON, so that a killed run's rows come back exactly as they were."""
LEVEL: Final = 6
BLOCK: Final = 1 << 16
HEADER: Final = 1 << 20


def warcinfo(name: str, run_id: str) -> bytes:
    """The first record of a file."""
    record = WarcRecord()
    record.init_headers(WarcRecordType.warcinfo, f"uuid:{uuid4()}".encode())
    record.headers["WARC-Filename"] = name
    record.headers["Content-Type"] = "application/warc-fields"
    record.set_bytes_content(f"software: copydesk\r\nformat: WARC File Format 1.1\r\nisPartOf: {run_id}\r\n".encode())
    return _packed(record)


def resource(capture: Capture, content: bytes) -> bytes:
    """The record of one document, its bytes as they came."""
    record = WarcRecord()
    record.init_headers(WarcRecordType.resource, f"uuid:{capture.capture_id}".encode())
    record.headers["WARC-Date"] = f"{capture.fetched_at.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%fZ}"
    record.headers["WARC-Target-URI"] = _printable(capture.url).replace(" ", "%20")
    record.headers["Content-Type"] = _printable(capture.media_type or "application/octet-stream")
    record.headers["WARC-Block-Digest"] = record.headers["WARC-Payload-Digest"] = capture.payload_digest
    record.headers[FACTS] = json.dumps(asdict(capture), default=datetime.isoformat)
    record.set_bytes_content(content)
    return _packed(record)


def _printable(value: str) -> str:
    # A line break from outside would end the header and begin one of its author's choosing.
    return re.sub(r"[\x00-\x1f\x7f\ud800-\udfff]", lambda found: f"%{ord(found[0]):02X}", value)


def _packed(record: WarcRecord) -> bytes:
    member = BytesIO()
    record.write(GzipWriter(member, compression_level=LEVEL))
    return member.getvalue()


def records(file: BinaryIO) -> Iterator[tuple[int, int, dict[str, str], bytes]]:
    """Every whole record of a WARC file: offset, length, headers, payload; stops at a torn one. Raises OSError."""
    start = 0
    for end, block in members(file):
        try:
            record = next(iter(ArchiveIterator(BytesIO(block), parse_http=False, max_header_len=HEADER)), None)
        except OSError:
            record = None
        # The member is whole, whatever is wrong with the record in it; those after it are not to be lost for it.
        if record is not None:
            yield start, end - start, record.headers.to_dict(), bytes(record.reader.read())
        start = end


def members(file: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """Every whole gzip member of a file: where it ends, and what was in it."""
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
