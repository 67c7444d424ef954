"""The Prefect flow: the same path as `copydesk run`, one task a source."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from pathlib import Path
from typing import Any

from prefect import flow, get_run_logger, task
from prefect.cache_policies import NO_CACHE

from config.settings import Settings, load_settings
from config.sources import Source, choose_sources
from flows.ingest import ingest
from flows.run import open_fetcher
from flows.workers import Workers
from warehouse.records import RunStatus


class SourceFailedError(Exception):
    """A source's run that failed; its text names the source and the cure."""


@task(task_run_name="ingest-{source.id}", persist_result=False, cache_policy=NO_CACHE)
async def ingest_source(source: Source, settings: Settings) -> dict[str, Any]:
    """Ingest one source in a thread of its own; its `Run` as a mapping. Raises `SourceFailedError`."""

    def work() -> dict[str, Any]:
        with Workers(settings) as workers, open_fetcher(settings) as fetcher:
            run = ingest(source, settings, workers, fetcher)
        if run.status is not RunStatus.SUCCEEDED:
            raise SourceFailedError(f"{source.id}: {run.error}")
        return asdict(run)

    return await asyncio.to_thread(work)


# A synchronous flow costs a second more: Prefect gives it a thread for its heartbeat.
@flow(name="ingest", persist_result=False)
async def ingest_sources(
    sources: list[str] | None = None, data: str | None = None, config: Path | None = None
) -> dict[str, dict[str, Any]]:
    """Ingest the named sources, or all that are not paused; a `Run` as a mapping for each that succeeded.

    One that fails, or is configured wrongly, does not stop the others; the flow run fails in the end and names it.
    """
    settings = load_settings(data=data, config=config)
    chosen, wrong = choose_sources(settings.config, sources or ())
    log = get_run_logger()
    runs: dict[str, dict[str, Any]] = {}
    failures = [str(error) for error in wrong]
    for source in chosen:
        try:
            runs[source.id] = await ingest_source(source, settings)
            counts = {name: runs[source.id][name] for name in ("discovered", "stored", "rejected", "failed")}
            log.info("%s: %s", source.id, counts)
        except Exception as error:  # noqa: BLE001  the other sources still have their turn
            failures.append(f"{error}")
    if failures:
        raise SourceFailedError("; ".join(failures))
    return runs
