"""Repair: what cannot be read is moved away, and what runs are to make anew is marked for them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from warehouse.archive.segment import OPEN, marker
from warehouse.checks.archive_files import unindexed
from warehouse.checks.left_overs import foreign_marks, left_open
from warehouse.checks.rules import SHOWN_RULES
from warehouse.checks.table_files import check_base_files, damaged_files, table_files
from warehouse.connect import check_landed, connect, rows
from warehouse.errors import EmptyWarehouseError, StorageError
from warehouse.storage.durable import make_folder
from warehouse.storage.root import SUPERSEDED, Root
from warehouse.storage.superseded import list_all_superseded
from warehouse.storage.tables import Store

if TYPE_CHECKING:
    import os


@dataclass(frozen=True, slots=True)
class Repair:
    """One file and what was, or would be, done with it."""

    file: str
    action: str


def repair(root: str | os.PathLike[str] | Root, *, dry_run: bool = False, lock_seconds: float = 60.0) -> list[Repair]:
    """Move away what cannot be read, and mark for the next runs what they are to take from the archive.

    Nothing is deleted: what is moved lies below `.damaged`. Reads every table and the whole archive; a `dry_run` only
    says what it would do. Killed at any moment and repeated it ends in the same. Waits up to `lock_seconds` for a
    compaction where articles of base files are shown wrong. Raises `WarehouseError`, also where there is no table.
    """
    root = Root.at(root)
    names = list(table_files(root))
    if not names:
        check_landed(root)  # a name that was mistyped is not made a data root
    findings = damaged_files(root, names)
    if not findings:
        findings = list(check_base_files(root, names, names))
    damaged = [finding.file.removeprefix(root.location("")) for finding in findings]
    foreign = [path.relative_to(root.local).as_posix() for path in foreign_marks(root)] if root.is_folder else []
    done = [_moved(root, name, dry_run=dry_run) for name in (*damaged, *foreign)]
    if not dry_run:
        # A table whose last file went would answer no query.
        Store(root).prepare()
    if not (dry_run and damaged) and _shows_wrong_articles(root):
        done.append(_listed_again(root, lock_seconds, dry_run=dry_run))
    marks = [marker(root, path.parent.name, path.name.removesuffix(OPEN)) for path in left_open(root)]
    # Before damaged files are out of the way, no query says what they had indexed.
    if not (dry_run and damaged):
        marks += [marker(root, *name.split("/")[1:]) for name in unindexed(root)]
    return done + [_marked(mark, dry_run=dry_run) for mark in marks if not mark.exists()]


def _shows_wrong_articles(root: Root) -> bool:
    try:
        with connect(root) as warehouse:
            return any(rows(warehouse, f"{rule.query()} LIMIT 1") for rule in SHOWN_RULES)
    except EmptyWarehouseError:
        return False


def _listed_again(root: Root, lock_seconds: float, *, dry_run: bool) -> Repair:
    if not dry_run:
        with Store(root).maintenance(lock_seconds):
            list_all_superseded(root)
    return Repair(root.location(SUPERSEDED), "made anew: which rows of base files are superseded")


def _moved(root: Root, name: str, *, dry_run: bool) -> Repair:
    return Repair(root.location(name), "moved to " + (".damaged" if dry_run else root.location(root.move_away(name))))


def _marked(mark: Path, *, dry_run: bool) -> Repair:
    if not dry_run:
        try:
            make_folder(mark.parent)
            mark.touch()
        except OSError as error:
            raise StorageError.of(error, str(mark)) from error
    return Repair(str(mark), f"marked: the next 'copydesk run {mark.parent.name}' takes its documents up")
