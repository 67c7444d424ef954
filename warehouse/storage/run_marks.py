"""Marks of runs that are under way: one small file a run, beside the locks, until the row of its end has landed.

A run lands one row, when it ends. Until then its mark says that it is on while the lock of its source is held, and that
it was killed when that lock is free: then the next run of the source lands its row.
"""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import asdict, replace
from datetime import datetime
from typing import TYPE_CHECKING, Final
from uuid import uuid4

from warehouse.errors import StorageError
from warehouse.model.rows import Run
from warehouse.model.vocabulary import RunKind, RunStatus
from warehouse.storage.locks import is_locked

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from warehouse.storage.root import Root

FOLDER: Final = ".running"


def mark_run(root: Root, run: Run) -> None:
    """Write the mark of a run that begins. Raises `StorageError`."""
    path = _path(root, run)
    partial = path.with_name(f"{path.name}.{uuid4().hex}")
    root.check()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial.write_text(json.dumps(asdict(run), default=str), "utf-8")
        partial.replace(path)
    except OSError as error:
        raise StorageError.of(error, str(path)) from error


def unmark_run(root: Root, run: Run) -> None:
    """Take the mark of a run away: its row has landed, or it needs none."""
    with suppress(OSError):
        _path(root, run).unlink(missing_ok=True)


def marked_runs(root: Root, source_id: str = "*") -> list[Run]:
    """Return the runs of a source that are under way or were killed, the oldest first; without `source_id`, of all."""
    runs = (_read(path) for path in (root.local / FOLDER).glob(f"{source_id}/*.json"))
    return sorted((run for run in runs if run is not None), key=lambda run: run.started_at)


def running_and_killed(root: Root) -> Iterator[Run]:
    """Yield the runs that have a mark: `running` while the lock is held that they hold, else `interrupted`.

    For an object store those of this machine only.
    """
    for run in marked_runs(root):
        name = f"{run.source_id}.{run.run_id}" if run.kind is RunKind.SHARD else run.source_id
        yield run if is_locked(root.local / ".locks" / name) else ended_by_kill(run)


def ended_by_kill(run: Run) -> Run:
    """Return the row of a run that was killed."""
    return replace(run, status=RunStatus.INTERRUPTED, error="ended from outside, as by a kill")


def _path(root: Root, run: Run) -> Path:
    return root.local / FOLDER / run.source_id / f"{run.run_id}.json"


def _read(path: Path) -> Run | None:
    try:
        facts = json.loads(path.read_text("utf-8"))
        times = {"started_at": datetime.fromisoformat(facts["started_at"])}
        return Run(**facts | times | {"kind": RunKind(facts["kind"]), "status": RunStatus.RUNNING})
    except (OSError, ValueError, KeyError, TypeError):
        return None  # it has just ended, or the power failed while it was written
