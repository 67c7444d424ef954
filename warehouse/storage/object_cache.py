"""Copies of small objects, and of the ends of large ones, on this machine: what was read once is not asked for again.

A copy is named by the object's name and etag, so it is never outdated, only not wanted any more. What is not in the
listing any more is deleted as soon as the tables are listed: also a take-down on another machine reaches the copies.
"""

from __future__ import annotations

import os
import time
from contextlib import suppress
from hashlib import sha256
from typing import TYPE_CHECKING, Final
from uuid import uuid4

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from warehouse.storage.object_entry import ObjectEntry

MAX_WRITE_SECONDS: Final = 3_600.0
MAX_COPY_BYTES: Final = 256 * 1024
END_BYTES: Final = 128 * 1024
"""Of a larger object: its footer is in it, unless it has very many row groups."""


class ObjectCache:
    """A folder of copies; where it cannot be written, there are none."""

    def __init__(self, folder: Path) -> None:
        self._folder: Final = folder

    def takes(self, entry: ObjectEntry) -> bool:
        """Return whether an object is small enough to be copied whole."""
        return entry.size <= MAX_COPY_BYTES

    def lacks(self, entry: ObjectEntry) -> bool:
        """Return whether an object is small and there is no copy of it."""
        return self.takes(entry) and not self._is_whole(entry)

    def read(self, entry: ObjectEntry) -> bytes | None:
        """Return the copy of a small object; None where there is none."""
        with suppress(OSError):
            content = self._path(entry.name, entry.etag).read_bytes()
            return content if len(content) == entry.size else None
        return None

    def write(self, entry: ObjectEntry, content: bytes) -> None:
        """Keep the copy of a small object."""
        self._write(self._path(entry.name, entry.etag), content)

    def read_end(self, name: str, etag: str) -> bytes | None:
        """Return the copy of the end of a large object; None where there is none."""
        with suppress(OSError):
            content = self._path(name, etag).read_bytes()
            return content if len(content) == END_BYTES else None
        return None

    def write_end(self, name: str, etag: str, content: bytes) -> None:
        """Keep the last `END_BYTES` bytes of a large object."""
        self._write(self._path(name, etag), content)

    def remove(self, entry: ObjectEntry) -> None:
        """Delete the copy of an object."""
        with suppress(OSError):
            self._path(entry.name, entry.etag).unlink(missing_ok=True)

    def keep_only(self, entries: Iterable[ObjectEntry]) -> None:
        """Delete all copies but those of some objects."""
        listed_files = {_key(entry.name, entry.etag) for entry in entries}
        with suppress(OSError), os.scandir(self._folder) as files:
            for file in files:
                with suppress(OSError):
                    if file.name not in listed_files and not _is_being_written(file):
                        os.unlink(file.path)  # noqa: PTH108  one of thousands

    def _is_whole(self, entry: ObjectEntry) -> bool:
        with suppress(OSError):
            return self._path(entry.name, entry.etag).stat().st_size == entry.size
        return False

    def _path(self, name: str, etag: str) -> Path:
        return self._folder / _key(name, etag)

    def _write(self, path: Path, content: bytes) -> None:
        partial = self._folder / f".{uuid4().hex}"
        try:
            # Texts of articles are in it, and a home folder may be open to others.
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with partial.open("xb") as file:
                file.write(content)
                file.flush()
                # Or it may have the right size and no content after a power cut.
                os.fsync(file.fileno())
            partial.replace(path)
        except OSError:
            with suppress(OSError):
                partial.unlink(missing_ok=True)


def _is_being_written(file: os.DirEntry[str]) -> bool:
    return file.name.startswith(".") and time.time() - file.stat().st_mtime < MAX_WRITE_SECONDS


def _key(name: str, etag: str) -> str:
    return sha256(f"{name}\0{etag}".encode()).hexdigest()[:32]
