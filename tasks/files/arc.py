"""Read an ARC file, the form of web archives before WARC, as the WARC file that it would be.

Source: Burner and Kahle, Arc File Format, Internet Archive 1996.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final

from tasks.text.decompress import DecompressionError, PieceStream

MAGIC: Final = b"filedesc:"
_MAX_LINE_BYTES: Final = 1 << 16
_READ_BYTES: Final = 1 << 16
_HTTP_URLS: Final = ("http://", "https://")
# An address, which may hold spaces by mistake; the address of the host, a date, a media type, in version 2 five more
# fields; the length.
_HEADER: Final = re.compile(rb"([a-zA-Z][\w.+-]*:.*?) (\S+) (\d{8,14}) (\S+)(?: .*)? (\d{1,12})\s*")

_RECORD_AFTER_VERSION: Final = re.compile(rb"\n\n((?:https?|dns):.*)\Z", re.DOTALL)


class ArcAsWarc(PieceStream):
    """The records of an unpacked ARC file as a WARC file: `response` for what came over HTTP, else `metadata`.

    Reading raises `DecompressionError` where the file is damaged or cut short, after all records before.
    """

    def __init__(self, stream: io.RawIOBase) -> None:
        super().__init__(self._warc_pieces())
        self._stream = stream
        self._buffer = b""  # of our own: one of Python's would lose what it holds when the stream meets damage

    def _warc_pieces(self) -> Iterator[bytes]:
        while line := self._line():
            if not line.strip():
                continue  # between records
            header = _HEADER.fullmatch(line)
            if header is None:
                raise DecompressionError("it is damaged: a line that should begin an ARC record does not")
            if line.startswith(MAGIC):
                self._skip_version(int(header[5]))
                continue
            yield _warc_header(header)
            yield from self._content(int(header[5]))
            yield b"\r\n\r\n"

    def _line(self) -> bytes:
        while b"\n" not in self._buffer and len(self._buffer) < _MAX_LINE_BYTES:
            piece = self._stream.read(_READ_BYTES)
            if not piece:
                break
            self._buffer += piece
        line, end, self._buffer = self._buffer.partition(b"\n")
        return line + end

    def _skip_version(self, size: int) -> None:
        """Pass over the first record, which describes the file; some writers state a length that takes in the next."""
        content = b"".join(self._content(size))
        first_record = _RECORD_AFTER_VERSION.search(content)
        if first_record:
            self._buffer = content[first_record.start(1) :] + self._buffer

    def _content(self, size: int) -> Iterator[bytes]:
        while size:
            piece = self._buffer or self._stream.read(_READ_BYTES)
            if not piece:
                raise DecompressionError("it is cut short in its last record")
            yield piece[:size]
            self._buffer, size = piece[size:], size - len(piece[:size])


def _warc_header(header: re.Match[bytes]) -> bytes:
    url = header[1].decode("utf-8", "replace").replace(" ", "%20")
    is_response = url.startswith(_HTTP_URLS)
    lines = (
        "WARC/1.0",
        f"WARC-Type: {'response' if is_response else 'metadata'}",
        f"WARC-Target-URI: {url}",
        f"WARC-Date: {_date(header[3].decode())}",
        f"Content-Type: {'application/http; msgtype=response' if is_response else 'text/plain'}",
        f"Content-Length: {int(header[5])}",
    )
    return "\r\n".join([*lines, "", ""]).encode()


def _date(digits: str) -> str:
    """Return the date of a record, 8 to 14 digits, as WARC has it; that of an impossible day is none."""
    try:
        date = datetime.strptime(digits.ljust(14, "0"), "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    except ValueError:
        return ""
    return f"{date:%Y-%m-%dT%H:%M:%SZ}"
