"""What the warehouse holds of the listings that a source polls: feeds, sitemaps, section pages."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any, Final, NamedTuple

from warehouse.archive.old_facts import current_facts
from warehouse.archive.writer import Earlier
from warehouse.model.instants import MAX_MACHINE_CLOCK_DIFFERENCE, microseconds_of, moment
from warehouse.model.records import LISTED
from warehouse.model.vocabulary import Purpose
from warehouse.state.facts import CAPTURE_COLUMNS


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One listing as its last polls left it."""

    url: str
    polled_at: datetime | None = None
    """When it was last asked for."""
    next_poll_at: datetime | None = None
    read_at: datetime | None = None
    """When it was last read whole; a server that says 304 may have hidden entries since."""
    interval: timedelta | None = None
    """Between two looks while all goes well; failures do not change it."""
    failures: float = 0.0
    """Sum of their weights since it was last read."""
    unchanged_in_row: int = 0
    """Answers 304 since it was last sent whole."""
    moved_to: str | None = None
    capture_id: str | None = None
    """Of the last whole answer; with what follows."""
    fetched_at: datetime | None = None
    etag: str | None = None
    last_modified: str | None = None
    payload_digest: str | None = None
    media_type: str | None = None
    charset: str | None = None
    final_url: str | None = None
    lied: bool = False
    """Whether the same validators once stood for two different bodies."""

    @property
    def earlier(self) -> Earlier | None:
        """The capture of the last whole answer, for one that finds the same."""
        if self.capture_id is None or self.fetched_at is None or self.payload_digest is None:
            return None
        return Earlier(
            self.capture_id,
            self.final_url or self.url,
            self.fetched_at,
            self.payload_digest,
            self.etag,
            self.last_modified,
            self.media_type,
            self.charset,
        )


class PollFact(NamedTuple):
    """A row of `polls`. Times are microseconds since 1970, here and below."""

    polled_at: int
    next_poll_at: int | None
    error: str | None
    http_status: int | None
    failures: float | None
    moved_to: str | None

    @property
    def is_whole(self) -> bool:
        """Whether the listing was read whole."""
        return self.error is None and self.http_status != HTTPStatus.NOT_MODIFIED


class ListingFact(NamedTuple):
    """A row of `captures` of a listing that was sent whole."""

    fetched_at: int
    capture_id: str
    etag: str | None
    last_modified: str | None
    payload_digest: str
    media_type: str | None
    charset: str | None
    final_url: str | None
    is_read: bool


