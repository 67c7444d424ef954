"""Files of records, JSON Lines, CSV, Parquet and others: each a document, under the publisher's own names."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from typing import IO, TYPE_CHECKING, Any, Final
from urllib.parse import quote

from config.errors import reason_of
from config.inputs import RECORD_FIELDS, JsonlInput
from config.redact import redact
from config.settings import Settings
from config.sources import Source
from tasks.files.csv_parquet import Row, TableError
from tasks.files.record_file import read_rows
from tasks.files.record_values import name_of, parse_records, strings, value_of
from tasks.files.splits import even_ranges, stamp_of, stamp_size
from tasks.listings.input_reader import InputError, InputReader, InputSplit, ReadContext
from tasks.text.decompress import DecompressionError
from warehouse.model.records import Candidate, Fetched, Item, RawArticle, Rejection
from warehouse.model.vocabulary import Origin, Reason, Stage

if TYPE_CHECKING:
    from tasks.http.fetcher import Fetcher

MEDIA_TYPE: Final = "application/json"
MAX_FETCHED_BYTES: Final = 200_000_000  # decoded
MAX_SPLITS: Final = 2_000  # of one file: each split passes over all that stands before it

_REFUSALS: Final = {
    Reason.TOO_LARGE: "is longer than {:,} bytes; raise max_document_bytes to take it",
    Reason.BAD_RECORD: "does not fit its columns; it has more cells than there are, or a value out of range",
}
_NO_OBJECT: Final = "stands between the records and is no JSON object"
_NOT_COLUMNS: Final = frozenset({"id", "html", "text", "url"})


class JsonlReader(InputReader[JsonlInput]):
    """Reads the records of a file."""

    holds_records = True
    can_split = True

    @property
    def endpoint(self) -> str:
        """The URL of the file."""
        return file_url(self.source, self.entry)

    def documents(self, context: ReadContext) -> Iterator[Fetched | Rejection]:
        """Return every record."""
        return read_records(self.source, self.entry, context)

    def splits(self, number: int, context: ReadContext, min_documents: int) -> Iterator[InputSplit]:
        """Cut the lines or rows of a local file into even ranges; a file at a URL is one split, as each fetches it."""
        if self.entry.url is not None:
            yield InputSplit(number, self.entry.url)
            return
        path = (self.source.folder / str(self.entry.path)).resolve()
        stamp, rows = stamp_of(path), _row_numbers(self.source, self.entry, context.settings)
        size = stamp_size(stamp)
        if not rows:
            # Without any split nobody would open the file, and say why there is nothing in it.
            yield InputSplit(number, str(path), stamp=stamp, size=size)
        for indexes in even_ranges(len(rows), max(min_documents, len(rows) // MAX_SPLITS)):
            first = rows.start + indexes.start
            end = None if indexes.stop == len(rows) else rows.start + indexes.stop
            yield InputSplit(
                entry=number,
                location=str(path),
                first=first,
                end=end,
                stamp=stamp,
                documents=len(indexes),
                size=size * len(indexes) // len(rows),
            )

    def read_split(self, split: InputSplit, context: ReadContext) -> Iterator[Fetched | Rejection]:
        """Return the records of a range of lines or rows."""
        return read_records(self.source, self.entry, context, (split.first, split.end))


def read_records(
    source: Source,
    entry: JsonlInput,
    context: ReadContext,
    span: tuple[int, int | None] = (0, None),
) -> Iterator[Fetched | Rejection]:
    """Return the records of a file, each with its line as it is; only lines from `span[0]` and before `span[1]`.

    A record's URL is its `url`, else the file's with its `id` as fragment, else with the line's digest: with a line
    number, every record after an inserted line would take the place of another. Raises `InputError` if the file cannot
    be read, or not to its end.
    """
    found_in = file_url(source, entry)
    first, end = span
    for number, content, unit in _rows(source, entry, context.settings, context.fetcher, context.skipped):
        if end is not None and number >= end:
            return
        if number < first:
            continue
        if isinstance(content, Reason):
            problem = _NO_OBJECT if content is Reason.BAD_RECORD and unit == "record" else _REFUSALS[content]
            detail = f"{unit} {number} {problem.format(context.settings.max_document_bytes)}"
            yield Rejection(source.id, f"{found_in}#{unit}={number}", None, Stage.DISCOVER, content, detail)
        elif content.strip():
            for record, line in _records(content, entry.fields):
                item = _item(source, entry, found_in, record, line, context.seen_at)
                yield Fetched(item, line, context.seen_at, media_type=MEDIA_TYPE)


def _records(content: bytes, fields: Mapping[str, str]) -> Iterator[tuple[Mapping[str, Any], bytes]]:
    """Return the records of a line, each with JSON of its own; a line that is none as it is, for its refusal."""
    records = parse_records(content, fields)
    if isinstance(records, str):
        yield {}, content
    elif len(records) == 1:
        yield records[0], content
    else:
        for record in records:
            yield record, json.dumps(record, ensure_ascii=False).encode("utf-8", "replace")


def _row_numbers(source: Source, entry: JsonlInput, settings: Settings) -> range:
    """Return the numbers of the lines or rows that can be read."""
    first, last = 1, 0
    with suppress(InputError):  # whoever reads the rows reports it
        for row in _rows(source, entry, settings, None, []):
            first, last = (row.number, row.number) if not last else (first, row.number)
    return range(first, last + 1)


def open_record(raw: RawArticle, source: Source) -> RawArticle | Rejection:
    """Return the document inside an archived record: its html, else its text; its other fields become candidates."""
    inputs = source.inputs_of(JsonlInput)
    fields = next((entry.fields for entry in inputs if file_url(source, entry) == raw.item.found_in), {})

    def reject(detail: str) -> Rejection:
        return raw.reject(Stage.EXTRACT, Reason.BAD_RECORD, detail)

    records = parse_records(raw.content, fields)
    if isinstance(records, str):
        return reject(records)
    record = records[0]
    html, text = (strings(value_of(record, fields, name)) for name in ("html", "text"))
    if not (html or text):
        names = " or ".join(f"'{fields.get(name, name)}'" for name in ("html", "text"))
        return reject(f"nothing under {names}; this record has: {', '.join(record)[:200]}")
    # A list is a list of paragraphs.
    body = "\n".join(html) if html else "\n\n".join(text)
    return RawArticle(
        replace(raw.item, candidates=raw.item.candidates + _candidates(record, fields)),
        replace(raw.capture, media_type="text/html" if html else "text/plain", charset="utf-8"),
        body.encode("utf-8", "replace"),
    )


def file_url(source: Source, entry: JsonlInput) -> str:
    """Return the URL of the file; `file:` for a local one."""
    return entry.url or (source.folder / str(entry.path)).resolve().as_uri()


def _rows(
    source: Source, entry: JsonlInput, settings: Settings, fetcher: Fetcher | None, skipped: list[str]
) -> Iterator[Row]:
    """Return lines, rows or records with their numbers; those over the limit are never in memory as a whole."""
    location = entry.url or str((source.folder / str(entry.path)).resolve())
    body_columns = [entry.fields.get(name, name) for name in ("html", "text")]
    try:
        with _open(source, entry, settings, fetcher) as file:
            yield from read_rows(file, location, body_columns, settings.max_document_bytes, skipped)
    except (OSError, DecompressionError, TableError) as error:
        raise InputError(
            f"{location}: cannot be read: {reason_of(error)}; correct {source.id}.toml or the file"
        ) from None


def _open(source: Source, entry: JsonlInput, settings: Settings, fetcher: Fetcher | None) -> IO[bytes]:
    if entry.url is None:
        return (source.folder / str(entry.path)).open("rb")
    from tasks.http.access import source_access
    from tasks.http.fetcher import Downloaded, Request, download

    allow_private = source.allow_private
    if fetcher is None:
        result = download(entry.url, settings, allow_private=allow_private, max_bytes=MAX_FETCHED_BYTES)
    else:
        request = Request(
            entry.url,
            source.delay,
            allow_private=allow_private,
            max_bytes=MAX_FETCHED_BYTES,
            access=source_access(source),
        )
        result = fetcher.fetch(request)
    if not isinstance(result, Downloaded):
        raise InputError(f"{entry.url}: {getattr(result, 'detail', 'no content was sent')}")
    return io.BytesIO(result.content)


def _item(
    source: Source, entry: JsonlInput, found_in: str, record: Mapping[str, Any], line: bytes, seen_at: datetime
) -> Item:
    url, key = (name_of(value_of(record, entry.fields, name)) for name in ("url", "id"))
    url = redact(url, "")
    if not url.startswith(("http://", "https://")):
        url = f"{found_in}#{f'id={quote(key)}' if key else 'sha256=' + hashlib.sha256(line.strip()).hexdigest()[:32]}"
    # Two files of one source may each have a record 1.
    guid = f"{entry.path or entry.url}#{key}" if key else url
    return Item(source.id, url, guid, found_in, seen_at, is_record=True)


def _candidates(record: Mapping[str, Any], fields: Mapping[str, str]) -> tuple[Candidate, ...]:
    columns = ((name, strings(value_of(record, fields, name))) for name in sorted(RECORD_FIELDS - _NOT_COLUMNS))
    return tuple(Candidate(name, values, Origin.RECORD) for name, values in columns if values)
