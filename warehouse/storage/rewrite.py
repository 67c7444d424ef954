"""Rows taken out of tables, or emptied: each file that holds one is replaced whole under its own name."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from warehouse.errors import StorageError
from warehouse.model.records import FORGOTTEN
from warehouse.model.vocabulary import Outcome, Reason
from warehouse.storage.arrow import to_parquet
from warehouse.storage.base_files import MAX_VISIBILITY_WAIT, BaseFile, read_base_files, replaced_names
from warehouse.storage.root import BASE

if TYPE_CHECKING:
    from warehouse.model.rows import Run
    from warehouse.storage.root import Root

ArticleAddress = tuple[str, str]  # source_id and url
Mask: TypeAlias = pa.ChunkedArray
Change = Callable[[pa.Table, Mask], tuple[pa.Table, Mask]]
"""Of a file's rows and which of them are meant: the rows as they are to be, and which changed."""

ADDRESS_COLUMNS: Final = ("source_id", "url")


def keep_tombstones(root: Root, addresses: Collection[ArticleAddress]) -> int:
    """Take the articles at some addresses out of their table, all but the tombstones; return the number of rows."""

    def change(rows: pa.Table, meant: Mask) -> tuple[pa.Table, Mask]:
        tombstone = pc.and_(rows["deleted"], pc.equal(rows["text"], ""))
        gone = pc.and_not(meant, tombstone)
        return rows.filter(pc.invert(gone)), gone

    return _rewrite(root, "articles", ADDRESS_COLUMNS, addresses, change)


def forget_titles(root: Root, addresses: Collection[ArticleAddress]) -> int:
    """Empty the titles and times in the discoveries of some addresses; return the number of rows."""

    def change(rows: pa.Table, meant: Mask) -> tuple[pa.Table, Mask]:
        changed = pc.and_(meant, pc.or_(pc.is_valid(rows["title"]), pc.is_valid(rows["published_at"])))
        return _with(rows, changed, title=None, published_at=None), changed

    return _rewrite(root, "discoveries", ADDRESS_COLUMNS, addresses, change)


def forget_details(root: Root, addresses: Collection[ArticleAddress]) -> int:
    """Empty the details of the refusals of some addresses; return the number of rows.

    That of a duplicate names nothing but another address, by which a killed take-down finds this one again.
    """

    def change(rows: pa.Table, meant: Mask) -> tuple[pa.Table, Mask]:
        spoken = pc.and_(pc.not_equal(rows["reason"], str(Reason.DUPLICATE)), pc.not_equal(rows["detail"], ""))
        changed = pc.and_(meant, spoken)
        return _with(rows, changed, detail=""), changed

    return _rewrite(root, "rejects", ADDRESS_COLUMNS, addresses, change)


def forget_captures(root: Root, capture_ids: Collection[str]) -> int:
    """Mark captures as forgotten and clear what would confirm their content; return the number of rows."""

    def change(rows: pa.Table, meant: Mask) -> tuple[pa.Table, Mask]:
        changed = pc.and_(meant, pc.not_equal(rows["outcome"], FORGOTTEN))
        nothing = dict.fromkeys(("etag", "last_modified", "error"))
        return _with(rows, changed, outcome=FORGOTTEN, payload_digest="", payload_bytes=0, **nothing), changed

    return _rewrite(root, "captures", ("capture_id",), [(capture_id,) for capture_id in capture_ids], change)


def drop_rows(
    root: Root, table: str, columns: tuple[str, ...], keys: Collection[tuple[str, ...]], prefix: str, unless: str = ""
) -> int:
    """Take rows out of the files of a table whose names begin with `prefix`; return the number of rows.

    Rows in which the column `unless` is true stay.
    """

    def change(rows: pa.Table, meant: Mask) -> tuple[pa.Table, Mask]:
        if unless in rows.column_names:
            meant = pc.and_not(meant, pc.fill_null(rows[unless], False))
        return _without(rows, meant)

    return _rewrite(root, table, columns, keys, change, prefix)


