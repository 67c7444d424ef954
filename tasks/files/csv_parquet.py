"""Read CSV and Parquet as records: each row becomes the line that it would be in JSON Lines."""

from __future__ import annotations

import csv
import io
import json
import math
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import date, time
from itertools import count
from typing import IO, TYPE_CHECKING, Any, Final, NamedTuple
from urllib.parse import urlsplit

from tasks.text.decode import Refusal
from tasks.text.decompress import PACKED_SUFFIXES
from tasks.text.text_lines import SAMPLE_BYTES, file_charset, mend_text, open_text, read_sample
from warehouse.model.vocabulary import Reason
from warehouse.wording import lower_first

if TYPE_CHECKING:
    import pyarrow

CSV: Final = ("csv", "tsv")
PARQUET: Final = "parquet"
_MAX_SAMPLE_ROWS: Final = 50
_DELIMITERS: Final = ",;\t|"
_BATCH_ROWS: Final = 128  # of Parquet, in memory together: a row may be a whole page
_MAX_SHOWN_CHARACTERS: Final = 200


class TableError(Exception):
    """Records that cannot be read, or not to the end; the text is a sentence without the file's name."""


class Row(NamedTuple):
    """A record of a file: its number from 1, its JSON or the reason why there is none, and what the file calls it."""

    number: int
    content: bytes | Reason
    unit: str = "row"


def table_kind(address: str) -> str | None:
    """Return `csv`, `tsv` (also packed) or `parquet` by the end of a path or URL; None if it is no table."""
    path = urlsplit(address).path if "://" in address else address
    name = path.lower()
    if name.endswith(f".{PARQUET}"):
        return PARQUET
    for packing in (*PACKED_SUFFIXES, ".zip"):
        name = name.removesuffix(packing)
    ending = name.rpartition(".")[2]
    return ending if ending in CSV else None


def read_csv(stream: io.BufferedReader, kind: str, body_columns: Collection[str], limit: int) -> Iterator[Row]:
    """Return the rows after the header; rows are numbered as spreadsheets do, the header being 1.

    An empty cell is left out. The table must have one of `body_columns`. A row over `limit` bytes is never in memory
    as a whole: mostly it opens a quote and never closes it. Raises `TableError`, after all that could be read.
    """
    sample = read_sample(stream)
    charset = _charset(sample)
    delimiter = "\t" if kind == "tsv" else _delimiter(sample.decode(charset, "replace").lstrip("\ufeff"))
    lines = _RowLines(open_text(stream, charset), limit)
    # One setting for the whole process; cells are bounded by `_RowLines`.
    csv.field_size_limit(max(csv.field_size_limit(), 2**31 - 1))
    names: list[str] = []
    for number, cells in _numbered_rows(lines, delimiter):
        if isinstance(cells, Reason):
            yield Row(number, cells)
        elif not names:
            names = columns_of(cells, body_columns)
        elif len(cells) > len(names) and any(cells[len(names) :]):
            yield Row(number, Reason.BAD_RECORD)
        else:
            yield Row(number, json_line(dict(zip(names, map(mend_text, cells), strict=False)), limit))
    if not names:
        raise TableError("it is empty; its first row must name the columns")


def read_parquet(stream: IO[bytes], body_columns: Collection[str], limit: int) -> Iterator[Row]:
    """Return the rows, numbered from 1. Dates become ISO 8601, binary cells text if they are UTF-8, else hex digits.

    The table must have one of `body_columns`. Raises `TableError`, after all that could be read.
    """
    import pyarrow
    import pyarrow.parquet

    number = 0
    try:
        with pyarrow.parquet.ParquetFile(stream, pre_buffer=False, buffer_size=SAMPLE_BYTES) as file:
            columns_of(file.schema_arrow.names, body_columns)
            for batch in file.iter_batches(batch_size=_BATCH_ROWS):
                for cells in _cells(batch):
                    number += 1
                    yield Row(number, Reason.BAD_RECORD if cells is None else json_line(cells, limit))
    except (pyarrow.ArrowException, OSError) as error:
        reason = str(error).splitlines()[0][:_MAX_SHOWN_CHARACTERS] if str(error) else "it is damaged"
        raise TableError(f"not readable as Parquet after row {number:,}: {reason}") from None


_END_LINE: Final = "\0end of the table\0"


class _TooLongError(Exception):
    pass


