"""Output files that appear whole or not at all."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from flows.cli.output import Format, Rows, write_rows
from warehouse.errors import StorageError


def write_out(form: Format, columns: Sequence[str], rows: Rows, output: Path | None) -> None:
    """Write rows to stdout, or to a file that appears whole or not at all. Raises `StorageError`."""
    if output is None:
        write_rows(form, columns, rows, sys.stdout)
        return
    with whole_file(output) as partial, partial.open("w", encoding="utf-8", newline="") as stream:
        write_rows(form, columns, rows, stream)


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
        reason = error.strerror or str(error)
        raise StorageError(
            f"cannot write {output}: {reason[:1].lower()}{reason[1:]}; name another file with --output"
        ) from None
    finally:
        if not is_special:
            partial.unlink(missing_ok=True)
