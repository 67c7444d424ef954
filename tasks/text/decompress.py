"""Read packed files as one stream: gzip members or zstd frames one after another, as WARC files have them; bz2, xz.

All content before a damage is returned, then an error names the position. The readers of the standard library and of
fastwarc take a WARC that was cut short for one that ends there, or lose the block before the cut.
"""

from __future__ import annotations

import bz2
import io
import lzma
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import IO, Final, Protocol
from zipfile import BadZipFile, ZipFile

import zstandard
from isal import isal_zlib

# Slices so small that none gives more than some 30 MB: deflate unpacks a byte to at most 1,032, and the smallest
# block of zstd, 4 bytes, to 128 KiB.
_GZIP_SLICE_BYTES: Final = 16_384
_ZSTD_SLICE_BYTES: Final = 1_024
_MAX_ZSTD_WINDOW_BYTES: Final = 128 * 1024 * 1024  # the zstd command's own default, without `--long`
_GZIP_MAGIC: Final = b"\x1f\x8b"
_ZSTD_MAGIC: Final = b"\x28\xb5\x2f\xfd"
_ZSTD_SKIPPED_MAGIC: Final = b"\x2a\x4d\x18"  # from the second byte on
_ZSTD_DICTIONARY_MAGIC: Final = b"\x5d\x2a\x4d\x18"
_BZIP2_MAGIC: Final = (b"BZh", (b"1AY&SY", b"\x17rE8P\x90"))  # a digit stands between the two parts
_XZ_MAGIC: Final = b"\xfd7zXZ\0"
ZIP_MAGIC: Final = b"PK\x03\x04"
PACKED_SUFFIXES: Final = (".gz", ".zst", ".bz2", ".xz")
_MAGIC_BYTES: Final = 10
_MAX_STEP_BYTES: Final = 1_000_000  # of bz2 and xz, which unpack a few bytes to any size
_MAX_XZ_MEMORY_BYTES: Final = 128 * 1024 * 1024  # the strongest preset takes 65 MB
_MAX_DICTIONARY_BYTES: Final = 16 * 1024 * 1024


_DAMAGE: Final = (isal_zlib.IsalError, zstandard.ZstdError, OSError, EOFError, lzma.LZMAError)


class DecompressionError(Exception):
    """Packed content cannot be unpacked, or not to its end; the message is a sentence."""


class _Decompressor(Protocol):
    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, /) -> bytes: ...


class _Bounded:
    """A decompressor of bz2 or xz that gives out a step at a time."""

    def __init__(self, decompressor: bz2.BZ2Decompressor | lzma.LZMADecompressor) -> None:
        self._decompressor = decompressor
        self.has_more = False

    @property
    def eof(self) -> bool:
        return self._decompressor.eof

    @property
    def unused_data(self) -> bytes:
        return self._decompressor.unused_data

    def decompress(self, data: bytes, /) -> bytes:
        content = self._decompressor.decompress(data, max_length=_MAX_STEP_BYTES)
        self.has_more = not (self._decompressor.eof or self._decompressor.needs_input)
        return content


@contextmanager
def open_zip(file: IO[bytes]) -> Iterator[ZipFile]:
    """Open a zip. Raises `DecompressionError`, also where damage is met while its files are read."""
    try:
        with ZipFile(file) as archive:
            yield archive
    except BadZipFile:
        raise DecompressionError("the zip is damaged or cut short") from None
    except (RuntimeError, NotImplementedError) as error:
        raise DecompressionError(f"the zip cannot be unpacked: {error}") from None


