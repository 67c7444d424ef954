"""What the warehouse holds of each address of one source, and what a new document of it therefore is."""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from warehouse.archive.writer import Earlier
from warehouse.connect import connect, rows
from warehouse.model.records import FORGOTTEN, LISTED, Article, Capture, Fetched, Item, RawArticle, Rejection
from warehouse.model.rows import Run
from warehouse.model.vocabulary import Outcome, Reason, RunStatus, Stage
from warehouse.state.address import ATTEMPTS, RETRIED, Known

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

TEMPORARY: Final = frozenset({Reason.VANISHED, Reason.UNREADABLE, Reason.FETCH_FAILED})
"""Refusals that the next run may not meet again: the bytes could not be had."""


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
    spellings: dict[str, str] = field(default_factory=dict)
    """The address under which a normalized_url was first known."""
    versions: dict[str, str] = field(default_factory=dict)
    """Address of the first article with a version_id."""
    forgotten: set[str] = field(default_factory=set)
    """Ids of articles that were taken down."""
    unfinished: tuple[Run, ...] = ()
    """Runs that were killed."""
    rules_changed: bool = False
    """Whether code or configuration are not those of the last whole run: what was refused may pass now."""

    def see(self, item: Item | Fetched | Rejection, now: datetime, normalized_url: str = "") -> bool:
        """Note a sighting; whether it is news: a new address, or a known one that says to have changed."""
        named = item.item if isinstance(item, Fetched) else item
        known = self.addresses.get(named.url)
        if known is None:
            if isinstance(named, Item):
                known = Known(named.guid, named.found_in, named.seen_at, modified=named.modified)
            else:
                known = Known(named.url, named.url.partition("#")[0], now)
            self.addresses[named.url] = known
            self.spellings.setdefault(normalized_url or named.url, named.url)
            return True
        modified = named.modified if isinstance(named, Item) else None
        if modified is None or known.is_forgotten or known.is_changed or modified <= (known.modified or ""):
            return False
        known.is_changed = known.modified is not None
        known.modified = modified
        return True

    def identify(self, item: Item) -> Item:
        """The item under the id by which its address was first known."""
        return replace(item, guid=self.addresses[item.url].guid)

    def is_wanted(self, url: str, now: datetime, recheck: Sequence[float]) -> bool:
        """Whether a page is to be fetched now; one that leads to another known one is looked at there."""
        known = self.addresses[url]
        place = known.earlier.url if known.earlier is not None and known.version_id is not None else url
        return not (place != url and self._stands_at(place)) and known.is_wanted(now, recheck)

    def _stands_at(self, url: str) -> bool:
        """Whether an article was read at this address, and not led on from it."""
        known = self.addresses.get(url)
        held = None if known is None or known.version_id is None else known.earlier
        return held is not None and held.url == url

    def holds(self, fetched: Fetched) -> bool:
        """Whether these bytes of this address came to a conclusion that still stands.

        A file that is back in an older form is news; a record is not, as its file may hold old and new form at once.
        """
        known = self.addresses[fetched.item.url]
        if known.is_forgotten:
            return True
        concluded = known.payload_digests if fetched.item.is_record else known.payload_digests[-1:]
        if not concluded or fetched.payload_digest not in concluded:  # the digest of a page takes a while
            return False
        retried = known.refusal is not None and known.refusal[1] in RETRIED and known.attempts < ATTEMPTS
        return not (retried or (known.refusal is not None and self.rules_changed))

    def pending(self) -> list[str]:
        """Addresses that have neither an article nor a refusal."""
        return [url for url, known in self.addresses.items() if known.is_pending]

    def conclude(self, raw: RawArticle, made: Article | Rejection, now: datetime) -> Conclusion:
        """The outcome of a document that was archived."""
        known = self.addresses[raw.item.url]
        self.note(raw.capture)
        if isinstance(made, Rejection):
            refused = self.refuse(made, now)
            return replace(refused, capture=replace(raw.capture, outcome=refused.outcome, error=made.detail))
        if made.version_id == known.version_id:
            known.refusal, known.refused_at, known.attempts = None, None, 0
            return Conclusion(Outcome.UNCHANGED, None, replace(raw.capture, outcome=Outcome.UNCHANGED))
        twin = self.versions.get(made.version_id)
        if twin is not None and twin != raw.item.url and known.version_id is None:
            return self.duplicate(raw, twin, same_text_as(twin), now)
        known.version_id = made.version_id
        known.refusal, known.refused_at, known.attempts = None, None, 0
        self.versions.setdefault(made.version_id, raw.item.url)
        article = replace(made, first_seen_at=known.first_seen_at, landed_at=now)
        return Conclusion(Outcome.STORED, article, replace(raw.capture, outcome=Outcome.STORED))

    def note(self, capture: Capture) -> None:
        """Remember that an address was read, and what with."""
        known = self.addresses[capture.url]
        known.payload_digests += (capture.payload_digest,)
        self.read(capture.url, capture.fetched_at)
        if capture.http_status is not None:
            known.earlier = Earlier(
                capture.capture_id,
                capture.final_url or capture.url,
                capture.fetched_at,
                capture.payload_digest,
                capture.etag,
                capture.last_modified,
                capture.media_type,
                capture.charset,
            )

    def read(self, url: str, now: datetime) -> None:
        """Remember that an address was asked for and gave what it holds now."""
        self.ask(url, now)
        self.addresses[url].is_changed = False

    def ask(self, url: str, now: datetime) -> None:
        """Remember that an address was asked for, whatever came of it."""
        known = self.addresses[url]
        known.first_fetched_at = known.first_fetched_at or now
        known.last_fetched_at = now

    def refuse(self, rejection: Rejection, now: datetime, *, is_page: bool = False) -> Conclusion:
        """The outcome of a refusal: the same one again is no news, unless trying again was the point.

        Of a page that could not be had, each attempt is news: the next one waits longer.
        """
        known = self.addresses[rejection.url]
        if known.is_forgotten:
            return Conclusion(Outcome.UNCHANGED)
        said = (str(rejection.stage), str(rejection.reason), rejection.detail)
        temporary = rejection.reason in TEMPORARY or (is_page and rejection.reason == Reason.TIMED_OUT)
        if known.refusal == said and not (temporary or is_page) and rejection.reason not in RETRIED:
            return Conclusion(Outcome.UNCHANGED)
        known.attempts += 1
        known.refusal = said
        known.refused_at = known.refused_at or now
        row = replace(rejection, attempts=known.attempts, first_seen_at=known.refused_at, last_seen_at=now)
        return Conclusion(Outcome.FAILED if temporary else Outcome.REJECTED, row)

    def moved(self, raw: RawArticle, twin: str, now: datetime) -> Conclusion:
        """The outcome of an address that has come to lead to another article's."""
        self.note(raw.capture)
        if self.addresses[raw.item.url].version_id is None:
            return self.duplicate(raw, twin, f"redirects to {twin}", now)
        return Conclusion(Outcome.UNCHANGED, None, replace(raw.capture, outcome=Outcome.UNCHANGED))

    def duplicate(self, raw: RawArticle, twin: str, detail: str, now: datetime) -> Conclusion:
        """The outcome of a document that is another one's."""
        rejection = replace(raw.reject(Stage.DEDUPE, Reason.DUPLICATE, detail), duplicate_of=twin)
        refused = self.refuse(rejection, now)
        return Conclusion(Outcome.DUPLICATE, refused.row, replace(raw.capture, outcome=Outcome.DUPLICATE))


