"""Reading the archive back: each record against its row in `captures`, and each row against its record."""

from __future__ import annotations

from dataclasses import dataclass
from heapq import merge
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Final

from warehouse.archive.segment import SUFFIX, marker
from warehouse.archive.warc_records import FACTS, KIND, REMOVED, digest, record_id, records
from warehouse.archive.writer import record_at
from warehouse.checks.findings import REPAIR, Finding
from warehouse.checks.rules import join_changed
from warehouse.connect import connect, rows
from warehouse.errors import EmptyWarehouseError, StorageError, WarehouseError
from warehouse.model.records import FORGOTTEN
from warehouse.storage.object_errors import ObjectError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from duckdb import DuckDBPyConnection

    from warehouse.storage.root import Root


@dataclass(frozen=True, slots=True)
class IndexedCapture:
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


# As the view `captures` has them; of some files of the archive it would compare all rows.
_INDEXED: Final = """
    SELECT warc_filename, warc_offset, warc_length, capture_id, payload_digest, outcome
    FROM landed('captures'){which}
    WHERE warc_filename <> ''  -- past the time for which the archive keeps it
    QUALIFY row_number() OVER (PARTITION BY capture_id ORDER BY outcome = 'recovered') = 1
"""


def index_digests(warehouse: DuckDBPyConnection, *, changed_only: bool = False) -> dict[str, str]:
    """Return a digest of the rows of `captures` for each file of the archive that they name.

    Of all files, or of those of the table `changed_archive_file`.
    """
    digest = "bit_xor(hash(capture_id, warc_offset, warc_length, payload_digest, outcome))"
    indexed = _INDEXED.format(which=join_changed("archive_file") if changed_only else "")
    query = f"SELECT warc_filename, count(*) || '-' || {digest} FROM ({indexed}) GROUP BY 1"  # noqa: S608
    return dict(rows(warehouse, query))


def captures_of(warehouse: DuckDBPyConnection, filenames: Collection[str]) -> Iterator[IndexedCapture]:
    """Yield the captures that are indexed in some files of the archive, sorted by file and offset."""
    which = " SEMI JOIN (SELECT unnest($1::VARCHAR[]) AS warc_filename) USING (warc_filename)"
    return _captures(warehouse, _INDEXED.format(which=which), [[*filenames]]) if filenames else iter(())


def some_captures(warehouse: DuckDBPyConnection, count: int) -> Iterator[IndexedCapture]:
    """Yield so many captures at random."""
    return _captures(warehouse, f"FROM ({_INDEXED.format(which='')}) USING SAMPLE {int(count)}", [])


def _captures(warehouse: DuckDBPyConnection, indexed: str, values: list[object]) -> Iterator[IndexedCapture]:
    cursor = warehouse.execute(f"FROM ({indexed}) ORDER BY warc_filename, warc_offset", values)
    while chunk := cursor.fetchmany(1_000):
        yield from (IndexedCapture(*row) for row in chunk)


def check_capture(root: Root, capture: IndexedCapture) -> Iterator[Finding]:
    """Yield what is wrong with one capture's record."""
    try:
        headers, payload = record_at(root, capture.filename, capture.offset, capture.length)
    except WarehouseError:
        yield _lost(root, capture, "no whole record")
    else:
        yield from _compared(root, capture, headers, payload)


def check_file(root: Root, filename: str, captures: Iterable[IndexedCapture]) -> Iterator[Finding]:
    """Yield what is wrong with one file of the archive, by the captures that are indexed in it."""
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


def lost_file(root: Root, captures: Iterable[IndexedCapture]) -> Iterator[Finding]:
    """Yield a finding for each capture of a file that is not there."""
    return (_lost(root, capture, "no file") for capture in captures)


def by_file(
    names: Iterable[str], captures: Iterable[IndexedCapture]
) -> Iterator[tuple[str, bool, list[IndexedCapture]]]:
    """Yield each file of the archive: its name, whether it is one of the `names` there, the captures indexed in it.

    Both come sorted by file, so that only one file's captures are ever held.
    """
    indexed = ((capture.filename, capture) for capture in captures)
    files = ((name, None) for name in names)
    for filename, group in groupby(merge(files, indexed, key=itemgetter(0)), key=itemgetter(0)):
        entries = [capture for _, capture in group]
        yield filename, None in entries, [capture for capture in entries if capture is not None]


def unindexed(root: Root) -> list[str]:
    """Return the names of the archive's files with documents that have no row in `captures`; reads the whole archive.

    Raises `WarehouseError`.
    """
    files = [name for name in root.names("archive") if name.endswith(SUFFIX)]
    names = []
    try:
        with connect(root) as warehouse:
            for filename, is_there, captures in by_file(files, captures_of(warehouse, files)):
                known = {capture.capture_id for capture in captures}
                if is_there and any(
                    FACTS in headers and record_id(headers) not in known
                    for _, _, headers, _ in _records(root, filename)
                ):
                    names.append(filename)
    except EmptyWarehouseError:
        return files
    return names


def _compared(root: Root, capture: IndexedCapture, headers: dict[str, str], payload: bytes) -> Iterator[Finding]:
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


def _lost(root: Root, capture: IndexedCapture, instead: str) -> Finding:
    cure = "put the file back from a copy; the article that was read from it stays"
    problem = f"the archive holds {instead} for capture {capture.capture_id}"
    return Finding(problem, cure, root.location(capture.filename), capture.source_id)
