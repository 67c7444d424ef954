"""How a document ends of which no article is to be made: it could not be had, is as it was, or has moved."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from tasks.http.response import NotModified, Postponed, Refused
from warehouse.model.records import LISTED, Fetched, Item, RawArticle
from warehouse.model.vocabulary import Outcome, Purpose, Reason, Stage
from warehouse.state.ledger import Conclusion

if TYPE_CHECKING:
    from flows.ingestion.ingest_run import Job
    from warehouse.archive.writer import ArchiveWriter

FORGOTTEN_TWIN: Final = "this article was taken down with 'copydesk forget', and is not taken in again"


def conclude_unread(job: Job, archive: ArchiveWriter, item: Item, got: Refused) -> Conclusion:
    """A page that could not be had; what was said over HTTP is archived."""
    now, capture = job.clock(), None
    if not got.was_requested:
        keep_said(job, archive, item, got)
    elif got.exchanges:
        capture = archive.write_failure(item, got.exchanges, got.detail, now)
    job.ledger.ask(item.url, now)
    refused = item.reject(Stage.FETCH, got.reason, got.detail)
    refused = replace(refused, capture_id=capture.capture_id if capture else None)
    return replace(job.ledger.refuse(refused, now, is_page=True), capture=capture)


def keep_said(job: Job, archive: ArchiveWriter, item: Item, got: Refused | Postponed) -> None:
    """Archive what was said about a page that is not to be asked for now: by its host, or by a robots.txt."""
    if not got.exchanges:
        return
    url, now = got.exchanges[-1].url, job.clock()
    if url.endswith("/robots.txt"):
        rules = Item(job.source.id, url, url, url, now, purpose=Purpose.ROBOTS)
        job.asides.append(archive.write_failure(rules, got.exchanges, got.detail, now, LISTED))
    else:
        job.asides.append(archive.write_failure(item, got.exchanges, got.detail, now))


def conclude_moved(job: Job, archive: ArchiveWriter, got: Fetched, twin: str) -> Conclusion:
    """A page that has come to be that of another article; of one that was taken down nothing is kept."""
    now = job.clock()
    if job.ledger.addresses[twin].is_forgotten:
        return job.ledger.refuse(got.item.reject(Stage.DEDUPE, Reason.FORGOTTEN, FORGOTTEN_TWIN), now)
    return job.ledger.moved(RawArticle(got.item, archive.write(got), got.content), twin, now)


def conclude_same(job: Job, archive: ArchiveWriter, item: Item, got: Fetched | NotModified) -> Conclusion:
    """A document that is as it was; that a page was looked at again is archived."""
    outcome = job.recovered.pop(item.url, Outcome.UNCHANGED)
    # A record of a file was not looked at again: it stands there, exchange and all, in every run.
    if item.is_record or not got.exchanges:
        return Conclusion(outcome)
    earlier = job.ledger.addresses[item.url].earlier
    job.ledger.read(item.url, job.clock())
    if earlier:
        return Conclusion(outcome, None, archive.write_revisit(item, got.exchanges, earlier, job.clock()))
    # One without content, or with a status of its own, has no earlier record that a revisit could name.
    return Conclusion(outcome, None, archive.write(got, outcome) if isinstance(got, Fetched) else None)
