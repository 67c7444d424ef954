"""What the warehouse holds of each address of one source, and what a new document of it therefore is."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final

from warehouse.connect import connect, rows
from warehouse.records import (
    Article,
    Capture,
    Fetched,
    Item,
    Outcome,
    RawArticle,
    Reason,
    Rejection,
    Run,
    RunStatus,
    Stage,
)

TEMPORARY: Final = frozenset({Reason.VANISHED, Reason.UNREADABLE, Reason.FETCH_FAILED})
"""Refusals that the next run may not meet again: the bytes could not be had."""
RETRIED: Final = frozenset({Reason.TIMED_OUT, Reason.CRASHED})
"""Refusals that may be the machine's fault; they are tried again in up to `ATTEMPTS` runs."""
ATTEMPTS: Final = 3


@dataclass(slots=True)
class Known:
    """What is held of one address."""

    guid: str
    found_in: str
    first_seen_at: datetime
    payload_digests: tuple[str, ...] = ()
    """Of the bytes that came to a conclusion, the last ones last."""
    version_id: str | None = None
    refusal: tuple[str, str, str] | None = None
    """Stage, reason and detail of the last one."""
    refused_at: datetime | None = None
    attempts: int = 0


@dataclass(frozen=True, slots=True)
class Conclusion:
    """The one count in which a document ends, and the rows that say so."""

    outcome: Outcome
    row: Article | Rejection | None = None
    capture: Capture | None = None


@dataclass(slots=True)
class Ledger:
    """The addresses of one source; follows a run as it concludes."""

    addresses: dict[str, Known] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)
    """Address of the first article with a version_id."""
    unfinished: tuple[Run, ...] = ()
    """Runs that were killed."""
    rules_changed: bool = False
    """Whether code or configuration are not those of the last whole run: what was refused may pass now."""

    def see(self, item: Item | Rejection, now: datetime) -> bool:
        """Note a sighting; whether the address is a new one."""
        if item.url in self.addresses:
            return False
        if isinstance(item, Item):
            self.addresses[item.url] = Known(item.guid, item.found_in, item.seen_at)
        else:
            self.addresses[item.url] = Known(item.url, item.url.partition("#")[0], now)
        return True

    def identify(self, item: Item) -> Item:
        """The item under the id by which its address was first known."""
        return replace(item, guid=self.addresses[item.url].guid)

    def holds(self, fetched: Fetched) -> bool:
        """Whether these bytes of this address came to a conclusion that still stands.

        A file that is back in an older form is news; a record is not, as its file may hold old and new form at once.
        """
        known = self.addresses[fetched.item.url]
        concluded = known.payload_digests[-1:] if fetched.item.content is None else known.payload_digests
        if fetched.payload_digest not in concluded:
            return False
        retried = known.refusal is not None and known.refusal[1] in RETRIED and known.attempts < ATTEMPTS
        return not (retried or (known.refusal is not None and self.rules_changed))

    def pending(self) -> list[str]:
        """Addresses that have neither an article nor a refusal."""
        return [url for url, known in self.addresses.items() if known.version_id is None and known.refusal is None]

    def conclude(self, raw: RawArticle, made: Article | Rejection, now: datetime) -> Conclusion:
        """The outcome of a document that was archived."""
        known = self.addresses[raw.item.url]
        known.payload_digests += (raw.capture.payload_digest,)
        if isinstance(made, Rejection):
            refused = self.refuse(made, now)
            return replace(refused, capture=replace(raw.capture, outcome=refused.outcome, error=made.detail))
        if made.version_id == known.version_id:
            known.refusal, known.refused_at, known.attempts = None, None, 0
            return Conclusion(Outcome.UNCHANGED, None, replace(raw.capture, outcome=Outcome.UNCHANGED))
        twin = self.versions.get(made.version_id)
        if twin is not None and twin != raw.item.url and known.version_id is None:
            return self._duplicate(raw, twin, now)
        known.version_id = made.version_id
        known.refusal, known.refused_at, known.attempts = None, None, 0
        self.versions.setdefault(made.version_id, raw.item.url)
        article = replace(made, first_seen_at=known.first_seen_at, landed_at=now)
        return Conclusion(Outcome.STORED, article, replace(raw.capture, outcome=Outcome.STORED))

    def refuse(self, rejection: Rejection, now: datetime) -> Conclusion:
        """The outcome of a refusal: the same one again is no news, unless trying again was the point."""
        known = self.addresses[rejection.url]
        said = (str(rejection.stage), str(rejection.reason), rejection.detail)
        temporary = rejection.reason in TEMPORARY
        if known.refusal == said and not temporary and rejection.reason not in RETRIED:
            return Conclusion(Outcome.UNCHANGED)
        known.attempts += 1
        known.refusal = said
        known.refused_at = known.refused_at or now
        row = replace(rejection, attempts=known.attempts, first_seen_at=known.refused_at, last_seen_at=now)
        return Conclusion(Outcome.FAILED if temporary else Outcome.REJECTED, row)

    def _duplicate(self, raw: RawArticle, twin: str, now: datetime) -> Conclusion:
        detail = f"the same title and text as {twin}"
        refused = self.refuse(raw.reject(Stage.DEDUPE, Reason.DUPLICATE, detail), now)
        return Conclusion(Outcome.DUPLICATE, refused.row, replace(raw.capture, outcome=Outcome.DUPLICATE))


