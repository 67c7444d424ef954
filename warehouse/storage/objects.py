"""The objects below the URL of a data root: listed once and remembered, the small ones kept as copies on this machine.

A command lists the tables once, a request for each thousand objects. What this process writes or deletes is put into
the listing; what others do is seen when it is taken anew: after a lock is taken, and when it is older than
`MAX_LISTING_AGE_SECONDS`.
"""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Final, Protocol, cast
from weakref import WeakSet

from warehouse.storage.object_cache import ObjectCache
from warehouse.storage.object_entry import ObjectEntry, Version
from warehouse.storage.object_errors import ReplacedError, as_os_errors
from warehouse.storage.object_file import ObjectFile
from warehouse.storage.object_urls import open_client

if TYPE_CHECKING:
    from collections.abc import Iterable

    from obstore.store import ObjectStore as Client


MAX_LISTING_AGE_SECONDS: Final = 30.0
ARCHIVE: Final = "archive"
# Behind all names of the archive, which has many more files than the tables, and before all of the tables.
AFTER_ARCHIVE: Final = ARCHIVE + chr(ord("/") + 1)
PAGE_OBJECTS: Final = 1_000
PART_BYTES: Final = 16 * 1024 * 1024
"""A file up to this size is one request."""
FETCHES_AT_ONCE: Final = 16


class Listing:
    """The files of all tables, as they were at one moment and as this process has changed them since."""

    def __init__(self, entries: dict[str, ObjectEntry], listed_at: float) -> None:
        self._entries: Final = entries
        self._listed_at: Final = listed_at

    def age(self) -> float:
        """Return the seconds since it was begun."""
        return time.monotonic() - self._listed_at

    def find(self, name: str) -> ObjectEntry | None:
        """Return the entry of a file, or None."""
        return self._entries.get(name)

    def all(self) -> list[ObjectEntry]:
        """Return the entries of all files; a copy, as other threads write."""
        return list(self._entries.values())

    def put(self, entry: ObjectEntry) -> None:
        """Take note of a file that was written."""
        self._entries[entry.name] = entry

    def remove(self, name: str) -> None:
        """Take note that a file was deleted."""
        self._entries.pop(name, None)


class Fence(Protocol):
    """What a process must hold to write."""

    def check(self) -> None:
        """Raise OSError where it is lost."""


_SHARED: Final[dict[tuple[str, str, Path], Objects]] = {}
_SHARED_LOCK: Final = threading.Lock()


def shared_objects(url: str, query: str, cache: Path) -> Objects:
    """Return the objects of a data root: one listing and one pool of connections for all of a process.

    Raises `StorageError` for a URL that cannot be meant.
    """
    with _SHARED_LOCK:
        if (url, query, cache) not in _SHARED:
            _SHARED[url, query, cache] = Objects(url, query, cache)
        return _SHARED[url, query, cache]


