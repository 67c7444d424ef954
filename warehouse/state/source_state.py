"""The state of one source, as its tables have it: opened for a run, taken forward, and asked."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import closing, contextmanager
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from warehouse.errors import StorageError
from warehouse.model.instants import MAX_MACHINE_CLOCK_DIFFERENCE, microseconds_of, moment
from warehouse.model.rows import Run, RunRules
from warehouse.model.vocabulary import RunKind, RunStatus
from warehouse.state.endpoints import Endpoint, EndpointFacts
from warehouse.state.facts import Facts
from warehouse.state.new_files import find_new_files
from warehouse.state.source_files import Stamp
from warehouse.state.state_file import (
    FORGOTTEN_ARTICLE,
    DoubtError,
    delete_state,
    is_damaged,
    make_file,
    make_indexes,
    open_file,
    open_private,
    publish_new,
    state_path,
    storage_error,
)
from warehouse.state.take_in import ALL_COLUMNS, RUN_COLUMNS, Intake
from warehouse.storage.root import Root

if TYPE_CHECKING:
    from warehouse.state.address import Known

MAX_REPEATS: Final = 4
# What a state of one process has of the shared one as its own; addresses are looked up in both.
_COPIED: Final = ("run", "endpoint", "validator", "file")
_ENDED: Final = (str(RunStatus.SUCCEEDED), str(RunStatus.FAILED))
_KILLED: Final = (str(RunStatus.RUNNING), str(RunStatus.INTERRUPTED))


class SourceState:
    """What the tables say of one source. Who opens it holds the lock of the source; a context manager.

    `now` is by the clock of the run: what a clock wrote that was ahead of it is told apart. What the runs `beside`
    landed is as if it were not there; then the file of the source stays as it is, and what is newer is known to this
    process alone. `normalize` gives an address its one spelling.
    """

    def __init__(
        self, root: str | os.PathLike[str] | Root, source_id: str, now: datetime, normalize: Callable[[str], str],
        beside: Collection[str] = (),
    ) -> None:  # fmt: skip
        self.root, self.source_id, self.now = Root.at(root), source_id, now
        self.normalize, self.beside = normalize, frozenset(beside)
        self.path = state_path(self.root, source_id)
        self._microseconds = microseconds_of(now)
        self._layers: tuple[str, ...] = ("main",)
        self.connection = self._opened()
        self._queries = _queries(self._layers)

    def __enter__(self) -> SourceState:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self.connection.close()

    def take_forward(self, now: datetime) -> None:
        """Take in what has landed since. Raises `StorageError`."""
        self.now, self._microseconds = now, microseconds_of(now)
        self.connection.close()
        self.connection = self._opened()
        self._queries = _queries(self._layers)

    def facts(self, url: str) -> Facts | None:
        """Return what the rows say of an address, also those of the runs beside; None if there are none."""
        for query in self._queries:
            if rows := self._ask(query, url):
                try:
                    return Facts.parse(url, rows[0][0])
                except (ValueError, TypeError) as error:
                    raise self._error(ValueError(f"what it has of {url} is damaged")) from error
        return None

    def known(self, url: str) -> Known | None:
        """Return what is known of an address, or None."""
        facts = self.facts(url)
        return None if facts is None else facts.without(self.beside).known(self._microseconds)

    def addresses_of(self, kind: int, name: str) -> list[str]:
        """Return the addresses that may have a name; the caller looks whether it still is their first one."""
        urls: dict[str, None] = {}
        for layer in self._layers:
            query = (
                f"SELECT url FROM {layer}.name JOIN {layer}.address ON id = address"  # noqa: S608  ours
                " WHERE kind = ? AND name = ?"
            )
            urls |= dict.fromkeys(url for (url,) in self._ask(query, kind, name))
        return list(urls)

    def pending(self) -> Iterator[str]:
        """Yield the addresses that may have neither an article nor a refusal, the oldest first."""
        return self._urls("is_pending ORDER BY first_seen_at")

    def unsighted(self) -> Iterator[str]:
        """Yield the addresses of which only rows of other tables than `discoveries` may know."""
        return self._urls("NOT is_sighted ORDER BY first_seen_at")

    def watched(self, age: timedelta) -> Iterator[str]:
        """Yield the pages that may be due, the oldest first: no others, and none fetched for as long as `age`."""
        microseconds = age // timedelta(microseconds=1)
        condition = "watched_age < ? UNION SELECT url, first_seen_at FROM {}.address WHERE watched_age NOT NULL"
        return self._urls(
            f"{condition} AND last_fetched_at > ? ORDER BY first_seen_at", microseconds, self._microseconds
        )

    def seen_in(self, found_in: str) -> Iterator[str]:
        """Yield the addresses that a listing may have been the first to name."""
        return self._urls("found_in = ?", found_in)

    def lost_captures(self) -> set[str]:
        """Return the captures that say to have become an article or a refusal, and no row is there."""
        facts = (self.facts(url) for url in self._urls("is_lost"))
        return {capture_id for fact in facts if fact for capture_id in fact.lost_captures(self.beside)}

    def forgotten_articles(self) -> set[str]:
        """Return the ids of articles that were taken down."""
        query = "SELECT name FROM {}.name WHERE kind = ?"
        return {name for layer in self._layers for (name,) in self._ask(query.format(layer), FORGOTTEN_ARTICLE)}

    def count_articles(self) -> int:
        """Return how many addresses have an article."""
        return int(self._ask("SELECT count(*) FROM address WHERE has_version")[0][0])

    def unfinished_runs(self) -> tuple[Run, ...]:
        """Return the runs that have no end."""
        return tuple(map(_run, self._ask("SELECT facts FROM run WHERE status = ?", RunStatus.RUNNING)))

    def last_rules(self) -> RunRules | None:
        """Return the rules of the last run that came to the end of all that its inputs list."""
        query = "SELECT facts FROM run WHERE is_whole AND started_at <= ? ORDER BY started_at DESC LIMIT 1"
        runs = [_run(row) for row in self._ask(query, self._soon)]
        return RunRules(runs[0].code_version, runs[0].config_digest) if runs else None

    def killed_since(self) -> datetime | None:
        """Return the start of the first run after the last one that looked at the listings and was not killed."""
        first = None
        query = "SELECT facts FROM run WHERE started_at <= ? ORDER BY started_at DESC"
        for row in self.connection.execute(query, [self._soon]):
            run = _run(row)
            if run.status in _ENDED and run.config_digest:
                break
            first = run.started_at if run.status in _KILLED else first
        return first

    def endpoints(self) -> dict[str, Endpoint]:
        """Return the listings of the source by their URLs."""
        stored = self._ask("SELECT url, facts FROM endpoint")
        endpoints = (EndpointFacts.parse(text).endpoint(url, self.now) for url, text in stored)
        return {endpoint.url: endpoint for endpoint in endpoints if endpoint is not None}

    @property
    def _soon(self) -> int:
        return microseconds_of(self.now + MAX_MACHINE_CLOCK_DIFFERENCE)

    def _urls(self, condition: str, *values: object) -> Iterator[str]:
        if self.beside:
            condition, values = "true ORDER BY first_seen_at", ()  # the marks count what those runs landed
        urls: dict[str, None] = {}
        for layer in self._layers:
            query = f"SELECT url, first_seen_at FROM {layer}.address WHERE {condition.format(layer)}"  # noqa: S608  ours
            urls |= dict.fromkeys(row[0] for row in self._ask(query, *values))
        return iter(urls)

    def _ask(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        try:
            return self.connection.execute(query, values).fetchall()
        except sqlite3.Error as error:
            raise self._error(error) from error

    def _error(self, error: sqlite3.Error | ValueError) -> StorageError:
        """Return the sentence for what cannot be read; a damaged file is deleted, and the next run makes it anew."""
        if (isinstance(error, ValueError) or is_damaged(error)) and not self.beside:
            delete_state(self.root, self.source_id)
        return storage_error(error, self.path)

    def _opened(self) -> sqlite3.Connection:
        for _ in range(MAX_REPEATS):
            try:
                return self._open_once()
            except StorageError as error:
                # A file may be replaced by a base file between the moments when it is listed and read.
                if not isinstance(error.__cause__, FileNotFoundError):
                    raise
        return self._open_once()

    def _open_once(self) -> sqlite3.Connection:
        try:
            return self._open_private() if self.beside else self._open()
        except OSError as error:
            raise StorageError.of(error, str(self.path)) from error
        except sqlite3.Error as error:
            raise storage_error(error, self.path) from error

    def _open(self) -> sqlite3.Connection:
        try:
            return self._taken_forward(open_file(self.path))
        except DoubtError:
            return self._made_anew()
        except (sqlite3.Error, ValueError) as error:
            if isinstance(error, sqlite3.Error) and not is_damaged(error):
                raise
            return self._made_anew()

    def _made_anew(self) -> sqlite3.Connection:
        self.root.check()
        delete_state(self.root, self.source_id)
        with closing(make_file(self.path)) as connection:
            self._take(connection, is_new=True)
            make_indexes(connection)
        publish_new(self.root, self.source_id)
        return open_file(self.path)

    def _open_private(self) -> sqlite3.Connection:
        """Open what is known to this process alone, over the file of the source where that is whole."""
        connection, is_shared = open_private(self.path)
        try:
            self._layers = ("main", "shared") if is_shared else ("main",)
            return self._taken_forward(connection, is_shared=is_shared)
        except (DoubtError, sqlite3.DatabaseError, ValueError):
            if not is_shared:
                raise
        self._layers = ("main",)
        return self._taken_forward(open_private(None)[0])

    def _taken_forward(self, connection: sqlite3.Connection, *, is_shared: bool = False) -> sqlite3.Connection:
        try:
            self._take(connection, is_shared=is_shared)
        except BaseException:
            connection.close()
            raise
        return connection

    def _take(self, connection: sqlite3.Connection, *, is_new: bool = False, is_shared: bool = False) -> None:
        layer = "shared" if is_shared else "main"
        for table in _COPIED if is_shared else ():
            connection.execute(f"INSERT INTO main.{table} SELECT * FROM shared.{table}")  # noqa: S608  ours
        ((taken_at,),) = connection.execute(f"SELECT taken_at FROM {layer}.meta").fetchall()  # noqa: S608  ours
        if taken_at > self._soon:
            raise DoubtError  # of what a clock wrote that was ahead more was believed then
        stored = connection.execute("SELECT name, size, modified, is_replaced FROM file")
        known_files = {name: (Stamp(size, modified), bool(replaced)) for name, size, modified, replaced in stored}
        files = find_new_files(self.root, self.source_id, ALL_COLUMNS, known_files)
        if files:
            with _transaction(connection):
                intake = Intake(connection, self.root, self.source_id, self.now, self.normalize)
                intake.take(files, is_new=is_new, is_shared=is_shared)


@contextmanager
def _transaction(connection: sqlite3.Connection) -> Iterator[None]:
    # What is not committed is gone when the connection is closed, as its caller does.
    connection.execute("BEGIN IMMEDIATE")
    yield
    connection.execute("COMMIT")


def _queries(layers: Iterable[str]) -> list[str]:
    return [f"SELECT facts FROM {layer}.address WHERE url = ?" for layer in layers]  # noqa: S608  ours


def _run(row: tuple[Any, ...]) -> Run:
    facts = dict(zip(RUN_COLUMNS, json.loads(row[0]), strict=True))
    for name in ("started_at", "finished_at"):
        facts[name] = None if facts[name] is None else moment(facts[name])
    if facts["kind"] is None:  # of release 0.1, where the view has it from the beginning of the run_id
        is_shard = facts["run_id"].startswith("shard-")
        facts["kind"] = RunKind.SHARD if is_shard else RunKind.INGEST if facts["config_digest"] else RunKind.ADDRESSES
    return Run(**facts | {"status": RunStatus(facts["status"]), "kind": RunKind(facts["kind"])})
