"""Reads documents from the archive, with what their listings gave, to be extracted again."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import duckdb

from config.inputs import JsonlInput
from config.sources import Source
from tasks.files import jsonl
from warehouse.archive.writer import read
from warehouse.connect import unreadable
from warehouse.errors import StorageError
from warehouse.model.records import FORGOTTEN, LISTED, Candidate, Capture, Item, RawArticle
from warehouse.model.vocabulary import Origin, Outcome, Reason, Stage

MAX_ROWS_IN_MEMORY: Final = 200
STAGES_BEFORE_CONTENT: Final = (Stage.DISCOVER, Stage.FETCH)
"""A document refused there has nothing in the archive but, at most, an error page."""

Row = Mapping[str, Any]


def current_articles(
    connection: duckdb.DuckDBPyConnection, source: Source, since: datetime | None = None, limit: int | None = None
) -> Iterator[Row]:
    """Yield the newest version of each article of a source that was fetched `since`, at most `limit` of them.

    A row has `article`, `capture` and `seen` as mappings of their columns; the last two may be None.
    Raises `WarehouseError`.
    """
    query = f"{_ARTICLES} LIMIT {int(limit)}" if limit is not None else _ARTICLES
    article_ids: set[str] = set()
    for row in _stream(connection, query, [source.id, since]):
        # A row that landed twice in one moment is one article.
        if row["article"]["article_id"] not in article_ids:
            article_ids.add(row["article"]["article_id"])
            yield row


def open_refusals(
    connection: duckdb.DuckDBPyConnection, source: Source, reason: str | None = None, url: str | None = None
) -> Iterator[Row]:
    """Yield the open rejects of a source, of a reason or an address where these are given.

    A row has `reject`, `capture` and `seen` as mappings of their columns; the last two may be None.
    Raises `WarehouseError`.
    """
    return _stream(connection, _REFUSALS, [source.id, reason, url])


def lost_captures(
    connection: duckdb.DuckDBPyConnection, source: Source, capture_ids: Collection[str], urls: Collection[str]
) -> Iterator[Row]:
    """Yield the captures of a source with these ids, and the newest of each of these addresses that has content.

    A row has `capture` and `seen` as mappings of their columns; the last may be None. The oldest come first, so that
    of two documents that say the same the first one is the article. Raises `WarehouseError`.
    """
    return _stream(connection, _LOST, [source.id, list(capture_ids), list(urls)])


def is_archived(row: Row) -> bool:
    """Return whether the archive holds the document that was refused."""
    capture = row["capture"]
    return bool(capture) and capture["outcome"] != FORGOTTEN and row["reject"]["stage"] not in STAGES_BEFORE_CONTENT


def raw_article(root: str, row: Row, source: Source) -> RawArticle:
    """Read the document of a row from the archive. Raises `WarehouseError` where it is not there."""
    if row["capture"] is None:
        raise StorageError("its row is missing below captures/; put the file back from a copy")
    capture = Capture(**row["capture"])
    content = read(root, capture.warc_filename, capture.warc_offset, capture.warc_length)
    if "sha256:" + hashlib.sha256(content).hexdigest() != capture.payload_digest:
        location = f"{capture.warc_filename} at {capture.warc_offset}"
        raise StorageError(f"{location} holds other bytes than capture {capture.capture_id}; put it back from a copy")
    return RawArticle(_item(row, capture, source), capture, content)


def _item(row: Row, capture: Capture, source: Source) -> Item:
    article, sighting = row.get("article"), row["seen"] or {}
    found_in = sighting.get("found_in") or capture.url.partition("#")[0]
    if capture.media_type == jsonl.MEDIA_TYPE:
        found_in = _records_of(source, found_in)
    first_seen_at = article["first_seen_at"] if article else sighting.get("first_seen_at") or capture.fetched_at
    guid = sighting.get("guid") or capture.url
    return Item(source.id, capture.url, guid, found_in, first_seen_at, _candidates(article, sighting))


def _records_of(source: Source, found_in: str) -> str:
    """Return the file whose `fields` apply: the only one of the source, as it may have been moved since."""
    files = [jsonl.file_url(source, entry) for entry in source.inputs_of(JsonlInput)]
    return files[0] if len(files) == 1 else found_in


def _candidates(article: Row | None, sighting: Row) -> tuple[Candidate, ...]:
    """Return what a feed gave of a document, as far as the tables have it: it is not among its bytes."""
    values_by_field: dict[str, Sequence[str]] = {}
    for field, origin in ((article or {}).get("provenance") or {}).items():
        values = [lost["value"] for lost in origin["lost"] if lost["origin"] == Origin.FEED]
        if article and origin["origin"] == Origin.FEED:
            values = [*_texts(article, field), *values]
        if values:
            values_by_field[field] = values
    for field, value in (("title", sighting.get("title")), ("published_at", sighting.get("published_at"))):
        if value is not None:
            values_by_field.setdefault(field, [value.isoformat() if isinstance(value, datetime) else value])
    return tuple(Candidate(field, tuple(values), Origin.FEED) for field, values in values_by_field.items())


def _texts(article: Row, field: str) -> list[str]:
    value = article["published_raw"] if field == "published_at" else article[field]
    if value is None:
        return []
    if isinstance(value, list):
        return value
    if isinstance(value, bool):
        return ["true" if value else "false"]
    return [value.isoformat() if isinstance(value, datetime) else str(value)]


def _stream(connection: duckdb.DuckDBPyConnection, query: str, parameters: Sequence[object]) -> Iterator[Row]:
    try:
        answer = connection.execute(query, list(parameters))
        names = [column[0] for column in answer.description or ()]
        while chunk := answer.fetchmany(MAX_ROWS_IN_MEMORY):
            for row in chunk:
                yield dict(zip(names, row, strict=True))
    except duckdb.Error as error:
        raise unreadable(error) from None


_BESIDE: Final = """
seen AS (
    SELECT
        url,
        arg_min(guid, seen_at) AS guid,
        arg_min(found_in, seen_at) AS found_in,
        min(seen_at) AS first_seen_at,
        arg_min(title, seen_at) AS title,
        arg_min(published_at, seen_at) AS published_at
    FROM discoveries
    WHERE source_id = $1
    GROUP BY url
),
capture AS (SELECT * FROM captures WHERE source_id = $1)
"""

_ARTICLES: Final = f"""
WITH newest AS (
    SELECT article_id, capture_id, landed_at, deleted
    FROM landed('articles')
    WHERE source_id = $1
    QUALIFY row_number() OVER (
        PARTITION BY article_id ORDER BY deleted DESC, fetched_at DESC, landed_at DESC NULLS LAST, capture_id DESC
    ) = 1
),
{_BESIDE}
SELECT article, capture, seen
FROM landed('articles') AS article
JOIN newest USING (article_id, capture_id, landed_at)
LEFT JOIN capture ON capture.capture_id = article.capture_id
LEFT JOIN seen ON seen.url = article.url
WHERE NOT newest.deleted AND ($2 IS NULL OR article.fetched_at >= $2)
"""  # noqa: S608  ours

_REFUSALS: Final = f"""
WITH {_BESIDE}
SELECT reject, capture, seen
FROM rejects_open AS reject
LEFT JOIN capture ON capture.capture_id = reject.capture_id
LEFT JOIN seen ON seen.url = reject.url
WHERE reject.source_id = $1
    -- What is another article's says nothing new, and is not to become an article of its own.
    AND reject.stage <> '{Stage.DEDUPE}' AND reject.reason <> '{Reason.FORGOTTEN}'
    AND ($2 IS NULL OR reject.reason = $2) AND ($3 IS NULL OR reject.url = $3)
"""  # noqa: S608  ours

_LOST: Final = f"""
WITH {_BESIDE},
lost AS (
    SELECT capture_id FROM capture WHERE capture_id IN (SELECT unnest($2::VARCHAR[]))
    UNION
    SELECT arg_max(capture_id, fetched_at) FROM capture
    WHERE url IN (SELECT unnest($3::VARCHAR[])) AND outcome NOT IN ('{LISTED}', '{FORGOTTEN}', '{Outcome.FAILED}')
        -- A revisit has no content.
        AND (payload_bytes > 0 OR http_status IS NULL)
    GROUP BY url
)
SELECT capture, seen
FROM capture
SEMI JOIN lost ON lost.capture_id = capture.capture_id
LEFT JOIN seen ON seen.url = capture.url
ORDER BY capture.fetched_at, capture.capture_id
"""  # noqa: S608  ours
