"""Unpack a listing that was fetched as a packed file, such as sitemap.xml.gz, as far as it can be read."""

from __future__ import annotations

import io
from typing import Final

from tasks.listings.listing import ListingError
from tasks.text.decompress import DecompressionError, open_decompressed

MAX_BYTES: Final = 52_428_800  # unpacked: the bound of the sitemap protocol
_READ_BYTES: Final = 1_000_000


def unpack_listing(content: bytes, max_bytes: int = MAX_BYTES) -> tuple[bytes, str | None]:
    """Return the content of a packed listing, and a sentence if it is damaged; other content as it is.

    Raises `ListingError` if nothing stands before the damage, and above `max_bytes`.
    """
    pieces: list[bytes] = []
    size = 0
    damage: str | None = None
    stream = open_decompressed(io.BytesIO(content)).raw
    try:
        while size <= max_bytes and (piece := stream.read(_READ_BYTES)):
            pieces.append(piece)
            size += len(piece)
    except DecompressionError as error:
        damage = f"The packed file is damaged or was cut short: {error}; what comes before was read."
    if size > max_bytes:
        raise ListingError(f"The document has more than {max_bytes:,} bytes.")
    if damage and not size:
        raise ListingError("The packed file is damaged or cut short, and nothing of it can be read.")
    return b"".join(pieces), damage
