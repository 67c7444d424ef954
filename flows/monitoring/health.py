"""The health of each source: its figures, and its problems as sentences with a cure."""

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
from warehouse.connect import connect, records
from warehouse.errors import EmptyWarehouseError
from warehouse.model.rows import Run
from warehouse.storage.root import Root
from warehouse.storage.run_marks import running_and_killed

MAX_MISSED_TURNS: Final = 3  # of its schedule, before a source is called stale
MIN_WEEKLY_ARTICLES: Final = 20  # below, the shares of a week say nothing
MIN_SHARE_DROP: Final = 0.25  # from the week before
MIN_HOURS_WITH_ARTICLES: Final = 9  # below, the longest silence says nothing
# Of `source_health`, never NULL.
COUNTED: Final = (
    "articles", "articles_24h", "articles_7d", "articles_per_day", "articles_week", "articles_week_before",
    "rejects_open", "rejects_7d", "pending",
)  # fmt: skip
_HOUR: Final = timedelta(hours=1)
_DAY: Final = timedelta(days=1)
_CURES: Final = {
    "disallowed": "its robots.txt forbids them: ask the publisher, or leave them out with `exclude`",
    "fetch_failed": "'copydesk rejects replay' tries them again once the site answers",
    "vanished": "the site takes its pages down sooner than they are read: give a shorter schedule",
    "no_article": "'copydesk extract --explain URL' shows what was read; keep lines with [strip] keep, or `exclude` it",
    "too_large": "raise max_document_bytes",
    "timed_out": "raise document_seconds",
    "challenge": "the site takes Copydesk for a robot: ask the publisher to let it in, or give a longer delay",
    "consent_wall": "use the full text of the feed, or ask the publisher for a feed without the wall",
    "login_wall": "use the full text of the feed; the pages are for subscribers only",
    "needs_javascript": "say render = true in its file, with the extra `browser`, or use the full text of the feed",
    "soft_404": "the site takes its pages down sooner than they are read: give a shorter schedule",
    "front_page": "the site takes its pages down sooner than they are read: give a shorter schedule",
}
_OTHER_CURE: Final = "'copydesk rejects' names them"


def cure_of(reason: str) -> str:
    """Return the cure for documents that are refused for a reason."""
    return _CURES.get(reason, _OTHER_CURE)


@dataclass(frozen=True, slots=True)
class Health:
    """The figures of a source in the warehouse."""

    facts: Mapping[str, Any] = field(default_factory=dict)  # its row of `source_health`; empty if nothing has landed
    endpoints: Sequence[Mapping[str, Any]] = ()  # its rows of `endpoint_health`
    answered: Mapping[tuple[str, str], set[str]] = field(default_factory=dict)  # endpoints, by source and run
    failures: int = 0  # failed runs since the last one that succeeded
    failing_since: datetime | None = None
    has_history: bool = False  # it has enough articles, for long enough, to be compared with itself
    drifts: Sequence[Drift] = ()


def load_health(root: str, now: datetime) -> dict[str, Health]:
    """Load the health of each source, by id; empty if nothing has landed. Raises `WarehouseError`."""
    try:
        connection = connect(root)
    except EmptyWarehouseError:
        return {}
    with connection:
        endpoints, answered = defaultdict(list), defaultdict(set)
        facts: dict[str, Mapping[str, Any]] = {
            row["source_id"]: row for row in records(connection, "FROM source_health")
        }
        columns = [name for name, *_ in connection.description or ()]
        endpoint_rows = records(connection, "FROM endpoint_health ORDER BY source_id, endpoint")
        for row in endpoint_rows:
            endpoints[row["source_id"]].append(row)
        # Most sources have neither a gap nor a failure, and each query opens every file of its table.
        if any(row["gap_run_id"] for row in endpoint_rows):
            for row in records(connection, _ANSWERED):
                answered[row["source_id"], row["run_id"]].add(row["endpoint"])
        failed = {}
        if any(row["last_run_at"] != row["last_success_at"] for row in facts.values()):
            rows = records(connection, _FAILED)
            failed = {row["source_id"]: (row["failures"], row["failing_since"]) for row in rows}
        for run in running_and_killed(Root.at(root)):
            facts[run.source_id] = _with_run(facts.get(run.source_id) or dict.fromkeys(columns), run)
        days = load_days(connection, now)
    return {
        name: Health(
            row,
            endpoints[name],
            answered,
            *failed.get(name, (0, None)),
            has_history=has_history(days.get(name, [])),
            drifts=tuple(find_drifts(name, days.get(name, []), last_day(now))),
        )
        for name, row in facts.items()
    }


