"""Lands the rows of one run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

from warehouse.model.records import Article, Capture, Rejection
from warehouse.model.rows import Discovery, Habit, Poll, Run
from warehouse.model.schema import Row
from warehouse.state.conclusion import Conclusion
from warehouse.storage.tables import Store, batch_key

MAX_POLL_WAIT: Final = timedelta(minutes=5)
"""An index of thousands of sitemaps that is read for an hour goes on where it was killed."""


@dataclass(slots=True)
class RunWriter:
    """Lands the rows of one run of one source. The same rows land in the same file; other rows never do."""

    store: Store
    source_id: str
    run_id: str
    clock: Callable[[], datetime]
    files: int = 0
    """Files that have landed."""
    poll_files: int = 0
    _polls: list[Poll] = field(default_factory=list)
    """Polls that wait to be landed together, and since when."""
    _polls_since: datetime | None = None

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

    def add_poll(self, poll: Poll) -> None:
        """Take a poll, to be landed with others; it does not wait for long."""
        self._polls.append(poll)
        self._polls_since = self._polls_since or self.clock()
        if self.clock() - self._polls_since > MAX_POLL_WAIT:
            self.land_polls()

    def land_polls(self) -> None:
        """Land the polls that wait, as one file."""
        self._land("polls", self._polls, [self.run_id, str(self.poll_files), *(poll.endpoint for poll in self._polls)])
        self.poll_files += bool(self._polls)
        self._polls.clear()
        self._polls_since = None

    def land_run(self, run: Run) -> None:
        """Land the row of this run, or of one that was killed."""
        # A file for each way to end: a run that was taken for killed may come to its own end yet.
        self.store.land("runs", [run], source_id=self.source_id, key=f"{run.run_id}-{run.status}", now=run.started_at)

    def _land(self, table: str, rows: Sequence[Row], identity: Iterable[str]) -> None:
        if rows:
            self.store.land(table, rows, source_id=self.source_id, key=batch_key(identity), now=self.clock())
            self.files += 1
