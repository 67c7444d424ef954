"""Documents as they came, read from the archive and shown as text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from flows.desk.database import Record
from tasks.text.decode import Decoded, decode, unpack
from warehouse.archive.writer import read
from warehouse.connect import records
from warehouse.errors import WarehouseError

if TYPE_CHECKING:
    import duckdb

    from warehouse.storage.root import Root

MAX_BYTES: Final = 20_000_000
MAX_CHARACTERS: Final = 400_000
"""The most characters of a document that are shown."""
_CAPTURE: Final = "FROM captures WHERE capture_id = $capture_id LIMIT 1"


@dataclass(frozen=True, slots=True)
class RawDocument:
    """A document as the archive holds it; without text, `problem` says why."""

    capture: Record
    text: str = ""
    is_cut: bool = False
    problem: str = ""


def find_capture(cursor: duckdb.DuckDBPyConnection, capture_id: str) -> Record | None:
    """Return a capture; None if there is no such capture. Raises `WarehouseError`."""
    return next(iter(records(cursor, _CAPTURE, {"capture_id": capture_id})), None)


def read_document(root: Root, capture: Record) -> RawDocument:
    """Return the document of a capture as the archive holds it."""
    try:
        location = (capture["warc_filename"], capture["warc_offset"], capture["warc_length"])
        content = read(root, *location)
    except WarehouseError as error:
        return RawDocument(capture, problem=str(error))
    unpacked = unpack(content, MAX_BYTES)
    if not isinstance(unpacked, bytes):
        return RawDocument(capture, problem=unpacked.detail)
    decoded = decode(unpacked, capture["charset"], "html" in (capture["media_type"] or ""))
    if not isinstance(decoded, Decoded):
        return RawDocument(capture, problem=decoded.detail)
    return RawDocument(capture, decoded.text[:MAX_CHARACTERS], len(decoded.text) > MAX_CHARACTERS)
