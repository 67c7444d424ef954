"""The figures of a warehouse that a monitoring system reads: how the runs of each source go, and the state of files."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from warehouse.checks.verified import LastVerification, last_verification
from warehouse.connect import connect
from warehouse.errors import EmptyWarehouseError, WarehouseError
from warehouse.queries import query_rows, stream_rows
from warehouse.storage.compaction import CompactionState, compaction_state
from warehouse.storage.root import Root


@dataclass(slots=True)
class Figures:
    """The figures of a warehouse at a moment; empty where nothing has landed."""

    sources: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)  # the rows of run_figures.sql, by source
    rejects: Mapping[tuple[str, str], int] = field(default_factory=dict)  # by source and reason
    compaction: CompactionState | None = None
    verification: LastVerification | None = None  # None if there was none
    free_bytes: int | None = None  # of the disk of the data root; None for an object store
    problem: str | None = None  # why some of them could not be read


def load_figures(data: str, since: datetime) -> Figures:
    """Load the figures of a data root; runs and rejects are counted from `since` on."""
    root = Root.at(data)
    figures = Figures(verification=last_verification(root), free_bytes=free_bytes(root))
    try:
        with connect(root) as connection:
            figures.sources = {row["source_id"]: row for row in stream_rows(connection, "run_figures", since=since)}
            figures.rejects = {
                (source_id, reason): count
                for source_id, reason, count in query_rows(connection, "reject_figures", since=since)
            }
        figures.compaction = compaction_state(root)
    except EmptyWarehouseError:
        pass
    except WarehouseError as error:
        figures.problem = str(error)
    return figures


def free_bytes(root: Root) -> int | None:
    """Return the free bytes of the disk that a data root is on; None if that is not known."""
    try:
        return shutil.disk_usage(root.url).free if root.is_folder else None
    except OSError:
        return None
