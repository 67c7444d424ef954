"""What is wrong with a source, in sentences that say what and how it is cured."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice, pairwise
from typing import Any, Final

from config.inputs import FeedInput
from config.sources import Source

MISSED: Final = 3
"""Times that a source may miss its schedule before it is called stale."""
ENOUGH: Final = 20
"""Articles a week below which its shares say nothing."""
DROP: Final = 0.25
"""Fall of a share, against the week before, that is told."""
_DAY: Final = timedelta(days=1)
_CURES: Final = {
    "disallowed": "its robots.txt forbids them: ask the publisher, or leave them out with `exclude`",
    "fetch_failed": "'copydesk rejects replay' tries them again once the site answers",
    "vanished": "the site takes its pages down sooner than they are read: give a shorter schedule",
    "no_article": "'copydesk extract --explain URL' shows what was read; keep lines with [strip] keep, or `exclude` it",
    "too_large": "raise max_document_bytes",
    "timed_out": "raise document_seconds",
}
_LOOK: Final = "'copydesk rejects' names them"


@dataclass(frozen=True, slots=True)
class Health:
    """What the warehouse holds of a source."""

    facts: Mapping[str, Any] = field(default_factory=dict)
    """Its row of `source_health`; empty where nothing has landed."""
    endpoints: Sequence[Mapping[str, Any]] = ()
    """Its rows of `endpoint_health`."""
    same_run: Mapping[tuple[str, str], set[str]] = field(default_factory=dict)
    """The endpoints that answered in a run, by source and run."""


def problems(name: str, source: Source | None, health: Health, now: datetime) -> Iterator[str]:
    """One sentence for each, the most urgent first; none where all is well."""
    facts = health.facts
    if not facts or facts["last_run_at"] is None:
        yield "never ran"
        return
    if source is None:
        yield "not configured any more"
        return
    if source.paused:
        yield "paused"
        return
    yield from _runs(source, health, now)
    for endpoint in health.endpoints:
        yield from _endpoint(source, endpoint, health, now)
    yield from _yield(facts, source, now)
    yield from _completeness(name, facts)
    yield from _waiting(facts)


def _runs(source: Source, health: Health, now: datetime) -> Iterator[str]:
    facts = health.facts
    if facts["last_status"] == "running":
        yield "running, or was killed: the next run takes up what it left"
    elif facts["last_status"] != "succeeded":
        yield f"last run {facts['last_status']}: {facts['last_error'] or 'no reason was recorded'}"
    due = _due(source, health)
    if due is not None and now > due:
        since = f"since {_moment(facts['last_success_at'])}" if facts["last_success_at"] else "yet"
        yield f"no success {since}, {MISSED} turns of its schedule missed: run it, or see to what runs it"


def _due(source: Source, health: Health) -> datetime | None:
    """When a source has missed its turns for too long; None where it has no turns."""
    since = health.facts["last_success_at"] or health.facts["first_run_at"]
    if source.schedule is not None:
        from cronsim import CronSim, CronSimError

        try:
            return next(islice(CronSim(source.schedule, since), MISSED - 1, None), None)
        except CronSimError:
            return None
    waits = [one["next_poll_at"] - one["polled_at"] for one in health.endpoints if one["next_poll_at"]]
    return since + MISSED * max(min(waits), timedelta(hours=1)) if waits else None


def _endpoint(source: Source, endpoint: Mapping[str, Any], health: Health, now: datetime) -> Iterator[str]:
    place = endpoint["endpoint"]
    configured = {url for entry in source.input if (url := getattr(entry, "url", None))}
    again = f"; asked again at {_moment(endpoint['next_poll_at'])}" if endpoint["next_poll_at"] else ""
    if endpoint["moved_to"] and place in configured and endpoint["moved_to"] not in configured:
        yield f"{place} has moved for good: change its url in {source.id}.toml to {endpoint['moved_to']}"
    told = endpoint["error"] or ""
    if (endpoint["http_status"] in {429, 503} or "asks to be left alone" in told) and told and endpoint["next_poll_at"]:
        until = _moment(endpoint["next_poll_at"])
        yield f"{place}: its host asks to wait until {until} ({endpoint['error']}); a larger `delay` asks it less often"
    elif endpoint["failures"] and endpoint["error"]:
        yield f"{place} fails, and is asked less often: {endpoint['error']}{again}"
    gap = endpoint["gap_at"]
    if gap is not None and now - gap <= _DAY:
        others = health.same_run.get((endpoint["source_id"], endpoint["gap_run_id"]), set()) - {place}
        inputs = configured - {entry.sitemap for entry in source.input if isinstance(entry, FeedInput)}
        if others - inputs:
            what = "what had come and gone was looked for in the sitemap"
        else:
            what = "articles may be missing; name a `sitemap` for it"
        yield f"{place} had no known entry at {_moment(gap)}: {what}, and give it a shorter schedule"


def _yield(facts: Mapping[str, Any], source: Source, now: datetime) -> Iterator[str]:
    newest, looked = facts["newest_at"], facts["last_success_at"]
    if newest and looked and (facts["hours_with_articles"] or 0) >= MISSED * 3:
        silent = (looked - newest) / timedelta(hours=1)
        if silent > max(6, 2 * facts["longest_silence_hours"] + 1):
            usual = f"its longest silence in the four weeks before was {facts['longest_silence_hours']} h"
            cure = "see with 'copydesk sources check' what its inputs name"
            yield f"nothing new for {_length(now - newest)}, {usual}: {cure}"
    expected = source.expect.articles_per_day
    rate = facts["articles_per_day"]
    if expected is not None and now - facts["first_run_at"] >= _DAY and rate < expected:
        cure = "see its rejects and inputs, or correct [expect]"
        yield f"{rate:.1f} articles a day in the last week, {expected:g} expected: {cure}"


def _completeness(name: str, facts: Mapping[str, Any]) -> Iterator[str]:
    refused, taken = facts["rejects_7d"], facts["articles_7d"]
    if refused > taken and refused + taken >= ENOUGH:
        reason = facts["main_reason_7d"]
        cure = _CURES.get(reason, _LOOK)
        yield f"{refused} of {refused + taken} documents of the last 7 days were refused, most as {reason}: {cure}"
    if min(facts["articles_week"], facts["articles_week_before"]) < ENOUGH:
        return
    for what in ("date", "author", "title"):
        share, before = facts[f"share_with_{what}"], facts[f"share_with_{what}_before"]
        if share <= before - DROP:
            yield f"{share:.0%} of its articles have {_an(what)}, {before:.0%} the week before: {_changed(name)}"
    words, before = facts["median_words"], facts["median_words_before"]
    if words < before / 2:
        yield f"its articles have {words:.0f} words (median), {before:.0f} the week before: {_changed(name)}"


def _waiting(facts: Mapping[str, Any]) -> Iterator[str]:
    held = facts["pending_of_runs"] or []
    if len(held) > MISSED and all(later > earlier for later, earlier in pairwise(held)):
        trend = ", ".join(str(count) for count in reversed(held))
        yield f"pending grows from run to run ({trend}): run it more often, or lower its `delay` if the site allows"
    elif facts["pending"]:
        count = facts["pending"]
        yield f"{count:,} {'document waits' if count == 1 else 'documents wait'} for the next run"


def _changed(name: str) -> str:
    return f"the site may look different now; 'copydesk extract --source {name} --explain URL' shows what is read"


def _an(what: str) -> str:
    return f"an {what}" if what[0] in "aeiou" else f"a {what}"


def _moment(value: datetime) -> str:
    return f"{value:%Y-%m-%d %H:%M}Z"


def _length(passed: timedelta) -> str:
    return f"{passed / timedelta(hours=1):.0f} hours" if passed < 3 * _DAY else f"{passed.days} days"
