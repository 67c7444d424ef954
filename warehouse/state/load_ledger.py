"""Loading the ledger of a source from the tables, and querying the rows of past runs."""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from warehouse.archive.writer import Earlier
from warehouse.connect import connect, rows
from warehouse.model.records import FORGOTTEN, LISTED, RECOVERED
from warehouse.model.rows import Run
from warehouse.model.vocabulary import Outcome, RunStatus
from warehouse.state.address import Known
from warehouse.state.endpoints import CLOCKS
from warehouse.state.ledger import Ledger

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_Ask = Callable[[str], list[tuple[Any, ...]]]


def load_ledger(
    root: str, source_id: str, rules: tuple[str, str], now: datetime, beside: Collection[str] = ()
) -> Ledger:
    """Load the ledger of a source from the tables; an address takes about a kilobyte of memory.

    `rules` are the code's version and the configuration's digest. What the runs `beside` landed is left out.
    Raises `WarehouseError`.
    """
    ledger = Ledger()
    with connect(root) as connection:
        rows(connection, _ARTICLES, [source_id])
        ask = _asker(connection, source_id, now, beside)
        changed = _load_addresses(ledger, ask)
        read_at = _load_captures(ledger, ask, now)
        _load_articles(ledger, ask)
        _load_rejects(ledger, ask, now)
        for url, changed_at in changed.items():
            last_read_at = read_at.get(url)
            ledger.addresses[url].is_changed = last_read_at is not None and changed_at > last_read_at
        ledger.unfinished = tuple(Run(*row) for row in ask("unfinished"))
        ledger.rules_changed = ask("rules") not in ([], [rules])
        ledger.lost = frozenset(capture_id for (capture_id,) in ask("lost"))
    return ledger


def _load_addresses(ledger: Ledger, ask: _Ask) -> dict[str, datetime]:
    """Load the discoveries; return when each changed address was last said to have changed."""
    changed: dict[str, datetime] = {}
    for row in ask("addresses"):
        url, normalized, guid, found_in, seen_at, title, published_at, modified, changed_at, ahead_at = row
        known = Known(guid, sys.intern(found_in), _utc(seen_at), title, _maybe_utc(published_at), modified)
        known.newest_at = _maybe_utc(ahead_at)
        ledger.addresses[url] = known
        ledger.spellings.setdefault(normalized, url)
        if changed_at is not None:
            changed[url] = _utc(changed_at)
    return changed


def _load_captures(ledger: Ledger, ask: _Ask, now: datetime) -> dict[str, datetime | None]:
    """Load the captures; return when each address was last read."""
    read_at: dict[str, datetime | None] = {}
    for url, digests, first_at, last_at, last_read_at in ask("captures"):
        read_at[url] = _maybe_utc(last_read_at)
        known = ledger.known(url, _utc(first_at))
        known.payload_digests = tuple(digests or ())
        known.first_fetched_at, known.last_fetched_at = _utc(first_at), _utc(last_at)
        if known.last_fetched_at > now:
            known.newest_at = max(known.newest_at or now, known.last_fetched_at)
    for url, capture_id, final_url, fetched_at, *facts in ask("earlier"):
        ledger.known(url, _utc(fetched_at)).earlier = Earlier(capture_id, final_url, _utc(fetched_at), *facts)
    return read_at


def _load_articles(ledger: Ledger, ask: _Ask) -> None:
    for url, version_id, seen_at, deleted, ahead_at in ask("articles"):
        known = ledger.known(url, _utc(seen_at))
        known.version_id, known.is_forgotten = version_id, deleted
        if ahead_at is not None:
            known.newest_at = max(known.newest_at or _utc(ahead_at), _utc(ahead_at))
    # Of every version: a twin may still be what an article was before its last edit.
    ledger.versions = dict(ask("versions"))
    ledger.forgotten = {article_id for (article_id,) in ask("forgotten")}


def _load_rejects(ledger: Ledger, ask: _Ask, now: datetime) -> None:
    for url, attempts, refused_at, last_at, stage, reason, detail in ask("rejects"):
        known = ledger.known(url, _utc(refused_at))
        known.attempts, known.refused_at, known.refusal = attempts, _utc(refused_at), (stage, reason, detail)
        known.last_fetched_at = max(known.last_fetched_at or _utc(last_at), _utc(last_at))
        if known.last_fetched_at > now:
            known.newest_at = max(known.newest_at or now, known.last_fetched_at)


def _utc(moment: datetime) -> datetime:
    # DuckDB looks up the zone of each TIMESTAMPTZ that it hands over, and `replace` takes five times as long.
    return datetime.combine(moment, moment.time(), UTC)


def _maybe_utc(moment: datetime | None) -> datetime | None:
    return moment and _utc(moment)


