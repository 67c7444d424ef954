"""What the Prefect UI shows of a run: its progress while it lasts; its counts, rejects and name when it has ended.

Keys are the same for every run of a source, so that the UI shows its history. No artifact makes a run fail or wait:
one that the server does not take in time is left out, and the log of the run says so.
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
from prefect.client.orchestration import get_client
from prefect.runtime import flow_run
from prefect.settings import PREFECT_UI_URL

from config.settings import Settings
from config.sources import Source
from flows.scheduling.markdown_text import escape_markdown
from flows.scheduling.run_log import run_name
from flows.scheduling.run_report import counts_markdown, load_report, rejects_markdown
from tasks.discover import count_documents
from warehouse.connect import connect, rows
from warehouse.errors import WarehouseError
from warehouse.model.rows import Run

FIRST_PROGRESS_SECONDS: Final = 5.0  # a run that ends sooner has no progress artifact
MIN_PROGRESS_SECONDS: Final = 10.0  # between two updates
# The pause after a count is so many times as long as the count, which thus costs 2 % at most in a large warehouse.
PAUSES_PER_COUNT: Final = 50
MAX_SERVER_SECONDS: Final = 20.0  # for one artifact


@dataclass(slots=True)
class Progress:
    """The progress of a run. Only `advance` may be called from the thread of the run."""

    source: Source
    settings: Settings
    done: int = 0
    run: Run | None = None  # the finished run, set by the caller; without it there are no counts and rejects
    artifact: UUID | None = None
    documents: int | None = None  # in the inputs that can be counted

    def advance(self, number: int) -> None:
        """Add the number of documents just finished."""
        self.done += number


@asynccontextmanager
async def run_artifacts(source: Source, settings: Settings) -> AsyncIterator[Progress]:
    """Show the progress of a source's run; pass `advance` to `ingest`, and set `run` to its result."""
    progress = Progress(source, settings)
    updating = asyncio.create_task(_keep_updated(progress))
    try:
        yield progress
    finally:
        updating.cancel()
        with suppress(asyncio.CancelledError):
            await updating
        await _finish(progress)


async def _keep_updated(progress: Progress) -> None:
    pause = FIRST_PROGRESS_SECONDS
    while True:
        await asyncio.sleep(pause)
        began = monotonic()
        pending = await asyncio.to_thread(_count_pending, progress)
        pause = max(MIN_PROGRESS_SECONDS, PAUSES_PER_COUNT * (monotonic() - began))
        await _try_to_make(lambda pending=pending: _update(progress, pending), progress.source.id)  # type: ignore[misc]


def _count_pending(progress: Progress) -> int | None:
    """Return the number of documents that are known and not finished; None if it cannot be counted."""
    try:
        if progress.documents is None:
            progress.documents = count_documents(progress.source) or 0
        if progress.documents:
            return max(0, progress.documents - progress.done)
        with connect(progress.settings.data) as connection:
            query = "SELECT count(*) FROM pending WHERE source_id = $1"
            return int(rows(connection, query, [progress.source.id])[0][0])
    except (WarehouseError, OSError):
        return None


async def _update(progress: Progress, pending: int | None, status: str = "running") -> None:
    total = progress.done + (pending or 0)
    share = 100.0 if progress.run else 100 * progress.done / total if total else 0.0
    of = f" of {total:,} that are known so far" if pending else ""
    description = f"{progress.source.id}: {status}, {progress.done:,} documents{of}"
    if progress.artifact is None:
        key = f"progress-{progress.source.id}"
        progress.artifact = await acreate_progress_artifact(share, key, description)
    else:
        await aupdate_progress_artifact(progress.artifact, share, description)


async def _finish(progress: Progress) -> None:
    source, run = progress.source, progress.run
    if progress.artifact is not None:
        status = str(run.status) if run else "stopped before its end"
        await _try_to_make(lambda: _update(progress, None, status), source.id)
    if run is not None:
        await _try_to_make(lambda: _make_report(progress, run), source.id)
        await _try_to_make(lambda: _rename_flow_run(run_name(run)), source.id)


async def _make_report(progress: Progress, run: Run) -> None:
    source = progress.source
    report = await asyncio.to_thread(load_report, progress.settings.data, run)
    title = escape_markdown(source.title)
    description = f"{title}: {run.stored:,} stored of {run.discovered:,} discovered"
    await acreate_markdown_artifact(counts_markdown(source, run, report), f"counts-{source.id}", description)
    if report.reasons:
        description = f"{title}: {sum(reason.by_run for reason in report.reasons):,} refused by this run"
        await acreate_markdown_artifact(rejects_markdown(source, report), f"rejects-{source.id}", description)


async def _rename_flow_run(name: str) -> None:
    """Give the current flow run a name that tells it from the others of its source."""
    async with get_client() as client:
        await client.update_flow_run(UUID(flow_run.id), name=name)


async def make_markdown(key: str, markdown: str) -> None:
    """Make an artifact of Markdown under a key."""
    await _try_to_make(lambda: acreate_markdown_artifact(markdown, key), key)


async def make_table(key: str, description: str, table: list[dict[str, Any]]) -> None:
    """Make a table artifact under a key."""
    await _try_to_make(lambda: acreate_table_artifact(table, key, description), key)


def counts_link() -> Callable[[str], str | None]:
    """Return a function that gives the URL of the counts of a source in the UI, or None without a UI."""
    ui = PREFECT_UI_URL.value()
    return lambda source_id: f"{ui}/artifacts/key/counts-{source_id}" if ui else None


async def _try_to_make(make: Callable[[], Awaitable[Any]], subject: str) -> None:
    try:
        async with asyncio.timeout(MAX_SERVER_SECONDS):
            await make()
    except Exception as error:  # noqa: BLE001  an artifact must not make its run fail
        message = str(error) or type(error).__name__
        get_run_logger().warning("%s: not shown in the UI: %s", subject, message.partition("\n")[0])
