"""The views and macros of `warehouse/sql`, made for a data root and in a DuckDB database."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Final

from warehouse.storage.root import SUPERSEDED, Root, escape_pattern

if TYPE_CHECKING:
    import duckdb

SQL: Final = Path(__file__).resolve().parent / "sql"
TABLES: Final = ("articles", "captures", "discoveries", "habits", "polls", "rejects", "runs")
# Every view and macro, each after those it reads.
ORDER: Final = (
    "hidden", "landed", "outdated", "articles", "articles_as_of", "article_versions", "captures",
    "discoveries", "polls", "rejects", "runs", "rejects_open", "ledger", "pending", "articles_by_day", "quality_by_day",
    "article_edits", "edit_paragraphs", "text_sketches", "copies", "articles_unique", "wire_spread", "endpoint_health",
    "source_health", "source_tags", "habits",
)  # fmt: skip
MACROS: Final = ("hidden", "landed", "outdated", "articles_as_of", "text_sketches")
BASE_MACROS: Final = ("hidden", "outdated")
VIEWS: Final = tuple(name for name in ORDER if name not in MACROS)
CATALOGUE: Final = "copydesk.duckdb"
LOCATION_VARIABLE: Final = "copydesk_data"


def define(connection: duckdb.DuckDBPyConnection, root: Root, *, in_catalogue: bool = False) -> None:
    """Create all views and macros over a data root in the database that is in use."""
    # A root of release 0.1 has no base files, and a pattern that no file matches is an error.
    log_only = not root.exists(f"{SUPERSEDED}/articles")
    for name in ORDER:
        if not log_only or name not in BASE_MACROS:
            connection.execute(_sql(name, root, log_only=log_only, in_catalogue=in_catalogue))
    connection.execute(f"CREATE MACRO definition() AS '{definition(root)}'")


def definition(root: Root) -> str:
    """Return a digest of what `define` would create for a root."""
    texts = [_sql(name, root, in_catalogue=True) for name in ORDER]
    return sha256("\n".join([*texts, (SQL / "columns.toml").read_text("utf-8")]).encode()).hexdigest()[:16]


def read_comment(name: str) -> str:
    """Return what a view or macro holds: the comment that its file begins with."""
    lines = (SQL / f"{name}.sql").read_text("utf-8").splitlines()
    first = next(number for number, line in enumerate(lines) if not line.startswith("--"))
    return " ".join(line.removeprefix("--").strip() for line in lines[:first])


def pattern(root: Root) -> str:
    """Return the root as DuckDB reads it at the beginning of a pattern of paths."""
    return escape_pattern(root.url) if root.is_folder else root.url


def quote(value: str) -> str:
    """Return a string as SQL writes it."""
    return "'" + value.replace("'", "''") + "'"


def _sql(name: str, root: Root, *, log_only: bool = False, in_catalogue: bool = False) -> str:
    path = SQL / "log_only" / f"{name}.sql"
    text = (path if log_only and path.exists() else SQL / f"{name}.sql").read_text("utf-8")
    folder = _location(root) if in_catalogue else quote(root.url)
    glob = f"regexp_replace({folder}, '([\\[*?])', '[\\1]', 'g')" if in_catalogue else quote(pattern(root))
    # A constant in the place of an expression keeps what DuckDB prints of a query short.
    if not in_catalogue:
        return text.replace("'$root", glob[:-1]).replace("'$folder", folder[:-1])
    return text.replace("'$root", f"{glob} || '").replace("'$folder", f"{folder} || '")


def _location(root: Root) -> str:
    """Return SQL for the folder that the catalogue lies in, wherever that was moved to or mounted.

    DuckDB has no function for it that may stand in the place of a path; but the temporary folder of a database that was
    opened is its own path and `.tmp`. Of one that was attached it is another's: then a variable says where it is, or
    it is where it was written.
    """
    temporary = "current_setting('temp_directory')"
    end = f"/{CATALOGUE}.tmp"
    return (
        f"CASE WHEN ends_with({temporary}, '{end}') THEN left({temporary}, length({temporary}) - {len(end)})"
        f" ELSE coalesce(getvariable('{LOCATION_VARIABLE}'), {quote(root.url)}) END"
    )
