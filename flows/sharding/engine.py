"""Runs shards here, one after another with a process a core, or on a Dask cluster, a shard a worker."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from enum import StrEnum
from itertools import islice
from time import monotonic
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from config.errors import ConfigError
from config.settings import Settings
from config.sources import Source
from flows.ingest import ingest
from flows.ingestion.process_pool import Workers
from flows.ingestion.shared_fetcher import open_fetcher
from flows.ingestion.worker_process import main_not_imported
from flows.sharding.one_shard import scope_of
from flows.sharding.shards import Shard
from warehouse.errors import WarehouseError
from warehouse.model.rows import Run
from warehouse.storage.root import Root

if TYPE_CHECKING:
    from distributed import Client, Future

MAX_WAIT_SECONDS: Final = 5.0
MAX_CONNECT_SECONDS: Final = 20
# A worker that was lost is started again sooner.
MAX_SECONDS_WITHOUT_WORKER: Final = 120.0


class Engine(StrEnum):
    """Where shards run."""

    LOCAL = "local"
    DASK = "dask"


class Task(NamedTuple):
    """A shard of a source, or the whole source if there is none."""

    source: Source
    shard: Shard | None
    beside: Sequence[str] = ()
    """The shards that run at the same time: what they land is as if it were not there."""


Ended = tuple[Task, Run | str]
"""A task with its run, or the reason it has none."""
Progress = Callable[[int], None]
Begun = Callable[[Task], None]
"""Called with each task as it begins."""


def check_scheduler(engine: str, scheduler: str | None) -> None:
    """Raise `ConfigError` for the address of a scheduler beside an engine that has none."""
    if scheduler and engine == Engine.LOCAL:
        raise ConfigError("--scheduler is the address of a Dask scheduler; it goes with --engine dask")


@contextmanager
def open_engine(engine: Engine, settings: Settings, scheduler: str | None) -> Iterator[Client | None]:
    """Open a Dask client for that engine, on a cluster of its own if no scheduler is named. Raises `ConfigError`."""
    check_scheduler(engine, scheduler)
    if engine is Engine.LOCAL:
        yield None
        return
    try:
        from distributed import Client, LocalCluster
    except ImportError:
        raise ConfigError(
            "--engine dask needs Dask, which is not installed; install it with: pip install '.[dask]'"
        ) from None
    with ExitStack() as opened:
        open_client: Any = Client
        if scheduler is None:
            start: Any = LocalCluster
            cores = {"n_workers": settings.workers, "threads_per_worker": 1}
            quiet = {"dashboard_address": None, "host": "127.0.0.1", "silence_logs": logging.CRITICAL}
            with main_not_imported():
                cluster = opened.enter_context(start(**cores, **quiet))
            yield opened.enter_context(open_client(cluster))
            return
        try:
            client = opened.enter_context(open_client(scheduler, timeout=MAX_CONNECT_SECONDS))
        except (OSError, ValueError) as error:
            reason = str(error).partition("\n")[0]
            cure = "start one with: dask scheduler"
            raise ConfigError(f"no Dask scheduler answers at {scheduler}: {reason}; {cure}") from None
        yield client


def run_tasks(
    tasks: Sequence[Task],
    settings: Settings,
    client: Client | None,
    stop: threading.Event,
    progress: Progress,
    begun: Begun = lambda _: None,
) -> Iterator[Ended]:
    """Yield every task with its run, in the order in which they end. Raises KeyboardInterrupt once `stop` is set."""
    if client is None:
        return _run_here(tasks, settings, stop, progress, begun)
    return _run_on_cluster(tasks, settings, client, stop, begun)


def _run_here(
    tasks: Sequence[Task], settings: Settings, stop: threading.Event, progress: Progress, begun: Begun
) -> Iterator[Ended]:
    with Workers(settings) as workers, open_fetcher(settings) as fetcher:
        for task in tasks:
            begun(task)
            try:
                scope = scope_of(task.shard)
                run = ingest(task.source, settings, workers, fetcher, scope, progress=progress, stop=stop)
            except WarehouseError as error:
                yield task, str(error)
            else:
                yield task, run


def _run_on_cluster(
    tasks: Sequence[Task], settings: Settings, client: Client, stop: threading.Event, begun: Begun
) -> Iterator[Ended]:
    """Run a shard a worker at a time; those of a source that are fetched one after another."""
    from distributed import wait

    _wait: Any = wait
    address = getattr(client.scheduler, "address", "the scheduler")
    # Workers have working directories of their own.
    settings = settings.model_copy(update={"data": _absolute(settings.data)})
    waiting, running = list(tasks), dict[Any, Task]()
    no_worker_since: float | None = None
    try:
        while waiting or running:
            if stop.is_set():
                raise KeyboardInterrupt
            threads = client.nthreads()  # type: ignore[no-untyped-call]
            no_worker_since = None if threads else no_worker_since or monotonic()
            if no_worker_since and monotonic() - no_worker_since > MAX_SECONDS_WITHOUT_WORKER:
                raise ConfigError(
                    f"{address} has had no worker for {MAX_SECONDS_WITHOUT_WORKER:.0f} s; start some with"
                    f" 'dask worker {address}', and then this command again"
                )
            for task in list(islice(_ready(waiting, running.values()), max(0, len(threads) - len(running)))):
                waiting.remove(task)
                begun(task)
                running[_submit(client, task, settings, max(threads.values()))] = task
            try:
                done = (
                    _wait(list(running), timeout=MAX_WAIT_SECONDS, return_when="FIRST_COMPLETED").done
                    if running
                    else []
                )
            except TimeoutError:
                continue
            for future in list(done):
                yield running.pop(future), _result(future)
    finally:
        client.cancel(list(running))  # type: ignore[no-untyped-call]


def _ready(waiting: Sequence[Task], running: Any) -> Iterator[Task]:
    busy = {task.source.id for task in running if task.shard is None or task.shard.is_fetched}
    for task in waiting:
        if task.shard is None or not task.shard.is_fetched:
            yield task
        elif task.source.id not in busy:
            busy.add(task.source.id)
            yield task


def _submit(client: Client, task: Task, settings: Settings, threads: int) -> Future[Any]:
    from flows.sharding.shard_worker import run_shard

    name = task.shard.run_id if task.shard else f"run-{task.source.id}"
    return client.submit(
        run_shard, task.source, settings, task.shard, task.beside, threads, key=f"{name}-{id(task)}", pure=False
    )


def _result(future: Future[Any]) -> Run | str:
    from distributed import KilledWorker

    error = future.exception()  # type: ignore[no-untyped-call]
    if error is None:
        result: Run | str = future.result()
        return result
    if isinstance(error, KilledWorker):
        return "it ended every worker that took it up, and was left; look at its file, or give the workers more memory"
    if isinstance(error, ImportError):
        return f"a worker lacks this program or a part of it ({error}); install the same copydesk there"
    return f"{type(error).__name__}: {error}"


def _absolute(data: str) -> str:
    root = Root.at(data)
    return root.url if root.is_folder else data