class _RowLines:
    """The lines of a CSV file, at most `limit` bytes a row, and a line of our own after the last.

    The csv module takes a quote that only the file's end closes for a whole cell; our line is then a part of it.
    """

    def __init__(self, lines: io.TextIOWrapper, limit: int) -> None:
        self._lines = lines
        self._limit = limit
        self._row_bytes = 0
        self.has_ended = False

    def __iter__(self) -> _RowLines:
        return self

    def begin_row(self) -> None:
        self._row_bytes = 0

    def __next__(self) -> str:
        line = self._lines.readline(self._limit + 2)
        if not line:
            if self.has_ended:
                raise StopIteration
            self.has_ended = True
            return _END_LINE
        self._row_bytes += len(line)
        if self._row_bytes > self._limit:
            while line and not line.endswith(("\n", "\r")):
                line = self._lines.readline(self._limit)
            raise _TooLongError
        return line


def _numbered_rows(lines: _RowLines, delimiter: str) -> Iterator[tuple[int, list[str] | Reason]]:
    """Return the cells of each row that is not empty, or `TOO_LARGE`. Raises `TableError`."""
    rows = csv.reader(lines, delimiter=delimiter)
    for number in count(1):
        lines.begin_row()
        try:
            cells = next(rows)
        except StopIteration:
            return
        except _TooLongError:
            yield number, Reason.TOO_LARGE
            continue
        except csv.Error as error:
            raise TableError(f"row {number:,}: {error}") from None
        if lines.has_ended and cells != [_END_LINE]:
            raise TableError(f"row {number:,} opens a quote that is never closed; the rows before it were taken")
        if any(cells) and cells != [_END_LINE]:
            yield number, cells


def _charset(sample: bytes) -> str:
    charset = file_charset(sample)
    if isinstance(charset, Refusal):
        raise TableError(f"not a table: {lower_first(charset.detail).rstrip('.')}")
    return charset


def _delimiter(sample: str) -> str:
    """Return the delimiter that cuts most of the first rows into as many cells as the first row, and that into most."""

    def score(delimiter: str) -> tuple[int, int]:
        rows = csv.reader(io.StringIO(sample, newline=""), delimiter=delimiter)
        with suppress(csv.Error):
            sizes = [len(cells) for _, cells in zip(range(_MAX_SAMPLE_ROWS), rows, strict=False) if cells]
            if sizes and sizes[0] > 1:
                return Counter(sizes)[sizes[0]], sizes[0]
        return 0, 0

    return max(_DELIMITERS, key=score)


def columns_of(names: Sequence[str], body_columns: Collection[str]) -> list[str]:
    """Return the column names, stripped; a column without a name is left out of every record. Raises `TableError`."""
    columns = [name.strip() for name in names]
    nonempty = [name for name in columns if name]
    if repeated := next((name for name, times in Counter(nonempty).items() if times > 1), None):
        raise TableError(f"two columns are named '{repeated[:60]}'")
    if not any(name in columns or name.partition(".")[0] in columns for name in body_columns):
        existing = ", ".join(nonempty)[:_MAX_SHOWN_CHARACTERS]
        needed = " or ".join(f"'{name}'" for name in body_columns)
        raise TableError(f"no column is named {needed}; it has: {existing}; say with `fields` which is which")
    return columns


def json_line(cells: Mapping[str, Any], limit: int) -> bytes | Reason:
    """Return a row as JSON, without empty cells; `TOO_LARGE` above `limit` bytes."""
    record = {name: value for name, cell in cells.items() if name and (value := _json_value(cell)) not in (None, "")}
    line = json.dumps(record, ensure_ascii=False, default=str).encode("utf-8", "replace")
    return line if len(line) <= limit else Reason.TOO_LARGE


def _cells(batch: pyarrow.RecordBatch) -> Iterator[dict[str, Any] | None]:
    """Return each row's values; None if it holds something that Python has no value for, such as the year 20000."""
    import pyarrow

    for index, field in enumerate(batch.schema):
        if pyarrow.types.is_timestamp(field.type) and field.type.unit == "ns":
            exact = pyarrow.timestamp("us", field.type.tz)
            batch = batch.set_column(index, field.name, batch.column(index).cast(exact, safe=False))
    try:
        yield from batch.to_pylist()
    except (ValueError, OverflowError):
        for index in range(batch.num_rows):
            try:
                yield batch.slice(index, 1).to_pylist()[0]
            except (ValueError, OverflowError):
                yield None


def _json_value(value: Any) -> Any:
    """Convert a cell to what JSON can hold."""
    match value:
        case bytes():
            converted: Any = _text_or_hex(value)
        case date() | time():
            converted = value.isoformat()
        case float() if not math.isfinite(value):
            converted = None
        case dict():
            converted = {str(key): _json_value(inner) for key, inner in value.items()}
        case list():
            converted = [_json_value(inner) for inner in value]
        case _:
            converted = value
    return converted


def _text_or_hex(cell: bytes) -> str:
    try:
        return cell.decode("utf-8")
    except UnicodeDecodeError:
        return cell.hex()
