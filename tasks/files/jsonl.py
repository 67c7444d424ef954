"""JSON Lines, and tables read as such: one document a line or row, under names of the publisher's own."""

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
from tasks.files.decompress import unpacked
from tasks.files.errors import InputError
from tasks.http.content_coding import PackedError
from warehouse.model.records import Candidate, Fetched, Item, RawArticle, Rejection
from warehouse.model.vocabulary import Origin, Reason, Stage

if TYPE_CHECKING:
    from tasks.http.fetcher import Fetcher

MEDIA_TYPE: Final = "application/json"
MAX_FETCHED_BYTES: Final = 200_000_000
"""Of a JSON Lines file that is fetched, decoded."""

LONGEST_NAME: Final = 2_000
"""Characters of a record's address or id."""
DEEPEST: Final = 3
"""Lists in lists that a value may be."""
_BUFFER: Final = 131_072

_WHY_NOT: Final = {
    Reason.TOO_LARGE: "is longer than {:,} bytes; raise max_document_bytes to take it",
    Reason.BAD_RECORD: "does not fit its columns; it has more cells than there are, or a value out of range",
}
_NOT_COLUMNS: Final = frozenset({"id", "html", "text", "url"})


def read_records(
    source: Source,
    entry: JsonlInput,
    settings: Settings,
    seen_at: datetime,
    fetcher: Fetcher | None = None,
    span: tuple[int, int | None] = (0, None),
) -> Iterator[Fetched | Rejection]:
    """The records of a file, each line kept as it is for the archive; of a `span`, those from one number up to another.

    A record's address is its `url`, else the file's with its `id` as fragment, else with the line's digest:
    by a line number, every record after an inserted line would take the place of another.
    What is at an address is asked for by `fetcher`, or else by one of its own.
    Raises `InputError` where the file cannot be read, or not to its end.
    """
    found_in = address(source, entry)
    part = "row" if table_kind(found_in) else "line"
    first, end = span
    for number, line in _lines(source, entry, settings, fetcher):
        if end is not None and number >= end:
            return
        if number < first:
            continue
        if isinstance(line, Reason):
            detail = f"{part} {number} {_WHY_NOT[line].format(settings.max_document_bytes)}"
            yield Rejection(source.id, f"{found_in}#{part}={number}", None, Stage.DISCOVER, line, detail)
        elif line.strip():
            item = _item(source, entry, found_in, line, seen_at)
            yield Fetched(item, line, seen_at, media_type=MEDIA_TYPE)


def number_rows(source: Source, entry: JsonlInput, settings: Settings) -> range:
    """The numbers of the lines or rows that can be read."""
    first, last = 1, 0
    with suppress(InputError):  # whoever reads the rows says so
        for number, _ in _lines(source, entry, settings, None):
            first, last = (number, number) if not last else (first, number)
    return range(first, last + 1)


def open_record(raw: RawArticle, source: Source) -> RawArticle | Rejection:
    """The document inside an archived record: its html, else its text, its other fields as candidates."""
    fields = next(
        (
            entry.fields
            for entry in source.input
            if isinstance(entry, JsonlInput) and address(source, entry) == raw.item.found_in
        ),
        {},
    )

    def reject(detail: str) -> Rejection:
        return raw.reject(Stage.EXTRACT, Reason.BAD_RECORD, detail)

    record = _parse(raw.content)
    if isinstance(record, str):
        return reject(record)
    html, text = (_words(_value(record, fields, name)) for name in ("html", "text"))
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


def address(source: Source, entry: JsonlInput) -> str:
    """The address of the file."""
    return entry.url or (source.folder / str(entry.path)).resolve().as_uri()


def _lines(source: Source, entry: JsonlInput, settings: Settings, fetcher: Fetcher | None) -> Iterator[Row]:
    """Lines and rows by their numbers from 1; what is over the limit is passed over without being held."""
    place = entry.url or str((source.folder / str(entry.path)).resolve())
    kind, limit = table_kind(place), settings.max_document_bytes
    wanted = [entry.fields.get(name, name) for name in ("html", "text")]
    try:
        with _open(source, entry, settings, fetcher) as file:
            if kind == PARQUET:
                yield from read_parquet(file, wanted, limit)
                return
            stream = unpacked(file, _BUFFER)
            yield from read_csv(stream, kind, wanted, limit) if kind else _bounded(stream, limit)
    except (OSError, PackedError, TableError) as error:
        said = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise InputError(f"{place}: cannot be read: {said}; correct {source.id}.toml or the file") from None


def _open(source: Source, entry: JsonlInput, settings: Settings, fetcher: Fetcher | None) -> IO[bytes]:
    if entry.url is None:
        return (source.folder / str(entry.path)).open("rb")
    from tasks.http.fetcher import Downloaded, Request, download

    private, most = source.allow_private, MAX_FETCHED_BYTES
    if fetcher is None:
        got = download(entry.url, settings, allow_private=private, max_bytes=most)
    else:
        got = fetcher.fetch(Request(entry.url, source.delay, allow_private=private, max_bytes=most))
    if not isinstance(got, Downloaded):
        raise InputError(f"{entry.url}: {getattr(got, 'detail', 'no content was sent')}")
    return io.BytesIO(got.content)


def _bounded(stream: io.BufferedReader, limit: int) -> Iterator[Row]:
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
    stated: Mapping[str, Any] = {} if isinstance(record, str) else record
    url, key = (_name(_value(stated, entry.fields, name)) for name in ("url", "id"))
    url = redact(url, "")
    if not url.startswith(("http://", "https://")):
        url = f"{found_in}#{f'id={quote(key)}' if key else 'sha256=' + hashlib.sha256(line.strip()).hexdigest()[:32]}"
    # Two files of one source may each have a record 1.
    guid = f"{entry.path or entry.url}#{key}" if key else url
    return Item(source.id, url, guid, found_in, seen_at, is_record=True)


def _name(value: Any) -> str:
    """An address or id as it can stand in a row; empty where the value is no name, or one of absurd length."""
    said = str(value).encode("utf-8", "replace").decode().strip() if isinstance(value, str | int) else ""
    return said if len(said) <= LONGEST_NAME else ""


def _parse(line: bytes) -> dict[str, Any] | str:
    """The record, or what is wrong with it."""
    try:
        record = json.loads(line)
    except (ValueError, RecursionError) as error:
        return f"not JSON: {error}"
    return record if isinstance(record, dict) else f"not a JSON object but {type(record).__name__}"


def _value(record: Mapping[str, Any], fields: Mapping[str, str], name: str) -> Any:
    """The value under this file's name for a column; `a.b` reaches into an object unless a key is so named."""
    key = fields.get(name, name)
    if key in record:
        return record[key]
    value: Any = record
    for part in key.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    return value


def _words(value: Any, depth: int = 0) -> tuple[str, ...]:
    """A value as printed strings: of a list each element, of an object its name."""
    if depth > DEEPEST:
        return ()
    if isinstance(value, list):
        return tuple(word for element in value for word in _words(element, depth + 1))
    if isinstance(value, Mapping):
        return _words(value.get("name"), depth + 1)
    if isinstance(value, bool):
        return ("true" if value else "false",)
    said = "" if value is None else str(value)
    return (said,) if said.strip() else ()


def _candidates(record: Mapping[str, Any], fields: Mapping[str, str]) -> tuple[Candidate, ...]:
    stated = ((name, _words(_value(record, fields, name))) for name in sorted(RECORD_FIELDS - _NOT_COLUMNS))
    return tuple(Candidate(name, values, Origin.RECORD) for name, values in stated if values)
