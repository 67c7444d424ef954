"""Reconciles shards: what they landed side by side becomes what they would have landed one after another.

Shards do not see each other. Of two that meet one address, or one text, each takes it for new; one after another, the
later would have said `unchanged` or `duplicate`. What each concluded is gone through once more in the order of the
shards, by the rules of the ledger, and the rows that would not be there are taken out.

Killed at any moment and repeated it ends in the same rows; only a run's counts may then still call a document `stored`
that was taken out. What only one shard met is not looked at.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final, NamedTuple

from config.sources import Source
from warehouse.connect import connect, rows
from warehouse.model.records import Rejection
from warehouse.model.rows import Run
from warehouse.model.vocabulary import Outcome, Reason, Stage
from warehouse.queries import query_rows
from warehouse.state.address import TEMPORARY_REASONS, Known
from warehouse.state.conclusion import same_text_as
from warehouse.storage.rewrite import change_counts, change_outcomes, drop_rows
from warehouse.storage.superseded import unlist_superseded
from warehouse.storage.tables import Store, batch_key


class ShardRow(NamedTuple):
    """An article or a refusal as a shard landed it, in the order in which it came."""

    is_article: bool
    url: str
    version_id: str | None
    capture_id: str | None
    run_id: str
    payload_digest: str | None
    stage: str | None
    reason: str | None
    detail: str | None
    duplicate_of: str | None
    attempts: int | None
    first_seen_at: datetime
    last_seen_at: datetime | None


@dataclass(slots=True)
class Reconciliation:
    """The changes that make the rows of shards those of one shard after another."""

    articles: list[ShardRow] = field(default_factory=list)  # to drop: known from another shard
    rejects: list[ShardRow] = field(default_factory=list)  # to drop: of what is known, or different now
    replacements: list[Rejection] = field(default_factory=list)  # in the place of dropped rows
    unchanged: list[Rejection] = field(default_factory=list)
    outcomes: dict[str, str] = field(default_factory=dict)  # new ones, by the id of the capture
    count_changes: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))  # by the id of the run


def reconcile_shards(
    store: Store, source: Source, run_ids: Sequence[str], now: datetime, seconds: float = 600.0
) -> Reconciliation:
    """Make the rows of runs that were side by side those of the same runs in this order.

    Wait up to `seconds` for other maintenance of the warehouse to end. Raises `WarehouseError`.
    """
    with store.maintenance(seconds):
        return _reconcile(store, source, run_ids, now)


def _reconcile(store: Store, source: Source, run_ids: Sequence[str], now: datetime) -> Reconciliation:
    with connect(store.root) as connection:
        shards = {"source_id": source.id, "run_ids": list(run_ids)}
        shard_rows = [ShardRow(*row) for row in query_rows(connection, "shard_rows", **shards)]
        versions_before = dict(query_rows(connection, "versions_before_shards", **shards))
        repeated_discoveries = query_rows(connection, "repeated_discoveries", **shards)
        result = _replay(shard_rows, versions_before)
        changed_runs = [Run(*row) for row in rows(connection, _RUNS, [list(result.count_changes), source.id])]
    prefix, refusals = f"{source.id}-", {(row.run_id, row.url) for row in result.rejects}
    beside = [rejection for rejection in result.unchanged if (rejection.run_id, rejection.url) in refusals]
    # What takes another's place lands first, and articles go last: done again, it comes to the same.
    change_outcomes(store.root, result.outcomes, prefix)
    _land_refusals(store, source, [*result.replacements, *beside], now)
    drop_rows(store.root, "discoveries", ("run_id", "url"), repeated_discoveries, prefix)
    drop_rows(store.root, "rejects", ("run_id", "url"), refusals, prefix, unless="is_settled")
    dropped_ids = [row.capture_id or "" for row in result.articles]
    unlist_superseded(store.root, dropped_ids)
    drop_rows(store.root, "articles", ("capture_id",), [(capture_id,) for capture_id in dropped_ids], prefix)
    change_counts(store.root, [_with_counts(run, result.count_changes[run.run_id]) for run in changed_runs], prefix)
    return result


def _with_counts(run: Run, changes: Mapping[str, int]) -> Run:
    return replace(run, **{name: getattr(run, name) + change for name, change in changes.items()})


def _replay(shard_rows: Sequence[ShardRow], versions_before: dict[str, str]) -> Reconciliation:
    """Conclude each document again in the order of the shards, by the rules of the ledger."""
    addresses: dict[str, Known] = {}
    urls_by_version: dict[str, str] = {}
    shard_versions = {(row.run_id, row.url): row.version_id for row in shard_rows if row.is_article}
    result = Reconciliation()
    for row in shard_rows:
        known = addresses.setdefault(row.url, Known(row.url, row.url, row.first_seen_at))
        known.version_id = known.version_id or versions_before.get(row.url)
        version_id = row.version_id
        twin_url = row.duplicate_of
        # A page that redirects to an article has no text of its own to compare.
        if twin_url is not None and row.detail == same_text_as(twin_url):
            version_id = shard_versions.get((row.run_id, twin_url))
            urls_by_version.setdefault(version_id or "", twin_url)
        if row.payload_digest is not None and row.payload_digest in known.payload_digests and not known.is_retried:
            _drop(result, row, Outcome.UNCHANGED)
            continue
        known.payload_digests += (row.payload_digest or "",)
        if version_id is None:
            _refuse(result, known, row, row.stage or "", row.reason or "", row.detail or "", row.duplicate_of)
        elif version_id == known.version_id:
            _drop(result, row, Outcome.UNCHANGED)
        elif urls_by_version.get(version_id, row.url) != row.url and known.version_id is None:
            first_url = urls_by_version[version_id]
            _refuse(result, known, row, Stage.DEDUPE, Reason.DUPLICATE, same_text_as(first_url), first_url)
        elif row.is_article:
            urls_by_version.setdefault(version_id, row.url)
            known.store(version_id)
    return result


def _refuse(
    result: Reconciliation,
    known: Known,
    row: ShardRow,
    stage: str,
    reason: str,
    detail: str,
    duplicate_of: str | None = None,
) -> None:
    """Refuse a document anew; its row stays if it is the same refusal at the same attempt."""
    refusal = (str(stage), str(reason), detail)
    if known.is_repeated(refusal):
        _drop(result, row, Outcome.UNCHANGED)
        return
    known.refuse(refusal, duplicate_of)
    rejection = Rejection(
        "", row.url, row.capture_id, Stage(stage), Reason(reason), detail,
        known.attempts, row.first_seen_at, row.last_seen_at, row.run_id, duplicate_of,
    )  # fmt: skip
    if not row.is_article and (row.stage, row.reason, row.detail, row.attempts) == (*refusal, known.attempts):
        result.unchanged.append(rejection)
        return
    _drop(result, row, Outcome.DUPLICATE if reason == Reason.DUPLICATE else _outcome(row))
    result.replacements.append(rejection)


def _drop(result: Reconciliation, row: ShardRow, outcome: Outcome) -> None:
    """Take out the row that a shard landed of a document, and count the document under another outcome."""
    (result.articles if row.is_article else result.rejects).append(row)
    if row.capture_id:
        result.outcomes[row.capture_id] = outcome
    result.count_changes[row.run_id][_outcome(row)] -= 1
    result.count_changes[row.run_id][outcome] += 1


def _outcome(row: ShardRow) -> Outcome:
    if row.is_article:
        return Outcome.STORED
    if row.reason == Reason.DUPLICATE:
        return Outcome.DUPLICATE
    return Outcome.FAILED if row.reason in TEMPORARY_REASONS else Outcome.REJECTED


def _land_refusals(store: Store, source: Source, refusals: Sequence[Rejection], now: datetime) -> None:
    """Land the refusals that take the place of articles or of other refusals, a file a run."""
    for run_id in dict.fromkeys(refusal.run_id for refusal in refusals):
        batch = [
            replace(refusal, source_id=source.id, is_settled=True) for refusal in refusals if refusal.run_id == run_id
        ]
        identity = (f"{refusal.url} {refusal.attempts} {refusal.detail}" for refusal in batch)
        key = batch_key([f"settle {run_id}", *identity])
        store.land("rejects", batch, source_id=source.id, key=key, now=now)


_RUNS: Final = f"""
SELECT {", ".join(Run.__slots__)} FROM runs
WHERE run_id IN (SELECT unnest($1::VARCHAR[])) AND source_id = $2 AND finished_at IS NOT NULL
"""  # noqa: S608  names of ours
