"""What is wrong with a source for long enough that somebody should be told: stale, failing, drifting."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from itertools import islice
from typing import Final

from config.sources import Source
from flows.monitoring.health import MISSED, Health, changed, due_by, length, moment

FAILING: Final = 3
"""Runs in a row that failed."""
NEVER: Final = 9.2
"""Articles expected in a silence that chance alone brings once in 10,000: e to the power of -9.2."""
YOUNG: Final = timedelta(days=8)
YOUNG_HOURS: Final = 72.0
"""A source that is no older has not shown its weekend yet."""


@dataclass(frozen=True, slots=True)
class Condition:
    """Something that began to be wrong with a source, and has not ended."""

    source_id: str
    name: str
    """`stale`, `failing`, or `drift:` and a measure."""
    since: datetime
    what: str
    cure: str
    is_covered: bool = False
    """Whether another one explains it: it does not begin to be told, and is not over either."""

    @property
    def key(self) -> str:
        """The same for as long as it lasts."""
        return f"{self.source_id} {self.name}"


def find_conditions(
    sources: Mapping[str, Source], held: Mapping[str, Health], stale_hours: float, now: datetime
) -> Iterator[Condition]:
    """What is wrong with each source that is not paused, by id; no success and nothing new are one condition.

    One that fails is stale soon; that is covered by its failing.
    """
    for name, source in sorted(sources.items()):
        health = held.get(name)
        if source.paused or health is None or not health.facts or health.facts["last_run_at"] is None:
            continue
        failing = list(_failing(source, health))
        yield from failing
        for stale in islice(_stale(source, health, stale_hours, now), 1):
            yield replace(stale, is_covered=bool(failing))
        cure = changed(name)
        for drift in health.drifts:
            since = datetime.combine(drift.since, time(), UTC)
            yield Condition(name, f"drift:{drift.measure}", since, drift.sentence, cure)


def _failing(source: Source, health: Health) -> Iterator[Condition]:
    if health.failures >= FAILING and health.failing_since is not None:
        what = f"the last {health.failures} runs failed, the newest with: {health.facts['last_error'] or 'no reason'}"
        cure = f"'copydesk sources check {source.id}' tries its inputs"
        yield Condition(source.id, "failing", health.failing_since, what, cure)


def _stale(source: Source, health: Health, stale_hours: float, now: datetime) -> Iterator[Condition]:
    facts = health.facts
    succeeded, due = facts["last_success_at"], due_by(source, health)
    since = succeeded or facts["first_run_at"]
    if due is not None and now > max(due, since + timedelta(hours=stale_hours)):
        what = f"no success {'since ' + moment(succeeded) if succeeded else 'yet'}, {MISSED} turns missed"
        yield Condition(source.id, "stale", since, what, "run it, or see to what runs it")
    newest = facts["newest_at"]
    limit = longest_silence(source, health, stale_hours)
    # Measured to the last success: in what was not looked at, nothing can be new.
    if newest and succeeded and limit and succeeded - newest > timedelta(hours=limit):
        what = f"nothing new since {moment(newest)}, longer than the {length(timedelta(hours=limit))} to be expected"
        yield Condition(source.id, "stale", newest, what, f"'copydesk sources check {source.id}' shows what it names")


def longest_silence(source: Source, health: Health, stale_hours: float) -> float | None:
    """Hours without an article that are no cause for alarm; None where nothing says what to expect."""
    facts, expected = health.facts, source.expect.articles_per_day
    limits: list[float] = []
    if (facts["hours_with_articles"] or 0) >= MISSED * 3:
        limits.append(2.0 * facts["longest_silence_hours"] + 1)
    if expected:
        limits.append(24 * NEVER / expected)
    if not limits:
        return None
    is_young: bool = facts["last_run_at"] - facts["first_run_at"] < YOUNG
    return max(*limits, stale_hours, YOUNG_HOURS if is_young else 0.0)
