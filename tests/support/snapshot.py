"""A folder that is made once, and brought back for each test to how it was: faster than making it anew."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from warehouse.catalogue import write_catalogue


class Snapshot:
    """A copy of a folder, from which it is brought back."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._copy = folder.with_name(f"{folder.name}-as-it-was")
        shutil.copytree(folder, self._copy)

    @classmethod
    def of_root(cls, root: Path, land: Callable[[Path], object]) -> Snapshot:
        """Let a function land rows in a data root, write its catalogue, and keep it."""
        land(root)
        write_catalogue(root)
        return cls(root)

    def restore(self) -> Path:
        """Bring the folder back; return it. It keeps its path, which its files may name."""
        shutil.rmtree(self.folder, ignore_errors=True)
        shutil.copytree(self._copy, self.folder)
        return self.folder
