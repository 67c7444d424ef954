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
from warehouse.errors import StorageError
from warehouse.model.records import FORGOTTEN, Candidate, Capture, Item, RawArticle
from warehouse.model.vocabulary import Origin, Reason, Stage
from warehouse.queries import stream_rows

# The archive has, at most, a page in the place of a document refused there, or the text of another article.
STAGES_TO_FETCH: Final = (Stage.DISCOVER, Stage.FETCH, Stage.DEDUPE)

Row = Mapping[str, Any]


def current_articles(
    connection: duckdb.DuckDBPyConnection, source: Source, since: datetime | None = None, limit: int | None = None
) -> Iterator[Row]:
    """Yield the newest version of each article of a source that was fetched `since`, at most `limit` of them.

    A row has `article`, `capture` and `seen` as mappings of their columns; the last two may be None.
    Raises `WarehouseError`.
    """
    article_ids: set[str] = set()
    for row in stream_rows(connection, "current_articles", source_id=source.id, since=since, max_rows=limit):
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
    return stream_rows(connection, "open_refusals", source_id=source.id, reason=reason, url=url)


def lost_captures(
    connection: duckdb.DuckDBPyConnection, source: Source, capture_ids: Collection[str], urls: Collection[str]
) -> Iterator[Row]:
    """Yield the captures of a source with these ids, and the newest of each of these addresses that has content.

    A row has `capture` and `seen` as mappings of their columns; the last may be None. The oldest come first, so that
    of two documents that say the same the first one is the article. Raises `WarehouseError`.
    """
    values = {"capture_ids": list(capture_ids), "urls": list(urls)}
    return stream_rows(connection, "lost_captures", source_id=source.id, **values)


def is_archived(row: Row) -> bool:
    """Return whether the archive holds the document that was refused, and that is the one to read."""
    capture = row["capture"]
    has_content = bool(capture) and capture["outcome"] != FORGOTTEN and bool(capture["warc_filename"])
    # Of an empty answer no rules make an article; its site may have the page by now.
    is_empty_page = row["reject"]["reason"] == Reason.EMPTY and row["reject"]["url"].startswith("http")
    return has_content and not is_empty_page and row["reject"]["stage"] not in STAGES_TO_FETCH


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
