"""Landing: a batch of rows becomes one Parquet file, whole or not at all, and landing it twice is landing it once."""

from __future__ import annotations

import os
import re
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from hashlib import blake2b, sha256
from time import monotonic
from typing import TYPE_CHECKING, Final

import pyarrow as pa
import pyarrow.parquet as pq

from warehouse.errors import StorageError
from warehouse.model.schema import SCHEMAS
from warehouse.storage.arrow import stored_schema, to_arrow, to_parquet
from warehouse.storage.leases import hold_lease, is_leased
from warehouse.storage.locks import hold_lock, is_locked
from warehouse.storage.root import BASE, SUPERSEDED, Root

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path
    from threading import Event

    from warehouse.model.schema import Row

SCHEMA_FOLDER: Final = "landed_month=0000-00"
FILE_NAME_PART: Final = re.compile(r"[^/\\\x00-\x1f.][^/\\\x00-\x1f]*")


def batch_key(parts: Iterable[str]) -> str:
    """Return the key of a batch from what identifies its rows: the same rows land in the same file, others never."""
    return blake2b("\n".join(parts).encode(), digest_size=12).hexdigest()


class Store:
    """The tables of a data root, for writing. Making one touches nothing; the first landing makes the folders."""

    def __init__(self, root: str | os.PathLike[str] | Root) -> None:
        self.root = Root.at(root)
        self._prepared = False

    def land(self, table: str, rows: Sequence[Row], *, source_id: str, key: str, now: datetime) -> str:
        """Land a batch as `<table>/landed_month=YYYY-MM/<source_id>-<key>.parquet` and return that name.

        A file of the same name is replaced. No rows: nothing is written and the name is empty. Raises `StorageError`.
        """
        if not rows:
            return ""
        if not FILE_NAME_PART.fullmatch(source_id) or not FILE_NAME_PART.fullmatch(key):
            raise ValueError(f"not part of a file name: {source_id!r}, {key!r}")
        self.prepare()
        name = f"{table}/landed_month={now.astimezone(UTC):%Y-%m}/{source_id}-{key}.parquet"
        self.root.publish(name, to_parquet(table, to_arrow(table, rows, now)))
        return name

    def clean(self, grace: timedelta = timedelta(hours=1)) -> list[Path]:
        """Delete the temporary files of killed writers that are older than `grace`; return them."""
        left_over = self.root.left_overs(grace)
        for path in left_over:
            try:
                if path.is_dir():
                    for file in path.iterdir():
                        file.unlink(missing_ok=True)
                    path.rmdir()
                else:
                    path.unlink(missing_ok=True)
            except OSError as error:
                raise StorageError.of(error, str(path), "delete") from error
        return left_over

    @contextmanager
    def lock(self, source_id: str, seconds: float, stop: Event | None = None, part: str = "") -> Iterator[None]:
        """Hold the one lock of a source on this data root, or of a `part`; the system frees it when the process dies.

        Waits up to `seconds` for another run, then raises `LockedError`; KeyboardInterrupt once `stop` is set.
        Who holds the source has waited for its parts: they outlive a run that had started them on other machines.
        In an object store it is a lease too, which other machines see and which ends some time after its holder died.
        """
        state = f"source '{source_id}' is being run"
        own_name = f"{source_id}.{part}" if part else source_id
        with self._hold(own_name, state, seconds, stop):
            if not part:
                for name in self._parts(source_id):
                    with self._hold(name, state, seconds, stop):
                        self._remove_lock(name)
            try:
                yield
            finally:
                if part:
                    self._remove_lease(own_name)

    @contextmanager
    def _hold(self, name: str, state: str, seconds: float, stop: Event | None) -> Iterator[None]:
        until = monotonic() + seconds
        with hold_lock(self._locks / name, state, seconds, stop):
            if self.root.is_folder:
                yield
                return
            left = max(0.0, until - monotonic())
            with ExitStack() as lease:
                try:
                    lease.enter_context(hold_lease(self.root.objects(), name, self._locks, state, left, stop))
                except OSError as error:
                    raise StorageError.of(error, self.root.location(f".locks/{name}.json"), "lock") from error
                yield

    def _parts(self, source_id: str) -> list[str]:
        """List the locks of parts of a source, such as `<source_id>.<part>`."""
        names = {path.stem for path in self._locks.glob(f"{source_id}.*.lock")}
        if not self.root.is_folder:
            leases = (name.rpartition("/")[2].removesuffix(".json") for name in self.root.names(".locks"))
            names |= {name for name in leases if name.startswith(f"{source_id}.")}
        return sorted(names)

    def _remove_lease(self, name: str) -> None:
        """Delete the lease of a part while it is held: a backfill has thousands, and looks for them later."""
        if not self.root.is_folder:
            with suppress(StorageError):
                self.root.delete(f".locks/{name}.json")

    def _remove_lock(self, name: str) -> None:
        self._remove_lease(name)
        (self._locks / f"{name}.lock").unlink(missing_ok=True)
        (self._locks / f"{name}.json").unlink(missing_ok=True)

    @property
    def _locks(self) -> Path:
        return self.root.local / ".locks"

    def maintenance(self, seconds: float, stop: Event | None = None) -> AbstractContextManager[None]:
        """Hold the lock of whatever replaces or deletes files that have landed: compaction, take-downs, settling.

        Who needs a source's lock too takes that one first. Raises as `lock` does.
        """
        state = f"the warehouse at {self.root.url} is being compacted or cleared of an article"
        return self._hold(".maintain", state, seconds, stop)

    def is_locked(self, source_id: str) -> bool:
        """Return whether a run of the source holds its lock. Raises `StorageError`."""
        if is_locked(self._locks / source_id):
            return True
        try:
            return not self.root.is_folder and is_leased(self.root.objects(), source_id, self._locks)
        except OSError as error:
            raise StorageError.of(error, self.root.location(f".locks/{source_id}.json"), "read") from error

    def prepare(self) -> None:
        """Make every table readable before it has rows: a root of an older version may lack one."""
        # A view over a table with no file does not bind, so every table starts with files without rows, in the log and
        # among the base files. A changed schema gets others: its new columns are NULL, not unknown, before the first
        # row that has them lands.
        if self._prepared:
            return
        self.root = self.root.make()
        for table, schema in SCHEMAS.items():
            self._check_releases(table)
            for folder, own in ((SCHEMA_FOLDER, schema), (BASE, stored_schema(table))):
                digest = sha256(str(own).encode()).hexdigest()[:12]
                name = f"{table}/{folder}/schema-{digest}.parquet"
                if not self.root.exists(name):
                    self.root.publish(name, to_parquet(table, own.empty_table()))
        name = f"{SUPERSEDED}/articles/none.parquet"
        if not self.root.exists(name):
            self.root.publish(name, to_parquet(SUPERSEDED, pa.table({"row_id": pa.array([], pa.int64())})))
        self._prepared = True

    def _check_releases(self, table: str) -> None:
        """Raise `StorageError` where a release has written here that has another type for a column of a table."""
        # Each release leaves a file without rows for its schema. With two types for one column DuckDB reads the wider
        # one, such as text, and every comparison of numbers would be wrong without a word.
        for name in self.root.names(f"{table}/{SCHEMA_FOLDER}"):
            try:
                with self.root.open(name) as file:
                    schema = pq.read_schema(file)
            except OSError as error:
                raise StorageError.of(error, self.root.location(name), "read") from error
            except pa.ArrowException:
                continue  # verifying tells of it
            for field in SCHEMAS[table]:
                if field.name in schema.names and schema.field(field.name).type != field.type:
                    raise StorageError(
                        f"{self.root.location(name)}: column '{field.name}' of {table} is"
                        f" {schema.field(field.name).type} there and {field.type} in this release: another release of"
                        " Copydesk has written here; use that one, or name another data root with --data"
                    )
