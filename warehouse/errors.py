"""Errors of the warehouse; the text of each is one sentence for the user: what, where, cure."""

from __future__ import annotations

import errno
from typing import Final

ANOTHER_ROOT: Final = "choose another data root with --data"
CURES: Final = {
    errno.ENOSPC: f"free some space there or {ANOTHER_ROOT}",
    errno.EDQUOT: f"free some space there, ask for a larger quota or {ANOTHER_ROOT}",
    errno.EFBIG: "raise the limit on the size of files (ulimit -f)",
    errno.EROFS: f"mount it writable or {ANOTHER_ROOT}",
    errno.EACCES: f"let this user write there or {ANOTHER_ROOT}",
    errno.EPERM: f"let this user write there or {ANOTHER_ROOT}",
}


class WarehouseError(Exception):
    """Something the warehouse cannot do; its text is for the user."""


class StorageError(WarehouseError):
    """A file that cannot be written or read."""

    @classmethod
    def of(cls, error: OSError, place: str, action: str = "write") -> StorageError:
        """The sentence for a failed file operation at `place`."""
        problem = (error.strerror or str(error) or type(error).__name__).strip()
        cure = CURES.get(error.errno or 0, f"check that the disk or store is there, or {ANOTHER_ROOT}")
        return cls(f"cannot {action} {place}: {problem[:1].lower()}{problem[1:]}; {cure}")


class EmptyWarehouseError(WarehouseError):
    """A data root in which nothing has landed yet."""


class LockedError(WarehouseError):
    """Another run of the same source holds the lock."""


class QueryError(WarehouseError):
    """A statement that is refused or does not run."""
