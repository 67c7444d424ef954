"""Searching: the articles that have the words, best first, each with a snippet."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

from warehouse.connect import connect, rows
from warehouse.errors import LockedError
from warehouse.search.index import open_index, update_index
from warehouse.search.snippets import snippet
from warehouse.search.tokens import is_unspaced
from warehouse.search.words import Term, Words, parse_words

if TYPE_CHECKING:
    import tantivy

    from warehouse.storage.root import Root

MARKS: Final = ("**", "**")
"""Around a hit, where the caller has no others."""
TITLE_WEIGHT: Final = 2.0
MAX_SECONDS: Final = 2**40
"""Later than any date of an article, in seconds since 1970."""
ARTICLES: Final = """
SELECT article_id, version_id, source_id, language, published_at, url, title, text
FROM articles WHERE article_id IN (SELECT unnest($ids))
"""


@dataclass(frozen=True, slots=True)
class Scope:
    """Which articles are searched; what is empty bounds nothing."""

    language: str | None = None
    source: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    """Not included."""


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

    The index takes in first what landed since; where another process does so for more than `seconds`, what it has by
    now is searched. Raises `QueryError` for a query that is none, `WarehouseError`.
    """
    words = parse_words(query)
    with connect(root) as connection:
        try:
            update_index(root, seconds)
        except LockedError:
            if open_index(root) is None:
                raise
        matches = find_matches(root, words, scope, limit=limit, offset=offset)
        ids = [match.article_id for match in matches]
        newest = {(row[0], row[1]): row[2:] for row in rows(connection, ARTICLES, {"ids": ids})} if ids else {}
    hits = []
    for rank, match in enumerate(matches, offset + 1):
        row = newest.get((match.article_id, match.version_id))
        if row is not None:  # taken down or edited since
            source_id, language, published_at, url, title, text = row
            passage = snippet(text, words, marks)
            score = round(match.score, 3)
            hits.append(Hit(rank, score, match.article_id, source_id, language, published_at, url, title, passage))
    return hits


def find_matches(root: Root, words: Words, scope: Scope, *, limit: int, offset: int = 0) -> list[Match]:
    """Return what the index has for the words as it is now, the best first; nothing where there is no index."""
    index = open_index(root)
    if index is None:
        return []
    searcher = index.searcher()
    best = searcher.search(_query(index.schema, words, scope), limit, offset=offset, count=False).hits
    documents = ((searcher.doc(address).to_dict(), score) for score, address in best)
    return [Match(document["article_id"][0], document["version_id"][0], score) for document, score in documents]


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
        first = int(scope.since.timestamp()) if scope.since else -MAX_SECONDS
        last = int(scope.until.timestamp()) if scope.until else MAX_SECONDS
        period = Query.range_query(schema, "published_at", FieldType.Integer, first, last, include_upper=False)
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
