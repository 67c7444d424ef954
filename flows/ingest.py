"""The whole path of one source, from where its articles come in to the warehouse."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

from config.settings import Settings
from config.sources import Source
from flows.job import Clock, Job, first_run_row, new_run_id, rules_of
from flows.workers import Workers
from tasks import jsonl
from tasks.detect import detect
from tasks.extract import extract
from tasks.fetch import fetch
from tasks.normalise import normalise
from tasks.strip import strip
from warehouse.archive import ArchiveWriter, read, recover
from warehouse.errors import WarehouseError
from warehouse.ledger import Conclusion, concluded, load_ledger
from warehouse.records import Article, Fetched, Item, Outcome, RawArticle, Rejection, Run, RunStatus
from warehouse.store import Store

BATCH_BYTES: Final = 64_000_000

Progress = Callable[[int], None]
"""Told how many more documents came to their conclusion."""


def utc_now() -> datetime:
    """The present, in UTC."""
    return datetime.now(UTC)


def ingest(
    source: Source,
    settings: Settings,
    workers: Workers,
    *,
    run_id: str | None = None,
    clock: Clock = utc_now,
    progress: Progress = lambda _: None,
) -> Run:
    """Take in all that is new in one source; every document ends in one of the six counts of the `Run`.

    Killed at any moment and run again, it ends in the same rows. An input that cannot be listed, or storage that
    cannot be written, makes the run `failed`, its `error` the sentence to show; what had landed stays.
    Raises `LockedError` where another run holds the source for longer than `lock_seconds`.
    """
    store = Store(settings.data)
    with store.lock(source.id, settings.lock_seconds):
        store.prepare()
        began, rules = clock(), rules_of(source, settings)
        run = first_run_row(source, run_id or new_run_id(began), began, rules)
        job = Job(source, settings, store, load_ledger(settings.data, source.id, rules), clock, run)
        job.begin()
        try:
            take_up_recovered(job, workers)
            for batch in in_batches(job.listing(), settings.batch):
                ingest_batch(job, workers, batch)
                progress(len(batch))
            return job.finish(RunStatus.FAILED if job.problems else RunStatus.SUCCEEDED)
        except WarehouseError as error:
            job.problems.append(str(error))
            return job.finish(RunStatus.FAILED)
        except BaseException as error:
            job.problems.append(f"{type(error).__name__}: {error}")
            job.finish(RunStatus.INTERRUPTED if isinstance(error, KeyboardInterrupt) else RunStatus.FAILED)
            raise


def ingest_batch(job: Job, workers: Workers, batch: list[Item | Rejection]) -> None:
    """Documents that land together: discover, archive, extract, strip, detect, normalise, land."""
    job.land_discoveries([item for item in batch if job.ledger.see(item, job.clock())])

    conclusions: list[Conclusion] = []
    with ArchiveWriter(job.settings.data, job.source.id, job.run.run_id, job.clock()) as archive:
        raws = archive_new(job, archive, batch, conclusions)
        for raw, made in workers.each(make_article, raws, job.source):
            conclusions.append(job.ledger.conclude(raw, made, job.clock()))
    job.land(conclusions)
    archive.settle()
    job.counts.update(conclusion.outcome for conclusion in conclusions)


def archive_new(
    job: Job, archive: ArchiveWriter, batch: Iterable[Item | Rejection], conclusions: list[Conclusion]
) -> Iterator[RawArticle]:
    """Read each document and archive it before anything else is done with it; what holds no news is concluded."""
    taken: set[tuple[str, str]] = set()
    for item in batch:
        fetched = item if isinstance(item, Rejection) else _fetch(job, item)
        if isinstance(fetched, Rejection):
            conclusions.append(job.ledger.refuse(fetched, job.clock()))
        elif (item.url, fetched.payload_digest) in taken:
            conclusions.append(Conclusion(Outcome.UNCHANGED))
        elif job.ledger.holds(fetched):
            conclusions.append(Conclusion(job.recovered.pop(item.url, Outcome.UNCHANGED)))
        else:
            taken.add((item.url, fetched.payload_digest))
            yield RawArticle(fetched.item, archive.write(fetched), fetched.content)


def _fetch(job: Job, item: Item) -> Fetched | Rejection:
    known = job.ledger.identify(item)
    return fetch(known, job.settings, job.clock, allow_private=job.source.allow_private)


def make_article(raw: RawArticle, source: Source, max_bytes: int) -> Article | Rejection:
    """The steps from bytes to article; pure, so that a worker process can take them."""
    opened = jsonl.open_record(raw, source) if raw.capture.media_type == jsonl.MEDIA_TYPE else raw
    found = opened if isinstance(opened, Rejection) else extract(opened, max_bytes)
    stripped = found if isinstance(found, Rejection) else strip(found, source.strip)
    if isinstance(stripped, Rejection):
        return stripped
    return normalise(detect(stripped, source.language), source)


def take_up_recovered(job: Job, workers: Workers) -> None:
    """Finish what a killed run had archived: index it, and make articles of what had not landed."""
    captures = recover(job.settings.data, job.source.id)
    landed = concluded(job.settings.data, [capture.capture_id for capture in captures]) if captures else set()
    items = {capture.url: Item(job.source.id, capture.url, capture.url, "", capture.fetched_at) for capture in captures}
    job.land_discoveries([item for item in items.values() if job.ledger.see(item, job.clock())])
    job.land_captures([capture for capture in captures if capture.capture_id in landed])

    def raws() -> Iterator[RawArticle]:
        for capture in captures:
            known = job.ledger.addresses[capture.url]
            if capture.capture_id in landed:
                known.payload_digests += (capture.payload_digest,)
                continue
            item = Item(job.source.id, capture.url, known.guid, known.found_in, known.first_seen_at)
            content = read(job.settings.data, capture.warc_filename, capture.warc_offset, capture.warc_length)
            yield RawArticle(item, replace(capture, run_id=job.run.run_id), content)

    made = list(workers.each(make_article, raws(), job.source))
    conclusions = [job.ledger.conclude(raw, end, job.clock()) for raw, end in made]
    job.land(conclusions)
    job.recovered = {raw.item.url: one.outcome for (raw, _), one in zip(made, conclusions, strict=True)}


def in_batches(items: Iterable[Item | Rejection], size: int) -> Iterator[list[Item | Rejection]]:
    """Up to `size` documents at a time, and fewer where they came with so much content that memory would grow."""
    batch: list[Item | Rejection] = []
    held = 0
    for item in items:
        batch.append(item)
        held += len(item.content or b"") if isinstance(item, Item) else 0
        if len(batch) == size or held > BATCH_BYTES:
            yield batch
            batch, held = [], 0
    if batch:
        yield batch
