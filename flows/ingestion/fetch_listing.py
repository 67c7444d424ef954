"""A look at listings under way: ask, archive, read, and let what is named land."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from config.inputs import Input
from flows.ingestion.process_pool import CallError
from tasks.discover import listed_documents, read_listing
from tasks.fetch import as_fetched, request
from tasks.http.fetcher import ACCEPT_LISTINGS
from tasks.http.response import NotModified, Postponed, Refused
from tasks.listings.discovered import Discovered, item_of
from tasks.listings.listing import Listing, ListingError
from tasks.listings.poll_interval import classify_failure, sends_validators
from warehouse.archive.writer import ArchiveWriter
from warehouse.model.records import LISTED, Capture, Item
from warehouse.model.vocabulary import Purpose, Reason
from warehouse.state.endpoints import Endpoint

if TYPE_CHECKING:
    from flows.ingestion.ingest_run import Job


@dataclass(slots=True)
class Answered:
    """What came of asking for one listing."""

    listing: Listing | None = None
    """None where it is as it was, or could not be read."""
    http_status: int | None = None
    problem: str | None = None
    failure: float = 0.0
    until: datetime | None = None
    """When its host may be asked again."""
    moved_to: str | None = None


@dataclass(slots=True)
class Look:
    """A look under way: asks for listings, keeps their captures until all that they name has landed."""

    job: Job
    entry: Input
    archive: ArchiveWriter
    captures: list[Capture] = field(default_factory=list)
    found: list[Discovered] = field(default_factory=list)
    entries: int = 0
    known: int = 0
    dates: list[datetime] = field(default_factory=list)
    purpose: Purpose = Purpose.LISTING
    indexes: dict[str, str] = field(default_factory=dict)
    """The address at which each index of sitemaps was read first, by its digest."""
    loops: set[str] = field(default_factory=set)
    """Addresses, without their queries, at which an index was met again."""

    def leads_back(self, url: str) -> bool:
        """Whether an address differs only by its query from one that gave an index of sitemaps once more."""
        return _without_query(url) in self.loops

    def ask(self, url: str, state: Endpoint) -> Answered:
        """Ask for a listing, archive what was said, and read it."""
        job = self.job
        # Entries that wait, and are no pages of their own, come with the whole feed only.
        earlier = state.earlier if sends_validators(state) and not job.waits_for(state.url) else None
        asked = replace(request(url, job.source, earlier, job.settings.max_listing_bytes), accept=ACCEPT_LISTINGS)
        got = job.fetcher.fetch(asked)
        job.check_stop()
        now = job.clock()
        item = Item(job.source.id, state.url, state.url, state.url, now, purpose=self.purpose)
        if isinstance(got, Postponed):
            if got.exchanges:
                self.captures.append(self.archive.write_failure(item, got.exchanges, got.detail, now, LISTED))
            return Answered(problem=got.detail, failure=classify_failure(until=got.until).value, until=got.until)
        if isinstance(got, Refused):
            if got.exchanges:
                self.captures.append(self.archive.write_failure(item, got.exchanges, got.detail, now, LISTED))
            final = got.reason in {Reason.DISALLOWED, Reason.TOO_LARGE, Reason.VANISHED}
            until = None if got.retry_after is None else now + timedelta(seconds=got.retry_after)
            weight = classify_failure(got.http_status, until=until, final=final).value
            return Answered(None, got.http_status, got.detail, weight, until)
        if isinstance(got, NotModified):
            if state.earlier:
                self.captures.append(self.archive.write_revisit(item, got.exchanges, state.earlier, now, LISTED))
            return Answered(http_status=304)
        fetched = as_fetched(item, got, now)
        capture = self.archive.write(fetched, LISTED)
        try:
            listing = parse(job, self.entry, got.content, got.final_url, got.media_type, got.charset)
            self.captures.append(replace(capture, error=listing.damage))
            first = self.indexes.setdefault(capture.payload_digest, url) if listing.children else url
            if first != url:
                self.loops.add(_without_query(url))
                problem = f"the index of sitemaps leads back to itself: what is here was read at {first}"
                return Answered(None, got.http_status, problem, classify_failure(final=True).value)
            return Answered(listing, got.http_status, moved_to=got.moved_to)
        except (ListingError, CallError) as error:
            self.captures.append(replace(capture, error=str(error), is_read=False))
            return Answered(None, got.http_status, str(error), classify_failure(final=True).value)

    def take(self, listing: Listing, found_in: str) -> int:
        """Name what a listing holds, and let it land; how many of its entries were known."""
        items = listed_documents(self.job.source, self.entry, listing, found_in, self.job.clock())
        seen = self.job.see(one for one in items if is_recent(self.job, self.entry, one))
        known = sum(self._is_known(url, found_in) for url in {item_of(one).url for one in seen})
        self.found += seen
        self.entries += len(seen)
        self.known += known
        self.dates += filter(None, map(self.job.published_at, seen))
        return known

    def _is_known(self, url: str, found_in: str) -> bool:
        """Whether a listing has named an address before; what only another one has named since is not known to it."""
        known, read_at = self.job.ledger.addresses[url], self.job.endpoint(found_in).read_at
        seen_before = known.first_seen_at < self.job.run.started_at or known.first_seen_at > self.job.clock()
        if known.found_in == found_in or not seen_before:
            return seen_before  # what lies ahead was seen by a run whose clock was wrong
        return read_at is not None and (known.first_seen_at <= read_at or known.first_seen_at > self.job.clock())


def _without_query(url: str) -> str:
    return url.partition("?")[0]


def is_recent(job: Job, entry: Input, found: Discovered) -> bool:
    """Whether an input takes what is as old as this; what has no date is taken."""
    oldest = entry.oldest_taken(job.clock())
    period = job.date_of(found) if oldest else None
    return oldest is None or period is None or period[1] >= oldest


def parse(job: Job, entry: Input, content: bytes, url: str, media_type: str | None, charset: str | None) -> Listing:
    """A listing read in a process of its own, which it may hang or crash. Raises `ListingError`, `CallError`."""
    return job.workers.call(read_listing, job.source, entry, content, url, media_type, charset)