def _with_run(facts: Mapping[str, Any], run: Run) -> Mapping[str, Any]:
    """Return the facts of a source with a run whose row has not landed: it is on, or was killed."""
    # A run of named addresses, which has no digest, does not look at the source's inputs.
    if not run.config_digest:
        return facts
    return {
        **facts,
        **{name: facts[name] or 0 for name in COUNTED},
        "source_id": run.source_id,
        "first_run_at": facts["first_run_at"] or run.started_at,
        "last_run_at": run.started_at,
        "last_status": str(run.status),
        "last_error": run.error,
    }


# The endpoints that answered in the run that suspected the newest gap of an endpoint.
_ANSWERED: Final = """
    SELECT DISTINCT source_id, run_id, endpoint
    FROM polls
    SEMI JOIN (SELECT source_id, gap_run_id AS run_id FROM endpoint_health) AS gap USING (source_id, run_id)
    WHERE error IS NULL
"""
# Runs of single addresses, which have no digest, do not read the inputs and do not count.
_FAILED: Final = """
    WITH whole AS (FROM runs WHERE config_digest <> ''),
    success AS (SELECT source_id, max(started_at) AS succeeded_at FROM whole WHERE status = 'succeeded' GROUP BY ALL)
    SELECT source_id, count(*) AS failures, min(started_at) AS failing_since
    FROM whole LEFT JOIN success USING (source_id)
    WHERE status = 'failed' AND (succeeded_at IS NULL OR started_at > succeeded_at)
    GROUP BY source_id
"""


def problems(name: str, source: Source | None, health: Health, now: datetime) -> Iterator[str]:
    """Yield one sentence for each problem of a source, the most urgent first."""
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
    yield from _run_problems(source, health, now)
    for endpoint in health.endpoints:
        yield from _endpoint_problems(source, endpoint, health, now)
    yield from _volume_problems(facts, source, now)
    yield from _content_problems(name, health)
    yield from _pending_problems(facts)


def _run_problems(source: Source, health: Health, now: datetime) -> Iterator[str]:
    facts = health.facts
    if facts["last_status"] not in ("succeeded", "running"):
        yield f"last run {facts['last_status']}: {facts['last_error'] or 'no reason was recorded'}"
    due = deadline(source, health)
    if due is not None and now > due:
        since = f"since {time_text(facts['last_success_at'])}" if facts["last_success_at"] else "yet"
        yield f"no success {since}, {MAX_MISSED_TURNS} turns of its schedule missed: run it, or see to what runs it"


def deadline(source: Source, health: Health) -> datetime | None:
    """Return the time by which a source should have succeeded; None if it has no turns."""
    since = health.facts["last_success_at"] or health.facts["first_run_at"]
    if source.schedule is not None:
        # A turn at which nothing is due leaves no row.
        since = max(since, _due_since(source, health) or since)
        return next(islice(turns(source.schedule, source.timezone, since), MAX_MISSED_TURNS - 1, None), None)
    waits = [row["next_poll_at"] - row["polled_at"] for row in health.endpoints if row["next_poll_at"]]
    return since + MAX_MISSED_TURNS * max(min(waits), _HOUR) if waits else None


def _due_since(source: Source, health: Health) -> datetime | None:
    """Return when the first input of a source is or was due; None if not all of its inputs have such a time."""
    urls = {getattr(entry, "url", None) for entry in source.input}
    moments = [row["next_poll_at"] for row in health.endpoints if row["endpoint"] in urls]
    return None if len(moments) < len(urls) or None in moments else min(moments)


def _endpoint_problems(source: Source, endpoint: Mapping[str, Any], health: Health, now: datetime) -> Iterator[str]:
    url = endpoint["endpoint"]
    configured = {entry_url for entry in source.input if (entry_url := getattr(entry, "url", None))}
    again = f"; asked again at {time_text(endpoint['next_poll_at'])}" if endpoint["next_poll_at"] else ""
    if endpoint["moved_to"] and url in configured and endpoint["moved_to"] not in configured:
        yield f"{url} has moved for good: change its url in {source.id}.toml to {endpoint['moved_to']}"
    error = endpoint["error"] or ""
    asks_to_wait = endpoint["is_postponed"] or endpoint["http_status"] in {429, 503}
    if asks_to_wait and error and endpoint["next_poll_at"]:
        until = time_text(endpoint["next_poll_at"])
        yield f"{url}: its host asks to wait until {until} ({error}); a larger `delay` asks it less often"
    elif endpoint["failures"] and error:
        yield f"{url} fails, and is asked less often: {error}{again}"
    if endpoint["skipped"]:
        yield f"{url}: {endpoint['skipped']}"
    gap = endpoint["gap_at"]
    if gap is not None and now - gap <= _DAY:
        others = health.answered.get((endpoint["source_id"], endpoint["gap_run_id"]), set()) - {url}
        inputs = configured - {entry.sitemap for entry in source.inputs_of(FeedInput)}
        if others - inputs:
            consequence = "what had come and gone was looked for in the sitemap"
        else:
            consequence = "articles may be missing; name a `sitemap` for it"
        yield f"{url} had no known entry at {time_text(gap)}: {consequence}, and give it a shorter schedule"


