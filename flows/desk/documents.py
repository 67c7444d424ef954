"""Documents as they came, read from the archive and shown as text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from flows.desk.database import Database, Record
from tasks.text.decode import Decoded, decode, unpack
from warehouse.archive.writer import read
from warehouse.errors import WarehouseError

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


def load_document(database: Database, capture_id: str) -> RawDocument | None:
    """Return the document of a capture; None if there is no such capture. Raises `WarehouseError` of the tables."""
    captures = database.records(_CAPTURE, {"capture_id": capture_id})
    if not captures:
        return None
    (capture,) = captures
    try:
        location = (capture["warc_filename"], capture["warc_offset"], capture["warc_length"])
        content = read(database.root, *location)
    except WarehouseError as error:
        return RawDocument(capture, problem=str(error))
    unpacked = unpack(content, MAX_BYTES)
    if not isinstance(unpacked, bytes):
        return RawDocument(capture, problem=unpacked.detail)
    decoded = decode(unpacked, capture["charset"], "html" in (capture["media_type"] or ""))
    if not isinstance(decoded, Decoded):
        return RawDocument(capture, problem=decoded.detail)
    return RawDocument(capture, decoded.text[:MAX_CHARACTERS], len(decoded.text) > MAX_CHARACTERS)
