"""The Prefect flow of one source: it ingests as `copydesk run` does, in one task."""

from __future__ import annotations

import asyncio
import logging
import threading
from datetime import UTC, datetime, timedelta
from functools import partial
from logging import ERROR, WARNING
from pathlib import Path
from typing import Any, Final

from prefect import Flow, State, Task, flow, task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import FlowRun, TaskRun
from prefect.context import get_run_context
from prefect.runtime import flow_run as current_flow_run
from prefect.states import Completed, Failed

from config.errors import ConfigError
from config.redact import redact
from config.schedule import turns
from config.settings import Settings, load_settings
from config.sources import Source, choose_sources
from flows.ingest import Progress, ingest
from flows.ingestion.new_texts import follow_new_texts
from flows.ingestion.process_pool import Workers
from flows.ingestion.scope import DueInputs, WholeSource
from flows.ingestion.shared_fetcher import open_fetcher
from flows.scheduling.artifacts import run_artifacts
from flows.scheduling.run_log import log_run
from flows.scheduling.service_log import log_event, log_to_stderr
from flows.scheduling.threads import in_thread
from warehouse.connect import connect, rows
from warehouse.errors import EmptyWarehouseError, WarehouseError
from warehouse.model.rows import Run
from warehouse.model.vocabulary import RunStatus

# Before a task is tried again: a storage that cannot be reached, or a lock, may soon be free.
RETRY_SECONDS: Final = [30.0, 120.0, 600.0]
UP_TO_DATE: Final = "UpToDate"  # the name of the state of a run whose turn another run took


def log_failure(flow: Flow[..., Any], flow_run: FlowRun, state: State[Any]) -> None:
    """Log that a run of a flow failed, and why."""
    log_to_stderr()
    name = flow_run.parameters.get("source", flow.name)
    # Our own messages begin with the name, for the UI shows them alone.
    reason = (state.message or "it failed").removeprefix(f"{name}: ")
    source = flow_run.parameters.get("source")
    log_event("run_failed", f"{name}: failed: {reason}", level=ERROR, source=source)


# Not synchronous, which costs a second more: Prefect gives such a flow a thread for its heartbeat.
@flow(name="ingest", flow_run_name="{source}", persist_result=False, on_failure=[log_failure])
async def ingest_source(
    source: str, data: str | None = None, config: Path | None = None, folder: Path | None = None
) -> State[None]:
    """Take in what is due in one source.

    A run on schedule skips inputs whose time has not come, and does nothing if a later run has taken its turn
    already; one started by hand reads everything. It fails with one sentence: source, problem, cure.

    Args:
        source: A source's id.
        data: The data root.
        config: The configuration folder.
        folder: The folder of copydesk.toml. [default: the working directory]
    """
    try:
        settings = load_settings(folder, data=data, config=config)
        log_to_stderr(settings)
        [chosen], _ = choose_sources(settings.config, [source])
    except ConfigError as error:
        return Failed(message=f"{source}: {error}")
    turn = turn_of_this_run()
    latest = None if turn is None else await asyncio.to_thread(last_run, settings.data, source)
    if turn is not None and latest is not None and latest >= turn:
        return Completed(
            name=UP_TO_DATE, message=f"{source}: a run that began at {latest:%H:%M:%S}Z took the turn of {turn:%H:%M}Z"
        )
    ended: Any = take_in(chosen, settings, due=turn is not None, return_state=True)
    state: State[Any] = await ended
    if state.is_failed():
        return Failed(message=state.message)
    return Completed(message=state.message)


def is_raised(task: Task[..., Any], task_run: TaskRun, state: State[Any]) -> bool:  # noqa: ARG001  Prefect's signature
    """Return whether a task failed by an error that it raised, and did not return its failure as a state.

    Prefect would else try a source again that fails, too: nothing is due then, and the failure would be gone.
    """
    return isinstance(state.data, WarehouseError)


