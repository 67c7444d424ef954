"""A look at listings under way: ask, archive, read, and let what is named land."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from config.inputs import Input, PagesInput, SitemapInput
from flows.workers import CallError
from tasks.discover import name_items
from tasks.download import LISTINGS
from tasks.feeds import read_feed
from tasks.fetch import as_fetched, request
from tasks.links import read_links
from tasks.listing import Listing, ListingError
from tasks.polling import sends_validators, weigh
from tasks.response import NotModified, Postponed, Refused
from tasks.sitemaps import read_sitemap
from warehouse.archive import ArchiveWriter
from warehouse.endpoints import Endpoint
from warehouse.records import LISTED, Capture, Fetched, Item, Reason, Rejection

if TYPE_CHECKING:
    from flows.job import Job

Found = Item | Fetched | Rejection


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
    found: list[Found] = field(default_factory=list)
    entries: int = 0
    known: int = 0
    dates: list[datetime] = field(default_factory=list)

    def ask(self, url: str, state: Endpoint) -> Answered:
        """Ask for a listing, archive what was said, and read it."""
        job = self.job
        earlier = state.earlier if sends_validators(state) else None
        asked = replace(request(url, job.source, earlier, job.settings.max_listing_bytes), accept=LISTINGS)
        got = job.fetcher.fetch(asked)
        job.check_stop()
        item, now = Item(job.source.id, state.url, state.url, state.url, job.clock()), job.clock()
        if isinstance(got, Postponed):
            return Answered(problem=got.detail, failure=weigh(until=got.until).value, until=got.until)
        if isinstance(got, Refused):
            if got.exchanges:
                self.captures.append(self.archive.write_failure(item, got.exchanges, got.detail, now, LISTED))
            final = got.reason in {Reason.DISALLOWED, Reason.TOO_LARGE, Reason.VANISHED}
            until = None if got.retry_after is None else now + timedelta(seconds=got.retry_after)
            weight = weigh(got.http_status, until=until, final=final).value
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
            return Answered(listing, got.http_status, moved_to=got.moved_to)
        except (ListingError, CallError) as error:
            self.captures.append(replace(capture, error=str(error)))
            return Answered(None, got.http_status, str(error), weigh(final=True).value)

    def take(self, listing: Listing, found_in: str) -> int:
        """Name what a listing holds, and let it land; how many of its entries were known."""
        named = list(name_items(self.job.source, self.entry, listing, found_in, self.job.clock()))
        named = [one for one in named if self._is_recent(one)]
        before = len(self.job.ledger.addresses)
        seen = self.job.see(named)
        known = len({_url(one) for one in seen}) - (len(self.job.ledger.addresses) - before)
        self.found += seen
        self.entries += len(seen)
        self.known += known
        self.dates += filter(None, map(self.job.published_at, seen))
        return known

    def _is_recent(self, found: Item | Fetched) -> bool:
        if not isinstance(self.entry, SitemapInput) or self.entry.max_age_days is None:
            return True
        item = found.item if isinstance(found, Fetched) else found
        date = self.job.published_at(item) or self.job.read_date(item.modified)
        return date is None or date >= self.job.clock() - timedelta(days=self.entry.max_age_days)


def parse(job: Job, entry: Input, content: bytes, url: str, media_type: str | None, charset: str | None) -> Listing:
    """A listing read in a process of its own, which it may hang or crash. Raises `ListingError`, `CallError`."""
    return job.workers.call(read_listing, entry, content, url, media_type, charset)


def read_listing(entry: Input, content: bytes, url: str, media_type: str | None, charset: str | None) -> Listing:
    """What a listing says, read as the kind of its input. Raises `ListingError`."""
    if isinstance(entry, SitemapInput):
        return read_sitemap(content, url, entry.alternates)
    if isinstance(entry, PagesInput):
        return read_links(content, url, entry.links or "", charset)
    return read_feed(content, url, media_type, charset)


def _url(found: Found) -> str:
    return found.item.url if isinstance(found, Fetched) else found.url
