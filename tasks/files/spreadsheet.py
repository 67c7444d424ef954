"""Read the sheets of a workbook (.xlsx, .xlsb, .xls, .ods) as records; each row becomes a line of JSON."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Collection, Iterator
from datetime import timedelta
from typing import IO, TYPE_CHECKING, Any, Final

from tasks.files.csv_parquet import Row, TableError, columns_of, json_line

if TYPE_CHECKING:
    from python_calamine import CalamineSheet

OLE_MAGIC: Final = b"\xd0\xcf\x11\xe0"  # of the binary form that Excel wrote before 2007
MAX_WORKBOOK_BYTES: Final = 300_000_000  # unpacked: a workbook is read into memory as a whole
_WORKBOOK_PARTS: Final = frozenset({"xl/workbook.xml", "xl/workbook.bin", "content.xml"})


def is_workbook(archive: zipfile.ZipFile) -> bool:
    """Return whether a zip is a workbook. Raises `TableError` for one that is too large."""
    if _WORKBOOK_PARTS.isdisjoint(archive.namelist()):
        return False
    if sum(part.file_size for part in archive.infolist()) > MAX_WORKBOOK_BYTES:
        raise TableError(f"it has more than {MAX_WORKBOOK_BYTES:,} bytes unpacked; save it as CSV")
    return True


def read_workbook(file: IO[bytes], body_columns: Collection[str], limit: int, skipped: list[str]) -> Iterator[Row]:
    """Return the rows of each sheet that has one of `body_columns`, numbered as the sheet does; the first names them.

    Raises `TableError` if no sheet can be read.
    """
    from python_calamine import CalamineError, CalamineWorkbook

    problems: list[str] = []
    has_table = False
    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(file.read()))
        for name in book.sheet_names:
            sheet = book.get_sheet_by_name(name)
            try:
                yield from _read_sheet(sheet, body_columns, limit)
                has_table = has_table or sheet.height > 0
            except TableError as error:
                problems.append(f"sheet '{name[:60]}': {error}")
    except CalamineError as error:
        raise TableError(f"not readable as a workbook: {error}; save it as CSV") from None
    if has_table:
        skipped.extend(f"Passed over: {problem}." for problem in problems)
    else:
        raise TableError(problems[0] if problems else "it is empty; its first row must name the columns")


def _read_sheet(sheet: CalamineSheet, body_columns: Collection[str], limit: int) -> Iterator[Row]:
    names: list[str] = []
    for number, cells in enumerate(sheet.to_python(skip_empty_area=False), 1):
        if not names and any(cells):
            names = columns_of([str(cell) for cell in cells], body_columns)
        elif any(cell != "" for cell in cells):
            yield Row(number, json_line(dict(zip(names, map(_cell_value, cells), strict=False)), limit))


def _cell_value(cell: Any) -> Any:
    """Return a cell as JSON has it; all numbers of a workbook are fractions."""
    if isinstance(cell, float) and cell.is_integer():
        return int(cell)
    return str(cell) if isinstance(cell, timedelta) else cell
