"""The file of a source as people may see it: with the places of its secrets, never with a secret."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import tomlkit
from tomlkit.exceptions import ParseError

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
    if isinstance(fetch, Mapping):
        document["fetch"] = {name: _without_secrets(name, value) for name, value in fetch.items()}
    return redact(tomlkit.dumps(document))


def _without_secrets(name: str, value: object) -> object:
    if isinstance(value, Mapping):
        return {header: _without_secrets(SECRET_KEYS[0], text) for header, text in value.items()}
    is_secret = name in SECRET_KEYS and not str(value).startswith((ENVIRONMENT, FILE))
    return HIDDEN if is_secret else value
