"""Reading every file of a table to its last bit, by both libraries that read it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import duckdb
import pyarrow.parquet as pq

from warehouse.errors import StorageError, cure_of
from warehouse.findings import REPAIR, Finding
from warehouse.storage.arrow import stored_schema
from warehouse.storage.object_errors import ObjectError
from warehouse.storage.root import escape_pattern

if TYPE_CHECKING:
    import pyarrow as pa

    from warehouse.storage.root import Root


def damaged_files(root: Root, names: Iterable[str]) -> list[Finding]:
    """Return what is wrong with files of tables, whatever is in them. Raises `StorageError` where none can be opened.

    Each is read whole by pyarrow, which compares the checksums of its pages, and by DuckDB, which answers queries.
    """
    with (
        duckdb.connect(config={"autoinstall_known_extensions": "false"}) as connection,
        TemporaryDirectory(prefix="copydesk-") as folder,
    ):
        return [finding for name in names for finding in _file(root, name, connection, Path(folder))]


def _file(root: Root, name: str, connection: duckdb.DuckDBPyConnection, folder: Path) -> Iterator[Finding]:
    schema = stored_schema(name.partition("/")[0])
    try:
        with _copied(root, name, folder) as path, path.open("rb") as file:
            parquet = pq.ParquetFile(file, page_checksum_verification=True)
            wrong = [field.name for field in parquet.schema_arrow if not _fits(field, schema)]
            count = sum(len(batch) for batch in parquet.iter_batches())
            if not wrong:
                _read_by_duckdb(connection, path, count)
    except FileNotFoundError:
        return  # a take-down or a writer replaced it meanwhile
    except ObjectError as error:
        raise StorageError.of(error, root.location(name), "read") from None
    except Exception as error:  # noqa: BLE001  bits that were flipped raise whatever they like, and are to be reported
        message = " ".join(str(error).split())
        if cure := cure_of(message, ""):
            raise StorageError(f"cannot read {root.location(name)}: {message}; {cure}") from None
        yield Finding(f"not readable as Parquet ({message or type(error).__name__})", REPAIR, root.location(name))
        return
    if wrong:
        yield Finding(f"not the schema of its table in {', '.join(wrong)}", REPAIR, root.location(name))


@contextmanager
def _copied(root: Root, name: str, folder: Path) -> Iterator[Path]:
    """Give the path of a file; that of one in an object store is a copy of its own bytes, which both libraries read."""
    if root.is_folder:
        yield Path(root.location(name))
        return
    path = folder / "copy.parquet"
    root.objects().copy(name, path, fresh=True)
    try:
        yield path
    finally:
        path.unlink(missing_ok=True)


def _read_by_duckdb(connection: duckdb.DuckDBPyConnection, path: Path, count: int) -> None:
    # The hash asks for every column; a count alone is answered from the footer.
    query = "SELECT count(*), bit_xor(hash(every)) FROM read_parquet($1, hive_partitioning = false) AS every"
    row = connection.execute(query, [escape_pattern(str(path))]).fetchone()
    if row is None or row[0] != count:
        raise ValueError(f"{count} rows, of which DuckDB reads {row and row[0]}")


def _fits(field: pa.Field, schema: pa.Schema) -> bool:
    return bool(schema.get_field_index(field.name) >= 0 and schema.field(field.name).type.equals(field.type))
