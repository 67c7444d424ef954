"""Output files that appear whole or not at all."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from config.errors import ConfigError, reason_of
from flows.cli.output import BINARY, Format, Rows, write_rows
from flows.cli.workbook import write_workbook
from warehouse.errors import StorageError


def write_out(form: Format, columns: Sequence[str], rows: Rows, output: Path | None) -> None:
    """Write rows to stdout, or to a file that appears whole or not at all. Raises `ConfigError` and `StorageError`."""
    if output is None:
        check_terminal(form)
        write_rows(form, columns, rows, sys.stdout)
        return
    with whole_file(output) as partial:
        if form is Format.XLSX:
            write_workbook(columns, rows, partial)
        elif form is Format.PARQUET:
            _write_parquet(columns, rows, partial)
        else:
            with partial.open("w", encoding="utf-8", newline="") as stream:
                write_rows(form, columns, rows, stream)


def check_terminal(form: Format) -> None:
    """Raise `ConfigError` for a format that only a file can hold."""
    if form in BINARY:
        raise ConfigError(f"{form} is not for a terminal or a pipe; name a file with --output")


def _write_parquet(columns: Sequence[str], rows: Rows, path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    records = [dict(zip(columns, row, strict=True)) for row in rows]
    schema = None if records else pa.schema([(column, pa.string()) for column in columns])
    pq.write_table(pa.Table.from_pylist(records, schema), path, compression="zstd")


@contextmanager
def whole_file(output: Path) -> Iterator[Path]:
    """Yield the path of a temporary file that then replaces `output`; a device or pipe is written to itself.

    Raises `StorageError`.
    """
    is_special = output.exists() and not output.is_file()
    target = output.resolve()
    partial = target if is_special else target.with_name(f".{target.name}.{uuid4().hex}")
    try:
        yield partial
        if not is_special:
            partial.replace(target)
    except OSError as error:
        raise StorageError(f"cannot write {output}: {reason_of(error)}; name another file") from None
    finally:
        if not is_special:
            partial.unlink(missing_ok=True)
