"""Take sources in by shards, here or on a Dask cluster: older material, or all that is read from files."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

from config.errors import ConfigError
from config.inputs import WarcInput
from config.settings import Settings
from config.sources import Source
from flows.ingestion.ingest_run import Clock
from flows.ingestion.listing_dates import Period
from flows.ingestion.process_pool import Workers
from flows.ingestion.progress import NO_PROGRESS, SourceProgress
from flows.ingestion.shared_fetcher import open_fetcher
from flows.sharding.engine import Engine
from flows.sharding.plan import Plan, finish_killed, make_plan
from flows.sharding.run_shards import Sharded, problems_noted, run_sharded
from flows.sharding.shards import done_shards, shards_of_files
from tasks.discover import readers_of
from tasks.http.fetcher import utc_now


@dataclass(frozen=True, slots=True)
class Backfill:
    """What came of a backfill: its plan, and its source, or None where the plan was not agreed to."""

    plan: Plan
    sharded: Sharded | None


@dataclass(frozen=True, slots=True)
class DaskReport:
    """What came of each source on a cluster, in their order, and what failed in the upkeep that followed."""

    sources: tuple[Sharded, ...]
    upkeep_problems: tuple[str, ...]


def read_window(first: str | None, last: str | None) -> Period | None:
    """Return the days from the first to the last, in UTC; None where neither is given. Raises `ConfigError`."""
    if first is None and last is None:
        return None
    if first is None or last is None:
        raise ConfigError("a backfill has two ends: give --from and --to, such as --from 2026-01-01 --to 2026-01-31")
    begin, end = _day("--from", first), _day("--to", last)
    if begin > end:
        raise ConfigError(f"--from {first} is after --to {last}; the earlier day comes first")
    return begin, end + timedelta(days=1)


def _day(option: str, text: str) -> datetime:
    try:
        return datetime.combine(date.fromisoformat(text), time(), UTC)
    except ValueError:
        raise ConfigError(f"{option} {text}: not a day such as 2026-01-31") from None


def with_warcs(source: Source, location: str) -> Source:
    """Return the source with WARC files in place of its inputs: a file, a folder, a list or a URL.

    Raises `ConfigError`.
    """
    if location.startswith(("http://", "https://")):
        return source.model_copy(update={"input": (WarcInput(kind="warc", url=location),)})
    path = Path(location).expanduser().resolve()
    if not path.exists():
        raise ConfigError(f"--warc {location}: no such file or folder")
    return source.model_copy(update={"input": (WarcInput(kind="warc", path=path),)})


def backfill(
    source: Source,
    settings: Settings,
    window: Period | None,
    *,
    engine: Engine = Engine.LOCAL,
    scheduler: str | None = None,
    confirm: Callable[[Plan], bool],
    progress: SourceProgress = NO_PROGRESS,
    clock: Clock = utc_now,
) -> Backfill:
    """Plan, let `confirm` see the plan, and run what is left of it if it agrees.

    Stopped and called again it goes on: shards that are done are not repeated.
    Raises `ConfigError` for what cannot be done, `WarehouseError`.
    """
    with Workers(settings) as workers, open_fetcher(settings) as fetcher:
        plan = make_plan(source, settings, window, workers, fetcher, clock)
    if not confirm(plan):
        return Backfill(plan, None)
    if not plan.left:
        engine, scheduler = Engine.LOCAL, None
    sharded = Sharded(source, plan.shards, plan.done)
    sharded.problems += run_sharded([sharded], settings, engine, scheduler, progress, clock=clock)
    return Backfill(plan, sharded)


def run_on_dask(
    sources: Iterable[Source],
    settings: Settings,
    scheduler: str | None,
    progress: SourceProgress = NO_PROGRESS,
    *,
    clock: Clock = utc_now,
) -> DaskReport:
    """Ingest sources on a cluster: what is read from files by shards, what is polled a source at a time."""
    prepared = []
    with Workers(settings) as workers, open_fetcher(settings) as fetcher:
        for source in sources:
            sharded = Sharded(source, [], {}, is_polled=not all(reader.can_split for reader in readers_of(source)))
            with problems_noted(sharded):
                finish_killed(source, settings, workers, fetcher, clock)
                sharded.shards = shards_of_files(source, settings, fetcher, sharded.problems)
                sharded.done = done_shards(settings, source, sharded.shards)
            prepared.append(sharded)
    problems = run_sharded(prepared, settings, Engine.DASK, scheduler, progress, clock=clock)
    return DaskReport(tuple(prepared), tuple(problems))
