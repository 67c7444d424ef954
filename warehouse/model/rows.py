"""Rows that say what happened: sightings, looks, runs, and what a source was seen to repeat."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from warehouse.model.vocabulary import HabitPlace, RunStatus


@dataclass(frozen=True, slots=True)
class Discovery:
    """A row of `discoveries`: one sighting of one address."""

    source_id: str
    run_id: str
    url: str
    normalized_url: str
    guid: str
    found_in: str
    seen_at: datetime
    title: str | None = None
    published_at: datetime | None = None
    modified: str | None = None
    """When it last changed, as the place that named it says: ISO 8601 in UTC."""


@dataclass(frozen=True, slots=True)
class Poll:
    """A row of `polls`: one look at one feed, sitemap, folder or file."""

    source_id: str
    run_id: str
    endpoint: str
    polled_at: datetime
    http_status: int | None
    entries: int
    known: int
    oldest_at: datetime | None
    gap_suspected: bool
    """Whether none of its entries was known although it had been polled before: some may have come and gone."""
    next_poll_at: datetime | None
    error: str | None = None
    failures: float = 0.0
    """Weight of the failures since it was last read: 1 a hard one, 0.5 a soft one, 0.25 one that the server times."""
    moved_to: str | None = None
    """Where it said to have moved for good."""


@dataclass(frozen=True, slots=True)
class Run:
    """A row of `runs`: one run of one source. `discovered` is the sum of the six counts after it."""

    run_id: str
    source_id: str
    started_at: datetime
    finished_at: datetime | None = None
    status: RunStatus = RunStatus.RUNNING
    discovered: int = 0
    stored: int = 0
    unchanged: int = 0
    duplicate: int = 0
    rejected: int = 0
    failed: int = 0
    pending: int = 0
    error: str | None = None
    code_version: str = ""
    config_digest: str = ""


@dataclass(frozen=True, slots=True)
class Habit:
    """A row of `habits`: what a run learned of one line that recurs across a source's articles."""

    source_id: str
    line: str
    """Its words without case and signs, by which it is known again."""
    text: str
    """As the newest article prints it."""
    place: HabitPlace
    articles: int
    """Different articles that have it, of those looked at; 0: it is forgotten."""
    among: int
    """Different articles that were looked at."""
    first_seen_at: datetime
    """In the oldest of these articles, by when that was first seen."""
    last_seen_at: datetime
    learned_at: datetime
