"""The queries of the pipeline's own, a file each in `warehouse/sql/queries`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

import duckdb

from warehouse.connect import rows, unreadable
from warehouse.definitions import SQL

MAX_ROWS_IN_MEMORY: Final = 200


# What several queries have in common stands in a file of its own, and by its name in their `WITH`.
SHARED_PART: Final = "source_rows"


def read_query(name: str) -> str:
    """Return the text of a query by the name of its file without `.sql`."""
    query, part = ((SQL / "queries" / f"{stem}.sql").read_text("utf-8") for stem in (name, SHARED_PART))
    return query.replace(f"{{{SHARED_PART}}}", part.rstrip())


def query_rows(connection: duckdb.DuckDBPyConnection, name: str, **parameters: object) -> list[tuple[Any, ...]]:
    """Return all rows of a query. Raises `WarehouseError` if a file is damaged."""
    return rows(connection, read_query(name), parameters)


def stream_rows(connection: duckdb.DuckDBPyConnection, name: str, **parameters: object) -> Iterator[Mapping[str, Any]]:
    """Yield the rows of a query by column, of which only `MAX_ROWS_IN_MEMORY` are held. Raises `WarehouseError`."""
    try:
        result = connection.execute(read_query(name), parameters)
        columns = [column[0] for column in result.description or ()]
        while chunk := result.fetchmany(MAX_ROWS_IN_MEMORY):
            for row in chunk:
                yield dict(zip(columns, row, strict=True))
    except duckdb.Error as error:
        raise unreadable(error) from None
