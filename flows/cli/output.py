"""Rows for people and for programs: tables, CSV, JSON, JSON Lines, Markdown, Parquet."""

from __future__ import annotations

import csv
import json
import math
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import StrEnum
from itertools import islice
from typing import IO, TYPE_CHECKING, Any, Final
from uuid import UUID

from flows.scheduling.markdown_text import escape_markdown, link_or_text

if TYPE_CHECKING:
    from rich.console import Console

Rows = Iterable[Sequence[Any]]

TABLE_ROWS: Final = 1_000
"""Rows that a table shows; the other formats write all."""
WIDEST: Final = 10_000
CELL_CHARACTERS: Final = 200
PIPE_WIDTH: Final = 240
"""Columns of a table that goes to a file or pipe, where no terminal says how many there are."""
_CONTROL: Final = re.compile("[\x00-\x1f\x7f-\x9f]")
_UNPRINTED: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""What makes a formula of a cell's text in Excel, LibreOffice or Google Sheets when it stands first."""
_RIGHT_TO_LEFT: Final = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufeff]")


class Format(StrEnum):
    """How rows are written."""

    TABLE = "table"
    CSV = "csv"
    CSV_EXCEL = "csv-excel"
    JSON = "json"
    JSONL = "jsonl"
    MARKDOWN = "markdown"
    PARQUET = "parquet"


def console(stream: IO[str] | None = None, *, stderr: bool = False) -> Console:
    """A console that colours on a terminal only and never wraps what goes elsewhere."""
    from rich.console import Console

    made = Console(file=stream, stderr=stderr, highlight=False, markup=False, emoji=False)
    return (
        made
        if made.is_terminal
        else Console(file=stream, stderr=stderr, highlight=False, markup=False, emoji=False, width=PIPE_WIDTH)
    )


def write_rows(form: Format, columns: Sequence[str], rows: Rows, stream: IO[str]) -> None:
    """Write rows as text; parquet is not text and not for here."""
    if form is Format.TABLE:
        _write_table(columns, rows, stream)
    elif form is Format.MARKDOWN:
        _write_markdown(columns, rows, stream)
    elif form is Format.CSV:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows([_flat(value) for value in row] for row in rows)
    elif form is Format.CSV_EXCEL:
        _write_for_spreadsheets(columns, rows, stream)
    else:
        _write_json(columns, rows, stream, one_array=form is Format.JSON)


