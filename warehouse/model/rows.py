"""Rows that say what happened: sightings, looks, runs, and what a source was seen to repeat."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple

from warehouse.model.vocabulary import HabitPlace, Outcome, RunKind, RunStatus


@dataclass(frozen=True, slots=True)
class Discovery:
    """A row of `discoveries`: one sighting of one address."""

    source_id: str
    """Name of the source, as in `config/sources`."""
    run_id: str
    """The run that saw it."""
    url: str
    """Address that was seen; `file:` for a file, with a fragment for a record inside one."""
    normalized_url: str
    """`url` in its one spelling."""
    guid: str
    """What identifies the document for good: the listing's own id, else its address."""
    found_in: str
    """Address of the feed, sitemap, page, folder or file that named it."""
    seen_at: datetime
    """When it was seen, in UTC."""
    title: str | None = None
    """Title that the listing gives it."""
    published_at: datetime | None = None
    """When it was published, as the listing says, in UTC."""
    modified: str | None = None
    """When it was last changed, as the listing says: ISO 8601 in UTC."""


@dataclass(frozen=True, slots=True)
class Poll:
    """A row of `polls`: one look at one feed, sitemap, folder or file."""

    source_id: str
    """Name of the source, as in `config/sources`."""
    run_id: str
    """The run that polled it."""
    endpoint: str
    """Address of the feed, sitemap, page, folder or file."""
    polled_at: datetime
    """When it was polled, in UTC."""
    http_status: int | None
    """Status of the answer; NULL for a file and where there was no answer."""
    entries: int
    """Entries that it named."""
    known: int
    """Those of the entries that were known before."""
    oldest_at: datetime | None
    """Publication of its oldest entry, in UTC."""
    gap_suspected: bool
    """Whether none of its entries was known although it had been polled before: some may have come and gone."""
    next_poll_at: datetime | None
    """When it is due again, in UTC."""
    error: str | None = None
    """Why it could not be read."""
    failures: float = 0.0
    """Weight of the failures since it was last read: 1 a hard one, 0.5 a soft one, 0.25 one that the server times."""
    moved_to: str | None = None
    """Address that it says to have moved to for good."""
    skipped: str | None = None
    """What of it was passed over, and why, as sentences; NULL if nothing was."""
    is_postponed: bool | None = None
    """Whether its host asks for a longer pause than a run waits; NULL in rows of release 0.1."""


class RunRules(NamedTuple):
    """What the documents of a run are judged by; the fields of a `Run` that say so."""

    code_version: str = ""
    config_digest: str = ""
    """Empty where a part of the source is judged: the next run is not to rely on it."""


NO_RULES: Final = RunRules()
"""Of a run that judges nothing."""


RUN_COUNTS: Final = ("discovered", *Outcome)
"""The counts of a run; the first is the sum of the others."""


@dataclass(frozen=True, slots=True)
class Run:
    """A row of `runs`: one run of one source that has ended. `discovered` is the sum of the six counts after it."""

    run_id: str
    """Identity of the run."""
    source_id: str
    """Name of the source, as in `config/sources`."""
    started_at: datetime
    """When it began, in UTC."""
    finished_at: datetime | None = None
    """When it ended, in UTC; NULL where it was killed."""
    status: RunStatus = RunStatus.RUNNING
    """`succeeded`, `failed` or `interrupted`; `running` only of a run of release 0.1."""
    discovered: int = 0
    """Documents that it met: the sum of the six counts that follow."""
    stored: int = 0
    """Documents that became an article or a new version of one."""
    unchanged: int = 0
    """Documents that were as they had been."""
    duplicate: int = 0
    """Documents with the title and text of another article of the source."""
    rejected: int = 0
    """Documents that were refused."""
    failed: int = 0
    """Documents that could not be read this time."""
    pending: int = 0
    """Documents that are left for the next run."""
    error: str | None = None
    """What went wrong, as a sentence."""
    code_version: str = ""
    """Version of Copydesk."""
    config_digest: str = ""
    """Digest of the configuration that all of a source was judged by; empty for a run over a part of it."""
    kind: RunKind = RunKind.INGEST
    """What it took in: `ingest` (all inputs), `addresses` (some known addresses again) or `shard` (a part)."""
    shard_key: str | None = None
    """Of a shard: what identifies its part; the same part of the same files has the same key."""
    skipped: str | None = None
    """What its inputs passed over or put off, and why, as sentences; NULL if nothing was."""
    source_tags: tuple[str, ...] = ()
    """Tags of the source, as its file had them then."""
    flow_run_id: str | None = None
    """Id of the run of Prefect's flow that it was a part of; NULL of one from the command line and of a backfill."""

    @property
    def counts(self) -> dict[str, int]:
        """Its counts by their names; the first is the sum of the others."""
        return {str(name): getattr(self, name) for name in RUN_COUNTS}

    def __post_init__(self) -> None:
        """Make a tuple of the tags: JSON and DuckDB give a list, and files of release 0.1 NULL."""
        object.__setattr__(self, "source_tags", tuple(self.source_tags or ()))


@dataclass(frozen=True, slots=True)
class Habit:
    """A row of `habits`: what a run learned of one line that recurs across a source's articles, or of its titles."""

    source_id: str
    """Name of the source, as in `config/sources`."""
    line: str
    """Its words without case and signs, by which it is known again."""
    text: str
    """The line as the newest article prints it."""
    place: HabitPlace
    """Where in a text it is taken out: `end`, `inside`, `anywhere`; `title`: `text` is the origin of its headlines."""
    articles: int
    """Different articles that have it, of those looked at; 0: it is forgotten."""
    among: int
    """Different articles that were looked at."""
    first_seen_at: datetime
    """In the oldest of these articles, by when that was first seen, in UTC."""
    last_seen_at: datetime
    """In the newest of these articles, by when that was first seen, in UTC."""
    learned_at: datetime
    """When it was learned, in UTC."""
