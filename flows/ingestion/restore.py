"""Rows that were lost with their file: a run makes them again from what the archive holds.

Of articles and refusals, those whose captures say that they are there. Of discoveries, first what the
inputs and the archived listings name, and at the end of the run, what nothing names any more but the other tables.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from config.inputs import Input
from flows.ingestion.archived import Row, lost_captures, raw_article
from flows.ingestion.poll import read_archived
from tasks.discover import discover, readers_of
from tasks.listings.discovered import Discovered, item_of
from tasks.listings.input_reader import InputError, ReadContext
from warehouse.connect import connect, rows
from warehouse.errors import WarehouseError
from warehouse.model.records import LISTED, Article, Capture, RawArticle, Rejection
from warehouse.state.ledger import Conclusion

if TYPE_CHECKING:
    from flows.ingestion.ingest_run import Job

Make = Callable[[Iterator[RawArticle]], Iterator[tuple[RawArticle, Article | Rejection]]]
"""Extraction of archived documents, in their order."""

log: Final = logging.getLogger("copydesk")


def restore_documents(job: Job, make: Make, reload: Callable[[], None]) -> None:
    """Land the articles and refusals that are missing; what the archive has not is read anew where it still is.

    The ledger of the job is then as if nothing had been lost. Raises `WarehouseError`.
    """
    ledger, baseless = job.ledger, job.ledger.baseless()
    if not ledger.lost and not baseless:
        return
    unreadable: list[Capture] = []
    batch: list[Conclusion] = []
    restored = 0
    with connect(job.store.root) as connection:
        found = lost_captures(connection, job.source, ledger.lost, baseless)
        for raw, made in make(_raws(job, found, unreadable)):
            conclusion = ledger.restored(raw, made, job.clock())
            job.recovered[raw.item.url] = conclusion.outcome
            batch.append(conclusion)
            if len(batch) == job.settings.batch:
                restored += _land(job, batch)
    restored += _land(job, batch)
    reload()
    for capture in unreadable:
        job.ledger.distrust(capture)
    if restored or unreadable:
        log.warning(
            "source '%s': rows were lost; %d documents were taken from the archive again, %d are not in it any more"
            " ('copydesk maintain verify' names them)",
            job.source.id,
            restored,
            len(unreadable),
        )


def _raws(job: Job, found: Iterator[Row], unreadable: list[Capture]) -> Iterator[RawArticle]:
    for row in found:
        job.check_stop()
        try:
            yield raw_article(job.settings.data, row, job.source)
        except WarehouseError:
            unreadable.append(Capture(**row["capture"]))


def _land(job: Job, batch: list[Conclusion]) -> int:
    job.land(batch)
    count = len(batch)
    batch.clear()
    return count


def restore_discoveries(job: Job) -> None:
    """Land what local inputs and the archived listings name, where discoveries are missing.

    An article is the same one again only if its id is known before it is made. Raises `WarehouseError`.
    """
    if not job.ledger.unsighted():
        return
    for entry, reader in zip(job.source.input, readers_of(job.source), strict=True):
        if not reader.is_polled:
            job.see(_listed(job, entry))
        job.see(reader.former_documents(job.ledger.unsighted(), job.clock()))
    if any(reader.is_polled for reader in readers_of(job.source)):
        _see_archived_listings(job)


def _listed(job: Job, entry: Input) -> Iterator[Discovered]:
    context = ReadContext(job.settings, job.clock(), job.fetcher)
    with suppress(InputError):  # the run will tell
        for document in discover(job.source, entry, context):
            if item_of(document).url in job.ledger.addresses:
                yield document


def _see_archived_listings(job: Job) -> None:
    query = f"SELECT {', '.join(Capture.__slots__)} FROM captures {_LISTINGS}"  # noqa: S608  names of ours
    with connect(job.store.root) as connection:
        captures = [Capture(*row) for row in rows(connection, query, [job.source.id])]
    for capture in captures:
        job.check_stop()
        items, _ = read_archived(job, capture)
        job.see(items)


def land_unsighted(job: Job) -> None:
    """Land a discovery of each address of which only other rows know, now that nothing names it any more."""
    job.land_unsighted(job.ledger.unsighted())


_LISTINGS: Final = f"WHERE source_id = $1 AND outcome = '{LISTED}' AND payload_bytes > 0 ORDER BY fetched_at"
