"""Text from web sites as Markdown that shows it as it is."""

from __future__ import annotations

import re
from typing import Final

_MARKS: Final = re.compile(r"[\\`*_{}\[\]#+!|~<>&]")
_NOT_IN_LINK: Final = re.compile(r"[<>\s|…]")


def escape_markdown(text: str) -> str:
    """Return text with all marks of Markdown escaped, on one line."""
    return _MARKS.sub(r"\\\g<0>", " ".join(text.split()))


def link_or_text(text: str) -> str:
    """Return a whole http or https URL as a link, other text as `escape_markdown` does."""
    is_link = text.startswith(("http://", "https://")) and not _NOT_IN_LINK.search(text)
    return f"<{text}>" if is_link else escape_markdown(text)
