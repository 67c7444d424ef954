"""What is wrong with a source, in sentences that say what and how it is cured."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice, pairwise
from typing import Any, Final

from config.inputs import FeedInput
from config.schedule import turns
from config.sources import Source
from flows.monitoring.drift import Drift, find_drifts, has_history, last_day, load_days
from warehouse.connect import connect, rows
from warehouse.errors import EmptyWarehouseError

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


def cure_of(reason: str) -> str:
    """What to do about documents that are refused for a reason."""
    return _CURES.get(reason, _LOOK)


@dataclass(frozen=True, slots=True)
class Health:
    """What the warehouse holds of a source."""

    facts: Mapping[str, Any] = field(default_factory=dict)
    """Its row of `source_health`; empty where nothing has landed."""
    endpoints: Sequence[Mapping[str, Any]] = ()
    """Its rows of `endpoint_health`."""
    same_run: Mapping[tuple[str, str], set[str]] = field(default_factory=dict)
    """The endpoints that answered in a run, by source and run."""
    failures: int = 0
    """Runs that failed since the last one that succeeded."""
    failing_since: datetime | None = None
    has_history: bool = False
    """Whether it has yielded enough, for long enough, to be compared with itself."""
    drifts: Sequence[Drift] = ()


def load_health(root: str, now: datetime) -> dict[str, Health]:
    """What the warehouse holds of each source, by id; none where nothing has landed. Raises `WarehouseError`."""
    try:
        connection = connect(root)
    except EmptyWarehouseError:
        return {}
    with connection:

        def ask(query: str) -> list[dict[str, Any]]:
            answer = rows(connection, query)
            names = [column[0] for column in connection.description or ()]
            return [dict(zip(names, row, strict=True)) for row in answer]

        endpoints, same_run = defaultdict(list), defaultdict(set)
        for row in ask("FROM endpoint_health ORDER BY source_id, endpoint"):
            endpoints[row["source_id"]].append(row)
        for row in ask(_SAME_RUN):
            same_run[row["source_id"], row["run_id"]].add(row["endpoint"])
        failed = {row["source_id"]: (row["failures"], row["failing_since"]) for row in ask(_FAILED)}
        facts = {row["source_id"]: row for row in ask("FROM source_health")}
        days = load_days(connection, now)
    return {
        name: Health(
            row,
            endpoints[name],
            same_run,
            *failed.get(name, (0, None)),
            has_history=has_history(days.get(name, [])),
            drifts=tuple(find_drifts(name, days.get(name, []), last_day(now))),
        )
        for name, row in facts.items()
    }


_SAME_RUN: Final = """
    SELECT DISTINCT source_id, run_id, endpoint
    FROM polls
    SEMI JOIN (SELECT source_id, gap_run_id AS run_id FROM endpoint_health) AS gap USING (source_id, run_id)
    WHERE error IS NULL
"""
"""What else was looked at, and answered, in the run that suspected the newest gap of an endpoint."""
_FAILED: Final = """
    WITH whole AS (FROM runs WHERE config_digest <> ''),
    success AS (SELECT source_id, max(started_at) AS succeeded_at FROM whole WHERE status = 'succeeded' GROUP BY ALL)
    SELECT source_id, count(*) AS failures, min(started_at) AS failing_since
    FROM whole LEFT JOIN success USING (source_id)
    WHERE status = 'failed' AND (succeeded_at IS NULL OR started_at > succeeded_at)
    GROUP BY source_id
"""
"""One of named addresses, which has no digest, says nothing of the source's inputs."""


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
    yield from _completeness(name, health)
    yield from _waiting(facts)


def _runs(source: Source, health: Health, now: datetime) -> Iterator[str]:
    facts = health.facts
    if facts["last_status"] == "running":
        yield "running, or was killed: the next run takes up what it left"
    elif facts["last_status"] != "succeeded":
        yield f"last run {facts['last_status']}: {facts['last_error'] or 'no reason was recorded'}"
    due = due_by(source, health)
    if due is not None and now > due:
        since = f"since {moment(facts['last_success_at'])}" if facts["last_success_at"] else "yet"
        yield f"no success {since}, {MISSED} turns of its schedule missed: run it, or see to what runs it"


def due_by(source: Source, health: Health) -> datetime | None:
    """When a source has missed its turns for too long; None where it has no turns."""
    since = health.facts["last_success_at"] or health.facts["first_run_at"]
    if source.schedule is not None:
        return next(islice(turns(source.schedule, source.timezone, since), MISSED - 1, None), None)
    waits = [one["next_poll_at"] - one["polled_at"] for one in health.endpoints if one["next_poll_at"]]
    return since + MISSED * max(min(waits), timedelta(hours=1)) if waits else None


