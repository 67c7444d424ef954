"""The pipeline at work on the newsroom: each source is ingested whenever its next look is due, to the plan's end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from config.settings import Settings
from config.sources import Source, load_sources
from flows.ingest import ingest
from flows.ingestion.process_pool import Workers
from flows.ingestion.scope import DueInputs, WholeSource
from tasks.discover import endpoint
from tasks.http.fetcher import Fetcher
from tests.newsroom.clock import Clock
from tests.newsroom.configure import configure
from tests.newsroom.plan import Plan
from tests.newsroom.server import Newsroom
from warehouse.connect import connect, rows
from warehouse.model.rows import Run

LEAST: Final = timedelta(minutes=1)
"""Between two runs of one source, whatever it says."""
UNSAID: Final = timedelta(minutes=30)
LAST_LOOKS: Final = 3
"""Runs of each source after the end: what a host put off is still pending after one."""
LAST_WAIT: Final = timedelta(minutes=5)

Watch = Callable[[Run], None]


def small_settings(data: Path, config: Path, fetch_seconds: float = 1.5) -> Settings:
    """Make the settings of an installation that gives up soon on what hangs, and refuses what is large."""
    return Settings(
        data=str(data), config=config, workers=2, max_document_bytes=300_000, fetch_seconds=fetch_seconds, fetch_attempts=2,
        retry_seconds=2.0, contact="desk@copydesk.example",
    )  # fmt: skip


@contextmanager
def at_work(plan: Plan, clock: Clock, folder: Path, delay: float = 5.0) -> Iterator[tuple[Newsroom, Settings]]:
    """Open a newsroom; yield it, and settings with its sites as sources in `folder`."""
    with Newsroom(plan, clock) as newsroom:
        config = configure(folder / "config", newsroom, delay)
        yield newsroom, small_settings(folder / "data", config)


def drive(newsroom: Newsroom, settings: Settings, watch: Watch = lambda _: None) -> list[Run]:
    """Do all runs from now to the plan's end, one after another."""
    clock, end = newsroom.clock, newsroom.plan.span.end
    sources, wrong = load_sources(settings.config)
    assert not wrong, wrong
    runs: list[Run] = []
    with desk(settings, clock) as (workers, fetcher):

        def take(source: Source, *, due: bool) -> None:
            scope = DueInputs() if due else WholeSource()
            runs.append(ingest(source, settings, workers, fetcher, scope, clock=clock))
            watch(runs[-1])

        turns = dict.fromkeys(sources, clock())
        while (moment := min(turns.values())) < end:
            name = min(turns, key=lambda source_id: turns[source_id])
            clock.wait_until(moment)
            take(sources[name], due=True)
            turns[name] = max(next_look(settings.data, sources[name], clock()), clock() + LEAST)
        clock.wait_until(end)
        for _ in range(LAST_LOOKS):
            for source in sources.values():
                take(source, due=False)
            clock.wait(LAST_WAIT.total_seconds())
    return runs


def take_all(settings: Settings, clock: Clock) -> list[Run]:
    """Run every source once, side by side."""
    sources, wrong = load_sources(settings.config)
    assert not wrong, wrong
    with desk(settings, clock) as (workers, fetcher), ThreadPoolExecutor(len(sources)) as threads:
        futures = [
            threads.submit(ingest, source, settings, workers, fetcher, clock=clock) for source in sources.values()
        ]
        return [future.result() for future in futures]


@contextmanager
def desk(settings: Settings, clock: Clock) -> Iterator[tuple[Workers, Fetcher]]:
    """Open the workers and the fetcher that runs share, in the newsroom's time."""
    hosts = Path(settings.data) / ".hosts"
    with (
        Workers(settings) as workers,
        Fetcher(settings, clock=clock, sleep=clock.sleep, hosts=hosts) as fetcher,
        clock.watched(lambda: fetcher.statistics.requests),
    ):
        yield workers, fetcher


def next_look(data: str, source: Source, now: datetime) -> datetime:
    """Return when the first of the source's inputs is to be looked at again, by the newest rows of `polls`."""
    query = (
        "SELECT min(next_poll_at) FROM (SELECT arg_max(next_poll_at, polled_at) AS next_poll_at"
        " FROM polls WHERE source_id = $1 AND endpoint IN (SELECT unnest($2)) GROUP BY endpoint)"
    )
    with connect(data) as connection:
        moments = rows(connection, query, [source.id, [endpoint(source, entry) for entry in source.input]])
    return moments[0][0] or now + UNSAID