@dataclass(slots=True)
class EndpointFacts:
    """Of the rows about one listing those that say how it stands."""

    polls: list[PollFact] = field(default_factory=list)
    listings: list[ListingFact] = field(default_factory=list)
    lied: bool = False

    @classmethod
    def parse(cls, text: str | None) -> EndpointFacts:
        """Return the facts that were written as `text`; none for None."""
        polls, listings, lied = json.loads(text) if text else ((), (), False)
        return cls([PollFact(*fact) for fact in polls], [ListingFact(*fact) for fact in listings], lied)

    def text(self) -> str:
        """Return the facts as `parse` reads them."""
        return json.dumps((self.polls, self.listings, self.lied), ensure_ascii=False, separators=(",", ":"))

    def add(self, facts: Iterable[PollFact | ListingFact], now: datetime) -> None:
        """Add facts, and drop those that say nothing any more, whatever comes."""
        facts = list(facts)
        polls = {*self.polls, *(fact for fact in facts if isinstance(fact, PollFact))}
        listings = {*self.listings, *(fact for fact in facts if isinstance(fact, ListingFact) and fact.is_read)}
        soon = microseconds_of(now + MAX_MACHINE_CLOCK_DIFFERENCE)
        self.polls = sorted((fact for fact in polls if fact.polled_at > soon), reverse=True, key=_time)
        self.polls += _telling(sorted((fact for fact in polls if fact.polled_at <= soon), reverse=True, key=_time))
        self.listings = sorted(listings, reverse=True, key=_time)
        ahead = sum(fact.fetched_at > soon for fact in self.listings)
        del self.listings[ahead + 1 :]

    def endpoint(self, url: str, now: datetime) -> Endpoint | None:
        """Return how the listing stands; None if it was never polled. What lies ahead of `now` is not believed.

        A clock that was wrong wrote it, and nothing would be due before that day.
        """
        soon = microseconds_of(now + MAX_MACHINE_CLOCK_DIFFERENCE)
        polls = [fact for fact in self.polls if fact.polled_at <= soon]
        listing = next((fact for fact in self.listings if fact.fetched_at <= soon), None)
        if not polls and listing is None:
            return None
        next_poll_at = next((fact.next_poll_at for fact in polls if fact.next_poll_at is not None), None)
        read_at = next((fact.polled_at for fact in polls if fact.is_whole), None)
        timed = next((fact for fact in polls if fact.error is None and fact.next_poll_at is not None), None)
        unchanged = next(
            (number for number, fact in enumerate(polls) if fact.http_status != HTTPStatus.NOT_MODIFIED), len(polls)
        )
        return Endpoint(
            url=url,
            polled_at=moment(polls[0].polled_at) if polls else None,
            next_poll_at=None if next_poll_at is None else moment(next_poll_at),
            read_at=None if read_at is None else moment(read_at),
            interval=timedelta(microseconds=(timed.next_poll_at or 0) - timed.polled_at) if timed else None,
            failures=next((fact.failures for fact in polls if fact.failures is not None), 0.0),
            unchanged_in_row=unchanged,
            moved_to=next((fact.moved_to for fact in polls if fact.moved_to is not None), None),
            lied=self.lied,
            **_of_listing(listing),
        )


def _of_listing(listing: ListingFact | None) -> dict[str, Any]:
    if listing is None:
        return {}
    facts = listing._asdict() | {"fetched_at": moment(listing.fetched_at)}
    del facts["is_read"]
    return facts


def _time(fact: PollFact | ListingFact) -> int:
    return fact[0]


def _telling(polls: list[PollFact]) -> list[PollFact]:
    """Return of polls, the newest first, those that `EndpointFacts.endpoint` looks at."""
    tests: tuple[Callable[[PollFact], bool], ...] = (
        lambda poll: poll.next_poll_at is not None,
        lambda poll: poll.is_whole,
        lambda poll: poll.error is None and poll.next_poll_at is not None,
        lambda poll: poll.failures is not None,
        lambda poll: poll.moved_to is not None,
    )
    # Answers 304 are counted, back to the first other one.
    other = next(
        (number for number, poll in enumerate(polls) if poll.http_status != HTTPStatus.NOT_MODIFIED), len(polls)
    )
    numbers = set(range(min(other + 1, len(polls))))
    for tells in tests:
        numbers |= {next((number for number, poll in enumerate(polls) if tells(poll)), 0)}
    return [polls[number] for number in sorted(numbers) if polls]


POLL_COLUMNS: Final = ("endpoint", *PollFact._fields)


def poll_of(row: Sequence[Any]) -> tuple[str, PollFact]:
    """Return the URL and the fact of a row of `POLL_COLUMNS`."""
    return row[0], PollFact(*row[1:])


def listing_of(row: Sequence[Any]) -> tuple[str, ListingFact] | None:
    """Return the URL and the fact of a row of `CAPTURE_COLUMNS`; None if no listing was sent whole."""
    facts = dict(zip(CAPTURE_COLUMNS, row, strict=True))
    if facts["outcome"] != LISTED or facts["http_status"] != HTTPStatus.OK or not facts["payload_bytes"]:
        return None
    facts = current_facts({name: value for name, value in facts.items() if name != "purpose" or value is not None})
    if facts["purpose"] != Purpose.LISTING:
        return None
    if facts["is_read"] is None:  # of release 0.1, where the error says it
        facts["is_read"] = not (facts["error"] or "").startswith("not read: ")
    return facts["url"], ListingFact(*(facts[name] for name in ListingFact._fields))
