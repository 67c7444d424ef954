"""What a run has to read: what its inputs name now, what was seen and never read, what may have been edited."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from itertools import chain
from typing import TYPE_CHECKING, Final

from config.inputs import FeedInput, Input
from config.sources import Source
from flows.ingestion.poll import poll
from tasks.discover import discover, endpoint, is_polled, readers_of
from tasks.listings.discovered import Discovered, item_of
from tasks.listings.input_reader import InputError, ReadContext
from tasks.listings.poll_interval import MAX_RETRY_INTERVAL
from warehouse.model.records import Fetched, Item
from warehouse.model.rows import Poll
from warehouse.model.vocabulary import Reason, Stage
from warehouse.state.ledger import Ledger

if TYPE_CHECKING:
    from flows.ingestion.ingest_run import Job

_WARC_NAMES: Final = (".warc", ".warc.gz", ".warc.zst")


def list_documents(job: Job, *, due: bool = False, early: timedelta = timedelta()) -> Iterator[Discovered]:
    """Every document that the source names now, then what waits to be read, then what is due to be read again.

    With `due`, what is polled is only looked at where its time has come, or comes within `early`.
    """
    waiting = dict.fromkeys(job.ledger.pending())
    unlisted: set[str] = set()
    looks: list[Iterable[Discovered]] = []
    # All that is polled first: while the pages of one listing are fetched, another one may roll on.
    for entry in sorted(job.source.input, key=lambda entry: not is_polled(job.source, entry)):
        problems = len(job.problems)
        polled = is_polled(job.source, entry)
        looks.append(_poll(job, entry, due=due, early=early) if polled else _read(job, entry, unlisted))
        if len(job.problems) > problems:
            unlisted.add(endpoint(job.source, entry))

    listed: set[str] = set()
    for found in chain.from_iterable(looks):
        url = item_of(job.known_as(found)).url
        waiting.pop(url, None)
        # Two feeds of a source name the same articles; a file may hold two forms of one record.
        if url not in listed or isinstance(found, Fetched) or not url.startswith("http"):
            listed.add(url)
            yield found
    yield from _waiting(job, waiting, unlisted)
    yield from _due(job, listed | waiting.keys())


def due_again(source: Source, ledger: Ledger, now: datetime) -> Iterator[str]:
    """The known pages that are to be fetched now: edits may be due, a failed one had its rest, one still waits."""
    for url in list(ledger.addresses):
        if ledger.is_wanted(url, now, source.recheck) and is_page(source, ledger, url):
            yield url


def is_page(source: Source, ledger: Ledger, url: str) -> bool:
    """Whether a known address is that of a page to fetch: not of a file, nor of what comes inside a file or feed."""
    if not url.startswith("http"):
        return False
    found_in = ledger.addresses[url].found_in
    if found_in.startswith("http"):
        return found_in not in _record_files(source) | whole_feeds(source) and not found_in.endswith(_WARC_NAMES)
    return any(reader.fetches_pages and reader.endpoint == found_in for reader in readers_of(source))


def whole_feeds(source: Source) -> set[str]:
    """The feeds of a source that hold whole articles."""
    return {entry.url for entry in source.inputs_of(FeedInput) if entry.full_text}


def _poll(job: Job, entry: Input, *, due: bool, early: timedelta) -> list[Discovered]:
    now, next_poll_at = job.clock(), job.endpoint(endpoint(job.source, entry)).next_poll_at
    # One that lies beyond every interval was written by a clock that has been set back since.
    waits = next_poll_at is not None and now + early < next_poll_at <= now + MAX_RETRY_INTERVAL
    return [] if due and waits else poll(job, entry)


def _waiting(job: Job, waiting: Iterable[str], unlisted: set[str]) -> Iterator[Discovered]:
    records = _record_files(job.source)
    for url in waiting:
        found_in = job.ledger.addresses[url].found_in
        item = job.recall(url)
        if is_page(job.source, job.ledger, url):
            yield item
        elif found_in in records or found_in.endswith(_WARC_NAMES):
            # What was not listed for a reason that may pass goes on waiting.
            if not unlisted:
                yield item.reject(Stage.FETCH, Reason.VANISHED, f"{found_in}: the record is no longer in the file")
        elif found_in not in unlisted and not url.startswith("http"):
            yield item


def _due(job: Job, listed: Iterable[str]) -> Iterator[Item]:
    taken = set(listed)
    yield from (job.recall(url) for url in due_again(job.source, job.ledger, job.clock()) if url not in taken)


def _read(job: Job, entry: Input, unlisted: set[str]) -> Iterator[Discovered]:
    """A look at a local input, each document as it comes; its address is `unlisted` where not all could be listed."""
    polled_at, place = job.clock(), endpoint(job.source, entry)
    entries = known = 0
    problem: str | None = None
    try:
        for found in discover(job.source, entry, ReadContext(job.settings, polled_at, job.fetcher)):
            entries += 1
            known += item_of(found).url in job.ledger.addresses
            yield found
    except InputError as error:
        problem = str(error)
        job.problems.append(problem)
        unlisted.add(place)
    row = Poll(
        source_id=job.source.id,
        run_id=job.run.run_id,
        endpoint=place,
        polled_at=polled_at,
        http_status=None,
        entries=entries,
        known=known,
        oldest_at=None,
        gap_suspected=False,
        next_poll_at=None,
        error=problem,
        failures=1.0 if problem else 0.0,
    )
    job.land_poll(row, job.source.input.index(entry))


def _record_files(source: Source) -> set[str]:
    return {reader.endpoint for reader in readers_of(source) if reader.holds_records}