def _asker(connection: DuckDBPyConnection, source_id: str, now: datetime, beside: Collection[str]) -> _Ask:
    """Return a function that runs a query of this module by its name."""

    def ask(name: str) -> list[tuple[Any, ...]]:
        query = _QUERIES[name]
        for mark, moment in (("$now", now), ("$soon", now + CLOCKS)):
            query = query.replace(mark, f"TIMESTAMPTZ '{moment.isoformat()}'")
        if not beside or "$apart" not in query:
            return rows(connection, query.replace("$apart", ""), [source_id])
        return rows(connection, query.replace("$apart", _APART), [source_id, list(beside)])

    return ask


def concluded(root: str, capture_ids: Iterable[str]) -> set[str]:
    """Return those of the captures that an article or a refusal refers to. Raises `WarehouseError`."""
    query = (
        "SELECT capture_id FROM landed('articles') WHERE capture_id IN (SELECT unnest($1))"
        " UNION SELECT capture_id FROM landed('rejects') WHERE capture_id IN (SELECT unnest($1))"
    )
    with connect(root) as connection:
        return {row[0] for row in rows(connection, query, [list(capture_ids)])}


def versions_of(root: str, source_id: str, urls: Iterable[str]) -> dict[str, list[tuple[datetime, str]]]:
    """Return the versions of each address as (time of the capture, version_id), the oldest first.

    Raises `WarehouseError`.
    """
    query = (
        "SELECT url, list((fetched_at, version_id) ORDER BY fetched_at, landed_at) FROM landed('articles')"
        " WHERE source_id = $1 AND url IN (SELECT unnest($2)) GROUP BY url"
    )
    with connect(root) as connection:
        return dict(rows(connection, query, [source_id, list(urls)]))


_APART: Final = " AND coalesce(run_id, '') NOT IN (SELECT unnest($2::VARCHAR[]))"

_ARTICLES: Final = (
    "CREATE TEMP TABLE article_row AS"
    " SELECT source_id, run_id, article_id, url, version_id, capture_id, fetched_at, landed_at, deleted"
    " FROM landed('articles') WHERE source_id = $1"
)
"""Several queries look at an article's rows, and to open each of its table's files takes longer than to read them."""

# What is newest is decided as the views decide it, or ledger and view would name two versions the current one.
_QUERIES: Final = {
    "addresses": "SELECT url, arg_min(normalized_url, seen_at), arg_min(guid, seen_at), arg_min(found_in, seen_at),"
    " min(seen_at)::TIMESTAMP, arg_min(title, seen_at), arg_min(published_at, seen_at)::TIMESTAMP,"
    " arg_max(modified, seen_at), CASE WHEN count(DISTINCT modified) > 1 THEN max(seen_at)::TIMESTAMP END,"
    " CASE WHEN max(seen_at) > $now THEN max(seen_at)::TIMESTAMP END"
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
    " bool_or(deleted), CASE WHEN max(greatest(fetched_at, landed_at)) > $now"
    " THEN max(greatest(fetched_at, landed_at))::TIMESTAMP END"
    " FROM article_row WHERE source_id = $1$apart GROUP BY url ORDER BY min(landed_at)",
    "versions": "SELECT version_id, arg_min(url, landed_at) FROM article_row"
    " WHERE source_id = $1$apart AND NOT deleted GROUP BY version_id",
    "forgotten": "SELECT DISTINCT article_id FROM article_row WHERE source_id = $1 AND deleted",
    # A refusal before the article was stored is settled.
    "rejects": "SELECT url, max(attempts), min(first_seen_at)::TIMESTAMP, max(last_seen_at)::TIMESTAMP,"
    " last(stage ORDER BY last_seen_at),"
    " last(reason ORDER BY last_seen_at), last(detail ORDER BY last_seen_at) FROM rejects AS refusal"
    " LEFT JOIN (SELECT url, max(landed_at) AS landed_at FROM article_row WHERE source_id = $1$apart"
    " GROUP BY url) AS article USING (url)"
    " WHERE source_id = $1$apart AND (landed_at IS NULL OR last_seen_at > landed_at) GROUP BY url",
    "unfinished": f"SELECT {', '.join(Run.__slots__)} FROM runs"  # noqa: S608  names and a value of ours
    f" WHERE source_id = $1 AND status = '{RunStatus.RUNNING}'",
    # Of the last run that came to the end of all that its inputs list; one of named addresses has no digest.
    "rules": "SELECT code_version, config_digest FROM runs"
    " WHERE source_id = $1 AND started_at <= $soon AND config_digest <> '' AND finished_at IS NOT NULL AND pending = 0"
    " ORDER BY started_at DESC LIMIT 1",
    # What a capture of these outcomes came to has landed before it did, under its id.
    "lost": "SELECT DISTINCT capture_id FROM landed('captures') ANTI JOIN ("  # noqa: S608  values of ours
    " SELECT capture_id FROM article_row WHERE source_id = $1"
    " UNION ALL SELECT capture_id FROM landed('rejects') WHERE source_id = $1) USING (capture_id)"
    f" WHERE source_id = $1$apart AND outcome IN ('{Outcome.STORED}', '{Outcome.REJECTED}', '{RECOVERED}')",
}
