"""What a run has to read: what its inputs name now, what was seen and never read, what may have been edited."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Final

from config.inputs import Input, JsonlInput, PagesInput, WarcInput
from flows.poll import poll
from tasks.discover import discover, endpoint, is_polled
from tasks.errors import InputError
from warehouse.records import Fetched, Item, Poll, Reason, Rejection, Stage

if TYPE_CHECKING:
    from flows.job import Job

Found = Item | Fetched | Rejection

_WARC_NAMES: Final = (".warc", ".warc.gz", ".warc.zst")


def list_documents(job: Job, *, due: bool = False) -> Iterator[Found]:
    """Every document that the source names now, then what waits to be read, then what is due to be read again.

    With `due`, what is polled is only looked at where its time has come.
    """
    waiting = dict.fromkeys(job.ledger.pending())
    listed: set[str] = set()
    unlisted: set[str] = set()
    for number, entry in enumerate(job.source.input):
        problems = len(job.problems)
        for found in _look(job, number, entry, due=due):
            url = found.item.url if isinstance(found, Fetched) else found.url
            waiting.pop(url, None)
            if not is_polled(entry):
                yield found
            elif url not in listed:  # two feeds of a source name the same articles
                listed.add(url)
                yield found
        if len(job.problems) > problems:
            unlisted.add(endpoint(job.source, entry))
    yield from _waiting(job, waiting, unlisted)
    yield from _due(job, listed | waiting.keys())


def is_page(job: Job, url: str) -> bool:
    """Whether a known address is that of a page to fetch, not of a file or of a record inside one."""
    if not url.startswith("http"):
        return False
    found_in = job.ledger.addresses[url].found_in
    if found_in.startswith("http"):
        return found_in not in _record_files(job) and not found_in.endswith(_WARC_NAMES)
    return any(isinstance(entry, PagesInput) and endpoint(job.source, entry) == found_in for entry in job.source.input)


def _look(job: Job, number: int, entry: Input, *, due: bool) -> Iterator[Found]:
    if not is_polled(entry):
        return _read(job, number, entry)
    next_poll_at = job.endpoint(endpoint(job.source, entry)).next_poll_at
    return iter(()) if due and next_poll_at is not None and next_poll_at > job.clock() else poll(job, entry)


def _waiting(job: Job, waiting: Iterable[str], unlisted: set[str]) -> Iterator[Found]:
    records = _record_files(job)
    for url in waiting:
        found_in = job.ledger.addresses[url].found_in
        item = job.recall(url)
        if is_page(job, url):
            yield item
        elif found_in in records or found_in.endswith(_WARC_NAMES):
            # What was not listed for a reason that may pass goes on waiting.
            if not unlisted:
                yield item.reject(Stage.FETCH, Reason.VANISHED, f"{found_in}: the record is no longer in the file")
        elif found_in not in unlisted:
            yield item


def _due(job: Job, listed: Iterable[str]) -> Iterator[Item]:
    now, taken = job.clock(), set(listed)
    for url, known in list(job.ledger.addresses.items()):
        if url not in taken and known.is_wanted(now, job.source.recheck) and is_page(job, url):
            yield job.recall(url)


def _read(job: Job, number: int, entry: Input) -> Iterator[Found]:
    """A look at a local input, each document as it comes."""
    polled_at = job.clock()
    entries = known = 0
    problem: str | None = None
    try:
        for found in discover(job.source, entry, job.settings, polled_at):
            entries += 1
            known += (found.item.url if isinstance(found, Fetched) else found.url) in job.ledger.addresses
            yield found
    except InputError as error:
        problem = str(error)
        job.problems.append(problem)
    place = endpoint(job.source, entry)
    failures = 1.0 if problem else 0.0
    job.land_poll(
        Poll(
            job.source.id, job.run.run_id, place, polled_at, None, entries, known, None, False, None, problem, failures
        ),
        number,
    )


def _record_files(job: Job) -> set[str]:
    return {endpoint(job.source, entry) for entry in job.source.input if isinstance(entry, JsonlInput | WarcInput)}