def same_text_as(url: str) -> str:
    """Return the detail of the refusal of a document whose title and text are those of the article at `url`."""
    return f"the same title and text as {url}"


def load_ledger(root: str, source_id: str, rules: tuple[str, str], beside: Collection[str] = ()) -> Ledger:
    """The ledger of a source as the warehouse stands; an address takes about a kilobyte of memory.

    `rules` are the code's version and the configuration's digest. What the runs `beside` landed is left out.
    Raises `WarehouseError`.
    """
    ledger = Ledger()
    with connect(root) as connection:
        ask = _asker(connection, source_id, beside)

        changed: dict[str, datetime] = {}
        for url, normalized, guid, found_in, seen_at, title, published_at, modified, changed_at in ask("addresses"):
            place = sys.intern(found_in)
            ledger.addresses[url] = Known(guid, place, _utc(seen_at), title, _maybe_utc(published_at), modified)
            ledger.spellings.setdefault(normalized, url)
            if changed_at is not None:
                changed[url] = _utc(changed_at)

        def known(url: str, seen_at: datetime) -> Known:
            # A discoveries file that was lost must not stop its source for ever.
            return ledger.addresses.setdefault(url, Known(url, url.partition("#")[0], seen_at))

        read_at: dict[str, datetime | None] = {}
        for url, digests, first_at, last_at, last_read_at in ask("captures"):
            read_at[url] = _maybe_utc(last_read_at)
            one = known(url, _utc(first_at))
            one.payload_digests = tuple(digests or ())
            one.first_fetched_at, one.last_fetched_at = _utc(first_at), _utc(last_at)
        for url, capture_id, place, fetched_at, *facts in ask("earlier"):
            known(url, _utc(fetched_at)).earlier = Earlier(capture_id, place, _utc(fetched_at), *facts)
        for url, version_id, seen_at, deleted in ask("articles"):
            one = known(url, _utc(seen_at))
            one.version_id, one.is_forgotten = version_id, deleted
        # Of every version: a twin may still be what an article was before its last edit.
        ledger.versions = dict(ask("versions"))
        ledger.forgotten = {article_id for (article_id,) in ask("forgotten")}
        for url, attempts, refused_at, last_at, stage, reason, detail in ask("rejects"):
            one = known(url, _utc(refused_at))
            one.attempts, one.refused_at, one.refusal = attempts, _utc(refused_at), (stage, reason, detail)
            one.last_fetched_at = max(one.last_fetched_at or _utc(last_at), _utc(last_at))
        for url, changed_at in changed.items():
            last_read_at = read_at.get(url)
            ledger.addresses[url].is_changed = last_read_at is not None and changed_at > last_read_at
        ledger.unfinished = tuple(Run(*row) for row in ask("unfinished"))
        ledger.rules_changed = ask("rules") not in ([], [rules])
    return ledger


