"""Alert conditions of a source: stale, failing, drifting."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from itertools import islice
from typing import Final

from config.sources import Source
from flows.monitoring.health import (
    MAX_MISSED_TURNS,
    MIN_HOURS_WITH_ARTICLES,
    Health,
    cure_of_change,
    deadline,
    duration_text,
    time_text,
)

MIN_FAILED_RUNS: Final = 3  # in a row
# Articles expected in a silence that comes by chance once in 10,000 times: e to the power of -9.2.
MAX_ARTICLES_MISSED_BY_CHANCE: Final = 9.2
# A younger source has had no weekend yet, so nobody knows how quiet it is then.
MIN_AGE_WITH_WEEKEND: Final = timedelta(days=8)
MIN_SILENCE_OF_YOUNG_HOURS: Final = 72.0


@dataclass(frozen=True, slots=True)
class Condition:
    """A problem of a source that has begun and not ended."""

    source_id: str
    name: str  # `stale`, `failing`, or `drift:` and a measure
    since: datetime
    problem: str
    cure: str
    is_covered: bool = False  # another condition explains it: no alert begins or ends by it

    @property
    def key(self) -> str:
        """The key of the condition, the same for as long as it lasts."""
        return f"{self.source_id} {self.name}"


def find_conditions(
    sources: Mapping[str, Source], health_by_source: Mapping[str, Health], stale_hours: float, now: datetime
) -> Iterator[Condition]:
    """Yield the conditions of all sources that are not paused, in order of ids; at most one is `stale`.

    A failing source is stale soon; that condition is covered by `failing`.
    """
    for name, source in sorted(sources.items()):
        health = health_by_source.get(name)
        if source.paused or health is None or not health.facts or health.facts["last_run_at"] is None:
            continue
        failing = list(_failing(source, health))
        yield from failing
        for stale in islice(_stale(source, health, stale_hours, now), 1):
            yield replace(stale, is_covered=bool(failing))
        cure = cure_of_change(name)
        for drift in health.drifts:
            since = datetime.combine(drift.since, time(), UTC)
            yield Condition(name, f"drift:{drift.measure}", since, drift.sentence, cure)


def _failing(source: Source, health: Health) -> Iterator[Condition]:
    if health.failures >= MIN_FAILED_RUNS and health.failing_since is not None:
        problem = (
            f"the last {health.failures} runs failed, the newest with: {health.facts['last_error'] or 'no reason'}"
        )
        cure = f"'copydesk sources check {source.id}' tries its inputs"
        yield Condition(source.id, "failing", health.failing_since, problem, cure)


def _stale(source: Source, health: Health, stale_hours: float, now: datetime) -> Iterator[Condition]:
    facts = health.facts
    succeeded, due = facts["last_success_at"], deadline(source, health)
    since = succeeded or facts["first_run_at"]
    if due is not None and now > max(due, since + timedelta(hours=stale_hours)):
        problem = (
            f"no success {'since ' + time_text(succeeded) if succeeded else 'yet'}, {MAX_MISSED_TURNS} turns missed"
        )
        yield Condition(source.id, "stale", since, problem, "run it, or see to what runs it")
    newest = facts["newest_at"]
    limit = silence_limit(source, health, stale_hours)
    # Up to the last success, for later on nobody looked for new articles.
    if newest and succeeded and limit and succeeded - newest > timedelta(hours=limit):
        normal = duration_text(timedelta(hours=limit))
        problem = f"nothing new since {time_text(newest)}, longer than the {normal} to be expected"
        yield Condition(
            source.id, "stale", newest, problem, f"'copydesk sources check {source.id}' shows what it names"
        )


def silence_limit(source: Source, health: Health, stale_hours: float) -> float | None:
    """Return the hours without an article that are still normal; None if nothing says what to expect."""
    facts, expected = health.facts, source.expect.articles_per_day
    limits: list[float] = []
    if (facts["hours_with_articles"] or 0) >= MIN_HOURS_WITH_ARTICLES:
        limits.append(2.0 * facts["longest_silence_hours"] + 1)
    if expected:
        limits.append(24 * MAX_ARTICLES_MISSED_BY_CHANCE / expected)
    if not limits:
        return None
    is_young: bool = facts["last_run_at"] - facts["first_run_at"] < MIN_AGE_WITH_WEEKEND
    return max(*limits, stale_hours, MIN_SILENCE_OF_YOUNG_HOURS if is_young else 0.0)
