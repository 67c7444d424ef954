"""The archive: every document as it came, in gzip WARC 1.1 files, one gzip member a record.

The HTTP exchanges that led to a document stand before it: its record is the last of them, and the only one with the
facts of the capture. A capture is there with all that led to it, or not at all.

A batch is one file, `archive/<source_id>/<name>.warc.gz`. While it is written it is called `….warc.gz.open`. From
before its first byte until the rows of `captures` that index it have landed, an empty file
`.unlanded/<source_id>/<name>` says so: a run that finds one there takes up what a killed run left, and never has to
search the archive itself.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, replace
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self
from uuid import uuid4

from warehouse.archive.http_records import answer, hops, request, revisit
from warehouse.archive.old_facts import current_facts
from warehouse.archive.segment import OPEN, BatchFile, finish, is_foreign, marker
from warehouse.archive.warc_records import FACTS, KIND, REMOVED, printable, records, resource
from warehouse.connect import connect, rows
from warehouse.errors import EmptyWarehouseError, StorageError
from warehouse.model.records import RECOVERED, Capture, Exchange, Fetched
from warehouse.model.vocabulary import Outcome
from warehouse.storage.root import Root

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from warehouse.model.records import Item


@dataclass(frozen=True, slots=True)
class Earlier:
    """A capture that holds a document's content, for one that finds the same: never itself a revisit."""

    capture_id: str
    url: str
    """Of its record: where the content came from in the end."""
    fetched_at: datetime
    payload_digest: str
    etag: str | None
    last_modified: str | None
    media_type: str | None
    charset: str | None


class ArchiveWriter:
    """Writes the documents of one batch to one WARC file; the source's lock is held. Nothing written: no file."""

    def __init__(self, root: str | os.PathLike[str] | Root, source_id: str, run_id: str, now: datetime) -> None:
        self._run_id = run_id
        self._batch = BatchFile(Root.at(root), source_id, run_id, now)

    @property
    def filename(self) -> str | None:
        """Of the WARC, relative to the data root, once there is one."""
        return self._batch.filename

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def write(self, fetched: Fetched, outcome: str = Outcome.PENDING) -> Capture:
        """Archive one document, and before it the exchanges that led to it. Raises `StorageError`.

        Its capture is `pending` until the caller knows better, or `LISTED` for what is read for what it names.
        """
        capture = replace(self._capture(fetched), outcome=outcome)
        *before, last = fetched.exchanges or (None,)
        if last is None:
            return self._put(capture, b"", lambda capture: resource(capture, fetched.content))
        return self._answered(capture, before, last, fetched.content)

    def write_failure(
        self,
        item: Item,
        exchanges: Sequence[Exchange],
        detail: str,
        fetched_at: datetime,
        outcome: str = Outcome.FAILED,
    ) -> Capture:
        """Archive a failed fetch: its exchanges, or a metadata record if there were none. Raises `StorageError`."""
        *before, last = exchanges or (Exchange(item.url, fetched_at, error=detail),)
        # Without an answer the record tells what failed, and has no payload.
        content = b"" if last.status is None else last.content
        fetched = Fetched(item, content, fetched_at, final_url=_other(last.url, item), http_status=last.status)
        capture = replace(self._capture(fetched), outcome=outcome, error=detail, is_read=False)
        return self._answered(capture, before, last, content)

    def write_revisit(
        self,
        item: Item,
        exchanges: Sequence[Exchange],
        earlier: Earlier,
        fetched_at: datetime,
        outcome: str = Outcome.UNCHANGED,
    ) -> Capture:
        """Archive an unchanged document as a revisit of an earlier capture. Raises `StorageError`.

        There is at least one exchange; `outcome` is the capture's.
        """
        *before, last = exchanges
        headers = {name.lower(): printable(value) for name, value in last.headers}
        fetched = Fetched(
            item,
            b"",
            fetched_at,
            media_type=earlier.media_type,
            charset=earlier.charset,
            final_url=_other(last.url, item),
            http_status=last.status,
            etag=headers.get("etag", earlier.etag),
            last_modified=headers.get("last-modified", earlier.last_modified),
        )
        capture = replace(self._capture(fetched), payload_digest=earlier.payload_digest, outcome=outcome)
        return self._put(
            capture,
            hops(before) + request(last, fetched_at, capture.capture_id),
            lambda capture: revisit(last, capture, earlier.capture_id, earlier.url, earlier.fetched_at),
        )

    def sync(self) -> None:
        """Make what was written durable. Raises `StorageError`."""
        self._batch.sync()

    def close(self) -> None:
        """Sync and give the file its final name. Raises `StorageError`."""
        self._batch.close()

    def settle(self) -> None:
        """Mark the rows of all its captures as landed; otherwise the next run of the source looks them up."""
        self._batch.settle()

    def _capture(self, fetched: Fetched) -> Capture:
        return Capture.of(fetched, capture_id=str(uuid4()), run_id=self._run_id)

    def _answered(self, capture: Capture, before: Sequence[Exchange], last: Exchange, content: bytes) -> Capture:
        # Not when it was asked for but the capture's own time: a later revisit names the record by it.
        date = capture.fetched_at
        return self._put(
            capture,
            hops(before) + request(last, date, capture.capture_id),
            lambda capture: answer(last, date, capture.capture_id, content, capture),
        )

    def _put(self, capture: Capture, led_to: bytes, record_of: Callable[[Capture], bytes]) -> Capture:
        filename = self._batch.begin()
        capture = replace(capture, warc_filename=filename, warc_offset=self._batch.end + len(led_to))
        record = record_of(capture)
        self._batch.append(led_to + record)
        return replace(capture, warc_length=len(record))


