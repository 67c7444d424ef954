"""The addresses of a source as a run goes on: as its state has them, and as the run has changed them."""

from __future__ import annotations

import pickle
from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING, Final

from warehouse.model.instants import moment
from warehouse.state.state_file import GUID, SPELLING, VERSION

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

    from warehouse.model.records import Capture
    from warehouse.state.address import Known
    from warehouse.state.source_state import SourceState

MAX_CHANGED: Final = 5_000
"""Of a longer run, addresses that it changed wait in a temporary file."""
_TABLES: Final = (
    "CREATE TEMP TABLE IF NOT EXISTS changed (url TEXT PRIMARY KEY, known BLOB) WITHOUT ROWID",
    "CREATE TEMP TABLE IF NOT EXISTS new_name (kind INTEGER, name TEXT, url TEXT, PRIMARY KEY (kind, name))",
)


class Addresses:
    """What is known of each address of a source; whoever changes it says so by `change`."""

    def __init__(self, state: SourceState) -> None:
        self.state = state
        self._read: dict[str, Known | None] = {}
        self._changed: dict[str, Known] = {}
        self._are_stored = False
        self._begin()

    def get(self, url: str) -> Known | None:
        """Return what is known of an address, or None."""
        if url in self._changed:
            return self._changed[url]
        if url not in self._read:
            self._read[url] = self._stored(url)
        return self._read[url]

    def __getitem__(self, url: str) -> Known:
        known = self.get(url)
        if known is None:
            raise KeyError(url)
        return known

    def __contains__(self, url: object) -> bool:
        return isinstance(url, str) and self.get(url) is not None

    def add(self, url: str, known: Known) -> Known:
        """Add a new address."""
        self._changed[url] = known
        return known

    def change(self, url: str) -> Known:
        """Return what is known of an address, to be changed. Raises KeyError."""
        return self.add(url, self[url])

    def rest(self) -> None:
        """Hold no more in memory than a batch needs; nobody has a `Known` at hand now."""
        self._read.clear()
        if len(self._changed) <= MAX_CHANGED:
            return
        rows = ((url, pickle.dumps(known)) for url, known in self._changed.items())
        self.state.connection.executemany("INSERT OR REPLACE INTO temp.changed VALUES (?, ?)", rows)
        self._changed.clear()
        self._are_stored = True

    def take_forward(self, now: datetime) -> None:
        """Take in what has landed: the run has changed nothing that is not among it."""
        self._read.clear()
        self._changed.clear()
        self._are_stored = False
        self.state.take_forward(now)
        self._begin()

    def pending(self) -> list[str]:
        """Return the addresses that have neither an article nor a refusal."""
        return list(self.select(self.state.pending(), lambda url: self[url].is_pending))

    def unsighted(self) -> list[str]:
        """Return the addresses of which no row says that they were discovered."""
        return list(self.select(self.state.unsighted(), lambda url: not self[url].is_sighted))

    def select(self, urls: Iterable[str], is_wanted: Callable[[str], bool]) -> Iterator[str]:
        """Yield those of some addresses, and of those that the run changed, that are wanted."""
        for url in self._with_changed(urls):
            if url in self and is_wanted(url):
                yield url
            self._read.pop(url, None)  # there may be millions of them

    def first_with_guid(self, guid: str) -> str | None:
        """Return the address under which a guid was first known."""
        known = self._loaded([*self.state.addresses_of(GUID, guid), guid])
        urls = [url for url in known if known[url].guid == guid]
        return urls[0] if urls else self._new_name(GUID, guid)

    def first_spelled(self, spelling: str) -> str | None:
        """Return the address that first had a spelling, else that of the first article found to have moved there."""
        known = self._loaded([*self.state.addresses_of(SPELLING, spelling), spelling])
        urls = [url for url in known if known[url].is_sighted and known[url].normalized_url == spelling]
        urls += [url for url in known if self._is_spelled(url, known[url], spelling)]
        return urls[0] if urls else self._new_name(SPELLING, spelling)

    def first_spelling(self, normalized_url: str, url: str) -> str:
        """Return the address under which a normalized_url was first known; from now on `url` if there is none."""
        first_url = self.first_spelled(normalized_url)
        if first_url is None:
            self.name(SPELLING, normalized_url, url)
        return first_url or url

    def first_guid(self, guid: str, url: str) -> None:
        """Note the address of a guid; one that has an address keeps it."""
        if self.first_with_guid(guid) is None:
            self.name(GUID, guid, url)

    def first_of_version(self, version_id: str) -> str | None:
        """Return the address of the first article that was landed with a version; it may have another one now."""
        # Of every version: a twin may still be what an article was before its last edit.
        landed: list[tuple[int, str]] = []
        for url in self.state.addresses_of(VERSION, version_id):
            facts = self.state.facts(url)
            versions = facts.without(self.state.beside).versions if facts else []
            landed += [
                (fact.landed_at, url) for fact in versions if fact.version_id == version_id and not fact.is_deleted
            ]
        return min(landed)[1] if landed else self._new_name(VERSION, version_id)

    def seen_in(self, found_in: str) -> Iterator[str]:
        """Yield the addresses that a listing was the first to name."""
        return self.select(self.state.seen_in(found_in), lambda url: self[url].found_in == found_in)

    def landed(self, captures: Collection[Capture]) -> set[str]:
        """Return the ids of those captures that an article or a refusal refers to."""
        concluded: set[str | None] = set()
        for url in {capture.url for capture in captures}:
            facts = self.state.facts(url)
            concluded |= facts.concluded() if facts else set()
        return {capture.capture_id for capture in captures if capture.capture_id in concluded}

    def versions_of(self, urls: Iterable[str]) -> dict[str, list[tuple[datetime, str]]]:
        """Return the landed versions of each address as (time of the capture, version_id), the oldest first."""
        versions = {url: facts.versions for url in urls if (facts := self.state.facts(url)) is not None}
        return {url: [(moment(fact.fetched_at), fact.version_id) for fact in facts] for url, facts in versions.items()}

    def name(self, kind: int, name: str, url: str) -> None:
        """Note the address of a new name; one that has an address keeps it."""
        self.state.connection.execute("INSERT OR IGNORE INTO temp.new_name VALUES (?, ?, ?)", [kind, name, url])

    def _begin(self) -> None:
        for statement in _TABLES:
            self.state.connection.execute(statement)

    def _stored(self, url: str) -> Known | None:
        if self._are_stored:
            query = "SELECT known FROM temp.changed WHERE url = ?"
            for (known,) in self.state.connection.execute(query, [url]).fetchall():
                return pickle.loads(known)  # type: ignore[no-any-return]  # noqa: S301  written by this process
        return self.state.known(url)

    def _with_changed(self, urls: Iterable[str]) -> Iterator[str]:
        ours = dict.fromkeys(self._changed)
        if self._are_stored:
            ours |= dict.fromkeys(url for (url,) in self.state.connection.execute("SELECT url FROM temp.changed"))
        for url in urls:
            ours.pop(url, None)
            yield url
        yield from ours

    def _loaded(self, urls: Iterable[str]) -> dict[str, Known]:
        """Return what the tables say of addresses, the first known first."""
        known = {url: known for url in urls if (known := self.state.known(url)) is not None}
        return dict(sorted(known.items(), key=lambda item: (not item[1].is_sighted, item[1].first_seen_at)))

    def _is_spelled(self, url: str, known: Known, spelling: str) -> bool:
        normalize = self.state.normalize
        if not known.is_sighted and normalize(url) == spelling:
            return True
        earlier = known.earlier
        has_moved = earlier is not None and earlier.url != url and known.version_id is not None
        return has_moved and earlier is not None and normalize(earlier.url) == spelling

    def _new_name(self, kind: int, name: str) -> str | None:
        query = "SELECT url FROM temp.new_name WHERE kind = ? AND name = ?"
        row = self.state.connection.execute(query, [kind, name]).fetchone()
        return row[0] if row else None
