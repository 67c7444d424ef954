"""Checking a whole warehouse against its own rules; reads everything and changes nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from heapq import merge
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Final

import duckdb

from warehouse.archive.segment import OPEN, SUFFIX, UNLANDED, is_foreign, marker
from warehouse.archive.warc_records import FACTS, KIND, REMOVED, digest, record_id, records
from warehouse.archive.writer import record_at
from warehouse.connect import connect, rows, unreadable
from warehouse.damaged import damaged_files
from warehouse.errors import EmptyWarehouseError, StorageError, WarehouseError
from warehouse.findings import REPAIR, Finding
from warehouse.model.records import FORGOTTEN, RECOVERED
from warehouse.model.schema import SCHEMAS
from warehouse.model.vocabulary import Outcome
from warehouse.storage.object_errors import ObjectError
from warehouse.storage.root import Root
from warehouse.storage.tables import Store

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable, Iterator
    from pathlib import Path


GRACE: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class SourceCount:
    """A source's discovered addresses, counted in each of the three places on its own."""

    source_id: str
    discovered: int
    articles: int
    rejects: int
    pending: int


@dataclass(frozen=True, slots=True)
class Verification:
    """What was looked at and what was found."""

    findings: tuple[Finding, ...]
    sources: tuple[SourceCount, ...]
    files: int
    captures: int


def verify(root: str | os.PathLike[str] | Root, sample: int | None = None) -> Verification:
    """Check every file, count and capture of a data root; of the captures `sample` at random where that is given.

    A source that is being run may show as unfinished. Raises `EmptyWarehouseError` where nothing has landed.
    """
    root = Root.at(root)
    names = [name for table in SCHEMAS for name in root.names(table) if name.endswith(".parquet")]
    broken = damaged_files(root, names)
    left_over = list(_left_overs(root))
    if broken:  # no view over a broken file answers
        return Verification((*broken, *left_over), (), len(names), 0)
    with connect(root) as warehouse:
        try:
            counts = tuple(SourceCount(*row) for row in rows(warehouse, COUNTS))
            findings = [*_counts(counts), *_rows(warehouse)]
            captures = _Counted(_captures(warehouse, sample))
            if sample is None:
                findings += _archive(root, captures)
            else:
                findings += [finding for row in captures for finding in _sampled(root, row)]
        except duckdb.Error as error:
            raise unreadable(error) from None
    return Verification((*findings, *left_over), counts, len(names), captures.count)


COUNTS: Final = """
    WITH found AS (SELECT DISTINCT source_id, url FROM discoveries),
    article AS (SELECT DISTINCT source_id, url FROM article_versions SEMI JOIN found USING (source_id, url)),
    reject AS (SELECT source_id, url FROM rejects_open SEMI JOIN found USING (source_id, url))
    SELECT
        source_id,
        count(*),
        (SELECT count(*) FROM article WHERE article.source_id = found.source_id),
        (SELECT count(*) FROM reject WHERE reject.source_id = found.source_id),
        (SELECT count(*) FROM pending WHERE pending.source_id = found.source_id)
    FROM found GROUP BY source_id ORDER BY source_id
"""

MADE_AGAIN: Final = "the next 'copydesk run' of the source makes them again from the archive"

RULES: Final = (
    (
        "runs whose counts do not add up",
        """SELECT source_id, run_id AS place FROM runs
        WHERE discovered <> stored + unchanged + duplicate + rejected + failed + pending""",
        "report it as a fault of Copydesk; the rows that landed are not touched by it",
    ),
    (
        "articles at addresses that were never discovered",
        "SELECT source_id, url AS place FROM article_versions ANTI JOIN discoveries USING (source_id, url)",
        MADE_AGAIN,
    ),
    (
        "refusals of addresses that were never discovered",
        "SELECT source_id, url AS place FROM rejects_open ANTI JOIN discoveries USING (source_id, url)",
        MADE_AGAIN,
    ),
    (
        "articles without their captures",
        """SELECT source_id, article_id AS place FROM article_versions ANTI JOIN captures USING (capture_id)
        WHERE NOT deleted""",
        REPAIR,
    ),
    (
        "concluded captures whose article or refusal is missing",
        f"""SELECT source_id, url AS place FROM captures
        ANTI JOIN landed('articles') USING (capture_id) ANTI JOIN landed('rejects') USING (capture_id)
        WHERE outcome IN ('{Outcome.STORED}', '{Outcome.REJECTED}', '{RECOVERED}')""",  # noqa: S608  values of ours
        MADE_AGAIN,
    ),
    (
        "addresses that were read and are neither an article nor a reject",
        f"""SELECT DISTINCT source_id, url AS place FROM pending SEMI JOIN (
            FROM captures WHERE outcome IN ('{Outcome.UNCHANGED}', '{Outcome.DUPLICATE}')
        ) USING (source_id, url)""",  # noqa: S608  values of ours
        MADE_AGAIN,
    ),
)
"""Problem, query for source and place, cure."""


def _counts(counts: Iterable[SourceCount]) -> Iterator[Finding]:
    for count in counts:
        landed = count.articles + count.rejects + count.pending
        if count.discovered != landed:
            yield Finding(
                f"{count.discovered} discovered addresses are in {landed} places "
                f"({count.articles} articles, {count.rejects} rejects, {count.pending} pending)",
                "report it as a fault of Copydesk",
                source_id=count.source_id,
            )


