"""CSV that Excel and LibreOffice open safely."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import IO, Any, Final

from flows.formats.values import csv_value, instant_text

UNPRINTABLE: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
# A text that begins so is a formula to Excel, LibreOffice or Google Sheets.
_FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def write_spreadsheet(columns: Sequence[str], rows: Iterable[Sequence[Any]], stream: IO[str]) -> None:
    """Write CSV for Excel and LibreOffice: known as UTF-8 by its first character, and no text of it a formula."""
    stream.write("\ufeff")
    # Quoted throughout: where a comma is the decimal sign, a semicolon in a bare text would begin another cell.
    writer = csv.writer(stream, quoting=csv.QUOTE_NONNUMERIC)
    writer.writerow(map(_without_formula, columns))
    writer.writerows([_without_formula(_cell_value(value)) for value in row] for row in rows)


def _cell_value(value: Any) -> Any:
    """Return a value as a cell of a spreadsheet has it: lists by commas, instants in UTC as it reads them."""
    if isinstance(value, datetime):
        return instant_text(value.replace(microsecond=0)).replace("T", " ").removesuffix("Z")
    return csv_value(joined(value))


def joined(value: Any) -> Any:
    """Return a list of texts as one text, by commas; any other value as it is."""
    if isinstance(value, list | tuple) and all(isinstance(inner, str) for inner in value):
        return ", ".join(value)
    return value


def _without_formula(value: Any) -> Any:
    """Return a text so that a spreadsheet takes it for text."""
    if not isinstance(value, str):
        return value
    text = UNPRINTABLE.sub("", value)
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text
