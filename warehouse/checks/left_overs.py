"""What killed writers left, and what stands where no writer puts anything."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from warehouse.archive.segment import OPEN, UNLANDED, is_foreign, marker
from warehouse.checks.findings import REPAIR, Finding
from warehouse.storage.tables import Store

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from warehouse.storage.root import Root

GRACE: Final = timedelta(hours=1)


def left_overs(root: Root) -> Iterator[Finding]:
    """Yield a finding for each temporary file, open file of the archive and foreign mark."""
    for path in root.left_overs(GRACE):
        yield Finding("left over from a writer that was killed", "'copydesk maintain clean' deletes it", str(path))
    for path in left_open(root):
        source_id, mark = path.parent.name, marker(root, path.parent.name, path.name.removesuffix(OPEN))
        cure = f"'copydesk run {source_id}' takes it up" if mark.exists() else REPAIR
        yield Finding("left open by a run that was killed", cure, str(path), source_id)
    for path in foreign_marks(root):
        yield Finding("not the mark of a batch, and no run puts it there", REPAIR, str(path), path.parent.name)


def left_open(root: Root) -> list[Path]:
    """Return the files of the archive that were left open by runs that are over."""
    paths = sorted((root.local / "archive").glob(f"*/*{OPEN}"))
    busy = {path.parent.name for path in paths if Store(root).is_locked(path.parent.name)}
    return [path for path in paths if path.parent.name not in busy]


def foreign_marks(root: Root) -> list[Path]:
    """Return what stands among the marks of unindexed batches and is none."""
    return sorted(path for path in (root.local / UNLANDED).glob("*/*") if is_foreign(path))
