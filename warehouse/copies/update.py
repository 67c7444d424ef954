"""Copies of one text: sketches of new articles, compared with those of all older ones, become labels of groups."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

import duckdb

from warehouse.connect import check_landed, connect, rows, unreadable
from warehouse.copies.groups import join_groups
from warehouse.copies.sketch_files import (
    COLUMNS,
    SketchFile,
    choose_merge,
    delete_outdated,
    relation_of,
)
from warehouse.definitions import quote
from warehouse.queries import read_query
from warehouse.storage.durable import make_folder
from warehouse.storage.reach import reach
from warehouse.storage.root import PARTIAL, Root
from warehouse.storage.tables import Store

if TYPE_CHECKING:
    from collections.abc import Collection

SKETCH_VERSION: Final = 1
"""Of the queries that make sketches; another one makes all of them anew."""
MAX_BATCH_ARTICLES: Final = 20_000
MEMORY_LIMIT: Final = "400 MB"
# Rows of a run that was slow to land come after those of faster ones, and with an earlier time.
LANDING_SPREAD: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class CopiesUpdate:
    """What an update of the copies did."""

    sketched: int
    """Articles whose text was compared."""
    related: int
    """Those of them whose text is that of an earlier one, near it, or contained."""
    is_complete: bool
    """Whether no article waits any more."""


def update_copies(
    root: str | Root,
    *,
    seconds: float,
    max_articles: int | None = None,
    since_last: bool = False,
    rebuild: bool = False,
) -> CopiesUpdate:
    """Sketch the articles that have none and compare them with all others.

    `since_last` looks only at what has landed since a day before the last update. `max_articles` is rounded up to
    whole batches; `rebuild` deletes all sketches first. Waits up to `seconds` for a compaction or take-down.
    Raises `LockedError`, `WarehouseError`.
    """
    root, done = Root.at(root), CopiesUpdate(0, 0, is_complete=False)
    check_landed(root)
    with Store(root).maintenance(seconds):
        if rebuild:
            delete_outdated(root, version="")
        while not done.is_complete and (max_articles is None or done.sketched < max_articles):
            batch = _update_batch(root, since_last=since_last)
            done = CopiesUpdate(done.sketched + batch.sketched, done.related + batch.related, batch.is_complete)
    return done


def drop_sketches(root: Root, article_ids: Collection[str]) -> int:
    """Take articles out of the sketches, the lock of maintenance being held; return the number of files changed."""
    changed = 0
    if not article_ids:
        return 0
    for file in delete_outdated(root, sketch_version()):
        with closing(duckdb.connect()) as connection:
            reach(connection, root)
            _define_stored(connection, root, [file])
            connection.execute("CREATE TEMP TABLE dropped AS SELECT unnest($1) AS article_id", [list(article_ids)])
            [[count]] = rows(connection, "SELECT count(*) FROM stored SEMI JOIN dropped USING (article_id)")
            if count:
                _publish(connection, root, file, "SELECT * FROM stored ANTI JOIN dropped USING (article_id)")
                changed += 1
    return changed


@cache
def sketch_version() -> str:
    """Return the version of sketches: that of the queries, and what DuckDB's hash function makes of a word."""
    with closing(duckdb.connect()) as connection:
        [[probe]] = connection.execute("SELECT hash('copies', ['one', 'text']::VARCHAR[])").fetchall()
    return f"{SKETCH_VERSION}-{probe:016x}"


def _update_batch(root: Root, *, since_last: bool) -> CopiesUpdate:
    files = delete_outdated(root, sketch_version())
    with closing(connect(root)) as connection:
        try:
            connection.execute(f"SET memory_limit = '{MEMORY_LIMIT}'; SET enable_progress_bar = false")
            _define_stored(connection, root, files)
            sketched = _sketch_waiting(connection, files, since_last=since_last)
            if not sketched:
                return CopiesUpdate(0, 0, is_complete=True)
            related = _compare(connection)
            first = files[-1].last + 1 if files else 1
            new_file = SketchFile(first, first + sketched - 1, sketch_version())
            _publish(connection, root, new_file, read_query("copies_rows"))
            _merge(connection, root, [*files, new_file])
        except duckdb.Error as error:
            raise unreadable(error) from error
    return CopiesUpdate(sketched, related, is_complete=sketched < MAX_BATCH_ARTICLES)


def _define_stored(connection: duckdb.DuckDBPyConnection, root: Root, files: Collection[SketchFile]) -> None:
    """Define the view of all rows that are stored in files."""
    connection.execute(f"CREATE OR REPLACE TEMP VIEW stored AS FROM {relation_of(root, files)}")


