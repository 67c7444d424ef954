"""Reading the archive back: each record against its row in `captures`, and each row against its record."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
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
from warehouse.wording import count_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

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


_NO_RECORD: Final = "no whole record"
_PUT_BACK: Final = "put back from a copy what was lost; the articles that were read from it stay"
_FORGET: Final = "run 'copydesk forget' again for the address of each"


@dataclass(slots=True)
class _Problems:
    """Collects what is wrong with the captures of a file of the archive, to give each problem once."""

    root: Root
    filename: str
    captures: dict[tuple[str, str], list[IndexedCapture]] = field(default_factory=lambda: defaultdict(list))
    """By what is there instead, and the cure."""

    def add(self, instead: str, capture: IndexedCapture, cure: str = _PUT_BACK) -> None:
        self.captures[instead, cure].append(capture)

    def compare(self, capture: IndexedCapture, headers: dict[str, str], payload: bytes) -> None:
        """Add a capture if its record is not what its row says."""
        if (capture.outcome == FORGOTTEN) != (REMOVED in headers):
            instead = "a notice of removal" if REMOVED in headers else "still what was taken down"
            self.add(instead, capture, _FORGET)
        elif REMOVED not in headers and headers.get(KIND) != "revisit" and capture.digest != digest(payload):
            self.add("other bytes than its digest says", capture)

    def findings(self) -> Iterator[Finding]:
        """Yield one finding for each problem, however many captures it concerns."""
        for (instead, cure), captures in self.captures.items():
            more = f" and {len(captures) - 1:,} more" if len(captures) > 1 else ""
            problem = f"the archive holds {instead} for capture {captures[0].capture_id}{more}"
            yield Finding(problem, cure, self.root.location(self.filename), captures[0].source_id)


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


def check_records(root: Root, filename: str, captures: Iterable[IndexedCapture]) -> Iterator[Finding]:
    """Yield what is wrong with the records of some captures in a file of the archive."""
    problems = _Problems(root, filename)
    for capture in captures:
        try:
            headers, payload = record_at(root, capture.filename, capture.offset, capture.length)
        except WarehouseError:
            problems.add(_NO_RECORD, capture)
        else:
            problems.compare(capture, headers, payload)
    yield from problems.findings()


def check_file(root: Root, filename: str, captures: Iterable[IndexedCapture]) -> Iterator[Finding]:
    """Yield what is wrong with one file of the archive, by the captures that are indexed in it."""
    count = 0
    problems = _Problems(root, filename)
    missing = {capture.capture_id: capture for capture in captures}
    for offset, length, headers, payload in _records(root, filename):
        if FACTS not in headers and REMOVED not in headers:
            continue  # what led to a capture
        capture = missing.pop(record_id(headers), None)
        if capture is None:
            count += FACTS in headers
        elif (capture.offset, capture.length) != (offset, length):
            problems.add("another record", capture)
        else:
            problems.compare(capture, headers, payload)
    for capture in missing.values():
        problems.add(_NO_RECORD, capture)
    yield from problems.findings()
    if count:
        _, source_id, name = filename.split("/")
        mark = marker(root, source_id, name)
        again = f"run 'copydesk run {source_id}'"
        cure = again if mark.exists() else REPAIR
        problem = f"{count_of(count, 'archived document')} without a row in captures"
        yield Finding(problem, cure, root.location(filename), source_id)


def lost_files(root: Root, counts: Mapping[str, int]) -> Iterator[Finding]:
    """Yield a finding for each source that has lost files of its archive, by the number of captures in each file."""
    for source_id, group in groupby(sorted(counts), key=lambda filename: filename.split("/")[1]):
        filenames = [*group]
        captures = count_of(sum(counts[filename] for filename in filenames), "capture")
        problem = f"{count_of(len(filenames), 'file')} of the archive lost, with {captures}"
        where = root.location(filenames[0])
        if len(filenames) > 1:
            problem += f", such as {where.rpartition('/')[2]}"
            where = where.rpartition("/")[0]
        yield Finding(problem, _PUT_BACK, where, source_id)


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


def _records(root: Root, filename: str) -> Iterator[tuple[int, int, dict[str, str], bytes]]:
    try:
        with root.open(filename) as file:
            yield from records(file)
    except ObjectError as error:
        raise StorageError.of(error, root.location(filename), "read") from None
