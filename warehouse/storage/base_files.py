"""Base files: what compaction made of log files; the footer of each says which files it stands for, and from when on.

A base file is never changed by compaction, only replaced by another of a new name. Until `visible_from` readers pass it
over and read what it replaces; from then on they read it and pass over the others. A query keeps to the one or the
other by the moment at which it began, whatever is published while it lists and opens files.
"""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

import pyarrow as pa
import pyarrow.parquet as pq

from warehouse.errors import StorageError
from warehouse.model.instants import microseconds_of, moment
from warehouse.storage.root import BASE

if TYPE_CHECKING:
    from warehouse.storage.root import Root

# A reader whose clock is wrong by more than this takes a new base file at once, as `hidden.sql` does: what it replaces
# is still there for `MIN_DELETION_AGE`, and a base file that nobody sees would be rows that nobody sees.
MAX_VISIBILITY_WAIT: Final = timedelta(minutes=15)
MIN_DELETION_AGE: Final = timedelta(hours=1)


PERIOD: Final = re.compile(r"(\d{4}-\d\d(?:-\d\d)?)_\d{8}T")
ENTRY: Final = "copydesk"


@dataclass(frozen=True, slots=True)
class BaseFile:
    """A base file of a table, by its footer."""

    name: str
    """Relative to the data root."""
    rows: int
    created_at: datetime
    visible_from: datetime
    replaces: tuple[str, ...]
    """Names of log files and of earlier base files, relative to the table's folder."""

    newest: datetime | None = None
    """Of articles: the newest `fetched_at`; known when it is written, not asked for when it is read."""

    @property
    def period(self) -> str:
        """Day or month that its rows landed in, such as `2026-11-28` or `2026-11`; empty for the schema's file."""
        match = PERIOD.search(self.name)
        return match[1] if match else ""

    def await_visibility(self) -> None:
        """Wait until readers turn to it, unless a clock is so wrong that they have done so already."""
        wait = self.visible_from - datetime.now(UTC)
        if timedelta() < wait < MAX_VISIBILITY_WAIT:
            time.sleep(wait.total_seconds())

    def metadata(self) -> dict[str, str]:
        """Return the footer's entry that says all this, line by line, as `hidden.sql` reads it."""
        newest = "" if self.newest is None else str(microseconds_of(self.newest))
        moments = [str(microseconds_of(self.visible_from)), newest, str(microseconds_of(self.created_at))]
        return {ENTRY: "\n".join([*moments, *self.replaces])}


def base_file_name(table: str, period: str, created_at: datetime) -> str:
    """Return the name of a base file that is about to be published."""
    # DuckDB reads files in the order of their names. With the newest first, whoever asks for the newest rows has found
    # them when it comes to the others, and reads no more of these than their statistics.
    rank = 99_999_999 - int(f"{period}-31"[:10].replace("-", ""))
    return f"{table}/{BASE}/{rank}_{period}_{created_at:%Y%m%dT%H%M%S%fZ}.parquet"


def read_base_files(root: Root, table: str) -> list[BaseFile]:
    """Read the footers of a table's base files, sorted by name. Raises `StorageError`."""
    names = [name for name in root.names(f"{table}/{BASE}") if name.endswith(".parquet")]
    root.prefetch(names)
    return [read_base_file(root, name) for name in names]


def replaced_names(table: str, base_files: list[BaseFile]) -> dict[str, BaseFile]:
    """Map the name of each file that a base file stands for to the newest base file that does."""
    newest_last = sorted(base_files, key=lambda base: base.created_at)
    return {f"{table}/{name}": base for base in newest_last for name in base.replaces}


def read_base_file(root: Root, name: str) -> BaseFile:
    """Read the footer of a base file; a log file stands for no others. Raises `StorageError`."""
    try:
        with root.open(name) as file:
            metadata = pq.read_metadata(file)
    except OSError as error:
        raise StorageError.of(error, root.location(name), "read") from error
    except pa.ArrowException as error:
        raise StorageError(f"{root.location(name)} is not readable as Parquet; put it back from a copy") from error
    entry = (metadata.metadata or {}).get(ENTRY.encode(), b"0\n\n0").decode()
    visible_from, _, created_at, *replaces = entry.split("\n")
    return BaseFile(name, metadata.num_rows, moment(int(created_at)), moment(int(visible_from)), tuple(replaces))
