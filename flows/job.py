"""A run under way: what it listed, what it landed, how its counts stand."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from importlib.metadata import version
from uuid import uuid4

from config.settings import Settings
from config.sources import FolderInput, JsonlInput, Source
from tasks.addresses import normalize_url
from tasks.discover import discover, endpoint
from tasks.errors import InputError
from warehouse.connect import write_catalogue
from warehouse.errors import WarehouseError
from warehouse.ledger import Conclusion, Ledger
from warehouse.records import (
    Article,
    Capture,
    Discovery,
    Item,
    Outcome,
    Poll,
    Reason,
    Rejection,
    Run,
    RunStatus,
    Stage,
)
from warehouse.store import Row, Store

Clock = Callable[[], datetime]


def new_run_id(now: datetime) -> str:
    """The second it began and 8 random hex digits."""
    return f"{now:%Y%m%dT%H%M%SZ}-{uuid4().hex[:8]}"


@dataclass(slots=True)
class Job:
    """One run of one source; its lock is held."""

    source: Source
    settings: Settings
    store: Store
    ledger: Ledger
    clock: Clock
    run: Run
    counts: Counter[Outcome] = field(default_factory=Counter)
    found: int = 0
    problems: list[str] = field(default_factory=list)
    recovered: dict[str, Outcome] = field(default_factory=dict)
    """What came of documents that a killed run had archived, by address, until the listing meets them again."""

    def listing(self) -> Iterator[Item | Rejection]:
        """Every document that the source names now, then those that a killed run saw and never read."""
        waiting = dict.fromkeys(self.ledger.pending())
        unlisted: set[str] = set()
        for number, entry in enumerate(self.source.input):
            problems = len(self.problems)
            for item in self._look(number, entry):
                self.found += 1
                waiting.pop(item.url, None)
                yield item
            if len(self.problems) > problems:
                unlisted.add(endpoint(self.source, entry))
        files = {endpoint(self.source, entry) for entry in self.source.input if isinstance(entry, JsonlInput)}
        for url in waiting:
            known = self.ledger.addresses[url]
            # What was not listed for a reason that may pass goes on waiting.
            if known.found_in not in unlisted:
                self.found += 1
                item = Item(self.source.id, url, known.guid, known.found_in, known.first_seen_at)
                gone = f"{known.found_in}: the record is no longer in the file"
                yield item.reject(Stage.FETCH, Reason.VANISHED, gone) if known.found_in in files else item

    def land_discoveries(self, items: Iterable[Item | Rejection]) -> None:
        """Addresses seen for the first time; from here on they are pending at least."""
        rows = []
        for item in items:
            known = self.ledger.addresses[item.url]
            rows.append(
                Discovery(
                    self.source.id,
                    self.run.run_id,
                    item.url,
                    normalize_url(item.url),
                    known.guid,
                    known.found_in,
                    known.first_seen_at,
                )
            )
        self._land("discoveries", rows, _key(row.url for row in rows))

    def land(self, conclusions: Iterable[Conclusion]) -> None:
        """Rows of documents that came to their conclusion.

        Captures last: one that has landed says that whatever came of it has landed too.
        """
        conclusions = list(conclusions)
        rows = [conclusion.row for conclusion in conclusions]
        articles = [replace(row, run_id=self.run.run_id) for row in rows if isinstance(row, Article)]
        rejects = [replace(row, run_id=self.run.run_id) for row in rows if isinstance(row, Rejection)]
        captures = [conclusion.capture for conclusion in conclusions if conclusion.capture]
        self._land("articles", articles, _key(row.capture_id for row in articles))
        self._land("rejects", rejects, _key(f"{row.url} {row.attempts}" for row in rejects))
        self.land_captures(captures)

    def land_captures(self, captures: list[Capture]) -> None:
        """Index what the archive holds."""
        self._land("captures", captures, _key(row.capture_id for row in captures))

    def begin(self) -> None:
        """Say that the run is on, and of killed ones that they are not."""
        for run in self.ledger.unfinished:
            self._land_run(replace(run, status=RunStatus.INTERRUPTED, error="ended from outside, as by a kill"))
        self._land_run(self.run)

    def finish(self, status: RunStatus) -> Run:
        """The run with its counts, landed where storage lets it."""
        self.counts.update(self.recovered.values())
        self.found += len(self.recovered)
        done = replace(
            self.run,
            finished_at=self.clock(),
            status=status,
            discovered=self.found,
            stored=self.counts[Outcome.STORED],
            unchanged=self.counts[Outcome.UNCHANGED],
            duplicate=self.counts[Outcome.DUPLICATE],
            rejected=self.counts[Outcome.REJECTED],
            failed=self.counts[Outcome.FAILED],
            pending=self.found - self.counts.total(),
            error="; ".join(self.problems) or None,
        )
        try:
            self._land_run(done)
            write_catalogue(self.settings.data)
        except WarehouseError as error:
            sentence = str(error)
            done = replace(done, status=RunStatus.FAILED, error=done.error or sentence)
        return done

    def _look(self, number: int, entry: FolderInput | JsonlInput) -> Iterator[Item | Rejection]:
        polled_at = self.clock()
        entries = known = 0
        problem: str | None = None
        try:
            for item in discover(self.source, entry, self.settings, polled_at):
                entries += 1
                known += item.url in self.ledger.addresses
                yield item
        except InputError as error:
            problem = str(error)
            self.problems.append(problem)
        place = endpoint(self.source, entry)
        poll = Poll(self.source.id, self.run.run_id, place, polled_at, None, entries, known, None, False, None, problem)
        self._land("polls", [poll], _key([self.run.run_id, str(number)]))

    def _land_run(self, run: Run) -> None:
        # Under the month it began in, so that a run that ends in the next one replaces its own row.
        self.store.land("runs", [run], source_id=self.source.id, key=run.run_id, now=run.started_at)

    def _land(self, table: str, rows: Sequence[Row], key: str) -> None:
        if rows:
            self.store.land(table, rows, source_id=self.source.id, key=key, now=self.clock())


def rules_of(source: Source, settings: Settings) -> tuple[str, str]:
    """The code's version, and a digest of what the configuration says that may decide a document's end."""
    limits = f"{source.digest} {settings.max_document_bytes} {settings.document_seconds}"
    return version("copydesk"), hashlib.sha256(limits.encode()).hexdigest()[:16]


def first_run_row(source: Source, run_id: str, now: datetime, rules: tuple[str, str]) -> Run:
    """A run that has just begun."""
    return Run(run_id, source.id, now, code_version=rules[0], config_digest=rules[1])


def _key(parts: Iterable[str]) -> str:
    """Names a batch by what is in it: the same work lands in the same file, other work never does."""
    return hashlib.blake2b("\n".join(parts).encode(), digest_size=12).hexdigest()
