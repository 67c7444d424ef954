"""`copydesk rejects raw`: a document as it came, out of the archive."""

from __future__ import annotations

import re
from typing import BinaryIO, Final

from warehouse.archive.writer import read
from warehouse.connect import connect, rows
from warehouse.errors import StorageError
from warehouse.model.records import FORGOTTEN

_PLACE: Final = re.compile(r"(archive/.+):(\d+)")


def place_of(warc_filename: str, warc_offset: int) -> str:
    """How people name a document of the archive; `write_raw` finds it."""
    return f"{warc_filename}:{warc_offset}"


def write_raw(root: str, named: str, out: BinaryIO) -> None:
    """Write the bytes at a place of the archive, or those that an address last gave. Raises `WarehouseError`."""
    if found := _PLACE.fullmatch(named):
        condition, values = "warc_filename = $1 AND warc_offset = $2", [found[1], int(found[2])]
    else:
        condition, values = "url = $1 AND payload_bytes > 0", [named]
    query = (
        "SELECT warc_filename, warc_offset, warc_length FROM landed('captures')"  # noqa: S608  ours
        f" WHERE {condition} AND outcome <> '{FORGOTTEN}' ORDER BY fetched_at DESC LIMIT 1"
    )
    with connect(root) as connection:
        held = rows(connection, query, values)
    if not held:
        raise StorageError(f"the archive holds no document {named}; 'copydesk rejects' names addresses")
    out.write(read(root, *held[0]))
