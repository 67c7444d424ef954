"""Landing more rows than memory should hold, all of them or none: they wait in a file outside the tables."""

from __future__ import annotations

from contextlib import suppress
from hashlib import blake2b
from typing import TYPE_CHECKING, Self
from uuid import uuid4

import pyarrow as pa
import pyarrow.parquet as pq

from warehouse.errors import StorageError
from warehouse.model.schema import SCHEMAS
from warehouse.storage.arrow import open_writer, to_arrow
from warehouse.storage.durable import make_folder
from warehouse.storage.root import PARTIAL

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from warehouse.model.schema import Row
    from warehouse.storage.tables import Store


class Staged:
    """Rows of one table and source on their way; a context manager. What is not landed is gone at its end."""

    def __init__(self, store: Store, table: str, source_id: str, now: datetime) -> None:
        self._store, self._table, self._source_id, self._now = store, table, source_id, now
        self._path = store.root.local / PARTIAL / f"{table}-{source_id}.{uuid4().hex}"
        self._writer: pq.ParquetWriter | None = None
        self._digest = blake2b(digest_size=12)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._close()
        with suppress(OSError):
            self._path.unlink(missing_ok=True)

    def add(self, rows: Sequence[Row], names: Sequence[str]) -> None:
        """Put a batch with the others; `names` tell its rows from all others. Raises `StorageError`."""
        if not rows:
            return
        self._digest.update("\n".join((*names, "")).encode())
        try:
            if self._writer is None:
                self._store.root.check()
                make_folder(self._path.parent)
                self._writer = open_writer(self._table, self._path, SCHEMAS[self._table])
            self._writer.write_table(to_arrow(self._table, rows, self._now))
        except OSError as error:
            raise StorageError.of(error, str(self._path)) from error

    def land(self) -> str:
        """Land all of them as one file, which the same rows replace; its name, empty for none.

        Raises `StorageError`.
        """
        if self._writer is None:
            return ""
        self._close()
        month = f"landed_month={self._now:%Y-%m}"
        name = f"{self._table}/{month}/{self._source_id}-again-{self._digest.hexdigest()}.parquet"
        try:
            with pa.memory_map(str(self._path)) as file:
                self._store.root.publish(name, memoryview(file.read_buffer()))
        except OSError as error:
            raise StorageError.of(error, str(self._path), "read") from error
        return name

    def _close(self) -> None:
        if self._writer is not None and self._writer.is_open:
            try:
                self._writer.close()
            except OSError as error:
                raise StorageError.of(error, str(self._path)) from error
