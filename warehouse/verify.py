"""Checking a whole warehouse against its own rules; reads everything and changes nothing."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import timedelta
from itertools import groupby
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from warehouse.archive import OPEN, SUFFIX, UNLANDED, read
from warehouse.connect import connect
from warehouse.errors import WarehouseError
from warehouse.root import Root
from warehouse.schema import SCHEMAS
from warehouse.store import Store
from warehouse.warc import FACTS, records

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
        captures = _captures(warehouse, sample)
        found = [*_counts(counts), *_rows(warehouse)]
    if sample is None:
        found += _archive(root, captures)
    else:
        found += [finding for row in captures for finding in _sampled(root, row)]
    return Verification((*found, *left_over), counts, len(names), len(captures))


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
        "SELECT source_id, article_id AS place FROM article_versions ANTI JOIN captures USING (capture_id)",
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
    schema = SCHEMAS[name.partition("/")[0]]
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


def _captures(warehouse: duckdb.DuckDBPyConnection, sample: int | None) -> list[tuple[Any, ...]]:
    some = "" if sample is None else f"USING SAMPLE {int(sample)}"
    columns = "warc_filename, warc_offset, warc_length, capture_id, payload_digest"
    query = f"SELECT * FROM (SELECT {columns} FROM captures {some}) ORDER BY warc_filename, warc_offset"  # noqa: S608 - ours
    return warehouse.execute(query).fetchall()


def _sampled(root: Root, row: tuple[Any, ...]) -> Iterator[Finding]:
    filename, offset, length, capture_id, digest = row
    try:
        if _digest(read(root, filename, offset, length)) != digest:
            yield _lost(root, filename, capture_id, "other bytes than its digest says")
    except WarehouseError:
        yield _lost(root, filename, capture_id, "no whole record")


def _archive(root: Root, captures: list[tuple[Any, ...]]) -> Iterator[Finding]:
    indexed = {filename: list(rows) for filename, rows in groupby(captures, key=lambda row: row[0])}
    held = {name for name in root.names("archive") if name.endswith(SUFFIX)}
    for filename in sorted(held | indexed.keys()):
        rows = indexed.get(filename, [])
        if filename not in held:
            yield from (_lost(root, filename, row[3], "no file") for row in rows)
        else:
            yield from _warc(root, filename, {row[3]: row for row in rows})


def _warc(root: Root, filename: str, rows: dict[str, tuple[Any, ...]]) -> Iterator[Finding]:
    unindexed = 0
    missing = dict(rows)
    for offset, length, headers, payload in _records(root, filename):
        if FACTS not in headers:
            continue
        capture_id = headers["WARC-Record-ID"].removeprefix("<urn:uuid:").removesuffix(">")
        row = missing.pop(capture_id, None)
        if row is None:
            unindexed += 1
        elif row[1:3] != (offset, length):
            yield _lost(root, filename, capture_id, "another record")
        elif row[4] != _digest(payload):
            yield _lost(root, filename, capture_id, "other bytes than its digest says")
    yield from (_lost(root, filename, capture_id, "no whole record") for capture_id in missing)
    if unindexed:
        _, source_id, name = filename.split("/")
        marker = root.local / UNLANDED / source_id / name
        again = f"run 'copydesk run {source_id}'"
        cure = again if marker.exists() else f"make an empty file {marker} and {again}"
        yield Finding(f"{unindexed} archived documents have no row in captures", root.place(filename), cure)


def _records(root: Root, filename: str) -> Iterator[tuple[int, int, dict[str, str], bytes]]:
    with root.open(filename) as file:
        yield from records(file)


def _lost(root: Root, filename: str, capture_id: str, instead: str) -> Finding:
    cure = "put the file back from a copy; the article that was read from it stays"
    return Finding(f"the archive holds {instead} for capture {capture_id}", root.place(filename), cure)


def _digest(payload: bytes) -> str:
    return "sha256:" + hashlib.sha256(payload).hexdigest()
