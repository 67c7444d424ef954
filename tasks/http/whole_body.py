"""Tell by its own format whether the body of a response that ended early, or that is damaged, is all there."""

from __future__ import annotations

import json
import re
from typing import Final

MIN_BODY_BYTES: Final = 20
_TAIL_BYTES: Final = 4_096
_CLOSED: Final = re.compile(
    rb"</(?:html|(?:[\w.-]{1,50}:)?(?:rss|feed|rdf|urlset|sitemapindex))\s*>\s*(?:<!--(?:[^-]|-(?!->))*+-->\s*)*+\Z",
    re.IGNORECASE,
)


def is_whole(content: bytes) -> bool:
    """Return whether content ends as its format does: with the end of its outermost element, or as valid JSON."""
    if len(content) < MIN_BODY_BYTES:
        return False
    if content.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in {b"{", b"["}:
        try:
            json.loads(content)
        except (ValueError, RecursionError):
            return False
        return True
    return _CLOSED.search(content[-_TAIL_BYTES:]) is not None
