"""The record of what was verified: a file that is as it was then is not read again.

It is derived: deleted, everything is read once more. It lies on the machine that verifies.
"""

from __future__ import annotations

import json
from dataclasses import astuple, dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, Self

import pyarrow as pa
import pyarrow.parquet as pq

from warehouse.checks.rules import SourceCount
from warehouse.errors import StorageError
from warehouse.storage.durable import make_folder

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from warehouse.storage.root import Root

FileState = tuple[int, int, str]
"""Bytes, time of the last change in nanoseconds, and of an archive file the digest of its rows in `captures`."""

COUNTS: Final = b"counts"
"""The entry of the record's footer that has the counts of all sources."""
SCHEMA: Final = pa.schema({"name": pa.string(), "bytes": pa.int64(), "changed_at": pa.int64(), "index": pa.string()})


@dataclass(frozen=True, slots=True)
class LastVerification:
    """When a data root was last verified, and whether nothing was wrong."""

    at: datetime
    has_passed: bool


def last_verification(root: Root) -> LastVerification | None:
    """Return the last verification of a data root by this machine; None if there was none, or its record is damaged."""
    path = record_path(root)
    try:
        counts = (pq.read_metadata(path).metadata or {}).get(COUNTS, b"null")
        return LastVerification(datetime.fromtimestamp(path.stat().st_mtime, UTC), has_passed=counts != b"null")
    except (OSError, pa.ArrowException):
        return None


def record_path(root: Root) -> Path:
    """Return the path of the record of a data root."""
    return root.local / ".verified" / "files.parquet"


@dataclass(slots=True)
class VerifiedFiles:
    """The files that were whole when they were last read, by their names relative to the data root."""

    path: Path
    before: dict[str, FileState] = field(default_factory=dict)
    """As the last verification left it."""
    now: dict[str, FileState] = field(default_factory=dict)
    """Those of them that are still there and still so, and those that were read this time."""
    counts: tuple[SourceCount, ...] | None = None
    """Of the rows of the tables, as the last verification left them; None if it found anything wrong."""

    @classmethod
    def load(cls, root: Root, *, forget: bool = False) -> Self:
        """Load the record of a data root; none of it counts if it is to `forget`, or cannot be read."""
        path = record_path(root)
        if forget:
            return cls(path)
        try:
            table = pq.read_table(path)
            columns = [column.to_pylist() for column in table.select(SCHEMA.names).columns]
            rows = json.loads((table.schema.metadata or {}).get(COUNTS, b"null"))
        except (OSError, KeyError, ValueError, pa.ArrowException):
            return cls(path)
        counts = None if rows is None else tuple(SourceCount(*row) for row in rows)
        return cls(path, {name: tuple(state) for name, *state in zip(*columns, strict=True)}, counts=counts)

    def has_counted(self, table_files: Mapping[str, FileState]) -> bool:
        """Return whether the last verification found nothing wrong in these files of tables, which were all."""
        return self.counts is not None and self.tables == table_files

    def is_unchanged(self, name: str, state: FileState) -> bool:
        """Return whether a file is as it was when it was last found whole; then it stays in the record."""
        if self.before.get(name) != state:
            return False
        self.now[name] = state
        return True

    @property
    def archive(self) -> dict[str, FileState]:
        """The files of the archive, as the last verification left them."""
        return {name: state for name, state in self.before.items() if name.startswith("archive/")}

    @property
    def tables(self) -> dict[str, FileState]:
        """The files of tables, as the last verification left them."""
        return {name: state for name, state in self.before.items() if not name.startswith("archive/")}

    def index_digests(self) -> dict[str, str]:
        """Return the digests of the rows of `captures`, by file of the archive, as the last verification left them."""
        return {name: digest for name, (*_, digest) in self.archive.items() if digest}

    def save(self, counts: tuple[SourceCount, ...] | None) -> None:
        """Write the record, with the counts of the sources if nothing was wrong. Raises `StorageError`."""
        rows = [(name, *state) for name, state in self.now.items()]
        columns = [list(column) for column in zip(*rows, strict=True)] or [[] for _ in SCHEMA]
        partial = self.path.with_suffix(".partial")
        try:
            make_folder(self.path.parent)
            text = json.dumps(None if counts is None else [astuple(count) for count in counts])
            schema = SCHEMA.with_metadata({COUNTS: text.encode()})
            pq.write_table(pa.Table.from_pydict(dict(zip(SCHEMA.names, columns, strict=True)), schema), partial)
            partial.replace(self.path)
        except OSError as error:
            raise StorageError.of(error, str(self.path)) from error
