"""Rows that were lost with their file: a run makes them again from what the archive holds.

Of articles and refusals, those whose captures say that they are there. Of discoveries, first what the
inputs and the archived listings name, and at the end of the run, what nothing names any more but the other tables.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote_to_bytes, urlsplit

from config.inputs import FolderInput, Input
from flows.ingestion.archived import Row, lost_captures, raw_article
from flows.ingestion.poll import read_archived
from tasks.discover import discover, is_polled, name_files
from tasks.files.errors import InputError
from tasks.listings.discovered import Found, named
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
    for entry in job.source.input:
        if not is_polled(entry):
            job.see(_listed(job, entry))
        if isinstance(entry, FolderInput):
            job.see(_once_listed(job, entry))
    if any(map(is_polled, job.source.input)):
        _see_archived_listings(job)


def _listed(job: Job, entry: Input) -> Iterator[Found]:
    with suppress(InputError):  # the run will tell
        for found in discover(job.source, entry, job.settings, job.clock(), job.fetcher):
            if named(found).url in job.ledger.addresses:
                yield found


def _once_listed(job: Job, entry: FolderInput) -> Iterator[Found]:
    """The files of a folder that may not be there any more, as their addresses name them."""
    folder = (job.source.folder / entry.path).resolve()
    paths = (Path(os.fsdecode(unquote_to_bytes(urlsplit(url).path))) for url in job.ledger.unsighted())
    yield from name_files(job.source, entry, [path for path in paths if path.is_relative_to(folder)], job.clock())


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
