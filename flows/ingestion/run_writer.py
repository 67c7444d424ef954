"""Lands the rows of one run."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from warehouse.model.records import Article, Capture, Rejection
from warehouse.model.rows import Discovery, Habit, Poll, Run
from warehouse.model.schema import Row
from warehouse.model.vocabulary import RunStatus
from warehouse.state.ledger import Conclusion
from warehouse.storage.tables import Store


@dataclass(frozen=True, slots=True)
class RunWriter:
    """Lands the rows of one run of one source. The same rows land in the same file; other rows never do."""

    store: Store
    source_id: str
    run_id: str
    clock: Callable[[], datetime]

    def land_discoveries(self, discoveries: Sequence[Discovery], kind: str | None = None) -> None:
        """Land addresses that are new or have changed; `kind` tells batches of the same addresses from each other."""
        kinds = [] if kind is None else [kind]
        self._land("discoveries", discoveries, [self.run_id, *kinds, *(row.url for row in discoveries)])

    def land_conclusions(self, conclusions: Iterable[Conclusion]) -> None:
        """Land the rows of documents that came to their conclusion.

        Captures land last: one that has landed says that whatever came of it has landed too.
        """
        conclusions = list(conclusions)
        rows = [conclusion.row for conclusion in conclusions]
        articles = [replace(row, run_id=self.run_id) for row in rows if isinstance(row, Article)]
        rejects = [replace(row, run_id=self.run_id) for row in rows if isinstance(row, Rejection)]
        self._land("articles", articles, (row.capture_id for row in articles))
        self._land("rejects", rejects, [self.run_id, *(f"{row.url} {row.attempts}" for row in rejects)])
        self.land_captures([conclusion.capture for conclusion in conclusions if conclusion.capture])

    def land_captures(self, captures: Sequence[Capture]) -> None:
        """Index records of the archive."""
        self._land("captures", captures, (row.capture_id for row in captures))

    def land_habits(self, habits: Sequence[Habit]) -> None:
        """Land what was learned of recurring lines."""
        self._land("habits", habits, [self.run_id])

    def land_poll(self, poll: Poll, number: int | str = "") -> None:
        """Land one poll of an input; `number` tells two inputs of one address from each other."""
        self._land("polls", [poll], [self.run_id, poll.endpoint, str(number)])

    def land_run(self, run: Run) -> None:
        """Land the row of this run, or of one that was killed."""
        # A file of its own for the end: one that is replaced while another source's run reads it looks damaged.
        key = run.run_id if run.status is RunStatus.RUNNING else f"{run.run_id}-{run.status}"
        self.store.land("runs", [run], source_id=self.source_id, key=key, now=run.started_at)

    def _land(self, table: str, rows: Sequence[Row], content: Iterable[str]) -> None:
        if rows:
            key = hashlib.blake2b("\n".join(content).encode(), digest_size=12).hexdigest()
            self.store.land(table, rows, source_id=self.source_id, key=key, now=self.clock())
