"""Rows in the format that was chosen."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Sequence
from enum import StrEnum
from pathlib import Path
from typing import IO, Any, Final

from config.errors import ConfigError
from flows.cli.table import write_table
from flows.formats.spreadsheet import write_spreadsheet
from flows.formats.values import cell_text, csv_value, json_value
from flows.scheduling.markdown_text import escape_markdown, link_or_text

Rows = Iterable[Sequence[Any]]


class Format(StrEnum):
    """How rows are written."""

    TABLE = "table"
    CSV = "csv"
    CSV_EXCEL = "csv-excel"
    JSON = "json"
    JSONL = "jsonl"
    MARKDOWN = "markdown"
    PARQUET = "parquet"
    XLSX = "xlsx"


BINARY: Final = frozenset({Format.PARQUET, Format.XLSX})
"""Formats that only a file can hold."""
ENDINGS: Final = {
    ".csv": Format.CSV,
    ".json": Format.JSON,
    ".jsonl": Format.JSONL,
    ".ndjson": Format.JSONL,
    ".md": Format.MARKDOWN,
    ".parquet": Format.PARQUET,
    ".txt": Format.TABLE,
    ".xlsx": Format.XLSX,
}


def choose_format(form: Format | None, output: Path | None) -> Format:
    """Return the format that was named, else that of the file's ending, else a table. Raises `ConfigError`."""
    if form is not None:
        return form
    if output is None or not output.suffix:
        return Format.TABLE
    if output.suffix.lower() not in ENDINGS:
        raise ConfigError(f"{output}: no format is known by this ending; use {', '.join(ENDINGS)} or name a --format")
    return ENDINGS[output.suffix.lower()]


def write_rows(form: Format, columns: Sequence[str], rows: Rows, stream: IO[str]) -> None:
    """Write rows as text, in a format that is not of `BINARY`."""
    if form is Format.TABLE:
        write_table(columns, rows, stream)
    elif form is Format.MARKDOWN:
        _write_markdown(columns, rows, stream)
    elif form is Format.CSV:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows([csv_value(value) for value in row] for row in rows)
    elif form is Format.CSV_EXCEL:
        write_spreadsheet(columns, rows, stream)
    else:
        _write_json(columns, rows, stream, as_array=form is Format.JSON)


def _write_json(columns: Sequence[str], rows: Rows, stream: IO[str], *, as_array: bool) -> None:
    separator = "[" if as_array else ""
    for row in rows:
        record = dict(zip(columns, map(json_value, row), strict=True))
        stream.write(separator + ("\n" if as_array else "") + json.dumps(record, ensure_ascii=False))
        separator = "," if as_array else "\n"
    if as_array:
        stream.write("[]\n" if separator == "[" else "\n]\n")
    elif separator:
        stream.write("\n")


def _write_markdown(columns: Sequence[str], rows: Rows, stream: IO[str]) -> None:
    def line(cells: Iterable[str]) -> str:
        return f"| {' | '.join(cells)} |\n"

    stream.write(line(map(escape_markdown, columns)))
    stream.write(line("---" for _ in columns))
    stream.writelines(line(link_or_text(cell_text(value)) for value in row) for row in rows)