def plain(value: Any) -> Any:  # noqa: PLR0911
    """A value as JSON has it: times in ISO 8601 with Z, maps as objects, NaN as null, bytes as hex."""
    if isinstance(value, datetime):
        return _instant(value)
    if isinstance(value, date | time | UUID):
        return str(value)
    if isinstance(value, timedelta):
        return str(value)
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, dict):
        return {str(key): plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [plain(inner) for inner in value]
    return value


def cell(value: Any) -> str:
    """A value on one line, for people: lists by commas, times without microseconds, long text cut."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return f"{value:.4g}" if math.isfinite(value) else str(value)
    if isinstance(value, datetime):
        return _instant(value.replace(microsecond=0)).replace("T", " ")
    if isinstance(value, list | tuple) and all(isinstance(inner, str) for inner in value):
        value = ", ".join(value)
    elif isinstance(value, list | tuple | dict):
        value = json.dumps(plain(value), ensure_ascii=False)
    line = " ".join(_CONTROL.sub(" ", str(value)).split())
    if len(line) > CELL_CHARACTERS:
        line = line[: CELL_CHARACTERS - 1] + "…"
    # An isolate keeps a right-to-left value from pulling its neighbours and the table's lines into its order.
    return f"\u2068{line}\u2069" if _RIGHT_TO_LEFT.search(line) else line


def _instant(value: datetime) -> str:
    if value.tzinfo is None:
        return value.isoformat()
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _flat(value: Any) -> Any:
    value = plain(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    return json.dumps(value, ensure_ascii=False) if isinstance(value, list | dict) else value


def _write_for_spreadsheets(columns: Sequence[str], rows: Rows, stream: IO[str]) -> None:
    """CSV as Excel and LibreOffice open it: known as UTF-8 by its first character, and no text of it a formula."""
    stream.write("\ufeff")
    # Quoted throughout: where a comma is the decimal sign, a semicolon in a bare text would begin another cell.
    writer = csv.writer(stream, quoting=csv.QUOTE_NONNUMERIC)
    writer.writerow(map(_inert, columns))
    writer.writerows([_inert(_spread(value)) for value in row] for row in rows)


def _spread(value: Any) -> Any:
    """A value as a cell of a spreadsheet has it: lists by commas, instants in UTC as it reads them."""
    if isinstance(value, datetime):
        return _instant(value.replace(microsecond=0)).replace("T", " ").removesuffix("Z")
    if isinstance(value, list | tuple) and all(isinstance(inner, str) for inner in value):
        return ", ".join(value)
    return _flat(value)


def _inert(value: Any) -> Any:
    """A text that a spreadsheet takes for text."""
    if not isinstance(value, str):
        return value
    text = _UNPRINTED.sub("", value)
    return f"'{text}" if text.startswith(_FORMULA) else text


def _write_json(columns: Sequence[str], rows: Rows, stream: IO[str], *, one_array: bool) -> None:
    separator = "[" if one_array else ""
    for row in rows:
        record = dict(zip(columns, map(plain, row), strict=True))
        stream.write(separator + ("\n" if one_array else "") + json.dumps(record, ensure_ascii=False))
        separator = "," if one_array else "\n"
    if one_array:
        stream.write("[]\n" if separator == "[" else "\n]\n")
    elif separator:
        stream.write("\n")


def _write_markdown(columns: Sequence[str], rows: Rows, stream: IO[str]) -> None:
    def line(cells: Iterable[str]) -> str:
        return f"| {' | '.join(cells)} |\n"

    stream.write(line(map(escape_markdown, columns)))
    stream.write(line("---" for _ in columns))
    stream.writelines(line(link_or_text(cell(value)) for value in row) for row in rows)


def _write_table(columns: Sequence[str], rows: Rows, stream: IO[str]) -> None:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    remaining = iter(rows)
    shown = list(islice(remaining, TABLE_ROWS))
    out = console(stream)
    for padding in (1, 0):
        table = Table(
            box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, padding, 0, 0), header_style="bold"
        )
        for index, name in enumerate(columns):
            numbers = _numbers(row[index] for row in shown)
            table.add_column(name, justify="right" if numbers else "left", overflow="fold")
        for row in shown:
            table.add_row(*(Text(cell(value)) for value in row))
        if out.measure(table, options=out.options.update(max_width=WIDEST)).maximum <= out.width:
            break
    if out.measure(table, options=out.options.update(max_width=WIDEST)).minimum > out.width:
        _write_cards(columns, shown, stream)
    else:
        with out.capture() as drawn:
            out.print(table)
        stream.write("".join(line.rstrip() + "\n" for line in drawn.get().splitlines()))
    hidden = sum(1 for _ in remaining)
    if hidden:
        out.print(f"{hidden:,} more rows; --format csv, json, jsonl or parquet writes all of them")


def _write_cards(columns: Sequence[str], rows: Rows, stream: IO[str]) -> None:
    """Rows of too many columns for a table, one under another, a line a column."""
    widest = max(map(len, columns))
    for number, row in enumerate(rows, 1):
        stream.write(f"── {number} ──\n")
        stream.writelines(
            f"{name:>{widest}}  {cell(value)}".rstrip() + "\n" for name, value in zip(columns, row, strict=True)
        )


def _numbers(values: Iterator[Any]) -> bool:
    kinds = {type(value) for value in values if value is not None}
    return bool(kinds) and kinds <= {int, float, Decimal}
