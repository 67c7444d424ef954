"""Lists what a run has to read: what its inputs name, what was seen and never read, what may have been edited."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING

from config.inputs import FeedInput, Input
from config.sources import Source
from flows.ingestion.poll import ListingBatch
from tasks.discover import discover, endpoint, is_polled, readers_of
from tasks.files.warc_files import FILE_SUFFIXES
from tasks.listings.discovered import Discovered, item_of
from tasks.listings.input_reader import InputError, ReadContext
from tasks.listings.poll_interval import MAX_RETRY_INTERVAL
from warehouse.model.records import Fetched, Item
from warehouse.model.rows import Poll
from warehouse.model.vocabulary import Reason, Stage
from warehouse.state.ledger import Ledger

if TYPE_CHECKING:
    from flows.ingestion.ingest_run import IngestRun


def list_documents(run: IngestRun, *, due_within: timedelta | None = None) -> Iterator[Discovered]:
    """Yield every document that the source names now, then what waits to be read, then what is due to be read again.

    Inputs that are polled are left alone unless they are due within `due_within`; if it is None, all are polled.
    """
    waiting = dict.fromkeys(run.ledger.addresses.pending())
    unlisted: set[str] = set()
    listings: list[Iterable[Discovered]] = []
    # All that is polled first: while the pages of one listing are fetched, another one may roll on.
    with ListingBatch.of(run) as batch:
        for entry in filter(partial(is_polled, run.source), run.source.input):
            if due_within is None or _is_due(run, entry, due_within):
                problems = len(run.problems)
                listings.append(batch.poll(entry))
                if len(run.problems) > problems:
                    unlisted.add(endpoint(run.source, entry))
    listings += [_read(run, entry, unlisted) for entry in run.source.input if not is_polled(run.source, entry)]

    listed: set[str] = set()
    for document in chain.from_iterable(listings):
        url = item_of(run.documents.known_as(document)).url
        waiting.pop(url, None)
        # Two feeds of a source name the same articles; a file may hold two forms of one record.
        if url not in listed or isinstance(document, Fetched) or not url.startswith("http"):
            listed.add(url)
            yield document
    yield from _waiting(run, waiting, unlisted)
    yield from _due(run, listed | waiting.keys())


def due_again(source: Source, ledger: Ledger, now: datetime) -> Iterator[str]:
    """Yield the known pages to fetch now: those that may have been edited, failed and had their rest, or still wait."""
    for url in ledger.due(now, source.recheck):
        if is_page(source, ledger, url):
            yield url


def is_page(source: Source, ledger: Ledger, url: str) -> bool:
    """Return whether a known address is that of a page to fetch: not of a file, nor of a record in a file or feed."""
    if not url.startswith("http"):
        return False
    found_in = ledger.addresses[url].found_in
    if found_in.startswith("http"):
        return found_in not in _record_files(source) | whole_feeds(source) and not found_in.endswith(FILE_SUFFIXES)
    return any(reader.fetches_pages and reader.endpoint == found_in for reader in readers_of(source))


def whole_feeds(source: Source) -> set[str]:
    """Return the addresses of the feeds of a source that hold whole articles."""
    return {entry.url for entry in source.inputs_of(FeedInput) if entry.full_text}


def _is_due(run: IngestRun, entry: Input, due_within: timedelta) -> bool:
    now, state = run.clock(), run.endpoint(endpoint(run.source, entry))
    next_poll_at = state.next_poll_at
    if entry.period and state.polled_at and next_poll_at and not state.failures:
        # It may have been set by an earlier configuration.
        next_poll_at = min(next_poll_at, state.polled_at + entry.period)
    # One that lies beyond every interval was written by a clock that has been set back since.
    return next_poll_at is None or not now + due_within < next_poll_at <= now + MAX_RETRY_INTERVAL


def _waiting(run: IngestRun, waiting: Iterable[str], unlisted: set[str]) -> Iterator[Discovered]:
    records = _record_files(run.source)
    for url in waiting:
        found_in = run.ledger.addresses[url].found_in
        item = run.documents.item(url)
        if is_page(run.source, run.ledger, url):
            yield item
        elif found_in in records or found_in.endswith(FILE_SUFFIXES):
            # What was not listed for a reason that may pass goes on waiting.
            if not unlisted:
                yield item.reject(Stage.FETCH, Reason.VANISHED, f"{found_in}: the record is no longer in the file")
        elif found_in not in unlisted and not url.startswith("http"):
            yield item


def _due(run: IngestRun, listed: Iterable[str]) -> Iterator[Item]:
    urls = set(listed)
    for url in due_again(run.source, run.ledger, run.clock()):
        if url not in urls:
            yield run.documents.item(url)


def _read(run: IngestRun, entry: Input, unlisted: set[str]) -> Iterator[Discovered]:
    """Yield the documents of a local input and land its poll; add its address to `unlisted` if not all are listed."""
    polled_at, input_url = run.clock(), endpoint(run.source, entry)
    entries = known = 0
    problem: str | None = None
    context = ReadContext(run.settings, polled_at, run.fetcher)
    try:
        for document in discover(run.source, entry, context):
            entries += 1
            known += item_of(document).url in run.ledger.addresses
            yield document
    except InputError as error:
        problem = str(error)
        run.problems.append(problem)
        unlisted.add(input_url)
    row = Poll(
        source_id=run.source.id,
        run_id=run.row.run_id,
        endpoint=input_url,
        polled_at=polled_at,
        http_status=None,
        entries=entries,
        known=known,
        oldest_at=None,
        gap_suspected=False,
        next_poll_at=None,
        error=problem,
        failures=1.0 if problem else 0.0,
        skipped=" ".join(context.skipped) or None,
    )
    run.skipped |= dict.fromkeys(f"{input_url}: {sentence}" for sentence in context.skipped)
    run.writer.add_poll(row)


def _record_files(source: Source) -> set[str]:
    return {reader.endpoint for reader in readers_of(source) if reader.holds_records}
