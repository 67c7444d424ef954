"""Which files of a source its state has not taken in, and which it took in are there no more."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from warehouse.state.source_files import Stamp, is_base, list_files
from warehouse.state.state_file import DoubtError
from warehouse.storage.base_files import BaseFile, read_base_file

if TYPE_CHECKING:
    from warehouse.storage.root import Root


@dataclass(slots=True)
class NewFiles:
    """The files of a source that are there, against those that were taken in."""

    stamps: dict[str, Stamp]
    """Of all that are there."""
    to_read: list[str] = field(default_factory=list)
    """Log files."""
    covered: list[BaseFile] = field(default_factory=list)
    """Base files of which every row was read, or is to be read, from what they replace."""
    bases: list[BaseFile] = field(default_factory=list)
    """Other base files: they are to be read."""
    vanished: list[str] = field(default_factory=list)
    unexplained: list[str] = field(default_factory=list)
    """Those of the vanished of which no footer says that they were replaced."""

    def __bool__(self) -> bool:
        return bool(self.to_read or self.covered or self.bases or self.vanished)


def find_new_files(
    root: Root, source_id: str, tables: Iterable[str], known_files: Mapping[str, tuple[Stamp, bool]]
) -> NewFiles:
    """Compare the files of a source with `known_files`: their stamps, and whether a base file replaces them.

    Raises `DoubtError` where a file is another one than it was, as after a take-down; `StorageError`.
    """
    files = NewFiles({})
    for table in tables:
        files.stamps |= list_files(root, table, source_id)
    if any(stamp != files.stamps.get(name, stamp) for name, (stamp, _) in known_files.items()):
        raise DoubtError
    new = [name for name in files.stamps if name not in known_files]
    root.prefetch(new)
    files.to_read = [name for name in new if not is_base(name)]
    bases = [read_base_file(root, name) for name in new if is_base(name)]
    accounted, replaced = {*known_files, *new}, set[str]()
    for base in sorted(bases, key=lambda base: base.created_at):
        names = own_names(base, source_id)
        (files.covered if names <= accounted else files.bases).append(base)
        replaced |= names
    files.vanished = [name for name in known_files if name not in files.stamps]
    files.unexplained = [name for name in files.vanished if not known_files[name][1] and name not in replaced]
    if files.unexplained and not files.bases:
        raise DoubtError
    return files


def own_names(base: BaseFile, source_id: str) -> set[str]:
    """Return the names of the files that a base file replaces and that may have rows of a source."""
    table = base.name.partition("/")[0]
    names = (f"{table}/{name}" for name in base.replaces)
    return {name for name in names if is_base(name) or name.rpartition("/")[2].startswith(f"{source_id}-")}
