"""How DuckDB reads an object store: patterns are answered from the listing, small files from copies.

It needs no extension, and no request for what is known already.
"""

from __future__ import annotations

import re
import time
from datetime import datetime
from typing import TYPE_CHECKING, Any, BinaryIO, Final

from fsspec import AbstractFileSystem  # type: ignore[import-untyped]
from fsspec.utils import glob_translate  # type: ignore[import-untyped]

from warehouse.storage.object_errors import ReplacedError
from warehouse.storage.objects import MAX_LISTING_AGE_SECONDS, Listing, Objects

if TYPE_CHECKING:
    from warehouse.storage.object_entry import ObjectEntry


MIN_REST_SECONDS: Final = 1.0


class ObjectFileSystem(AbstractFileSystem):  # type: ignore[misc]
    """The tables below the URL of a data root, for reading; paths are whole URLs."""

    cachable = False

    def __init__(self, objects: Objects, url: str) -> None:
        super().__init__()
        self._objects, self._url = objects, url
        self._listing: Listing | None = None
        self._used_at = time.monotonic()

    def glob(self, path: str, **_: Any) -> list[str]:
        """Return the URLs of the files that match a pattern, sorted, and copy the small ones."""
        matches = re.compile(glob_translate(self._name(path))).match
        entries = [entry for entry in self._recent_listing().all() if matches(entry.name)]
        self._objects.fetch_entries(entries)
        self._used_at = time.monotonic()
        return sorted(f"{self._url}/{entry.name}" for entry in entries)

    def open(self, path: str, mode: str = "rb", **_: Any) -> BinaryIO:
        """Open a file for reading."""
        if "r" not in mode:
            raise PermissionError(f"{path} is opened for reading only")
        try:
            return self._objects.open_entry(self._entry(path))
        except (FileNotFoundError, ReplacedError):
            self._listing = None
            raise ReplacedError(f"{path} was replaced meanwhile", "run the command again") from None
        finally:
            self._used_at = time.monotonic()

    def exists(self, path: str, **_: Any) -> bool:
        """Return whether there is such a file."""
        return self._recent_listing().find(self._name(path)) is not None

    def size(self, path: str) -> int:
        """Return the number of bytes of a file."""
        return self._entry(path).size

    def modified(self, path: str) -> datetime:
        """Return when a file was written."""
        return self._entry(path).modified_at

    def info(self, path: str, **_: Any) -> dict[str, Any]:
        """Return name, size and kind of a file."""
        return {"name": path, "size": self.size(path), "type": "file"}

    def _entry(self, path: str) -> ObjectEntry:
        entry = self._recent_listing().find(self._name(path))
        if entry is None:
            raise FileNotFoundError(path)
        return entry

    def _recent_listing(self) -> Listing:
        """Return one listing for all patterns of a query: of a base file, all of them or none have to know.

        It is given up when the connection has rested, which no query does while it is being prepared.
        """
        rested = time.monotonic() - self._used_at > MIN_REST_SECONDS
        if self._listing is None or (rested and self._listing.age() > MAX_LISTING_AGE_SECONDS):
            self._listing = self._objects.listing()
        self._used_at = time.monotonic()
        return self._listing

    def _name(self, path: str) -> str:
        # DuckDB hands over the URL, with or without its scheme.
        return path.removeprefix(self._url).removeprefix(self._url.partition("://")[2]).lstrip("/")
