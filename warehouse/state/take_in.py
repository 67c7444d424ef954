"""Takes the state of a source forward: reads the files that it has not read yet, by their names.

A base file counts as read if all that it replaces was. Files that are not there any more have to be in base files: by
the name that a base file's footer gives, or row by row. In any other case there is doubt.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from hashlib import blake2b
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from warehouse.model.instants import microseconds_of
from warehouse.model.rows import Run
from warehouse.model.vocabulary import RunStatus
from warehouse.state.endpoints import POLL_COLUMNS, EndpointFacts, ListingFact, PollFact, listing_of, poll_of
from warehouse.state.facts import COLUMNS, FACT_OF, Facts, Reading, Refusal, Sighting, Version
from warehouse.state.new_files import NewFiles, own_names
from warehouse.state.source_files import read_rows
from warehouse.state.state_file import FORGOTTEN_ARTICLE, GUID, SPELLING, VERSION, DoubtError

if TYPE_CHECKING:
    import sqlite3

    from warehouse.storage.root import Root

RUN_COLUMNS: Final = tuple(Run.__slots__)
ALL_COLUMNS: Final = {**COLUMNS, "polls": POLL_COLUMNS, "runs": RUN_COLUMNS}
FACT_TYPES: Final = {"discoveries": Sighting, "captures": Reading, "articles": Version, "rejects": Refusal}
_PUT_ADDRESS: Final = "INSERT OR REPLACE INTO address VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
# In the order of the index, which costs a tenth.
_PUT_NAMES: Final = "INSERT OR IGNORE INTO name SELECT kind, name, address FROM temp.staged_name ORDER BY 1, 2, 3"
MAX_ROWS_IN_MEMORY: Final = 5_000
DIGEST_BYTES: Final = 8
STAGING: Final = {
    "staged": "url TEXT, table_name TEXT, fact TEXT",
    "staged_name": "kind INTEGER, name TEXT, address INTEGER",
}


StoredFacts = tuple[int | None, str | None]
Find = Callable[[str], StoredFacts]


class Intake:
    """Takes new files of a source into its state, in a transaction of the caller."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        root: Root,
        source_id: str,
        now: datetime,
        normalize: Callable[[str], str],
    ) -> None:
        self._connection, self._root, self._source_id, self._now = connection, root, source_id, now
        self._normalize = normalize
        self._polls: dict[str, list[PollFact | ListingFact]] = defaultdict(list)

    def take(self, files: NewFiles, *, is_new: bool = False, is_shared: bool = False) -> None:
        """Read new files; `is_new` if the state is empty, `is_shared` if it lies over another one.

        Raises `DoubtError`, FileNotFoundError, `StorageError`, sqlite3.Error.
        """
        find = _find_nothing if is_new else self._find_shared if is_shared else self._find
        for name, columns in STAGING.items():
            self._connection.execute(f"CREATE TEMP TABLE {name} ({columns})")
        for name in [*files.to_read, *(base.name for base in files.bases)]:
            self._put_file(name, files, self._read(name))
        self._verify(files)
        self._take_polls()
        self._connection.executemany(_PUT_ADDRESS, self._addresses(find))
        self._connection.execute(_PUT_NAMES)
        self._note(files)
        for name in STAGING:
            self._connection.execute(f"DROP TABLE temp.{name}")

    def _read(self, name: str) -> bytes:
        """Stage the rows of a file; return a digest of each."""
        table, digests = name.partition("/")[0], bytearray()
        batch: list[tuple[str, str, str]] = []
        for row in read_rows(self._root, name, self._source_id, ALL_COLUMNS[table]):
            digests += blake2b(repr(row).encode(), digest_size=DIGEST_BYTES).digest()
            if table == "runs":
                self._take_run(row)
            elif table == "polls":
                self._add_poll(*poll_of(row))
            else:
                batch += self._facts_of(table, row)
            if len(batch) == MAX_ROWS_IN_MEMORY:
                self._stage(batch)
        self._stage(batch)
        return bytes(digests)

    def _facts_of(self, table: str, row: tuple[Any, ...]) -> Iterator[tuple[str, str, str]]:
        if table == "captures" and (listing := listing_of(row)) is not None:
            self._add_poll(*listing)
        fact = FACT_OF[table](row)
        if fact is not None:
            yield fact[0], table, json.dumps(fact[1], ensure_ascii=False)

    def _stage(self, batch: list[tuple[str, str, str]]) -> None:
        self._connection.executemany("INSERT INTO temp.staged VALUES (?, ?, ?)", batch)
        batch.clear()

    def _verify(self, files: NewFiles) -> None:
        """Raise `DoubtError` unless the rows of files that vanished are in base files that were read now."""
        if not files.unexplained:
            return
        vanished = b"".join(self._stored_digests(name) for name in files.unexplained)
        present = b"".join(self._stored_digests(base.name) for base in files.bases)
        if not pc.all(pc.is_in(_integers(vanished), value_set=_integers(present)), min_count=0).as_py():
            raise DoubtError

    def _stored_digests(self, name: str) -> bytes:
        row = self._connection.execute("SELECT rows FROM file WHERE name = ?", [name]).fetchone()
        return (row and row[0]) or b""

    def _take_run(self, row: tuple[Any, ...]) -> None:
        """Take in a row of `runs`; of those of one run the view's is kept."""
        run = dict(zip(RUN_COLUMNS, row, strict=True))
        query = "SELECT facts FROM run WHERE run_id = ?"
        for (text,) in self._connection.execute(query, [run["run_id"]]).fetchall():
            if _rank(dict(zip(RUN_COLUMNS, json.loads(text), strict=True))) <= _rank(run):
                return
        is_whole = bool(run["config_digest"]) and run["finished_at"] is not None and run["pending"] == 0
        values = [run["run_id"], run["started_at"], run["status"], is_whole, json.dumps(row, ensure_ascii=False)]
        self._connection.execute("INSERT OR REPLACE INTO run VALUES (?, ?, ?, ?, ?)", values)

    def _add_poll(self, url: str, fact: PollFact | ListingFact) -> None:
        self._polls[url].append(fact)
        if sum(map(len, self._polls.values())) >= MAX_ROWS_IN_MEMORY:
            self._take_polls()

    def _take_polls(self) -> None:
        for url, new in self._polls.items():
            stored = self._connection.execute("SELECT facts FROM endpoint WHERE url = ?", [url]).fetchone()
            facts = EndpointFacts.parse(stored[0] if stored else None)
            facts.add(new, self._now)
            facts.lied |= any(self._contradicts(url, fact) for fact in new if isinstance(fact, ListingFact))
            self._connection.execute("INSERT OR REPLACE INTO endpoint VALUES (?, ?)", [url, facts.text()])
        self._polls.clear()

    def _contradicts(self, url: str, listing: ListingFact) -> bool:
        """Return whether a listing was sent with validators that stood for another content before."""
        if listing.etag is None and listing.last_modified is None:
            return False
        validators = json.dumps([url, listing.etag, listing.last_modified])
        key = blake2b(validators.encode(), digest_size=2 * DIGEST_BYTES).digest()
        self._connection.execute("INSERT OR IGNORE INTO validator VALUES (?, ?)", [key, listing.payload_digest])
        stored = self._connection.execute("SELECT payload_digest FROM validator WHERE key = ?", [key]).fetchone()
        return bool(stored[0] != listing.payload_digest)

    def _addresses(self, find: Find) -> Iterator[tuple[Any, ...]]:
        """Yield the rows of the addresses of which there are new facts, and stage their names."""
        (next_id,) = self._connection.execute("SELECT coalesce(max(id), 0) + 1 FROM address").fetchone()
        staged = self._connection.execute("SELECT url, table_name, fact FROM temp.staged ORDER BY url")
        for url, group in groupby(staged, itemgetter(0)):
            number, text = find(url)
            facts = Facts.parse(url, text)
            facts.add(FACT_TYPES[table](*json.loads(fact)) for _, table, fact in group)
            if number is None:
                number, next_id = next_id, next_id + 1
            names = ((kind, name, number) for kind, name in self._names(facts))
            self._connection.executemany("INSERT INTO temp.staged_name VALUES (?, ?, ?)", names)
            yield number, url, facts.text(), *self._marks(facts)

    def _find(self, url: str) -> StoredFacts:
        row = self._connection.execute("SELECT id, facts FROM address WHERE url = ?", [url]).fetchone()
        return row or (None, None)

    def _find_shared(self, url: str) -> StoredFacts:
        query = "SELECT NULL, facts FROM shared.address WHERE url = ?"
        number, text = self._find(url)
        return (number, text) if text else self._connection.execute(query, [url]).fetchone() or (None, None)

    def _names(self, facts: Facts) -> set[tuple[int, str]]:
        """Return the names by which an address may be looked up, but for its own."""
        spellings = {fact.normalized_url for fact in facts.sightings} or {self._normalize(facts.url)}
        final_urls = {fact.final_url for fact in facts.readings if fact.is_whole} - {facts.url, None}
        spellings |= {self._normalize(url) for url in final_urls if url}
        names = {(SPELLING, name) for name in spellings} | {(GUID, fact.guid) for fact in facts.sightings}
        names -= {(SPELLING, facts.url), (GUID, facts.url)}
        names |= {(VERSION, fact.version_id) for fact in facts.versions if not fact.is_deleted}
        return names | {(FORGOTTEN_ARTICLE, fact.article_id) for fact in facts.versions if fact.is_deleted}

    def _marks(self, facts: Facts) -> tuple[Any, ...]:
        """Return the columns of an address by which it is found again."""
        known = facts.known(microseconds_of(self._now))
        if known is None:
            return None, None, True, False, False, False, None, None
        age = known.watched_age() if facts.url.startswith("http") else None
        return (
            microseconds_of(known.first_seen_at),
            known.found_in,
            known.is_sighted,
            known.is_pending,
            known.version_id is not None,
            bool(facts.lost_captures()),
            None if age is None else round(age.total_seconds() * 1_000_000),
            None if known.last_fetched_at is None else microseconds_of(known.last_fetched_at),
        )

    def _note(self, files: NewFiles) -> None:
        """Note which files are replaced, and forget those that are not there any more."""
        for base in files.covered:
            names = own_names(base, self._source_id)
            self._put_file(base.name, files, b"".join(map(self._stored_digests, names)))
            self._note_replaced(names)
        for base in files.bases:
            self._note_replaced(own_names(base, self._source_id))
        self._connection.executemany("DELETE FROM file WHERE name = ?", [(name,) for name in files.vanished])
        self._connection.execute("UPDATE meta SET taken_at = ?", [microseconds_of(self._now)])

    def _put_file(self, name: str, files: NewFiles, digests: bytes) -> None:
        values = (name, *files.stamps[name], digests, False)
        self._connection.execute("INSERT OR REPLACE INTO file VALUES (?, ?, ?, ?, ?)", values)

    def _note_replaced(self, names: Iterable[str]) -> None:
        """Leave what files had to the base file that replaces them."""
        query = "UPDATE file SET rows = NULL, is_replaced = 1 WHERE name = ?"
        self._connection.executemany(query, [(name,) for name in names])


def _find_nothing(_: str) -> StoredFacts:
    return None, None


def _rank(run: dict[str, Any]) -> tuple[bool, bool, float]:
    """Return what is smallest for the row of a run that the view `runs` has."""
    finished_at = run["finished_at"]
    is_running, is_interrupted = run["status"] == RunStatus.RUNNING, run["status"] == RunStatus.INTERRUPTED
    return is_running, is_interrupted, float("inf") if finished_at is None else -finished_at


def _integers(digests: bytes) -> pa.Array:
    return pa.Array.from_buffers(pa.int64(), len(digests) // DIGEST_BYTES, [None, pa.py_buffer(digests)])