def load_ledger(root: str, source_id: str, rules: tuple[str, str]) -> Ledger:
    """The ledger of a source as the warehouse stands; an address takes about a kilobyte of memory.

    `rules` are the code's version and the configuration's digest. Raises `WarehouseError`.
    """
    ledger = Ledger()
    with connect(root) as connection:

        def ask(name: str) -> list[tuple[Any, ...]]:
            return rows(connection, _QUERIES[name], [source_id])

        for url, guid, found_in, seen_at in ask("addresses"):
            ledger.addresses[url] = Known(guid, sys.intern(found_in), seen_at)

        def known(url: str, seen_at: datetime) -> Known:
            # A discoveries file that was lost must not stop its source for ever.
            return ledger.addresses.setdefault(url, Known(url, url.partition("#")[0], seen_at))

        for url, digests, seen_at in ask("captures"):
            known(url, seen_at).payload_digests = tuple(digests)
        for url, version_id, seen_at in ask("articles"):
            known(url, seen_at).version_id = version_id
            ledger.versions.setdefault(version_id, url)
        for url, attempts, refused_at, stage, reason, detail in ask("rejects"):
            one = known(url, refused_at)
            one.attempts, one.refused_at, one.refusal = attempts, refused_at, (stage, reason, detail)
        ledger.unfinished = tuple(Run(*row) for row in ask("unfinished"))
        ledger.rules_changed = ask("rules") not in ([], [rules])
    return ledger


def concluded(root: str, capture_ids: Iterable[str]) -> set[str]:
    """Those of the captures that an article or a refusal names. Raises `WarehouseError`."""
    query = (
        "SELECT capture_id FROM landed('articles') WHERE capture_id IN (SELECT unnest($1))"
        " UNION SELECT capture_id FROM landed('rejects') WHERE capture_id IN (SELECT unnest($1))"
    )
    with connect(root) as connection:
        return {row[0] for row in rows(connection, query, [list(capture_ids)])}


# What is newest is decided as the views decide it, or ledger and view would name two versions the current one.
_QUERIES: Final = {
    "addresses": "SELECT url, arg_min(guid, seen_at), arg_min(found_in, seen_at), min(seen_at)"
    " FROM discoveries WHERE source_id = $1 GROUP BY url",
    "captures": "SELECT url, list(payload_digest ORDER BY fetched_at, capture_id), min(fetched_at)"
    " FROM captures WHERE source_id = $1 GROUP BY url",
    "articles": "SELECT url, last(version_id ORDER BY fetched_at, landed_at, capture_id), min(fetched_at)"
    " FROM landed('articles') WHERE source_id = $1 GROUP BY url ORDER BY min(landed_at)",
    # A refusal before the article was stored is settled.
    "rejects": "SELECT url, max(attempts), min(first_seen_at), last(stage ORDER BY last_seen_at),"
    " last(reason ORDER BY last_seen_at), last(detail ORDER BY last_seen_at) FROM rejects AS refusal"
    " LEFT JOIN (SELECT url, max(landed_at) AS landed_at FROM landed('articles') WHERE source_id = $1 GROUP BY url)"
    " AS article USING (url) WHERE source_id = $1 AND (landed_at IS NULL OR last_seen_at > landed_at) GROUP BY url",
    "unfinished": f"SELECT {', '.join(Run.__slots__)} FROM runs"  # noqa: S608  names and a value of ours
    f" WHERE source_id = $1 AND status = '{RunStatus.RUNNING}'",
    # Of the last run that came to the end of what it had listed.
    "rules": "SELECT code_version, config_digest FROM runs"
    " WHERE source_id = $1 AND finished_at IS NOT NULL AND pending = 0 ORDER BY started_at DESC LIMIT 1",
}