def _volume_problems(facts: Mapping[str, Any], source: Source, now: datetime) -> Iterator[str]:
    newest, last_success = facts["newest_at"], facts["last_success_at"]
    if newest and last_success and (facts["hours_with_articles"] or 0) >= MIN_HOURS_WITH_ARTICLES:
        silent = (last_success - newest) / _HOUR
        if silent > max(6, 2 * facts["longest_silence_hours"] + 1):
            usual = f"its longest silence in the four weeks before was {facts['longest_silence_hours']} h"
            cure = "see with 'copydesk sources check' what its inputs name"
            yield f"nothing new for {duration_text(now - newest)}, {usual}: {cure}"
    expected = source.expect.articles_per_day
    rate = facts["articles_per_day"]
    if expected is not None and now - facts["first_run_at"] >= _DAY and rate < expected:
        cure = "see its rejects and inputs, or correct [expect]"
        yield f"{rate:.1f} articles a day in the last week, {expected:g} expected: {cure}"


def _content_problems(name: str, health: Health) -> Iterator[str]:
    facts = health.facts
    rejects, articles = facts["rejects_7d"], facts["articles_7d"]
    if rejects > articles and rejects + articles >= MIN_WEEKLY_ARTICLES:
        reason = facts["main_reason_7d"]
        majority = f"most as {reason}: {cure_of(reason)}"
        yield f"{rejects} of {rejects + articles} documents of the last 7 days were refused, {majority}"
    yield from (f"{drift.sentence}: {cure_of_change(name)}" for drift in health.drifts)
    # A source without a history is compared with the week before.
    if health.has_history or min(facts["articles_week"], facts["articles_week_before"]) < MIN_WEEKLY_ARTICLES:
        return
    for field_name in ("date", "author", "title"):
        share, before = facts[f"share_with_{field_name}"], facts[f"share_with_{field_name}_before"]
        articles = f"of its articles have {_with_article(field_name)}"
        if share <= before - MIN_SHARE_DROP:
            yield f"{share:.0%} {articles}, {before:.0%} the week before: {cure_of_change(name)}"
    words, before = facts["median_words"], facts["median_words_before"]
    if words < before / 2:
        yield f"its articles have {words:.0f} words (median), {before:.0f} the week before: {cure_of_change(name)}"


def _pending_problems(facts: Mapping[str, Any]) -> Iterator[str]:
    counts = facts["pending_of_runs"] or []
    if len(counts) > MAX_MISSED_TURNS and all(later > earlier for later, earlier in pairwise(counts)):
        trend = ", ".join(map(str, reversed(counts)))
        yield f"pending grows from run to run ({trend}): run it more often, or lower its `delay` if the site allows"
    elif sentence := waiting_documents(facts):
        yield sentence


def waiting_documents(facts: Mapping[str, Any]) -> str | None:
    """Return how many documents wait for the next run, in a sentence; None if none does. It is no fault."""
    count = facts.get("pending")
    return f"{count:,} {'document waits' if count == 1 else 'documents wait'} for the next run" if count else None


def cure_of_change(name: str) -> str:
    """Return the cure for articles of a source that have changed."""
    return f"the site may look different now; 'copydesk extract --source {name} --explain URL' shows what is read"


def _with_article(noun: str) -> str:
    return f"an {noun}" if noun[0] in "aeiou" else f"a {noun}"


def time_text(time: datetime) -> str:
    """Return a time in UTC, to the minute."""
    return f"{time:%Y-%m-%d %H:%M}Z"


def duration_text(duration: timedelta) -> str:
    """Return a duration in hours, or in days if it is three days or longer."""
    return f"{duration / _HOUR:.0f} hours" if duration < 3 * _DAY else f"{duration.days} days"


def age_text(time: datetime | None, now: datetime) -> str | None:
    """Return how long ago a time was: in minutes, from two hours on in hours, from two days on in days."""
    if time is None:
        return None
    age = max(now - time, timedelta())
    if age >= 2 * _DAY:
        return f"{age.days:,} days ago"
    return f"{age // _HOUR} h ago" if age >= 2 * _HOUR else f"{age // timedelta(minutes=1)} min ago"
