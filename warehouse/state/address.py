"""What is held of one address, and whether it is to be read again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from warehouse.archive.writer import Earlier
from warehouse.model.vocabulary import STAND_INS, Reason, Stage

TICK: Final = timedelta(microseconds=1)
"""The resolution of the tables' times."""
MIN_RETRY_WAIT: Final = timedelta(minutes=10)
MAX_RETRY_WAIT: Final = timedelta(hours=24)
"""A page that could not be had is asked for again after the least wait, doubled with each attempt up to the last."""
MIN_REST: Final = timedelta(minutes=10)
"""Between two looks at a page of which a listing says that it has changed."""
RETRIED_REASONS: Final = frozenset({Reason.TIMED_OUT, Reason.CRASHED, *STAND_INS})
"""Refusals that say nothing of the article.

They are tried again in up to `MAX_ATTEMPTS` runs, pages in `MAX_PAGE_ATTEMPTS`.
"""
TEMPORARY_REASONS: Final = frozenset({Reason.VANISHED, Reason.UNREADABLE, Reason.FETCH_FAILED})
"""Refusals that the next run may not meet again: the bytes could not be had."""
MAX_ATTEMPTS: Final = 3
MAX_PAGE_ATTEMPTS: Final = 8


def not_before(newest: datetime | None, now: datetime) -> datetime:
    """Return the time of a row that follows the row of `newest`: `now`, or the next instant where that lies before it.

    **The order of rows.** Rows of one address, and of one line that recurs, are ordered by their times, and a clock
    may have been ahead when the last of them was written. So each new row passes through here: of one address, the
    times that Copydesk writes never go back, whatever the clock does. What a document brings with it, such as the date
    of a record in somebody else's WARC file, is no time of ours and stays; an older document that comes later never
    takes the place of a newer one.

    What says how things stand at present, such as a run or the next look at a feed, is written by the clock as it is;
    there, what lies ahead of the clock was written by a wrong one and is not believed.
    """
    return now if newest is None or newest <= now else newest + TICK


@dataclass(slots=True)
class Known:
    """What is held of one address."""

    guid: str
    found_in: str
    first_seen_at: datetime
    title: str | None = None
    published_at: datetime | None = None
    modified: str | None = None
    """As the place that named it last said."""
    is_changed: bool = False
    """Whether that place says so of a change since the address was last asked for."""
    payload_digests: tuple[str, ...] = ()
    """Of the bytes that came to a conclusion, the last ones last."""
    earlier: Earlier | None = None
    """The last capture over HTTP that holds its content."""
    first_fetched_at: datetime | None = None
    last_fetched_at: datetime | None = None
    """When it was last asked for, whatever came of it."""
    version_id: str | None = None
    is_forgotten: bool = False
    """Whether it was taken down; it is never taken in again."""
    refusal: tuple[str, str, str] | None = None
    """Stage, reason and detail of the last one."""
    duplicate_of: str | None = None
    """The address of the article that it was refused for."""
    refused_at: datetime | None = None
    attempts: int = 0
    newest_at: datetime | None = None
    """The time of its newest row, where that lies ahead of the clock or was written by this run."""
    is_sighted: bool = True
    """False where no row says that it was discovered: the file with that row was lost."""
    normalized_url: str = ""
    """The spelling under which it was first seen."""

    @property
    def is_pending(self) -> bool:
        """Whether it has neither an article nor a refusal."""
        return self.version_id is None and self.refusal is None and not self.is_forgotten

    @property
    def has_failed(self) -> bool:
        """Whether it has no article and could not be had the last time, whatever it was refused for before."""
        return self.version_id is None and self.refusal is not None and self.refusal[1] in TEMPORARY_REASONS

    def is_wanted(self, now: datetime, recheck: Sequence[float]) -> bool:
        """Return whether a page is due: it was never fetched, its retry is due, or it may have changed.

        `recheck` are hours after its first fetch.
        """
        if self.is_forgotten or self.is_pending:
            return self.is_pending
        if self.version_id is None and self.refusal is not None:
            stage, reason, _ = self.refusal
            if stage == Stage.FETCH or reason in RETRIED_REASONS:
                is_due = self._rested(now, self._rest) or (reason in STAND_INS and self._may_have_changed(now, recheck))
                return self.attempts < self._max_attempts and is_due
        return self._may_have_changed(now, recheck)

    def watched_age(self) -> timedelta | None:
        """Return the time from its first fetch to its last: later hours of `recheck` are still to come.

        None for an address that is not wanted again, a negative time where more than these hours decides it.
        """
        if self.is_forgotten:
            return None
        if self.is_pending or self.is_changed:
            return -TICK
        if self.version_id is None and self.refusal is not None:
            stage, reason, _ = self.refusal
            if stage == Stage.FETCH or reason in RETRIED_REASONS:
                return -TICK if self.attempts < MAX_PAGE_ATTEMPTS else None
        if self.first_fetched_at is None or self.last_fetched_at is None:
            return None
        return self.last_fetched_at - self.first_fetched_at

    @property
    def is_retried(self) -> bool:
        """Return whether its last refusal may be the machine's fault and is tried again."""
        return self.refusal is not None and self.refusal[1] in RETRIED_REASONS and self.attempts < self._max_attempts

    @property
    def _max_attempts(self) -> int:
        return MAX_PAGE_ATTEMPTS if self.refusal is not None and self.refusal[0] == Stage.FETCH else MAX_ATTEMPTS

    def is_repeated(self, refusal: tuple[str, str, str]) -> bool:
        """Return whether a refusal is the last one again and no news, as trying again was not the point."""
        return self.refusal == refusal and refusal[1] not in RETRIED_REASONS and refusal[1] not in TEMPORARY_REASONS

    def refuse(self, refusal: tuple[str, str, str], duplicate_of: str | None = None) -> None:
        """Note a refusal that is news."""
        self.refusal, self.duplicate_of = refusal, duplicate_of
        self.attempts += 1

    def store(self, version_id: str) -> None:
        """Note a version; refusals before it are settled."""
        self.version_id = version_id
        self.refusal, self.duplicate_of, self.refused_at, self.attempts = None, None, None, 0

    def _may_have_changed(self, now: datetime, recheck: Sequence[float]) -> bool:
        if self.first_fetched_at is None or self.last_fetched_at is None:
            return False
        if self.last_fetched_at > now:
            # By a clock that was ahead; hours since then cannot be told. Never more looks than there are hours.
            return self.is_changed or len(self.payload_digests) <= len(recheck)
        if self.is_changed:
            # Some say `changed just now` at every look: an old page then has a longer rest than a new one.
            return now >= self.last_fetched_at + max(MIN_REST, (self.last_fetched_at - self.first_fetched_at) / 2)
        moments = (self.first_fetched_at + timedelta(hours=hours) for hours in recheck)
        return any(self.last_fetched_at < moment <= now for moment in moments)

    def _rested(self, now: datetime, rest: timedelta) -> bool:
        last = self.last_fetched_at
        return last is not None and (now >= last + rest or last > now)

    @property
    def _rest(self) -> timedelta:
        # What is too large today is so in ten minutes, and asking costs as much again.
        too_large = self.refusal is not None and self.refusal[1] == Reason.TOO_LARGE
        return MAX_RETRY_WAIT if too_large else min(MIN_RETRY_WAIT * 2 ** max(0, self.attempts - 1), MAX_RETRY_WAIT)
