"""Shards: an ingestion cut into runs of parts, each of which lands on its own, once, and is found by its run_id."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from config.settings import Settings
from config.sources import Source
from flows.ingestion.listing_dates import Period
from flows.ingestion.run_rows import rules_of
from tasks.discover import read_split, readers_of, split_input
from tasks.http.fetcher import utc_now
from tasks.listings.discovered import Discovered
from tasks.listings.input_reader import InputError, InputSplit, ReadContext
from warehouse.connect import connect, rows
from warehouse.errors import EmptyWarehouseError
from warehouse.model.records import Item
from warehouse.model.rows import Run
from warehouse.model.vocabulary import RunKind, RunStatus

if TYPE_CHECKING:
    from flows.ingestion.ingest_run import IngestRun
    from tasks.http.fetcher import Fetcher

# Its host, not the processor, decides how long a shard of pages takes.
MIN_PAGES_PER_SHARD: Final = 500


@dataclass(frozen=True, slots=True)
class Shard:
    """One part of a source, ingested as a run of its own. It travels to other machines."""

    key: str
    """The same for the same part of the same files: a run that succeeded with it need not be repeated."""
    part: InputSplit | None = None
    items: tuple[Item, ...] = ()
    """The pages to fetch, where it is no part of a file."""
    window: Period | None = None

    @property
    def run_id(self) -> str:
        """Of the run that takes it in, the first time and every other."""
        return f"shard-{self.key}"

    @property
    def documents(self) -> int | None:
        """Number of its documents, about; None where that is not known."""
        return self.part.documents if self.part else len(self.items)

    @property
    def is_fetched(self) -> bool:
        """Return whether its hosts decide how long it takes: such shards of a source come one after another."""
        return self.part is None

    def __str__(self) -> str:
        if self.part is None:
            return f"{len(self.items)} pages from {self.items[0].url}"
        if self.part.paths:
            return f"{self.part.location} ({len(self.part.paths):,} files)"
        return f"{self.part.location} (from {self.part.first:,})" if self.part.first else self.part.location


def shards_of_parts(
    source: Source, parts: Iterable[InputSplit], window: Period | None, rules: str = ""
) -> Iterator[Shard]:
    """Yield a shard a part. `rules` are what else a shard that is done was judged by."""
    for part in parts:
        # What an input takes may have been changed: of the same file these are other documents.
        content = f"{source.id} {source.input[part.entry].model_dump_json()} {part.digest} {window} {rules}"
        yield Shard(_key(content), part, window=window)


def shards_of_items(source: Source, items: Sequence[Item]) -> list[Shard]:
    """Cut pages into shards in the order of their addresses, of one length or one more."""
    ordered = sorted(items, key=lambda item: item.url)
    count = max(1, len(ordered) // MIN_PAGES_PER_SHARD)
    bounds = [len(ordered) * number // count for number in range(count + 1)] if ordered else []
    parts = [tuple(ordered[first:end]) for first, end in pairwise(bounds)]
    return [Shard(_key(" ".join([source.id, *(item.url for item in part)])), None, part) for part in parts]


def shards_of_files(source: Source, settings: Settings, fetcher: Fetcher | None, problems: list[str]) -> list[Shard]:
    """Cut all that a source reads from files into shards; what cannot be listed is added to `problems`."""
    rules = " ".join(rules_of(source, settings))
    shards: list[Shard] = []
    for number in (number for number, reader in enumerate(readers_of(source)) if reader.can_split):
        try:
            # One by one, so that what was listed before a problem is kept.
            shards.extend(
                shards_of_parts(
                    source, split_input(source, number, ReadContext(settings, utc_now(), fetcher)), None, rules
                )
            )
        except InputError as error:
            problems.append(str(error))
    return list({shard.run_id: shard for shard in shards}.values())


def list_shard(run: IngestRun, shard: Shard) -> Iterator[Discovered]:
    """Yield the documents of a shard; what cannot be read of it is a problem of the run."""
    if shard.part is None:
        yield from (replace(item, seen_at=run.clock()) for item in shard.items)
        return
    try:
        context = ReadContext(run.settings, run.clock(), run.fetcher, shard.window)
        yield from read_split(run.source, shard.part, context)
    except InputError as error:
        run.problems.append(str(error))


def done_shards(settings: Settings, source: Source, shards: Iterable[Shard]) -> dict[str, Run]:
    """Return the runs of shards that ended with nothing pending, by run_id. Raises `WarehouseError`."""
    query = (
        f"SELECT {', '.join(Run.__slots__)} FROM runs WHERE source_id = $1 AND pending = 0"  # noqa: S608  ours
        f" AND status = '{RunStatus.SUCCEEDED}' AND kind = '{RunKind.SHARD}'"
    )
    run_ids = {shard.run_id for shard in shards}
    try:
        with connect(settings.data) as connection:
            runs = [Run(*row) for row in rows(connection, query, [source.id])]
    except EmptyWarehouseError:
        return {}
    return {run.run_id: run for run in runs if run.run_id in run_ids}


def _key(content: str) -> str:
    return hashlib.sha256(content.encode("utf-8", "backslashreplace")).hexdigest()[:20]
