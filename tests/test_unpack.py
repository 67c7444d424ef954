from __future__ import annotations

import gzip
import struct
import tracemalloc
import zlib
from collections.abc import Callable

import brotli
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from tasks.http.content_coding import CODINGS, TooLargeError, read_codings, unpack
from tasks.text.decompress import DecompressionError

LIMIT = 10_000_000


def bare_deflate(content: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(content) + packer.flush()


PACK: dict[str, Callable[[bytes], bytes]] = {
    "gzip": lambda content: gzip.compress(content, 9, mtime=0),
    "deflate": zlib.compress,
    "br": lambda content: brotli.compress(content, quality=5),
    "zstd": lambda content: zstandard.ZstdCompressor().compress(content),
}


def zstd_of_runs(blocks: int) -> bytes:
    """Make a frame by hand, the densest there is: each 4 bytes say '128 KiB of the same byte'."""
    start = b"\x28\xb5\x2f\xfd\x00\x58"
    block = struct.pack("<I", (131_072 << 3) | 2)[:3] + b"a"
    return start + block * blocks + b"\x01\x00\x00"


def joined(chunks: list[bytes], *codings: str, limit: int = LIMIT) -> bytes:
    return b"".join(unpack(chunks, codings, limit))


@given(content=st.binary(max_size=2_000), size=st.integers(1, 300), coding=st.sampled_from(CODINGS))
def test_what_was_packed_comes_back_however_it_was_cut(content: bytes, size: int, coding: str) -> None:
    packed = PACK[coding](content)
    assert joined([packed[start : start + size] for start in range(0, len(packed), size)], coding) == content


def test_deflate_without_its_zlib_header_is_read_too() -> None:
    assert joined([bare_deflate(b"the news" * 1_000)], "deflate") == b"the news" * 1_000


def test_two_codings_are_undone_last_first() -> None:
    assert joined([PACK["br"](PACK["gzip"](b"the news"))], "gzip", "br") == b"the news"


@pytest.mark.parametrize("coding", CODINGS)
def test_an_empty_body_is_empty_whatever_it_says(coding: str) -> None:
    assert joined([], coding) == b""


@pytest.mark.parametrize(
    ("coding", "bomb"),
    [(coding, pack(bytes(100_000_000))) for coding, pack in PACK.items()]
    + [("deflate", bare_deflate(bytes(100_000_000))), ("zstd", zstd_of_runs(16_000))],
    ids=[*CODINGS, "bare deflate", "zstd of runs"],
)
def test_a_bomb_goes_off_in_a_few_megabytes(coding: str, bomb: bytes) -> None:
    assert len(bomb) < LIMIT / 50
    sizes: list[int] = []
    tracemalloc.start()
    with pytest.raises(TooLargeError):
        sizes.extend(len(piece) for piece in unpack([bomb], (coding,), LIMIT))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert sum(sizes) == LIMIT
    assert peak < 30_000_000


def test_a_bomb_within_a_packed_body_goes_off_too() -> None:
    # The layer between is large and the content empty: a limit on the content alone would unpack all of it.
    nothing = zlib.compressobj(wbits=31)
    layer = nothing.compress(b"") + nothing.flush(zlib.Z_SYNC_FLUSH) + b"\x00\x00\x00\xff\xff" * 4_000_000
    with pytest.raises(TooLargeError):
        joined([gzip.compress(layer, mtime=0)], "gzip", "gzip")


@pytest.mark.parametrize("coding", CODINGS)
def test_a_body_that_was_cut_short_is_not_taken_for_whole(coding: str) -> None:
    packed = PACK[coding](bytes(range(256)) * 100)
    with pytest.raises(DecompressionError, match="cut short"):
        joined([packed[:-9]], coding)


@pytest.mark.parametrize("coding", CODINGS)
def test_a_body_that_is_not_packed_as_it_says_is_refused(coding: str) -> None:
    with pytest.raises(DecompressionError, match=f"not valid {coding}"):
        joined([b"\xff<html>not packed at all</html>" * 10], coding)


def test_what_follows_the_packed_body_is_ignored() -> None:
    assert joined([gzip.compress(b"news", mtime=0) + b"\x00" * 512, b"more"], "gzip") == b"news"


def test_an_unpacked_body_keeps_the_limit_and_what_came_before_it() -> None:
    pieces = []
    with pytest.raises(TooLargeError):
        pieces.extend(unpack([b"abc", b"def"], (), 4))
    assert joined([b"abc", b"d"], limit=4) == b"abcd"


@pytest.mark.parametrize(
    ("header", "codings"),
    [
        ("", ()),
        ("identity", ()),
        ("GZIP", ("gzip",)),
        ("x-gzip , br", ("gzip", "br")),
        ("utf-8", ()),
        ("none, gzip", ("gzip",)),
    ],
)
def test_the_codings_of_a_header_are_read(header: str, codings: tuple[str, ...]) -> None:
    assert read_codings(header) == codings


def test_too_many_codings_are_refused_in_plain_words() -> None:
    with pytest.raises(DecompressionError, match="packed 3 times over; at most 2 are unpacked"):
        read_codings("gzip, gzip, gzip")
