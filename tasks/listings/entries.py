"""Entries of a listing, whatever its format: their statements, each address once, and what was wrong with some."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final
from urllib.parse import urljoin, urlsplit

from tasks.listings.listing import Entry
from tasks.text.characters import clean_line
from warehouse.model.records import Candidate
from warehouse.model.vocabulary import Origin

LONGEST_URL: Final = 8_000
LONGEST_VALUE: Final = 8_000


_EDGES: Final = re.compile(r"^[\x00-\x20\u200b\ufeff]+|(?<![\x00-\x20\u200b\ufeff])[\x00-\x20\u200b\ufeff]++$")
_ORDINARY: Final = re.compile(r"https?://[a-z0-9-]+(?:\.[a-z0-9-]+)+(?:/(?!\.)[\w~!$&'()*+,;=:@%?.-]*)+", re.ASCII)
_LINE_ENDS: Final = re.compile(r"[\t\r\n]")
_UNPRINTED: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


def article_url(printed: str, base: str) -> str | None:
    """An http(s) address, absolute, spaces escaped, without a fragment that marks a place; None where that gives none.

    Line ends inside are dropped, as browsers do; one with another control character, or with a password, is none.
    """
    if len(printed) > LONGEST_URL:
        return None
    if _ORDINARY.fullmatch(printed):
        return printed
    try:
        joined = urljoin(base, _LINE_ENDS.sub("", _EDGES.sub("", printed)))
        parts = urlsplit(joined)
        usable = parts.scheme in {"http", "https"} and parts.hostname and "@" not in parts.netloc
        parts.port  # noqa: B018  raises for one that is no number
    except ValueError:
        return None
    if not printed.strip() or not usable or _UNPRINTED.search(joined) or re.search(r"\s", parts.netloc):
        return None
    place = "" if parts.fragment.startswith(("!", "/")) else parts.fragment
    address = parts._replace(fragment="" if place else parts.fragment).geturl()
    return re.sub(r"\s", lambda space: "%20" if space[0] == " " else "", address)


def statements(fields: Mapping[str, Iterable[str]]) -> tuple[Candidate, ...]:
    """Candidates of the fields that have a value; each value one clean line."""
    cleaned = {field: tuple(filter(None, map(clean_line, values))) for field, values in fields.items()}
    return tuple(
        Candidate(field, values, Origin.FEED)
        for field, values in cleaned.items()
        if values and max(map(len, values)) <= LONGEST_VALUE
    )


def unique(entries: Iterable[Entry | None]) -> tuple[Entry, ...]:
    """The first entry of each address, in order."""
    found: dict[str, Entry] = {}
    for entry in entries:
        if entry:
            found.setdefault(entry.url, entry)
    return tuple(found.values())


def say_damage(damage: str | None, left_out: int = 0, unnamed: int = 0) -> str | None:
    """One line of sentences on what could not be read; None where all could."""
    too_many = f"It is too long: its last {left_out:,} entries were not read." if left_out else None
    lack = "entry has no web address and was" if unnamed == 1 else "entries have no web address and were"
    without = f"{unnamed:,} {lack} skipped." if unnamed else None
    return " ".join(filter(None, (damage, too_many, without))) or None