class Objects:
    """The objects of one data root. Making it asks the store nothing."""

    def __init__(self, url: str, query: str, cache: Path) -> None:
        self._client: Final[Client] = open_client(url, query)
        self._cache: Final = ObjectCache(cache)
        self._listing = Listing({}, float("-inf"))
        self._listings: Final = WeakSet[Listing]()
        self._lock: Final = threading.Lock()
        self._is_forgotten = False
        self.leases: Final[list[Fence]] = []
        """Those that this process holds: once one is lost, it writes and deletes nothing."""
        self.knows_conditions = False
        """Whether the store was seen to refuse a write by its condition."""

    def listing(self) -> Listing:
        """Return the listing of the tables; whoever keeps it sees what this process writes. Raises OSError."""
        with self._lock:
            if self._is_forgotten or self._listing.age() > MAX_LISTING_AGE_SECONDS:
                began = time.monotonic()
                self._listing = Listing(self._list(offset=AFTER_ARCHIVE), began)
                self._is_forgotten = False
                self._listings.add(self._listing)
                self._cache.keep_only(self._listing.all())
            return self._listing

    def forget_listing(self) -> None:
        """Take the listing anew before it is asked again."""
        with self._lock:
            self._is_forgotten = True

    def entries(self, folder: str) -> list[ObjectEntry]:
        """Return the entries of all files below a folder, sorted by name. Raises OSError."""
        is_table = f"{folder}/" > AFTER_ARCHIVE
        entries = self.listing().all() if is_table else list(self._list(prefix=folder).values())
        return sorted((entry for entry in entries if entry.name.startswith(f"{folder}/")), key=_name)

    def find(self, name: str) -> ObjectEntry | None:
        """Return the entry of a file, or None; one outside the tables is asked for. Raises OSError."""
        if name > AFTER_ARCHIVE:
            return self.listing().find(name)
        try:
            with as_os_errors():
                return ObjectEntry.of(self._client.head(name))
        except FileNotFoundError:
            return None

    def exists(self, name: str) -> bool:
        """Return whether there is such a file, or among the tables such a folder. Raises OSError."""
        return self.find(name) is not None or (name > AFTER_ARCHIVE and bool(self.entries(name)))

    def open(self, name: str) -> BinaryIO:
        """Open a file for reading at any offset; a small one of a table is read at once. Raises OSError."""
        if name < AFTER_ARCHIVE:
            return cast("BinaryIO", ObjectFile(self._client, name))
        entry = self.listing().find(name)
        if entry is None:
            raise FileNotFoundError(f"no object {name}")
        return self.open_entry(entry)

    def open_entry(self, entry: ObjectEntry) -> BinaryIO:
        """Open a file of a table as a listing has it. Raises OSError, `ReplacedError` where it is another one now."""
        if not self._cache.takes(entry):
            return cast("BinaryIO", ObjectFile(self._client, entry.name, entry.size, entry.etag, self._cache))
        # DuckDB keeps many files open, and of one in memory no handle is left over.
        copy = self._cache.read(entry)
        return BytesIO(self._fetch(entry) if copy is None else copy)

    def fetch_small(self, names: Iterable[str]) -> None:
        """Copy those files of tables that are small and not there yet, several at a time.

        One that cannot be fetched is left to whoever opens it.
        """
        with suppress(OSError):
            listing = self.listing()
            self.fetch_entries(entry for name in names if (entry := listing.find(name)) is not None)

    def fetch_entries(self, entries: Iterable[ObjectEntry]) -> None:
        """Do the same for files as a listing has them."""
        missing = [entry for entry in entries if self._cache.lacks(entry)]
        if len(missing) > 1:
            with ThreadPoolExecutor(FETCHES_AT_ONCE, "fetch") as threads:
                list(threads.map(self._try_fetch, missing))

    def read(self, name: str, offset: int, length: int) -> bytes:
        """Read a part of a file, in one request. Raises OSError."""
        if not length:
            return b""
        with as_os_errors():
            return bytes(self._client.get(name, options={"range": (offset, offset + length)}).bytes())

    def copy(self, name: str, path: Path, *, fresh: bool = False) -> None:
        """Copy a file to this machine; a `fresh` one as the store has it, whatever copies there are. Raises OSError."""
        entry = None if fresh else self.listing().find(name)
        small = None if entry is None or not self._cache.takes(entry) else self._cache.read(entry)
        if small is not None:
            path.write_bytes(small)
            return
        with as_os_errors(), path.open("wb") as file:
            for chunk in self._client.get(name):
                file.write(chunk)

    def write(self, name: str, content: bytes | memoryview | Path) -> None:
        """Put a file there, whole or not at all, in place of an older one. Raises OSError."""
        self._check_leases()
        if isinstance(content, memoryview):
            content = content.cast("B")
        size = content.stat().st_size if isinstance(content, Path) else len(content)
        with as_os_errors():
            etag = self._client.put(name, content, chunk_size=PART_BYTES, max_concurrency=2).get("e_tag")
        if name < AFTER_ARCHIVE:
            return
        entry = ObjectEntry.of({"path": name, "size": size, "last_modified": datetime.now(UTC), "e_tag": etag})
        with self._lock:
            replaced = self._listing.find(name)
            for listing in (self._listing, *self._listings):
                listing.put(entry)
        # A take-down writes a file anew, without what is not to be on this machine any more either.
        if replaced is not None:
            self._cache.remove(replaced)
        if self._cache.takes(entry):
            self._cache.write(entry, content.read_bytes() if isinstance(content, Path) else bytes(content))

    def delete(self, name: str) -> None:
        """Delete a file if it is there. Raises OSError."""
        self._check_leases()
        with as_os_errors():
            self._client.delete(name)
        with self._lock:
            entry = self._listing.find(name)
            for listing in (self._listing, *self._listings):
                listing.remove(name)
        if entry is not None:
            self._cache.remove(entry)

    def move(self, name: str, target: str) -> None:
        """Give a file another name. Raises OSError."""
        with as_os_errors():
            self._client.copy(name, target)
        self.delete(name)

    def write_if(self, name: str, content: bytes, version: Version | None) -> Version | None:
        """Put a file there if it is still of this version, or with None if there is none.

        Return its new version; None where another process was first. Raises OSError.
        """
        from obstore.exceptions import AlreadyExistsError

        mode: Any = "create" if version is None else version.condition
        try:
            with as_os_errors():
                try:
                    return Version.of(self._client.put(name, content, mode=mode))
                except AlreadyExistsError:
                    return None
        except (FileNotFoundError, ReplacedError):
            return None

    def read_version(self, name: str) -> tuple[bytes, Version, datetime] | None:
        """Return the content of a file, its version and when it was written; None if there is none. Raises OSError."""
        try:
            with as_os_errors():
                result = self._client.get(name)
                return bytes(result.bytes()), Version.of(result.meta), result.meta["last_modified"]
        except FileNotFoundError:
            return None

    def _check_leases(self) -> None:
        for lease in tuple(self.leases):
            lease.check()

    def _list(self, prefix: str | None = None, offset: str | None = None) -> dict[str, ObjectEntry]:
        with as_os_errors():
            pages = self._client.list(prefix, offset=offset, chunk_size=PAGE_OBJECTS)
            entries = [ObjectEntry.of(meta) for page in pages for meta in page]
        return {entry.name: entry for entry in entries}

    def _try_fetch(self, entry: ObjectEntry) -> None:
        with suppress(OSError):
            self._fetch(entry)

    def _fetch(self, entry: ObjectEntry) -> bytes:
        try:
            with as_os_errors():
                content = bytes(self._client.get(entry.name, options={"if_match": entry.etag}).bytes())
        except (ReplacedError, FileNotFoundError):
            self.forget_listing()
            raise
        self._cache.write(entry, content)
        return content


def _name(entry: ObjectEntry) -> str:
    return entry.name