def _endpoint(source: Source, endpoint: Mapping[str, Any], health: Health, now: datetime) -> Iterator[str]:
    place = endpoint["endpoint"]
    configured = {url for entry in source.input if (url := getattr(entry, "url", None))}
    again = f"; asked again at {moment(endpoint['next_poll_at'])}" if endpoint["next_poll_at"] else ""
    if endpoint["moved_to"] and place in configured and endpoint["moved_to"] not in configured:
        yield f"{place} has moved for good: change its url in {source.id}.toml to {endpoint['moved_to']}"
    told = endpoint["error"] or ""
    if (endpoint["http_status"] in {429, 503} or "asks to be left alone" in told) and told and endpoint["next_poll_at"]:
        until = moment(endpoint["next_poll_at"])
        yield f"{place}: its host asks to wait until {until} ({endpoint['error']}); a larger `delay` asks it less often"
    elif endpoint["failures"] and endpoint["error"]:
        yield f"{place} fails, and is asked less often: {endpoint['error']}{again}"
    gap = endpoint["gap_at"]
    if gap is not None and now - gap <= _DAY:
        others = health.same_run.get((endpoint["source_id"], endpoint["gap_run_id"]), set()) - {place}
        inputs = configured - {entry.sitemap for entry in source.inputs_of(FeedInput)}
        if others - inputs:
            what = "what had come and gone was looked for in the sitemap"
        else:
            what = "articles may be missing; name a `sitemap` for it"
        yield f"{place} had no known entry at {moment(gap)}: {what}, and give it a shorter schedule"


def _yield(facts: Mapping[str, Any], source: Source, now: datetime) -> Iterator[str]:
    newest, looked = facts["newest_at"], facts["last_success_at"]
    if newest and looked and (facts["hours_with_articles"] or 0) >= MISSED * 3:
        silent = (looked - newest) / timedelta(hours=1)
        if silent > max(6, 2 * facts["longest_silence_hours"] + 1):
            usual = f"its longest silence in the four weeks before was {facts['longest_silence_hours']} h"
            cure = "see with 'copydesk sources check' what its inputs name"
            yield f"nothing new for {length(now - newest)}, {usual}: {cure}"
    expected = source.expect.articles_per_day
    rate = facts["articles_per_day"]
    if expected is not None and now - facts["first_run_at"] >= _DAY and rate < expected:
        cure = "see its rejects and inputs, or correct [expect]"
        yield f"{rate:.1f} articles a day in the last week, {expected:g} expected: {cure}"


def _completeness(name: str, health: Health) -> Iterator[str]:
    facts = health.facts
    refused, taken = facts["rejects_7d"], facts["articles_7d"]
    if refused > taken and refused + taken >= ENOUGH:
        reason = facts["main_reason_7d"]
        most = f"most as {reason}: {cure_of(reason)}"
        yield f"{refused} of {refused + taken} documents of the last 7 days were refused, {most}"
    yield from (f"{drift.sentence}: {changed(name)}" for drift in health.drifts)
    # One without a history is compared with the week before.
    if health.has_history or min(facts["articles_week"], facts["articles_week_before"]) < ENOUGH:
        return
    for what in ("date", "author", "title"):
        share, before = facts[f"share_with_{what}"], facts[f"share_with_{what}_before"]
        if share <= before - DROP:
            yield f"{share:.0%} of its articles have {_an(what)}, {before:.0%} the week before: {changed(name)}"
    words, before = facts["median_words"], facts["median_words_before"]
    if words < before / 2:
        yield f"its articles have {words:.0f} words (median), {before:.0f} the week before: {changed(name)}"


def _waiting(facts: Mapping[str, Any]) -> Iterator[str]:
    held = facts["pending_of_runs"] or []
    if len(held) > MISSED and all(later > earlier for later, earlier in pairwise(held)):
        trend = ", ".join(str(count) for count in reversed(held))
        yield f"pending grows from run to run ({trend}): run it more often, or lower its `delay` if the site allows"
    elif facts["pending"]:
        count = facts["pending"]
        yield f"{count:,} {'document waits' if count == 1 else 'documents wait'} for the next run"


def changed(name: str) -> str:
    """What to do where articles are not what they were."""
    return f"the site may look different now; 'copydesk extract --source {name} --explain URL' shows what is read"


def _an(what: str) -> str:
    return f"an {what}" if what[0] in "aeiou" else f"a {what}"


def moment(value: datetime) -> str:
    """A time in UTC, to the minute."""
    return f"{value:%Y-%m-%d %H:%M}Z"


def length(passed: timedelta) -> str:
    """A span in hours, a longer one in days."""
    return f"{passed / timedelta(hours=1):.0f} hours" if passed < 3 * _DAY else f"{passed.days} days"