def _sketch_waiting(connection: duckdb.DuckDBPyConnection, files: list[SketchFile], *, since_last: bool) -> int:
    """Put the sketches of articles that wait into the table `fresh`; return their number."""
    _make(
        connection, "relabelled", "SELECT number, min(label) AS label FROM stored WHERE article_id IS NULL GROUP BY 1"
    )
    connection.execute(SKETCHES_VIEW)
    since: datetime | None = None
    if since_last:
        [[newest]] = rows(connection, "SELECT max(landed_at) FROM stored")
        since = newest - LANDING_SPREAD if newest else None
    last_number = files[-1].last if files else 0
    _make_from(connection, "waiting", since=since, last_number=last_number, articles=MAX_BATCH_ARTICLES)
    [[count, first, last]] = rows(connection, "SELECT count(*), min(landed_at), max(landed_at) FROM waiting")
    if count:
        _make_from(connection, "sketch", "fresh", first_landed_at=first, last_landed_at=last)
    return int(count)


def _compare(connection: duckdb.DuckDBPyConnection) -> int:
    """Compare `fresh` with all sketches into the tables that `copies_rows` reads; return how many have one."""
    _make(connection, "common", "SELECT DISTINCT unnest(common) AS hash FROM stored WHERE common IS NOT NULL")
    _make(
        connection,
        "replaced",
        "SELECT replaces AS number FROM stored WHERE replaces IS NOT NULL"
        " UNION SELECT replaces FROM fresh WHERE replaces IS NOT NULL",
    )
    _make_from(connection, "hits")
    _make_from(connection, "common", "new_common")
    connection.execute("INSERT INTO common FROM new_common")
    connection.execute("DELETE FROM hits WHERE hash IN (SELECT hash FROM new_common)")
    _make_from(connection, "fresh")
    _make_from(connection, "edges", "edge")
    merging = rows(connection, MERGING_LABELS)
    labels = join_groups((first, second) for first, second in merging)
    fresh = [number for (number,) in rows(connection, "SELECT number FROM fresh")]
    _fill(connection, "label (number BIGINT, label BIGINT)", [(number, labels.get(number, number)) for number in fresh])
    known = set(fresh)
    joined = [(old, label) for old, label in labels.items() if old != label and old not in known]
    _fill(connection, "joined (old_label BIGINT, label BIGINT)", joined)
    [[related]] = rows(connection, "SELECT count(DISTINCT number) FROM edge")
    return int(related)


def _merge(connection: duckdb.DuckDBPyConnection, root: Root, files: list[SketchFile]) -> None:
    """Merge neighbours of one size, if there are many; the next update deletes what they were merged from."""
    while chosen := choose_merge(files):
        merged = SketchFile(chosen[0].first, chosen[-1].last, sketch_version())
        _define_stored(connection, root, chosen)
        _publish(connection, root, merged, read_query("copies_merged"))
        files = sorted([*(file for file in files if file not in chosen), merged])


def _publish(connection: duckdb.DuckDBPyConnection, root: Root, file: SketchFile, query: str) -> None:
    """Write the rows of a query as a file, whole or not at all."""
    partial = root.local / PARTIAL / f"copies.{uuid4().hex}"
    make_folder(partial.parent)
    columns = ", ".join(f"{name}::{kind} AS {name}" for name, kind in COLUMNS.items())
    try:
        rows(
            connection,
            f"COPY (SELECT {columns} FROM ({query}) ORDER BY article_id IS NULL, number)"  # noqa: S608  ours
            f" TO {quote(str(partial))} (FORMAT parquet, COMPRESSION zstd)",
        )
        root.publish_file(file.name, partial)
    finally:
        partial.unlink(missing_ok=True)


def _make_from(connection: duckdb.DuckDBPyConnection, query: str, table: str = "", **parameters: Any) -> None:
    rows(
        connection,
        f"CREATE OR REPLACE TEMP TABLE {table or query} AS {read_query(f'copies_{query}')}",
        parameters,
    )


def _make(connection: duckdb.DuckDBPyConnection, table: str, query: str) -> None:
    rows(connection, f"CREATE OR REPLACE TEMP TABLE {table} AS {query}")


def _fill(connection: duckdb.DuckDBPyConnection, table: str, values: list[tuple[int, int]]) -> None:
    connection.execute(f"CREATE OR REPLACE TEMP TABLE {table}")
    first, second = (list(column) for column in zip(*values, strict=True)) if values else ([], [])
    connection.execute(
        f"INSERT INTO {table.partition(' ')[0]} SELECT unnest($1::BIGINT[]), unnest($2::BIGINT[])",
        [first, second],
    )


SKETCHES_VIEW: Final = """
    CREATE OR REPLACE TEMP VIEW sketches AS
    SELECT stored.* REPLACE (coalesce(relabelled.label, stored.label) AS label)
    FROM stored LEFT JOIN relabelled USING (number)
    WHERE article_id IS NOT NULL
"""
# A text that another contains stays an article of its own.
MERGING_LABELS: Final = """
    SELECT edge.number, coalesce(sketches.label, edge.other)
    FROM edge LEFT JOIN sketches ON sketches.number = edge.other
    WHERE relation IN ('exact', 'near')
"""
