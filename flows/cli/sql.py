"""`copydesk sql`: run one query; read-only."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeVar

import duckdb

from config.errors import ConfigError
from config.settings import Settings
from flows.cli.output import Format
from flows.cli.output_file import whole_file, write_out
from warehouse.connect import MORE_ROOM, ask, connect, locked, rows
from warehouse.errors import QueryError
from warehouse.storage.root import Root

Result = TypeVar("Result")

FETCH_ROWS: Final = 1_000


def query_once(settings: Settings, statement: str, form: Format, output: Path | None) -> None:
    """Run one statement and write its rows. Raises `WarehouseError`, and `KeyboardInterrupt` soon after Ctrl-C."""
    root = settings.data
    if output is not None and (folder := Root.at(root)).is_folder and output.resolve().is_relative_to(folder.url):
        raise QueryError(f"{output} is inside the data root, which only runs write to; name a file elsewhere")
    with locked(root, settings.sql_memory, settings.sql_spill) as connection:
        result = interruptible(connection, partial(ask, connection, statement))
        if form is Format.PARQUET:
            _write_parquet(result, output)
        else:
            write_out(form, column_names(result), fetched_rows(result), output)


def check_sources(settings: Settings, source_ids: Sequence[str]) -> None:
    """Check that sources are known. Raises `ConfigError` for one that is neither configured nor has ever been run."""
    if not source_ids:
        return
    with connect(settings.data) as connection:
        known = {source_id for (source_id,) in rows(connection, "SELECT DISTINCT source_id FROM runs")}
    known |= {path.stem for path in (settings.config / "sources").glob("*.toml")}
    if unknown := next((source_id for source_id in source_ids if source_id not in known), None):
        raise ConfigError(f"no source '{unknown}'; there are {', '.join(sorted(known)) or 'none'}")


def interruptible(connection: duckdb.DuckDBPyConnection, work: Callable[[], Result]) -> Result:
    """Return what some work on a connection returns; Ctrl-C ends it and raises `KeyboardInterrupt`."""
    # In a thread, as DuckDB looks for Ctrl-C only between two steps, and a step may take hours.
    with ThreadPoolExecutor(1) as thread:
        future = thread.submit(work)
        try:
            return future.result()
        except KeyboardInterrupt:
            connection.interrupt()
            raise


def column_names(result: duckdb.DuckDBPyConnection) -> list[str]:
    """Return the names of the columns; a repeated one gets a number, as JSON would keep only its last value."""
    names: list[str] = []
    for column, *_ in result.description or ():
        count = sum(name == column or name.startswith(f"{column}_") for name in names) if column in names else 0
        names.append(f"{column}_{count}" if count else column)
    return names


def fetched_rows(result: duckdb.DuckDBPyConnection) -> Iterator[tuple[Any, ...]]:
    """Yield the rows of a result. Raises `QueryError`, and `KeyboardInterrupt` soon after Ctrl-C."""
    try:
        while chunk := interruptible(result, partial(result.fetchmany, FETCH_ROWS)):
            yield from chunk
    except duckdb.OutOfMemoryException:
        raise QueryError(f"the query needs more room than it may have; {MORE_ROOM}") from None
    except duckdb.Error as error:
        raise QueryError(str(error).partition("\n")[0]) from None


def _write_parquet(result: duckdb.DuckDBPyConnection, output: Path | None) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    if output is None:
        raise QueryError("parquet is not for a terminal; name a file with --output")
    with warnings.catch_warnings():
        # That the rows come in another form than the cursor would give them is the point.
        warnings.simplefilter("ignore", UserWarning)
        reader: pa.RecordBatchReader = result.to_arrow_reader(FETCH_ROWS * 10)
    try:
        with whole_file(output) as target, pq.ParquetWriter(target, reader.schema, compression="zstd") as writer:
            while (batch := interruptible(result, partial(next, reader, None))) is not None:
                writer.write_batch(batch)
    except pa.ArrowException as error:
        raise QueryError(f"not to be written as parquet: {error}; cast that column to VARCHAR") from None
