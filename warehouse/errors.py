"""Errors of the warehouse; the text of each is one sentence for the user: what, where, cure."""

from __future__ import annotations

import errno
import re
from typing import Final

from warehouse.wording import lower_first

ANOTHER_ROOT: Final = "choose another data root with --data"
CURES: Final = {
    errno.ENOSPC: f"free some space there or {ANOTHER_ROOT}",
    errno.EDQUOT: f"free some space there, ask for a larger quota or {ANOTHER_ROOT}",
    errno.EFBIG: "raise the limit on the size of files (ulimit -f)",
    errno.EROFS: f"mount it writable or {ANOTHER_ROOT}",
    errno.EACCES: f"let this user write there or {ANOTHER_ROOT}",
    errno.EPERM: f"let this user write there or {ANOTHER_ROOT}",
    errno.EMFILE: "raise the limit on open files (ulimit -n)",
    errno.ENFILE: "raise the system's limit on open files (sysctl fs.file-max)",
    errno.EAGAIN: "give the process more memory (ulimit -v) or more threads (ulimit -u)",
    errno.ENOMEM: "give the process more memory (ulimit -v), or run fewer workers (COPYDESK_WORKERS)",
}


DAMAGED_FILE: Final = "'copydesk maintain verify' names the damaged file"
OLDER_FILES: Final = "its files are of another release: 'copydesk maintain compact' prepares them for this one"

# Cures by words of a message, for libraries that give no error number.
IN_WORDS: Final = {
    "too many open files": CURES[errno.EMFILE],
    "out of memory": CURES[errno.ENOMEM],
    "cannot allocate memory": CURES[errno.ENOMEM],
    "could not allocate": CURES[errno.ENOMEM],
    "failed to allocate": CURES[errno.ENOMEM],
    "allocation failure": CURES[errno.ENOMEM],
    "failed to map segment": CURES[errno.ENOMEM],
    "launch worker thread": CURES[errno.EAGAIN],
    "start new thread": CURES[errno.EAGAIN],
    "memoryerror": CURES[errno.ENOMEM],
    "no space left on device": CURES[errno.ENOSPC],
    "permission denied": CURES[errno.EACCES],
}


def cure_of(message: str, otherwise: str) -> str:
    """Return the cure for what the system refused, as a library words it; `otherwise` where it names no such thing."""
    text = message.lower()
    return next((cure for words, cure in IN_WORDS.items() if words in text), otherwise)


def unforeseen(error: BaseException) -> str:
    """Return the sentence for an error that nobody expected: its kind, its text, and the cure where there is one."""
    message = f"{type(error).__name__}: {error}".rstrip(": ")
    cure = cure_of(message, "")
    return f"{message}; {cure}" if cure else message


class WarehouseError(Exception):
    """Something the warehouse cannot do; its text is for the user."""


class StorageError(WarehouseError):
    """A file that cannot be written or read."""

    @classmethod
    def of(cls, error: OSError, location: str, action: str = "write") -> StorageError:
        """Return the error of a failed file operation on the path or URL `location`."""
        problem = (error.strerror or str(error) or type(error).__name__).strip()
        # pyarrow names a function and a file of its own before what the system says.
        problem = re.sub(r".*Detail: \[errno \d+\] ", "", problem, flags=re.DOTALL)
        known = CURES.get(error.errno or 0, f"check that the disk or store is there, or {ANOTHER_ROOT}")
        cure = getattr(error, "cure", known)
        return cls(f"cannot {action} {location}: {lower_first(problem)}; {cure}")


class EmptyWarehouseError(WarehouseError):
    """A data root in which nothing has landed yet."""


class LockedError(WarehouseError):
    """Another run of the same source holds the lock."""


class QueryError(WarehouseError):
    """A statement that is refused or does not run."""
