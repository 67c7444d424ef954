"""One article: its fields and where they came from, what was taken out of it, its versions and its copies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import duckdb

from flows.desk.database import Database, Record
from flows.desk.difference import ParagraphChange, compare_texts
from flows.desk.paging import Page
from flows.formats.fields import STATED_FIELDS
from flows.formats.values import cell_text
from warehouse.connect import records

MAX_VERSIONS: Final = 100
MAX_COPIES: Final = 100
MAX_STRIPPED: Final = 300
"""Lines on the page; the page of the lines has all."""
FIELDS: Final = (*STATED_FIELDS, "language", "language_confidence", "languages", "extractor", "quality", "word_count")
IDENTITY: Final = (
    "article_id", "version_id", "url", "normalized_url", "capture_id", "run_id", "first_seen_at", "fetched_at",
    "landed_at",
)  # fmt: skip
ARTICLE: Final = "FROM articles WHERE article_id = $article_id"
# Of all rows, as no other question is answered sooner.
_TITLE: Final = """
    SELECT arg_max(title, fetched_at) AS title, arg_max(language, fetched_at) AS language, bool_or(deleted) AS deleted
    FROM landed('articles') WHERE article_id = $article_id HAVING count(*) > 0
"""
# Not of the view `article_versions`, which orders the versions of all articles.
_VERSIONS: Final = """
    SELECT version_id, min(fetched_at) AS fetched_at, arg_min(title, fetched_at) AS title,
        arg_min(text, fetched_at) AS text, any_value(word_count) AS word_count
    FROM landed('articles')
    WHERE article_id = $article_id AND NOT deleted
    GROUP BY version_id
    ORDER BY fetched_at DESC, version_id
    LIMIT $limit
"""
# As the view `copies` has it, for the group of one article: the view orders the texts of all.
_COPIES: Final = """
    WITH sketch AS MATERIALIZED (SELECT article_id, version_id, number, text_hash, label FROM text_sketches()),
    own AS (
        SELECT label, text_hash FROM sketch
        WHERE article_id = $article_id AND version_id = $version_id AND label IS NOT NULL
        ORDER BY number DESC LIMIT 1
    ),
    member AS (
        SELECT article_id, version_id, sketch.text_hash = own.text_hash AS is_exact
        FROM sketch JOIN own ON sketch.label = own.label
    )
    SELECT article_id, source_id, language, title, is_exact,
        least(first_seen_at, CASE WHEN published_precision IN ('minute', 'second') THEN published_at END) AS run_at
    FROM articles
    JOIN member USING (article_id, version_id)
    WHERE article_id IN (SELECT article_id FROM member)
    ORDER BY run_at, article_id
    LIMIT $limit
"""


@dataclass(frozen=True, slots=True)
class LostValue:
    """A candidate of a field that was not taken."""

    origin: str
    value: str


@dataclass(frozen=True, slots=True)
class Field:
    """A field of an article: its value for people, where that came from, and the candidates that lost."""

    name: str
    value: str
    origin: str | None
    lost: Sequence[LostValue]


@dataclass(frozen=True, slots=True)
class Version:
    """A version of an article, and how it differs from the one before; no changes for the first."""

    row: Record
    changes: Sequence[ParagraphChange]
    title_before: str | None


@dataclass(frozen=True, slots=True)
class ArticlePage:
    """What the page of an article shows."""

    row: Record
    paragraphs: Sequence[str]
    stripped: Page[Record]
    fields: Sequence[Field]
    identity: Sequence[Field]
    versions: Page[Version]
    copies: Page[Record]


def find_title(database: Database, article_id: str) -> Record | None:
    """Return the title and language of an article; None if there is none. Raises `WarehouseError`."""
    titles = database.records(_TITLE, {"article_id": article_id})
    return titles[0] if titles and not titles[0]["deleted"] else None


def load_article(database: Database, article_id: str) -> ArticlePage | None:
    """Return what is known of an article; None if there is none. Raises `WarehouseError`."""
    with database.cursor() as cursor:
        articles = records(cursor, ARTICLE, {"article_id": article_id})
        if not articles:
            return None
        row = articles[0]
        versions = records(cursor, _VERSIONS, {"article_id": article_id, "limit": MAX_VERSIONS + 1})
        copies = _copies(cursor, row)
    provenance = row["provenance"] or {}
    return ArticlePage(
        row,
        [paragraph for paragraph in (row["text"] or "").split("\n\n") if paragraph.strip()],
        Page.of(row["stripped"] or [], 1, MAX_STRIPPED),
        [_field(name, row, provenance) for name in FIELDS if row[name] not in (None, [])],
        [_field(name, row, {}) for name in IDENTITY if row[name] is not None],
        Page.of(_compared(versions), 1, MAX_VERSIONS),
        Page.of(copies, 1, MAX_COPIES),
    )


def _copies(cursor: duckdb.DuckDBPyConnection, row: Record) -> list[Record]:
    values = {"article_id": row["article_id"], "version_id": row["version_id"], "limit": MAX_COPIES + 1}
    copies = records(cursor, _COPIES, values)
    return copies if len(copies) > 1 else []


def _field(name: str, row: Record, provenance: dict[str, Any]) -> Field:
    origin = provenance.get(name)
    lost = [LostValue(entry["origin"], entry["value"]) for entry in (origin["lost"] if origin else None) or ()]
    return Field(name, _text(row[name]), origin["origin"] if origin else None, lost)


def _text(value: Any) -> str:
    """Return a value for people; a long text whole."""
    return value if isinstance(value, str) else cell_text(value)


def _compared(versions: Sequence[Record]) -> list[Version]:
    """Return versions, the newest first, each compared with the one before it in time."""
    compared = []
    for row, before in zip(versions, [*versions[1:], None], strict=True):
        changes = compare_texts(before["text"] or "", row["text"] or "") if before else []
        title_before = before["title"] if before and before["title"] != row["title"] else None
        compared.append(Version(row, changes, title_before))
    return compared