def _rows(warehouse: duckdb.DuckDBPyConnection) -> Iterator[Finding]:
    for problem, where, cure in RULES:
        query = f"SELECT source_id, count(*), min(place) FROM ({where}) GROUP BY ALL ORDER BY ALL"  # noqa: S608 - ours
        for source_id, count, example in rows(warehouse, query):
            yield Finding(f"{count} {problem}", cure, source_id=source_id, example=example)


def _left_overs(root: Root) -> Iterator[Finding]:
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


def unindexed(root: Root) -> list[str]:
    """Return the names of the archive's files with documents that have no row in `captures`; reads the whole archive.

    Raises `WarehouseError`.
    """
    names = []
    try:
        with connect(root) as warehouse:
            for filename, is_there, captures in _by_file(root, _captures(warehouse, None)):
                known = {capture.capture_id for capture in captures}
                if is_there and any(
                    FACTS in headers and record_id(headers) not in known
                    for _, _, headers, _ in _records(root, filename)
                ):
                    names.append(filename)
    except EmptyWarehouseError:
        return [name for name in root.names("archive") if name.endswith(SUFFIX)]
    return names


@dataclass(frozen=True, slots=True)
class _Indexed:
    """What a row of `captures` says that the archive holds."""

    filename: str
    offset: int
    length: int
    capture_id: str
    digest: str
    outcome: str

    @property
    def source_id(self) -> str:
        """The source whose folder of the archive holds it."""
        return self.filename.split("/")[1]


@dataclass(slots=True)
class _Counted:
    """Captures as they pass by: a warehouse may have more than fit in memory."""

    captures: Iterator[_Indexed]
    count: int = 0

    def __iter__(self) -> Iterator[_Indexed]:
        for capture in self.captures:
            self.count += 1
            yield capture


def _captures(warehouse: duckdb.DuckDBPyConnection, sample: int | None) -> Iterator[_Indexed]:
    some = "" if sample is None else f"USING SAMPLE {int(sample)}"
    columns = "warc_filename, warc_offset, warc_length, capture_id, payload_digest, outcome"
    query = f"SELECT * FROM (SELECT {columns} FROM captures {some}) ORDER BY warc_filename, warc_offset"  # noqa: S608 - ours
    cursor = warehouse.execute(query)
    while chunk := cursor.fetchmany(1_000):
        yield from (_Indexed(*row) for row in chunk)


def _sampled(root: Root, capture: _Indexed) -> Iterator[Finding]:
    try:
        headers, payload = record_at(root, capture.filename, capture.offset, capture.length)
    except WarehouseError:
        yield _lost(root, capture, "no whole record")
    else:
        yield from _compared(root, capture, headers, payload)


def _archive(root: Root, captures: Iterable[_Indexed]) -> Iterator[Finding]:
    for filename, is_there, indexed in _by_file(root, captures):
        if is_there:
            yield from _warc(root, filename, indexed)
        else:
            yield from (_lost(root, capture, "no file") for capture in indexed)


def _by_file(root: Root, captures: Iterable[_Indexed]) -> Iterator[tuple[str, bool, list[_Indexed]]]:
    """Yield each file that the archive has or should have: its name, whether it exists, the captures indexed in it."""
    files = ((name, None) for name in root.names("archive") if name.endswith(SUFFIX))
    indexed = ((capture.filename, capture) for capture in captures)
    # Both come sorted by file, so that only one file's captures are ever held.
    for filename, group in groupby(merge(files, indexed, key=itemgetter(0)), key=itemgetter(0)):
        entries = [capture for _, capture in group]
        yield filename, None in entries, [capture for capture in entries if capture is not None]


def _warc(root: Root, filename: str, captures: Iterable[_Indexed]) -> Iterator[Finding]:
    count = 0
    missing = {capture.capture_id: capture for capture in captures}
    for offset, length, headers, payload in _records(root, filename):
        if FACTS not in headers and REMOVED not in headers:
            continue  # what led to a capture
        capture = missing.pop(record_id(headers), None)
        if capture is None:
            count += FACTS in headers
        elif (capture.offset, capture.length) != (offset, length):
            yield _lost(root, capture, "another record")
        else:
            yield from _compared(root, capture, headers, payload)
    yield from (_lost(root, capture, "no whole record") for capture in missing.values())
    if count:
        _, source_id, name = filename.split("/")
        mark = marker(root, source_id, name)
        again = f"run 'copydesk run {source_id}'"
        cure = again if mark.exists() else REPAIR
        yield Finding(f"{count} archived documents have no row in captures", cure, root.location(filename), source_id)


def _compared(root: Root, capture: _Indexed, headers: dict[str, str], payload: bytes) -> Iterator[Finding]:
    if (capture.outcome == FORGOTTEN) != (REMOVED in headers):
        instead = "a notice of removal" if REMOVED in headers else "still what was taken down"
        problem = f"the archive holds {instead} for capture {capture.capture_id}"
        cure = "run 'copydesk forget' again for its address"
        yield Finding(problem, cure, root.location(capture.filename), capture.source_id)
    elif REMOVED not in headers and headers.get(KIND) != "revisit" and capture.digest != digest(payload):
        yield _lost(root, capture, "other bytes than its digest says")


def _records(root: Root, filename: str) -> Iterator[tuple[int, int, dict[str, str], bytes]]:
    try:
        with root.open(filename) as file:
            yield from records(file)
    except ObjectError as error:
        raise StorageError.of(error, root.location(filename), "read") from None


def _lost(root: Root, capture: _Indexed, instead: str) -> Finding:
    cure = "put the file back from a copy; the article that was read from it stays"
    problem = f"the archive holds {instead} for capture {capture.capture_id}"
    return Finding(problem, cure, root.location(capture.filename), capture.source_id)
