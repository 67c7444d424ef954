"""Checking a warehouse against its own rules: reads files, counts rows, and changes nothing of them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from itertools import groupby
from typing import TYPE_CHECKING

import duckdb

from warehouse.archive.segment import SUFFIX
from warehouse.checks.archive_files import (
    by_file,
    captures_of,
    check_file,
    check_records,
    index_digests,
    lost_files,
    some_captures,
)
from warehouse.checks.changed_rows import are_accounted_for, note_changes
from warehouse.checks.findings import Finding
from warehouse.checks.left_overs import left_overs
from warehouse.checks.rules import COUNTS, SourceCount, check_counts, check_rules
from warehouse.checks.table_files import check_base_files, damaged_files, table_files
from warehouse.checks.verified import FileState, VerifiedFiles
from warehouse.connect import connect, rows, unreadable
from warehouse.errors import StorageError, WarehouseError
from warehouse.storage.base_files import read_base_files
from warehouse.storage.root import Root

if TYPE_CHECKING:
    import os
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from warehouse.checks.archive_files import IndexedCapture


@dataclass(frozen=True, slots=True)
class Verification:
    """What was looked at and what was found."""

    findings: tuple[Finding, ...]
    sources: tuple[SourceCount, ...]
    files: int
    """Files of tables that were read."""
    captures: int
    """Captures that were read back."""
    unchanged: int = 0
    """Files of tables and of the archive that are as they were when they were last read, and were not read again."""
    unsaved: str = ""
    """Why the record of what was verified could not be written, as on a disk that is mounted read-only."""


@dataclass(slots=True)
class _Inspection:
    """A verification that is under way: what it has read, and what it found."""

    root: Root
    verified: VerifiedFiles
    findings: list[Finding] = field(default_factory=list)
    captures: int = 0
    unchanged: int = 0
    lost: Counter[str] = field(default_factory=Counter)
    """Captures of each file of the archive that is not there."""

    def changed(self, states: Mapping[str, FileState]) -> list[str]:
        """Return the names of files that are not as they were when they were last found whole."""
        names = sorted(name for name, state in states.items() if not self.verified.is_unchanged(name, state))
        self.unchanged += len(states) - len(names)
        return names

    def note(self, name: str, state: FileState, findings: Iterable[Finding]) -> None:
        """Keep the findings of a file; where there are none, it was whole."""
        before = len(self.findings)
        self.findings += findings
        if len(self.findings) == before:
            self.verified.now[name] = state


def verify(
    root: str | os.PathLike[str] | Root, sample: int | None = None, verified: VerifiedFiles | None = None
) -> Verification:
    """Check every file, count and capture of a data root; of the captures `sample` at random where that is given.

    With a record of what was `verified` before, only files that are new or changed since are read, and a sample is
    read beside them; the record is then written anew. If nothing was wrong then, the rules are held against the rows of
    addresses, articles, captures and runs that have a row in a new file, and against all rows if a file of a table is
    changed or gone, but for compactions.
    A source that is being run may show as unfinished. Raises `EmptyWarehouseError` where nothing has landed.
    """
    root = Root.at(root)
    inspection = _Inspection(root, verified or VerifiedFiles.load(root, forget=True))
    states = table_files(root)
    names = inspection.changed(states)
    broken = _check_table_files(inspection, names, states)
    counts: tuple[SourceCount, ...] = ()
    if broken:  # no view over a broken file answers
        inspection.verified.now |= inspection.verified.archive
    else:
        try:
            counts = _check_rows(
                inspection, sample, states, names, reads_archive=sample is None or verified is not None
            )
        except WarehouseError:
            if len(names) == len(states):
                raise
            # A table's file that was whole is not, and neither its size nor its time says so.
            return verify(root, sample, VerifiedFiles(inspection.verified.path, inspection.verified.archive))
    findings = (*broken, *inspection.findings)
    unsaved = ""
    if verified is not None:
        try:
            verified.save(None if findings else counts)
        except StorageError as error:
            unsaved = str(error)
    findings += tuple(left_overs(root))
    return Verification(findings, counts, len(names), inspection.captures, inspection.unchanged, unsaved)


def _check_table_files(inspection: _Inspection, names: Sequence[str], states: Mapping[str, FileState]) -> list[Finding]:
    """Read files of tables; return findings for those that cannot be read."""
    root = inspection.root
    broken = damaged_files(root, names)
    locations = {finding.file for finding in broken}
    for name in names:
        if root.location(name) not in locations:
            inspection.note(name, states[name], check_base_files(root, [name], states))
    return broken


def _check_rows(
    inspection: _Inspection,
    sample: int | None,
    states: Mapping[str, FileState],
    new: Collection[str],
    *,
    reads_archive: bool,
) -> tuple[SourceCount, ...]:
    verified = inspection.verified
    with connect(inspection.root) as warehouse:
        try:
            digests, counts = verified.index_digests(), verified.counts or ()
            if not verified.has_counted(states):
                gone = [name for name, state in verified.tables.items() if states.get(name) != state]
                changed_only = verified.counts is not None and are_accounted_for(inspection.root, gone, new, states)
                if changed_only:
                    note_changes(warehouse, inspection.root, new, states)
                counts = tuple(SourceCount(*row) for row in rows(warehouse, COUNTS))
                inspection.findings += [*check_counts(counts), *check_rules(warehouse, changed_only=changed_only)]
                if reads_archive:
                    digests = digests if changed_only else {}
                    digests |= index_digests(warehouse, changed_only=changed_only)
            if reads_archive:
                _check_archive(inspection, warehouse, digests)
            if sample is not None:
                _check_sample(inspection, some_captures(warehouse, sample), reads_archive=reads_archive)
        except duckdb.Error as error:
            raise unreadable(error) from None
    inspection.findings += lost_files(inspection.root, _still_indexed(inspection.root, inspection.lost))
    return counts


def _still_indexed(root: Root, lost: Mapping[str, int]) -> dict[str, int]:
    """Return those of the archive's lost files that rows name once readers have turned to the newest base files.

    Until then they see the rows of files that are past their time and were deleted just now.
    """
    if not lost:
        return {}
    for base in read_base_files(root, "captures"):
        base.await_visibility()
    query = "SELECT DISTINCT warc_filename FROM landed('captures') WHERE warc_filename IN (SELECT unnest($1))"
    with connect(root) as warehouse:
        return {filename: lost[filename] for (filename,) in rows(warehouse, query, [list(lost)])}


def _check_sample(inspection: _Inspection, captures: Iterable[IndexedCapture], *, reads_archive: bool) -> None:
    for filename, group in groupby(captures, key=lambda capture: capture.filename):
        sampled = [*group]
        if reads_archive and filename not in inspection.verified.now:
            continue  # what is wrong with it was found already
        if inspection.root.exists(filename):
            inspection.findings += check_records(inspection.root, filename, sampled)
            inspection.captures += len(sampled)
        else:
            inspection.lost[filename] += len(sampled)


def _check_archive(inspection: _Inspection, warehouse: duckdb.DuckDBPyConnection, digests: Mapping[str, str]) -> None:
    states = {
        name: (size, changed_at, digests.get(name, ""))
        for name, (size, changed_at) in inspection.root.states("archive").items()
        if name.endswith(SUFFIX)
    }
    names = inspection.changed(states)
    captures = captures_of(warehouse, [*names, *(name for name in digests if name not in states)])
    for filename, is_there, indexed in by_file(names, captures):
        if is_there:
            inspection.note(filename, states[filename], check_file(inspection.root, filename, indexed))
            inspection.captures += len(indexed)
        else:
            inspection.lost[filename] = len(indexed)
