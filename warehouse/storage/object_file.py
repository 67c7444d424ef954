"""An object that is read at any offset, in few requests: ahead of where it was read, and its end from a copy."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any, Final

from warehouse.storage.object_cache import END_BYTES
from warehouse.storage.object_errors import as_os_errors

if TYPE_CHECKING:
    from obstore.store import ObjectStore as Client

    from warehouse.storage.object_cache import ObjectCache

MIN_REQUEST_BYTES: Final = 256 * 1024
MAX_REQUEST_BYTES: Final = 8 * 1024 * 1024


class ObjectFile(io.RawIOBase):
    """A file of an object store; read on and on, it asks for more at a time."""

    def __init__(
        self,
        client: Client,
        name: str,
        size: int | None = None,
        etag: str | None = None,
        cache: ObjectCache | None = None,
    ) -> None:
        self._client, self._name, self._etag, self._cache = client, name, etag, cache
        self._size = size
        self._position = 0
        self._block, self._block_start = b"", 0
        self._end: bytes | None = None
        self._request_bytes = MIN_REQUEST_BYTES

    def readable(self) -> bool:
        """Return True."""
        return True

    def seekable(self) -> bool:
        """Return True."""
        return True

    def tell(self) -> int:
        """Return the offset that is read next."""
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Set the offset that is read next; from the end, the size is asked for. Raises OSError."""
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._position}.get(whence)
        self._position = (self.size() if start is None else start) + offset
        return self._position

    def size(self) -> int:
        """Return the number of bytes. Raises OSError."""
        if self._size is None:
            with as_os_errors():
                self._size = self._client.head(self._name)["size"]
        return self._size

    def readinto(self, buffer: Any) -> int:
        """Fill a buffer; return the number of bytes, less than its length only at the end. Raises OSError."""
        view = memoryview(buffer).cast("B")
        count = 0
        while count < len(view):
            content = self._piece(len(view) - count)
            if not content:
                break
            view[count : count + len(content)] = content
            count += len(content)
            self._position += len(content)
        return count

    def _piece(self, length: int) -> bytes:
        """Return some bytes from the position on; none at the end."""
        if self._size is not None and self._position >= self._size:
            return b""
        offset = self._position - self._block_start
        if not 0 <= offset < len(self._block):
            if (end := self._from_end(length)) is not None:
                return end
            self._fetch(length)
            offset = 0
        return self._block[offset : offset + length]

    def _from_end(self, length: int) -> bytes | None:
        if self._cache is None or self._size is None or self._etag is None:
            return None
        start = self._size - END_BYTES
        if self._position < start:
            return None
        if self._end is None:
            self._end = self._cache.read_end(self._name, self._etag)
        if self._end is None:
            self._end = self._ask(start, END_BYTES)
            self._cache.write_end(self._name, self._etag, self._end)
        offset = self._position - start
        return self._end[offset : offset + length]

    def _fetch(self, length: int) -> None:
        is_next = bool(self._block) and self._position == self._block_start + len(self._block)
        self._request_bytes = min(self._request_bytes * 2, MAX_REQUEST_BYTES) if is_next else MIN_REQUEST_BYTES
        self._block = self._ask(self._position, max(length, self._request_bytes))
        self._block_start = self._position

    def _ask(self, offset: int, length: int) -> bytes:
        # Bytes of two versions of an object would be taken for one damaged file.
        options: Any = {"range": (offset, offset + length), **({"if_match": self._etag} if self._etag else {})}
        with as_os_errors():
            result = self._client.get(self._name, options=options)
            self._size = result.meta["size"]
            return bytes(result.bytes())
