"""Finishes what a killed run had archived and not landed."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from flows.ingestion.archived_listings import read_again
from flows.ingestion.poll import forget_again
from flows.ingestion.process_pool import Made
from flows.ingestion.restore import restore_discoveries
from flows.ingestion.run_writer import RunWriter
from warehouse.archive.writer import read, recover
from warehouse.model.records import LISTED, RECOVERED, Article, Capture, RawArticle
from warehouse.state.conclusion import Conclusion
from warehouse.storage.run_marks import ended_by_kill, marked_runs, unmark_run
from warehouse.storage.tables import Store

if TYPE_CHECKING:
    from flows.ingestion.ingest_run import IngestRun


def end_killed_runs(store: Store, source_id: str, clock: Callable[[], datetime]) -> None:
    """Land the rows of runs that were killed; the lock of the source is held, and its shards have ended.

    Raises `StorageError`.
    """
    for run in marked_runs(store.root, source_id):
        RunWriter(store, source_id, run.run_id, clock).land_run(ended_by_kill(run))
        unmark_run(store.root, run)


def take_up_recovered(run: IngestRun, shard_id: str = "") -> None:
    """Finish what a killed run had archived: index it, name what its listings name, make the articles that are due.

    A shard finishes what it had archived itself. Raises `WarehouseError`.
    """
    recovered = recover(run.store.root, run.source.id, shard_id)
    listings = _discover_listed(run, [capture for capture in recovered if capture.outcome == LISTED])
    captures = [capture for capture in recovered if capture.outcome == RECOVERED]
    captures.sort(key=lambda capture: capture.fetched_at)
    landed_ids = run.ledger.addresses.landed(captures)
    run.ledger.add_addresses((capture.url, capture.fetched_at) for capture in captures)
    if not shard_id:
        restore_discoveries(run)
    settled = [
        capture
        for capture in recovered
        if capture.outcome not in (LISTED, RECOVERED) or capture.capture_id in landed_ids
    ]
    run.writer.land_captures(listings + settled)

    results = list(run.extract(_unfinished_documents(run, captures, landed_ids)))
    conclusions = _conclude(run, results)
    run.writer.land_conclusions(conclusions)
    run.recovered.update(
        (raw.item.url, conclusion.outcome) for (raw, _), conclusion in zip(results, conclusions, strict=True)
    )
    if recovered:
        run.ledger.take_forward(run.clock())


def _discover_listed(run: IngestRun, captures: Sequence[Capture]) -> list[Capture]:
    """Land what archived listings name; return their captures as read."""
    listings = []
    for capture in captures:
        documents, listing = read_again(run, capture)
        listings += forget_again(run, [listing], run.discover(documents))
    return listings


def _unfinished_documents(
    run: IngestRun, captures: Sequence[Capture], landed_ids: Collection[str]
) -> Iterator[RawArticle]:
    for capture in captures:
        run.check_stop()
        if capture.capture_id in landed_ids:
            run.ledger.record_capture(capture)
            continue
        item = run.documents.item(capture.url)
        content = read(run.settings.data, capture.warc_filename, capture.warc_offset, capture.warc_length)
        yield RawArticle(item, replace(capture, run_id=run.row.run_id), content)


def _conclude(run: IngestRun, results: Sequence[tuple[RawArticle, Made]]) -> list[Conclusion]:
    urls = [raw.item.url for raw, _ in results]
    versions = run.ledger.addresses.versions_of(urls)
    conclusions = []
    for raw, made in results:
        # A capture whose row was lost may be older than what its address is by now.
        run.ledger.go_back(raw.capture, versions.get(raw.item.url, ()))
        conclusion = run.ledger.conclude(raw, made, run.clock())
        conclusions.append(conclusion)
        if isinstance(conclusion.row, Article):
            version = (conclusion.row.fetched_at, conclusion.row.version_id)
            versions[raw.item.url] = sorted([*versions.get(raw.item.url, ()), version])
    return conclusions
