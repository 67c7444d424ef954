"""Values of rows as text: for JSON, for CSV, and for people."""

from __future__ import annotations

import json
import math
import re
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

MAX_CELL_CHARACTERS: Final = 200
_READ_CHARACTERS: Final = 10 * MAX_CELL_CHARACTERS  # of a text, to make a cell of it: the text may be a whole document
_CONTROL: Final = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_RIGHT_TO_LEFT: Final = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufeff]")


def json_value(value: Any) -> Any:  # noqa: PLR0911
    """Return a value as JSON has it: times in ISO 8601 with Z, maps as objects, NaN as null, bytes as hex."""
    if isinstance(value, datetime):
        return instant_text(value)
    if isinstance(value, date | time | timedelta | UUID):
        return str(value)
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, dict):
        return {str(key): json_value(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [json_value(inner) for inner in value]
    return value


def cell_text(value: Any) -> str:
    """Return a value on one line, for people: lists by commas, times without microseconds, long text cut."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return f"{value:.4g}" if math.isfinite(value) else str(value)
    if isinstance(value, datetime):
        return instant_text(value.replace(microsecond=0)).replace("T", " ")
    if isinstance(value, list | tuple) and all(isinstance(inner, str) for inner in value):
        value = ", ".join(value)
    elif isinstance(value, list | tuple | dict):
        value = json.dumps(json_value(value), ensure_ascii=False)
    text = str(value)
    line = " ".join(on_one_line(text[:_READ_CHARACTERS]).split())
    if len(line) > MAX_CELL_CHARACTERS or len(text) > _READ_CHARACTERS:
        line = line[: MAX_CELL_CHARACTERS - 1] + "…"
    # An isolate keeps a right-to-left value from pulling its neighbours and the table's lines into its order.
    return f"\u2068{line}\u2069" if _RIGHT_TO_LEFT.search(line) else line


def on_one_line(text: str) -> str:
    """Return a text with a space in the place of each control character: it begins no line, and steers no terminal."""
    return _CONTROL.sub(" ", text)


def instant_text(value: datetime) -> str:
    """Return a moment in ISO 8601, in the zone that it is in; UTC is written as Z."""
    return value.isoformat().replace("+00:00", "Z")


def csv_value(value: Any) -> Any:
    """Return a value as CSV has it: as in JSON, lists and maps as JSON text."""
    value = json_value(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    return json.dumps(value, ensure_ascii=False) if isinstance(value, list | dict) else value
