"""Decode the body of an HTTP response without trusting it: a few bytes may unpack to more than memory holds."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Iterator
from typing import Final

import brotli
import zstandard

from tasks.text.decompress import DecompressionError

CODINGS: Final = ("gzip", "deflate", "br", "zstd")
MAX_CODINGS: Final = 2

_STEP_BYTES: Final = 1_000_000
# Slices so small that no step gives more than a few megabytes: deflate unpacks a byte to at most 1,032, and the
# smallest block of zstd, 4 bytes, to 128 KiB.
_DEFLATE_SLICE_BYTES: Final = 4_096
_ZSTD_SLICE_BYTES: Final = 128
_MAX_ZSTD_WINDOW_BYTES: Final = 8 * 1024 * 1024  # RFC 9659: the most that a sender of the coding may ask for


class TooLargeError(Exception):
    """The body is larger than the limit, packed or unpacked."""


def read_codings(header: str) -> tuple[str, ...]:
    """Return the known codings of a Content-Encoding header, in order of application. Raises `DecompressionError`.

    Others, such as `utf-8` or `none`, are passed over as browsers do: the body mostly is as it is.
    """
    names = (name.strip().lower().removeprefix("x-") for name in header.split(","))
    codings = tuple(name for name in names if name in CODINGS)
    if len(codings) > MAX_CODINGS:
        raise DecompressionError(f"the body is packed {len(codings)} times over; at most {MAX_CODINGS} are unpacked")
    return codings


def unpack(chunks: Iterable[bytes], codings: tuple[str, ...], limit: int) -> Iterator[bytes]:
    """Decode a body piece by piece, a few megabytes at a time.

    Raises `TooLargeError` once the packed body, the unpacked one or a layer between them has given `limit` bytes and
    holds more, `DecompressionError` if one is damaged or cut short. Bytes after the end of a packed body are ignored,
    as browsers do.
    """
    pieces = _limited(chunks, limit)
    for coding in reversed(codings):
        pieces = _limited(_DECODERS[coding](pieces), limit)
    return pieces


def _limited(chunks: Iterable[bytes], limit: int) -> Iterator[bytes]:
    size = 0
    for chunk in chunks:
        if size + len(chunk) > limit:
            yield chunk[: limit - size]
            raise TooLargeError
        size += len(chunk)
        yield chunk


def _sliced(chunks: Iterable[bytes], size: int) -> Iterator[bytes]:
    for chunk in chunks:
        for start in range(0, len(chunk), size):
            yield chunk[start : start + size]


def _gzip(chunks: Iterable[bytes]) -> Iterator[bytes]:
    return _inflate(chunks, "gzip", zlib.decompressobj(zlib.MAX_WBITS | 16))


def _deflate(chunks: Iterable[bytes]) -> Iterator[bytes]:
    slices = _sliced(chunks, _DEFLATE_SLICE_BYTES)
    first = next(slices, b"")
    # The standard asks for a zlib header, yet some servers have always sent bare deflate.
    try:
        zlib.decompressobj().decompress(first)
        bits = zlib.MAX_WBITS
    except zlib.error:
        bits = -zlib.MAX_WBITS
    yield from _inflate(_after(first, slices), "deflate", zlib.decompressobj(bits))


def _after(first: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    if first:
        yield first
    yield from rest


def _inflate(chunks: Iterable[bytes], coding: str, stream: zlib._Decompress) -> Iterator[bytes]:
    has_begun = False
    try:
        for piece in _sliced(chunks, _DEFLATE_SLICE_BYTES):
            has_begun = True
            yield stream.decompress(piece)
            if stream.eof:
                return
    except zlib.error:
        raise DecompressionError(f"the body is not valid {coding}") from None
    _check_whole(coding, not has_begun)


def _brotli(chunks: Iterable[bytes]) -> Iterator[bytes]:
    stream = brotli.Decompressor()
    has_begun = False
    try:
        for chunk in chunks:
            has_begun = True
            yield stream.process(chunk, output_buffer_limit=_STEP_BYTES)
            while not stream.can_accept_more_data():
                yield stream.process(b"", output_buffer_limit=_STEP_BYTES)
            if stream.is_finished():
                return
    except brotli.error:
        raise DecompressionError("the body is not valid br") from None
    _check_whole("br", not has_begun)


def _zstd(chunks: Iterable[bytes]) -> Iterator[bytes]:
    stream = zstandard.ZstdDecompressor(max_window_size=_MAX_ZSTD_WINDOW_BYTES).decompressobj()
    has_begun = False
    try:
        for piece in _sliced(chunks, _ZSTD_SLICE_BYTES):
            has_begun = True
            yield stream.decompress(piece)
            if stream.eof:
                return
    except zstandard.ZstdError:
        raise DecompressionError("the body is not valid zstd") from None
    _check_whole("zstd", not has_begun)


def _check_whole(coding: str, is_whole: bool) -> None:
    # Half an article would be stored as if it were all of it.
    if not is_whole:
        raise DecompressionError(f"the body is {coding} that was cut short")


_DECODERS: Final[dict[str, Callable[[Iterable[bytes]], Iterator[bytes]]]] = {
    "gzip": _gzip,
    "deflate": _deflate,
    "br": _brotli,
    "zstd": _zstd,
}
