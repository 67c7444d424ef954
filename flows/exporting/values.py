"""Values of an article in the words of other formats; nothing is added that the article does not state."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import quote, urlsplit

Row = dict[str, Any]

UNKNOWN_LANGUAGE: Final = "und"
_DATE_FORMATS: Final = {"year": "%Y", "month": "%Y-%m", "day": "%Y-%m-%d"}
_URL_CHARACTERS: Final = "%/:?#[]@!$&'()*+,;=~-._"


def published_text(row: Row) -> str | None:
    """Return the date of publication in ISO 8601, as precise as it was printed."""
    moment = row["published_at"]
    if moment is None:
        return None
    form = _DATE_FORMATS.get(row["published_precision"])
    return moment.strftime(form) if form else instant(moment)


def instant(moment: datetime | None) -> str | None:
    """Return a moment in ISO 8601, in UTC."""
    return None if moment is None else moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def language_of(row: Row) -> str | None:
    """Return the language, None where it is unknown."""
    return None if row["language"] == UNKNOWN_LANGUAGE else row["language"]


def domain_of(row: Row) -> str | None:
    """Return the domain of the publisher, else the host of the address; None if it has none."""
    if row["canonical_domain"]:
        return str(row["canonical_domain"])
    try:
        return urlsplit(row["url"]).hostname
    except ValueError:  # a record's address is kept as it was written
        return None


def uri(address: str) -> str:
    """Return an address with the characters that RFC 3986 allows."""
    return quote(address, safe=_URL_CHARACTERS)


def without_empty(record: dict[str, Any]) -> dict[str, Any]:
    """Return a record without what the article does not state."""
    return {name: value for name, value in record.items() if value is not None and value != []}
