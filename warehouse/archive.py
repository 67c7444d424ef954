"""The archive: every document as it came, in gzip WARC 1.1 files, one gzip member a record.

A batch is one file, `archive/<source_id>/<name>.warc.gz`. While it is written it is called `….warc.gz.open`. From
before its first byte until the rows of `captures` that index it have landed, an empty file
`.unlanded/<source_id>/<name>` says so: a run that finds one there takes up what a killed run left, and never has to
search the archive itself.
"""

from __future__ import annotations

import json
import os
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Final, Self
from uuid import uuid4

from warehouse.connect import connect, rows
from warehouse.errors import EmptyWarehouseError, StorageError
from warehouse.records import Capture, Fetched
from warehouse.root import Root, make_folder, sync_folder
from warehouse.warc import FACTS, members, records, resource, warcinfo

if TYPE_CHECKING:
    from collections.abc import Iterator

SUFFIX: Final = ".warc.gz"
OPEN: Final = ".open"
UNLANDED: Final = ".unlanded"
RECOVERED: Final = "recovered"


class ArchiveWriter:
    """Writes the documents of one batch to one WARC file; the source's lock is held. Nothing written: no file."""

    def __init__(self, root: str | os.PathLike[str] | Root, source_id: str, run_id: str, now: datetime) -> None:
        self._root = Root.at(root)
        self._source_id = source_id
        self._run_id = run_id
        self._prefix = f"{source_id}-{now.astimezone(UTC):%Y%m%dT%H%M%SZ}"
        self._file: BinaryIO | None = None
        self._end = 0
        self.filename: str | None = None
        """Of the WARC, relative to the data root, once there is one."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def write(self, fetched: Fetched) -> Capture:
        """Archive one document; its capture is `pending` until the caller knows better. Raises `StorageError`."""
        file = self._begin()
        capture = Capture.of(
            fetched,
            capture_id=str(uuid4()),
            run_id=self._run_id,
            warc_filename=str(self.filename),
            warc_offset=self._end,
        )
        return replace(capture, warc_length=self._append(file, resource(capture, fetched.content)))

    def sync(self) -> None:
        """Make what was written durable. Raises `StorageError`."""
        if self._file is None:
            return
        try:
            self._file.flush()
            os.fsync(self._file.fileno())
        except OSError as error:
            raise StorageError.of(error, str(self._path)) from error

    def close(self) -> None:
        """Sync and give the file its final name. Raises `StorageError`."""
        if self._file is None:
            return
        try:
            self.sync()
        finally:
            self._file.close()
            self._file = None
        _finish(self._root, self._path, str(self.filename))

    def settle(self) -> None:
        """Say that the rows of all its captures have landed; otherwise the source's next run looks them up."""
        if self.filename is None:
            return
        with suppress(OSError):
            _marker(self._root, self._source_id, Path(self.filename).name).unlink(missing_ok=True)

    @property
    def _path(self) -> Path:
        return self._root.local / f"{self.filename}{OPEN}"

    def _begin(self) -> BinaryIO:
        if self._file is not None:
            return self._file
        name = self._free_name()
        self.filename = f"archive/{self._source_id}/{name}"
        try:
            marker = _marker(self._root, self._source_id, name)
            make_folder(marker.parent)
            marker.touch()
            sync_folder(marker.parent)
            make_folder(self._path.parent)
            self._file = self._path.open("xb", buffering=0)
        except OSError as error:
            raise StorageError.of(error, str(self._path)) from error
        self._end = 0
        self._append(self._file, warcinfo(name, self._run_id))
        return self._file

    def _free_name(self) -> str:
        folder = f"archive/{self._source_id}"
        number = 0
        while True:
            name = f"{self._prefix}-{self._run_id}-{number:05d}{SUFFIX}"
            taken = self._root.exists(f"{folder}/{name}") or (self._root.local / folder / (name + OPEN)).exists()
            if not taken and not _marker(self._root, self._source_id, name).exists():
                return name
            number += 1

    def _append(self, file: BinaryIO, record: bytes) -> int:
        try:
            left = memoryview(record)
            while left:
                left = left[file.write(left) :]
        except OSError as error:
            with suppress(OSError):  # the whole records before it stay readable
                file.truncate(self._end)
            raise StorageError.of(error, str(self._path)) from error
        self._end += len(record)
        return len(record)


def recover(root: str | os.PathLike[str] | Root, source_id: str) -> list[Capture]:
    """What a killed run archived and did not index: its captures, their outcome `recovered`.

    The source's lock is held. Torn tails are cut off and files left open get their final names. Whoever lands the rows
    needs to do no more; landing none of them, the next call returns them again. Raises `StorageError`.
    """
    root = Root.at(root)
    names = sorted(path.name for path in _marker(root, source_id, "").glob("*"))
    found = []
    for name in names:
        filename = f"archive/{source_id}/{name}"
        left_open = root.local / f"{filename}{OPEN}"
        try:
            if left_open.exists():
                if _cut_torn_tail(left_open):
                    _finish(root, left_open, filename)
                else:
                    left_open.unlink()
            captures = list(_captures(root, filename)) if root.exists(filename) else []
        except OSError as error:
            raise StorageError.of(error, str(left_open), "recover") from error
        known = _known(root, filename) if captures else set()
        unknown = [capture for capture in captures if capture.capture_id not in known]
        if not unknown:
            _marker(root, source_id, name).unlink(missing_ok=True)
        found += unknown
    return found


def read(root: str | os.PathLike[str] | Root, warc_filename: str, offset: int, length: int) -> bytes:
    """The payload of the record at an offset, as it came. Reads `length` bytes. Raises `StorageError`."""
    root = Root.at(root)
    place = root.place(warc_filename)
    try:
        with root.open(warc_filename) as file:
            file.seek(offset)
            member = file.read(length)
    except OSError as error:
        raise StorageError.of(error, place, "read") from error
    for _, _, _, payload in records(BytesIO(member)):
        return payload
    raise StorageError(f"no whole record in {place} at {offset}; see what else is lost with 'copydesk maintain verify'")


def _captures(root: Root, filename: str) -> Iterator[Capture]:
    with root.open(filename) as file:
        for offset, length, headers, _ in records(file):
            if FACTS in headers:
                facts: dict[str, Any] = json.loads(headers[FACTS])
                facts["fetched_at"] = datetime.fromisoformat(facts["fetched_at"])
                place = {"warc_filename": filename, "warc_offset": offset, "warc_length": length}
                yield Capture(**{**facts, **place, "outcome": RECOVERED})


def _known(root: Root, filename: str) -> set[str]:
    try:
        with connect(root) as warehouse:
            query = "SELECT capture_id FROM captures WHERE warc_filename = ?"
            return {capture_id for (capture_id,) in rows(warehouse, query, [filename])}
    except EmptyWarehouseError:
        return set()  # the first run was killed before anything landed


def _cut_torn_tail(path: Path) -> int:
    """The bytes of the whole records, which are what is left of the file."""
    with path.open("r+b") as file:
        whole = max((end for end, _ in members(file)), default=0)
        file.truncate(whole)
        os.fsync(file.fileno())
    return whole


def _finish(root: Root, path: Path, filename: str) -> None:
    try:
        if not root.is_folder:
            root.publish(filename, path.read_bytes())
            path.unlink()
            return
        path.rename(root.place(filename))
        sync_folder(path.parent)
    except OSError as error:
        raise StorageError.of(error, root.place(filename)) from error


def _marker(root: Root, source_id: str, name: str) -> Path:
    return root.local / UNLANDED / source_id / name
