"""Redirects that stand in a page: a refresh, or a script that only leads on."""

from __future__ import annotations

import re
from typing import Final

from lxml.html import HtmlElement

from tasks.html.parse import parse_html, visible_text

# A page that leads on is small, and says next to nothing; an article that loads itself anew is neither.
MAX_PAGE_BYTES: Final = 32_768
MAX_PAGE_WORDS: Final = 60
MAX_REFRESH_SECONDS: Final = 10

_MAY_LEAD_ON: Final = re.compile(rb"refresh|location", re.IGNORECASE)
_REFRESH: Final = re.compile(
    r"\s*(\d{0,6})(?:\.\d*)?\s*[;,]\s*(?:url\s*=)?\s*(?:\"([^\"]+)\"?|'([^']+)'?|(\S+))\s*", re.IGNORECASE
)
_SCRIPT_LOCATION: Final = re.compile(
    r"location(?:\.(?:replace|assign)\(\s*|(?:\.href)?\s*=\s*)[\"']((?:https?:)?\\?/[^\"'\s<>]+)[\"']", re.IGNORECASE
)
# A function that is called with the address to go to.
_CALLED_WITH: Final = re.compile(
    r"location\.replace\(\w+\)[^\"'<>]{0,20}\(\s*[\"'](https?:\\?/[^\"'\s<>]+)[\"']\s*\)", re.IGNORECASE
)


def page_redirect(content: bytes) -> str | None:
    """Return the address, as it is written, to which an HTML page of hardly any words leads on; else None."""
    if len(content) > MAX_PAGE_BYTES or b"<" not in content or not _MAY_LEAD_ON.search(content):
        return None
    page = content.decode("utf-8", "replace")
    if (tree := parse_html(page)) is None:
        return None
    target = _refresh_target(tree)
    if len(visible_text(tree).split()) > MAX_PAGE_WORDS:
        return None
    return target or _script_target(page)


def _refresh_target(tree: HtmlElement) -> str | None:
    for meta in tree.iter("meta"):
        if (meta.get("http-equiv") or "").strip().lower() == "refresh":
            refresh = _REFRESH.fullmatch(meta.get("content") or "")
            if refresh and int(refresh[1] or 0) <= MAX_REFRESH_SECONDS:
                return (refresh[2] or refresh[3] or refresh[4]).strip()
    return None


def _script_target(page: str) -> str | None:
    match = _SCRIPT_LOCATION.search(page) or _CALLED_WITH.search(page)
    return match[1].replace("\\/", "/") if match else None
