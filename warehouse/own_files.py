"""The files that the caller of a query names, each under a name of its own beside the views."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import duckdb

from warehouse.definitions import MACROS, VIEWS, quote
from warehouse.errors import QueryError
from warehouse.wording import lower_first

NAME: Final = re.compile(r"[A-Za-z_]\w*", re.ASCII)
PATTERN: Final = re.compile(r"[\[*?]")
FOUND_VIEW: Final = "found"
"""The view of what a search finds."""
READERS: Final = {
    ".csv": "read_csv",
    ".tsv": "read_csv",
    ".txt": "read_csv",
    ".parquet": "read_parquet",
    ".json": "read_json_auto",
    ".jsonl": "read_json_auto",
    ".ndjson": "read_json_auto",
}


def parse_files(arguments: list[str]) -> dict[str, Path]:
    """Return the files of arguments `NAME=FILE`, by name. Raises `QueryError`."""
    files: dict[str, Path] = {}
    for argument in arguments:
        name, separator, file = argument.partition("=")
        if not separator:
            name, file = re.sub(r"\W", "_", Path(argument).name.partition(".")[0], flags=re.ASCII), argument
        if not NAME.fullmatch(name) or not file:
            raise QueryError(f"--with {argument}: write NAME=FILE; a name has letters, digits and _, such as prices")
        if name.lower() in {*VIEWS, *MACROS, FOUND_VIEW, *files}:
            raise QueryError(f"--with {argument}: '{name}' is a view already; take another name")
        files[name.lower()] = Path(file)
    return files


def add_files(connection: duckdb.DuckDBPyConnection, files: Mapping[str, Path]) -> None:
    """Create a temporary view over each file. Raises `QueryError` for one that cannot be read."""
    for name, path in files.items():
        suffixes = [suffix.lower() for suffix in path.suffixes if suffix.lower() not in {".gz", ".zst"}]
        reader = READERS.get(suffixes[-1] if suffixes else "")
        if reader is None:
            raise QueryError(f"{path}: a query reads CSV, TSV, JSON Lines and Parquet files; save it as one of them")
        if not path.is_file():
            raise QueryError(f"{path}: no such file; name one with --with {name}=FILE")
        if PATTERN.search(str(path.resolve())):
            # DuckDB would read it as a pattern, and so reach files that nobody named.
            raise QueryError(f"{path}: a path with *, ? or [ is not read; rename it or copy the file")
        try:
            connection.execute(f'CREATE TEMP VIEW "{name}" AS FROM {reader}({quote(str(path.resolve()))})')
        except duckdb.Error as error:
            raise QueryError(f"{path}: {_first_line(error)}") from None


def _first_line(error: duckdb.Error) -> str:
    text = re.sub(r"^[\w ]+ Error: ", "", str(error)).strip().partition("\n")[0]
    return f"cannot be read: {lower_first(text)}"