@task(
    task_run_name="ingest-{source.id}",
    persist_result=False,
    cache_policy=NO_CACHE,
    retries=len(RETRY_SECONDS),
    retry_delay_seconds=RETRY_SECONDS,
    retry_condition_fn=is_raised,
)
async def take_in(source: Source, settings: Settings, *, due: bool) -> State[None]:
    """Ingest one source in a thread; return a state with the result in a sentence.

    Raises `WarehouseError`, for which the task is tried again: a storage or a lock may be free a little later.
    """
    try:
        async with run_artifacts(source, settings) as artifacts:
            artifacts.run = run = await run_to_end(source, settings, due=due, progress=artifacts.advance)
    except WarehouseError as error:
        if is_last_attempt():
            return Failed(message=f"{source.id}: {error}")
        log_event("run_retried", f"{source.id}: {error}; it is tried again", level=WARNING, source=source.id)
        raise
    except Exception as error:  # noqa: BLE001  trying a bug again would only repeat it
        return Failed(message=redact(f"{source.id}: {type(error).__name__}: {error}"))
    for problem in await asyncio.to_thread(follow_new_texts, settings, run.stored):
        log_event("upkeep_failed", f"{source.id}: {problem}", level=WARNING, source=source.id)
    if run.status is not RunStatus.SUCCEEDED:
        return Failed(message=f"{source.id}: {run.error}; 'copydesk sources check {source.id}' tries its inputs")
    return Completed(message=log_run(run))


async def run_to_end(source: Source, settings: Settings, *, due: bool, progress: Progress = lambda _: None) -> Run:
    """Ingest in a thread; if cancelled, stop the run, which lands what it has and ends as interrupted."""
    stop = threading.Event()
    with Workers(settings) as workers, open_fetcher(settings) as fetcher:
        early = earliest_poll(source, datetime.now(UTC))
        scope = DueInputs(early) if due else WholeSource()
        flow_run_id = current_flow_run.get_id()
        work = partial(
            ingest, source, settings, workers, fetcher, scope, progress=progress, stop=stop, flow_run_id=flow_run_id
        )

        def stop_run() -> None:
            stop.set()
            fetcher.close()
            # The exception also leaves the event loop, and asyncio would print it with its traceback, as a bug.
            logging.getLogger("asyncio").setLevel(logging.CRITICAL)

        try:
            return await in_thread(work, stop_run)
        except BaseException as error:
            if stop.is_set() and not isinstance(error, Exception):
                sentence = f"{source.id}: stopped; the next run takes up what it has fetched and not landed"
                log_event("run_stopped", sentence, source=source.id)
            raise


def is_last_attempt() -> bool:
    """Return whether the current task will not be tried again."""
    task_run = getattr(get_run_context(), "task_run", None)
    return task_run is None or task_run.run_count > len(RETRY_SECONDS)


def turn_of_this_run() -> datetime | None:
    """Return the time in the schedule of the current Prefect run; None if somebody started it by hand."""
    run = getattr(get_run_context(), "flow_run", None)
    return run.expected_start_time if run is not None and run.auto_scheduled else None


def last_run(data: str, source_id: str) -> datetime | None:
    """Return when the newest finished run of a source began; runs of single addresses, without digest, do not count."""
    query = (
        "SELECT max(started_at) FROM runs"
        " WHERE source_id = $1 AND config_digest <> '' AND status IN ('succeeded', 'failed')"
    )
    try:
        with connect(data) as connection:
            [[started_at]] = rows(connection, query, [source_id])
    except EmptyWarehouseError:
        return None
    return started_at if isinstance(started_at, datetime) else None


def earliest_poll(source: Source, now: datetime) -> timedelta:
    """Return how long before its time a feed may be polled: half the time to the next turn.

    A feed that is due a minute after this turn would else wait for the next one: a daily source would be read every
    other day.
    """
    if source.schedule is None:
        return timedelta()
    return (next(turns(source.schedule, source.timezone, now)) - now) / 2
