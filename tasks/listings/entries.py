"""Parts of a listing's entries, whatever its format: the URL, the candidates, and a sentence on damage."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import replace
from typing import Final
from urllib.parse import SplitResult, parse_qs, urljoin, urlsplit

from tasks.listings.listing import Entry
from tasks.text.characters import clean_line
from warehouse.model.records import Candidate
from warehouse.model.vocabulary import Origin

MAX_URL_CHARACTERS: Final = 8_000
MAX_VALUE_CHARACTERS: Final = 8_000

_EDGES: Final = re.compile(r"^[\x00-\x20\u200b\ufeff]+|(?<![\x00-\x20\u200b\ufeff])[\x00-\x20\u200b\ufeff]++$")
_ABSOLUTE_URL: Final = re.compile(r"https?://[a-z0-9-]+(?:\.[a-z0-9-]+)+(?:/(?!\.)[\w~!$&'()*+,;=:@%?.-]*)+", re.ASCII)
_LINE_ENDS: Final = re.compile(r"[\t\r\n]")
_COLUMN_EDGES: Final = " \t\r\n\ufeff\"'<>"
_FACT: Final = (
    r"\"?(?:\d{4}-\d\d(?:-\d\d[T\d:.+Z-]*)?|\d+(?:\.\d+)?|always|hourly|daily|weekly|monthly|yearly|never)\"?"
)
_ADDRESS_AND_FACTS: Final = re.compile(
    rf"([\"'<]?https?://[^\s\"'<>]+?[\"'>]?)((?:[\s,;|]+{_FACT})*+)[\s,;|]*", re.IGNORECASE
)
_DATE: Final = re.compile(r"\d{4}-\d\d(?:-\d\d|\Z)")
_SEARCH_PARAMETERS: Final = frozenset({"rct", "sa", "usg", "ved"})
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


def article_url(href: str, base: str) -> str | None:
    """Return an absolute http(s) URL, spaces escaped, without a fragment that marks a place; None if it is no such URL.

    Line ends inside are dropped, as browsers do. A URL with another control character, or with a password, is refused.
    The links of Google's alerts and searches lead through a page of theirs, and name the article's own URL: that is it.
    """
    if len(href) > MAX_URL_CHARACTERS:
        return None
    if _ABSOLUTE_URL.fullmatch(href) and "/url?" not in href:
        return href
    try:
        joined = urljoin(base, _LINE_ENDS.sub("", _EDGES.sub("", href)))
        parts = urlsplit(joined)
        is_web_url = parts.scheme in {"http", "https"} and parts.hostname and "@" not in parts.netloc
        parts.port  # noqa: B018  raises for one that is no number
    except ValueError:
        return None
    if not href.strip() or not is_web_url or _CONTROL.search(joined) or re.search(r"\s", parts.netloc):
        return None
    if target := _search_target(parts):
        return article_url(target, base)
    is_page = parts.fragment.startswith(("!", "/"))  # a page of an application that runs in the browser
    url = parts._replace(fragment=parts.fragment if is_page else "").geturl()
    return re.sub(r"\s", lambda space: "%20" if space[0] == " " else "", url)


def _search_target(parts: SplitResult) -> str | None:
    """Return the URL to which a link of Google's leads; None if it is no such link."""
    if parts.path != "/url":
        return None
    query = parse_qs(parts.query)
    targets = query.get("url", query.get("q", []))
    is_target = _SEARCH_PARAMETERS.intersection(query) and targets and targets[0].startswith(("http://", "https://"))
    return targets[0] if is_target else None


def listed_url(line: str) -> tuple[str, str | None]:
    """Return the address that a line of a list gives, and its date if another column gives one.

    Columns are divided by tabs; by other marks only if all but the address are dates, numbers or frequencies, as in
    sitemaps: an address may hold any of them.
    """
    columns = [column.strip(_COLUMN_EDGES) for column in line.split("\t")]
    if len(columns) == 1 and (match := _ADDRESS_AND_FACTS.fullmatch(line.strip())):
        columns = [
            match[1].strip(_COLUMN_EDGES),
            *(fact.strip(_COLUMN_EDGES) for fact in re.split(r"[\s,;|]+", match[2])),
        ]
    address = next((column for column in columns if column.startswith(("http://", "https://"))), columns[0])
    return address, next((column for column in columns if _DATE.match(column)), None)


def feed_candidates(fields: Mapping[str, Iterable[str]]) -> tuple[Candidate, ...]:
    """Return a candidate for each field that has a value; each value is one clean line."""
    cleaned = {field: tuple(filter(None, map(clean_line, values))) for field, values in fields.items()}
    return tuple(
        Candidate(field, values, Origin.FEED)
        for field, values in cleaned.items()
        if values and max(map(len, values)) <= MAX_VALUE_CHARACTERS
    )


def unique_by_url(entries: Iterable[Entry | None]) -> tuple[Entry, ...]:
    """Return the first entry of each URL, in order."""
    return tuple(_first_by(lambda entry: entry.url, entries))


def own_entries(entries: Iterable[Entry | None], *, hold_articles: bool) -> tuple[tuple[Entry, ...], int]:
    """Return the entries of a feed, and how many others are passed over for the URL that they share with one of them.

    Those that hold articles are told apart by their ids, else by their titles; what is the same entry once more is
    neither kept nor counted.
    """
    unique = tuple(_first_by(lambda entry: (entry.url, _key_of(entry)), entries))
    url_counts = Counter(entry.url for entry in unique)
    if not hold_articles:
        first = unique_by_url(unique)
        return first, len(unique) - len(first)
    return tuple(replace(entry, shares_url=entry.shares_url or url_counts[entry.url] > 1) for entry in unique), 0


def _first_by(key_of: Callable[[Entry], Hashable], entries: Iterable[Entry | None]) -> Iterable[Entry]:
    by_key: dict[Hashable, Entry] = {}
    for entry in entries:
        if entry:
            by_key.setdefault(key_of(entry), entry)
    return by_key.values()


def _key_of(entry: Entry) -> str | None:
    """Return what tells an entry from others with its URL: its own id, else its title."""
    if entry.guid and entry.guid != entry.url:
        return entry.guid
    return next((candidate.values[0] for candidate in entry.candidates if candidate.field == "title"), None)


def describe_damage(damage: str | None, left_out: int = 0, without_url: int = 0, *, shared_url: int = 0) -> str | None:
    """Return sentences on what could not be read, as one line; None if all could."""
    has = (
        "entry has the address of another entry and was"
        if shared_url == 1
        else "entries have the address of another and were"
    )
    shared = f"{shared_url:,} {has} passed over." if shared_url else None
    too_long = f"It is too long: its last {left_out:,} entries were not read." if left_out else None
    rest = "entry has no web address and was" if without_url == 1 else "entries have no web address and were"
    skipped = f"{without_url:,} {rest} skipped." if without_url else None
    return " ".join(filter(None, (damage, too_long, skipped, shared))) or None
