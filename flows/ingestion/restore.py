"""Makes rows that were lost with their file again, from the archive.

Of articles and refusals, those whose captures say that they are there. Of discoveries, first what the
inputs and the archived listings name, and at the end of the run, what nothing names any more but the other tables.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from config.inputs import Input
from flows.ingestion.archived import Row, lost_captures, raw_article
from flows.ingestion.archived_listings import read_archived
from tasks.discover import discover, readers_of
from tasks.listings.discovered import Discovered, item_of
from tasks.listings.input_reader import InputError, ReadContext
from warehouse.connect import connect, rows
from warehouse.errors import WarehouseError
from warehouse.model.records import LISTED, Capture, RawArticle
from warehouse.state.conclusion import Conclusion

if TYPE_CHECKING:
    from flows.ingestion.ingest_run import IngestRun

log: Final = logging.getLogger("copydesk")


def restore_documents(run: IngestRun) -> None:
    """Land the articles and refusals that are missing; what the archive has not is read anew where it still is.

    The ledger of the run is then as if nothing had been lost. Raises `WarehouseError`.
    """
    ledger, lost, baseless = run.ledger, run.ledger.lost(), run.ledger.baseless()
    if not lost and not baseless:
        return
    unreadable: list[Capture] = []
    batch: list[Conclusion] = []
    restored = 0
    with connect(run.store.root) as connection:
        rows_of_captures = lost_captures(connection, run.source, lost, baseless)
        for raw, made in run.extract(_raws(run, rows_of_captures, unreadable)):
            conclusion = ledger.restored(raw, made, run.clock())
            run.recovered[raw.item.url] = conclusion.outcome
            batch.append(conclusion)
            if len(batch) == run.settings.batch:
                restored += _land(run, batch)
    restored += _land(run, batch)
    run.ledger.take_forward(run.clock())
    for capture in unreadable:
        run.ledger.distrust(capture)
    if restored or unreadable:
        log.warning(
            "source '%s': rows were lost; %d documents were taken from the archive again, %d are not in it any more"
            " ('copydesk maintain verify' names them)",
            run.source.id,
            restored,
            len(unreadable),
        )


def _raws(run: IngestRun, lost_rows: Iterator[Row], unreadable: list[Capture]) -> Iterator[RawArticle]:
    for row in lost_rows:
        run.check_stop()
        try:
            yield raw_article(run.settings.data, row, run.source)
        except WarehouseError:
            unreadable.append(Capture(**row["capture"]))


def _land(run: IngestRun, batch: list[Conclusion]) -> int:
    run.writer.land_conclusions(batch)
    count = len(batch)
    batch.clear()
    return count


def restore_discoveries(run: IngestRun) -> None:
    """Land what local inputs and the archived listings name, where discoveries are missing.

    An article is the same one again only if its id is known before it is made. Raises `WarehouseError`.
    """
    if not run.ledger.addresses.unsighted():
        return
    for entry, reader in zip(run.source.input, readers_of(run.source), strict=True):
        if not reader.is_polled:
            run.discover(_listed(run, entry))
        run.discover(reader.former_documents(run.ledger.addresses.unsighted(), run.clock()))
    if any(reader.is_polled for reader in readers_of(run.source)):
        _see_archived_listings(run)


def _listed(run: IngestRun, entry: Input) -> Iterator[Discovered]:
    context = ReadContext(run.settings, run.clock(), run.fetcher)
    with suppress(InputError):  # the run will tell
        for document in discover(run.source, entry, context):
            if item_of(document).url in run.ledger.addresses:
                yield document


def _see_archived_listings(run: IngestRun) -> None:
    query = f"SELECT {', '.join(Capture.__slots__)} FROM captures {_LISTINGS}"  # noqa: S608  names of ours
    with connect(run.store.root) as connection:
        captures = [Capture(*row) for row in rows(connection, query, [run.source.id])]
    for capture in captures:
        run.check_stop()
        documents, _ = read_archived(run, capture)
        run.discover(documents)


_LISTINGS: Final = f"WHERE source_id = $1 AND outcome = '{LISTED}' AND payload_bytes > 0 ORDER BY fetched_at"
