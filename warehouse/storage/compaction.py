"""Compaction: many small log files become few sorted base files, and no reader notices.

Log files that are old enough are merged with the base file of their day, days with their month once that is over. What
was replaced is deleted an hour after readers have turned to the new file. Whatever moment it is killed at, the next
call goes on from what the footers of the base files say; nothing else is kept.
"""

from __future__ import annotations

import shutil
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Final
from uuid import uuid4

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from warehouse.model.schema import SCHEMAS
from warehouse.storage.base_files import MIN_DELETION_AGE, BaseFile, base_file_name, read_base_files, replaced_names
from warehouse.storage.durable import make_folder
from warehouse.storage.root import PARTIAL
from warehouse.storage.row_retention import Retention, kept_mask, without_expired
from warehouse.storage.sorted_files import Change, merge_files
from warehouse.storage.superseded import first_free_id, join_lists, list_superseded

if TYPE_CHECKING:
    from pathlib import Path

    from warehouse.storage.root import Root
    from warehouse.storage.tables import Store

MIN_LOG_AGE: Final = timedelta(hours=1)
VISIBILITY_WAIT: Final = timedelta(minutes=1)
# A take-down writes a whole base file anew.
MAX_BASE_ROWS: Final = 200_000
MERGES_FOLDER: Final = "compact"


@dataclass(frozen=True, slots=True)
class Ages:
    """How old what must be; tests make them shorter."""

    log: timedelta = MIN_LOG_AGE
    """Of a log file that is merged: a run that is killed and repeated lands it again within this time."""
    visible: timedelta = VISIBILITY_WAIT
    """Between the end of writing a base file and readers turning to it."""
    deleted: timedelta = MIN_DELETION_AGE
    """Between readers turning to a base file and the end of what it replaces."""


@dataclass(frozen=True, slots=True)
class Merge:
    """Files of one table and period that become one base file."""

    table: str
    period: str
    log_files: tuple[str, ...]
    base_files: tuple[BaseFile, ...] = ()
    is_expired: bool = False
    """Whether its rows are older than they are to be kept."""

    @property
    def names(self) -> list[str]:
        """Of all its files, relative to the data root."""
        return [*self.log_files, *(base.name for base in self.base_files)]


@dataclass(slots=True)
class Compaction:
    """What a compaction did, or would do."""

    merges: list[Merge] = field(default_factory=list)
    deleted: list[str] = field(default_factory=list)
    """Files that other files had replaced."""
    rows: int = 0
    """Rows of the base files that were written."""
    expired: list[str] = field(default_factory=list)
    """Files of the archive that are past their time."""


def compact(
    store: Store,
    now: datetime,
    *,
    seconds: float,
    dry_run: bool = False,
    ages: Ages | None = None,
    retention: Retention | None = None,
) -> Compaction:
    """Merge the log files of all tables into base files, and delete what earlier calls have replaced.

    Waits up to `seconds` for another compaction or a take-down; a `dry_run` waits for nobody, and writes nothing.
    Raises `LockedError`, `StorageError`.
    """
    ages = ages or Ages()
    compaction = Compaction()
    with nullcontext() if dry_run else store.maintenance(seconds):
        if not dry_run:
            store.prepare()
            # Whoever made it is dead, or would hold the lock.
            shutil.rmtree(store.root.local / PARTIAL / MERGES_FOLDER, ignore_errors=True)
        for table in SCHEMAS:
            last_month = (retention or Retention()).last_month(table, now)
            _compact_table(store.root, table, now, ages, compaction, last_month, dry_run=dry_run)
        if not dry_run:
            join_lists(store.root, now - ages.deleted)
    return compaction


def change_base_files(
    root: Root, table: str, column: str, values: pa.Array, change: Change, ages: Ages | None = None
) -> None:
    """Replace each base file that has one of the values in a column by another, in which its rows are changed.

    The lock `maintenance` is held. Readers turn to it as they do after a compaction. Raises `StorageError`.
    """
    base_files = read_base_files(root, table)
    replaced = replaced_names(table, base_files)
    for base in [base for base in base_files if base.period and base.name not in replaced]:
        with root.open(base.name) as file:
            is_concerned = pc.any(pc.is_in(pq.read_table(file, columns=[column])[column], values)).as_py()
        if is_concerned:
            _merge(root, Merge(table, base.period, (), (base,)), ages or Ages(), base_files, 0, change)


@dataclass(frozen=True, slots=True)
class CompactionState:
    """How far a data root is compacted."""

    log_files: int
    """Files that landed and that no base file stands for yet."""
    compacted_at: datetime | None
    """When the newest base file was made; None if there is none."""


def compaction_state(root: Root) -> CompactionState:
    """Count the files that wait for compaction, and see when the last one joined any. Raises `StorageError`."""
    log_files, moments = 0, []
    for table in SCHEMAS:
        base_files = read_base_files(root, table)
        log_files += len(_log_names(root, table, base_files))
        moments += [base.created_at for base in base_files if base.period]
    return CompactionState(log_files, max(moments, default=None))


def _compact_table(
    root: Root, table: str, now: datetime, ages: Ages, compaction: Compaction, last_month: str, *, dry_run: bool
) -> None:
    base_files = read_base_files(root, table)
    for name in _deletable(root, table, base_files, now - ages.deleted):
        if not dry_run:
            root.delete(name)
        compaction.deleted.append(name)
    if not dry_run:
        base_files = read_base_files(root, table)
    merges = [*_plan_merges(root, table, base_files, now, ages), *_expired(root, table, base_files, last_month)]
    compaction.merges += merges
    if dry_run or not merges:
        return
    next_id = first_free_id(root, base_files) if table == "articles" else 0
    for merge in merges:
        change = without_expired if merge.is_expired else None
        base_files.append(_merge(root, merge, ages, base_files, next_id, change))
        next_id += base_files[-1].rows
        compaction.rows += base_files[-1].rows


