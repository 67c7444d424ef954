"""What is known of every address of a source, by queries over the whole tables: what the ledger has to agree with."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from warehouse.archive.writer import Earlier
from warehouse.connect import connect
from warehouse.model.records import FORGOTTEN, LISTED, RECOVERED
from warehouse.model.vocabulary import Outcome
from warehouse.state.address import Known


class Reference:
    """The addresses of a source at a moment, without what the runs `beside` landed."""

    def __init__(self, root: Path, source_id: str, now: datetime, beside: Collection[str] = ()) -> None:
        self.addresses: dict[str, Known] = {}
        with connect(root) as connection:
            connection.execute("SET threads = 1")

            def ask(query: str) -> list[tuple[Any, ...]]:
                values = {"source": source_id, "beside": list(beside)}
                return connection.execute(
                    query, {name: values[name] for name in values if f"${name}" in query}
                ).fetchall()

            changed = {row[0]: row[-1] for row in ask(_SIGHTED) if self._sight(*row)}
            read_at = {row[0]: row[-1] for row in ask(_READ) if self._read(*row)}
            for url, fetched_at, capture_id, final_url, *facts in ask(_WHOLE):
                self.addresses[url].earlier = Earlier(capture_id, final_url, utc(fetched_at), *facts)
            for url, version_id, seen_at, deleted, ahead_at in ask(_ARTICLES):
                known = self._known(url, seen_at)
                known.version_id, known.is_forgotten = version_id, deleted
                self._note(known, ahead_at)
            for url, attempts, refused_at, last_at, *refusal in ask(_REFUSED):
                known = self._known(url, refused_at)
                known.attempts, known.refused_at, known.refusal = attempts, utc(refused_at), tuple(refusal)
                known.last_fetched_at = max(known.last_fetched_at or utc(last_at), utc(last_at))
                self._note(known, last_at)
            self.versions = dict(ask(_VERSIONS))
            self.forgotten = {row[0] for row in ask(_FORGOTTEN)}
            self.lost = {row[0] for row in ask(_LOST)}
        for url, known in self.addresses.items():
            is_read = changed.get(url) is not None and read_at.get(url) is not None
            known.is_changed = is_read and changed[url] > read_at[url]
            known.newest_at = known.newest_at if known.newest_at and known.newest_at > now else None

    def _known(self, url: str, seen_at: datetime) -> Known:
        return self.addresses.setdefault(url, Known(url, url.partition("#")[0], utc(seen_at), is_sighted=False))

    def _note(self, known: Known, time: datetime) -> None:
        known.newest_at = max(known.newest_at or utc(time), utc(time))

    def _sight(self, url: str, normalized_url: str, guid: str, found_in: str, seen_at: datetime, *rest: Any) -> bool:
        title, published_at, modified, last_at, _ = rest
        known = Known(guid, found_in, utc(seen_at), title, published_at and utc(published_at), modified)
        known.normalized_url = normalized_url
        self.addresses[url] = known
        self._note(known, last_at)
        return True

    def _read(self, url: str, digests: list[str] | None, first_at: datetime, last_at: datetime, _: Any) -> bool:
        known = self._known(url, first_at)
        known.payload_digests = tuple(digests or ())
        known.first_fetched_at, known.last_fetched_at = utc(first_at), utc(last_at)
        self._note(known, last_at)
        return True


def utc(time: datetime) -> datetime:
    return time.astimezone(UTC)


_OURS: Final = "source_id = $source AND NOT list_contains($beside::VARCHAR[], coalesce(run_id, ''))"
_DOCUMENT: Final = f"outcome NOT IN ('{LISTED}', '{FORGOTTEN}')"
_SIGHTED: Final = f"""
    SELECT
        url, arg_min(normalized_url, seen_at), arg_min(guid, seen_at), arg_min(found_in, seen_at), min(seen_at),
        arg_min(title, seen_at), arg_min(published_at, seen_at), arg_max(modified, seen_at), max(seen_at),
        CASE WHEN count(DISTINCT modified) > 1 THEN max(seen_at) END
    FROM discoveries WHERE {_OURS} GROUP BY url ORDER BY min(seen_at)
"""
_READ: Final = f"""
    SELECT
        url, list(payload_digest ORDER BY fetched_at, capture_id) FILTER (WHERE outcome <> '{Outcome.FAILED}'),
        min(fetched_at), max(fetched_at), max(fetched_at) FILTER (WHERE outcome <> '{Outcome.FAILED}')
    FROM captures WHERE {_OURS} AND {_DOCUMENT} GROUP BY url
"""
_WHOLE: Final = f"""
    SELECT url, fetched_at, capture_id, coalesce(final_url, url), payload_digest, etag, last_modified, media_type, charset
    FROM captures
    WHERE {_OURS} AND {_DOCUMENT} AND outcome <> '{Outcome.FAILED}' AND http_status = 200 AND payload_bytes > 0
    QUALIFY row_number() OVER (PARTITION BY url ORDER BY fetched_at DESC, capture_id DESC) = 1
"""
_ARTICLES: Final = f"""
    SELECT
        url, last(version_id ORDER BY fetched_at, landed_at, capture_id), min(fetched_at), bool_or(deleted),
        max(greatest(fetched_at, landed_at))
    FROM landed('articles') WHERE {_OURS} GROUP BY url
"""
_REFUSED: Final = f"""
    SELECT
        url, max(attempts), min(first_seen_at), max(last_seen_at), last(stage ORDER BY last_seen_at),
        last(reason ORDER BY last_seen_at), last(detail ORDER BY last_seen_at)
    FROM rejects
    LEFT JOIN (SELECT url, max(landed_at) AS landed_at FROM landed('articles') WHERE {_OURS} GROUP BY url) USING (url)
    WHERE {_OURS} AND (landed_at IS NULL OR last_seen_at > landed_at) GROUP BY url
"""
_VERSIONS: Final = f"""
    SELECT version_id, arg_min(url, landed_at) FROM landed('articles') WHERE {_OURS} AND NOT deleted GROUP BY version_id
"""
_FORGOTTEN: Final = "SELECT DISTINCT article_id FROM landed('articles') WHERE source_id = $source AND deleted"
_LOST: Final = f"""
    SELECT capture_id FROM captures
    ANTI JOIN (SELECT capture_id FROM landed('articles') UNION ALL SELECT capture_id FROM landed('rejects'))
        USING (capture_id)
    WHERE {_OURS} AND outcome IN ('{Outcome.STORED}', '{Outcome.REJECTED}', '{RECOVERED}')
"""
