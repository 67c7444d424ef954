"""Rows as a table that fits the terminal, or as one card a row."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from itertools import islice
from typing import IO, TYPE_CHECKING, Any, Final

from flows.cli.console import console
from flows.formats.values import cell_text
from warehouse.wording import count_of

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

MAX_TABLE_ROWS: Final = 1_000  # the other formats write all
MAX_MEASURED_WIDTH: Final = 10_000


def cell(value: Any) -> Text:
    """Return a value as a cell; a text that has styles of its own stays as it is."""
    from rich.text import Text

    return value if isinstance(value, Text) else Text(cell_text(value))


def write_table(columns: Sequence[str], rows: Iterable[Sequence[Any]], stream: IO[str]) -> None:
    """Write the first rows as a table, or as cards if it would be wider than the terminal."""
    from rich import box
    from rich.table import Table

    remaining = iter(rows)
    first_rows = list(islice(remaining, MAX_TABLE_ROWS))
    out = console(stream)
    for padding in (1, 0):
        table = Table(
            box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, padding, 0, 0), header_style="bold"
        )
        for index, name in enumerate(columns):
            is_numeric = _are_numbers(row[index] for row in first_rows)
            table.add_column(name, justify="right" if is_numeric else "left", overflow="fold")
        for row in first_rows:
            table.add_row(*map(cell, row))
        if out.measure(table, options=out.options.update(max_width=MAX_MEASURED_WIDTH)).maximum <= out.width:
            break
    if out.measure(table, options=out.options.update(max_width=MAX_MEASURED_WIDTH)).minimum > out.width:
        _write_cards(columns, first_rows, out, stream)
    else:
        with out.capture() as capture:
            out.print(table)
        stream.write("".join(line.rstrip() + "\n" for line in capture.get().splitlines()))
    if not first_rows:
        stream.write("(no rows)\n")
    hidden = sum(1 for _ in remaining)
    if hidden:
        out.print(f"{count_of(hidden, 'more row')}; --format csv, json, jsonl or parquet writes all")


def _write_cards(columns: Sequence[str], rows: Sequence[Sequence[Any]], out: Console, stream: IO[str]) -> None:
    """Write rows of too many columns for a table, one under another, a line a column."""
    from rich.text import Text

    widest = max(map(len, columns))
    for number, row in enumerate(rows, 1):
        stream.write(f"── {number} ──\n")
        for name, value in zip(columns, row, strict=True):
            with out.capture() as capture:
                out.print(Text(f"{name:>{widest}}  ").append_text(cell(value)), soft_wrap=True)
            stream.write(capture.get().rstrip() + "\n")


def _are_numbers(values: Iterator[Any]) -> bool:
    types = {type(value) for value in values if value is not None}
    return bool(types) and types <= {int, float, Decimal}
