"""Tables as records: each row of a CSV or Parquet file as the line that it would be in JSON Lines."""

from __future__ import annotations

import codecs
import csv
import io
import json
import math
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import date, time
from typing import IO, TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from tasks.http.content_coding import PackedError
from tasks.text.decode import Decoded, decode
from warehouse.model.vocabulary import Reason

if TYPE_CHECKING:
    import pyarrow

CSV: Final = ("csv", "tsv")
PARQUET: Final = "parquet"
Row = tuple[int, bytes | Reason]
"""Its number, and its JSON or why there is none."""

_SAMPLE: Final = 131_072
_SAMPLE_ROWS: Final = 50
_DELIMITERS: Final = ",;\t|"
_BATCH: Final = 128
"""Rows of Parquet in memory together: a row may be a whole page."""


class TableError(Exception):
    """A table that cannot be read, or not to its end; the text is a sentence without the file's name."""


def table_kind(address: str) -> str | None:
    """`csv`, `tsv` (also packed) or `parquet`, by the end of a path or URL; None for what is no table."""
    path = urlsplit(address).path if "://" in address else address
    name = path.lower()
    if name.endswith(f".{PARQUET}"):
        return PARQUET
    ending = name.removesuffix(".gz").removesuffix(".zst").rpartition(".")[2]
    return ending if ending in CSV else None


def read_csv(stream: io.BufferedReader, kind: str, wanted: Collection[str], limit: int) -> Iterator[Row]:
    """The rows after the first, which names the columns; rows are numbered as spreadsheets do, that one being 1.

    An empty cell is left out. `wanted` are names of which the table must have one. A row over `limit` bytes is not
    held: it is mostly one that opens a quote and never closes it. Raises `TableError`, after all that could be read.
    """
    sample = _head(stream)
    charset, errors = _charset(sample)
    delimiter = "\t" if kind == "tsv" else _delimiter(sample.decode(charset, "replace"))
    feed = _Feed(io.TextIOWrapper(stream, charset, errors, newline=""), limit)
    # One setting for the whole process; cells are bounded by the feed.
    csv.field_size_limit(max(csv.field_size_limit(), 2**31 - 1))
    rows = csv.reader(feed, delimiter=delimiter)
    names: list[str] = []
    number = 0
    while True:
        number += 1
        feed.begin()
        try:
            cells = next(rows)
        except StopIteration:
            break
        except _TooLongError:
            yield number, Reason.TOO_LARGE
            continue
        except csv.Error as error:
            raise TableError(f"row {number:,}: {error}") from None
        if feed.ended and cells != [_END]:
            raise TableError(f"row {number:,} opens a quote that is never closed; the rows before it were taken")
        if not any(cells) or cells == [_END]:
            continue
        if not names:
            names = _columns(cells, wanted)
        elif len(cells) > len(names) and any(cells[len(names) :]):
            yield number, Reason.BAD_RECORD
        else:
            yield number, _row(dict(zip(names, map(_mended, cells), strict=False)), limit)
    if not names:
        raise TableError("it is empty; its first row must name the columns")


def read_parquet(stream: IO[bytes], wanted: Collection[str], limit: int) -> Iterator[Row]:
    """The rows, numbered from 1. Dates become ISO 8601, binary cells text where they are UTF-8 and else hex digits.

    `wanted` are names of which the table must have one. Raises `TableError`, after all that could be read.
    """
    import pyarrow
    import pyarrow.parquet

    number = 0
    try:
        with pyarrow.parquet.ParquetFile(stream, pre_buffer=False, buffer_size=_SAMPLE) as file:
            _columns(file.schema_arrow.names, wanted)
            for batch in file.iter_batches(batch_size=_BATCH):
                for cells in _cells(batch):
                    number += 1
                    yield number, Reason.BAD_RECORD if cells is None else _row(cells, limit)
    except (pyarrow.ArrowException, OSError) as error:
        said = str(error).splitlines()[0][:200] if str(error) else "it is damaged"
        raise TableError(f"not readable as Parquet after row {number:,}: {said}") from None


_END: Final = "\0end of the table\0"


class _TooLongError(Exception):
    pass


class _Feed:
    """Lines for the csv module, at most so many bytes a row, and one of our own after the last.

    The csv module takes a quote that the file's end closes for a whole cell; ours would then be a part of it.
    """

    def __init__(self, lines: io.TextIOWrapper, limit: int) -> None:
        self._lines = lines
        self._limit = limit
        self._row = 0
        self.ended = False

    def __iter__(self) -> _Feed:
        return self

    def begin(self) -> None:
        self._row = 0

    def __next__(self) -> str:
        line = self._lines.readline(self._limit + 2)
        if not line:
            if self.ended:
                raise StopIteration
            self.ended = True
            return _END
        self._row += len(line)
        if self._row > self._limit:
            while line and not line.endswith(("\n", "\r")):
                line = self._lines.readline(self._limit)
            raise _TooLongError
        return line


