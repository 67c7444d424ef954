"""Suggest which keys of somebody's records are title, text, address and date."""

from __future__ import annotations

import json
import re
from typing import Any, Final

MIN_TEXT_CHARACTERS: Final = 80
_NAMES: Final = {
    "title": re.compile(r"title|headline|heading|titel|titre|titulo|başlık|заголовок|标题|見出し", re.IGNORECASE),
    "url": re.compile(r"url|link|href|address|permalink", re.IGNORECASE),
    "published_at": re.compile(r"publi|date|time|created|issued|sent|datum|fecha", re.IGNORECASE),
    "authors": re.compile(r"author|byline|writer|creator|autor|auteur", re.IGNORECASE),
}
_MARKUP: Final = re.compile(r"<(?:p|div|br|article|h\d)\b", re.IGNORECASE)


def suggest_fields(content: bytes) -> str | None:
    """Return the line `fields = { … }` for a record of JSON that has no text under its expected name; else None."""
    try:
        record = json.loads(content)
    except ValueError:
        return None
    if not isinstance(record, dict):
        return None
    values = dict(_strings(record))
    body = max(values, key=lambda name: len(values[name]), default=None)
    if body is None or len(values[body]) < MIN_TEXT_CHARACTERS:
        return None
    fields = {"html" if _MARKUP.search(values[body]) else "text": body}
    for field, pattern in _NAMES.items():
        names = [name for name in values if name not in fields.values() and pattern.search(name)]
        if field == "url":
            names = [name for name in names if values[name].startswith(("http://", "https://"))]
        if names and names[0] != field:
            fields[field] = names[0]
    pairs = ", ".join(f"{field} = {json.dumps(name, ensure_ascii=False)}" for field, name in fields.items())
    return f"fields = {{ {pairs} }}"


def _strings(record: dict[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    """Return the strings of a record by the dotted names of their keys."""
    strings: list[tuple[str, str]] = []
    for key, value in record.items():
        if isinstance(value, str):
            strings.append((f"{prefix}{key}", value))
        elif isinstance(value, dict) and not prefix:
            strings += _strings(value, f"{key}.")
    return strings
