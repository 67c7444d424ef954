"""The Prefect flow of a backfill: the same shards as `copydesk backfill`, each a task run while it is at work."""

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
from flows.backfill import Sharded, read_window, run_shards, with_warcs
from flows.ingestion.process_pool import Workers
from flows.run import COUNTS, open_fetcher, progress_bars
from flows.scheduling.artifacts import leave_table
from flows.scheduling.maintenance_flows import in_thread
from flows.scheduling.source_flow import counts_of, forget_main, tell, tell_failure
from flows.sharding.engine import Engine, Task, open_engine
from flows.sharding.plan import Plan, make_plan
from flows.sharding.shards import Shard, Window
from tasks.http.fetcher import utc_now
from warehouse.errors import WarehouseError
from warehouse.model.rows import Run
from warehouse.model.vocabulary import RunStatus

TOLD: Final = 3
"""Problems that a run's state tells; each shard's own state tells its own."""
CURE: Final = "started again with the same parameters, it repeats nothing that is done"


@flow(name="backfill", flow_run_name="backfill-{source}", persist_result=False, on_failure=[tell_failure])
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
    """Take in older material of a source, as `copydesk backfill` does; started again, it goes on where it ended.

    Args:
        source: A source's id.
        from_day: The first day, in UTC.
        to_day: The last day; it is included.
        warc: WARC files in place of the source's own inputs: a file, a folder, or a list of files.
        engine: Where shards run: beside this flow one after another, or on a Dask cluster.
        scheduler: The address of its scheduler, such as tcp://10.0.0.5:8786; none for a cluster of its own.
        data: The data root.
        config: The configuration folder.
        folder: That of copydesk.toml; the working directory, where none is given.
    """
    forget_main()
    stop, watch = threading.Event(), TaskRuns(asyncio.get_running_loop())
    try:
        settings = load_settings(folder, data=data, config=config)
        [chosen], _ = choose_sources(settings.config, [source])
        chosen = chosen if warc is None else with_warcs(chosen, warc)
        window = read_window(*(None if day is None else day.isoformat() for day in (from_day, to_day)))
        plan = await in_thread(lambda: _plan(chosen, settings, window), stop)
        await leave_table(f"plan-{source}", "What a backfill is going to do", [_shown(plan)])
        one = Sharded(chosen, plan.shards, plan.done, problems=list(plan.problems))
        # With nothing left it only settles what an earlier one was stopped before.
        where, address = (Engine(engine), scheduler) if plan.left else (Engine.LOCAL, None)
        await in_thread(lambda: _run(one, settings, where, address, stop, watch), stop)
        await watch.all_ended()
    except (ConfigError, WarehouseError) as error:
        return Failed(message=f"{source}: {error}")
    except BaseException as error:
        if not isinstance(error, Exception):
            tell(f"{source}: the backfill was stopped; {CURE}")
        raise
    finally:
        watch.leave()
    return _conclude(one)


def _plan(source: Source, settings: Settings, window: Window | None) -> Plan:
    with Workers(settings) as workers, open_fetcher(settings) as fetcher:
        return make_plan(source, settings, window, workers, fetcher, utc_now)


def _shown(plan: Plan) -> dict[str, Any]:
    return {name: "; ".join(value) if isinstance(value, list) else str(value) for name, value in plan.row().items()}


def _run(
    one: Sharded, settings: Settings, engine: Engine, scheduler: str | None, stop: threading.Event, watch: TaskRuns
) -> bool:
    with open_engine(engine, settings, scheduler) as client, progress_bars() as bars:
        run_shards([one], settings, client, stop, bars, watch=watch)
    return True


def _conclude(one: Sharded) -> State[None]:
    name, *counts, _ = one.row()
    counted = ", ".join(f"{count} {what}" for count, what in zip(counts, COUNTS, strict=True) if count)
    if one.problems:
        more = f" (and {len(one.problems) - TOLD} more)" if len(one.problems) > TOLD else ""
        return Failed(message=f"{name}: {'; '.join(one.problems[:TOLD])}{more}; {CURE}")
    said = f"{name}: shards: {len(one.shards)}, of them done before: {len(one.done)}; {counted or 'nothing was there'}"
    tell(said)
    return Completed(message=said)


@dataclass(slots=True)
class TaskRuns:
    """Shows the shards of a backfill as task runs; told of them in another thread than Prefect's."""

    loop: asyncio.AbstractEventLoop
    context: contextvars.Context = field(default_factory=contextvars.copy_context)
    """That of the flow: a task finds its run by it."""
    futures: dict[Shard | None, asyncio.Future[Run | str]] = field(default_factory=dict)
    shown: list[asyncio.Task[Any]] = field(default_factory=list)

    def begun(self, task: Task) -> None:
        """Show that a shard is at work."""
        self._do(lambda: self._show(task))

    def ended(self, task: Task, ended: Run | str) -> None:
        """Show what came of it."""
        self._do(lambda: self.futures.pop(task.shard).set_result(ended))

    async def all_ended(self) -> None:
        """Once the server knows of all."""
        await asyncio.gather(*self.shown, return_exceptions=True)

    def leave(self) -> None:
        """Wait for none that has not ended."""
        for shown in self.shown:
            shown.cancel()

    def _do(self, what: Callable[[], object]) -> None:
        self.loop.call_soon_threadsafe(what, context=self.context)

    def _show(self, task: Task) -> None:
        future: asyncio.Future[Run | str] = self.loop.create_future()
        self.futures[task.shard] = future
        shown: Any = show_shard(str(task.shard), future, return_state=True)
        self.shown.append(self.loop.create_task(shown))


@task(task_run_name="{shard}", persist_result=False, cache_policy=NO_CACHE)
async def show_shard(shard: str, ended: asyncio.Future[Run | str]) -> State[None]:
    """A shard, for as long as it is at work."""
    run = await ended
    if isinstance(run, str):
        return Failed(message=f"{shard}: {run}")
    if run.status is not RunStatus.SUCCEEDED:
        return Failed(message=f"{shard}: {run.error}")
    return Completed(message=counts_of(run) or "nothing was there")
