"""What a killed run had archived and gone no further with: the next run finishes it."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from flows.ingestion.poll import forget_again, read_again
from flows.ingestion.restore import Make, restore_discoveries
from warehouse.archive.writer import read, recover
from warehouse.model.records import LISTED, RECOVERED, Article, RawArticle
from warehouse.state.load_ledger import concluded, load_ledger, versions_of

if TYPE_CHECKING:
    from flows.ingestion.ingest_run import Job
    from flows.sharding.shards import Shard


def take_up_recovered(job: Job, make: Make, shard: Shard | None = None) -> bool:
    """Finish what a killed run had archived: index it, name what its listings name, make the articles that are due.

    A shard finishes what it had archived itself. Whether there was anything.
    """
    found = recover(job.store.root, job.source.id, shard.run_id if shard else "")
    listings = []
    for capture in (capture for capture in found if capture.outcome == LISTED):
        items, listing = read_again(job, capture)
        listings += forget_again(job, [listing], job.see(items))
    captures = [capture for capture in found if capture.outcome == RECOVERED]
    captures.sort(key=lambda capture: capture.fetched_at)
    landed = concluded(job.settings.data, [capture.capture_id for capture in captures]) if captures else set()
    job.ledger.meet((capture.url, capture.fetched_at) for capture in captures)
    if shard is None:
        restore_discoveries(job)
    settled = [one for one in found if one.outcome not in (LISTED, RECOVERED) or one.capture_id in landed]
    job.land_captures(listings + settled)

    def raws() -> Iterator[RawArticle]:
        for capture in captures:
            job.check_stop()
            if capture.capture_id in landed:
                job.ledger.note(capture)
                continue
            item = job.recall(capture.url)
            content = read(job.settings.data, capture.warc_filename, capture.warc_offset, capture.warc_length)
            yield RawArticle(item, replace(capture, run_id=job.run.run_id), content)

    made = list(make(raws()))
    history = versions_of(job.settings.data, job.source.id, [raw.item.url for raw, _ in made]) if made else {}
    conclusions = []
    for raw, end in made:
        # A capture whose row was lost may be older than what its address is by now.
        job.ledger.go_back(raw.capture, history.get(raw.item.url, ()))
        conclusions.append(conclusion := job.ledger.conclude(raw, end, job.clock()))
        if isinstance(conclusion.row, Article):
            version = (conclusion.row.fetched_at, conclusion.row.version_id)
            history[raw.item.url] = sorted([*history.get(raw.item.url, ()), version])
    job.land(conclusions)
    job.recovered = {raw.item.url: one.outcome for (raw, _), one in zip(made, conclusions, strict=True)}
    return bool(found)


def reload_ledger(job: Job, rules: tuple[str, str], beside: Collection[str]) -> None:
    """Load the ledger again after rows of the past have landed: what is newest is for the tables to say."""
    before, job.ledger = job.ledger, load_ledger(job.settings.data, job.source.id, rules, job.clock(), beside)
    job.ledger.unfinished, job.ledger.rules_changed = before.unfinished, before.rules_changed
    job.remember()
