"""Settling: what shards that ran side by side landed becomes what they would have landed one after another.

Shards do not see each other. Of two that meet one address, or one text, each takes it for new; one after another, the
later would have said `unchanged` or `duplicate`. What each concluded is gone through once more in the order of the
shards, by the rules of the ledger, and the rows that would not be there are taken out.

Killed at any moment and repeated it ends in the same rows; only a run's counts may then still call a document `stored`
that was taken out. What only one shard met is not looked at.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final, NamedTuple

from config.sources import Source
from warehouse.connect import connect, rows
from warehouse.model.records import Rejection
from warehouse.model.rows import Run
from warehouse.model.vocabulary import Outcome, Reason, Stage
from warehouse.state.address import ATTEMPTS, RETRIED
from warehouse.state.ledger import TEMPORARY, same_text_as
from warehouse.storage.rewrite import change_counts, change_outcomes, drop_rows
from warehouse.storage.superseded import unlist_superseded
from warehouse.storage.tables import Store


class Landed(NamedTuple):
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
    first_seen_at: datetime | None
    last_seen_at: datetime | None


@dataclass(slots=True)
class _Address:
    """What is known of an address on the way through the shards."""

    version_id: str | None = None
    digests: set[str] = field(default_factory=set)
    refusal: tuple[str, str, str] | None = None
    attempts: int = 0


@dataclass(slots=True)
class Settled:
    """What is to change for the rows to be those of one shard after another."""

    articles: list[Landed] = field(default_factory=list)
    """Those that are none of their own."""
    rejects: list[Landed] = field(default_factory=list)
    """Refusals that say what is known, or say it otherwise now."""
    refused: list[Rejection] = field(default_factory=list)
    """Those in their place."""
    kept: list[Rejection] = field(default_factory=list)
    """Refusals that stay as they are."""
    outcomes: dict[str, str] = field(default_factory=dict)
    """Of captures."""
    moves: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    """By run, by how much its counts change."""


def settle(store: Store, source: Source, run_ids: Sequence[str], now: datetime, seconds: float = 600.0) -> Settled:
    """Make the rows of runs that were side by side those of the same runs in this order. Raises `WarehouseError`."""
    with store.maintenance(seconds):
        return _settle(store, source, run_ids, now)


def _settle(store: Store, source: Source, run_ids: Sequence[str], now: datetime) -> Settled:
    with connect(store.root) as connection:
        order = [list(run_ids), source.id]
        met = [Landed(*row) for row in rows(connection, _MET, order)]
        before = dict(rows(connection, _BEFORE, order))
        again = rows(connection, _SEEN_AGAIN, order)
        settled = _replay(met, before)
        changed = [Run(*row) for row in rows(connection, _RUNS, [list(settled.moves), source.id])]
    prefix, refusals = f"{source.id}-", {(one.run_id, one.url) for one in settled.rejects}
    beside = [one for one in settled.kept if (one.run_id, one.url) in refusals]
    # What takes another's place lands first, and articles go last: done again, it comes to the same.
    change_outcomes(store.root, settled.outcomes, prefix)
    _land_refused(store, source, [*settled.refused, *beside], now)
    drop_rows(store.root, "discoveries", ("run_id", "url"), again, prefix)
    drop_rows(store.root, "rejects", ("run_id", "url"), refusals, prefix, unless="is_settled")
    dropped = [one.capture_id or "" for one in settled.articles]
    unlist_superseded(store.root, dropped)
    drop_rows(store.root, "articles", ("capture_id",), [(capture_id,) for capture_id in dropped], prefix)
    moved = [
        replace(run, **{name: getattr(run, name) + more for name, more in settled.moves[run.run_id].items()})
        for run in changed
    ]
    change_counts(store.root, moved, prefix)
    return settled


def _replay(met: Sequence[Landed], before: dict[str, str]) -> Settled:
    known: dict[str, _Address] = defaultdict(_Address)
    versions: dict[str, str] = {}
    said = {(one.run_id, one.url): one.version_id for one in met if one.is_article}
    settled = Settled()
    for one in met:
        address = known[one.url]
        address.version_id = address.version_id or before.get(one.url)
        version_id = one.version_id
        twin = one.duplicate_of
        # A page that redirects to an article has no text of its own to compare.
        if twin is not None and one.detail == same_text_as(twin):
            version_id = said.get((one.run_id, twin))
            versions.setdefault(version_id or "", twin)
        if _is_held(address, one):
            _end(settled, one, Outcome.UNCHANGED)
            continue
        address.digests.add(one.payload_digest or "")
        if version_id is None:
            _refuse(settled, address, one, one.stage or "", one.reason or "", one.detail or "", one.duplicate_of)
        elif version_id == address.version_id:
            _end(settled, one, Outcome.UNCHANGED)
        elif versions.get(version_id, one.url) != one.url and address.version_id is None:
            twin = versions[version_id]
            _refuse(settled, address, one, Stage.DEDUPE, Reason.DUPLICATE, same_text_as(twin), twin)
        elif one.is_article:
            versions.setdefault(version_id, one.url)
            address.version_id, address.refusal, address.attempts = version_id, None, 0
    return settled


def _is_held(address: _Address, one: Landed) -> bool:
    """As `Ledger.holds` says of a record."""
    retried = address.refusal is not None and address.refusal[1] in RETRIED and address.attempts < ATTEMPTS
    return one.payload_digest is not None and one.payload_digest in address.digests and not retried


def _refuse(
    settled: Settled,
    address: _Address,
    one: Landed,
    stage: str,
    reason: str,
    detail: str,
    duplicate_of: str | None = None,
) -> None:
    """As `Ledger.refuse` does."""
    told = (str(stage), str(reason), detail)
    if address.refusal == told and reason not in RETRIED and reason not in TEMPORARY:
        _end(settled, one, Outcome.UNCHANGED)
        return
    address.refusal = told
    address.attempts += 1
    refused = Rejection(
        "", one.url, one.capture_id, Stage(stage), Reason(reason), detail,
        address.attempts, one.first_seen_at, one.last_seen_at, one.run_id, duplicate_of,
    )  # fmt: skip
    if not one.is_article and (one.stage, one.reason, one.detail, one.attempts) == (*told, address.attempts):
        settled.kept.append(refused)
        return
    _end(settled, one, Outcome.DUPLICATE if reason == Reason.DUPLICATE else _outcome(one))
    settled.refused.append(refused)


def _end(settled: Settled, one: Landed, outcome: Outcome) -> None:
    """What a shard landed of a document is not to be there; the document ended otherwise."""
    (settled.articles if one.is_article else settled.rejects).append(one)
    if one.capture_id:
        settled.outcomes[one.capture_id] = outcome
    settled.moves[one.run_id][_outcome(one)] -= 1
    settled.moves[one.run_id][outcome] += 1


def _outcome(one: Landed) -> Outcome:
    if one.is_article:
        return Outcome.STORED
    if one.reason == Reason.DUPLICATE:
        return Outcome.DUPLICATE
    return Outcome.FAILED if one.reason in TEMPORARY else Outcome.REJECTED


def _land_refused(store: Store, source: Source, refused: Sequence[Rejection], now: datetime) -> None:
    """The refusals that come in place of articles, or of refusals that said otherwise; a file a run."""
    for run_id in dict.fromkeys(one.run_id for one in refused):
        batch = [replace(one, source_id=source.id, is_settled=True) for one in refused if one.run_id == run_id]
        told = "\n".join(f"{one.url} {one.attempts} {one.detail}" for one in batch)
        key = hashlib.blake2b(f"settle {run_id}\n{told}".encode(), digest_size=12).hexdigest()
        store.land("rejects", batch, source_id=source.id, key=key, now=now)


_SHARDS: Final = "SELECT unnest($1::VARCHAR[]) AS run_id, generate_subscripts($1::VARCHAR[], 1) AS number"

_MET: Final = f"""
WITH shard AS ({_SHARDS}),
met AS (
    SELECT
        true AS is_article, url, version_id, capture_id, run_id, NULL AS stage, NULL AS reason, NULL AS detail,
        NULL AS duplicate_of, NULL::BIGINT AS attempts, first_seen_at, landed_at AS last_seen_at
    FROM landed('articles') SEMI JOIN shard USING (run_id)
    WHERE source_id = $2 AND NOT deleted
    UNION ALL
    SELECT
        false, url, NULL, capture_id, run_id, stage, reason, detail, duplicate_of, attempts, first_seen_at, last_seen_at
    FROM rejects SEMI JOIN shard USING (run_id)
    WHERE source_id = $2 AND NOT is_settled
),
several AS (
    SELECT url FROM met GROUP BY url HAVING count(DISTINCT run_id) > 1
    UNION
    SELECT url FROM met WHERE version_id IN (
        SELECT version_id FROM met WHERE is_article GROUP BY version_id
        HAVING count(DISTINCT run_id) > 1 AND count(DISTINCT url) > 1
    )
),
-- Whoever is another's duplicate is so by its address.
touched AS (
    FROM several
    UNION
    SELECT url FROM met WHERE duplicate_of IN (FROM several)
)
SELECT
    is_article, url, version_id, capture_id, met.run_id, payload_digest, stage, reason, detail, duplicate_of, attempts,
    met.first_seen_at, met.last_seen_at
