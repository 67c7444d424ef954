"""Open a file of records, whatever its form: JSON, CSV, Parquet, a workbook, each also packed or in a zip."""

from __future__ import annotations

import zipfile
from collections.abc import Collection, Iterator
from typing import IO, Final

from tasks.files.csv_parquet import PARQUET, Row, TableError, read_csv, read_parquet, table_kind
from tasks.files.json_values import holds_json, is_one_record_a_line, read_lines, read_values
from tasks.files.spreadsheet import OLE_MAGIC, is_workbook, read_workbook
from tasks.text.decode import Refusal
from tasks.text.decompress import PACKED_SUFFIXES, ZIP_MAGIC, open_decompressed, open_zip
from tasks.text.text_lines import file_charset, read_sample
from warehouse.wording import lower_first

_BUFFER_BYTES: Final = 131_072
_MAGIC_BYTES: Final = 8
_PARQUET_MAGIC: Final = b"PAR1"
_MAX_ZIP_DEPTH: Final = 1
# Forms that are told by their first bytes, and what makes of them one that is read.
_CURES: Final = {
    b"7z\xbc\xaf": "a 7z archive; unpack it",
    b"Rar!": "a RAR archive; unpack it",
    b"SQLite f": "a SQLite database; export its table as CSV",
    b"ARROW1": "an Arrow file; write it as Parquet",
    b"Obj\x01": "an Avro file; write it as JSON Lines or Parquet",
    b"\x80\x04\x95": "a pickle of Python, which could run any program; write it as JSON Lines or Parquet",
    b"\x80\x05\x95": "a pickle of Python, which could run any program; write it as JSON Lines or Parquet",
    b"%PDF-": "a PDF; it holds no records",
}
_RECORD_SUFFIXES: Final = (".jsonl", ".ndjson", ".json", ".jl", ".csv", ".tsv", ".parquet", ".xlsx", ".xls", ".ods")


def read_rows(
    file: IO[bytes], name: str, body_columns: Collection[str], limit: int, skipped: list[str], depth: int = 0
) -> Iterator[Row]:
    """Return the records of a file that can seek, as JSON in UTF-8; `name` is its path or URL.

    Its first bytes decide, and the name where they do not. What is passed over is told in `skipped`. Raises
    `TableError` and `DecompressionError` after all that could be read.
    """
    magic = file.read(_MAGIC_BYTES)
    file.seek(0)
    if cure := next((cure for start, cure in _CURES.items() if magic.startswith(start)), None):
        raise TableError(f"it is {cure}")
    if magic.startswith(ZIP_MAGIC):
        return _read_zip(file, body_columns, limit, skipped, depth)
    if magic.startswith(OLE_MAGIC):
        return read_workbook(file, body_columns, limit, skipped)
    if magic.startswith(_PARQUET_MAGIC) or table_kind(name) == PARQUET:
        return read_parquet(file, body_columns, limit)
    return _read_text(file, table_kind(name), body_columns, limit)


def _read_text(file: IO[bytes], kind: str | None, body_columns: Collection[str], limit: int) -> Iterator[Row]:
    stream = open_decompressed(file, _BUFFER_BYTES)
    if kind is not None:
        return read_csv(stream, kind, body_columns, limit)
    sample = read_sample(stream)
    charset = file_charset(sample)
    if isinstance(charset, Refusal):
        if not sample:
            return read_lines(stream, "utf-8", limit)  # tells damage at the beginning
        raise TableError(f"it holds no records: {lower_first(charset.detail).rstrip('.')}")
    text = sample.decode(charset, "replace")
    if holds_json(text) or not text.strip("\ufeff \t\r\n"):
        read_json = read_lines if is_one_record_a_line(text) else read_values
        return read_json(stream, charset, limit)
    if text.lstrip("\ufeff \t\r\n").startswith("<"):
        raise TableError(
            "it is a web page or XML, not records; if it is a feed or a sitemap, use the kind of that name"
        )
    # Addresses of exports seldom end in .csv.
    return read_csv(stream, "csv", body_columns, limit)


def _read_zip(
    file: IO[bytes], body_columns: Collection[str], limit: int, skipped: list[str], depth: int
) -> Iterator[Row]:
    """Return the records of a workbook, or of all files of records in a zip, numbered on from one to the next."""
    with open_zip(file) as archive:
        if is_workbook(archive):
            file.seek(0)
            yield from read_workbook(file, body_columns, limit, skipped)
            return
        if depth >= _MAX_ZIP_DEPTH:
            raise TableError("it holds a zip in a zip; unpack it")
        last = 0
        for member in _record_members(archive, skipped):
            with archive.open(member) as content:
                rows = read_rows(content, member.filename, body_columns, limit, skipped, depth + 1)
                first = last
                for row in rows:
                    last = first + row.number
                    yield row._replace(number=last)


def _record_members(archive: zipfile.ZipFile, skipped: list[str]) -> list[zipfile.ZipInfo]:
    files = [member for member in archive.infolist() if not member.is_dir() and not _is_hidden(member.filename)]
    record_files = [member for member in files if _holds_records(member.filename)]
    if not record_files and len(files) != 1:
        names = ", ".join(member.filename for member in files[:3])
        raise TableError(f"the zip holds no file of records (such as .jsonl or .csv); it has: {names or 'nothing'}")
    if others := [member.filename for member in files if record_files and member not in record_files]:
        skipped.append(
            f"Files of the zip that hold no records by their names were passed over: {', '.join(others[:5])}."
        )
    return sorted(record_files or files, key=lambda member: member.filename)


def _is_hidden(name: str) -> bool:
    return name.startswith("__MACOSX/") or any(part.startswith(".") for part in name.split("/"))


def _holds_records(name: str) -> bool:
    name = name.lower()
    for suffix in PACKED_SUFFIXES:
        name = name.removesuffix(suffix)
    return name.endswith(_RECORD_SUFFIXES)
