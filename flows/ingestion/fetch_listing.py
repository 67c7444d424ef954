"""Fetches listings: request, archive, parse, and land the documents that they name."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from config.inputs import Input
from flows.ingestion.listing_dates import listed_publication, listed_publication_period
from flows.ingestion.process_pool import CallError
from tasks.discover import listed_documents, read_listing
from tasks.fetch import as_fetched, listing_request
from tasks.http.response import NotModified, Postponed, Refused
from tasks.listings.discovered import Discovered, item_of
from tasks.listings.listing import Listing, ListingError
from tasks.listings.poll_interval import classify_failure, sends_validators
from warehouse.archive.writer import ArchiveWriter
from warehouse.model.records import LISTED, Capture, Item
from warehouse.model.vocabulary import Purpose, Reason
from warehouse.state.endpoints import Endpoint

if TYPE_CHECKING:
    from flows.ingestion.ingest_run import IngestRun


@dataclass(frozen=True, slots=True)
class ListingResponse:
    """What came of the request of one listing."""

    listing: Listing | None = None
    """None where it is as it was, or could not be read."""
    http_status: int | None = None
    problem: str | None = None
    failure: float = 0.0
    until: datetime | None = None
    """When its host may be asked again."""
    is_postponed: bool = False
    """Whether its host asks for a longer pause than a run waits."""
    moved_to: str | None = None


@dataclass(slots=True)
class ListingFetcher:
    """Fetches the listings of one input, and keeps their captures until all that they name has landed."""

    run: IngestRun
    entry: Input
    archive: ArchiveWriter
    captures: list[Capture] = field(default_factory=list)
    documents: list[Discovered] = field(default_factory=list)
    """Those that were named and have landed as discoveries."""
    entries: int = 0
    known: int = 0
    dates: list[datetime] = field(default_factory=list)
    purpose: Purpose = Purpose.LISTING
    skipped: list[str] = field(default_factory=list)
    """Sentences on what of its listings was passed over."""
    indexes: dict[str, str] = field(default_factory=dict)
    """The address at which each index of sitemaps was read first, by its digest."""
    loops: set[str] = field(default_factory=set)
    """Addresses, without their queries, at which an index was met again."""

    def leads_back(self, url: str) -> bool:
        """Return whether an address differs only by its query from one that gave an index of sitemaps once more."""
        return _without_query(url) in self.loops

    def fetch(self, url: str, state: Endpoint) -> ListingResponse:
        """Fetch a listing, archive its exchanges, and parse it."""
        run = self.run
        # Entries that wait, and are no pages of their own, come with the whole feed only.
        earlier = state.earlier if sends_validators(state) and not run.waits_for(state.url) else None
        result = run.fetcher.fetch(listing_request(url, run.source, self.entry, run.settings, earlier))
        run.check_stop()
        run.note_robots(url)
        now = run.clock()
        item = Item(run.source.id, state.url, state.url, state.url, now, purpose=self.purpose)
        if isinstance(result, Postponed | Refused):
            if result.exchanges:
                self.captures.append(self.archive.write_failure(item, result.exchanges, result.detail, now, LISTED))
            return _failed(result, now)
        if isinstance(result, NotModified):
            # Most looks end here. It has no content, and its row of `polls` says all that it said.
            return ListingResponse(http_status=304)
        fetched = as_fetched(item, result, now)
        capture = self.archive.write(fetched, LISTED)
        try:
            listing = parse(run, self.entry, result.content, result.final_url, result.media_type, result.charset)
        except (ListingError, CallError) as error:
            self.captures.append(replace(capture, error=str(error), is_read=False))
            # Other problems are clauses, too, and whoever shows one adds the end of the sentence.
            problem = str(error).rstrip(".")
            return ListingResponse(None, result.http_status, problem, classify_failure(final=True).value)
        self.captures.append(replace(capture, error=listing.damage))
        if listing.damage:
            self.skip(url, listing.damage)
        first_url = self.indexes.setdefault(capture.payload_digest, url) if listing.children else url
        if first_url != url:
            self.loops.add(_without_query(url))
            problem = f"the index of sitemaps leads back to itself: what is here was read at {first_url}"
            return ListingResponse(None, result.http_status, problem, classify_failure(final=True).value)
        return ListingResponse(listing, result.http_status, moved_to=result.moved_to)

    def skip(self, url: str, sentence: str) -> None:
        """Note what of a listing was passed over, in its poll and in the run's line."""
        self.skipped.append(sentence)
        self.run.skipped[f"{url}: {sentence}"] = None

    def discover(self, listing: Listing, found_in: str) -> int:
        """Land the documents that a listing names; return how many of them were known."""
        items = listed_documents(self.run.source, self.entry, listing, found_in, self.run.clock())
        documents = self.run.discover(item for item in items if is_recent(self.run, self.entry, item))
        known = sum(self._is_known(url, found_in) for url in {item_of(document).url for document in documents})
        self.documents += documents
        self.entries += len(documents)
        self.known += known
        dates = (listed_publication(self.run.source, document) for document in documents)
        self.dates += [date for date in dates if date is not None]
        return known

    def child(self) -> ListingFetcher:
        """Return a fetcher for one sitemap of an index, with counts of its own."""
        return ListingFetcher(
            self.run,
            self.entry,
            self.archive,
            self.captures,
            self.documents,
            indexes=self.indexes,
            loops=self.loops,
        )

    def add_counts(self, child: ListingFetcher) -> None:
        """Add the entries and dates of one sitemap of an index to its own."""
        self.entries += child.entries
        self.known += child.known
        self.dates += child.dates

    def _is_known(self, url: str, found_in: str) -> bool:
        """Return whether a listing has named an address before; one that only another has named is new to it."""
        known, read_at = self.run.ledger.addresses[url], self.run.endpoint(found_in).read_at
        seen_before = known.first_seen_at < self.run.row.started_at or known.first_seen_at > self.run.clock()
        if known.found_in == found_in or not seen_before:
            return seen_before  # what lies ahead was seen by a run whose clock was wrong
        return read_at is not None and (known.first_seen_at <= read_at or known.first_seen_at > self.run.clock())


def _failed(result: Postponed | Refused, now: datetime) -> ListingResponse:
    if isinstance(result, Postponed):
        failure = classify_failure(until=result.until).value
        return ListingResponse(problem=result.detail, failure=failure, until=result.until, is_postponed=True)
    is_final = result.reason in {Reason.DISALLOWED, Reason.TOO_LARGE, Reason.VANISHED}
    until = None if result.retry_after is None else now + timedelta(seconds=result.retry_after)
    failure = classify_failure(result.http_status, until=until, final=is_final).value
    return ListingResponse(None, result.http_status, result.detail, failure, until)


def _without_query(url: str) -> str:
    return url.partition("?")[0]


def is_recent(run: IngestRun, entry: Input, document: Discovered) -> bool:
    """Return whether an input takes documents as old as this; one without a date is taken."""
    oldest = entry.oldest_taken(run.clock())
    period = listed_publication_period(run.source, document) if oldest else None
    return oldest is None or period is None or period[1] >= oldest


def parse(
    run: IngestRun, entry: Input, content: bytes, url: str, media_type: str | None, charset: str | None
) -> Listing:
    """Parse a listing in a process of its own, which it may hang or crash. Raises `ListingError`, `CallError`."""
    return run.workers.call(read_listing, run.source, entry, content, url, media_type, charset)
