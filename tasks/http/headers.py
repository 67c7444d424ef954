"""Read single values of HTTP headers, of a live response or of one in an archive."""

from __future__ import annotations

import re
from typing import Final

MAX_HEADER_CHARACTERS: Final = 1_000
_CHARSET: Final = re.compile(r""";\s*charset\s*=\s*["']?([\w.:+-]{1,40})""", re.ASCII | re.IGNORECASE)


def printable(value: str | None) -> str | None:
    """Return at most `MAX_HEADER_CHARACTERS` of a value, without characters that do not print; None if none is left."""
    # It is sent back to the server one day, and stands in the archive's headers: a line end in it would start another.
    return "".join(character for character in (value or "")[:MAX_HEADER_CHARACTERS] if character.isprintable()) or None


def charset_of(content_type: str) -> str | None:
    """Return the charset that a Content-Type header declares, in lower case."""
    charset = _CHARSET.search(content_type)
    return charset[1].lower() if charset else None
