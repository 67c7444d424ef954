"""Mend the head of an HTTP/1.1 response as browsers do, for a parser that takes only what the standard allows.

Left out are lines that are no headers; how the body ends is never guessed: a length that is none, or two that differ,
is left out, and the body then ends with its connection.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

MAX_HEAD_BYTES: Final = 100_000  # a longer one is left to the parser, which refuses it

_END_OF_HEAD: Final = re.compile(rb"\r?\n\r?\n")
_LINE_END: Final = re.compile(rb"\r?\n")
_STATUS_LINE: Final = re.compile(
    rb"\s*(?:HTTP|ICY)(?:/(\d)(?:\.(\d))?)?[ \t]+(\d{3})(?:[ \t]+(.*))?", re.IGNORECASE | re.DOTALL
)
_TOKEN: Final = re.compile(rb"[-!#$%&'*+.^_`|~0-9a-zA-Z]+")
_NOT_IN_VALUE: Final = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]+")
_INFORMATIONAL: Final = b"1"
_FIRST_BYTES: Final = (b"", b"H", b"h", b"I", b"i", b" ", b"\t")  # what begins otherwise, as SOCKS does, is no head
_LENGTH: Final = b"content-length"
_CODING: Final = b"transfer-encoding"

_Header = tuple[bytes, bytes]


class HeadMender:
    """Passes on the bytes of one connection, the head of each response mended."""

    def __init__(self) -> None:
        self._head = bytearray()
        self._is_in_head = True

    def expect_response(self) -> None:
        """Note that a request was sent: what comes next is a head."""
        self._is_in_head = True

    def feed(self, data: bytes) -> bytes:
        """Return what can be passed on once `data` has arrived; no data means that the connection has ended."""
        mended = b""
        while self._is_in_head:
            searched = max(0, len(self._head) - 3)  # the end of the head may have begun before
            self._head += data if self._head else data.lstrip(b"\r\n")
            end = _END_OF_HEAD.search(self._head, searched)
            if end is None:
                if data and len(self._head) <= MAX_HEAD_BYTES and bytes(self._head[:1]) in _FIRST_BYTES:
                    return mended
                data, self._is_in_head = bytes(self._head), False  # the parser says what is wrong with it
            else:
                head, data = bytes(self._head[: end.start()]), bytes(self._head[end.end() :])
                mended += mend_head(head)
                # An informational response is followed by the one that counts.
                self._is_in_head = _is_informational(head)
            self._head.clear()
            if self._is_in_head and not data:
                return mended
        return mended + data


def mend_head(head: bytes) -> bytes:
    """Return the head of a response, its empty line included, with a status line and headers that can be parsed."""
    first, *lines = _LINE_END.split(head)
    status = _STATUS_LINE.fullmatch(first)
    if status is None:
        return head + b"\r\n\r\n"
    version = b"1.0" if (status[1], status[2]) == (b"1", b"0") else b"1.1"
    reason = _NOT_IN_VALUE.sub(b" ", status[4] or b"").strip()
    headers = _with_one_length(list(_headers(lines)))
    mended = [b" ".join([b"HTTP/" + version, status[3], reason]), *(name + b": " + value for name, value in headers)]
    return b"\r\n".join([*mended, b"", b""])


def _headers(lines: list[bytes]) -> Iterator[_Header]:
    """Return the headers; a line that begins with a space goes on with the one before it (RFC 9112, obs-fold)."""
    unfolded: list[bytes] = []
    for line in lines:
        if line[:1] in {b" ", b"\t"} and unfolded:
            unfolded[-1] += b" " + line.strip()
        else:
            unfolded.append(line)
    for line in unfolded:
        name, colon, value = line.partition(b":")
        if colon and _TOKEN.fullmatch(name.strip()):
            yield name.strip(), _NOT_IN_VALUE.sub(b" ", value).strip()


def _with_one_length(headers: list[_Header]) -> list[_Header]:
    """Return the headers with one length of the body, or none if what they say of it means nothing or two things."""
    values = [value for name, value in headers if name.lower() == _LENGTH]
    lengths = {length.strip() for value in values for length in value.split(b",")}
    codings = [value.lower() for name, value in headers if name.lower() == _CODING]
    is_chunked = bool(codings) and codings[-1].rpartition(b",")[2].strip() == b"chunked"
    length = next(iter(lengths), b"") if len(lengths) == 1 and not is_chunked else b""
    framing = {_CODING: b"chunked" if is_chunked else b"", _LENGTH: length if length.isdigit() else b""}
    complete: list[_Header] = []
    for name, value in headers:
        # Each of the two once, where it stands first.
        own_value = framing.pop(name.lower(), b"") if name.lower() in {_CODING, _LENGTH} else value
        if own_value or own_value is value:
            complete.append((name, own_value))
    return complete


def _is_informational(head: bytes) -> bool:
    status = _STATUS_LINE.match(_LINE_END.split(head, 1)[0])
    return status is not None and status[3].startswith(_INFORMATIONAL) and status[3] != b"101"
