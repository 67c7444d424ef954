"""Splits of WARC files: one file by ranges of its records, many files one by one or several small ones together."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import IO, Final

from tasks.files.splits import stamp_of, stamp_size
from tasks.files.warc_files import WarcLocation
from tasks.listings.input_reader import InputSplit

_DOCUMENT_RECORD: Final = re.compile(
    rb"WARC/\d.{0,4000}?^WARC-Type:\s*(?:response|resource|conversion)\s*$", re.DOTALL | re.MULTILINE | re.IGNORECASE
)
_READ_BYTES: Final = 1 << 18
_MAX_HEAD_BYTES: Final = 4_096
_MIN_GROUP_BYTES: Final = 32_000_000  # packed; about a split's documents
_GZIP_MAGIC: Final = b"\x1f\x8b"


def split_warcs(locations: Iterator[WarcLocation], number: int, min_size: int) -> Iterator[InputSplit]:
    """Cut a single local file into ranges of `min_size` documents; of many files, join only small neighbours."""
    first, second = next(locations, None), next(locations, None)
    if isinstance(first, Path) and second is None:
        yield from _split_file(first, number, min_size)
        return
    group: list[Path] = []
    group_bytes = 0
    for location in chain([location for location in (first, second) if location is not None], locations):
        if isinstance(location, Path):
            group.append(location)
            group_bytes += stamp_size(stamp_of(location))
        if group and (isinstance(location, str) or group_bytes >= _MIN_GROUP_BYTES):
            yield _join(group, number)
            group, group_bytes = [], 0
        if isinstance(location, str):
            yield InputSplit(number, location)
    if group:
        yield _join(group, number)


def _join(paths: list[Path], number: int) -> InputSplit:
    stamps = [stamp_of(path) for path in paths]
    names = tuple(map(str, paths)) if len(paths) > 1 else ()
    return InputSplit(number, str(paths[0]), paths=names, stamp=" ".join(stamps), size=sum(map(stamp_size, stamps)))


def _split_file(path: Path, number: int, min_size: int) -> Iterator[InputSplit]:
    stamp, records = stamp_of(path), 0
    size = stamp_size(stamp)
    bounds: list[int] = [0]
    counts: list[int] = []
    for start, is_document in _members(path):
        if is_document and records == min_size:
            bounds.append(start)
            counts.append(records)
            records = 0
        records += is_document
    # Better one split that is longer than one that is too short.
    if counts and records < min_size:
        bounds.pop()
        records += counts.pop()
    for first, end, count in zip(bounds, [*bounds[1:], None], [*counts, records], strict=True):
        # The records of a file that is packed otherwise were not counted.
        yield InputSplit(
            entry=number,
            location=str(path),
            first=first,
            end=end,
            stamp=stamp,
            documents=count or None,
            size=(size if end is None else end) - first,
        )


def _members(path: Path) -> Iterator[tuple[int, bool]]:
    """Return the first byte of each gzip member, and whether it is a WARC record with a document.

    Ends where the file is damaged, and at once where a member is no single record: there it cannot be divided.
    """
    try:
        with path.open("rb") as file:
            if file.read(2) != _GZIP_MAGIC:
                return
            file.seek(0)
            for start, head in _heads(file):
                if not head.startswith(b"WARC/"):
                    return
                yield start, _DOCUMENT_RECORD.match(head) is not None
    except OSError:
        return  # whoever reads the file reports why


def _heads(file: IO[bytes]) -> Iterator[tuple[int, bytes]]:
    """Return the first byte of each gzip member and the beginning of its content; only that is kept in memory."""
    start, rest, end = 0, b"", 0
    while True:
        decompressor, head = zlib.decompressobj(wbits=31), b""
        while not decompressor.eof:
            chunk = rest or file.read(_READ_BYTES)
            if not chunk:
                return
            try:
                content = decompressor.decompress(chunk)
            except zlib.error:
                return
            head += content[: _MAX_HEAD_BYTES - len(head)]
            rest = decompressor.unused_data
            end += len(chunk) - len(rest)
        yield start, head
        start = end
