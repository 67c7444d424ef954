"""`copydesk backfill`, and `copydesk run --engine dask`: sources taken in by shards, here or on a cluster."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from time import perf_counter
from typing import TYPE_CHECKING, Any, Protocol

from config.errors import ConfigError
from config.inputs import WarcInput
from config.settings import Settings
from config.sources import Source
from flows.cli.output import Format, write_rows
from flows.ingestion.ingest_run import Clock
from flows.ingestion.process_pool import Workers
from flows.run import COUNTS, open_fetcher, progress_bars
from flows.sharding.engine import Engine, Task, open_engine, run_tasks
from flows.sharding.plan import Plan, finish_killed, make_plan
from flows.sharding.reconcile_shards import reconcile_shards
from flows.sharding.shards import Shard, Window, done_shards, shards_of_files
from tasks.discover import reader_of, readers_of
from tasks.http.fetcher import utc_now
from warehouse.errors import WarehouseError
from warehouse.model.rows import Run
from warehouse.model.vocabulary import RunStatus
from warehouse.storage.tables import Store

if TYPE_CHECKING:
    from collections.abc import Callable

    from distributed import Client
    from rich.progress import Progress


@dataclass(slots=True)
class Sharded:
    """A source that is taken in by shards."""

    source: Source
    shards: list[Shard]
    done: dict[str, Run]
    """Those that are not repeated."""
    whole: bool = False
    """Whether all of it that is polled is to be run too."""
    ended: dict[str, Run] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def left(self) -> list[Shard]:
        """The shards to be done."""
        return [shard for shard in self.shards if shard.run_id not in self.done]

    def row(self) -> tuple[Any, ...]:
        """Its counts: of the shards of this and of earlier times together."""
        runs = [*self.done.values(), *self.ended.values()]
        return (self.source.id, *(sum(getattr(run, name) for run in runs) for name in COUNTS), f"{self.seconds:.1f} s")


class Watch(Protocol):
    """Who is told of shards as they begin and end, in the thread that runs them."""

    def begun(self, task: Task) -> None:
        """It is at work, or has been handed to a cluster."""

    def ended(self, task: Task, ended: Run | str) -> None:
        """It has come to a run, or to none for this reason."""


def read_window(first: str | None, last: str | None) -> Window | None:
    """The days from the first to the last, in UTC; None where neither is said. Raises `ConfigError`."""
    if first is None and last is None:
        return None
    if first is None or last is None:
        raise ConfigError("a backfill has two ends: give --from and --to, such as --from 2026-01-01 --to 2026-01-31")
    begin, end = (_day(option, printed) for option, printed in (("--from", first), ("--to", last)))
    if begin > end:
        raise ConfigError(f"--from {first} is after --to {last}; the earlier day comes first")
    return begin, end + timedelta(days=1)


def _day(option: str, printed: str) -> datetime:
    try:
        return datetime.combine(date.fromisoformat(printed), time(), UTC)
    except ValueError:
        raise ConfigError(f"{option} {printed}: not a day such as 2026-01-31") from None


def with_warcs(source: Source, place: str) -> Source:
    """The source with WARC files at a place, a file, folder or list, in place of its inputs. Raises `ConfigError`."""
    if place.startswith(("http://", "https://")):
        return source.model_copy(update={"input": (WarcInput(kind="warc", url=place),)})
    from pathlib import Path

    path = Path(place).expanduser().resolve()
    if not path.exists():
        raise ConfigError(f"--warc {place}: no such file or folder")
    return source.model_copy(update={"input": (WarcInput(kind="warc", path=path),)})


def backfill(
    source: Source,
    settings: Settings,
    window: Window | None,
    *,
    engine: Engine = Engine.LOCAL,
    scheduler: str | None = None,
    confirm: Callable[[Plan], bool],
    clock: Clock = utc_now,
) -> int:
    """Plan, let `confirm` see the plan, and run what is left of it where it agrees; the exit code.

    Stopped and called again it goes on: shards that are done are not repeated.
    Raises `ConfigError` for what cannot be done, `WarehouseError`.
    """
    with Workers(settings) as workers, open_fetcher(settings) as fetcher:
        plan = make_plan(source, settings, window, workers, fetcher, clock)
    for problem in plan.problems:
        print(f"copydesk: {source.id}: {problem}", file=sys.stderr)
    if not confirm(plan):
        return 1 if plan.problems else 0
    if not plan.left:
        print(f"copydesk: nothing left to do: all {len(plan.shards):,} shards are done", file=sys.stderr)
        engine, scheduler = Engine.LOCAL, None
    sharded = Sharded(source, plan.shards, plan.done)
    code = run_sharded([sharded], settings, engine, scheduler, clock=clock)
    return 1 if plan.problems else code


def run_on(
    sources: Iterable[Source],
    wrong: Iterable[ConfigError],
    settings: Settings,
    scheduler: str | None,
    *,
    clock: Clock = utc_now,
) -> int:
    """`copydesk run` on a cluster: what is read from files by shards, what is polled a source at a time; exit code."""
    prepared = []
    with Workers(settings) as workers, open_fetcher(settings) as fetcher:
        for source in sources:
            one = Sharded(source, [], {}, whole=not all(reader.can_split for reader in readers_of(source)))
            try:
                finish_killed(source, settings, workers, fetcher, clock)
                one.shards = shards_of_files(source, settings, fetcher, one.problems)
                one.done = done_shards(settings, source, one.shards)
            except WarehouseError as error:
                one.problems.append(str(error))
            prepared.append(one)
    return run_sharded(prepared, settings, Engine.DASK, scheduler, wrong, clock=clock)


def run_sharded(
    prepared: Sequence[Sharded],
    settings: Settings,
    engine: Engine,
    scheduler: str | None,
    wrong: Iterable[ConfigError] = (),
    *,
    clock: Clock = utc_now,
) -> int:
    """Run the shards of sources, settle them, report; the exit code. Raises `ConfigError`, KeyboardInterrupt."""
    stop = threading.Event()
    with open_engine(engine, settings, scheduler) as client, progress_bars() as bars:
        try:
            run_shards(prepared, settings, client, stop, bars, clock)
        except BaseException:
            stop.set()
            raise
    write_rows(Format.TABLE, ("source", *COUNTS, "took"), [one.row() for one in prepared], sys.stdout)
    failures = [*map(str, wrong), *(f"{one.source.id}: {said}" for one in prepared for said in one.problems)]
    for failure in failures:
        print(f"copydesk: {failure}", file=sys.stderr)
    return 1 if failures else 0


def run_shards(
    prepared: Sequence[Sharded],
    settings: Settings,
    client: Client | None,
    stop: threading.Event,
    bars: Progress,
    clock: Clock = utc_now,
    watch: Watch | None = None,
) -> None:
    """Run what is left of every source with its lock held, then settle it; then what is polled of them.

    Settled is also what has nothing left, or runs here: an earlier command may have been cut off before it settled.
    """
    store, by_id = Store(settings.data), {one.source.id: one for one in prepared}
    began = perf_counter()
    with ExitStack() as locks:
        held, tasks = list[Sharded](), list[Task]()
        for one in (one for one in prepared if one.shards):
            with _noted(one):
                locks.enter_context(store.lock(one.source.id, settings.lock_seconds, stop))
                # While this one asked or waited, another command may have ended some.
                one.done = done_shards(settings, one.source, one.shards)
                held.append(one)
                tasks += _tasks(one, side_by_side=client is not None)
        store.prepare()
        _run(tasks, by_id, settings, client, stop, bars, watch)
        for one in held:
            with _noted(one):
                reconcile_shards(
                    store, one.source, [shard.run_id for shard in one.shards], clock(), settings.lock_seconds
                )
                now = done_shards(settings, one.source, one.shards)
                one.done = {run_id: now.get(run_id, run) for run_id, run in one.done.items()}
                one.ended = {run_id: now.get(run_id, run) for run_id, run in one.ended.items()}
            one.seconds = perf_counter() - began
    polled = [Task(_polled(one.source), None) for one in prepared if one.whole]
    _run(polled, by_id, settings, client, stop, bars, watch)
    for one in prepared:
        one.seconds = perf_counter() - began


@contextmanager
def _noted(one: Sharded) -> Iterator[None]:
    """What goes wrong with one source is its problem, and no other's."""
    try:
        yield
    except WarehouseError as error:
        one.problems.append(str(error))


