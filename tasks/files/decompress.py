"""Packed files read as one stream: gzip members or zstd frames one after another, as WARC files have them.

What stands before damage is given out first; then the place of the damage is told. The readers of the standard
library and of fastwarc take a WARC that was cut short for one that ends there, or lose the block before the cut.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Callable, Iterator
from typing import IO, Final, Protocol

import zstandard
from isal import isal_zlib

from tasks.http.content_coding import PackedError

# Slices so small that none gives more than some 30 MB: deflate unpacks a byte to at most 1,032, and the smallest
# block of zstd, 4 bytes, to 128 KiB.
_GZIP_SLICE: Final = 16_384
_ZSTD_SLICE: Final = 1_024
_ZSTD_WINDOW: Final = 128 * 1024 * 1024
"""What the zstd command takes by default; files packed with more need `--long` there too."""
_GZIP: Final = b"\x1f\x8b"
_ZSTD: Final = b"\x28\xb5\x2f\xfd"
_ZSTD_SKIPPED: Final = b"\x2a\x4d\x18"
_DICTIONARY: Final = b"\x5d\x2a\x4d\x18"
_MAX_DICTIONARY: Final = 16 * 1024 * 1024


class _Engine(Protocol):
    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, /) -> bytes: ...


class Unpacked(io.RawIOBase):
    """The content of a file, whether it is packed with gzip, zstd or not at all; its position counts what was read.

    Reading raises `PackedError` where the file is damaged or cut short, after all that stands before that place.
    """

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._pieces = _pieces(stream)
        self._piece = memoryview(b"")
        self._position = 0

    def readable(self) -> bool:
        """Always."""
        return True

    def seekable(self) -> bool:
        """Back to the begin only."""
        return True

    def tell(self) -> int:
        """Bytes given out so far."""
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        """Begin again."""
        if offset or whence != io.SEEK_SET:
            raise io.UnsupportedOperation("only to the begin")
        self._stream.seek(0)
        self._pieces, self._piece, self._position = _pieces(self._stream), memoryview(b""), 0
        return 0

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # the only kind that is passed
        """Fill the buffer as far as one step of unpacking does."""
        while not self._piece:
            piece = next(self._pieces, None)
            if piece is None:
                return 0
            self._piece = memoryview(piece)
        size = min(len(buffer), len(self._piece))
        buffer[:size], self._piece = self._piece[:size], self._piece[size:]
        self._position += size
        return size


class Section(io.RawIOBase):
    """The bytes of a file from one place up to another, as a file of their own."""

    def __init__(self, stream: IO[bytes], first: int, end: int | None) -> None:
        self._stream = stream
        self._first = first
        self._end = end
        stream.seek(first)

    def readable(self) -> bool:
        """Always."""
        return True

    def seekable(self) -> bool:
        """Always."""
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        """To a place counted from the begin."""
        if whence != io.SEEK_SET:
            raise io.UnsupportedOperation("only from the begin")
        return self._stream.seek(self._first + offset) - self._first

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # the only kind that is passed
        """Fill the buffer, up to the end of the section."""
        size = len(buffer) if self._end is None else min(len(buffer), self._end - self._stream.tell())
        piece = self._stream.read(max(0, size))
        buffer[: len(piece)] = piece
        return len(piece)


def unpacked(stream: IO[bytes], buffer: int = io.DEFAULT_BUFFER_SIZE) -> io.BufferedReader:
    """The content of a file, to be read by lines."""
    return io.BufferedReader(Unpacked(stream), buffer)


def _pieces(stream: IO[bytes]) -> Iterator[bytes]:
    magic = stream.read(4)
    stream.seek(0)
    if magic.startswith(_GZIP):
        yield from _unpacked(stream, lambda: isal_zlib.decompressobj(wbits=31), _GZIP_SLICE)
    elif magic == _ZSTD or magic[1:] == _ZSTD_SKIPPED:
        dictionary = _dictionary(stream) if magic == _DICTIONARY else None
        engine = zstandard.ZstdDecompressor(dict_data=dictionary, max_window_size=_ZSTD_WINDOW)
        yield from _unpacked(stream, engine.decompressobj, _ZSTD_SLICE)
    else:
        while piece := stream.read(_GZIP_SLICE):
            yield piece


def _unpacked(stream: IO[bytes], begin: Callable[[], _Engine], size: int) -> Iterator[bytes]:
    engine, start, end = None, 0, 0
    while piece := stream.read(size):
        while piece:
            if engine is None:
                # Some writers fill the last block of a file with zeros.
                end += len(piece) - len(piece := piece.lstrip(b"\0"))
                engine, start = begin(), end
            try:
                content = engine.decompress(piece)
            except (isal_zlib.IsalError, zstandard.ZstdError):  # type: ignore[misc]  # its stub names an instance
                raise PackedError(f"it is damaged in the part that begins at byte {start:,}") from None
            if content:
                yield content
            rest = engine.unused_data if engine.eof else b""
            end += len(piece) - len(rest)
            engine, piece = None if engine.eof else engine, rest
    if engine is not None and end > start:
        raise PackedError(f"it is cut short in the part that begins at byte {start:,}")


def _dictionary(stream: IO[bytes]) -> zstandard.ZstdCompressionDict:
    """What the first frame of a .warc.zst holds: a dictionary for all the others, itself packed or not.

    Source: Zstandard compression for WARC files 1.0, IIPC.
    """
    size = struct.unpack("<II", stream.read(8))[1] if stream.seek(0) == 0 else 0
    content = stream.read(min(size, _MAX_DICTIONARY + 1))
    stream.seek(0)
    try:
        if content.startswith(_ZSTD):
            content = zstandard.ZstdDecompressor().decompress(content, max_output_size=_MAX_DICTIONARY)
        if size > _MAX_DICTIONARY:
            raise PackedError("its zstd dictionary is larger than any in use")
        return zstandard.ZstdCompressionDict(content)
    except zstandard.ZstdError:
        raise PackedError("its zstd dictionary is damaged") from None
