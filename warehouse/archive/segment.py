"""The file of one batch of the archive: open while it is written, and marked until what it holds is indexed."""

from __future__ import annotations

import os
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, Final

from warehouse.archive.warc_records import warcinfo
from warehouse.errors import StorageError
from warehouse.storage.durable import make_folder, sync_folder
from warehouse.storage.root import Root

SUFFIX: Final = ".warc.gz"
OPEN: Final = ".open"
UNLANDED: Final = ".unlanded"


class BatchFile:
    """One WARC file that records are added to; there is none before the first. The source's lock is held."""

    def __init__(self, root: Root, source_id: str, run_id: str, now: datetime) -> None:
        self._root = root
        self._source_id = source_id
        self._run_id = run_id
        self._prefix = f"{source_id}-{now.astimezone(UTC):%Y%m%dT%H%M%SZ}"
        self._file: BinaryIO | None = None
        self.end = 0
        """Where the next record begins."""
        self.filename: str | None = None
        """Relative to the data root, once there is one."""

    def begin(self) -> str:
        """Make the file where there is none yet, with its first record; its name. Raises `StorageError`."""
        if self._file is not None and self.filename is not None:
            return self.filename
        self._root.check()
        name = self._free_name()
        self.filename = f"archive/{self._source_id}/{name}"
        try:
            mark = marker(self._root, self._source_id, name)
            make_folder(mark.parent)
            mark.touch()
            sync_folder(mark.parent)
            make_folder(self._path.parent)
            self._file = self._path.open("xb", buffering=0)
        except OSError as error:
            raise StorageError.of(error, str(self._path)) from error
        self.end = 0
        self.append(warcinfo(name, self._run_id))
        return self.filename

    def append(self, records: bytes) -> None:
        """Add whole records to a file that was begun. Raises `StorageError`, and then none of them is in it."""
        file = self._file
        if file is None:
            raise ValueError("the file was not begun")
        try:
            left = memoryview(records)
            while left:
                left = left[file.write(left) :]
        except OSError as error:
            with suppress(OSError):  # the whole records before it stay readable
                file.truncate(self.end)
            raise StorageError.of(error, str(self._path)) from error
        self.end += len(records)

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
        finish(self._root, self._path, str(self.filename))

    def settle(self) -> None:
        """Take the mark away: all that it holds is indexed."""
        if self.filename is None:
            return
        with suppress(OSError):
            marker(self._root, self._source_id, Path(self.filename).name).unlink(missing_ok=True)

    @property
    def _path(self) -> Path:
        return self._root.local / f"{self.filename}{OPEN}"

    def _free_name(self) -> str:
        folder = f"archive/{self._source_id}"
        number = 0
        while True:
            name = f"{self._prefix}-{self._run_id}-{number:05d}{SUFFIX}"
            is_taken = self._root.exists(f"{folder}/{name}") or (self._root.local / folder / (name + OPEN)).exists()
            if not is_taken and not marker(self._root, self._source_id, name).exists():
                return name
            number += 1


def finish(root: Root, path: Path, filename: str) -> None:
    """Give a file that was left open its final name. Raises `StorageError`."""
    try:
        if not root.is_folder:
            root.publish_file(filename, path)
            path.unlink()
            return
        path.rename(root.location(filename))
        sync_folder(path.parent)
    except OSError as error:
        raise StorageError.of(error, root.location(filename)) from error


def is_foreign(mark: Path) -> bool:
    """Return whether no run made this file or folder among the marks of batches."""
    return not mark.is_file()


def marker(root: Root, source_id: str, name: str) -> Path:
    """Return the path of the empty file that marks a batch as not indexed; without a name, of the source's folder."""
    return root.local / UNLANDED / source_id / name