def _run(
    tasks: Sequence[Task],
    by_id: dict[str, Sharded],
    settings: Settings,
    client: Client | None,
    stop: threading.Event,
    bars: Progress,
    watch: Watch | None = None,
) -> None:
    if not tasks:
        return
    shown = {source_id: bars.add_task(source_id, total=_total(tasks, source_id)) for source_id in _ids(tasks)}
    current = dict.fromkeys(shown, 0)

    def progress(documents: int) -> None:
        # Here, where shards come one after another, there is one source.
        for bar in shown.values():
            bars.advance(bar, documents)

    begun = watch.begun if watch else lambda _: None
    for task, ended in run_tasks(tasks, settings, client, stop, progress, begun):
        if watch:
            watch.ended(task, ended)
        one = by_id[task.source.id]
        name = task.shard or "its feeds, sitemaps and pages"
        if isinstance(ended, str):
            one.problems.append(f"{name}: {ended}" if task.shard else ended)
            continue
        one.ended[ended.run_id] = ended
        if ended.status is not RunStatus.SUCCEEDED:
            one.problems.append(f"{name}: {ended.error}" if task.shard else str(ended.error))
        current[one.source.id] += ended.discovered
        bars.update(shown[one.source.id], completed=current[one.source.id])


def _tasks(one: Sharded, *, side_by_side: bool) -> Iterator[Task]:
    beside = [shard.run_id for shard in one.left if not shard.is_fetched] if side_by_side else []
    for shard in one.left:
        yield Task(one.source, shard, () if shard.is_fetched else beside)


def _polled(source: Source) -> Source:
    rest = tuple(entry for entry in source.input if not reader_of(source, entry).can_split)
    return source.model_copy(update={"input": rest})


def _ids(tasks: Iterable[Task]) -> list[str]:
    return list(dict.fromkeys(task.source.id for task in tasks))


def _total(tasks: Iterable[Task], source_id: str) -> int | None:
    """How many documents the tasks of a source hold; None where that was not counted."""
    counts = [task.shard.documents if task.shard else None for task in tasks if task.source.id == source_id]
    return None if None in counts else sum(filter(None, counts))
