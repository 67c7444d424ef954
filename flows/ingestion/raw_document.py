"""Writes a document as it came, out of the archive, for `copydesk rejects raw`."""

from __future__ import annotations

import re
from typing import BinaryIO, Final

from warehouse.archive.writer import read
from warehouse.connect import connect, rows
from warehouse.errors import StorageError
from warehouse.model.records import FORGOTTEN

_LOCATION: Final = re.compile(r"(archive/.+):(\d+)")


def place_of(warc_filename: str, warc_offset: int) -> str:
    """Return the name of a document of the archive for people; `write_raw` reads it."""
    return f"{warc_filename}:{warc_offset}"


def write_raw(root: str, name: str, out: BinaryIO) -> None:
    """Write the bytes at a location of the archive, or those that an address last gave. Raises `WarehouseError`."""
    if match := _LOCATION.fullmatch(name):
        condition, values = "warc_filename = $1 AND warc_offset = $2", [match[1], int(match[2])]
    else:
        condition, values = "url = $1 AND payload_bytes > 0", [name]
    query = (
        "SELECT warc_filename, warc_offset, warc_length FROM landed('captures')"  # noqa: S608  ours
        f" WHERE {condition} AND outcome <> '{FORGOTTEN}' ORDER BY fetched_at DESC LIMIT 1"
    )
    with connect(root) as connection:
        locations = rows(connection, query, values)
    if not locations:
        raise StorageError(f"the archive holds no document {name}; 'copydesk rejects' names addresses")
    out.write(read(root, *locations[0]))
