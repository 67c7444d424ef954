"""The Prefect flow of a backfill: the same shards as `copydesk backfill`, each shown as a task run."""

from __future__ import annotations

import asyncio
import contextvars
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, Final, Literal

from prefect import State, flow, task
from prefect.cache_policies import NO_CACHE
from prefect.states import Completed, Failed

from config.errors import ConfigError
from config.settings import Settings, load_settings
from config.sources import Source, choose_sources
from flows.backfill import read_window, with_warcs
from flows.ingestion.listing_dates import Period
from flows.ingestion.process_pool import Workers
from flows.ingestion.shared_fetcher import open_fetcher
from flows.scheduling.artifacts import make_table
from flows.scheduling.run_log import counts_text
from flows.scheduling.service_log import log_event, log_to_stderr
from flows.scheduling.source_flow import log_failure
from flows.scheduling.threads import in_thread
from flows.sharding.engine import Engine, Task, open_engine
from flows.sharding.plan import Plan, make_plan
from flows.sharding.run_shards import Sharded, run_shards
from flows.sharding.shards import Shard
from tasks.http.fetcher import utc_now
from warehouse.errors import WarehouseError
from warehouse.model.rows import Run
from warehouse.model.vocabulary import RunStatus

MAX_LISTED_PROBLEMS: Final = 3  # in the state of a run; the state of each shard has its own
CURE: Final = "started again with the same parameters, it repeats nothing that is done"


@flow(name="backfill", flow_run_name="backfill-{source}", persist_result=False, on_failure=[log_failure])
async def backfill_source(
    source: str,
    from_day: date | None = None,
    to_day: date | None = None,
    warc: str | None = None,
    engine: Literal["local", "dask"] = "local",
    scheduler: str | None = None,
    data: str | None = None,
    config: Path | None = None,
    folder: Path | None = None,
) -> State[None]:
    """Take in older material of a source, as `copydesk backfill` does; started again, it goes on.

    Args:
        source: A source's id.
        from_day: The first day, in UTC.
        to_day: The last day, included.
        warc: WARC files in place of the source's own inputs: a file, a folder, or a list of files.
        engine: Where shards run: in this process one after another, or on a Dask cluster.
        scheduler: The address of the Dask scheduler, such as tcp://10.0.0.5:8786. [default: a cluster of its own]
        data: The data root.
        config: The configuration folder.
        folder: The folder of copydesk.toml. [default: the working directory]
    """
    stop, watch = threading.Event(), TaskRuns(asyncio.get_running_loop())
    try:
        settings = load_settings(folder, data=data, config=config)
        log_to_stderr(settings)
        [chosen], _ = choose_sources(settings.config, [source])
        chosen = chosen if warc is None else with_warcs(chosen, warc)
        window = read_window(*(None if day is None else day.isoformat() for day in (from_day, to_day)))
        plan = await in_thread(lambda: _plan(chosen, settings, window), stop.set)
        await make_table(f"plan-{source}", "What a backfill is going to do", [_plan_row(plan)])
        backfill = Sharded(chosen, plan.shards, plan.done, problems=list(plan.problems))
        # With no shard left it only reconciles those of an earlier backfill that was stopped before that.
        where, address = (Engine(engine), scheduler) if plan.left else (Engine.LOCAL, None)
        await in_thread(lambda: _run(backfill, settings, where, address, stop, watch), stop.set)
        await watch.all_ended()
    except (ConfigError, WarehouseError) as error:
        return Failed(message=f"{source}: {error}")
    except BaseException as error:
        if not isinstance(error, Exception):
            log_event("backfill_stopped", f"{source}: the backfill was stopped; {CURE}", source=source)
        raise
    finally:
        watch.cancel()
    return _final_state(backfill)


def _plan(source: Source, settings: Settings, window: Period | None) -> Plan:
    with Workers(settings) as workers, open_fetcher(settings) as fetcher:
        return make_plan(source, settings, window, workers, fetcher, utc_now)


def _plan_row(plan: Plan) -> dict[str, Any]:
    return {name: "; ".join(value) if isinstance(value, list) else str(value) for name, value in plan.row().items()}


def _run(
    backfill: Sharded, settings: Settings, engine: Engine, scheduler: str | None, stop: threading.Event, watch: TaskRuns
) -> bool:
    with open_engine(engine, settings, scheduler) as client:
        backfill.problems += run_shards([backfill], settings, client, stop, observer=watch)
    return True


def _final_state(backfill: Sharded) -> State[None]:
    name = backfill.source.id
    problems = backfill.problems
    if problems:
        more = len(problems) - MAX_LISTED_PROBLEMS
        rest = f" (and {more} more)" if more > 0 else ""
        return Failed(message=f"{name}: {'; '.join(problems[:MAX_LISTED_PROBLEMS])}{rest}; {CURE}")
    shards = f"shards: {len(backfill.shards)}, of them done before: {len(backfill.done)}"
    skipped = "".join(f". Passed over: {sentence}" for sentence in backfill.skipped[:MAX_LISTED_PROBLEMS])
    message = f"{name}: {shards}; {counts_text(backfill.counts) or 'nothing was there'}{skipped}"
    log_event("backfill_ended", message, source=name, counts=backfill.counts)
    return Completed(message=message)


@dataclass(slots=True)
class TaskRuns:
    """The shards of a backfill as task runs; `begun` and `ended` are called in another thread than Prefect's."""

    loop: asyncio.AbstractEventLoop
    # That of the flow, by which a task finds the run of the flow.
    context: contextvars.Context = field(default_factory=contextvars.copy_context)
    futures: dict[Shard | None, asyncio.Future[Run | str]] = field(default_factory=dict)
    task_runs: list[asyncio.Task[Any]] = field(default_factory=list)

    def begun(self, task: Task) -> None:
        """Begin the task run of a shard."""
        self._call(lambda: self._begin(task))

    def ended(self, task: Task, ended: Run | str) -> None:
        """End the task run of a shard with its run, or with the reason why it has none."""
        self._call(lambda: self.futures.pop(task.shard).set_result(ended))

    async def all_ended(self) -> None:
        """Wait until the Prefect server has recorded all task runs."""
        await asyncio.gather(*self.task_runs, return_exceptions=True)

    def cancel(self) -> None:
        """Cancel the task runs that have not ended."""
        for task_run in self.task_runs:
            task_run.cancel()

    def _call(self, function: Callable[[], object]) -> None:
        self.loop.call_soon_threadsafe(function, context=self.context)

    def _begin(self, task: Task) -> None:
        future: asyncio.Future[Run | str] = self.loop.create_future()
        self.futures[task.shard] = future
        task_run: Any = show_shard(str(task.shard), future, return_state=True)
        self.task_runs.append(self.loop.create_task(task_run))


@task(task_run_name="{shard}", persist_result=False, cache_policy=NO_CACHE)
async def show_shard(shard: str, ended: asyncio.Future[Run | str]) -> State[None]:
    """Show a shard for as long as it runs."""
    run = await ended
    if isinstance(run, str):
        return Failed(message=f"{shard}: {run}")
    if run.status is not RunStatus.SUCCEEDED:
        return Failed(message=f"{shard}: {run.error}")
    return Completed(message=counts_text(run.counts) or "nothing was there")
