"""Run queries over the warehouse for the command line: read-only, ended by Ctrl-C and by a time limit."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeVar

import duckdb

from config.errors import ConfigError
from config.settings import Settings
from flows.cli.output import Format
from flows.cli.output_file import check_terminal, whole_file, write_out
from warehouse.connect import connect, locked, rows
from warehouse.errors import QueryError
from warehouse.own_files import FOUND_VIEW
from warehouse.statements import refusal, run_statement
from warehouse.storage.root import Root

Result = TypeVar("Result")
Row = tuple[Any, ...]

FETCH_ROWS: Final = 1_000


class Session:
    """A locked connection with the caller's files, search and time zone; its queries end by Ctrl-C and a time limit."""

    def __init__(
        self,
        settings: Settings,
        *,
        files: Mapping[str, Path] | None = None,
        timezone: str = "UTC",
        seconds: float | None = None,
        search: str | None = None,
    ) -> None:
        root = Root.at(settings.data)
        self.folder: Final = Path(root.url) if root.is_folder else None
        self.connection: Final = locked(
            root,
            settings.sql_memory,
            settings.sql_spill,
            timezone=timezone,
            files=files,
        )
        self.own_views: Final = (*(files or ()), *((FOUND_VIEW,) if search else ()))
        if search:
            from warehouse.search.found_view import add_found

            add_found(self.connection, root, search, settings.lock_seconds)
        self.seconds: Final = seconds
        self._end: float | None = None

    def statements(self, text: str) -> list[str]:
        """Return the statements of a text. Raises `QueryError` for one that cannot be parsed."""
        try:
            return [statement.query for statement in self.connection.extract_statements(text)]
        except duckdb.Error:
            run_statement(self.connection, text)  # raises the sentence that a single statement gets
            return [text]

    def write(self, statement: str, form: Format, output: Path | None) -> int:
        """Run one statement, write its rows, and return how many they are.

        Raises `WarehouseError`, and `KeyboardInterrupt` soon after Ctrl-C.
        """
        if output is not None and self.folder is not None and output.resolve().is_relative_to(self.folder):
            raise QueryError(f"{output} is inside the data root, which only runs write to; name a file elsewhere")
        if output is None:
            check_terminal(form)
        self._end = None if self.seconds is None else time.monotonic() + self.seconds
        result = self._interruptible(partial(run_statement, self.connection, statement))
        if form is Format.PARQUET and output is not None:
            return self._write_parquet(result, output)
        counted = _Counted(self._rows(result, statement))
        write_out(form, column_names(result), counted, output)
        return counted.count

    def _rows(self, result: duckdb.DuckDBPyConnection, statement: str) -> Iterator[Row]:
        try:
            while chunk := self._interruptible(partial(result.fetchmany, FETCH_ROWS)):
                yield from chunk
        except duckdb.Error as error:
            raise refusal(error, statement) from None

    def _write_parquet(self, result: duckdb.DuckDBPyConnection, output: Path) -> int:
        import pyarrow as pa
        import pyarrow.parquet as pq

        with warnings.catch_warnings():
            # That the rows come in another form than the cursor would give them is the point.
            warnings.simplefilter("ignore", UserWarning)
            reader: pa.RecordBatchReader = result.to_arrow_reader(FETCH_ROWS * 10)
        count = 0
        try:
            with whole_file(output) as target, pq.ParquetWriter(target, reader.schema, compression="zstd") as writer:
                while (batch := self._interruptible(partial(next, reader, None))) is not None:
                    writer.write_batch(batch)
                    count += batch.num_rows
        except pa.ArrowException as error:
            raise QueryError(f"not to be written as parquet: {error}; cast that column to VARCHAR") from None
        return count

    def _interruptible(self, work: Callable[[], Result]) -> Result:
        """Return what some work on the connection returns; Ctrl-C and the time limit end it."""
        # In a thread, as DuckDB looks for Ctrl-C only between two steps, and a step may take hours.
        with ThreadPoolExecutor(1) as thread:
            future = thread.submit(work)
            try:
                return future.result(None if self._end is None else max(0.0, self._end - time.monotonic()))
            except KeyboardInterrupt:
                self.connection.interrupt()
                raise
            except TimeoutError:
                self.connection.interrupt()
                with suppress(duckdb.Error, QueryError):
                    future.result()
                sentence = f"the query took longer than {self.seconds:g} s; ask for less, or raise --timeout"
                raise QueryError(sentence) from None


@dataclass(slots=True)
class _Counted:
    """Rows that are counted as they pass by: there may be more than fit in memory."""

    rows: Iterator[Row]
    count: int = 0

    def __iter__(self) -> Iterator[Row]:
        for row in self.rows:
            self.count += 1
            yield row


def check_sources(settings: Settings, source_ids: Sequence[str]) -> None:
    """Check that sources are known. Raises `ConfigError` for one that is neither configured nor has ever been run."""
    if not source_ids:
        return
    with connect(settings.data) as connection:
        known = {source_id for (source_id,) in rows(connection, "SELECT DISTINCT source_id FROM runs")}
    known |= {path.stem for path in (settings.config / "sources").glob("*.toml")}
    if unknown := next((source_id for source_id in source_ids if source_id not in known), None):
        raise ConfigError(f"no source '{unknown}'; there are {', '.join(sorted(known)) or 'none'}")


def column_names(result: duckdb.DuckDBPyConnection) -> list[str]:
    """Return the names of the columns; a repeated one gets a number, as JSON would keep only its last value."""
    names: list[str] = []
    for column, *_ in result.description or ():
        count = sum(name == column or name.startswith(f"{column}_") for name in names) if column in names else 0
        names.append(f"{column}_{count}" if count else column)
    return names
