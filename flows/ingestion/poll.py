"""One look at a feed, a sitemap or a section page: ask, archive, read, and say what it names.

What it names has landed as discoveries before its own capture does: a capture that is indexed hides nothing, so the
server may be asked next time only for what has changed since.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from config.inputs import FeedInput, Input, InputTable, PagesInput, SitemapInput
from flows.ingestion.fetch_listing import Answered, Look, is_recent, parse
from flows.ingestion.gap_repair import repair
from flows.ingestion.process_pool import CallError
from tasks.discover import endpoint, listed_documents
from tasks.listings.discovered import Discovered, item_of
from tasks.listings.listing import Listing, ListingError
from tasks.listings.poll_interval import (
    next_interval,
    retry_interval,
    suspects_gap,
)
from warehouse.archive.writer import ArchiveWriter, read
from warehouse.errors import WarehouseError
from warehouse.model.records import FORGOTTEN, Capture
from warehouse.model.rows import Poll
from warehouse.model.vocabulary import Purpose
from warehouse.state.endpoints import Endpoint
from warehouse.takedown.redact import remove

if TYPE_CHECKING:
    from flows.ingestion.ingest_run import Job

MOST_SITEMAPS: Final = 500
"""Sitemaps of one index that are read in one look; the next look takes the rest."""
RETIRED: Final = timedelta(days=180)
"""A sitemap that has not changed for so long is not read again."""
SLACK: Final = timedelta(hours=1)
"""By how much the clocks of a site may differ from each other."""
SITEMAP_ROOTS: Final = (b"<urlset", b"<sitemapindex")
SITEMAP_ROOTS_WITHIN: Final = 4_000


def poll(job: Job, entry: Input) -> list[Discovered]:
    """What a feed, sitemap or section page names now; its rows have landed."""
    place = endpoint(job.source, entry)
    state, polled_at = job.endpoint(place), job.clock()
    with ArchiveWriter(job.store.root, job.source.id, job.run.run_id, polled_at) as archive:
        look = Look(job, entry, archive)
        answered = look.ask(state.moved_to or place, state)
        gap = _follow(look, state, answered) if answered.listing else False
    job.land_captures(forget_again(job, look.captures, look.found))
    archive.settle()
    job.land_poll(_poll(job, state, look, answered, polled_at, gap=gap))
    if answered.problem and answered.until is None:
        job.problems.append(f"{place}: {answered.problem}")
    return look.found


def forget_again(job: Job, captures: list[Capture], found: Iterable[Discovered]) -> list[Capture]:
    """The captures of a look; of what was taken down, and is still listed, the archive keeps no title or text."""
    if not any(job.is_forgotten(item_of(one).url) for one in found):
        return captures
    for filename in {capture.warc_filename for capture in captures}:
        ids = {capture.capture_id for capture in captures if capture.warc_filename == filename}
        remove(job.store.root, filename, ids, job.clock())
    return [
        replace(capture, outcome=FORGOTTEN, payload_digest="", etag=None, last_modified=None) for capture in captures
    ]


def read_again(job: Job, capture: Capture) -> tuple[list[Discovered], Capture]:
    """What a listing names that a killed run had archived and gone no further, and its capture as read."""
    if capture.purpose == Purpose.LISTING:
        job.unsure.add(capture.url)
    return read_archived(job, capture)


def read_archived(job: Job, capture: Capture) -> tuple[list[Discovered], Capture]:
    """What an archived listing names, and its capture as read."""
    # What a repair reads it reads for a window of time, and will read again.
    is_whole = capture.http_status == HTTPStatus.OK and capture.payload_bytes and capture.is_read
    if capture.purpose != Purpose.LISTING or not is_whole:
        return [], capture
    try:
        content = read(job.settings.data, capture.warc_filename, capture.warc_offset, capture.warc_length)
        entry = _input_of(job, capture.url, content)
        if entry is None:
            return [], capture
        listing = parse(job, entry, content, capture.final_url or capture.url, capture.media_type, capture.charset)
    except (ListingError, CallError, WarehouseError) as error:
        return [], replace(capture, error=str(error), is_read=False)
    items = listed_documents(job.source, entry, listing, endpoint(job.source, entry), capture.fetched_at)
    return [one for one in items if is_recent(job, entry, one)], capture


def _input_of(job: Job, url: str, content: bytes) -> Input | None:
    """The input that a listing belongs to: its own, or that of the index or the feed which led to it."""
    own = next((one for one in job.source.input if endpoint(job.source, one) == url), None)
    is_sitemap = any(root in content[:SITEMAP_ROOTS_WITHIN] for root in SITEMAP_ROOTS)
    if own is not None:
        return own
    if is_sitemap:
        return next(iter(job.source.inputs_of(SitemapInput)), None)
    return next(iter(job.source.inputs_of(FeedInput)), None)


def _follow(look: Look, state: Endpoint, answered: Answered) -> bool:
    """Take what the listing names, its older pages or its sitemaps; whether something may have come and gone."""
    listing = answered.listing
    if listing is None:
        return False
    known = look.take(listing, state.url)
    return _FOLLOW[type(look.entry)](look, look.entry, state, listing, known)


def _follow_sitemap(look: Look, entry: SitemapInput, state: Endpoint, listing: Listing, known: int) -> bool:  # noqa: ARG001
    _read_children(look, listing, {state.url})
    return False


def _follow_feed(look: Look, entry: FeedInput, state: Endpoint, listing: Listing, known: int) -> bool:
    _read_older(look, entry, listing, known)
    state = _since_killed_runs(look, state)
    gap = _suspects_gap(look, state)
    if gap:
        repair(look, state, entry)
    return gap


def _follow_section_page(look: Look, entry: PagesInput, state: Endpoint, listing: Listing, known: int) -> bool:  # noqa: ARG001
    return _suspects_gap(look, _since_killed_runs(look, state))


_FOLLOW: Final[Mapping[type[InputTable], Callable[[Look, Any, Endpoint, Listing, int], bool]]] = {
    SitemapInput: _follow_sitemap,
    FeedInput: _follow_feed,
    PagesInput: _follow_section_page,
}


def _since_killed_runs(look: Look, state: Endpoint) -> Endpoint:
    # Runs that were killed may have been told of entries that are gone again, before they could keep the answer.
    return replace(state, read_at=state.read_at or look.job.killed_since)


def _suspects_gap(look: Look, state: Endpoint) -> bool:
    # A killed run may have been about to repair a gap, which what it had named now hides.
    is_unsure = state.url in look.job.unsure and state.read_at is not None
    return suspects_gap(state, look.entries, look.known) or is_unsure


def _read_older(look: Look, entry: FeedInput, listing: Listing, known: int) -> None:
    """The older pages of a paged or archived feed, back to the first that holds a known entry."""
    read_urls = {entry.url}
    while listing.older_url and not known and listing.older_url not in read_urls and len(read_urls) < entry.pages:
        read_urls.add(listing.older_url)
        older = look.ask(listing.older_url, Endpoint(listing.older_url)).listing
        if older is None:
            return
        known, listing = look.take(older, endpoint(look.job.source, look.entry)), older


def _read_children(look: Look, listing: Listing, read_urls: set[str]) -> None:
    """The sitemaps of an index that have changed since they were last read."""
    now, job = look.job.clock(), look.job
    # Those that were never read first, so that a very long index is read to its end in several looks.
    for child in sorted(listing.children, key=lambda child: job.endpoint(child.url).read_at is not None):
        state = job.endpoint(child.url)
        if child.url in read_urls or len(read_urls) > MOST_SITEMAPS or look.leads_back(child.url):
            continue
        if not _is_due(job, state, child.modified):
            continue
        read_urls.add(child.url)
        part = Look(job, look.entry, look.archive, look.captures, look.found, indexes=look.indexes, loops=look.loops)
        answered = part.ask(child.url, state)
        if answered.listing:
            part.take(answered.listing, endpoint(job.source, look.entry))
            _read_children(part, answered.listing, read_urls)
        look.entries, look.known = look.entries + part.entries, look.known + part.known
        look.dates += part.dates
        # One that fails is told by its own row; it does not make a failure of the index and the others.
        job.land_poll(_poll(job, state, part, answered, now, gap=False))


def _is_due(job: Job, state: Endpoint, printed: str | None) -> bool:
    """Whether a sitemap of an index is to be read: it never was, or it says to have changed, or its time has come."""
    now, modified = job.clock(), job.read_period(printed)
    if state.polled_at is None:
        return True
    rested = state.next_poll_at is None or now >= state.next_poll_at
    if modified is None:
        return rested
    # A bare day is over when it is over everywhere.
    changed_until = modified[1] + SLACK
    if state.failures:
        return rested
    return state.read_at is None or (changed_until >= state.read_at and changed_until >= now - RETIRED)


def _poll(job: Job, state: Endpoint, look: Look, answered: Answered, polled_at: datetime, *, gap: bool) -> Poll:
    failures = state.failures + answered.failure if answered.problem else 0.0
    if answered.problem:
        wait = retry_interval(state.interval, failures)
        next_poll_at = max(polled_at + wait, answered.until or polled_at)
    else:
        same = answered.listing is None
        entries, known = (1, 1) if same else (look.entries, look.known)
        minutes = answered.listing.minutes if answered.listing else None
        next_poll_at = polled_at + next_interval(state.interval, entries, known, minutes, look.dates)
    moved_to = answered.moved_to
    if state.moved_to and answered.problem and answered.until is None:
        moved_to = state.url  # where it moved to has gone: ask the old place again
    return Poll(
        source_id=job.source.id,
        run_id=job.run.run_id,
        endpoint=state.url,
        polled_at=polled_at,
        http_status=answered.http_status,
        entries=look.entries,
        known=look.known,
        oldest_at=min(look.dates, default=None),
        gap_suspected=gap,
        next_poll_at=next_poll_at,
        error=answered.problem,
        failures=failures,
        moved_to=moved_to,
    )
