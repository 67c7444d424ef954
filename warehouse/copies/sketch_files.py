"""The files of sketches: `copies/<first>-<last>.parquet`, named by the numbers of the articles that they hold.

A file is published whole, and is never changed. Several are merged into one that has their whole range of numbers: a
file whose range lies in that of another is what it was merged from, and the next update deletes it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from warehouse.definitions import quote
from warehouse.storage.root import COPIES, escape_pattern

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from warehouse.storage.root import Root

# The first part says how the sketches were computed: those of another version are made anew.
NAME: Final = re.compile(rf"{COPIES}/([^/]+)/(\d{{12}})-(\d{{12}})\.parquet")
MAX_FILES_A_TIER: Final = 8
COLUMNS: Final = {
    "number": "BIGINT",
    "article_id": "VARCHAR",
    "version_id": "VARCHAR",
    "landed_at": "TIMESTAMPTZ",
    "replaces": "BIGINT",
    "word_count": "BIGINT",
    "text_hash": "UBIGINT",
    "modulus": "UTINYINT",
    "sketch": "UINTEGER[]",
    "numbers": "UINTEGER[]",
    "label": "BIGINT",
    "edges": "STRUCT(other BIGINT, relation VARCHAR, score FLOAT)[]",
    "common": "UINTEGER[]",
}


@dataclass(frozen=True, slots=True, order=True)
class SketchFile:
    """A file of sketches and the numbers of its articles, the last included."""

    first: int
    last: int
    version: str

    @property
    def name(self) -> str:
        """The name, relative to the data root."""
        return f"{COPIES}/{self.version}/{self.first:012}-{self.last:012}.parquet"

    def covers(self, other: SketchFile) -> bool:
        """Return whether the other one is what this one was merged from."""
        return self != other and self.first <= other.first and other.last <= self.last


def list_sketch_files(root: Root) -> list[SketchFile]:
    """Return all files of sketches, by their first numbers. Raises `StorageError`."""
    matches = (NAME.fullmatch(name) for name in root.names(COPIES))
    return sorted(SketchFile(int(match[2]), int(match[3]), match[1]) for match in matches if match)


def delete_outdated(root: Root, version: str) -> list[SketchFile]:
    """Delete the files of other versions and those that were merged; return the others. Raises `StorageError`."""
    files = list_sketch_files(root)
    current = [file for file in files if file.version == version]
    remaining = [file for file in current if not any(other.covers(file) for other in current)]
    for file in files:
        if file not in remaining:
            root.delete(file.name)
    return remaining


def choose_merge(files: Sequence[SketchFile]) -> list[SketchFile]:
    """Return neighbours of about one size to merge, the newest first looked at; none if there are few."""
    tiers = [_tier(file) for file in files]
    end = len(files)
    while end:
        start = end
        while start and tiers[start - 1] <= tiers[end - 1]:
            start -= 1
        if end - start >= MAX_FILES_A_TIER:
            return list(files[start:end])
        end = start
    return []


def relation_of(root: Root, files: Iterable[SketchFile]) -> str:
    """Return SQL for the rows of files; without files, for no rows."""
    paths = [
        quote(escape_pattern(root.location(file.name)) if root.is_folder else root.location(file.name))
        for file in files
    ]
    if paths:
        return f"read_parquet([{', '.join(paths)}], hive_partitioning = false)"
    columns = ", ".join(f"NULL::{kind} AS {name}" for name, kind in COLUMNS.items())
    return f"(SELECT {columns} WHERE false)"


def _tier(file: SketchFile) -> int:
    size, tier = file.last - file.first + 1, 0
    while size >= MAX_FILES_A_TIER:
        size //= MAX_FILES_A_TIER
        tier += 1
    return tier
