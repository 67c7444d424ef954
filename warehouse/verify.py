"""Checking a whole warehouse against its own rules; reads everything and changes nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from heapq import merge
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Final

import pyarrow as pa
import pyarrow.parquet as pq

from warehouse.archive.segment import OPEN, SUFFIX, marker
from warehouse.archive.warc_records import FACTS, KIND, REMOVED, digest, record_id, records
from warehouse.archive.writer import record_at
from warehouse.connect import connect
from warehouse.errors import WarehouseError
from warehouse.model.records import FORGOTTEN
from warehouse.model.schema import SCHEMAS
from warehouse.storage.arrow import stored_schema
from warehouse.storage.root import Root
from warehouse.storage.tables import Store

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable, Iterator

    import duckdb

GRACE: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is not as it must be."""

    problem: str
    where: str
    cure: str

    def __str__(self) -> str:
        return f"{self.problem}: {self.where}; {self.cure}"


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
    broken = [finding for name in names for finding in _file(root, name)]
    left_over = list(_left_overs(root))
    if broken:  # no view over a broken file answers
        return Verification((*broken, *left_over), (), len(names), 0)
    with connect(root) as warehouse:
        counts = tuple(SourceCount(*row) for row in warehouse.execute(COUNTS).fetchall())
        found = [*_counts(counts), *_rows(warehouse)]
        captures = _Counted(_captures(warehouse, sample))
        if sample is None:
            found += _archive(root, captures)
        else:
            found += [finding for row in captures for finding in _sampled(root, row)]
    return Verification((*found, *left_over), counts, len(names), captures.count)


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
        "a file below discoveries/ is missing: put it back from a copy",
    ),
    (
        "refusals of addresses that were never discovered",
        "SELECT source_id, url AS place FROM rejects_open ANTI JOIN discoveries USING (source_id, url)",
        "a file below discoveries/ is missing: put it back from a copy",
    ),
    (
        "articles without their captures",
        """SELECT source_id, article_id AS place FROM article_versions ANTI JOIN captures USING (capture_id)
        WHERE NOT deleted""",
        "run the source again, or put the missing file below captures/ back from a copy",
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
                f"source {count.source_id}",
                "report it as a fault of Copydesk",
            )


def _rows(warehouse: duckdb.DuckDBPyConnection) -> Iterator[Finding]:
    for problem, where, cure in RULES:
        query = f"SELECT source_id, count(*), min(place) FROM ({where}) GROUP BY ALL ORDER BY ALL"  # noqa: S608 - ours
        for source_id, count, place in warehouse.execute(query).fetchall():
            yield Finding(f"{count} {problem}", f"source {source_id}, such as {place}", cure)


def _file(root: Root, name: str) -> Iterator[Finding]:
    schema = stored_schema(name.partition("/")[0])
    try:
        with root.open(name) as file:
            parquet = pq.ParquetFile(file)
            wrong = [field.name for field in parquet.schema_arrow if not _fits(field, schema)]
            for _ in parquet.iter_batches():
                pass
    except (OSError, pa.ArrowException) as error:
        yield Finding(f"not readable as Parquet ({' '.join(str(error).split())})", root.place(name), LOST_FILE)
        return
    if wrong:
        yield Finding(f"not the schema of its table in {', '.join(wrong)}", root.place(name), LOST_FILE)


LOST_FILE: Final = "put it back from a copy, or move it away and run its source again"


def _fits(field: pa.Field, schema: pa.Schema) -> bool:
    return bool(schema.get_field_index(field.name) >= 0 and schema.field(field.name).type.equals(field.type))


def _left_overs(root: Root) -> Iterator[Finding]:
    for path in root.left_overs(GRACE):
        yield Finding("left over from a writer that was killed", str(path), "'copydesk maintain clean' deletes it")
    for path in sorted((root.local / "archive").glob(f"*/*{OPEN}")):
        if not Store(root).is_locked(path.parent.name):
            cure = f"'copydesk run {path.parent.name}' takes it up"
            yield Finding("left open by a run that was killed", str(path), cure)


@dataclass(frozen=True, slots=True)
class _Indexed:
    """What a row of `captures` says that the archive holds."""

    filename: str
    offset: int
    length: int
    capture_id: str
    digest: str
    outcome: str


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
    found = warehouse.execute(query)
    while rows := found.fetchmany(1_000):
        yield from (_Indexed(*row) for row in rows)


def _sampled(root: Root, capture: _Indexed) -> Iterator[Finding]:
    try:
        headers, payload = record_at(root, capture.filename, capture.offset, capture.length)
    except WarehouseError:
        yield _lost(root, capture, "no whole record")
    else:
        yield from _compared(root, capture, headers, payload)


def _archive(root: Root, captures: Iterable[_Indexed]) -> Iterator[Finding]:
    held = ((name, None) for name in root.names("archive") if name.endswith(SUFFIX))
    indexed = ((capture.filename, capture) for capture in captures)
    # Both come sorted by file, so that only one file's captures are ever held.
    for filename, group in groupby(merge(held, indexed, key=itemgetter(0)), key=itemgetter(0)):
        found = [capture for _, capture in group]
        in_file = [capture for capture in found if capture is not None]
        if None in found:
            yield from _warc(root, filename, in_file)
        else:
            yield from (_lost(root, capture, "no file") for capture in in_file)


def _warc(root: Root, filename: str, captures: Iterable[_Indexed]) -> Iterator[Finding]:
    unindexed = 0
    missing = {capture.capture_id: capture for capture in captures}
    for offset, length, headers, payload in _records(root, filename):
        if FACTS not in headers and REMOVED not in headers:
            continue  # what led to a capture
        capture = missing.pop(record_id(headers), None)
        if capture is None:
            unindexed += FACTS in headers
        elif (capture.offset, capture.length) != (offset, length):
            yield _lost(root, capture, "another record")
        else:
            yield from _compared(root, capture, headers, payload)
    yield from (_lost(root, capture, "no whole record") for capture in missing.values())
    if unindexed:
        _, source_id, name = filename.split("/")
        mark = marker(root, source_id, name)
        again = f"run 'copydesk run {source_id}'"
        cure = again if mark.exists() else f"make an empty file {mark} and {again}"
        yield Finding(f"{unindexed} archived documents have no row in captures", root.place(filename), cure)


def _compared(root: Root, capture: _Indexed, headers: dict[str, str], payload: bytes) -> Iterator[Finding]:
    if (capture.outcome == FORGOTTEN) != (REMOVED in headers):
        instead = "a notice of removal" if REMOVED in headers else "still what was taken down"
        problem = f"the archive holds {instead} for capture {capture.capture_id}"
        yield Finding(problem, root.place(capture.filename), "run 'copydesk forget' again for its address")
    elif REMOVED not in headers and headers.get(KIND) != "revisit" and capture.digest != digest(payload):
        yield _lost(root, capture, "other bytes than its digest says")


def _records(root: Root, filename: str) -> Iterator[tuple[int, int, dict[str, str], bytes]]:
    with root.open(filename) as file:
        yield from records(file)


def _lost(root: Root, capture: _Indexed, instead: str) -> Finding:
    cure = "put the file back from a copy; the article that was read from it stays"
    problem = f"the archive holds {instead} for capture {capture.capture_id}"
    return Finding(problem, root.place(capture.filename), cure)