def _utc(moment: datetime) -> datetime:
    # DuckDB looks up the zone of each TIMESTAMPTZ that it hands over, and `replace` takes five times as long.
    return datetime.combine(moment, moment.time(), UTC)


def _maybe_utc(moment: datetime | None) -> datetime | None:
    return moment and _utc(moment)


def _asker(
    connection: DuckDBPyConnection, source_id: str, beside: Collection[str]
) -> Callable[[str], list[tuple[Any, ...]]]:
    """Answers a query of ours by its name."""

    def ask(name: str) -> list[tuple[Any, ...]]:
        query = _QUERIES[name]
        if not beside or "$apart" not in query:
            return rows(connection, query.replace("$apart", ""), [source_id])
        return rows(connection, query.replace("$apart", _APART), [source_id, list(beside)])

    return ask


def concluded(root: str, capture_ids: Iterable[str]) -> set[str]:
    """Those of the captures that an article or a refusal names. Raises `WarehouseError`."""
    query = (
        "SELECT capture_id FROM landed('articles') WHERE capture_id IN (SELECT unnest($1))"
        " UNION SELECT capture_id FROM landed('rejects') WHERE capture_id IN (SELECT unnest($1))"
    )
    with connect(root) as connection:
        return {row[0] for row in rows(connection, query, [list(capture_ids)])}