FROM met
SEMI JOIN touched USING (url)
JOIN shard ON shard.run_id = met.run_id
LEFT JOIN (SELECT capture_id, payload_digest, warc_filename, warc_offset FROM captures WHERE source_id = $2) AS capture
    USING (capture_id)
ORDER BY number, warc_filename NULLS LAST, warc_offset, url, attempts
"""  # noqa: S608  values of ours
"""In the order of the shards, of each in that of its archive: there a document stands before anything comes of it."""

_BEFORE: Final = f"""
WITH shard AS ({_SHARDS})
SELECT url, last(version_id ORDER BY fetched_at, landed_at, capture_id)
FROM landed('articles') ANTI JOIN shard USING (run_id)
WHERE source_id = $2 AND url IN (SELECT url FROM landed('articles') SEMI JOIN shard USING (run_id))
GROUP BY url
"""  # noqa: S608  ours

_SEEN_AGAIN: Final = f"""
WITH shard AS ({_SHARDS})
SELECT run_id, url FROM discoveries JOIN shard USING (run_id)
WHERE source_id = $2
QUALIFY min(number) OVER (PARTITION BY url) < number
"""  # noqa: S608  ours

_RUNS: Final = f"""
SELECT {", ".join(Run.__slots__)} FROM runs
WHERE run_id IN (SELECT unnest($1::VARCHAR[])) AND source_id = $2 AND finished_at IS NOT NULL
"""  # noqa: S608  names of ours
