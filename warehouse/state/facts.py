"""What the rows of the tables say of one address, and what is known of it therefore.

What is newest is decided as the views decide it, or ledger and view would name two versions the current one.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final, NamedTuple, TypeVar

from warehouse.archive.old_facts import REPAIR
from warehouse.archive.writer import Earlier
from warehouse.model.instants import moment
from warehouse.model.records import FORGOTTEN, LISTED, RECOVERED
from warehouse.model.vocabulary import Outcome
from warehouse.state.address import Known

_FAILED: Final = str(Outcome.FAILED)
_BECAME_A_ROW: Final = frozenset({str(Outcome.STORED), str(Outcome.REJECTED), RECOVERED})
"""What a capture of these outcomes came to has landed before it did, under its id."""


class Sighting(NamedTuple):
    """A row of `discoveries`. Times are microseconds since 1970, here and below."""

    run_id: str | None
    seen_at: int
    normalized_url: str
    guid: str
    found_in: str
    title: str | None
    published_at: int | None
    modified: str | None


class Reading(NamedTuple):
    """A row of `captures` of a document."""

    run_id: str | None
    fetched_at: int
    capture_id: str
    outcome: str
    payload_digest: str
    is_whole: bool
    """Whether it came over HTTP with status 200 and content: asked again, its server can say that it is the same."""
    final_url: str | None
    etag: str | None
    last_modified: str | None
    media_type: str | None
    charset: str | None


class Version(NamedTuple):
    """A row of `articles`."""

    run_id: str | None
    fetched_at: int
    landed_at: int
    capture_id: str
    version_id: str
    article_id: str
    is_deleted: bool


class Refusal(NamedTuple):
    """A row of `rejects`."""

    run_id: str | None
    first_seen_at: int
    last_seen_at: int
    capture_id: str | None
    stage: str
    reason: str
    detail: str
    attempts: int
    duplicate_of: str | None


Fact = Sighting | Reading | Version | Refusal
_Fact = TypeVar("_Fact", Sighting, Reading, Version, Refusal)


@dataclass(slots=True)
class Facts:
    """All rows about one address of a source."""

    url: str
    sightings: list[Sighting]
    readings: list[Reading]
    versions: list[Version]
    refusals: list[Refusal]

    @classmethod
    def parse(cls, url: str, text: str | None) -> Facts:
        """Return the facts that were written as `text`; none for None."""
        sightings, readings, versions, refusals = json.loads(text) if text else ((), (), (), ())
        return cls(
            url,
            [Sighting(*fact) for fact in sightings],
            [Reading(*fact) for fact in readings],
            [Version(*fact) for fact in versions],
            [Refusal(*fact) for fact in refusals],
        )

    def text(self) -> str:
        """Return the facts as `parse` reads them."""
        facts = (self.sightings, self.readings, self.versions, self.refusals)
        return json.dumps(facts, ensure_ascii=False, separators=(",", ":"))

    def add(self, others: Iterable[Fact]) -> None:
        """Add facts; one that is there already changes nothing. Of a capture that landed twice one row is kept."""
        readings = {reading.capture_id: reading for reading in self.readings}
        for fact in others:
            if isinstance(fact, Sighting):
                self.sightings.append(fact)
            elif isinstance(fact, Version):
                self.versions.append(fact)
            elif isinstance(fact, Refusal):
                self.refusals.append(fact)
            elif fact.capture_id not in readings or readings[fact.capture_id].outcome == RECOVERED:
                readings[fact.capture_id] = fact
        # What landed again, say in a base file, is no second fact. The oldest stand first.
        self.sightings = sorted(set(self.sightings), key=lambda fact: fact.seen_at)
        self.readings = sorted(readings.values(), key=lambda fact: (fact.fetched_at, fact.capture_id))
        self.versions = sorted(set(self.versions), key=lambda fact: (fact.fetched_at, fact.landed_at, fact.capture_id))
        self.refusals = sorted(set(self.refusals), key=lambda fact: fact.last_seen_at)

    def without(self, run_ids: Collection[str]) -> Facts:
        """Return the facts that other runs than these have landed."""
        if not run_ids:
            return self

        def others(facts: list[_Fact]) -> list[_Fact]:
            return [fact for fact in facts if fact.run_id not in run_ids]

        return Facts(
            self.url, others(self.sightings), others(self.readings), others(self.versions), others(self.refusals)
        )

    def concluded(self) -> set[str | None]:
        """Return the captures that an article or a refusal refers to."""
        return {fact.capture_id for fact in self.versions} | {fact.capture_id for fact in self.refusals}

    def lost_captures(self, beside: Collection[str] = ()) -> list[str]:
        """Return the captures that say to have become an article or a refusal, of which there is no row."""
        landed = self.concluded()
        readings = self.without(beside).readings
        return [fact.capture_id for fact in readings if fact.outcome in _BECAME_A_ROW and fact.capture_id not in landed]

    def known(self, now: int) -> Known | None:
        """Return what these facts come to; None if there are none. `now` is in microseconds since 1970."""
        settled_at = max([fact.landed_at for fact in self.versions]) if self.versions else None
        # A refusal before the article was stored is settled.
        refusals = [fact for fact in self.refusals if settled_at is None or fact.last_seen_at > settled_at]
        seen_at = self._seen_at(refusals)
        if seen_at is None:
            return None
        newest = [seen_at]
        if self.sightings:
            known = self._sighted()
            newest.append(self.sightings[-1].seen_at)
        else:
            known = Known(self.url, self.url.partition("#")[0], moment(seen_at), is_sighted=False)
        if self.readings:
            self._read(known)
            newest.append(self.readings[-1].fetched_at)
        if settled_at is not None:
            known.version_id = self.versions[-1].version_id
            known.is_forgotten = bool([fact for fact in self.versions if fact.is_deleted])
            newest += [settled_at, self.versions[-1].fetched_at]
        if refusals:
            _refuse(known, refusals)
            newest.append(refusals[-1].last_seen_at)
        if max(newest) > now:
            known.newest_at = moment(max(newest))
        return known

    def _seen_at(self, refusals: list[Refusal]) -> int | None:
        """Return when it was first seen: by a sighting, else by what else there is."""
        if self.sightings:
            return self.sightings[0].seen_at
        if self.readings:
            return self.readings[0].fetched_at
        if self.versions:
            return self.versions[0].fetched_at
        return min([fact.first_seen_at for fact in refusals], default=None)

    def _sighted(self) -> Known:
        first = self.sightings[0]
        titles = [fact.title for fact in self.sightings if fact.title is not None]
        published_at = [fact.published_at for fact in self.sightings if fact.published_at is not None]
        modified = [fact.modified for fact in self.sightings if fact.modified is not None]
        known = Known(
            first.guid, first.found_in, moment(first.seen_at), titles[0] if titles else None,
            moment(published_at[0]) if published_at else None, modified[-1] if modified else None,
            normalized_url=first.normalized_url,
        )  # fmt: skip
        if len(modified) > 1 and len(set(modified)) > 1:
            read_at = [fact.fetched_at for fact in self.readings if fact.outcome != _FAILED]
            known.is_changed = bool(read_at) and self.sightings[-1].seen_at > read_at[-1]
        return known

    def _read(self, known: Known) -> None:
        concluded = [fact for fact in self.readings if fact.outcome != _FAILED]
        known.payload_digests = tuple([fact.payload_digest for fact in concluded])
        known.first_fetched_at = known.last_fetched_at = moment(self.readings[0].fetched_at)
        if len(self.readings) > 1:
            known.last_fetched_at = moment(self.readings[-1].fetched_at)
        whole = [fact for fact in concluded if fact.is_whole]
        if whole:
            last = whole[-1]
            is_only = last is self.readings[0] and known.first_fetched_at
            known.earlier = Earlier(
                last.capture_id, last.final_url or self.url, is_only or moment(last.fetched_at), last.payload_digest,
                last.etag, last.last_modified, last.media_type, last.charset,
            )  # fmt: skip


def _refuse(known: Known, refusals: list[Refusal]) -> None:
    last = refusals[-1]
    known.refusal, known.attempts = (last.stage, last.reason, last.detail), max(fact.attempts for fact in refusals)
    known.duplicate_of = last.duplicate_of
    known.refused_at = moment(min(fact.first_seen_at for fact in refusals))
    last_seen_at = moment(last.last_seen_at)
    known.last_fetched_at = max(known.last_fetched_at or last_seen_at, last_seen_at)


def _sighting_of(row: Sequence[Any]) -> tuple[str, Fact]:
    return row[0], Sighting(*row[1:])


def _version_of(row: Sequence[Any]) -> tuple[str, Fact]:
    url, run_id, fetched_at, landed_at, *values = row
    return url, Version(run_id, fetched_at, fetched_at if landed_at is None else landed_at, *values)


def _refusal_of(row: Sequence[Any]) -> tuple[str, Fact]:
    return row[0], Refusal(*row[1:])


def _reading_of(row: Sequence[Any]) -> tuple[str, Fact] | None:
    capture = dict(zip(CAPTURE_COLUMNS, row, strict=True))
    if capture["outcome"] in (LISTED, FORGOTTEN):
        return None
    capture["is_whole"] = capture["http_status"] == HTTPStatus.OK and capture["payload_bytes"] > 0
    # As the view has it: files of release 0.1 lack the purpose, and say it at the end of the address.
    url = capture["url"].removesuffix(REPAIR) if capture["purpose"] is None else capture["url"]
    return url, Reading(*(capture[name] for name in Reading._fields))


CAPTURE_COLUMNS: Final = (
    "url", "run_id", "outcome", "purpose", "is_read", "error", "http_status", "payload_bytes", "fetched_at",
    "capture_id", "etag", "last_modified", "payload_digest", "media_type", "charset", "final_url",
)  # fmt: skip
COLUMNS: Final[dict[str, tuple[str, ...]]] = {
    "discoveries": ("url", *Sighting._fields),
    "captures": CAPTURE_COLUMNS,
    "articles": ("url", *Version._fields[:-1], "deleted"),
    "rejects": ("url", *Refusal._fields),
}
FACT_OF: Final[dict[str, Callable[[Sequence[Any]], tuple[str, Fact] | None]]] = {
    "discoveries": _sighting_of,
    "captures": _reading_of,
    "articles": _version_of,
    "rejects": _refusal_of,
}
"""What makes an address and a fact of a row of these columns; None where the row is about no document."""
