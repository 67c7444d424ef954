"""Plans a backfill: its shards, and what they will cost."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final
from urllib.parse import urlsplit

from config.errors import ConfigError
from config.settings import Settings
from config.sources import Source
from flows.ingest import ingest
from flows.ingestion.ingest_run import Clock, IngestRun, open_run
from flows.ingestion.listing_dates import Period
from flows.ingestion.process_pool import Workers
from flows.ingestion.run_rows import first_run_row, new_run_id
from flows.ingestion.scope import KnownAddresses
from flows.sharding.shards import Shard, done_shards, shards_of_items, shards_of_parts
from flows.sharding.window import WindowItems, list_window, lists_days
from tasks.discover import readers_of, split_input
from tasks.http.fetcher import Fetcher, Rules
from tasks.listings.input_reader import InputError, ReadContext
from warehouse.archive.segment import marker
from warehouse.connect import connect, rows
from warehouse.model.records import Item
from warehouse.model.rows import Run
from warehouse.model.vocabulary import Outcome
from warehouse.storage.tables import Store

# Taken for a source that has no captures or runs yet.
TYPICAL_PAGE_BYTES: Final = 120_000
TYPICAL_COMPRESSED_RECORD_BYTES: Final = 30_000
TYPICAL_WARC_FILE_BYTES: Final = 1_000_000_000
TYPICAL_DOCUMENT_CPU_SECONDS: Final = 0.04


@dataclass(slots=True)
class Plan:
    """A backfill to be done."""

    source: Source
    window: Period | None
    shards: list[Shard] = field(default_factory=list)
    done: dict[str, Run] = field(default_factory=dict)
    listings: int = 0
    fetched: int = 0
    """Of the listings, those for which a request was made, now."""
    undated: int = 0
    documents: int = 0
    """That lie in the window."""
    known: int = 0
    """Of these, what the shards that are done hold, and pages that need not be fetched."""
    requests: int = 0
    hours: float = 0.0
    bytes: int = 0
    estimates: list[str] = field(default_factory=list)
    """How the numbers came about, a sentence each."""
    problems: list[str] = field(default_factory=list)

    @property
    def left(self) -> list[Shard]:
        """The shards that are still to be done."""
        return [shard for shard in self.shards if shard.run_id not in self.done]

    def row(self) -> dict[str, Any]:
        """Return its numbers by their names."""
        return {
            "source": self.source.id,
            "from": self.window[0] if self.window else None,
            "to": self.window[1] - timedelta(microseconds=1) if self.window else None,
            "listings": self.listings,
            "items": self.documents,
            "known": self.known,
            "to_do": self.documents - self.known,
            "requests": self.requests,
            "hours": round(self.hours, 2),
            "bytes": self.bytes,
            "shards": len(self.shards),
            "shards_done": len(self.done),
            "estimates": self.estimates,
        }


def make_plan(
    source: Source, settings: Settings, window: Period | None, workers: Workers, fetcher: Fetcher, clock: Clock
) -> Plan:
    """Plan a backfill of the source's WARC inputs, else of its sitemaps and feeds.

    What killed runs left is finished first. The listings that are read for it are archived and fetched once.
    Raises `ConfigError` where the source has nothing to go back in, `WarehouseError`.
    """
    warcs = [number for number, reader in enumerate(readers_of(source)) if reader.holds_crawls]
    listed = any(map(lists_days, source.input))
    if not warcs and (not listed or window is None):
        raise ConfigError(_cure(source, listed=listed))
    finish_killed(source, settings, workers, fetcher, clock)
    plan = Plan(source, window)
    for number in warcs:
        try:
            plan.shards += shards_of_parts(
                source, split_input(source, number, ReadContext(settings, clock(), fetcher)), window
            )
        except InputError as error:
            plan.problems.append(str(error))
    if plan.shards:
        plan.done = done_shards(settings, source, plan.shards)
        _estimate_files(plan, settings)
    if listed and window is not None and not warcs:
        _plan_pages(plan, settings, window, workers, fetcher, clock)
    return plan


def finish_killed(source: Source, settings: Settings, workers: Workers, fetcher: Fetcher, clock: Clock) -> None:
    """Finish what killed runs had archived: shards look only after themselves."""
    if any(marker(Store(settings.data).root, source.id, "").glob("*")):
        ingest(source, settings, workers, fetcher, KnownAddresses(()), clock=clock)


def _cure(source: Source, *, listed: bool) -> str:
    if listed:
        return f"source '{source.id}' goes back by days: say which with --from and --to, such as --from 2026-01-31"
    return (
        f"source '{source.id}' has no sitemap, feed or WARC input to go back in; add a sitemap to {source.id}.toml, or "
        "name WARC files with --warc"
    )


def _plan_pages(
    plan: Plan, settings: Settings, window: Period, workers: Workers, fetcher: Fetcher, clock: Clock
) -> None:
    source, store = plan.source, Store(settings.data)
    with store.lock(source.id, settings.lock_seconds):
        store.prepare()
        began = clock()
        # `runs` gets no row for it: nothing was taken in.
        row = first_run_row(source, f"plan-{new_run_id(began)}", began)
        run = open_run(row, source, settings, workers, fetcher, clock, threading.Event())
        with run.ledger:
            listed = list_window(run, window)
            to_fetch = [item for item in listed.items.values() if _is_wanted(run, item)]
    plan.shards += shards_of_items(source, list(listed.items.values()))
    plan.done |= done_shards(settings, source, plan.shards)
    _add_listed(plan, listed, to_fetch)
    _estimate_pages(plan, settings, fetcher, to_fetch)


def _is_wanted(run: IngestRun, item: Item) -> bool:
    return item.url not in run.ledger.addresses or run.ledger.is_wanted(item.url, run.clock(), ())


def _add_listed(plan: Plan, listed: WindowItems, to_fetch: Sequence[Item]) -> None:
    plan.listings, plan.fetched, plan.undated = listed.listings, listed.fetched, listed.undated
    plan.documents += len(listed.items)
    plan.known += len(listed.items) - len(to_fetch)
    plan.problems += listed.problems
    if listed.undated:
        plan.estimates.append(f"{listed.undated:,} addresses without any date were left out")
    if not listed.listings:
        plan.problems.append(
            f"source '{plan.source.id}' has no sitemap, nor does its robots.txt name one; add one to "
            f"{plan.source.id}.toml, or name WARC files with --warc"
        )


def _estimate_pages(plan: Plan, settings: Settings, fetcher: Fetcher, to_fetch: Sequence[Item]) -> None:
    source = plan.source
    by_host = Counter(urlsplit(item.url).netloc for item in to_fetch)
    waits = dict.fromkeys(by_host, source.delay)
    for item in {urlsplit(item.url).netloc: item for item in to_fetch}.values():
        rules = fetcher.robots(item.url, delay=source.delay, allow_private=source.allow_private)
        if isinstance(rules, Rules) and rules.crawl_delay:
            waits[urlsplit(item.url).netloc] = max(source.delay, rules.crawl_delay)
    seconds = {host: count * waits[host] for host, count in by_host.items()}
    plan.requests = len(to_fetch) + len(by_host)
    plan.hours = max(seconds.values(), default=0.0) / 3_600
    plan.estimates.append("requests: one a page and one for each host's robots.txt; failures are asked for again")
    if seconds:
        host = max(seconds, key=lambda host: seconds[host])
        plan.estimates.append(f"hours: {by_host[host]:,} pages of {host}, {waits[host]:g} s between two requests")
    size, captures = _mean(settings, source, "payload_bytes") or (float(TYPICAL_PAGE_BYTES), 0)
    plan.bytes = round(size * len(to_fetch))
    plan.estimates.append(
        f"bytes: {size:,.0f} a page, unpacked: the mean of {captures:,} captures of this source"
        if captures
        else f"bytes: {TYPICAL_PAGE_BYTES:,} a page, unpacked, are taken: the source has no captures yet"
    )


def _estimate_files(plan: Plan, settings: Settings) -> None:
    size, _ = _mean(settings, plan.source, "warc_length") or (float(TYPICAL_COMPRESSED_RECORD_BYTES), 0)
    seconds, timed = _pace(settings, plan.source)
    plan.documents = _documents(plan.shards, size)
    plan.known = sum(run.discovered for run in plan.done.values())
    locations = {shard.part.location for shard in plan.left if shard.part and "://" in shard.part.location}
    plan.requests = len(locations)
    plan.bytes = sum(_bytes(shard) for shard in plan.left)
    plan.documents = max(plan.documents, plan.known)
    work = (plan.documents - plan.known) * seconds / (1 if timed else settings.workers)
    plan.hours = max(work, len(locations) * plan.source.delay) / 3_600
    are_counted = all(shard.documents is not None for shard in plan.shards)
    whose = (
        f"timed over {timed:,} documents of this source" if timed else f"{settings.workers} processes, not timed yet"
    )
    plan.estimates += [
        "items: counted in the file, before its days are looked at"
        if are_counted
        else f"items: {size:,.0f} bytes a document, packed, are taken of files that were not counted",
        "bytes: of the files"
        + (f"; of those at addresses {TYPICAL_WARC_FILE_BYTES:,} each are taken" if locations else ""),
        f"hours: {1_000 * seconds:.0f} ms a document, {whose}",
    ]


def _documents(shards: Iterable[Shard], size: float) -> int:
    return sum(_bytes(shard) // max(1, round(size)) if shard.documents is None else shard.documents for shard in shards)


def _bytes(shard: Shard) -> int:
    return TYPICAL_WARC_FILE_BYTES if shard.part is None or shard.part.size is None else shard.part.size


def _mean(settings: Settings, source: Source, column: str) -> tuple[float, int] | None:
    query = (
        f"SELECT avg({column}), count(*) FROM captures WHERE source_id = $1 AND payload_bytes > 0"  # noqa: S608  ours
        f" AND outcome IN ('{Outcome.STORED}', '{Outcome.REJECTED}', '{Outcome.DUPLICATE}')"
    )
    row = _query_row(settings, query, source)
    return (row[0], row[1]) if row and row[1] else None


def _pace(settings: Settings, source: Source) -> tuple[float, int]:
    """Return the seconds a document took in shards of files so far, and the number of documents."""
    query = (
        "SELECT sum(epoch(finished_at) - epoch(started_at)) / sum(stored), sum(stored) FROM runs"
        " WHERE source_id = $1 AND kind = 'shard' AND finished_at IS NOT NULL AND stored > 100"
    )
    row = _query_row(settings, query, source)
    return (row[0], row[1]) if row and row[1] else (TYPICAL_DOCUMENT_CPU_SECONDS, 0)


def _query_row(settings: Settings, query: str, source: Source) -> tuple[Any, ...] | None:
    Store(settings.data).prepare()
    with connect(settings.data) as connection:
        return rows(connection, query, [source.id])[0]
