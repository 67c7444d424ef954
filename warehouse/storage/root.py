"""The data root: a folder, or the URL of an object store. The one place that knows the difference."""

from __future__ import annotations

import errno
import hashlib
import os
import re
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from time import time
from typing import TYPE_CHECKING, BinaryIO, Final
from urllib.parse import unquote, urlsplit
from uuid import uuid4

from warehouse.errors import StorageError
from warehouse.storage.durable import make_folder, sync_folder

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import timedelta

    from warehouse.storage.object_entry import ObjectEntry
    from warehouse.storage.objects import Objects

PARTIAL: Final = ".partial"
DAMAGED: Final = ".damaged"
"""The folder of the data root into which what cannot be read is moved, out of every reader's sight."""
# Folders of base files, in that of their table, and of what says which of their rows are superseded.
BASE: Final = "base"
SUPERSEDED: Final = "superseded"
COPIES: Final = "copies"
"""The folder of the sketches of texts, which say what is a copy of what; made again where it was deleted."""


@dataclass(frozen=True, slots=True)
class Root:
    """A data root; `name`s are relative to it, `/` between their parts. Making one touches nothing."""

    url: str
    """An absolute path without symlinks, or a URL such as `s3://bucket/news`; no slash at the end."""
    query: str = ""
    """Options of the URL, such as `endpoint_override=…`."""
    identity: tuple[int, int] | None = field(default=None, compare=False)
    """Device and inode of the folder when it was made ready; None before, and for a URL."""

    @classmethod
    def at(cls, root: str | os.PathLike[str] | Root) -> Root:
        """Return the root at a path (also as a `file:` URL) or at the URL of an object store."""
        if isinstance(root, Root):
            return root
        path_or_url = os.fspath(root)
        parts = urlsplit(path_or_url)
        if "://" not in path_or_url or parts.scheme == "file":
            path = Path(unquote(parts.path)) if parts.scheme == "file" else Path(path_or_url).expanduser()
            return cls(str(path.resolve()))
        return cls(f"{parts.scheme}://{parts.netloc}{parts.path}".rstrip("/"), parts.query)

    @property
    def is_folder(self) -> bool:
        """Whether it is on a file system of this machine."""
        return "://" not in self.url

    @property
    def local(self) -> Path:
        """The folder for locks and unfinished files: the root itself, for a URL one in the user's state folder."""
        return Path(self.url) if self.is_folder else self._own_folder("XDG_STATE_HOME", ".local/state")

    @property
    def cache(self) -> Path:
        """The folder for what can be made again from the tables: the root itself, for a URL one in the user's cache."""
        return Path(self.url) if self.is_folder else self._own_folder("XDG_CACHE_HOME", ".cache")

    def objects(self) -> Objects:
        """Return the object store, for a URL; the same one for the whole process. Raises `StorageError`."""
        from warehouse.storage.objects import shared_objects

        return shared_objects(self.url, self.query, self.cache / "objects")

    def location(self, name: str) -> str:
        """Return the full path or URL of a name."""
        return f"{self.url}/{name}"

    def make(self) -> Root:
        """Make the folder, and return the root that knows it again: one that was moved away is not made anew.

        Raises `StorageError`.
        """
        if not self.is_folder:
            return self
        try:
            if Path(self.url).exists() and not Path(self.url).is_dir():
                raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
            make_folder(Path(self.url))
            return replace(self, identity=_identity(Path(self.url)))
        except OSError as error:
            raise StorageError.of(error, self.url) from error

    def check(self) -> None:
        """Raise `StorageError` where the folder that was made ready is not there any more, or is another one."""
        if self.identity is None:
            return
        try:
            is_same = self.identity == _identity(Path(self.url))
        except OSError:
            is_same = False
        if not is_same:
            raise StorageError(
                f"the data root {self.url} was moved away or unmounted; nothing was written in its place; put it back,"
                " and run again"
            )

    def move_away(self, name: str) -> str:
        """Move a file or folder below `.damaged`, and return its name there. Raises `StorageError`."""
        moved = f"{DAMAGED}/{name}.{uuid4().hex[:8]}"
        try:
            if self.is_folder:
                make_folder(Path(self.location(moved)).parent)
                Path(self.location(name)).rename(self.location(moved))
            else:
                self.objects().move(name, moved)
        except OSError as error:
            raise StorageError.of(error, self.location(name), "move") from error
        return moved

    def publish(self, name: str, content: bytes | memoryview) -> None:
        """Put a file there, whole or not at all, in place of an older one. Raises `StorageError`."""
        try:
            if self.is_folder:
                self._publish_file(Path(self.location(name)), content)
            else:
                self.objects().write(name, content)
        except OSError as error:
            raise StorageError.of(error, self.location(name)) from error

    def open(self, name: str) -> BinaryIO:
        """Open a file for reading at any offset. Raises OSError."""
        if self.is_folder:
            return Path(self.location(name)).open("rb")
        return self.objects().open(name)

    def prefetch(self, names: Sequence[str]) -> None:
        """Get ready for reading many files: those in an object store that are small are fetched side by side."""
        if not self.is_folder:
            self.objects().fetch_small(names)

    def read(self, name: str, offset: int, length: int) -> bytes:
        """Read a part of a file, in one request where it is in an object store. Raises OSError."""
        if not self.is_folder:
            return self.objects().read(name, offset, length)
        with Path(self.location(name)).open("rb") as file:
            file.seek(offset)
            return file.read(length)

    def exists(self, name: str) -> bool:
        """Return whether there is such a file or folder. Raises `StorageError`."""
        if self.is_folder:
            return Path(self.location(name)).exists()
        try:
            return self.objects().exists(name)
        except OSError as error:
            raise StorageError.of(error, self.location(name), "read") from error

    def names(self, folder: str) -> Iterator[str]:
        """Yield the names of all files below a folder of the root, sorted; none if it does not exist.

        Raises `StorageError`.
        """
        if self.is_folder:
            top = Path(self.location(folder))
            yield from sorted(path.relative_to(self.url).as_posix() for path in top.rglob("*") if path.is_file())
            return
        yield from (entry.name for entry in self._entries(folder))

    def has_tables(self, tables: Iterable[str]) -> bool:
        """Return whether each of the tables has a file."""
        if self.is_folder:
            return all(any(Path(self.location(table)).glob("*/*.parquet")) for table in tables)
        return all(self._entries(table) for table in tables)

    def modified(self, folder: str) -> dict[str, datetime]:
        """Map the names of all files below a folder of the root to when they were written. Raises `StorageError`."""
        return {name: datetime.fromtimestamp(moment / 1e9, UTC) for name, (_, moment) in self.states(folder).items()}

    def states(self, folder: str) -> dict[str, tuple[int, int]]:
        """Map the names of all files below a folder of the root to their bytes and when they were written.

        That is in nanoseconds. Raises `StorageError`.
        """
        if not self.is_folder:
            return {
                entry.name: (entry.size, round(entry.modified_at.timestamp() * 1e6) * 1_000)
                for entry in self._entries(folder)
            }
        from pyarrow.fs import FileSelector, LocalFileSystem

        try:
            selector = FileSelector(f"{self.url}/{folder}", recursive=True, allow_not_found=True)
            files = LocalFileSystem().get_file_info(selector)
        except OSError as error:
            raise StorageError.of(error, self.location(folder), "read") from error
        return {
            str(info.path).removeprefix(self.url + "/"): (info.size, info.mtime_ns) for info in files if info.is_file
        }

    def local_copies(self, names: Sequence[str], folder: Path) -> list[Path]:
        """Return the paths of files; of those in an object store, of copies in a folder. Raises `StorageError`."""
        if self.is_folder:
            return [Path(self.location(name)) for name in names]
        self.prefetch(names)
        paths = []
        for name in names:
            paths.append(folder / name)
            make_folder(paths[-1].parent)
            try:
                self.objects().copy(name, paths[-1])
            except OSError as error:
                raise StorageError.of(error, self.location(name), "read") from error
        return paths

    def delete(self, name: str) -> None:
        """Delete a file if it is there. Raises `StorageError`."""
        try:
            if self.is_folder:
                Path(self.location(name)).unlink(missing_ok=True)
            else:
                self.objects().delete(name)
        except OSError as error:
            raise StorageError.of(error, self.location(name), "delete") from error

    def publish_file(self, name: str, path: Path) -> None:
        """Put a file of this machine there, whole or not at all; it may be gone from `path` then.

        Raises `StorageError`.
        """
        try:
            if not self.is_folder:
                self.objects().write(name, path)
                return
            target = Path(self.location(name))
            make_folder(target.parent)
            with path.open("rb") as file:
                os.fsync(file.fileno())
            path.replace(target)
            sync_folder(target.parent)
        except OSError as error:
            raise StorageError.of(error, self.location(name)) from error

    def left_overs(self, grace: timedelta) -> list[Path]:
        """Return the temporary files of killed writers: those not touched for longer than `grace`."""
        oldest = time() - grace.total_seconds()
        paths = []
        for path in (self.local / PARTIAL).glob("*"):
            with suppress(FileNotFoundError):  # its writer has just renamed it
                if path.stat().st_mtime <= oldest:
                    paths.append(path)
        return sorted(paths)

    def _own_folder(self, variable: str, folder: str) -> Path:
        parent = Path(os.environ.get(variable) or Path.home() / folder)
        return parent / "copydesk" / hashlib.sha256(self.url.encode()).hexdigest()[:16]

    def _entries(self, folder: str) -> list[ObjectEntry]:
        try:
            return self.objects().entries(folder)
        except OSError as error:
            raise StorageError.of(error, self.location(folder), "read") from error

    def _publish_file(self, target: Path, content: bytes | memoryview) -> None:
        self.check()
        # Not beside the target: whatever a reader globs, it never meets half a file.
        partial = self.local / PARTIAL / f"{target.name}.{uuid4().hex}"
        make_folder(partial.parent)
        make_folder(target.parent)
        try:
            with partial.open("xb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            partial.replace(target)
            sync_folder(target.parent)
        finally:
            with suppress(OSError):
                partial.unlink(missing_ok=True)


def _identity(folder: Path) -> tuple[int, int]:
    status = folder.stat()
    return status.st_dev, status.st_ino


def escape_pattern(path: str) -> str:
    """Return a path as DuckDB reads it for one file: `[`, `*` and `?` stand for themselves."""
    return re.sub(r"[\[*?]", lambda match: f"[{match[0]}]", path)