_APART: Final = " AND coalesce(run_id, '') NOT IN (SELECT unnest($2::VARCHAR[]))"

# What is newest is decided as the views decide it, or ledger and view would name two versions the current one.
_QUERIES: Final = {
    "addresses": "SELECT url, arg_min(normalized_url, seen_at), arg_min(guid, seen_at), arg_min(found_in, seen_at),"
    " min(seen_at)::TIMESTAMP, arg_min(title, seen_at), arg_min(published_at, seen_at)::TIMESTAMP,"
    " arg_max(modified, seen_at), CASE WHEN count(DISTINCT modified) > 1 THEN max(seen_at)::TIMESTAMP END"
    " FROM discoveries WHERE source_id = $1$apart GROUP BY url ORDER BY min(seen_at)",
    "captures": "SELECT url, list(payload_digest ORDER BY fetched_at, capture_id)"  # noqa: S608  names of ours
    f" FILTER (WHERE outcome <> '{Outcome.FAILED}'), min(fetched_at)::TIMESTAMP, max(fetched_at)::TIMESTAMP,"
    f" max(fetched_at) FILTER (WHERE outcome <> '{Outcome.FAILED}')::TIMESTAMP"
    f" FROM captures WHERE source_id = $1$apart AND outcome NOT IN ('{LISTED}', '{FORGOTTEN}') GROUP BY url",
    # What a page was when it was last read whole: asked for again, its server can say that it is the same.
    "earlier": "SELECT url, capture_id, coalesce(final_url, url), fetched_at::TIMESTAMP, payload_digest, etag,"  # noqa: S608
    " last_modified,"
    " media_type, charset FROM captures WHERE source_id = $1$apart AND http_status = 200 AND payload_bytes > 0"
    f" AND outcome NOT IN ('{LISTED}', '{FORGOTTEN}', '{Outcome.FAILED}')"
    " QUALIFY row_number() OVER (PARTITION BY url ORDER BY fetched_at DESC, capture_id DESC) = 1",
    "articles": "SELECT url, last(version_id ORDER BY fetched_at, landed_at, capture_id), min(fetched_at)::TIMESTAMP,"
    " bool_or(deleted) FROM landed('articles') WHERE source_id = $1$apart GROUP BY url ORDER BY min(landed_at)",
    "versions": "SELECT version_id, arg_min(url, landed_at) FROM landed('articles')"
    " WHERE source_id = $1$apart AND NOT deleted GROUP BY version_id",
    "forgotten": "SELECT DISTINCT article_id FROM landed('articles') WHERE source_id = $1 AND deleted",
    # A refusal before the article was stored is settled.
    "rejects": "SELECT url, max(attempts), min(first_seen_at)::TIMESTAMP, max(last_seen_at)::TIMESTAMP,"
    " last(stage ORDER BY last_seen_at),"
    " last(reason ORDER BY last_seen_at), last(detail ORDER BY last_seen_at) FROM rejects AS refusal"
    " LEFT JOIN (SELECT url, max(landed_at) AS landed_at FROM landed('articles') WHERE source_id = $1$apart"
    " GROUP BY url) AS article USING (url)"
    " WHERE source_id = $1$apart AND (landed_at IS NULL OR last_seen_at > landed_at) GROUP BY url",
    "unfinished": f"SELECT {', '.join(Run.__slots__)} FROM runs"  # noqa: S608  names and a value of ours
    f" WHERE source_id = $1 AND status = '{RunStatus.RUNNING}'",
    # Of the last run that came to the end of all that its inputs list; one of named addresses has no digest.
    "rules": "SELECT code_version, config_digest FROM runs"
    " WHERE source_id = $1 AND config_digest <> '' AND finished_at IS NOT NULL AND pending = 0"
    " ORDER BY started_at DESC LIMIT 1",
}