class PieceStream(io.RawIOBase):
    """A stream of the pieces that an iterator gives; its position counts their bytes."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._piece = memoryview(b"")
        self._position = 0

    def readable(self) -> bool:
        """Return True."""
        return True

    def tell(self) -> int:
        """Return the number of bytes read so far."""
        return self._position

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # the only kind that is passed
        """Fill the buffer from the next piece at most; return the number of bytes."""
        while not self._piece:
            piece = next(self._pieces, None)
            if piece is None:
                return 0
            self._piece = memoryview(piece)
        size = min(len(buffer), len(self._piece))
        buffer[:size], self._piece = self._piece[:size], self._piece[size:]
        self._position += size
        return size


class DecompressedFile(PieceStream):
    """The content of a file, packed with gzip, zstd, bz2, xz or not at all; its position counts the unpacked bytes.

    Reading raises `DecompressionError` if the file is damaged or cut short, after all content before that position.
    """

    def __init__(self, stream: IO[bytes]) -> None:
        super().__init__(_pieces(stream))
        self._stream = stream

    def seekable(self) -> bool:
        """Return True, though it can only go back to the beginning."""
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        """Go back to the beginning. Raises `UnsupportedOperation` for any other position."""
        if offset or whence != io.SEEK_SET:
            raise io.UnsupportedOperation("only to the beginning")
        self._stream.seek(0)
        self._pieces, self._piece, self._position = _pieces(self._stream), memoryview(b""), 0
        return 0


class FileSection(io.RawIOBase):
    """The bytes of a file from one position up to another, as a file of their own."""

    def __init__(self, stream: IO[bytes], first: int, end: int | None) -> None:
        self._stream = stream
        self._first = first
        self._end = end
        stream.seek(first)

    def readable(self) -> bool:
        """Return True."""
        return True

    def seekable(self) -> bool:
        """Return True."""
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        """Go to a position counted from the beginning of the section."""
        if whence != io.SEEK_SET:
            raise io.UnsupportedOperation("only from the beginning")
        return self._stream.seek(self._first + offset) - self._first

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # the only kind that is passed
        """Fill the buffer, up to the end of the section; return the number of bytes."""
        size = len(buffer) if self._end is None else min(len(buffer), self._end - self._stream.tell())
        piece = self._stream.read(max(0, size))
        buffer[: len(piece)] = piece
        return len(piece)


def open_decompressed(stream: IO[bytes], buffer_bytes: int = io.DEFAULT_BUFFER_SIZE) -> io.BufferedReader:
    """Open the content of a packed file, to be read by lines."""
    return io.BufferedReader(DecompressedFile(stream), buffer_bytes)


def _pieces(stream: IO[bytes]) -> Iterator[bytes]:
    start = stream.read(_MAGIC_BYTES)
    magic = start[:4]
    stream.seek(0)
    if magic.startswith(_GZIP_MAGIC):
        yield from _decompress(stream, lambda: isal_zlib.decompressobj(wbits=31), _GZIP_SLICE_BYTES)
    elif magic == _ZSTD_MAGIC or magic[1:] == _ZSTD_SKIPPED_MAGIC:
        dictionary = _dictionary(stream) if magic == _ZSTD_DICTIONARY_MAGIC else None
        zstd = zstandard.ZstdDecompressor(dict_data=dictionary, max_window_size=_MAX_ZSTD_WINDOW_BYTES)
        yield from _decompress(stream, zstd.decompressobj, _ZSTD_SLICE_BYTES)
    elif start.startswith(_BZIP2_MAGIC[0]) and start[4:].startswith(_BZIP2_MAGIC[1]):
        yield from _decompress(stream, lambda: _Bounded(bz2.BZ2Decompressor()), _GZIP_SLICE_BYTES)
    elif start.startswith(_XZ_MAGIC):
        xz = lambda: _Bounded(lzma.LZMADecompressor(lzma.FORMAT_XZ, _MAX_XZ_MEMORY_BYTES))  # noqa: E731
        yield from _decompress(stream, xz, _GZIP_SLICE_BYTES)
    else:
        while piece := stream.read(_GZIP_SLICE_BYTES):
            yield piece


def _decompress(stream: IO[bytes], begin: Callable[[], _Decompressor], size: int) -> Iterator[bytes]:
    decompressor, start, end = None, 0, 0
    while piece := stream.read(size):
        while piece:
            if decompressor is None:
                # Some writers fill the last block of a file with zeros.
                end += len(piece) - len(piece := piece.lstrip(b"\0"))
                decompressor, start = begin(), end
            try:
                content = decompressor.decompress(piece)
                if isinstance(decompressor, _Bounded):
                    while decompressor.has_more:
                        yield content
                        content = decompressor.decompress(b"")
            except _DAMAGE:  # type: ignore[misc]  # the stub of isal names an instance
                raise DecompressionError(f"it is damaged in the part that begins at byte {start:,}") from None
            if content:
                yield content
            rest = decompressor.unused_data if decompressor.eof else b""
            end += len(piece) - len(rest)
            decompressor, piece = None if decompressor.eof else decompressor, rest
    if decompressor is not None and end > start:
        raise DecompressionError(f"it is cut short in the part that begins at byte {start:,}")


def _dictionary(stream: IO[bytes]) -> zstandard.ZstdCompressionDict:
    """Read the first frame of a .warc.zst: a dictionary for all the others, itself packed or not.

    Source: Zstandard compression for WARC files 1.0, IIPC.
    """
    size = struct.unpack("<II", stream.read(8))[1] if stream.seek(0) == 0 else 0
    content = stream.read(min(size, _MAX_DICTIONARY_BYTES + 1))
    stream.seek(0)
    try:
        if content.startswith(_ZSTD_MAGIC):
            content = zstandard.ZstdDecompressor().decompress(content, max_output_size=_MAX_DICTIONARY_BYTES)
        if size > _MAX_DICTIONARY_BYTES:
            raise DecompressionError("its zstd dictionary is larger than any in use")
        return zstandard.ZstdCompressionDict(content)
    except zstandard.ZstdError:
        raise DecompressionError("its zstd dictionary is damaged") from None
