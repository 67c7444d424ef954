"""Outcomes of documents of which no article is to be made: they could not be fetched, are unchanged, or have moved."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from tasks.http.response import NotModified, Postponed, Refused
from warehouse.model.records import LISTED, Fetched, Item, RawArticle
from warehouse.model.vocabulary import Outcome, Purpose, Reason, Stage
from warehouse.state.conclusion import Conclusion

if TYPE_CHECKING:
    from flows.ingestion.ingest_run import IngestRun
    from warehouse.archive.writer import ArchiveWriter

FORGOTTEN_TWIN: Final = "this article was taken down with 'copydesk forget', and is not taken in again"


def conclude_failed_fetch(run: IngestRun, archive: ArchiveWriter, item: Item, refused: Refused) -> Conclusion:
    """Refuse a page that could not be fetched, and archive its HTTP exchanges."""
    now, capture = run.clock(), None
    if not refused.was_requested:
        archive_postponed(run, archive, item, refused)
    elif refused.exchanges:
        capture = archive.write_failure(item, refused.exchanges, refused.detail, now)
    run.ledger.record_request(item.url, now)
    rejection = item.reject(Stage.FETCH, refused.reason, refused.detail)
    rejection = replace(rejection, capture_id=capture.capture_id if capture else None)
    return replace(run.ledger.refuse(rejection, now, is_page=True), capture=capture)


def archive_postponed(run: IngestRun, archive: ArchiveWriter, item: Item, response: Refused | Postponed) -> None:
    """Archive the exchanges of a page whose fetch was postponed by its host or by robots.txt, and tell it."""
    if isinstance(response, Postponed) or response.waits_for_robots:
        run.skipped[f"{response.detail}; its pages wait."] = None
    if not response.exchanges:
        return
    url, now = response.exchanges[-1].url, run.clock()
    if url.endswith("/robots.txt"):
        rules = Item(run.source.id, url, url, url, now, purpose=Purpose.ROBOTS)
        run.listing_captures.append(archive.write_failure(rules, response.exchanges, response.detail, now, LISTED))
    else:
        run.listing_captures.append(archive.write_failure(item, response.exchanges, response.detail, now))


def conclude_moved(run: IngestRun, archive: ArchiveWriter, fetched: Fetched, twin_url: str) -> Conclusion:
    """Conclude a page that has come to be that of another article; of one that was taken down nothing is kept."""
    now = run.clock()
    if run.ledger.addresses[twin_url].is_forgotten:
        return run.ledger.refuse(fetched.item.reject(Stage.DEDUPE, Reason.FORGOTTEN, FORGOTTEN_TWIN), now)
    return run.ledger.moved(RawArticle(fetched.item, archive.write(fetched), fetched.content), twin_url, now)


def conclude_unchanged(
    run: IngestRun, archive: ArchiveWriter, item: Item, response: Fetched | NotModified
) -> Conclusion:
    """Conclude an unchanged document and archive the visit as a WARC revisit record."""
    outcome = run.recovered.pop(item.url, Outcome.UNCHANGED)
    # A record of a file was not looked at again: it stands there, exchange and all, in every run.
    if item.is_record or not response.exchanges:
        return Conclusion(outcome)
    earlier = run.ledger.addresses[item.url].earlier
    run.ledger.record_answer(item.url, run.clock())
    if earlier:
        return Conclusion(outcome, None, archive.write_revisit(item, response.exchanges, earlier, run.clock()))
    # One without content, or with a status of its own, has no earlier record that a revisit could name.
    return Conclusion(outcome, None, archive.write(response, outcome) if isinstance(response, Fetched) else None)
