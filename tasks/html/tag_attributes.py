"""Bound the number of attributes of a tag before a page is parsed."""

from __future__ import annotations

import re
from typing import Final

MAX_ATTRIBUTES: Final = 256  # of one tag
MAX_UNCHECKED_CHARACTERS: Final = 500_000  # of a page that is looked at by stretches only
_STRETCH_CHARACTERS: Final = 6_000
_MAX_TAG_NAME_CHARACTERS: Final = 33

_TAG_START: Final = re.compile(r"<[^\W\d][^\s/<>]{0,30}[\s/]")
_ATTRIBUTE: Final = r"""[\s/]*+[^\s/>][^\s/>=]*+(?:\s*+=\s*+(?:"[^"]*+"|'[^']*+'|[^\s>"'][^\s>]*+)?)?+"""
_ATTRIBUTES: Final = rf"(?:{_ATTRIBUTE}){{0,{MAX_ATTRIBUTES}}}+"
# What is no tag is passed over whole, as the parser does: a program's `i < n` is none.
_COMMENT: Final = r"<!--[^-]*+(?:-(?!->)[^-]*+)*+"
_UNREAD: Final = "|".join(
    rf"<{name}(?=[\s/>]){_ATTRIBUTES}[\s/]*+>[^<]*+(?:<(?!/{name})[^<]*+)*+"
    for name in ("script", "style", "textarea", "title", "iframe", "noframes", "xmp")
)
_TAG: Final = rf"<[^\W\d][^\s/>]*+{_ATTRIBUTES}"
_MARKUP: Final = re.compile(
    rf"{_COMMENT}|{_UNREAD}|(?P<tag>{_TAG})(?:{_ATTRIBUTE})*+",
    re.DOTALL | re.IGNORECASE,
)
_BOUNDED_MARKUP: Final = re.compile(
    rf"(?:[^<]++|{_COMMENT}|{_UNREAD}|{_TAG}[\s/]*+(?:>|\Z)|<(?![^\W\d]))*+",
    re.DOTALL | re.IGNORECASE,
)


def has_bounded_attributes(text: str) -> bool:
    """Return whether `bound_attributes` returns the markup as it is."""
    if len(text) <= MAX_UNCHECKED_CHARACTERS and not _may_hold_vast_tag(text):
        return True
    match = _BOUNDED_MARKUP.match(text)
    return match is not None and match.end() == len(text)


def bound_attributes(text: str) -> str:
    """Return markup whose tags have no more than `MAX_ATTRIBUTES` attributes.

    The parser walks over all attributes of a tag for each one that it adds: a tag of 10 MB would take hours. To look
    at each tag would cost 3 % of a page. So in a page of up to 500,000 characters tags are looked at only if one may
    have 12,000 characters without a `>`: one whose values hold that sign takes the parser 4 seconds at most.
    """
    if has_bounded_attributes(text):
        return text
    return _MARKUP.sub(lambda match: match["tag"] or match[0], text)


def _may_hold_vast_tag(text: str) -> bool:
    """Return whether a tag begins before a stretch without `>`; looks only at the last one of each stretch."""
    tag_start = 0
    for begin in range(0, len(text), _STRETCH_CHARACTERS):
        end = begin + _STRETCH_CHARACTERS
        closed = text.rfind(">", begin, end)
        if closed < 0 and _TAG_START.search(text, tag_start, end):
            return True
        tag_start = max(tag_start, closed + 1 or end - _MAX_TAG_NAME_CHARACTERS)
    return False
