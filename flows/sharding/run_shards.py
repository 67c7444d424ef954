"""Run shards on an engine, settle them with each other, and say what came of each source."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from time import perf_counter
from typing import TYPE_CHECKING, Protocol

from config.settings import Settings
from config.sources import Source
from flows.ingestion.ingest_run import Clock
from flows.ingestion.new_texts import follow_new_texts
from flows.ingestion.progress import NO_PROGRESS, SourceProgress
from flows.sharding.engine import Engine, Task, open_engine, run_tasks
from flows.sharding.reconcile_shards import reconcile_shards
from flows.sharding.shards import Shard, done_shards
from tasks.discover import reader_of
from tasks.http.fetcher import utc_now
from tasks.metadata.urls import normalize_url
from warehouse.errors import WarehouseError
from warehouse.model.rows import RUN_COUNTS, Run
from warehouse.model.vocabulary import RunStatus
from warehouse.state.source_state import SourceState
from warehouse.storage.tables import Store

if TYPE_CHECKING:
    from distributed import Client


@dataclass(slots=True)
class Sharded:
    """A source that is taken in by shards, and what came of them."""

    source: Source
    shards: list[Shard]
    done: dict[str, Run]  # by run_id, those of earlier times, which are not repeated
    is_polled: bool = False  # whether its feeds, sitemaps and pages are to be run too
    ended: dict[str, Run] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    seconds: float = 0.0
    """In which its shards ran and were settled; those in which only shards of other sources ran are left out."""

    @property
    def left(self) -> list[Shard]:
        """The shards to be done."""
        return [shard for shard in self.shards if shard.run_id not in self.done]

    @property
    def counts(self) -> dict[str, int]:
        """The counts of its runs by their names: of the shards of this and of earlier times together."""
        runs = [*self.done.values(), *self.ended.values()]
        return {str(name): sum(getattr(run, name) for run in runs) for name in RUN_COUNTS}

    @property
    def skipped(self) -> list[str]:
        """What its runs passed over and why, each sentence once."""
        runs = [*self.done.values(), *self.ended.values()]
        return list(dict.fromkeys(run.skipped for run in runs if run.skipped))


class ShardObserver(Protocol):
    """Called as shards begin and end, from the thread that runs them."""

    def begun(self, task: Task) -> None:
        """Take note that a shard is at work, or has been handed to a cluster."""

    def ended(self, task: Task, ended: Run | str) -> None:
        """Take note of the run of a shard, or of the reason why it has none."""


def run_sharded(
    prepared: Sequence[Sharded],
    settings: Settings,
    engine: Engine,
    scheduler: str | None,
    progress: SourceProgress = NO_PROGRESS,
    *,
    clock: Clock = utc_now,
) -> list[str]:
    """Run the shards of sources on an engine and settle them, as `run_shards` does.

    Raises `ConfigError`, KeyboardInterrupt.
    """
    stop = threading.Event()
    with open_engine(engine, settings, scheduler) as client:
        try:
            return run_shards(prepared, settings, client, stop, progress, clock)
        except BaseException:
            stop.set()
            raise


def run_shards(
    prepared: Sequence[Sharded],
    settings: Settings,
    client: Client | None,
    stop: threading.Event,
    progress: SourceProgress = NO_PROGRESS,
    clock: Clock = utc_now,
    observer: ShardObserver | None = None,
) -> list[str]:
    """Run what is left of every source with its lock held, then settle it; then what is polled of them.

    A source is settled too if nothing of it is left or could be run: an earlier command may have been cut off before.
    In the end the copies and the search index follow what was stored; what failed of that is returned.
    """
    store, by_id = Store(settings.data), {sharded.source.id: sharded for sharded in prepared}
    with ExitStack() as locks:
        locked, tasks = list[Sharded](), list[Task]()
        for sharded in (sharded for sharded in prepared if sharded.shards):
            with problems_noted(sharded):
                locks.enter_context(store.lock(sharded.source.id, settings.lock_seconds, stop))
                # While this command asked or waited, another may have ended some.
                sharded.done = done_shards(settings, sharded.source, sharded.shards)
                if client is not None:
                    # The workers read it, and none of them takes it forward.
                    SourceState(settings.data, sharded.source.id, clock(), normalize_url).close()
                locked.append(sharded)
                tasks += _tasks(sharded, side_by_side=client is not None)
        store.prepare()
        _run(tasks, by_id, settings, client, stop, progress, observer)
        for sharded in locked:
            began = perf_counter()
            with problems_noted(sharded):
                _settle(sharded, store, settings, clock)
            sharded.seconds += perf_counter() - began
    polled = [Task(_only_polled(sharded.source), None) for sharded in prepared if sharded.is_polled]
    _run(polled, by_id, settings, client, stop, progress, observer)
    return follow_new_texts(settings, sum(run.stored for sharded in prepared for run in sharded.ended.values()))


def _settle(sharded: Sharded, store: Store, settings: Settings, clock: Clock) -> None:
    """Reconcile the shards of a source with each other, and take over their counts as settled."""
    run_ids = [shard.run_id for shard in sharded.shards]
    reconcile_shards(store, sharded.source, run_ids, clock(), settings.lock_seconds)
    settled = done_shards(settings, sharded.source, sharded.shards)
    sharded.done = {run_id: settled.get(run_id, run) for run_id, run in sharded.done.items()}
    sharded.ended = {run_id: settled.get(run_id, run) for run_id, run in sharded.ended.items()}


@contextmanager
def problems_noted(sharded: Sharded) -> Iterator[None]:
    """Make what goes wrong with one source its problem, and no other's."""
    try:
        yield
    except WarehouseError as error:
        sharded.problems.append(str(error))


