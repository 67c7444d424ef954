"""Open the WARC files inside a WACZ, or inside any zip.

Source: Web Archive Collection Zipped 1.1, Webrecorder.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO, Final

from tasks.text.decompress import ZIP_MAGIC, DecompressionError, open_zip

WARC_SUFFIXES: Final = (".warc", ".warc.gz", ".warc.zst", ".warc.bz2", ".warc.xz", ".wet", ".wet.gz", ".arc", ".arc.gz")
ZIP_SUFFIXES: Final = (".wacz", ".zip")
_MAX_DEPTH: Final = 2  # of a WACZ in a WACZ, as collections of several are


def open_warcs(file: IO[bytes], depth: int = 0) -> Iterator[IO[bytes]]:
    """Return the file itself, or of a zip the WARC files inside by name. Raises `DecompressionError`."""
    magic = file.read(len(ZIP_MAGIC))
    file.seek(0)
    if magic != ZIP_MAGIC:
        yield file
        return
    if depth == _MAX_DEPTH:
        raise DecompressionError("it holds a zip in a zip in a zip; unpack it")
    with open_zip(file) as archive:
        names = [name for name in archive.namelist() if name.lower().endswith((*WARC_SUFFIXES, *ZIP_SUFFIXES))]
        if not names:
            raise DecompressionError("it is a zip without WARC files")
        for name in sorted(names):
            with archive.open(name) as part:
                yield from open_warcs(part, depth + 1)