def _deletable(root: Root, table: str, base_files: Sequence[BaseFile], before: datetime) -> list[str]:
    """List files that a base file has replaced for long enough, those first that were replaced first.

    Without a base file that is deleted here, what it stands for itself would count again.
    """
    replaced = replaced_names(table, list(base_files))
    # One that was landed again since is not what was merged.
    names = [
        name
        for name, modified_at in root.modified(table).items()
        if name in replaced and replaced[name].visible_from <= before and modified_at <= replaced[name].created_at
    ]
    return sorted(names, key=lambda name: replaced[name].created_at)


def _log_names(root: Root, table: str, base_files: Sequence[BaseFile]) -> dict[str, datetime]:
    """Map the log files of a table that no base file stands for to when they were written."""
    replaced = replaced_names(table, list(base_files))
    return {
        name: modified_at
        for name, modified_at in root.modified(table).items()
        if name.endswith(".parquet")
        and "/landed_month=" in name
        and "/landed_month=0000-00/" not in name
        and (name not in replaced or modified_at > replaced[name].created_at)
    }


def _plan_merges(root: Root, table: str, base_files: Sequence[BaseFile], now: datetime, ages: Ages) -> Iterator[Merge]:
    replaced = replaced_names(table, list(base_files))
    live = defaultdict(list)
    for base in base_files:
        if base.period and base.name not in replaced:
            live[base.period].append(base)
    logs = defaultdict(list)
    for name, modified_at in sorted(_log_names(root, table, base_files).items()):
        if modified_at <= now - ages.log:
            logs[f"{modified_at:%Y-%m-%d}"].append(name)
    for day, names in logs.items():
        yield Merge(table, day, tuple(names), tuple(base for base in live.pop(day, []) if base.rows < MAX_BASE_ROWS))
    by_month: dict[str, list[BaseFile]] = defaultdict(list)
    for period, files in live.items():
        # Names of deleted log files stay in the footers of days until these are joined; so wait for the deletion.
        if len(period) > len("2026-11") and period[:7] < f"{now:%Y-%m}":
            by_month[period[:7]] += [base for base in files if not _stands_for_any(root, table, base)]
    for month, files in by_month.items():
        for group in _groups([*files, *(base for base in live.get(month, []) if base.rows < MAX_BASE_ROWS)]):
            yield Merge(table, month, (), tuple(group))


def _expired(root: Root, table: str, base_files: Sequence[BaseFile], last_month: str) -> Iterator[Merge]:
    """Yield a merge for each month past its retention; its base file is replaced by one without the expired rows."""
    replaced = replaced_names(table, list(base_files))
    for base in base_files:
        if base.rows and len(base.period) == len("2026-11") and base.period <= last_month and base.name not in replaced:
            for path in root.local_copies([base.name], root.local / PARTIAL / MERGES_FOLDER):
                kept_count = pc.sum(kept_mask(pq.read_table(path))).as_py() or 0
            if kept_count < base.rows:
                yield Merge(table, base.period, (), (base,), is_expired=True)


def _stands_for_any(root: Root, table: str, base: BaseFile) -> bool:
    return any(root.exists(f"{table}/{name}") for name in base.replaces)


def _groups(base_files: Sequence[BaseFile]) -> Iterator[list[BaseFile]]:
    """Group base files so that each group has about as many rows as one base file may have."""
    group: list[BaseFile] = []
    for base in sorted(base_files, key=lambda base: base.name):
        if group and sum(other.rows for other in group) + base.rows > MAX_BASE_ROWS:
            yield group
            group = []
        group.append(base)
    if group:
        yield group


def _merge(
    root: Root, merge: Merge, ages: Ages, base_files: list[BaseFile], first_id: int, change: Change | None = None
) -> BaseFile:
    """Write the base file of a merge, beside those that there are, and return it."""
    folder = root.local / PARTIAL / MERGES_FOLDER / uuid4().hex
    make_folder(folder)
    try:
        created_at, target, wait = datetime.now(UTC), folder / "base.parquet", ages.visible
        paths = root.local_copies(merge.names, folder)
        write = partial(_write_base, merge, paths, target, created_at, first_id=first_id, change=change)
        base = write(wait)
        if merge.table == "articles":
            list_superseded(root, base_files, set(merge.names), target, first_id)
        # Published after that moment, readers would find it beside what it replaces. A large one on a busy machine.
        while wait and datetime.now(UTC) >= base.visible_from - wait / 4:
            wait *= 4
            base = write(wait)
        root.publish_file(base.name, target)
        return base
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _write_base(
    merge: Merge,
    paths: list[Path],
    target: Path,
    created_at: datetime,
    wait: timedelta,
    *,
    first_id: int,
    change: Change | None,
) -> BaseFile:
    """Write the base file of a merge, which readers turn to after a while."""
    base = BaseFile(
        name=base_file_name(merge.table, merge.period, created_at),
        rows=0,
        created_at=created_at,
        visible_from=created_at,
        replaces=tuple(name.partition("/")[2] for name in merge.names),
    )

    def footer(rows: int, newest: datetime | None) -> dict[str, str]:
        nonlocal base
        base = replace(base, rows=rows, newest=newest, visible_from=datetime.now(UTC) + wait)
        return base.metadata()

    merge_files(merge.table, paths, target, first_id, footer, change)
    return base