def _run(
    tasks: Sequence[Task],
    by_id: dict[str, Sharded],
    settings: Settings,
    client: Client | None,
    stop: threading.Event,
    progress: SourceProgress,
    observer: ShardObserver | None,
) -> None:
    done = dict.fromkeys((task.source.id for task in tasks), 0)
    for source_id in done:
        progress.begin(source_id, _count_documents(tasks, source_id))

    def advance(documents: int) -> None:
        # Called only here, without a cluster, where there is one source.
        for source_id in done:
            progress.advance(source_id, documents)

    began, last_ended = dict[str, float](), dict[str, float]()

    def begin(task: Task) -> None:
        began.setdefault(task.source.id, perf_counter())
        if observer:
            observer.begun(task)

    for task, ended in run_tasks(tasks, settings, client, stop, advance, begin) if tasks else ():
        last_ended[task.source.id] = perf_counter()
        if observer:
            observer.ended(task, ended)
        _note_end(by_id[task.source.id], task, ended)
        if isinstance(ended, Run):
            done[task.source.id] += ended.discovered
            progress.correct(task.source.id, done[task.source.id])
    for source_id in done:
        by_id[source_id].seconds += last_ended[source_id] - began[source_id]
        progress.end(source_id)


def _note_end(sharded: Sharded, task: Task, ended: Run | str) -> None:
    label = f"{task.shard}: " if task.shard else ""
    if isinstance(ended, str):
        sharded.problems.append(f"{label}{ended}")
        return
    sharded.ended[ended.run_id] = ended
    if ended.status is not RunStatus.SUCCEEDED:
        sharded.problems.append(f"{label}{ended.error}")


def _tasks(sharded: Sharded, *, side_by_side: bool) -> Iterator[Task]:
    beside = [shard.run_id for shard in sharded.left if not shard.is_fetched] if side_by_side else []
    for shard in sharded.left:
        yield Task(sharded.source, shard, () if shard.is_fetched else beside)


def _only_polled(source: Source) -> Source:
    """Return a source without the inputs that are read by shards."""
    rest = tuple(entry for entry in source.input if not reader_of(source, entry).can_split)
    return source.model_copy(update={"input": rest})


def _count_documents(tasks: Iterable[Task], source_id: str) -> int | None:
    """Return how many documents the tasks of a source hold; None if not all are counted."""
    counts = [task.shard.documents if task.shard else None for task in tasks if task.source.id == source_id]
    return None if None in counts else sum(filter(None, counts))
