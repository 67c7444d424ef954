"""What the Prefect UI shows of a run: its progress while it lasts, its counts and its rejects when it is over.

Keys are the same for every run of a source, so that the UI shows its history. Nothing here makes a run fail or wait:
what the server does not take in time is left out, and the log says so.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from time import monotonic
from typing import Any, Final
from uuid import UUID

from prefect import get_run_logger
from prefect.artifacts import (
    acreate_markdown_artifact,
    acreate_progress_artifact,
    acreate_table_artifact,
    aupdate_progress_artifact,
)
from prefect.settings import PREFECT_UI_URL

from config.settings import Settings
from config.sources import Source
from flows.cli.output import safe
from flows.scheduling.run_report import load_account, tell_counts, tell_rejects
from tasks.discover import count_documents
from warehouse.connect import connect, rows
from warehouse.errors import WarehouseError
from warehouse.model.rows import Run

FIRST_SECONDS: Final = 5.0
"""A run that is over sooner shows no progress."""
EVERY_SECONDS: Final = 10.0
SHARE: Final = 50
"""What counting took is rested so many times over: it is to cost 2 % at most, however large the warehouse."""
SERVER_SECONDS: Final = 20.0
"""How long the server may take over one artifact."""


@dataclass(slots=True)
class Progress:
    """What a run has done so far. `advance` is called from its thread; nothing else is."""

    source: Source
    settings: Settings
    done: int = 0
    run: Run | None = None
    """The run as it ended; set by whoever ran it, else nothing but the progress is left."""
    artifact: UUID | None = None
    known: int | None = None

    def advance(self, number: int) -> None:
        """So many more documents came to their conclusion."""
        self.done += number


@asynccontextmanager
async def run_artifacts(source: Source, settings: Settings) -> AsyncIterator[Progress]:
    """Shows how a source's run gets on; give `advance` to `ingest`, and set `run` to what comes of it."""
    progress = Progress(source, settings)
    showing = asyncio.create_task(_show(progress))
    try:
        yield progress
    finally:
        showing.cancel()
        with suppress(asyncio.CancelledError):
            await showing
        await _conclude(progress)


async def _show(progress: Progress) -> None:
    pause = FIRST_SECONDS
    while True:
        await asyncio.sleep(pause)
        began = monotonic()
        waiting = await asyncio.to_thread(_waiting, progress)
        pause = max(EVERY_SECONDS, SHARE * (monotonic() - began))
        await _leave(lambda waiting=waiting: _update(progress, waiting), progress.source.id)  # type: ignore[misc]


def _waiting(progress: Progress) -> int | None:
    """Documents that are known and not done; None where that cannot be told."""
    try:
        if progress.known is None:
            progress.known = count_documents(progress.source) or 0
        if progress.known:
            return max(0, progress.known - progress.done)
        with connect(progress.settings.data) as connection:
            query = "SELECT count(*) FROM pending WHERE source_id = $1"
            return int(rows(connection, query, [progress.source.id])[0][0])
    except (WarehouseError, OSError):
        return None


async def _update(progress: Progress, waiting: int | None, ended: str = "") -> None:
    total = progress.done + (waiting or 0)
    share = 100.0 if progress.run else 100 * progress.done / total if total else 0.0
    of = f" of {total:,} that are known so far" if waiting else ""
    told = f"{progress.source.id}: {ended or 'running'}, {progress.done:,} documents{of}"
    if progress.artifact is None:
        key = f"progress-{progress.source.id}"
        progress.artifact = await acreate_progress_artifact(share, key, told)
    else:
        await aupdate_progress_artifact(progress.artifact, share, told)


async def _conclude(progress: Progress) -> None:
    source, run = progress.source, progress.run
    if progress.artifact is not None:
        ended = str(run.status) if run else "stopped before its end"
        await _leave(lambda: _update(progress, None, ended), source.id)
    if run is not None:
        await _leave(lambda: _account(progress, run), source.id)


async def _account(progress: Progress, run: Run) -> None:
    source = progress.source
    account = await asyncio.to_thread(load_account, progress.settings.data, run)
    told = f"{safe(source.title)}: {run.stored:,} stored of {run.discovered:,} discovered"
    await acreate_markdown_artifact(tell_counts(source, run, account), f"counts-{source.id}", told)
    if account.reasons:
        refused = sum(now for _, now, _ in account.reasons)
        told = f"{safe(source.title)}: {refused:,} refused by this run"
        await acreate_markdown_artifact(tell_rejects(source, account), f"rejects-{source.id}", told)


async def leave_text(key: str, markdown: str, told: str | None = None) -> None:
    """Leave a page of Markdown under a key."""
    await _leave(lambda: acreate_markdown_artifact(markdown, key, told), key)


async def leave_table(key: str, told: str, table: list[dict[str, Any]]) -> None:
    """Leave a table under a key."""
    await _leave(lambda: acreate_table_artifact(table, key, told), key)


def artifact_link() -> Callable[[str], str | None]:
    """Where the UI shows the counts of a source's runs."""
    place = PREFECT_UI_URL.value()
    return lambda source_id: f"{place}/artifacts/key/counts-{source_id}" if place else None


async def _leave(leave: Callable[[], Awaitable[Any]], what: str) -> None:
    try:
        async with asyncio.timeout(SERVER_SECONDS):
            await leave()
    except Exception as error:  # noqa: BLE001  what people look at must not cost them what they look at it for
        told = str(error) or type(error).__name__
        get_run_logger().warning("%s: an artifact was left out: %s", what, told.partition("\n")[0])
