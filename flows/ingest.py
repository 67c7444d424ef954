"""The whole path of one source, from where its articles come in to the warehouse."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Final

from config.errors import ConfigError
from config.settings import Settings
from config.sources import Source
from flows.ingestion.ingest_run import Clock, IngestRun, open_run
from flows.ingestion.outcomes import (
    FORGOTTEN_TWIN,
    archive_postponed,
    conclude_failed_fetch,
    conclude_moved,
    conclude_unchanged,
)
from flows.ingestion.process_pool import Workers
from flows.ingestion.recovery import end_killed_runs, take_up_recovered
from flows.ingestion.recurring_lines import load_habits
from flows.ingestion.run_rows import first_run_row, new_run_id, rules_of
from flows.ingestion.scope import Scope, WholeSource
from tasks.discover import readers_of
from tasks.fetch import ReadResult, fetch_each
from tasks.http.fetcher import Fetcher, utc_now
from tasks.http.response import NotModified, Postponed, Refused
from tasks.listings.discovered import Discovered, item_of
from warehouse.archive.writer import ArchiveWriter
from warehouse.errors import WarehouseError, unforeseen
from warehouse.model.records import Fetched, Item, RawArticle, Rejection
from warehouse.model.rows import Run
from warehouse.model.vocabulary import Outcome, Reason, RunStatus, Stage
from warehouse.state.conclusion import Conclusion
from warehouse.storage.tables import Store

MAX_BATCH_BYTES: Final = 64_000_000
MAX_LANDING_SECONDS: Final = 300
"""A page that was fetched is to be in the views within about this time."""
WHOLE_SOURCE: Final = WholeSource()

Progress = Callable[[int], None]
"""Called with the number of documents just finished."""


def ingest(
    source: Source,
    settings: Settings,
    workers: Workers,
    fetcher: Fetcher,
    scope: Scope = WHOLE_SOURCE,
    *,
    clock: Clock = utc_now,
    progress: Progress = lambda _: None,
    stop: threading.Event | None = None,
    flow_run_id: str | None = None,
) -> Run:
    """Take in all that is new among the documents of a scope; each of them ends in one of the six counts of the `Run`.

    `stop` ends the run from another thread as Ctrl-C does. `flow_run_id` is that of the Prefect flow run it is part of.
    Killed at any moment and run again, it ends in the same rows. An input that cannot be listed, or storage that
    cannot be written, makes the run `failed`, its `error` the sentence to show; what had landed stays.
    Raises `LockedError` where another run holds the source for longer than `lock_seconds`.
    """
    store, stop = Store(settings.data), stop or threading.Event()
    with store.lock(source.id, settings.lock_seconds, stop, part=scope.shard_id):
        store.prepare()
        began, rules = clock(), rules_of(source, settings)
        # The rules are those by which all of a source was judged; a part of it is not all.
        judged_by = rules if scope.is_whole else rules._replace(config_digest="")
        run_id = scope.shard_id or new_run_id(began)
        row = first_run_row(source, run_id, began, judged_by, scope.kind, scope.shard_key, flow_run_id)
        if not scope.shard_id:
            # Before the tables are asked what this source's runs have come to.
            end_killed_runs(store, source.id, clock)
        source, habits = scope.source_to_read(source), load_habits(settings.data, source.id)
        run = open_run(
            row, source, settings, workers, fetcher, clock, stop, rules=rules, beside=scope.beside, habits=habits
        )
        with run.ledger:
            return run_scope(run, scope, progress)


def run_scope(run: IngestRun, scope: Scope, progress: Progress) -> Run:
    """Take in the documents of a scope, and return the run as it ended; see `ingest`."""
    # The other shards that are under way are not to be taken for killed.
    run.begin(ends_killed_runs=not scope.shard_id)
    try:
        ingest_documents(run, scope, progress)
        return run.finish(RunStatus.FAILED if run.problems else RunStatus.SUCCEEDED)
    except (ConfigError, WarehouseError) as error:
        run.problems.append(str(error))
        return run.finish(RunStatus.FAILED)
    except BaseException as error:
        if not (isinstance(error, KeyboardInterrupt) or run.stop.is_set()):
            run.problems.append(unforeseen(error))
            run.finish(RunStatus.FAILED)
            raise
        # What a stop breaks, such as a fetch under way, says nothing about the source.
        run.problems.append("interrupted; the next run takes the rest")
        run.finish(RunStatus.INTERRUPTED)
        raise KeyboardInterrupt from None


def ingest_documents(run: IngestRun, scope: Scope, progress: Progress) -> None:
    """Finish what a killed run had archived, then take the documents of a scope in batches."""
    take_up_recovered(run, scope.shard_id)
    for batch in in_batches(scope.documents(run), batch_size(run.source, run.settings)):
        if not scope.shard_id and is_late(run):
            # They are pending, and the feeds are to be polled again before their turn comes.
            run.count_discovered(batch)
            continue
        ingest_batch(run, batch, fetches_known_pages=scope.fetches_known_pages)
        progress(len(batch))
    scope.learn(run)


def ingest_batch(run: IngestRun, batch: list[Discovered], *, fetches_known_pages: bool = False) -> None:
    """Take documents that land together: discover, archive, extract, strip, detect, normalise, land."""
    run.count_discovered(batch)
    documents = run.discover(batch)

    conclusions: list[Conclusion] = []
    with ArchiveWriter(run.store.root, run.source.id, run.row.run_id, run.clock()) as archive:
        results = read_each(run, documents, conclusions, fetches_known_pages=fetches_known_pages)
        for raw, made in run.extract(archive_each(run, archive, results, conclusions)):
            conclusions.append(run.ledger.conclude(raw, made, run.clock()))
    run.land(conclusions)
    archive.settle()
    run.count(conclusions)


def read_each(
    run: IngestRun, documents: Iterable[Discovered], conclusions: list[Conclusion], *, fetches_known_pages: bool
) -> Iterator[tuple[Item, ReadResult]]:
    """Yield each document as it was read; conclude one that is known and not to be fetched now."""
    now, to_fetch = run.clock(), []
    for document in documents:
        item = item_of(document)
        if isinstance(item, Rejection):
            conclusions.append(run.ledger.refuse(item, now))
            continue
        item, is_file = run.ledger.identify(item), item.url.startswith("file:")
        if run.documents.is_forgotten(item.url):
            conclusions.append(run.ledger.refuse(item.reject(Stage.DISCOVER, Reason.FORGOTTEN, FORGOTTEN_TWIN), now))
        elif isinstance(document, Fetched):
            yield item, replace(document, item=item)
        elif fetches_known_pages or is_file or run.ledger.is_wanted(item.url, now, run.source.recheck):
            to_fetch.append(item)
        else:
            conclusions.append(Conclusion(run.recovered.pop(item.url, Outcome.UNCHANGED)))
    # A duplicate follows its twin, so that an edit of both is one article still.
    to_fetch.sort(key=lambda item: run.ledger.addresses[item.url].duplicate_of is not None)
    yield from fetch_each(to_fetch, run.source, run.settings, run.fetcher, run.clock, run.earlier)


def archive_each(
    run: IngestRun, archive: ArchiveWriter, results: Iterable[tuple[Item, ReadResult]], conclusions: list[Conclusion]
) -> Iterator[RawArticle]:
    """Archive each document before anything else is done with it; conclude one of which no article is to be made."""
    digests_by_url: dict[str, set[str]] = {}
    for item, read_result in results:
        run.check_stop()
        run.note_robots(item.url)
        result = run.ledger.dated(read_result) if isinstance(read_result, Fetched) else read_result
        if isinstance(result, Rejection):
            conclusions.append(run.ledger.refuse(result, run.clock()))
        elif isinstance(result, Postponed) or (isinstance(result, Refused) and result.waits_for_robots):
            archive_postponed(run, archive, item, result)
            if not run.ledger.addresses[item.url].is_pending:
                conclusions.append(Conclusion(Outcome.UNCHANGED))
        elif isinstance(result, Refused):
            conclusions.append(conclude_failed_fetch(run, archive, item, result))
        elif isinstance(result, NotModified) or run.ledger.holds(result):
            conclusions.append(conclude_unchanged(run, archive, item, result))
        elif item.url in digests_by_url and result.payload_digest in digests_by_url[item.url]:
            conclusions.append(Conclusion(Outcome.UNCHANGED))
        elif twin_url := run.documents.redirect_target(result):
            conclusions.append(conclude_moved(run, archive, result, twin_url))
        else:
            capture = archive.write(result)
            digests_by_url.setdefault(item.url, set()).add(capture.payload_digest)
            yield RawArticle(result.item, capture, result.content)


def is_late(run: IngestRun) -> bool:
    """Return whether a run over feeds, sitemaps or section pages takes so long that they may have rolled on."""
    seconds = (run.clock() - run.row.started_at).total_seconds()
    return seconds > run.settings.run_seconds and any(reader.is_polled for reader in readers_of(run.source))


def batch_size(source: Source, settings: Settings) -> int:
    """Return how many documents land together: of pages that are fetched with a delay, those of some minutes."""
    if source.delay == 0 or not any(reader.fetches_pages for reader in readers_of(source)):
        return settings.batch
    return max(1, min(settings.batch, int(MAX_LANDING_SECONDS / source.delay)))


def in_batches(documents: Iterable[Discovered], size: int) -> Iterator[list[Discovered]]:
    """Yield up to `size` documents at a time; fewer if they have so much content that memory would grow."""
    batch: list[Discovered] = []
    batch_bytes = 0
    for document in documents:
        batch.append(document)
        batch_bytes += len(document.content) if isinstance(document, Fetched) else 0
        if len(batch) == size or batch_bytes > MAX_BATCH_BYTES:
            yield batch
            batch, batch_bytes = [], 0
    if batch:
        yield batch
