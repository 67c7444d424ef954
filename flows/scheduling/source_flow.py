"""The Prefect flow of one source: the same path as `copydesk run`, in one task."""

from __future__ import annotations

import asyncio
import logging
import sys
import threading
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, Final

from prefect import Flow, State, flow, task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import FlowRun
from prefect.context import get_run_context
from prefect.states import Completed, Failed

from config.errors import ConfigError
from config.redact import redact
from config.schedule import turns
from config.settings import Settings, load_settings
from config.sources import Source, choose_sources
from flows.ingest import Progress, ingest
from flows.ingestion.process_pool import Workers
from flows.ingestion.scope import DueInputs, WholeSource
from flows.run import COUNTS, open_fetcher
from flows.scheduling.artifacts import run_artifacts
from warehouse.connect import connect, rows
from warehouse.errors import EmptyWarehouseError, WarehouseError
from warehouse.model.rows import Run
from warehouse.model.vocabulary import RunStatus

RETRY_SECONDS: Final = [30.0, 120.0, 600.0]
"""Before a task is tried again: storage that cannot be reached, a lock that is held, may pass."""
UP_TO_DATE: Final = "UpToDate"
"""The name of the state of a run that found its turn taken by another."""


def tell(sentence: str) -> None:
    """A line for the terminal or the journal."""
    print(f"copydesk: {redact(sentence)}", file=sys.stderr, flush=True)


def tell_failure(flow: Flow[..., Any], flow_run: FlowRun, state: State[Any]) -> None:
    """Say of a flow's run that it failed, and why."""
    name = flow_run.parameters.get("source", flow.name)
    why = (state.message or "it failed").removeprefix(f"{name}: ").removeprefix("Flow run encountered an exception: ")
    tell(f"{name}: failed: {why}")


# A synchronous flow costs a second more: Prefect gives it a thread for its heartbeat.
@flow(name="ingest", flow_run_name="{source}", persist_result=False, on_failure=[tell_failure])
async def ingest_source(
    source: str, data: str | None = None, config: Path | None = None, folder: Path | None = None
) -> State[None]:
    """Take in what is due in one source.

    A run on schedule leaves alone what is polled and whose time has not come, and does nothing where a later run has
    taken its turn already; one started by hand looks at everything. It fails with one sentence: source, problem, cure.

    Args:
        source: A source's id.
        data: The data root.
        config: The configuration folder.
        folder: That of copydesk.toml; the working directory, where none is given.
    """
    try:
        settings = load_settings(folder, data=data, config=config)
        [chosen], _ = choose_sources(settings.config, [source])
    except ConfigError as error:
        return Failed(message=f"{source}: {error}")
    turn = turn_of_this_run()
    taken = None if turn is None else await asyncio.to_thread(last_run, settings.data, source)
    if turn is not None and taken is not None and taken >= turn:
        return Completed(
            name=UP_TO_DATE, message=f"{source}: a run that began at {taken:%H:%M:%S}Z took the turn of {turn:%H:%M}Z"
        )
    ended: Any = take_in(chosen, settings, due=turn is not None, return_state=True)
    state: State[Any] = await ended
    if state.is_failed():
        return Failed(message=state.message)
    tell(str(state.message))
    return Completed(message=state.message)


@task(
    task_run_name="ingest-{source.id}",
    persist_result=False,
    cache_policy=NO_CACHE,
    retries=len(RETRY_SECONDS),
    retry_delay_seconds=RETRY_SECONDS,
)
async def take_in(source: Source, settings: Settings, *, due: bool) -> State[None]:
    """Ingest one source in a thread of its own; the state says in a sentence what came of it.

    Raises `WarehouseError` where storage or lock may be there a little later: only then it is tried again.
    """
    try:
        async with run_artifacts(source, settings) as shown:
            shown.run = run = await run_to_end(source, settings, due=due, progress=shown.advance)
    except WarehouseError as error:
        if is_last_attempt():
            return Failed(message=f"{source.id}: {error}")
        tell(f"{source.id}: {error}; it is tried again")
        raise
    except Exception as error:  # noqa: BLE001  trying a bug again would only repeat it
        return Failed(message=redact(f"{source.id}: {type(error).__name__}: {error}"))
    if run.status is not RunStatus.SUCCEEDED:
        return Failed(message=f"{source.id}: {run.error}; 'copydesk sources check {source.id}' tries its inputs")
    return Completed(message=f"{source.id}: {counts_of(run) or 'nothing was due'}")


def counts_of(run: Run) -> str:
    """Those counts of a run that are not nought, for people."""
    return ", ".join(f"{number} {name}" for name in COUNTS if (number := getattr(run, name)))


async def run_to_end(source: Source, settings: Settings, *, due: bool, progress: Progress = lambda _: None) -> Run:
    """Ingest in a thread; cancelled, the run is told to stop, lands what it has, and ends as interrupted."""
    forget_main()
    stop = threading.Event()
    with Workers(settings) as workers, open_fetcher(settings) as fetcher:
        early = patience(source, datetime.now(UTC))
        scope = DueInputs(early) if due else WholeSource()
        work = partial(ingest, source, settings, workers, fetcher, scope, progress=progress, stop=stop)
        ended = asyncio.get_running_loop().run_in_executor(None, until_stopped, work)
        try:
            run = await asyncio.shield(ended)
        except BaseException:
            # Prefect ends a run by an exception here; the thread would go on fetching behind its back.
            stop.set()
            fetcher.close()
            # It also leaves the event loop by one, which asyncio would show as a bug, with its traceback.
            logging.getLogger("asyncio").setLevel(logging.CRITICAL)
            await ended
            tell(f"{source.id}: stopped; the next run takes up what it has fetched and not landed")
            raise
    if run is None:
        raise asyncio.CancelledError
    return run


def forget_main() -> None:
    """Keep the processes of the pool from importing Prefect.

    Each imports the module that this process was started with. Where that is Prefect's engine, it costs every one of
    them two seconds and a hundred megabytes for nothing.
    """
    main = sys.modules["__main__"]
    if getattr(main.__spec__, "name", "").startswith("prefect."):
        main.__spec__ = None
        del main.__file__


def until_stopped(work: partial[Run]) -> Run | None:
    """The run; None where it was stopped: a KeyboardInterrupt that left a thread would end the event loop."""
    try:
        return work()
    except KeyboardInterrupt:
        return None


def is_last_attempt() -> bool:
    """Whether the task that this is will not be tried again."""
    task_run = getattr(get_run_context(), "task_run", None)
    return task_run is None or task_run.run_count > len(RETRY_SECONDS)


def turn_of_this_run() -> datetime | None:
    """When the schedule wanted the Prefect run that this is; None where somebody started it by hand."""
    run = getattr(get_run_context(), "flow_run", None)
    return run.expected_start_time if run is not None and run.auto_scheduled else None


def last_run(data: str, source_id: str) -> datetime | None:
    """When the newest run of a source that came to its end began; one of named addresses, without a digest, is none."""
    query = (
        "SELECT max(started_at) FROM runs"
        " WHERE source_id = $1 AND config_digest <> '' AND status IN ('succeeded', 'failed')"
    )
    try:
        with connect(data) as connection:
            [[began]] = rows(connection, query, [source_id])
    except EmptyWarehouseError:
        return None
    return began if isinstance(began, datetime) else None


def patience(source: Source, now: datetime) -> timedelta:
    """How long before its time a feed may be looked at: half the way to the next turn.

    What is due a minute after this turn would else wait for the next one, and a daily source be read every other day.
    """
    if source.schedule is None:
        return timedelta()
    return (next(turns(source.schedule, source.timezone, now)) - now) / 2
