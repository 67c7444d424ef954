"""Merging many Parquet files into one, by source and newest rows first; a source at a time: memory stays bounded.

Of a source with more rows than memory is to hold, some files at a time are sorted into one, and from these sorted files
one stretch of time after another is taken.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from warehouse.errors import DAMAGED_FILE, StorageError
from warehouse.storage.arrow import ROW_GROUP_ROWS, open_writer, stored_schema

# Bytes of rows as Parquet counts them, unpacked; reading and sorting takes up to ten times as much memory.
MAX_SORTED_BYTES: Final = 32_000_000
MAX_GROUP_BYTES: Final = 64_000_000
TIME_COLUMNS: Final = {
    "articles": "published_at",
    "captures": "fetched_at",
    "discoveries": "seen_at",
    "habits": "learned_at",
    "polls": "polled_at",
    "rejects": "last_seen_at",
    "runs": "started_at",
}


@dataclass(frozen=True, slots=True)
class _Part:
    """A row group of a file, and what its statistics say of it; None where they say nothing."""

    path: Path
    group: int
    rows: int
    bytes: int
    sources: tuple[str, str] | None
    times: tuple[datetime, datetime] | None
    has_null_times: bool


Change = Callable[[pa.Table], pa.Table]
Footer = Callable[[int, datetime | None], dict[str, str]]


def merge_files(
    table: str, paths: Sequence[Path], target: Path, first_id: int, footer: Footer, change: Change | None = None
) -> int:
    """Write the rows of files, by source and newest first, as one Parquet file; return their number.

    Rows of articles that have no `row_id` get one from `first_id` on. `footer` is called when all rows are written,
    with their number and, of articles, the newest `fetched_at`; what it returns goes there. `change` makes of
    rows what they are to be. Raises `StorageError`, also for a column of another type than its table has.
    """
    schema, count = stored_schema(table), 0
    newest: datetime | None = None
    try:
        parts = [part for path in paths for part in _parts(table, path)]
        with open_writer(table, target, schema) as writer:
            for rows in _row_groups(_sorted_rows(table, parts, target.parent)):
                changed = rows if change is None else change(rows)
                numbered = _number(changed, first_id + count)
                writer.write_table(numbered.cast(schema), row_group_size=ROW_GROUP_ROWS)
                count += len(changed)
                if "row_id" in schema.names:
                    newest = max(filter(None, (newest, pc.max(rows["fetched_at"]).as_py())), default=None)
            writer.add_key_value_metadata(footer(count, newest))
    except pa.ArrowException as error:
        cure = DAMAGED_FILE
        raise StorageError(f"cannot compact {table}: {' '.join(str(error).split())}; {cure}") from error
    except OSError as error:
        raise StorageError.of(error, str(target)) from error
    return count


def _parts(table: str, path: Path) -> Iterator[_Part]:
    """List the row groups of a file. Raises `StorageError` for a column of another type than its table has."""
    with pq.ParquetFile(path) as file:
        schema, metadata = stored_schema(table), file.metadata
        for field in file.schema_arrow:
            if field.name in schema.names and field.type != schema.field(field.name).type:
                raise StorageError(
                    f"{path}: column '{field.name}' of {table} is {field.type} here and must be"
                    f" {schema.field(field.name).type}; put the file back from a copy, or move it away and run its"
                    " source again"
                )
        positions = {metadata.schema.column(number).path: number for number in range(metadata.num_columns)}
        for group in range(metadata.num_row_groups):
            stored = metadata.row_group(group)
            source, moment = (stored.column(positions[name]).statistics for name in ("source_id", TIME_COLUMNS[table]))
            yield _Part(
                path, group, stored.num_rows, stored.total_byte_size, _bounds(source), _bounds(moment),
                moment is None or not moment.has_null_count or moment.null_count > 0,
            )  # fmt: skip


def _bounds(statistics: Any) -> Any:
    return (statistics.min, statistics.max) if statistics is not None and statistics.has_min_max else None


def _sorted_rows(table: str, parts: Sequence[_Part], folder: Path) -> Iterator[pa.Table]:
    by_source: dict[str, list[_Part]] = defaultdict(list)
    of_several = []
    for part in parts:
        if part.sources is not None and part.sources[0] == part.sources[1]:
            by_source[part.sources[0]].append(part)
        else:
            of_several.append(part)
    with _split_by_source(table, of_several, folder) as split_parts:
        for source_id, part in split_parts:
            by_source[source_id].append(part)
        for source_id in sorted(by_source):
            own = by_source[source_id]
            if sum(part.bytes for part in own) > MAX_SORTED_BYTES:
                yield from _sorted_in_stretches(table, own, folder)
            else:
                yield _sort(table, _read(table, own))


@contextmanager
def _split_by_source(table: str, parts: Sequence[_Part], folder: Path) -> Iterator[list[tuple[str, _Part]]]:
    """Write row groups of several sources as row groups of one source each; give these with their sources.

    Otherwise each row group would be read again for each of its sources.
    """
    if not parts:
        yield []
        return
    path, sources = folder / f"run-{uuid4().hex}.parquet", []
    try:
        schema, statistics = _nullable(stored_schema(table)), ["source_id", TIME_COLUMNS[table]]
        with pq.ParquetWriter(
            path, schema, compression="zstd", compression_level=1, write_statistics=statistics
        ) as writer:
            for part in parts:
                rows = _read(table, [part])
                for source_id in pc.unique(rows["source_id"]).to_pylist():
                    writer.write_table(rows.filter(pc.equal(rows["source_id"], source_id)), row_group_size=len(rows))
                    sources.append(source_id)
        yield list(zip(sources, _parts(table, path), strict=True))
    finally:
        path.unlink(missing_ok=True)


def _read(table: str, parts: Sequence[_Part]) -> pa.Table:
    """Read row groups; columns that an earlier release did not have are NULL."""
    schema, tables = _nullable(stored_schema(table)), []
    for path, group in groupby(parts, key=attrgetter("path")):
        with pq.ParquetFile(path) as file:
            tables += [_with_all_columns(file.read_row_group(part.group), schema) for part in group]
    return pa.concat_tables(tables) if tables else schema.empty_table()


def _with_all_columns(rows: pa.Table, schema: pa.Schema) -> pa.Table:
    columns = [
        rows[field.name] if field.name in rows.column_names else pa.nulls(len(rows), field.type) for field in schema
    ]
    return pa.Table.from_arrays(columns, schema=schema)


def _nullable(schema: pa.Schema) -> pa.Schema:
    return pa.schema([field.with_nullable(True) for field in schema])


def _sort(table: str, rows: pa.Table) -> pa.Table:
    return rows.take(pc.sort_indices(rows, sort_keys=[(TIME_COLUMNS[table], "descending", "at_end")]))


def _sorted_in_stretches(table: str, parts: Sequence[_Part], folder: Path) -> Iterator[pa.Table]:
    runs = [path for group in _by_bytes(parts) for path in [_write_run(table, group, folder)]]
    try:
        sorted_parts = [part for path in runs for part in _parts(table, path)]
        bounds = _cut(table, sorted_parts)
        for first, end in reversed(list(zip([None, *bounds], [*bounds, None], strict=True))):
            yield _sort(table, _stretch(table, sorted_parts, first, end))
        without = [part for part in sorted_parts if part.has_null_times]
        for group in _by_bytes(without):
            rows = _read(table, group)
            yield rows.filter(pc.is_null(rows[TIME_COLUMNS[table]]))
    finally:
        for path in runs:
            path.unlink(missing_ok=True)


def _by_bytes(parts: Sequence[_Part]) -> Iterator[list[_Part]]:
    group: list[_Part] = []
    for part in parts:
        if group and sum(other.bytes for other in group) + part.bytes > MAX_SORTED_BYTES:
            yield group
            group = []
        group.append(part)
    if group:
        yield group


def _write_run(table: str, parts: Sequence[_Part], folder: Path) -> Path:
    path = folder / f"run-{uuid4().hex}.parquet"
    rows = _sort(table, _read(table, parts))
    size = max(1, len(rows) * MAX_SORTED_BYTES // (16 * max(1, rows.nbytes)))
    pq.write_table(rows, path, compression="zstd", compression_level=1, row_group_size=min(ROW_GROUP_ROWS, size))
    return path


def _cut(table: str, parts: Sequence[_Part]) -> list[datetime]:
    """Return the times between stretches of about `MAX_SORTED_BYTES` each."""
    column = TIME_COLUMNS[table]
    paths = dict.fromkeys(part.path for part in parts)
    ordered = pa.concat_tables([pq.read_table(path, columns=[column]) for path in paths])[column]
    ordered = ordered.drop_null().combine_chunks().sort()
    count = sum(part.bytes for part in parts) // (MAX_SORTED_BYTES // 2) + 1
    cuts = [ordered[len(ordered) * number // count].as_py() for number in range(1, count) if len(ordered)]
    return sorted(set(cuts))


def _stretch(table: str, parts: Sequence[_Part], first: datetime | None, end: datetime | None) -> pa.Table:
    own = [
        part
        for part in parts
        if part.times is None or ((first is None or part.times[1] >= first) and (end is None or part.times[0] < end))
    ]
    tables = []
    for part in own:
        rows = _read(table, [part])
        time = rows[TIME_COLUMNS[table]]
        mask = pc.is_valid(time)
        if first is not None:
            mask = pc.and_(mask, pc.greater_equal(time, pa.scalar(first, time.type)))
        if end is not None:
            mask = pc.and_(mask, pc.less(time, pa.scalar(end, time.type)))
        tables.append(rows.filter(mask))
    return pa.concat_tables(tables) if tables else _nullable(stored_schema(table)).empty_table()


def _row_groups(tables: Iterator[pa.Table]) -> Iterator[pa.Table]:
    """Cut rows into pieces of one row group each."""
    waiting: list[pa.Table] = []
    for table in tables:
        waiting.append(table)
        rows = pa.concat_tables(waiting)
        while len(rows) >= ROW_GROUP_ROWS or rows.nbytes > MAX_GROUP_BYTES:
            size = min(len(rows), ROW_GROUP_ROWS)
            yield rows.slice(0, size)
            rows = rows.slice(size)
        waiting = [rows] if len(rows) else []
    if waiting:
        yield pa.concat_tables(waiting)


def _number(rows: pa.Table, first_id: int) -> pa.Table:
    if "row_id" not in rows.column_names:
        return rows
    position = rows.schema.get_field_index("row_id")
    ids = pa.array(range(first_id, first_id + len(rows)), pa.int64())
    return rows.set_column(position, "row_id", pc.coalesce(rows["row_id"], ids))
