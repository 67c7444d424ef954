"""Searching: the articles that have the words, best first, each with a snippet."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import TYPE_CHECKING, Any, Final

import duckdb

from warehouse.connect import connect, rows, unreadable
from warehouse.definitions import pattern
from warehouse.errors import LockedError, StorageError
from warehouse.search.index import update_index
from warehouse.search.index_files import OPEN_ATTEMPTS, open_index
from warehouse.search.snippets import snippet
from warehouse.search.tokens import is_unspaced
from warehouse.search.words import Term, Words, parse_words
from warehouse.storage.reach import reach

if TYPE_CHECKING:
    import tantivy

    from warehouse.storage.root import Root

MARKS: Final = ("**", "**")
"""Around a hit, where the caller has no others."""
TITLE_WEIGHT: Final = 2.0
DAY_SECONDS: Final = 86_400
MAX_SECONDS: Final = 2**40
"""Later than any date of an article, in seconds since 1970."""
NEWEST: Final = "SELECT article_id, version_id FROM articles WHERE article_id IN (SELECT unnest($ids))"
VERSIONS: Final = """
SELECT article_id, version_id, source_id, language, published_at, url, title, text
FROM read_parquet($files, union_by_name = true, hive_partitioning = false)
WHERE NOT deleted AND article_id IN (SELECT unnest($ids))
"""


@dataclass(frozen=True, slots=True)
class Scope:
    """Which articles are searched; what is empty bounds nothing."""

    language: str | None = None
    source: str | None = None
    since: date | None = None
    """The first day of publication, in UTC."""
    until: date | None = None
    """The last day of publication, in UTC; it is included."""


@dataclass(frozen=True, slots=True)
class Hit:
    """One article that was found."""

    rank: int
    score: float
    article_id: str
    source_id: str
    language: str
    published_at: datetime | None
    url: str
    title: str | None
    snippet: str


@dataclass(frozen=True, slots=True)
class Match:
    """One version of an article in the index that has the words."""

    article_id: str
    version_id: str
    score: float


def search(
    root: Root, query: str, scope: Scope, *, limit: int, offset: int = 0, marks: tuple[str, str], seconds: float = 600.0
) -> list[Hit]:
    """Return the newest versions of the articles that have the words of `query`, the best first.

    The index takes in first what landed since. Where another process does so for more than `seconds`, or this one may
    not write there, what it has by now is searched, and articles that were edited or taken down since are passed over:
    their places go to the next. Raises `QueryError` for a query that is none, `WarehouseError`.
    """
    words = parse_words(query)
    index, is_current = ready_index(root, seconds)
    pages = _pages(index, _query(index.schema, words, scope), offset if is_current else 0, limit)
    hits: list[Hit] = []
    for page in pages if is_current else _newest(root, pages, offset):
        row_of = _read(root, page)
        for match in page:
            row = row_of.get((match.article_id, match.version_id))
            if row is None or len(hits) == limit:  # taken down in this moment, or one more than a page
                continue
            source_id, language, published_at, url, title, text = row
            rank, score, passage = offset + len(hits) + 1, round(match.score, 3), snippet(text, words, marks)
            hits.append(Hit(rank, score, match.article_id, source_id, language, published_at, url, title, passage))
        if len(hits) == limit:
            break
    return hits


def find_matches(root: Root, words: Words, scope: Scope, *, limit: int, offset: int = 0) -> list[Match]:
    """Return what the index has for the words as it is now, the best first; nothing where there is no index."""
    index = open_index(root)
    return [] if index is None else next(_pages(index, _query(index.schema, words, scope), offset, limit), [])


def ready_index(root: Root, seconds: float) -> tuple[tantivy.Index, bool]:
    """Let the index take in what landed since, and open it; also say whether it could.

    Waits up to `seconds` for another process that writes it. Raises `LockedError` where that one builds the first, and
    `StorageError` where there is none and none can be written.
    """
    for _ in range(OPEN_ATTEMPTS):
        is_current = True
        try:
            update_index(root, seconds)
        except (LockedError, StorageError):  # as where a reader may not write
            if open_index(root) is None:
                raise
            is_current = False
        if (index := open_index(root)) is not None:
            return index, is_current
    raise LockedError("the search index is deleted again and again; search when the take-downs have ended")


def _pages(index: tantivy.Index, query: tantivy.Query, offset: int, size: int) -> Iterator[list[Match]]:
    """Yield the matches from a place on, `size` at a time."""
    searcher = index.searcher()
    while best := searcher.search(query, size, offset=offset, count=False).hits:
        documents = ((searcher.doc(address).to_dict(), score) for score, address in best)
        yield [Match(document["article_id"][0], document["version_id"][0], score) for document, score in documents]
        offset += size


def _newest(root: Root, pages: Iterable[list[Match]], offset: int) -> Iterator[list[Match]]:
    """Yield of each page the newest versions of their articles, without the first `offset` of all."""
    with connect(root) as connection:
        for page in pages:
            newest = set(rows(connection, NEWEST, {"ids": [match.article_id for match in page]}))
            matches = [match for match in page if (match.article_id, match.version_id) in newest]
            yield matches[offset:]
            offset = max(0, offset - len(matches))


def _read(root: Root, page: Sequence[Match]) -> dict[tuple[str, str], tuple[Any, ...]]:
    """Return the columns of versions, by article_id and version_id."""
    files = f"{pattern(root)}/articles/*/*.parquet"
    with closing(duckdb.connect()) as connection:
        try:
            # The files, not the view `articles`: which rows are the newest is known already.
            connection.execute("SET TimeZone = 'UTC'; SET enable_progress_bar = false")
            reach(connection, root)
            versions = rows(connection, VERSIONS, {"files": files, "ids": [match.article_id for match in page]})
        except duckdb.Error as error:
            raise unreadable(error) from None
    return {(row[0], row[1]): row[2:] for row in versions}


def _query(schema: tantivy.Schema, words: Words, scope: Scope) -> tantivy.Query:
    from tantivy import FieldType, Occur, Query

    clauses = [
        (Occur.Must, Query.boolean_query([(Occur.Should, _term(schema, term)) for term in group]))
        for group in words.required
    ]
    clauses += [(Occur.MustNot, _term(schema, term)) for term in words.excluded]
    for name, value in (("language", scope.language), ("source_id", scope.source)):
        if value:
            clauses.append((Occur.Must, Query.const_score_query(Query.term_query(schema, name, value, "basic"), 0.0)))
    if scope.since or scope.until:
        first = _start_of(scope.since) if scope.since else -MAX_SECONDS
        last = _start_of(scope.until) + DAY_SECONDS - 1 if scope.until else MAX_SECONDS
        period = Query.range_query(schema, "published_at", FieldType.Integer, first, last)
        clauses.append((Occur.Must, Query.const_score_query(period, 0.0)))
    return Query.boolean_query(clauses)


def _term(schema: tantivy.Schema, term: Term) -> tantivy.Query:
    from tantivy import Occur, Query

    fields = (term.field,) if term.field else ("title", "text")
    queries = [
        Query.boost_query(_in_field(schema, field, term), TITLE_WEIGHT if field == "title" else 1.0) for field in fields
    ]
    return Query.boolean_query([(Occur.Should, query) for query in queries])


def _in_field(schema: tantivy.Schema, field: str, term: Term) -> tantivy.Query:
    from tantivy import Query

    first = term.tokens[0]
    if len(term.tokens) > 1:
        return Query.phrase_query(schema, field, list(term.tokens))
    if len(first) == 1 and is_unspaced(first):  # the index holds pairs
        return Query.regex_query(schema, field, f"{first}.?|.{first}")
    return Query.term_query(schema, field, first)


def _start_of(day: date) -> int:
    return int(datetime.combine(day, time(), UTC).timestamp())
