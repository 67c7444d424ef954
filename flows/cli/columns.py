"""What the columns of a view mean."""

from __future__ import annotations

from pathlib import Path

import duckdb

from flows.cli.output import Format
from flows.cli.output_file import write_out
from warehouse.catalogue import RECORD_OF_VIEW, describe_columns
from warehouse.definitions import VIEWS
from warehouse.errors import QueryError


def write_columns(connection: duckdb.DuckDBPyConnection, view: str, form: Format, output: Path | None) -> None:
    """Write name, type and meaning of each column of a view, also of a file of the caller's. Raises `QueryError`."""
    try:
        described = connection.execute(f'DESCRIBE "{view.replace(chr(34), "")}"').fetchall()
    except duckdb.Error:
        raise QueryError(f"no view is named '{view}'; the views are {', '.join(VIEWS)}") from None
    meanings = describe_columns(view) if view in RECORD_OF_VIEW else {}
    rows = [(name, kind, meanings.get(name)) for name, kind, *_ in described]
    write_out(form, ("column", "type", "meaning"), rows, output)
