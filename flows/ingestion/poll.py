"""Polls a feed, a sitemap or a section page: fetch, archive, parse, and land what it names.

What it names has landed as discoveries before its own capture does: a capture that is indexed hides nothing, so the
server may be asked next time only for what has changed since. Captures and polls of a run land together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, Self

from config.inputs import FeedInput, Input, InputTable, PagesInput, SitemapInput
from flows.ingestion.fetch_listing import ListingFetcher, ListingResponse
from flows.ingestion.gap_repair import repair
from flows.ingestion.listing_dates import MAX_SITE_CLOCK_DIFFERENCE, listed_period
from tasks.discover import endpoint
from tasks.listings.discovered import Discovered, item_of
from tasks.listings.listing import Child, Listing
from tasks.listings.poll_interval import (
    next_interval,
    retry_interval,
    suspects_gap,
)
from warehouse.archive.writer import ArchiveWriter
from warehouse.errors import WarehouseError
from warehouse.model.records import FORGOTTEN, Capture
from warehouse.model.rows import Poll
from warehouse.state.endpoints import Endpoint
from warehouse.takedown.redact import remove

if TYPE_CHECKING:
    from flows.ingestion.ingest_run import IngestRun

MAX_SITEMAPS_PER_POLL: Final = 500
"""Of one index; the next poll takes the rest."""
MAX_INDEX_DEPTH: Final = 5
"""Indexes that name indexes; the protocol allows none."""
MAX_SITEMAP_AGE: Final = timedelta(days=180)
"""A sitemap that has not changed for so long is not read again."""
MAX_LANDING_WAIT: Final = timedelta(minutes=5)
"""What was polled lands within about this time, however long the others take."""


@dataclass(slots=True)
class ListingBatch:
    """The listings of a run that land together, as one file of the archive, of captures and of polls.

    A context manager; what was polled to its end lands also where the run is stopped.
    """

    run: IngestRun
    archive: ArchiveWriter
    landed_at: datetime
    polled: list[ListingFetcher] = field(default_factory=list)
    """Inputs that were polled to their end."""

    @classmethod
    def of(cls, run: IngestRun) -> Self:
        """Return an empty batch."""
        now = run.clock()
        return cls(run, ArchiveWriter(run.store.root, run.source.id, run.row.run_id, now), now)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        try:
            self.land(settle=kind is None)
        except WarehouseError:
            # The archive has it, and the next run takes it up from there.
            if kind is None:
                raise

    def poll(self, entry: Input) -> list[Discovered]:
        """Return the documents that a feed, sitemap or section page names now; their discoveries have landed."""
        run, url = self.run, endpoint(self.run.source, entry)
        if run.clock() - self.landed_at > MAX_LANDING_WAIT:
            self.land()
        state, polled_at = run.endpoint(url), run.clock()
        listings = ListingFetcher(run, entry, self.archive)
        response = listings.fetch(state.moved_to or url, state)
        gap = _follow(listings, state, response) if response.listing else False
        self.polled.append(listings)
        run.writer.add_poll(_poll(run, state, listings, response, polled_at, gap=gap))
        if response.problem and response.until is None:
            run.problems.append(f"{url}: {response.problem}")
        elif response.listing and response.listing.damage and not listings.entries:
            run.problems.append(f"{url}: nothing could be read of it: {response.listing.damage}")
        return listings.documents

    def land(self, *, settle: bool = True) -> None:
        """Land the captures, then the polls, of what was polled; without `settle` the archive may hold more."""
        self.archive.close()
        captures = [
            capture
            for listings in self.polled
            for capture in forget_again(self.run, listings.captures, listings.documents)
        ]
        self.polled.clear()
        self.run.writer.land_captures(captures)
        if settle:
            self.archive.settle()
        self.run.writer.land_polls()
        self.landed_at = self.run.clock()


def forget_again(run: IngestRun, captures: list[Capture], documents: Iterable[Discovered]) -> list[Capture]:
    """Return the captures of a poll, without content if it names a document that was taken down.

    The archive keeps no title or text of such a document, which its listing still holds.
    """
    if not any(run.documents.is_forgotten(item_of(document).url) for document in documents):
        return captures
    for filename in {capture.warc_filename for capture in captures}:
        ids = {capture.capture_id for capture in captures if capture.warc_filename == filename}
        remove(run.store.root, filename, ids, run.clock())
    return [
        replace(capture, outcome=FORGOTTEN, payload_digest="", etag=None, last_modified=None) for capture in captures
    ]


def _follow(listings: ListingFetcher, state: Endpoint, response: ListingResponse) -> bool:
    """Land what a listing, its older pages or its sitemaps name; return whether entries may have come and gone."""
    listing = response.listing
    if listing is None:
        return False
    known = listings.discover(listing, state.url)
    return _FOLLOW[type(listings.entry)](listings, listings.entry, state, listing, known)


def _follow_sitemap(listings: ListingFetcher, _: SitemapInput, state: Endpoint, listing: Listing, _known: int) -> bool:
    _read_children(listings, listing, {state.url})
    return False


def _follow_feed(listings: ListingFetcher, entry: FeedInput, state: Endpoint, listing: Listing, known: int) -> bool:
    _read_older(listings, entry, listing, known)
    state = _since_killed_runs(listings, state)
    gap = _suspects_gap(listings, state)
    if gap:
        repair(listings, state, entry)
    return gap


def _follow_section_page(
    listings: ListingFetcher, _: PagesInput, state: Endpoint, _listing: Listing, _known: int
) -> bool:
    return _suspects_gap(listings, _since_killed_runs(listings, state))


_FOLLOW: Final[Mapping[type[InputTable], Callable[[ListingFetcher, Any, Endpoint, Listing, int], bool]]] = {
    SitemapInput: _follow_sitemap,
    FeedInput: _follow_feed,
    PagesInput: _follow_section_page,
}


def _since_killed_runs(listings: ListingFetcher, state: Endpoint) -> Endpoint:
    # Runs that were killed may have been told of entries that are gone again, before they could keep the answer.
    return replace(state, read_at=state.read_at or listings.run.killed_since)


def _suspects_gap(listings: ListingFetcher, state: Endpoint) -> bool:
    # A killed run may have been about to repair a gap, which what it had named now hides.
    is_unsure = state.url in listings.run.unsettled_listings and state.read_at is not None
    return suspects_gap(state, listings.entries, listings.known) or is_unsure


def _read_older(listings: ListingFetcher, entry: FeedInput, listing: Listing, known: int) -> None:
    """Read the older pages of a paged or archived feed, back to the first that holds a known entry."""
    read_urls = {entry.url}
    while listing.older_url and not known and listing.older_url not in read_urls and len(read_urls) < entry.pages:
        read_urls.add(listing.older_url)
        older = listings.fetch(listing.older_url, Endpoint(listing.older_url)).listing
        if older is None:
            return
        known, listing = listings.discover(older, endpoint(listings.run.source, listings.entry)), older


def _read_children(listings: ListingFetcher, index: Listing, read_urls: set[str]) -> None:
    """Read the sitemaps of an index that have changed since they were last read, level by level.

    An index may name others, without end: those of one level are read before any that they name.
    """
    run, now = listings.run, listings.run.clock()
    level, depth = list(index.children), 1
    while level and depth <= MAX_INDEX_DEPTH:
        next_level: list[Child] = []
        # Those that were never read first, so that a very long index is read to its end in several polls.
        for child in sorted(level, key=lambda child: run.endpoint(child.url).read_at is not None):
            state = run.endpoint(child.url)
            if child.url in read_urls or listings.leads_back(child.url) or not _is_due(run, state, child.modified):
                continue
            if len(read_urls) > MAX_SITEMAPS_PER_POLL:
                sentence = f"It names more than {MAX_SITEMAPS_PER_POLL} sitemaps; the next poll takes the rest."
                listings.skip(endpoint(run.source, listings.entry), sentence)
                return
            read_urls.add(child.url)
            next_level += _read_child(listings, child, state, now)
        level, depth = next_level, depth + 1
    if level:
        sentence = f"Its indexes name others more than {MAX_INDEX_DEPTH} deep; those below were not read."
        listings.skip(endpoint(run.source, listings.entry), sentence)


def _read_child(listings: ListingFetcher, child: Child, state: Endpoint, now: datetime) -> tuple[Child, ...]:
    """Read one sitemap of an index; return those that it names itself."""
    run, part = listings.run, listings.child()
    response = part.fetch(child.url, state)
    if response.listing:
        part.discover(response.listing, endpoint(run.source, listings.entry))
    listings.add_counts(part)
    # One that fails has a row of its own; it does not make a failure of the index and the others.
    if response.problem:
        listings.skip(child.url, f"{response.problem}.")
    run.writer.add_poll(_poll(run, state, part, response, now, gap=False))
    return response.listing.children if response.listing else ()


def _is_due(run: IngestRun, state: Endpoint, modified_text: str | None) -> bool:
    """Return whether a sitemap of an index is to be read: it never was, says to have changed, or its time has come."""
    now, modified = run.clock(), listed_period(run.source, modified_text)
    if state.polled_at is None:
        return True
    is_rested = state.next_poll_at is None or now >= state.next_poll_at
    if modified is None:
        return is_rested
    # A bare day is over when it is over everywhere.
    changed_until = modified[1] + MAX_SITE_CLOCK_DIFFERENCE
    if state.failures:
        return is_rested
    return state.read_at is None or (changed_until >= state.read_at and changed_until >= now - MAX_SITEMAP_AGE)


def _poll(
    run: IngestRun,
    state: Endpoint,
    listings: ListingFetcher,
    response: ListingResponse,
    polled_at: datetime,
    *,
    gap: bool,
) -> Poll:
    failures = state.failures + response.failure if response.problem else 0.0
    if response.problem:
        wait = retry_interval(state.interval, failures)
        next_poll_at = max(polled_at + wait, response.until or polled_at)
    else:
        is_unchanged = response.listing is None
        entries, known = (1, 1) if is_unchanged else (listings.entries, listings.known)
        minutes = response.listing.minutes if response.listing else None
        # The sitemaps of an index are read again when they have changed.
        period = listings.entry.period if state.url == endpoint(run.source, listings.entry) else None
        wait = period or next_interval(state.interval, entries, known, minutes, listings.dates)
        next_poll_at = polled_at + wait
    moved_to = response.moved_to
    if state.moved_to and response.problem and response.until is None:
        moved_to = state.url  # where it moved to has gone: fetch it from the old address again
    return Poll(
        source_id=run.source.id,
        run_id=run.row.run_id,
        endpoint=state.url,
        polled_at=polled_at,
        http_status=response.http_status,
        entries=listings.entries,
        known=listings.known,
        oldest_at=min(listings.dates, default=None),
        gap_suspected=gap,
        next_poll_at=next_poll_at,
        error=response.problem,
        failures=failures,
        moved_to=moved_to,
        skipped=" ".join(dict.fromkeys(listings.skipped)) or None,
        is_postponed=response.is_postponed,
    )
