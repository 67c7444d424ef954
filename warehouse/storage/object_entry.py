"""One object of a store, as its listing has it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any


@dataclass(frozen=True, slots=True)
class Version:
    """What tells a version of an object from all others: S3 and Azure go by the etag, Google by the number."""

    etag: str | None
    number: str | None

    @classmethod
    def of(cls, meta: Any) -> Version:
        """Return what the client says of an object or of a write."""
        return cls(meta.get("e_tag"), meta.get("version"))

    @property
    def condition(self) -> dict[str, str]:
        """As the client takes it for a write that is to replace this version."""
        parts = {"e_tag": self.etag, "version": self.number}
        return {name: part for name, part in parts.items() if part is not None}


@dataclass(frozen=True, slots=True)
class ObjectEntry:
    """One object as the listing has it."""

    name: str
    """Relative to the data root."""
    size: int
    """Bytes."""
    etag: str
    """Another one for other content; where a store gives none, its size and time instead."""
    modified_at: datetime
    """By the store's clock; of what this process wrote since the listing, by its own."""

    @property
    def stamp(self) -> int:
        """A number that is another one for other content."""
        return int.from_bytes(sha256(self.etag.encode()).digest()[:7], "big")

    @classmethod
    def of(cls, meta: Any) -> ObjectEntry:
        """Return what the client says of an object: its path, size, e_tag and last_modified."""
        etag = meta.get("e_tag") or f"{meta['size']} {meta['last_modified']:%s}"
        return cls(meta["path"], meta["size"], etag, meta["last_modified"])
