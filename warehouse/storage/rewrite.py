"""Rows taken out of tables, or emptied: each file that holds one is replaced whole under its own name."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, TypeAlias
from uuid import uuid4

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from warehouse.errors import StorageError
from warehouse.model.records import FORGOTTEN
from warehouse.model.vocabulary import Outcome, Reason
from warehouse.storage.arrow import ROW_GROUP_ROWS, open_writer
from warehouse.storage.base_files import BaseFile, read_base_files, replaced_names
from warehouse.storage.durable import make_folder
from warehouse.storage.root import BASE, PARTIAL

if TYPE_CHECKING:
    from warehouse.model.rows import Run
    from warehouse.storage.root import Root

ArticleAddress = tuple[str, str]  # source_id and url
Mask: TypeAlias = pa.ChunkedArray
# From rows, and which of them have one of the keys, to the rows as they are to be, and which of the former changed.
Change = Callable[[pa.Table, Mask], tuple[pa.Table, Mask]]

ADDRESS_COLUMNS: Final = ("source_id", "url")


def keep_tombstones(root: Root, addresses: Collection[ArticleAddress]) -> int:
    """Take the articles at some addresses out of their table, all but the tombstones; return the number of rows."""

    def change(rows: pa.Table, selected: Mask) -> tuple[pa.Table, Mask]:
        tombstone = pc.and_(rows["deleted"], pc.equal(rows["text"], ""))
        removed = pc.and_not(selected, tombstone)
        return rows.filter(pc.invert(removed)), removed

    return _rewrite(root, "articles", ADDRESS_COLUMNS, addresses, change)


def forget_titles(root: Root, addresses: Collection[ArticleAddress]) -> int:
    """Empty title and date of the discoveries of some addresses; return the number of rows."""

    def change(rows: pa.Table, selected: Mask) -> tuple[pa.Table, Mask]:
        changed_rows = pc.and_(selected, pc.or_(pc.is_valid(rows["title"]), pc.is_valid(rows["published_at"])))
        return _with(rows, changed_rows, title=None, published_at=None), changed_rows

    return _rewrite(root, "discoveries", ADDRESS_COLUMNS, addresses, change)


def forget_details(root: Root, addresses: Collection[ArticleAddress]) -> int:
    """Empty the details and the metadata of the refusals of some addresses; return the number of rows.

    The detail of a duplicate names nothing but another address, by which a killed take-down finds this one again.
    """

    def change(rows: pa.Table, selected: Mask) -> tuple[pa.Table, Mask]:
        is_duplicate = pc.equal(rows["reason"], str(Reason.DUPLICATE))
        has_detail = pc.and_not(pc.not_equal(rows["detail"], ""), is_duplicate)
        columns = [name for name in ("title", "published_at", "language") if name in rows.column_names]
        for name in columns:
            has_detail = pc.or_(has_detail, pc.is_valid(rows[name]))
        changed_rows = pc.and_(selected, has_detail)
        emptied = _with(rows, pc.and_not(changed_rows, is_duplicate), detail="")
        return _with(emptied, changed_rows, **dict.fromkeys(columns)), changed_rows

    return _rewrite(root, "rejects", ADDRESS_COLUMNS, addresses, change)


def forget_captures(root: Root, capture_ids: Collection[str]) -> int:
    """Mark captures as forgotten and clear what would confirm their content; return the number of rows."""

    def change(rows: pa.Table, selected: Mask) -> tuple[pa.Table, Mask]:
        changed_rows = pc.and_(selected, pc.not_equal(rows["outcome"], FORGOTTEN))
        nothing = dict.fromkeys(("etag", "last_modified", "error"))
        return _with(rows, changed_rows, outcome=FORGOTTEN, payload_digest="", payload_bytes=0, **nothing), changed_rows

    return _rewrite(root, "captures", ("capture_id",), [(capture_id,) for capture_id in capture_ids], change)


def drop_rows(
    root: Root, table: str, columns: tuple[str, ...], keys: Collection[tuple[str, ...]], prefix: str, unless: str = ""
) -> int:
    """Take rows out of base files and the log files whose names begin with `prefix`; return the number of rows.

    Rows in which the column `unless` is true stay.
    """

    def change(rows: pa.Table, selected: Mask) -> tuple[pa.Table, Mask]:
        if unless in rows.column_names:
            selected = pc.and_not(selected, pc.fill_null(rows[unless], False))
        return _without(rows, selected)

    return _rewrite(root, table, columns, keys, change, prefix)


def forget_habits(root: Root, sources: Collection[str]) -> int:
    """Take out the recurring lines of some sources, to be learned anew; return the number of rows."""
    return _rewrite(root, "habits", ("source_id",), [(source_id,) for source_id in sources], _without)


def change_outcomes(root: Root, outcomes: Mapping[str, str], prefix: str) -> int:
    """Give captures, by their ids, another outcome; return the number of rows."""

    def change(rows: pa.Table, selected: Mask) -> tuple[pa.Table, Mask]:
        others = pa.array([outcomes.get(capture_id) for capture_id in rows["capture_id"].to_pylist()], pa.string())
        return rows.set_column(
            rows.schema.get_field_index("outcome"), rows.schema.field("outcome"), pc.coalesce(others, rows["outcome"])
        ), selected

    return _rewrite(root, "captures", ("capture_id",), [(capture_id,) for capture_id in outcomes], change, prefix)


def change_counts(root: Root, runs: Collection[Run], prefix: str) -> int:
    """Give runs other counts; return the number of rows changed."""
    by_id = {run.run_id: run for run in runs}

    def change(rows: pa.Table, selected: Mask) -> tuple[pa.Table, Mask]:
        selected = pc.and_(selected, pc.is_valid(rows["finished_at"]))
        ids = rows["run_id"].to_pylist()
        for name in Outcome:
            counts = pa.array([getattr(by_id[key], name) if key in by_id else None for key in ids], pa.int64())
            column = pc.if_else(selected, pc.coalesce(counts, rows[name]), rows[name])
            rows = rows.set_column(rows.schema.get_field_index(name), rows.schema.field(name), column)
        return rows, selected

    return _rewrite(root, "runs", ("run_id",), [(run_id,) for run_id in by_id], change, prefix)


def _without(rows: pa.Table, selected: Mask) -> tuple[pa.Table, Mask]:
    return rows.filter(pc.invert(selected)), selected


def _rewrite(
    root: Root,
    table: str,
    columns: tuple[str, ...],
    keys: Collection[tuple[str, ...]],
    change: Change,
    prefix: str = "",
) -> int:
    if not keys:
        return 0
    key_array = pa.array(["\0".join(key) for key in keys], pa.string())
    changed = 0
    deleted: set[str] = set()
    base_files = read_base_files(root, table)
    replaced = replaced_names(table, base_files)
    parquet = [name for name in root.names(table) if name.endswith(".parquet")]
    # Base files have the rows of many sources.
    names = [name for name in parquet if f"/{BASE}/" in name or name.rpartition("/")[2].startswith(prefix)]
    root.prefetch(names)
    for name in names:
        if name in deleted:
            continue
        if name in replaced:
            if _has_key(root, name, columns, key_array):
                # Written anew it would be taken for a file that has landed since, and merged a second time.
                replaced[name].await_visibility()
                deleted |= _delete_replaced(root, name, base_files)
        else:
            changed += _rewrite_file(root, name, columns, key_array, change)
    return changed


def _delete_replaced(root: Root, name: str, base_files: Sequence[BaseFile]) -> set[str]:
    """Delete a file that a base file has replaced, and first what it stands for itself; return the names of all.

    Without it these would count again, and their rows are in the newer base file as well.
    """
    table, deleted = name.partition("/")[0], {name}
    for base in (base for base in base_files if base.name == name):
        modified = root.modified(table)
        for other in (f"{table}/{other}" for other in base.replaces):
            # One that was landed again since is not what was merged.
            if other in modified and modified[other] <= base.created_at:
                deleted |= _delete_replaced(root, other, base_files)
    root.delete(name)
    return deleted


def _has_key(root: Root, name: str, columns: tuple[str, ...], key_array: pa.Array) -> bool:
    with _opened(root, name) as file:
        return bool(pc.any(_select(file.read(columns=list(columns)), columns, key_array)).as_py())


def _rewrite_file(root: Root, name: str, columns: tuple[str, ...], key_array: pa.Array, change: Change) -> int:
    """Replace a file if it has rows that change, a row group at a time: a base file is larger than memory may be."""
    if not _has_key(root, name, columns, key_array):
        return 0
    partial, count = root.local / PARTIAL / f"rewrite.{uuid4().hex}", 0
    make_folder(partial.parent)
    try:
        with _opened(root, name) as file, open_writer(name.partition("/")[0], partial, _whole_schema(file)) as writer:
            for group in range(file.num_row_groups):
                rows = file.read_row_group(group)
                rows, changed_rows = change(rows, _select(rows, columns, key_array))
                count += pc.sum(changed_rows).as_py() or 0
                if len(rows):
                    writer.write_table(rows, row_group_size=ROW_GROUP_ROWS)
        if count:
            root.publish_file(name, partial)
        return count
    finally:
        partial.unlink(missing_ok=True)


def _whole_schema(file: pq.ParquetFile) -> pa.Schema:
    """Return the schema of a file with what its footer says beside it, such as which files it stands for."""
    entries = {key: value for key, value in (file.metadata.metadata or {}).items() if key != b"ARROW:schema"}
    return file.schema_arrow.with_metadata(entries or None)


def _select(rows: pa.Table, columns: tuple[str, ...], key_array: pa.Array) -> Mask:
    return pc.is_in(pc.binary_join_element_wise(*(rows[column] for column in columns), "\0"), key_array)


@contextmanager
def _opened(root: Root, name: str) -> Iterator[pq.ParquetFile]:
    try:
        with root.open(name) as stream, pq.ParquetFile(stream) as file:
            yield file
    except OSError as error:
        raise StorageError.of(error, root.location(name), "read") from error
    except pa.ArrowException as error:
        cure = "put it back from a copy, and forget again"
        raise StorageError(f"{root.location(name)} is not readable as Parquet; {cure}") from error


def _with(rows: pa.Table, has_key: Mask, **values: Any) -> pa.Table:
    for number, field in enumerate(rows.schema):
        if field.name in values:
            value = pa.scalar(values[field.name], field.type)
            rows = rows.set_column(number, field, pc.if_else(has_key, value, rows[field.name]))
    return rows
