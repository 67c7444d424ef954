"""The whole path of one source, from where its articles come in to the warehouse."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Final

from config.settings import Settings
from config.sources import Source
from flows.ingestion.ingest_run import Clock, Job
from flows.ingestion.outcomes import FORGOTTEN_TWIN, conclude_moved, conclude_same, conclude_unread, keep_said
from flows.ingestion.process_pool import Workers
from flows.ingestion.recovery import reload_ledger, take_up_recovered
from flows.ingestion.recurring_lines import learn_habits, load_habits, with_habits
from flows.ingestion.restore import Make, land_unsighted, restore_documents
from flows.ingestion.run_rows import first_run_row, new_run_id, rules_of
from flows.ingestion.worklist import list_documents
from flows.sharding.shards import Shard, list_shard
from tasks.article import make_article
from tasks.discover import readers_of
from tasks.fetch import ReadResult, fetch_each
from tasks.http.fetcher import Fetcher, utc_now
from tasks.http.response import NotModified, Postponed, Refused
from tasks.listings.discovered import Discovered, item_of
from warehouse.archive.writer import ArchiveWriter
from warehouse.errors import WarehouseError, unforeseen
from warehouse.model.records import Article, Fetched, Item, RawArticle, Rejection
from warehouse.model.rows import Run
from warehouse.model.vocabulary import Outcome, Reason, RunKind, RunStatus, Stage
from warehouse.state.endpoints import load_endpoints
from warehouse.state.ledger import Conclusion
from warehouse.state.load_ledger import load_ledger
from warehouse.storage.tables import Store

BATCH_BYTES: Final = 64_000_000
LAND_SECONDS: Final = 300
"""A page that was fetched is to be in the views within about this time."""

Progress = Callable[[int], None]
"""Told how many more documents came to their conclusion."""


def ingest(
    source: Source,
    settings: Settings,
    workers: Workers,
    fetcher: Fetcher,
    *,
    run_id: str | None = None,
    clock: Clock = utc_now,
    progress: Progress = lambda _: None,
    stop: threading.Event | None = None,
    only: Collection[str] | None = None,
    due: bool = False,
    early: timedelta = timedelta(),
    shard: Shard | None = None,
    beside: Collection[str] = (),
) -> Run:
    """Take in all that is new in one source; every document ends in one of the six counts of the `Run`.

    `only` names known addresses to read again now, in place of what the inputs name. `due` leaves alone the feeds,
    sitemaps and section pages whose time does not come within `early`. `stop` ends the run from another thread as
    Ctrl-C does. Of a `shard` only its documents are taken, judged as if the runs `beside` it had not been; whoever
    starts it holds the source.
    Killed at any moment and run again, it ends in the same rows. An input that cannot be listed, or storage that
    cannot be written, makes the run `failed`, its `error` the sentence to show; what had landed stays.
    Raises `LockedError` where another run holds the source for longer than `lock_seconds`.
    """
    store = Store(settings.data)
    stop = stop or threading.Event()
    run_id = shard.run_id if shard else run_id
    with store.lock(source.id, settings.lock_seconds, stop, part=shard.run_id if shard else ""):
        store.prepare()
        began, rules = clock(), rules_of(source, settings)
        # The rules are those by which all of a source was judged; some named addresses are not all.
        judged_by = rules if only is None and shard is None else (rules[0], "")
        kind = RunKind.SHARD if shard else RunKind.INGEST if only is None else RunKind.ADDRESSES
        shard_key = shard.key if shard else None
        run = first_run_row(source, run_id or new_run_id(began), began, judged_by, kind, shard_key)
        ledger = load_ledger(settings.data, source.id, rules, began, beside)
        if shard is not None:
            # The others that are under way are not to be taken for killed, nor known pages to be looked at again.
            ledger.unfinished = ()
            source = source.model_copy(update={"recheck": ()})
        job = Job(
            source,
            settings,
            store,
            ledger,
            *load_endpoints(settings.data, source.id, began),
            workers,
            fetcher,
            clock,
            run,
            stop,
            habits=load_habits(settings.data, source.id),
        )
        job.remember()
        job.begin()
        try:
            make, reload = partial(_extracted, job), partial(reload_ledger, job, rules, beside)
            if take_up_recovered(job, make, shard):
                reload()
            whole = list_whole(job, make, reload, due=due, early=early)
            for batch in in_batches(list_part(job, shard, only) or whole, batch_size(source, settings)):
                if shard is None and is_late(job):
                    # They are pending, and the feeds are to be looked at again before their turn comes.
                    job.found += len(batch)
                    continue
                ingest_batch(job, batch, again=only is not None)
                progress(len(batch))
            if shard is None and only is None:
                land_unsighted(job)
            if shard is None:
                # Else what a shard strips would depend on which shards had ended before it.
                learn_habits(job)
            return job.finish(RunStatus.FAILED if job.problems else RunStatus.SUCCEEDED)
        except WarehouseError as error:
            job.problems.append(str(error))
            return job.finish(RunStatus.FAILED)
        except BaseException as error:
            if not (isinstance(error, KeyboardInterrupt) or job.stop.is_set()):
                job.problems.append(unforeseen(error))
                job.finish(RunStatus.FAILED)
                raise
            # What a stop breaks, such as a fetch under way, says nothing about the source.
            job.problems.append("interrupted; the next run takes the rest")
            job.finish(RunStatus.INTERRUPTED)
            raise KeyboardInterrupt from None


def list_whole(
    job: Job, make: Make, reload: Callable[[], None], *, due: bool, early: timedelta
) -> Iterator[Discovered]:
    """Every document of a source, once the rows that were lost are there again."""
    restore_documents(job, make, reload)
    yield from list_documents(job, due=due, early=early)


def list_part(job: Job, shard: Shard | None, only: Collection[str] | None) -> Iterable[Discovered] | None:
    """The documents of a shard, or at named addresses; None where all of a source is meant."""
    if shard is not None:
        return list_shard(job, shard)
    return None if only is None else (job.recall(url) for url in only)


def ingest_batch(job: Job, batch: list[Discovered], *, again: bool = False) -> None:
    """Documents that land together: discover, archive, extract, strip, detect, normalise, land."""
    job.found += len(batch)
    seen = job.see(batch)

    conclusions: list[Conclusion] = []
    with ArchiveWriter(job.store.root, job.source.id, job.run.run_id, job.clock()) as archive:
        raws = archive_new(job, archive, read_each(job, seen, conclusions, again=again), conclusions)
        for raw, made in job.workers.each(with_habits(make_article, job.habits), raws, job.source):
            conclusions.append(job.ledger.conclude(raw, made, job.clock()))
    job.land(conclusions)
    job.land_captures(job.asides)
    job.asides.clear()
    archive.settle()
    job.counts.update(conclusion.outcome for conclusion in conclusions)


def read_each(
    job: Job, batch: Iterable[Discovered], conclusions: list[Conclusion], *, again: bool
) -> Iterator[tuple[Item, ReadResult]]:
    """Each document as it was read; a page that is known and not to be fetched now is concluded."""
    now, wanted = job.clock(), []
    for found in batch:
        one = item_of(found)
        if isinstance(one, Rejection):
            conclusions.append(job.ledger.refuse(one, now))
            continue
        item, is_file = job.ledger.identify(one), one.url.startswith("file:")
        if job.is_forgotten(item.url):
            conclusions.append(job.ledger.refuse(item.reject(Stage.DISCOVER, Reason.FORGOTTEN, FORGOTTEN_TWIN), now))
        elif isinstance(found, Fetched):
            yield item, replace(found, item=item)
        elif again or is_file or job.ledger.is_wanted(item.url, now, job.source.recheck):
            wanted.append(item)
        else:
            conclusions.append(Conclusion(job.recovered.pop(found.url, Outcome.UNCHANGED)))
    yield from fetch_each(wanted, job.source, job.settings, job.fetcher, job.clock, job.earlier)


def archive_new(
    job: Job, archive: ArchiveWriter, documents: Iterable[tuple[Item, ReadResult]], conclusions: list[Conclusion]
) -> Iterator[RawArticle]:
    """Archive each document before anything else is done with it; what holds no news is concluded."""
    taken: dict[str, set[str]] = {}
    for item, answer in documents:
        job.check_stop()
        got = job.ledger.dated(answer) if isinstance(answer, Fetched) else answer
        if isinstance(got, Rejection):
            conclusions.append(job.ledger.refuse(got, job.clock()))
        elif isinstance(got, Postponed) or (isinstance(got, Refused) and got.waits_for_robots):
            # Its host, or its host's robots.txt, wants to be left alone just now.
            keep_said(job, archive, item, got)
            if not job.ledger.addresses[item.url].is_pending:
                conclusions.append(Conclusion(Outcome.UNCHANGED))
        elif isinstance(got, Refused):
            conclusions.append(conclude_unread(job, archive, item, got))
        elif isinstance(got, NotModified) or job.ledger.holds(got):
            conclusions.append(conclude_same(job, archive, item, got))
        elif item.url in taken and got.payload_digest in taken[item.url]:
            conclusions.append(Conclusion(Outcome.UNCHANGED))
        elif twin := job.moved_to(got):
            conclusions.append(conclude_moved(job, archive, got, twin))
        else:
            capture = archive.write(got)
            taken.setdefault(item.url, set()).add(capture.payload_digest)
            yield RawArticle(got.item, capture, got.content)


def _extracted(job: Job, raws: Iterator[RawArticle]) -> Iterator[tuple[RawArticle, Article | Rejection]]:
    return job.workers.each(with_habits(make_article, job.habits), raws, job.source)


def is_late(job: Job) -> bool:
    """Whether a run over feeds, sitemaps or section pages has taken so long that they may have rolled on."""
    took = (job.clock() - job.run.started_at).total_seconds()
    return took > job.settings.run_seconds and any(reader.is_polled for reader in readers_of(job.source))


def batch_size(source: Source, settings: Settings) -> int:
    """How many documents land together: of those that come one after another, what comes in some minutes."""
    if source.delay == 0 or not any(reader.fetches_pages for reader in readers_of(source)):
        return settings.batch
    return max(1, min(settings.batch, int(LAND_SECONDS / source.delay)))


def in_batches(items: Iterable[Discovered], size: int) -> Iterator[list[Discovered]]:
    """Up to `size` documents at a time, and fewer where they came with so much content that memory would grow."""
    batch: list[Discovered] = []
    held = 0
    for item in items:
        batch.append(item)
        held += len(item.content) if isinstance(item, Fetched) else 0
        if len(batch) == size or held > BATCH_BYTES:
            yield batch
            batch, held = [], 0
    if batch:
        yield batch
