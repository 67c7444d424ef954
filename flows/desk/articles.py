"""The list of articles: those that a reader asked for, newest or best first, and what they may be narrowed by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from flows.desk.database import Database, Record
from flows.desk.filters import DAY, Filters
from flows.desk.paging import Page, window
from flows.desk.rendering import HIT_MARKS
from flows.desk.words import WordSearch, search_words
from warehouse.connect import records
from warehouse.search.snippets import snippet

MAX_CSV_ROWS: Final = 100_000
FACETS: Final = ("source", "language", "day", "section", "agency")
COLUMNS: Final = (
    "article_id, title, description, source_id, language, published_at, published_precision, first_seen_at, section,"
    ' "by", info_sources, word_count, quality, url'
)
CSV_COLUMNS: Final = (
    "article_id, source_id, language, published_at, published_precision, first_seen_at, title, authors, section,"
    " info_sources, word_count, quality, url, canonical_url"
)
NEWEST: Final = "first_seen_at DESC, article_id"
BEST: Final = "list_position($words, article_id)"
_ARTICLES: Final = "SELECT {columns} FROM articles WHERE {condition} ORDER BY {order} LIMIT $limit OFFSET $offset"
_TEXTS: Final = "SELECT article_id, text FROM articles WHERE article_id IN (SELECT unnest($ids))"
FACET_VALUES: Final = 12
"""Of each facet that are shown."""
_FACETS: Final = """
    WITH chosen AS MATERIALIZED (
        SELECT source_id, language, {day} AS day, section, info_sources FROM articles WHERE {condition}
    ),
    counted AS (
        SELECT 'source' AS facet, source_id AS value, count(*) AS articles FROM chosen GROUP BY ALL
        UNION ALL
        SELECT 'language', language, count(*) FROM chosen GROUP BY ALL
        UNION ALL
        SELECT 'day', day::VARCHAR, count(*) FROM chosen GROUP BY ALL
        UNION ALL
        SELECT 'section', section, count(*) FROM chosen GROUP BY ALL
        UNION ALL
        SELECT 'agency', agency, count(*) FROM (SELECT unnest(info_sources) AS agency FROM chosen) GROUP BY ALL
    )
    SELECT facet, value, articles, (SELECT count(*) FROM chosen) AS total
    FROM counted
    WHERE value IS NOT NULL AND value <> ''
    QUALIFY row_number() OVER (
        PARTITION BY facet ORDER BY CASE WHEN facet = 'day' THEN value END DESC, articles DESC, value
    ) <= $values
    ORDER BY facet, CASE WHEN facet = 'day' THEN value END DESC, articles DESC, value
"""


@dataclass(frozen=True, slots=True)
class FacetValue:
    """A value of one facet, and how many of the articles have it."""

    value: str
    articles: int


@dataclass(frozen=True, slots=True)
class Facets:
    """What the articles may be narrowed by, and how many they are."""

    total: int
    values: dict[str, Page[FacetValue]]


def load_articles(database: Database, filters: Filters, search: WordSearch, number: int) -> Page[Record]:
    """Return a page of articles. Raises `WarehouseError`."""
    condition, values = _condition(filters, search)
    query = _ARTICLES.format(columns=COLUMNS, condition=condition, order=_order(search))
    with database.cursor() as cursor:
        page = Page.of(records(cursor, query, values | window(number)), number)
        texts = {}
        if search.is_ranked and page.rows:
            ids = {"ids": [row["article_id"] for row in page.rows]}
            texts = {row["article_id"]: row["text"] for row in records(cursor, _TEXTS, ids)}
    for row in page.rows:
        row["snippet"] = _snippet(texts.get(row["article_id"]), search)
    return page


def load_facets(database: Database, filters: Filters, search: WordSearch) -> Facets:
    """Return what the articles of the filters may be narrowed by. Raises `WarehouseError`."""
    condition, values = _condition(filters, search)
    rows = database.records(_FACETS.format(day=DAY, condition=condition), values | {"values": FACET_VALUES + 1})
    facets: dict[str, list[FacetValue]] = {name: [] for name in FACETS}
    for row in rows:
        facets[row["facet"]].append(FacetValue(row["value"], row["articles"]))
    pages = {name: Page.of(entries, 1, FACET_VALUES) for name, entries in facets.items()}
    return Facets(rows[0]["total"] if rows else 0, pages)


def load_csv(database: Database, filters: Filters) -> tuple[Sequence[str], list[Sequence[Any]]]:
    """Return the columns and rows of the articles of the filters, at most `MAX_CSV_ROWS`. Raises `WarehouseError`."""
    search = search_words(database.root, filters)
    condition, values = _condition(filters, search)
    query = _ARTICLES.format(columns=CSV_COLUMNS, condition=condition, order=_order(search))
    rows = database.records(query, values | {"limit": MAX_CSV_ROWS, "offset": 0})
    columns = CSV_COLUMNS.split(", ")
    return columns, [[row[column] for column in columns] for row in rows]


def _condition(filters: Filters, search: WordSearch) -> tuple[str, dict[str, Any]]:
    condition, values = filters.condition()
    return f"{condition} AND {search.condition}", values | (search.values or {})


def _order(search: WordSearch) -> str:
    return BEST if search.is_ranked else NEWEST


def _snippet(text: str | None, search: WordSearch) -> str | None:
    if text is None or search.words is None:
        return None
    return snippet(text.translate(dict.fromkeys(map(ord, HIT_MARKS))), search.words, HIT_MARKS)
