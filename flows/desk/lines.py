"""An article's document read once more: its lines in their order, beside the document as it came."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from config.errors import ConfigError
from config.inputs import FolderInput
from config.sources import Source, load_source
from flows.desk.article import ARTICLE
from flows.desk.database import Database, Record
from flows.desk.documents import RawDocument, find_capture, read_document
from flows.desk.paging import Page
from flows.explaining.lines import ShownLine, explain_lines
from flows.ingestion.archived import raw_article
from flows.ingestion.process_pool import CallError, Workers
from warehouse.connect import records
from warehouse.errors import WarehouseError
from warehouse.model.records import RawArticle
from warehouse.model.vocabulary import LineReason

LINES: Final = 500
"""On one page."""
OTHER_RULES: Final = (
    "Today's rules read other lines in this document than those by which it was stored, so reasons may stand at the"
    " wrong lines; the article's page has the right ones. 'copydesk reextract' makes the article again."
)
_SIGHTING: Final = """
    SELECT arg_min(guid, seen_at) AS guid, arg_min(found_in, seen_at) AS found_in, min(seen_at) AS first_seen_at,
        arg_min(title, seen_at) AS title, arg_min(published_at, seen_at) AS published_at
    FROM discoveries WHERE source_id = $source_id AND url = $url HAVING count(*) > 0
"""


@dataclass(frozen=True, slots=True)
class LinesPage:
    """The lines of an article's document, and the document as it came."""

    row: Record
    lines: Page[ShownLine]
    total_lines: int  # of all pages
    kept_lines: int
    document: RawDocument | None
    notice: str


def load_lines(database: Database, workers: Workers, article_id: str, number: int) -> LinesPage | None:
    """Return a page of an article's document, read in a process of `workers`; None if there is no such article.

    Raises `WarehouseError` of the tables.
    """
    with database.cursor() as cursor:
        articles = records(cursor, ARTICLE, {"article_id": article_id})
        if not articles:
            return None
        (row,) = articles
        capture = find_capture(cursor, row["capture_id"])
        sightings = records(cursor, _SIGHTING, {"source_id": row["source_id"], "url": row["url"]})
    source = configured_source(database.settings.config, row["source_id"])
    parts = {"article": row, "capture": capture, "seen": next(iter(sightings), None)}
    document = read_document(database.root, capture) if capture else None
    try:
        raw = raw_article(database.root.url, parts, source)
        lines = _read(workers, raw, source, row["stripped"] or [])
    except (WarehouseError, CallError) as error:
        return _page(row, (), number, document, str(error))
    texts = {line.number: line.text for line in lines}
    is_same = all(texts.get(line["line"]) == line["text"] for line in row["stripped"] or [])
    return _page(row, lines, number, document, "" if is_same else OTHER_RULES)


def _page(row: Record, lines: Sequence[ShownLine], number: int, document: RawDocument | None, notice: str) -> LinesPage:
    kept_lines = sum(line.reason is None for line in lines)
    return LinesPage(
        row, Page.of(lines[(number - 1) * LINES :], number, LINES), len(lines), kept_lines, document, notice
    )


def _read(workers: Workers, raw: RawArticle, source: Source, stripped: Sequence[Record]) -> tuple[ShownLine, ...]:
    reasons = {line["line"]: LineReason(line["reason"]) for line in stripped}
    return workers.call(explain_lines, raw, source, reasons)


def configured_source(config: Path, source_id: str) -> Source:
    """Return a source as it is configured, or one without rules where it is not."""
    try:
        return load_source(config / "sources" / f"{source_id}.toml")
    except ConfigError:
        return Source(id=source_id, title=source_id, input=(FolderInput(kind="folder", path=Path()),))
