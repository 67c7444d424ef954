"""JSON Lines, CSV and Parquet: one document a line or row, under the publisher's own names."""

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

from config.inputs import RECORD_FIELDS, JsonlInput
from config.redact import redact
from config.settings import Settings
from config.sources import Source
from tasks.files.csv_parquet import PARQUET, Row, TableError, read_csv, read_parquet, table_kind
from tasks.files.decompress import open_decompressed
from tasks.files.splits import even_ranges, stamp_of, stamp_size
from tasks.http.content_coding import DecompressionError
from tasks.listings.input_reader import InputError, InputReader, InputSplit, ReadContext
from warehouse.model.records import Candidate, Fetched, Item, RawArticle, Rejection
from warehouse.model.vocabulary import Origin, Reason, Stage

if TYPE_CHECKING:
    from tasks.http.fetcher import Fetcher

MEDIA_TYPE: Final = "application/json"
MAX_FETCHED_BYTES: Final = 200_000_000  # decoded
MAX_NAME_CHARACTERS: Final = 2_000  # of a record's URL or id
MAX_LIST_DEPTH: Final = 3
MAX_SPLITS: Final = 2_000  # of one file: each split passes over all that stands before it
_BUFFER_BYTES: Final = 131_072

_REFUSALS: Final = {
    Reason.TOO_LARGE: "is longer than {:,} bytes; raise max_document_bytes to take it",
    Reason.BAD_RECORD: "does not fit its columns; it has more cells than there are, or a value out of range",
}
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
    unit = "row" if table_kind(found_in) else "line"
    first, end = span
    for number, line in _lines(source, entry, context.settings, context.fetcher):
        if end is not None and number >= end:
            return
        if number < first:
            continue
        if isinstance(line, Reason):
            detail = f"{unit} {number} {_REFUSALS[line].format(context.settings.max_document_bytes)}"
            yield Rejection(source.id, f"{found_in}#{unit}={number}", None, Stage.DISCOVER, line, detail)
        elif line.strip():
            item = _item(source, entry, found_in, line, context.seen_at)
            yield Fetched(item, line, context.seen_at, media_type=MEDIA_TYPE)


def _row_numbers(source: Source, entry: JsonlInput, settings: Settings) -> range:
    """Return the numbers of the lines or rows that can be read."""
    first, last = 1, 0
    with suppress(InputError):  # whoever reads the rows reports it
        for number, _ in _lines(source, entry, settings, None):
            first, last = (number, number) if not last else (first, number)
    return range(first, last + 1)


def open_record(raw: RawArticle, source: Source) -> RawArticle | Rejection:
    """Return the document inside an archived record: its html, else its text; its other fields become candidates."""
    inputs = source.inputs_of(JsonlInput)
    fields = next((entry.fields for entry in inputs if file_url(source, entry) == raw.item.found_in), {})

    def reject(detail: str) -> Rejection:
        return raw.reject(Stage.EXTRACT, Reason.BAD_RECORD, detail)

    record = _parse(raw.content)
    if isinstance(record, str):
        return reject(record)
    html, text = (_strings(_value(record, fields, name)) for name in ("html", "text"))
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


def _lines(source: Source, entry: JsonlInput, settings: Settings, fetcher: Fetcher | None) -> Iterator[Row]:
    """Return lines and rows with their numbers from 1; those over the limit are never in memory as a whole."""
    location = entry.url or str((source.folder / str(entry.path)).resolve())
    kind, limit = table_kind(location), settings.max_document_bytes
    body_columns = [entry.fields.get(name, name) for name in ("html", "text")]
    try:
        with _open(source, entry, settings, fetcher) as file:
            if kind == PARQUET:
                yield from read_parquet(file, body_columns, limit)
                return
            stream = open_decompressed(file, _BUFFER_BYTES)
            yield from read_csv(stream, kind, body_columns, limit) if kind else _bounded_lines(stream, limit)
    except (OSError, DecompressionError, TableError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise InputError(f"{location}: cannot be read: {reason}; correct {source.id}.toml or the file") from None


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


def _bounded_lines(stream: io.BufferedReader, limit: int) -> Iterator[Row]:
    number = 0
    while line := stream.readline(limit + 2):
        number += 1
        if len(line.rstrip(b"\r\n")) <= limit:
            yield number, line
            continue
        yield number, Reason.TOO_LARGE
        while line and not line.endswith(b"\n"):
            line = stream.readline(limit)


def _item(source: Source, entry: JsonlInput, found_in: str, line: bytes, seen_at: datetime) -> Item:
    record = _parse(line)
    values: Mapping[str, Any] = {} if isinstance(record, str) else record
    url, key = (_name(_value(values, entry.fields, name)) for name in ("url", "id"))
    url = redact(url, "")
    if not url.startswith(("http://", "https://")):
        url = f"{found_in}#{f'id={quote(key)}' if key else 'sha256=' + hashlib.sha256(line.strip()).hexdigest()[:32]}"
    # Two files of one source may each have a record 1.
    guid = f"{entry.path or entry.url}#{key}" if key else url
    return Item(source.id, url, guid, found_in, seen_at, is_record=True)


def _name(value: Any) -> str:
    """Return a URL or id as a row can hold it; empty if the value is neither text nor number, or far too long."""
    name = str(value).encode("utf-8", "replace").decode().strip() if isinstance(value, str | int) else ""
    return name if len(name) <= MAX_NAME_CHARACTERS else ""


def _parse(line: bytes) -> dict[str, Any] | str:
    """Return the record, or what is wrong with it."""
    try:
        record = json.loads(line)
    except (ValueError, RecursionError) as error:
        return f"not JSON: {error}"
    return record if isinstance(record, dict) else f"not a JSON object but {type(record).__name__}"


def _value(record: Mapping[str, Any], fields: Mapping[str, str], name: str) -> Any:
    """Return the value under this file's name for a column; `a.b` reaches into an object unless a key has that name."""
    key = fields.get(name, name)
    if key in record:
        return record[key]
    value: Any = record
    for name_part in key.split("."):
        value = value.get(name_part) if isinstance(value, Mapping) else None
    return value


def _strings(value: Any, depth: int = 0) -> tuple[str, ...]:
    """Return a value as strings: of a list each element, of an object its name."""
    if depth > MAX_LIST_DEPTH:
        return ()
    if isinstance(value, list):
        return tuple(string for element in value for string in _strings(element, depth + 1))
    if isinstance(value, Mapping):
        return _strings(value.get("name"), depth + 1)
    if isinstance(value, bool):
        return ("true" if value else "false",)
    string = "" if value is None else str(value)
    return (string,) if string.strip() else ()


def _candidates(record: Mapping[str, Any], fields: Mapping[str, str]) -> tuple[Candidate, ...]:
    columns = ((name, _strings(_value(record, fields, name))) for name in sorted(RECORD_FIELDS - _NOT_COLUMNS))
    return tuple(Candidate(name, values, Origin.RECORD) for name, values in columns if values)