def _head(stream: io.BufferedReader) -> bytes:
    sample = b""
    # Damage is told where the rows come to it.
    with suppress(PackedError):
        while len(sample) < _SAMPLE and (piece := stream.read1(_SAMPLE)):
            sample += piece
    stream.seek(0)
    return sample


def _charset(sample: bytes) -> tuple[str, str]:
    """A codec for the whole file, by its first block, and what to do with bytes that are not of it."""
    if sample.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16", "replace"
    whole = sample[: sample.rfind(b"\n") + 1] or sample
    with suppress(UnicodeDecodeError):
        whole.decode("utf-8")
        # Bytes of another charset further on are kept, for each cell to be judged by itself.
        return "utf-8-sig", "surrogateescape"
    decoded = decode(whole)
    if not isinstance(decoded, Decoded):
        raise TableError(f"not a table: {decoded.detail[:1].lower()}{decoded.detail[1:].rstrip('.')}")
    return decoded.charset, "replace"


def _delimiter(sample: str) -> str:
    """The one that divides most of the first rows into as many cells as the first, and that into most."""

    def fits(delimiter: str) -> tuple[int, int]:
        rows = csv.reader(io.StringIO(sample, newline=""), delimiter=delimiter)
        with suppress(csv.Error):
            sizes = [len(cells) for _, cells in zip(range(_SAMPLE_ROWS), rows, strict=False) if cells]
            if sizes and sizes[0] > 1:
                return Counter(sizes)[sizes[0]], sizes[0]
        return 0, 0

    return max(_DELIMITERS, key=fits)


def _columns(names: Sequence[str], wanted: Collection[str]) -> list[str]:
    """The names, checked; a column without one is left out of every record."""
    columns = [name.strip() for name in names]
    named = [name for name in columns if name]
    if twice := next((name for name, times in Counter(named).items() if times > 1), None):
        raise TableError(f"two columns are named '{twice[:60]}'")
    if not any(name in columns or name.partition(".")[0] in columns for name in wanted):
        shown = ", ".join(named)[:200]
        sought = " or ".join(f"'{name}'" for name in wanted)
        raise TableError(f"no column is named {sought}; it has: {shown}; say with `fields` which is which")
    return columns


def _mended(cell: str) -> str:
    if cell.isascii() or not any("\udc80" <= character <= "\udcff" for character in cell):
        return cell
    read = decode(cell.encode("utf-8", "surrogateescape"))
    return read.text if isinstance(read, Decoded) else cell.encode("utf-8", "replace").decode()


def _row(cells: Mapping[str, Any], limit: int) -> bytes | Reason:
    stated = {name: value for name, cell in cells.items() if name and (value := _plain(cell)) not in (None, "")}
    line = json.dumps(stated, ensure_ascii=False, default=str).encode("utf-8", "replace")
    return line if len(line) <= limit else Reason.TOO_LARGE


def _cells(batch: pyarrow.RecordBatch) -> Iterator[dict[str, Any] | None]:
    """Each row's values; None for one that holds what Python has no value for, such as the year 20000."""
    import pyarrow

    for place, field in enumerate(batch.schema):
        if pyarrow.types.is_timestamp(field.type) and field.type.unit == "ns":
            exact = pyarrow.timestamp("us", field.type.tz)
            batch = batch.set_column(place, field.name, batch.column(place).cast(exact, safe=False))
    try:
        yield from batch.to_pylist()
    except (ValueError, OverflowError):
        for place in range(batch.num_rows):
            try:
                yield batch.slice(place, 1).to_pylist()[0]
            except (ValueError, OverflowError):
                yield None


def _plain(value: Any) -> Any:
    """A cell as JSON has it."""
    match value:
        case bytes():
            plain: Any = _decoded(value)
        case date() | time():
            plain = value.isoformat()
        case float() if not math.isfinite(value):
            plain = None
        case dict():
            plain = {str(key): _plain(inner) for key, inner in value.items()}
        case list():
            plain = [_plain(inner) for inner in value]
        case _:
            plain = value
    return plain


def _decoded(cell: bytes) -> str:
    try:
        return cell.decode("utf-8")
    except UnicodeDecodeError:
        return cell.hex()
