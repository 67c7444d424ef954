"""Rows of records as Arrow tables, and these as Parquet."""

from __future__ import annotations

from itertools import accumulate
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from warehouse.model.schema import SCHEMAS
from warehouse.storage.root import SUPERSEDED

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence
    from datetime import datetime

    from warehouse.model.schema import Row

# Small groups would cost a footer more each; of large ones a look-up reads more than it needs.
ROW_GROUP_ROWS: Final = 10_000
MAX_FALSE_POSITIVES: Final = 0.01
# The columns that get a Bloom filter, so that the look-up of one id reads one file and not all.
LOOKED_UP_COLUMNS: Final = {
    "articles": ("article_id", "version_id", "url", "canonical_url", "normalized_url", "capture_id"),
    "captures": ("capture_id", "url", "payload_digest"),
    "discoveries": ("url", "normalized_url", "guid"),
    "rejects": ("url",),
}
SORT_COLUMNS: Final = {"articles": "published_at", "captures": "warc_offset", "discoveries": "seen_at"}
COLUMNS_FILLED_AT_LANDING: Final = {"articles": ("landed_at",), "rejects": ("first_seen_at", "last_seen_at")}


def to_arrow(table: str, rows: Sequence[Row], now: datetime) -> pa.Table:
    """Return the rows in their table's schema and order; columns that landing fills are filled with `now`."""
    if (order := SORT_COLUMNS.get(table)) is not None:
        rows = sorted(rows, key=lambda row: ((value := getattr(row, order)) is None, value or 0))
    filled = COLUMNS_FILLED_AT_LANDING.get(table, ())
    columns = []
    for field in SCHEMAS[table]:
        values = [getattr(row, field.name) for row in rows]
        if field.name in filled:
            values = [now if value is None else value for value in values]
        columns.append(_column(values, field.type))
    return pa.Table.from_arrays(columns, schema=SCHEMAS[table])


def to_parquet(table: str, rows: pa.Table) -> memoryview:
    """Return the content of a table's file with these rows."""
    sink = pa.BufferOutputStream()
    with open_writer(table, sink, rows.schema, len(rows)) as writer:
        writer.write_table(rows, row_group_size=ROW_GROUP_ROWS)
    return memoryview(sink.getvalue())


def open_writer(table: str, target: Any, schema: pa.Schema, rows: int = ROW_GROUP_ROWS) -> pq.ParquetWriter:
    """Open a writer for a table's file, to a path or stream; `rows` is about how many a row group will have."""
    options = {"ndv": max(1, min(rows, ROW_GROUP_ROWS)), "fpp": MAX_FALSE_POSITIVES}
    filters = dict.fromkeys(LOOKED_UP_COLUMNS.get(table, ()), options) or None
    return pq.ParquetWriter(
        target,
        schema,
        compression="zstd",
        compression_level=3,
        bloom_filter_options=filters,
        write_page_checksum=True,
    )


def stored_schema(table: str) -> pa.Schema:
    """Return the schema of a table's base files: its own, and for articles the id by which a row is superseded.

    `superseded` is the table of these ids.
    """
    if table == SUPERSEDED:
        return pa.schema({"row_id": pa.int64()})
    schema = SCHEMAS[table]
    return schema.append(pa.field("row_id", pa.int64())) if table == "articles" else schema


def _column(values: Sequence[Any], kind: pa.DataType) -> pa.Array:
    """Return values of a record type as an array; the fields of nested records are columns too, not objects each."""
    if pa.types.is_struct(kind):
        fields = [_column([getattr(value, part.name) for value in values], part.type) for part in kind]
        return pa.StructArray.from_arrays(fields, fields=list(kind))
    if pa.types.is_list(kind):
        items = [item for value in values for item in value]
        return pa.ListArray.from_arrays(_offsets(values), _column(items, kind.value_type), type=kind)
    if pa.types.is_map(kind):
        keys = _column([key for value in values for key in value], kind.key_type)
        items = _column([item for value in values for item in value.values()], kind.item_type)
        return pa.MapArray.from_arrays(_offsets(values), keys, items, type=kind)
    try:
        return pa.array(values, kind)
    except UnicodeEncodeError:
        # One lone surrogate, say from a file name that is not UTF-8, would otherwise cost the whole batch.
        return pa.array([_encodable(value) for value in values], kind)


def _offsets(values: Iterable[Collection[Any]]) -> pa.Array:
    return pa.array([0, *accumulate(map(len, values))], pa.int32())


def _encodable(value: Any) -> Any:
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else value
