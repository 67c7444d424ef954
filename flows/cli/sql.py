"""`copydesk sql`: one query, or a shell; read-only."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeVar
from uuid import uuid4

import duckdb

from config.errors import ConfigError
from config.settings import Settings
from flows.cli.output import Format, Rows, write_rows
from warehouse.connect import MORE_ROOM, ask, connect, locked, rows
from warehouse.definitions import VIEWS
from warehouse.errors import QueryError, StorageError
from warehouse.storage.root import Root

Result = TypeVar("Result")

CHUNK: Final = 1_000
HELP: Final = """A statement ends with ; and may take several lines; it reads, as SELECT, FROM, DESCRIBE and SHOW do.
.views     the views there are
.format F  table, csv, csv-excel, json, jsonl or markdown
.help      this
.quit      leave, as Ctrl-D does"""


def query_once(settings: Settings, statement: str, form: Format, output: Path | None) -> None:
    """Run one statement and write its rows. Raises `WarehouseError`, and `KeyboardInterrupt` soon after Ctrl-C."""
    root = settings.data
    if output is not None and (folder := Root.at(root)).is_folder and output.resolve().is_relative_to(folder.url):
        raise QueryError(f"{output} is inside the data root, which only runs write to; name a file elsewhere")
    with locked(root, settings.sql_memory, settings.sql_spill) as connection:
        answer = _interruptible(connection, partial(ask, connection, statement))
        if form is Format.PARQUET:
            _write_parquet(answer, output)
        else:
            write_out(form, _columns(answer), _rows(answer), output)


def check_sources(settings: Settings, named: Sequence[str]) -> None:
    """Raises `ConfigError` for a source that is neither configured nor has ever been run."""
    if not named:
        return
    with connect(settings.data) as connection:
        known = {source_id for (source_id,) in rows(connection, "SELECT DISTINCT source_id FROM runs")}
    known |= {path.stem for path in (settings.config / "sources").glob("*.toml")}
    if unknown := next((name for name in named if name not in known), None):
        raise ConfigError(f"no source '{unknown}'; there are {', '.join(sorted(known)) or 'none'}")


def write_out(form: Format, columns: Sequence[str], rows: Rows, output: Path | None) -> None:
    """Write rows to stdout, or to a file that appears whole or not at all. Raises `StorageError`."""
    if output is None:
        write_rows(form, columns, rows, sys.stdout)
        return
    with _written(output) as target, target.open("w", encoding="utf-8", newline="") as stream:
        write_rows(form, columns, rows, stream)


def shell(settings: Settings, form: Format) -> None:
    """Statements from the terminal until it ends, with the history of what was typed before."""
    with locked(settings.data, settings.sql_memory, settings.sql_spill) as connection:
        print(f"Views: {', '.join(VIEWS)}. Statements end with ; and .help tells the rest.")
        with _history():
            for statement in _statements():
                if statement.startswith("."):
                    form = _command(statement, form)
                    continue
                try:
                    answer = _interruptible(connection, partial(ask, connection, statement))
                    write_rows(form, _columns(answer), _rows(answer), sys.stdout)
                except QueryError as error:
                    print(f"copydesk: {error}", file=sys.stderr)
                except KeyboardInterrupt:
                    print("copydesk: the query was interrupted", file=sys.stderr)


def _statements() -> Iterator[str]:
    lines: list[str] = []
    while True:
        try:
            line = input("...> " if lines else "sql> ")
        except EOFError:
            print()
            return
        except KeyboardInterrupt:
            print()
            lines = []
            continue
        if not lines and line.strip() in (".quit", ".exit"):
            return
        if not lines and line.startswith("."):
            yield line.strip()
        elif line.strip() or lines:
            lines.append(line)
            if line.rstrip().endswith(";"):
                yield "\n".join(lines)
                lines = []


def _command(command: str, form: Format) -> Format:
    name, _, argument = command.partition(" ")
    if name == ".views":
        print(", ".join(VIEWS))
    elif name == ".format" and argument in set(Format) - {Format.PARQUET}:
        return Format(argument)
    else:
        print(HELP)
    return form


class _history:  # noqa: N801  reads as a context, holds nothing
    """Lines typed before, from and to a file of the user's state, which need not be writable."""

    def __enter__(self) -> None:
        with suppress(ImportError, OSError):
            import readline

            readline.read_history_file(self._file())

    def __exit__(self, *_: object) -> None:
        with suppress(ImportError, OSError):
            import readline

            self._file().parent.mkdir(parents=True, exist_ok=True)
            readline.set_history_length(1_000)
            readline.write_history_file(self._file())

    @staticmethod
    def _file() -> Path:
        state = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
        return Path(state) / "copydesk" / "sql_history"


def _interruptible(connection: duckdb.DuckDBPyConnection, work: Callable[[], Result]) -> Result:
    """Return what some work on a connection returns; Ctrl-C ends it and raises `KeyboardInterrupt`."""
    # In a thread, as DuckDB looks for Ctrl-C only between two steps, and a step may take hours.
    with ThreadPoolExecutor(1) as thread:
        future = thread.submit(work)
        try:
            return future.result()
        except KeyboardInterrupt:
            connection.interrupt()
            raise


def _columns(answer: duckdb.DuckDBPyConnection) -> list[str]:
    """The names of the columns; one that comes again gets a number, as JSON would keep only its last value."""
    names: list[str] = []
    for column, *_ in answer.description or ():
        again = sum(name == column or name.startswith(f"{column}_") for name in names) if column in names else 0
        names.append(f"{column}_{again}" if again else column)
    return names


def _rows(answer: duckdb.DuckDBPyConnection) -> Iterator[tuple[Any, ...]]:
    try:
        while chunk := _interruptible(answer, partial(answer.fetchmany, CHUNK)):
            yield from chunk
    except duckdb.OutOfMemoryException:
        raise QueryError(f"the query needs more room than it may have; {MORE_ROOM}") from None
    except duckdb.Error as error:
        raise QueryError(str(error).partition("\n")[0]) from None


def _write_parquet(answer: duckdb.DuckDBPyConnection, output: Path | None) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    if output is None:
        raise QueryError("parquet is not for a terminal; name a file with --output")
    with warnings.catch_warnings():
        # That the rows come in another form than the cursor would give them is the point.
        warnings.simplefilter("ignore", UserWarning)
        reader: pa.RecordBatchReader = answer.to_arrow_reader(CHUNK * 10)
    try:
        with _written(output) as target, pq.ParquetWriter(target, reader.schema, compression="zstd") as writer:
            while (batch := _interruptible(answer, partial(next, reader, None))) is not None:
                writer.write_batch(batch)
    except pa.ArrowException as error:
        raise QueryError(f"not to be written as parquet: {error}; cast that column to VARCHAR") from None


@contextmanager
def _written(output: Path) -> Iterator[Path]:
    """Where to write what is then put in the place of a file; a device or pipe is written to itself."""
    special = output.exists() and not output.is_file()
    place = output.resolve()
    partial = place if special else place.with_name(f".{place.name}.{uuid4().hex}")
    try:
        yield partial
        if not special:
            partial.replace(place)
    except OSError as error:
        told = error.strerror or str(error)
        raise StorageError(
            f"cannot write {output}: {told[:1].lower()}{told[1:]}; name another file with --output"
        ) from None
    finally:
        if not special:
            partial.unlink(missing_ok=True)
