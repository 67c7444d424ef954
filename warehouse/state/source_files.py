"""The files of one source: its own log files, and the base files, which have rows of many sources."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from warehouse.errors import DAMAGED_FILE, StorageError, cure_of
from warehouse.storage.base_files import read_base_file, replaced_names
from warehouse.storage.root import BASE

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from warehouse.storage.root import Root

_SCHEMA_MONTH = "landed_month=0000-00"


class Stamp(NamedTuple):
    """Size in bytes and time of change in nanoseconds, in an object store a digest of its etag.

    Another file under the same name has others.
    """

    size: int
    modified: int


def list_files(root: Root, table: str, source_id: str) -> dict[str, Stamp]:
    """Map the names of a table's files that may have rows of a source to their stamps; log files come first.

    Those of a source whose id begins with this one and `-` are among them. Raises `StorageError`.
    """
    try:
        stamps = _in_folder(root, table, source_id) if root.is_folder else _in_store(root, table, source_id)
    except OSError as error:
        raise StorageError.of(error, root.location(table), "read") from error
    return dict(sorted(stamps.items(), key=lambda item: (is_base(item[0]), item[0])))


def current_files(root: Root, table: str, source_id: str) -> list[str]:
    """Return the names of a table's files that together have each row of a source once. Raises `StorageError`."""
    names = list(list_files(root, table, source_id))
    root.prefetch(names)
    replaced = replaced_names(table, [read_base_file(root, name) for name in names if is_base(name)])
    return [name for name in names if name not in replaced]


def is_base(name: str) -> bool:
    """Return whether a name is that of a base file."""
    return f"/{BASE}/" in name


def _may_hold(name: str, source_id: str) -> bool:
    _, folder, filename = name.rsplit("/", 2)
    if not filename.endswith(".parquet") or folder == _SCHEMA_MONTH:
        return False
    return filename[0].isdigit() if folder == BASE else filename.startswith(f"{source_id}-")


def _in_folder(root: Root, table: str, source_id: str) -> dict[str, Stamp]:
    stamps: dict[str, Stamp] = {}
    with suppress(FileNotFoundError), os.scandir(root.location(table)) as folders:
        for folder in folders:
            if not folder.is_dir():
                continue
            with os.scandir(folder.path) as files:
                for file in files:
                    name = f"{table}/{folder.name}/{file.name}"
                    if _may_hold(name, source_id):
                        with suppress(FileNotFoundError):  # compaction has just deleted it
                            status = file.stat()
                            stamps[name] = Stamp(status.st_size, status.st_mtime_ns)
    return stamps


def _in_store(root: Root, table: str, source_id: str) -> dict[str, Stamp]:
    entries = root.objects().entries(table)
    return {entry.name: Stamp(entry.size, entry.stamp) for entry in entries if _may_hold(entry.name, source_id)}


def read_rows(root: Root, name: str, source_id: str, columns: Sequence[str]) -> Iterator[tuple[Any, ...]]:
    """Yield the rows of a source in a file, a row group at a time; times are microseconds since 1970.

    A column that an earlier release did not have is None. Raises FileNotFoundError, `StorageError`.
    """
    try:
        with root.open(name) as stream, pq.ParquetFile(stream) as file:
            stored = set(file.schema_arrow.names)
            for group in _groups_of(file, source_id):
                rows = file.read_row_group(group, ["source_id", *(column for column in columns if column in stored)])
                rows = rows.filter(pc.equal(rows["source_id"], source_id))
                yield from zip(*(_values(rows, column) for column in columns), strict=True)
    except FileNotFoundError:
        raise
    except (OSError, pa.ArrowException) as error:
        sentence = " ".join(str(error).split())
        cure = cure_of(sentence, DAMAGED_FILE)
        raise StorageError(f"cannot read the warehouse: {root.location(name)}: {sentence}; {cure}") from error


def _groups_of(file: pq.ParquetFile, source_id: str) -> Iterator[int]:
    """Yield the row groups that may have rows of a source, by the statistics of its column."""
    position = file.schema_arrow.names.index("source_id")
    for group in range(file.num_row_groups):
        column = file.metadata.row_group(group).column(position)
        statistics = column.statistics if column.path_in_schema == "source_id" else None
        if statistics is None or not statistics.has_min_max or statistics.min <= source_id <= statistics.max:
            yield group


def _values(rows: pa.Table, column: str) -> list[Any]:
    if column not in rows.column_names:
        return [None] * len(rows)
    values = rows[column]
    return (values.cast(pa.int64()) if pa.types.is_timestamp(values.type) else values).to_pylist()  # type: ignore[no-any-return]
