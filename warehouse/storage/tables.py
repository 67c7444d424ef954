"""Landing: a batch of rows becomes one Parquet file, whole or not at all, and landing it twice is landing it once."""

from __future__ import annotations

import json
import logging
import os
import re
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from enum import Enum
from hashlib import sha256
from time import monotonic
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa
import pyarrow.parquet as pq
from filelock import FileLock, Timeout

from warehouse.errors import LockedError, StorageError
from warehouse.model.records import Article, Capture, Rejection
from warehouse.model.rows import Discovery, Habit, Poll, Run
from warehouse.model.schema import SCHEMAS
from warehouse.storage.root import Root

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path
    from threading import Event

Row = Article | Capture | Discovery | Habit | Poll | Rejection | Run

LOOK_SECONDS: Final = 1.0
"""How often a wait for a lock looks whether it was told to stop."""
ROW_GROUP: Final = 20_000
FALSE_POSITIVES: Final = 0.01
LOOKED_UP: Final = {
    "articles": ("article_id", "version_id", "url", "canonical_url", "normalized_url", "capture_id"),
    "captures": ("capture_id", "url", "payload_digest"),
    "discoveries": ("url", "normalized_url", "guid"),
    "rejects": ("url",),
}
"""The columns that get a Bloom filter, so that the look-up of one id reads one file and not all."""
SORTED_BY: Final = {"articles": "published_at", "captures": "warc_offset", "discoveries": "seen_at"}
FILLED_AT_LANDING: Final = {"articles": ("landed_at",), "rejects": ("first_seen_at", "last_seen_at")}
NAME: Final = re.compile(r"[^/\\\x00-\x1f.][^/\\\x00-\x1f]*")


log: Final = logging.getLogger("copydesk")


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
        if not NAME.fullmatch(source_id) or not NAME.fullmatch(key):
            raise ValueError(f"not part of a file name: {source_id!r}, {key!r}")
        self.prepare()
        name = f"{table}/landed_month={now.astimezone(UTC):%Y-%m}/{source_id}-{key}.parquet"
        self.root.publish(name, to_parquet(table, to_arrow(table, rows, now)))
        return name

    def clean(self, grace: timedelta = timedelta(hours=1)) -> list[Path]:
        """Delete the temporary files of killed writers that are older than `grace`; returns them."""
        left_over = self.root.left_overs(grace)
        for path in left_over:
            try:
                path.unlink(missing_ok=True)
            except OSError as error:
                raise StorageError.of(error, str(path), "delete") from error
        return left_over

    @contextmanager
    def lock(self, source_id: str, seconds: float, stop: Event | None = None, part: str = "") -> Iterator[None]:
        """Hold the one lock of a source on this data root, or of a `part`; the system frees it when the process dies.

        Waits up to `seconds` for another run, then raises `LockedError`; KeyboardInterrupt once `stop` is set.
        Who holds the source has waited for its parts: they outlive a run that had started them on other machines.
        For an object store the lock holds on one machine only.
        """
        folder = self.root.local / ".locks"
        name = f"{source_id}.{part}" if part else source_id
        with ExitStack() as held:
            held.enter_context(self._lock(source_id, folder / name, seconds, stop))
            if not part:
                for left in folder.glob(f"{source_id}.*.lock"):
                    with self._lock(source_id, left.with_suffix(""), seconds, stop):
                        left.unlink(missing_ok=True)
                        left.with_suffix(".json").unlink(missing_ok=True)
            yield

    @contextmanager
    def _lock(self, source_id: str, path: Path, seconds: float, stop: Event | None) -> Iterator[None]:
        folder, holder = path.parent, path.with_name(f"{path.name}.json")
        lock = FileLock(path.with_name(f"{path.name}.lock"))
        try:
            folder.mkdir(parents=True, exist_ok=True)
            try:
                lock.acquire(timeout=0)
            except Timeout:
                log.warning("waiting for another run of source '%s' (%s)", source_id, _holder(holder))
                _wait(lock, seconds, stop)
        except Timeout:
            raise LockedError(
                f"source '{source_id}' is being run by another process ({_holder(holder)}) on {self.root.url}; wait for"
                " it to end, or end that process"
            ) from None
        except OSError as error:
            raise StorageError.of(error, str(folder)) from error
        try:
            _sign(holder)
            yield
        finally:
            lock.release()

    def is_locked(self, source_id: str) -> bool:
        """Whether a run of the source is under way."""
        lock = FileLock(self.root.local / ".locks" / f"{source_id}.lock")
        try:
            with lock.acquire(timeout=0):
                return False
        except (Timeout, OSError):
            return True

    def prepare(self) -> None:
        """Make every table readable before it has rows: a root of an older version may lack one."""
        # A view over a table with no file does not bind, so every table starts with a file without rows. A changed
        # schema gets another one: its new columns are NULL, not unknown, before the first row that has them lands.
        if self._prepared:
            return
        self.root = self.root.make()
        for table, schema in SCHEMAS.items():
            digest = sha256(str(schema).encode()).hexdigest()[:12]
            name = f"{table}/landed_month=0000-00/schema-{digest}.parquet"
            if not self.root.exists(name):
                self.root.publish(name, to_parquet(table, schema.empty_table()))
        self._prepared = True