def forget_habits(root: Root, sources: Collection[str]) -> int:
    """Take out the habits of some sources, to be learned anew without what is gone; return the number of rows."""
    return _rewrite(root, "habits", ("source_id",), [(source_id,) for source_id in sources], _without)


def change_outcomes(root: Root, outcomes: Mapping[str, str], prefix: str) -> int:
    """Set the outcomes of captures by their ids; return the number of rows."""

    def change(rows: pa.Table, meant: Mask) -> tuple[pa.Table, Mask]:
        others = pa.array([outcomes.get(capture_id) for capture_id in rows["capture_id"].to_pylist()], pa.string())
        return rows.set_column(
            rows.schema.get_field_index("outcome"), rows.schema.field("outcome"), pc.coalesce(others, rows["outcome"])
        ), meant

    return _rewrite(root, "captures", ("capture_id",), [(capture_id,) for capture_id in outcomes], change, prefix)


def change_counts(root: Root, runs: Collection[Run], prefix: str) -> int:
    """Give runs other counts; return the number of rows changed."""
    by_id = {run.run_id: run for run in runs}

    def change(rows: pa.Table, meant: Mask) -> tuple[pa.Table, Mask]:
        meant = pc.and_(meant, pc.is_valid(rows["finished_at"]))
        ids = rows["run_id"].to_pylist()
        for name in Outcome:
            counts = pa.array([getattr(by_id[key], name) if key in by_id else None for key in ids], pa.int64())
            column = pc.if_else(meant, pc.coalesce(counts, rows[name]), rows[name])
            rows = rows.set_column(rows.schema.get_field_index(name), rows.schema.field(name), column)
        return rows, meant

    return _rewrite(root, "runs", ("run_id",), [(run_id,) for run_id in by_id], change, prefix)


def _without(rows: pa.Table, meant: Mask) -> tuple[pa.Table, Mask]:
    return rows.filter(pc.invert(meant)), meant


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
    joined_keys = pa.array(["\0".join(key) for key in keys], pa.string())
    changed = 0
    replaced = replaced_names(table, read_base_files(root, table))
    for name in root.names(table):
        # Base files have the rows of many sources.
        if not name.rpartition("/")[2].startswith(prefix) and f"/{BASE}/" not in name:
            continue
        if (rows_and_mask := _read(root, name, columns, joined_keys)) is None:
            continue
        rows, which = change(*rows_and_mask)
        if not (count := pc.sum(which).as_py()):
            continue
        if name in replaced:
            # Written anew it would be taken for a file that has landed since, and merged a second time.
            _await_visibility(replaced[name])
            root.delete(name)
        else:
            root.publish(name, to_parquet(table, rows))
            changed += count
    return changed


def _await_visibility(base: BaseFile) -> None:
    seconds = (base.visible_from - datetime.now(UTC)).total_seconds()
    if 0 < seconds < MAX_VISIBILITY_WAIT.total_seconds():
        time.sleep(seconds)


def _read(root: Root, name: str, columns: tuple[str, ...], joined_keys: pa.Array) -> tuple[pa.Table, Mask] | None:
    """Return the rows of a file and a mask of those that have one of the keys; None if none has."""
    if not name.endswith(".parquet"):
        return None
    try:
        with root.open(name) as file:
            parquet = pq.ParquetFile(file)
            keys = parquet.read(columns=list(columns))
            which = pc.is_in(pc.binary_join_element_wise(*(keys[column] for column in columns), "\0"), joined_keys)
            return (parquet.read(), which) if pc.any(which).as_py() else None
    except OSError as error:
        raise StorageError.of(error, root.location(name), "read") from error
    except pa.ArrowException as error:
        cure = "put it back from a copy, and forget again"
        raise StorageError(f"{root.location(name)} is not readable as Parquet; {cure}") from error


def _with(rows: pa.Table, which: Mask, **values: Any) -> pa.Table:
    for number, field in enumerate(rows.schema):
        if field.name in values:
            value = pa.scalar(values[field.name], field.type)
            rows = rows.set_column(number, field, pc.if_else(which, value, rows[field.name]))
    return rows
