"""The view `found`: what a search finds, to be joined with the other views of a connection."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from warehouse.connect import rows
from warehouse.search.search import MARKS, Scope, find_matches, ready_index
from warehouse.search.snippets import snippet
from warehouse.search.words import Words, parse_words

if TYPE_CHECKING:
    import duckdb

    from warehouse.storage.root import Root

MAX_FOUND_ARTICLES: Final = 100_000
"""Articles, the best of all."""
# The snippet is made for those whose snippet is asked for.
DEFINITION: Final = """
CREATE OR REPLACE TEMP VIEW found AS
SELECT article_id, score, found_snippet(text) AS snippet
FROM articles
JOIN found_versions USING (article_id, version_id)
"""
COMMENTS: Final = """
COMMENT ON COLUMN found.article_id IS 'The article, as in articles.';
COMMENT ON COLUMN found.score IS 'How well the article matches the words; the higher, the better.';
COMMENT ON COLUMN found.snippet IS 'The passage with the most of the words, each of them between **.';
"""


def add_found(connection: duckdb.DuckDBPyConnection, root: Root, query: str, seconds: float = 600.0) -> None:
    """Create the temporary view `found` of the articles that have the words, or put it in place of an earlier one.

    A row has `article_id`, `score` and `snippet`; there are at most `MAX_FOUND_ARTICLES`, of the best scores. The index
    takes in first what landed since, as for `search`. Raises `QueryError` for a search that is none, `WarehouseError`.
    """
    words = parse_words(query)
    ready_index(root, seconds)
    matches = find_matches(root, words, Scope(), limit=MAX_FOUND_ARTICLES)
    columns = [[getattr(match, name) for match in matches] for name in ("article_id", "version_id", "score")]
    rows(connection, "DROP VIEW IF EXISTS found")
    if rows(connection, "FROM duckdb_functions() WHERE function_name = 'found_snippet'"):
        connection.remove_function("found_snippet")
    connection.create_function("found_snippet", partial(_snippet, words), ["VARCHAR"], "VARCHAR")
    rows(
        connection,
        "CREATE OR REPLACE TEMP TABLE found_versions AS SELECT unnest($1::VARCHAR[]) AS article_id,"
        " unnest($2::VARCHAR[]) AS version_id, unnest($3::DOUBLE[]) AS score",
        columns,
    )
    rows(connection, DEFINITION)
    rows(connection, COMMENTS)


def _snippet(words: Words, text: str) -> str:
    return snippet(text, words, MARKS)
