"""The file of a source as people may see it: with the places of its secrets, never with a secret."""

from __future__ import annotations

from collections.abc import MutableMapping
from pathlib import Path
from typing import Any, Final

import tomlkit
from tomlkit.exceptions import ParseError
from tomlkit.items import Comment, Item

from config.fetch import ENVIRONMENT, FILE
from config.redact import redact

SECRET_KEYS: Final = ("cookies", "username", "password", "proxy")
HIDDEN: Final = "(not shown)"


def read_source_file(path: Path) -> str | None:
    """Return the text of a source's file; None if it cannot be read.

    A value that may be a secret stands there only where it says where the secret is, as `env:NAME` or `file:PATH`.
    Comments of `[fetch]` are left out, as a secret may have been put aside in one.
    """
    try:
        document = tomlkit.parse(path.read_text("utf-8-sig"))
    except (OSError, UnicodeDecodeError, ParseError):
        return None
    fetch = document.get("fetch")
    if isinstance(fetch, MutableMapping):
        _hide(fetch)
    return redact(tomlkit.dumps(document))


def _hide(fetch: MutableMapping[str, Any]) -> None:
    for key, value in fetch.items():
        if key == "headers" and isinstance(value, MutableMapping):
            for name, header in value.items():
                value[name] = _without_secret(header)
            _drop_comments(value)
        elif key in SECRET_KEYS:
            fetch[key] = _without_secret(value)
    _drop_comments(fetch)


def _without_secret(value: object) -> str:
    return value if isinstance(value, str) and value.startswith((ENVIRONMENT, FILE)) else HIDDEN


def _drop_comments(table: Any) -> None:
    body = getattr(getattr(table, "value", table), "body", [])
    for _, item in body:
        if isinstance(item, Comment):
            item.trivia.comment = "#"
        elif isinstance(item, Item):
            item.trivia.comment, item.trivia.comment_ws = "", ""
