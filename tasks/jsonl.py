"""JSON Lines: one document a line, under names of the publisher's own."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import IO, Any, Final
from urllib.parse import quote

from config.settings import Settings
from config.sources import RECORD_FIELDS, JsonlInput, Source
from tasks.errors import InputError
from warehouse.records import Candidate, Item, Origin, RawArticle, Reason, Rejection, Stage

MEDIA_TYPE: Final = "application/json"
MAX_FETCHED_BYTES: Final = 200_000_000
"""Of a JSON Lines file that is fetched, decoded."""

LONGEST_NAME: Final = 2_000
"""Characters of a record's address or id."""
DEEPEST: Final = 3
"""Lists in lists that a value may be."""

_Line = tuple[int, bytes | None]
_GZIP_MAGIC: Final = b"\x1f\x8b"
_NOT_COLUMNS: Final = frozenset({"id", "html", "text", "url"})


def read_records(
    source: Source, entry: JsonlInput, settings: Settings, seen_at: datetime
) -> Iterator[Item | Rejection]:
    """The records of a file, each line kept as it is for the archive.

    A record's address is its `url`, else the file's with its `id` as fragment, else with the line's digest:
    by a line number, every record after an inserted line would take the place of another.
    Raises `InputError` where the file cannot be read, or not to its end.
    """
    found_in = address(source, entry)
    limit = settings.max_document_bytes
    for number, line in _lines(source, entry, settings):
        if line is None:
            detail = f"line {number} is longer than {limit:,} bytes; raise max_document_bytes to take it"
            yield Rejection(source.id, f"{found_in}#line={number}", None, Stage.DISCOVER, Reason.TOO_LARGE, detail)
        elif line.strip():
            yield _item(source, entry, found_in, line, seen_at)


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


def _lines(source: Source, entry: JsonlInput, settings: Settings) -> Iterator[_Line]:
    """Lines by their number from 1; None for one over the limit, which is passed over without being held."""
    place = entry.url or str((source.folder / str(entry.path)).resolve())
    try:
        with _open(source, entry, settings) as plain, _unzipped(plain) as stream:
            yield from _bounded(stream, settings.max_document_bytes)
    except (OSError, EOFError, zlib.error) as error:
        said = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise InputError(f"{place}: cannot be read: {said}; correct {source.id}.toml or the file") from None


def _open(source: Source, entry: JsonlInput, settings: Settings) -> IO[bytes]:
    if entry.url is None:
        return (source.folder / str(entry.path)).open("rb")
    from tasks.download import Downloaded, download

    got = download(entry.url, settings, allow_private=source.allow_private, max_bytes=MAX_FETCHED_BYTES)
    if not isinstance(got, Downloaded):
        raise InputError(f"{entry.url}: {got.detail}")
    return io.BytesIO(got.content)


def _unzipped(stream: IO[bytes]) -> IO[bytes] | gzip.GzipFile:
    magic = stream.read(len(_GZIP_MAGIC))
    stream.seek(0)
    return gzip.GzipFile(fileobj=stream) if magic == _GZIP_MAGIC else stream


def _bounded(stream: IO[bytes] | gzip.GzipFile, limit: int) -> Iterator[_Line]:
    number = 0
    while line := stream.readline(limit + 2):
        number += 1
        if len(line.rstrip(b"\r\n")) <= limit:
            yield number, line
            continue
        yield number, None
        while line and not line.endswith(b"\n"):
            line = stream.readline(limit)


def _item(source: Source, entry: JsonlInput, found_in: str, line: bytes, seen_at: datetime) -> Item:
    record = _parse(line)
    stated: Mapping[str, Any] = {} if isinstance(record, str) else record
    url, key = (_name(_value(stated, entry.fields, name)) for name in ("url", "id"))
    if not url.startswith(("http://", "https://")):
        url = f"{found_in}#{f'id={quote(key)}' if key else 'sha256=' + hashlib.sha256(line.strip()).hexdigest()[:32]}"
    # Two files of one source may each have a record 1.
    return Item(source.id, url, f"{entry.path or entry.url}#{key}" if key else url, found_in, seen_at, line)


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
