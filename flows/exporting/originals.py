"""The originals of articles: records copied out of the archive, byte for byte."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from typing import TYPE_CHECKING, Any

from warehouse.archive.warc_records import REMOVED, records, warcinfo

if TYPE_CHECKING:
    from pathlib import Path

    from warehouse.storage.root import Root

Location = tuple[str, int, int]


def write_originals(root: Root, locations: Sequence[Location], path: Path, name: str, run_id: str) -> int:
    """Write a WARC file with the record at each location; return the number of records in it.

    A location is a file of the archive, an offset and a length. What was taken down, is past the time that the archive
    keeps or cannot be read is left out. Raises OSError where the file cannot be written.
    """
    count = 0
    with path.open("wb") as file:
        file.write(warcinfo(name, run_id))
        for filename, offset, length in locations:
            member = _member(root, filename, offset, length)
            if member is not None:
                file.write(member)
                count += 1
    return count


def _member(root: Root, filename: str, offset: int, length: int) -> bytes | None:
    if not filename:
        return None
    try:
        member = root.read(filename, offset, length)
    except OSError:
        return None
    headers: dict[str, Any] | None = next((headers for _, _, headers, _ in records(BytesIO(member))), None)
    return None if headers is None or REMOVED in headers else member
