"""Excel workbooks."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from flows.cli.console import warn
from flows.formats.spreadsheet import UNPRINTABLE, joined
from flows.formats.values import csv_value
from warehouse.errors import QueryError
from warehouse.wording import count_of

if TYPE_CHECKING:
    from xlsxwriter.worksheet import Worksheet

MAX_ROWS: Final = 1_048_575  # of a sheet, without the line of names
MAX_CELL_CHARACTERS: Final = 32_767
FIRST_YEAR: Final = 1900  # Excel knows no time before it
MAX_EXACT_INTEGER: Final = 10**15  # Excel holds fifteen digits of a number


def write_workbook(columns: Sequence[str], rows: Iterable[Sequence[Any]], path: Path) -> None:
    """Write rows to a workbook of one sheet; times stand as their zone shows them, lists are joined by commas.

    A text that is too long for a cell is cut, and a line on stderr counts those. Raises `QueryError` for more rows than
    a sheet holds.
    """
    import xlsxwriter

    options = {
        "constant_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "default_date_format": "yyyy-mm-dd hh:mm:ss",
        "remove_timezone": True,
    }
    cut = 0
    with xlsxwriter.Workbook(path, options) as workbook:
        sheet = workbook.add_worksheet("rows")
        day = workbook.add_format({"num_format": "yyyy-mm-dd"})
        sheet.write_row(0, 0, columns, workbook.add_format({"bold": True}))
        sheet.freeze_panes(1, 0)
        for number, row in enumerate(rows, 1):
            if number > MAX_ROWS:
                raise QueryError(f"a sheet holds {MAX_ROWS:,} rows; write csv or parquet, or ask for fewer")
            for index, value in enumerate(row):
                cut += _write_cell(sheet, number, index, value, day)
    if cut:
        were_cut = f"{count_of(cut, 'text')} {'was' if cut == 1 else 'were'} cut"
        warn(f"{were_cut}: a cell holds {MAX_CELL_CHARACTERS:,} characters; csv and parquet hold all")


def _write_cell(sheet: Worksheet, row: int, column: int, value: Any, day: Any) -> bool:
    """Write one value, and return whether it was cut."""
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return False
    if isinstance(value, bool):
        sheet.write_boolean(row, column, value)
    elif isinstance(value, float | Decimal) or (isinstance(value, int) and abs(value) < MAX_EXACT_INTEGER):
        sheet.write_number(row, column, value)
    elif isinstance(value, datetime) and value.year >= FIRST_YEAR:
        sheet.write_datetime(row, column, value)
    elif isinstance(value, date) and value.year >= FIRST_YEAR:
        sheet.write_datetime(row, column, value, day)
    else:
        text = UNPRINTABLE.sub("", str(csv_value(joined(value))))
        sheet.write_string(row, column, text[:MAX_CELL_CHARACTERS])
        return len(text) > MAX_CELL_CHARACTERS
    return False
