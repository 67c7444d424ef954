"""Full-text search: what the index and its queries cost, beside ILIKE of DuckDB and FTS5 of SQLite.

    python -m bench.speed.search [--articles 100000] [--words 450]

All three have the same articles. Their texts are made up, of words that are as frequent as those of a language. `index`
is a search without its snippets, `search` the whole of `search()` with 20 of them. CPU milliseconds, the best of three.
"""

from __future__ import annotations

import argparse
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from bench.results import write_section
from bench.speed.warehouse import END, ids, spell, table_of
from tests.support.rows import NOON
from warehouse.connect import connect
from warehouse.search.index import update_index
from warehouse.search.index_files import folder
from warehouse.search.search import MARKS, Scope, find_matches, search
from warehouse.search.words import parse_words
from warehouse.storage.arrow import to_parquet
from warehouse.storage.root import Root
from warehouse.storage.tables import Store

FILE_ROWS = 2_000
VOCABULARY = 50_000
LIMIT = 20


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--articles", type=int, default=100_000)
    parser.add_argument("--words", type=int, default=450, help="Of a text.")
    parser.add_argument("--folder", type=Path)
    options = parser.parse_args()
    words = np.array([spell(number) for number in range(VOCABULARY)], dtype=object)
    # A frequent word, a rare one, two of them, a phrase, one of two.
    common, usual, rare = (str(words[rank]) for rank in (3, 300, 20_000))
    queries = [usual, rare, f"{common} {usual}", f'"{words[0]} {words[1]}"', f"{usual} OR {rare}"]
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        root = Root.at(f"{name}/data")
        text_bytes = land(root, options.articles, options.words, words)
        lines = [
            f"{options.articles:,} articles, {options.words} words each: {text_bytes / 1e6:.0f} MB of titles and texts"
        ]
        index_ms = cpu_ms(lambda: update_index(root, 10), 1) / options.articles
        index_bytes = sum(path.stat().st_size for path in folder(root).rglob("*") if path.is_file())
        lines.append(f"index: {index_ms:.2f} ms an article, {index_bytes / text_bytes:.0%} of the text")
        database = sqlite3.connect(f"{name}/fts.db")
        fts_ms = cpu_ms(lambda: fill(database, root), 1) / options.articles
        fts_bytes = Path(f"{name}/fts.db").stat().st_size
        lines.append(f"FTS5:  {fts_ms:.2f} ms an article, {fts_bytes / text_bytes:.0%} of the text, which it holds too")
        lines.append(f"{'CPU ms a query':32}{'index':>9}{'search':>9}{'FTS5':>9}{'ILIKE':>9}")
        with connect(root) as warehouse:
            warehouse.execute("SET enable_progress_bar = false")
            for query in queries:
                costs = query_costs(root, database, warehouse, query)
                lines.append(f"{query:32}" + "".join(f"{milliseconds:9.1f}" for milliseconds in costs))
    report = "\n".join(lines)
    print(report)
    write_section(f"Search: {options.articles:,} articles, beside FTS5 and ILIKE", report)
    return 0


FTS_QUERY = """
SELECT article_id, bm25(articles, 0, 2, 1), snippet(articles, 2, '**', '**', '…', 40)
FROM articles WHERE articles MATCH ? ORDER BY rank LIMIT 20
"""


def query_costs(
    root: Root, database: sqlite3.Connection, warehouse: duckdb.DuckDBPyConnection, query: str
) -> tuple[float, ...]:
    """Return what a query costs: the index alone, `search()`, FTS5, and how many texts ILIKE counts."""
    patterns = [f"%{word}%" for word in query.replace('"', "").replace(" OR ", " ").split()]
    counted = "SELECT count(*) FROM articles WHERE list_bool_and([text ILIKE pattern FOR pattern IN $1])"
    if len(patterns) == 1:
        counted = "SELECT count(*) FROM articles WHERE text ILIKE $1[1]"
    return (
        cpu_ms(lambda: find_matches(root, parse_words(query), Scope(), limit=LIMIT)),
        cpu_ms(lambda: search(root, query, Scope(), limit=LIMIT, marks=MARKS)),
        cpu_ms(lambda: database.execute(FTS_QUERY, [query]).fetchall()),
        cpu_ms(lambda: warehouse.execute(counted, [patterns]).fetchall()),
    )


def land(root: Root, count: int, size: int, words: np.ndarray) -> int:
    """Land articles, and return the bytes of their titles and texts."""
    rng, total = np.random.default_rng(7), 0
    shares = 1 / (np.arange(len(words)) + 5)
    bounds = np.cumsum(shares / shares.sum())
    Store(root).prepare()
    for first in range(0, count, FILE_ROWS):
        numbers = np.arange(first, min(first + FILE_ROWS, count))
        drawn = words[np.searchsorted(bounds, rng.random((len(numbers), size)))]
        texts = [" ".join(row) for row in drawn]
        titles = [" ".join(row[:8]) for row in drawn]
        total += sum(map(len, texts)) + sum(map(len, titles))
        moment = NOON + timedelta(minutes=first)
        values: dict[str, object] = {
            "article_id": pa.array(ids(numbers, 1)), "version_id": pa.array(ids(numbers, 2)), "source_id": "bench",
            "url": pa.array([f"https://bench.example/{number}" for number in numbers]), "language": "en",
            "title": pa.array(titles), "text": pa.array(texts),
            "published_at": moment, "fetched_at": moment, "landed_at": moment, "first_seen_at": moment,
        }  # fmt: skip
        name = f"articles/landed_month={END:%Y-%m}/bench-{first:09d}.parquet"
        root.publish(name, to_parquet("articles", table_of("articles", values, len(numbers))))
    return total


def fill(database: sqlite3.Connection, root: Root) -> None:
    """Put the articles into a table of FTS5."""
    database.execute("CREATE VIRTUAL TABLE articles USING fts5(article_id UNINDEXED, title, text)")
    for path in sorted(Path(root.url).glob("articles/landed_month=*/bench-*.parquet")):
        rows: pa.Table = pq.read_table(path, columns=["article_id", "title", "text"])
        database.executemany("INSERT INTO articles VALUES (?, ?, ?)", zip(*(c.to_pylist() for c in rows), strict=True))
    database.commit()


def cpu_ms(work: Callable[[], object], times: int = 3) -> float:
    """Return the CPU milliseconds of some work, all its threads together, at best."""
    best = float("inf")
    for _ in range(times):
        began = time.process_time()
        work()
        best = min(best, time.process_time() - began)
    return best * 1000


if __name__ == "__main__":
    sys.exit(main())
