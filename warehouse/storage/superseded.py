"""Lists of superseded rows: ids of rows of base files that another row of their article comes before.

The views read the articles of base files without looking for the newest row of each: whoever merges rows into a base
file lists those that are not. A row that is listed twice, or that never came to be, does no harm.
"""

from __future__ import annotations

import time
from datetime import datetime
from typing import TYPE_CHECKING, Final

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from warehouse.storage.base_files import BaseFile, read_base_files, replaced_names
from warehouse.storage.reach import reach
from warehouse.storage.root import PARTIAL, SUPERSEDED, escape_pattern

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence
    from pathlib import Path

    from warehouse.storage.root import Root

FOLDER: Final = f"{SUPERSEDED}/articles"
MAX_LISTS: Final = 24
MAX_MEMORY: Final = "200MB"
NARROW: Final = "article_id, deleted, fetched_at, landed_at, capture_id, row_id"
# As the view `articles` has it.
NEWEST_FIRST: Final = "deleted DESC, fetched_at DESC, landed_at DESC NULLS LAST, capture_id DESC"


def first_free_id(root: Root, base_files: Sequence[BaseFile]) -> int:
    """Return a number above all row ids so far, also those that a killed compaction listed and never wrote."""
    highest = 0
    for base in base_files:
        with root.open(base.name) as file:
            metadata = pq.read_metadata(file)
        for group in range(metadata.num_row_groups):
            column = metadata.row_group(group).column(metadata.num_columns - 1)
            if column.path_in_schema == "row_id" and column.statistics is not None:
                highest = max(highest, column.statistics.max or 0)
    return max(time.time_ns(), highest + 1)


def list_superseded(
    root: Root, base_files: Sequence[BaseFile], merged: Collection[str], target: Path, first_id: int
) -> None:
    """Land the list of rows that the new rows of a base file supersede, or that are superseded themselves.

    New are those from `first_id` on; `merged` are the files that the base file `target` is to replace, `base_files` all
    that there are. The list lands before the base file does: until then the new rows are read from the log, which hides
    the older ones anyway.
    """
    replaced = replaced_names("articles", list(base_files))
    lists = _files(map(root.location, root.names(FOLDER)))
    others = [base.name for base in base_files if base.rows and base.name not in merged and base.name not in replaced]
    query = f"""
        SELECT row_id
        FROM (SELECT {NARROW} FROM {_files([str(target), *map(root.location, others)])})
        SEMI JOIN (SELECT article_id FROM {_files([str(target)])} WHERE row_id >= {first_id}) USING (article_id)
        ANTI JOIN (SELECT row_id FROM {lists}) USING (row_id)
        QUALIFY row_number() OVER (PARTITION BY article_id ORDER BY {NEWEST_FIRST}) > 1
        ORDER BY row_id
    """  # noqa: S608  names of ours
    ids = _ids(root, query, target.parent)
    if ids:
        _land(root, str(time.time_ns()), pa.array(ids, pa.int64()))


def list_all_superseded(root: Root) -> None:
    """List the superseded rows of all base files anew, in place of the lists that there are."""
    base_files = read_base_files(root, "articles")
    replaced = replaced_names("articles", base_files)
    names = [base.name for base in base_files if base.rows and base.name not in replaced]
    ids: list[int] = []
    if names:
        query = f"""
            SELECT row_id
            FROM (SELECT {NARROW} FROM {_files(map(root.location, names))})
            QUALIFY row_number() OVER (PARTITION BY article_id ORDER BY {NEWEST_FIRST}) > 1
            ORDER BY row_id
        """  # noqa: S608  names of ours
        ids = _ids(root, query, root.local / PARTIAL)
    _replace_lists(root, list(root.names(FOLDER)), pa.array(ids, pa.int64()))


def unlist_superseded(root: Root, capture_ids: Collection[str]) -> None:
    """Take from the lists the rows that are the newest of their articles once those of some captures are dropped."""
    base_files = read_base_files(root, "articles")
    replaced = replaced_names("articles", base_files)
    names = [base.name for base in base_files if base.rows and base.name not in replaced]
    if not names or not capture_ids:
        return
    # A compaction that was killed may have listed what a row supersedes that is in the log still.
    landed = [name for name in root.names("articles") if name.endswith(".parquet")]
    query = f"""
        SELECT row_id
        FROM (SELECT {NARROW} FROM {_files(map(root.location, names))})
        WHERE capture_id NOT IN (SELECT unnest($1::VARCHAR[])) AND article_id IN (
            SELECT article_id FROM {_files(map(root.location, landed))}
            WHERE capture_id IN (SELECT unnest($1::VARCHAR[]))
        )
        QUALIFY row_number() OVER (PARTITION BY article_id ORDER BY {NEWEST_FIRST}) = 1
    """  # noqa: S608  names of ours
    with duckdb.connect(config={"autoinstall_known_extensions": "false"}) as connection:
        reach(connection, root)
        newest = [row_id for (row_id,) in connection.execute(query, [list(capture_ids)]).fetchall()]
    listed = _listed_ids(root, lists := list(root.names(FOLDER)))
    left = listed.filter(pc.invert(pc.is_in(listed, pa.array(newest, pa.int64()))))
    if len(left) < len(listed):
        _replace_lists(root, lists, left)


def _replace_lists(root: Root, lists: Sequence[str], ids: pa.Array) -> None:
    _land(root, f"{time.time_ns()}-all", ids)
    for name in lists:
        if not name.endswith("/none.parquet"):
            root.delete(name)


def _ids(root: Root, query: str, folder: Path) -> list[int]:
    """Return the row ids of a query; what does not fit in memory goes to a folder."""
    with duckdb.connect(config={"autoinstall_known_extensions": "false"}) as connection:
        connection.execute(f"SET temp_directory = {_quoted(str(folder))}; SET threads = 2")
        reach(connection, root)
        connection.execute(f"SET memory_limit = '{MAX_MEMORY}'; SET enable_progress_bar = false")
        return [row_id for (row_id,) in connection.execute(query).fetchall()]


def _listed_ids(root: Root, lists: Sequence[str]) -> pa.Array:
    chunks = []
    for name in lists:
        with root.open(name) as file:
            chunks += pq.read_table(file)["row_id"].chunks
    return pc.unique(pa.chunked_array(chunks, pa.int64())).sort()


def join_lists(root: Root, before: datetime) -> None:
    """Join the lists when there are many, and delete those whose ids are in one that landed `before`."""
    lists = root.modified(FOLDER)
    joined = sorted(name for name in lists if name.endswith("-all.parquet"))
    if joined and lists[joined[-1]] <= before:
        for name in lists:
            # Names begin with the time at which they landed.
            if name < joined[-1]:
                root.delete(name)
    elif not joined and len(lists) > MAX_LISTS:
        _land(root, f"{time.time_ns()}-all", _listed_ids(root, list(lists)))


def _land(root: Root, key: str, ids: pa.Array) -> None:
    sink = pa.BufferOutputStream()
    encoding = {"row_id": "DELTA_BINARY_PACKED"}
    pq.write_table(pa.table({"row_id": ids}), sink, compression="zstd", use_dictionary=False, column_encoding=encoding)
    root.publish(f"{FOLDER}/{key}.parquet", memoryview(sink.getvalue()))


def _files(paths: Iterable[str]) -> str:
    return f"read_parquet([{', '.join(map(_quoted, paths))}], union_by_name = true, hive_partitioning = false)"


def _quoted(path: str) -> str:
    return "'" + escape_pattern(path).replace("'", "''") + "'"
