"""Find the charset of a whole text file by its first block, and open it as text."""

from __future__ import annotations

import codecs
import io
from contextlib import suppress
from typing import Final

from tasks.text.decode import Decoded, Refusal, decode
from tasks.text.decompress import DecompressionError

SAMPLE_BYTES: Final = 131_072
UTF_8: Final = "utf-8"

_WIDE_BOMS: Final = (
    (codecs.BOM_UTF32_LE, "utf-32"),  # begins with the mark of UTF-16
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def read_sample(stream: io.BufferedReader) -> bytes:
    """Return the first block of a file, and go back to its beginning; damage is left to whoever reads on."""
    sample = b""
    with suppress(DecompressionError):
        while len(sample) < SAMPLE_BYTES and (piece := stream.read1(SAMPLE_BYTES)):
            sample += piece
    stream.seek(0)
    return sample


def file_charset(sample: bytes) -> str | Refusal:
    """Return the codec of a file by its first block: `utf-8` if that decodes so; a refusal if it is no text."""
    if wide := next((codec for bom, codec in _WIDE_BOMS if sample.startswith(bom)), None):
        return wide
    whole = sample[: sample.rfind(b"\n") + 1] or sample
    # A block that ends inside a character is valid up to there; zero bytes are valid UTF-8, and no text.
    with suppress(UnicodeDecodeError):
        codecs.getincrementaldecoder(UTF_8)().decode(whole)
        if b"\0" not in sample:
            return UTF_8
    decoded = decode(whole)
    return decoded.charset if isinstance(decoded, Decoded) else decoded


def open_text(stream: io.BufferedReader, charset: str, newline: str = "") -> io.TextIOWrapper:
    """Open a file as text, without byte order mark; bytes that are no UTF-8 survive for `mend_text`."""
    if charset == UTF_8:
        return io.TextIOWrapper(stream, "utf-8-sig", "surrogateescape", newline=newline)
    return io.TextIOWrapper(stream, charset, "replace", newline=newline)


def mend_text(text: str) -> str:
    """Return a part of a text that `open_text` gave, decoded by itself if it holds bytes of another charset."""
    if text.isascii() or not any("\udc80" <= character <= "\udcff" for character in text):
        return text
    decoded = decode(text.encode(UTF_8, "surrogateescape"))
    return decoded.text if isinstance(decoded, Decoded) else text.encode(UTF_8, "replace").decode()
