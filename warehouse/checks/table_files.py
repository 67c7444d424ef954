"""Reading files of tables to their last bit, by both libraries that read them, and base files against their logs."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import duckdb
import pyarrow.parquet as pq

from warehouse.checks.findings import REPAIR, Finding
from warehouse.errors import StorageError, cure_of
from warehouse.model.schema import SCHEMAS
from warehouse.storage.arrow import stored_schema
from warehouse.storage.base_files import read_base_file
from warehouse.storage.object_errors import ObjectError
from warehouse.storage.root import BASE, SUPERSEDED, escape_pattern
from warehouse.wording import count_of

if TYPE_CHECKING:
    import pyarrow as pa

    from warehouse.checks.verified import FileState
    from warehouse.storage.root import Root


def table_files(root: Root) -> dict[str, FileState]:
    """Map the names of all files of tables to their states; with them the lists of superseded rows."""
    return {
        name: (size, changed_at, "")
        for table in (*SCHEMAS, SUPERSEDED)
        for name, (size, changed_at) in root.states(table).items()
        if name.endswith(".parquet")
    }


def check_base_files(root: Root, names: Iterable[str], existing: Collection[str]) -> Iterator[Finding]:
    """Yield a finding for each base file with other rows than the log files that it stands for, while these exist."""
    for name in names:
        table, _, inner = name.partition("/")
        if table not in SCHEMAS or not inner.startswith(f"{BASE}/"):
            continue
        try:
            base = read_base_file(root, name)
            replaced = [f"{table}/{other}" for other in base.replaces]
            # Where a take-down has taken rows out of the base file, it has deleted what had them before.
            is_of_log = any("/landed_month=" in other for other in replaced)
            if not is_of_log or not all(other in existing for other in replaced):
                continue
            count = sum(read_base_file(root, other).rows for other in replaced)
        except StorageError:
            continue  # a compaction has deleted one of them meanwhile
        if count != base.rows:
            problem = f"a base file of {count_of(base.rows, 'row')} that stands for files of {count_of(count, 'row')}"
            yield Finding(problem, REPAIR, root.location(name))


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