def recover(root: str | os.PathLike[str] | Root, source_id: str, run_id: str = "") -> list[Capture]:
    """Return the captures that killed runs, or only `run_id`, archived and did not index, as `recovered`.

    Those that were written with another outcome than `pending` keep it. The source's lock is held. Torn tails are cut
    off and files left open get their final names. Whoever lands the rows needs to do no more; landing none of them, the
    next call returns them again. Raises `StorageError`.
    """
    root = Root.at(root)
    marks = sorted(marker(root, source_id, "").glob(f"*-{run_id}-*" if run_id else "*"))
    recovered = []
    for name in (mark.name for mark in marks if not is_foreign(mark)):
        filename = f"archive/{source_id}/{name}"
        left_open = root.local / f"{filename}{OPEN}"
        try:
            if left_open.exists():
                if _cut_torn_tail(left_open):
                    finish(root, left_open, filename)
                else:
                    left_open.unlink()
            captures = list(_captures(root, filename)) if root.exists(filename) else []
        except OSError as error:
            raise StorageError.of(error, str(left_open), "recover") from error
        known = _known(root, filename) if captures else set()
        unknown = [capture for capture in captures if capture.capture_id not in known]
        if not unknown:
            marker(root, source_id, name).unlink(missing_ok=True)
        recovered += unknown
    return recovered


def read(root: str | os.PathLike[str] | Root, warc_filename: str, offset: int, length: int) -> bytes:
    """Return the payload of the record at an offset: a file unchanged, an HTTP response without its headers.

    Reads `length` bytes. Raises `StorageError`, also for a revisit and for what was taken down.
    """
    headers, payload = record_at(root, warc_filename, offset, length)
    location = f"{Root.at(root).location(warc_filename)} at {offset}"
    if REMOVED in headers:
        raise StorageError(f"the document in {location} was taken down")
    if headers[KIND] == "revisit":
        raise StorageError(
            f"the record in {location} is a revisit, which has no content; "
            "read the earlier capture of its payload_digest"
        )
    return payload


def record_at(
    root: str | os.PathLike[str] | Root, warc_filename: str, offset: int, length: int
) -> tuple[dict[str, str], bytes]:
    """Return the headers and payload of the record at an offset. Raises `StorageError` if no whole record is there."""
    root = Root.at(root)
    location = root.location(warc_filename)
    if not warc_filename:
        raise StorageError("the archive does not keep it any more: it is older than the setting keep_archive_days")
    try:
        member = root.read(warc_filename, offset, length)
    except OSError as error:
        raise StorageError.of(error, location, "read") from error
    for _, _, headers, payload in records(BytesIO(member)):
        return headers, payload
    raise StorageError(
        f"no whole record in {location} at {offset}; see what else is lost with 'copydesk maintain verify'"
    )


def _captures(root: Root, filename: str) -> Iterator[Capture]:
    with root.open(filename) as file:
        for offset, length, headers, _ in records(file):
            if FACTS in headers:
                facts: dict[str, Any] = json.loads(headers[FACTS])
                facts["fetched_at"] = datetime.fromisoformat(facts["fetched_at"])
                location = {"warc_filename": filename, "warc_offset": offset, "warc_length": length}
                outcome = RECOVERED if facts["outcome"] == Outcome.PENDING else facts["outcome"]
                yield Capture(**current_facts({**facts, **location, "outcome": outcome}))


def _known(root: Root, filename: str) -> set[str]:
    try:
        with connect(root) as warehouse:
            query = "SELECT capture_id FROM captures WHERE warc_filename = ?"
            return {capture_id for (capture_id,) in rows(warehouse, query, [filename])}
    except EmptyWarehouseError:
        return set()  # the first run was killed before anything landed


def _cut_torn_tail(path: Path) -> int:
    """Cut what follows the last whole capture off a file; return the number of bytes left."""
    whole = 0
    with path.open("r+b") as file:
        for offset, length, headers, _ in records(file):
            # What led to a capture that is not there any more would belong to none.
            if FACTS in headers or headers.get(KIND) == "warcinfo":
                whole = offset + length
        file.truncate(whole)
        os.fsync(file.fileno())
    return whole


def _other(url: str, item: Item) -> str | None:
    return None if url == item.url else url