def _wait(lock: FileLock, seconds: float, stop: Event | None) -> None:
    until = monotonic() + seconds
    while True:
        try:
            lock.acquire(timeout=max(0.0, min(LOOK_SECONDS, until - monotonic())))
        except Timeout:
            if stop is not None and stop.is_set():
                raise KeyboardInterrupt from None
            if monotonic() >= until:
                raise
        else:
            return


def to_arrow(table: str, rows: Sequence[Row], now: datetime) -> pa.Table:
    """The rows in their table's schema and order, what landing fills in filled with `now`."""
    if (order := SORTED_BY.get(table)) is not None:
        rows = sorted(rows, key=lambda row: ((value := getattr(row, order)) is None, value or 0))
    filled = FILLED_AT_LANDING.get(table, ())
    columns = []
    for field in SCHEMAS[table]:
        values = [_plain(getattr(row, field.name)) for row in rows]
        if field.name in filled:
            values = [now if value is None else value for value in values]
        columns.append(_column(values, field.type))
    return pa.Table.from_arrays(columns, schema=SCHEMAS[table])


def to_parquet(table: str, rows: pa.Table) -> memoryview:
    """The content of a table's file with these rows."""
    filters = {"ndv": max(1, min(len(rows), ROW_GROUP)), "fpp": FALSE_POSITIVES}
    sink = pa.BufferOutputStream()
    pq.write_table(
        rows,
        sink,
        compression="zstd",
        compression_level=3,
        row_group_size=ROW_GROUP,
        bloom_filter_options=dict.fromkeys(LOOKED_UP.get(table, ()), filters) or None,
        write_page_checksum=True,
    )
    return memoryview(sink.getvalue())


def _column(values: list[Any], kind: pa.DataType) -> pa.Array:
    try:
        return pa.array(values, kind)
    except UnicodeEncodeError:
        # One lone surrogate, say from a file name that is not UTF-8, would otherwise cost the whole batch.
        return pa.array(_encodable(values), kind)


def _encodable(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, list | tuple):
        return [_encodable(part) for part in value]
    if isinstance(value, dict):
        return {key: _encodable(part) for key, part in value.items()}
    return value


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, Enum | str | int | float | datetime):
        return value
    if isinstance(value, dict):
        return [(key, _plain(part)) for key, part in value.items()]
    if isinstance(value, tuple):
        return [_plain(part) for part in value]
    return {name: _plain(getattr(value, name)) for name in value.__slots__}


def _sign(holder: Path) -> None:
    since = f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC"
    try:
        holder.write_text(json.dumps({"pid": os.getpid(), "since": since}), "utf-8")
    except OSError as error:
        raise StorageError.of(error, str(holder)) from error


def _holder(holder: Path) -> str:
    try:
        signed = json.loads(holder.read_text("utf-8"))
        return f"pid {signed['pid']}, since {signed['since']}"
    except (OSError, ValueError, KeyError, TypeError):
        return "pid unknown"
