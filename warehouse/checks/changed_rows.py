"""Which addresses, articles, captures and runs have rows in files that landed since a warehouse was found whole."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from warehouse.checks.rules import KEY_COLUMNS
from warehouse.definitions import quote
from warehouse.storage.base_files import read_base_files, replaced_names
from warehouse.storage.root import BASE, SUPERSEDED, escape_pattern

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from duckdb import DuckDBPyConnection

    from warehouse.checks.rules import Key
    from warehouse.checks.verified import FileState
    from warehouse.storage.root import Root

_TABLES: Final[dict[Key, tuple[str, ...]]] = {
    "address": ("discoveries", "articles", "rejects", "captures"),
    "article": ("articles",),
    "capture": ("articles", "rejects", "captures"),
    "run": ("runs",),
    "archive_file": ("captures",),
}
"""The tables whose rows have each key."""
MONTH_CHARACTERS: Final = len("2026-11")


def are_accounted_for(root: Root, gone: Collection[str], new: Collection[str], existing: Iterable[str]) -> bool:
    """Return whether a compaction has put the rows of files that are gone, or other than they were, into new files.

    All three are names of files of tables, and of lists of superseded rows. Raises `StorageError`.
    """
    if not gone:
        return True
    replaced: set[str] = set()
    months: set[tuple[str, str]] = set()
    for table in {name.partition("/")[0] for name in gone} - {SUPERSEDED}:
        base_files = read_base_files(root, table)
        replaced |= replaced_names(table, base_files).keys()
        months |= {
            (table, base.period) for base in base_files if len(base.period) == MONTH_CHARACTERS and base.name in new
        }
    lists = (name for name in existing if name.startswith(f"{SUPERSEDED}/") and name.endswith("-all.parquet"))
    joined = max(lists, default="")
    for name in {*gone} - replaced:
        table, _, file = name.partition("/")
        if table == SUPERSEDED:
            if name >= joined:
                return False
        # A month's file does not name the log files of its days.
        elif (table, _month(file)) not in months:
            return False
    return True


def _month(file: str) -> str:
    folder, _, name = file.partition("/")
    return name.partition("_")[2][:MONTH_CHARACTERS] if folder == BASE else folder.removeprefix("landed_month=")


def note_changes(
    warehouse: DuckDBPyConnection, root: Root, new: Collection[str], states: Mapping[str, FileState]
) -> None:
    """Make the temporary tables `changed_<key>` of what has rows in new files; `states` has the names of all files."""
    for key, tables in _TABLES.items():
        columns = KEY_COLUMNS[key]
        # Also where none of these tables has a new file.
        parts = [f"SELECT {columns} FROM landed('{tables[0]}') WHERE false"]  # noqa: S608  names of ours, here and below
        names = [[name for name in new if name.startswith(f"{table}/")] for table in tables]
        parts += [f"SELECT {columns} FROM {_files(root, group)}" for group in names if group]  # noqa: S608
        if key == "article":
            parts += _listed(root, new, states)
        rows = " UNION ALL ".join(parts)
        warehouse.execute(f"CREATE TEMP TABLE changed_{key} AS SELECT DISTINCT * FROM ({rows})")  # noqa: S608


def _listed(root: Root, new: Collection[str], states: Mapping[str, FileState]) -> list[str]:
    """Return a query for the articles of which new lists say that a row is superseded, if there are any."""
    lists = [name for name in states if name.startswith(f"{SUPERSEDED}/")]
    new_lists, known_lists = ([name for name in lists if (name in new) == is_new] for is_new in (True, False))
    if not new_lists:
        return []
    listed = f"FROM {_files(root, new_lists)}"
    if known_lists:
        listed += f" ANTI JOIN (FROM {_files(root, known_lists)}) USING (row_id)"
    return [f"SELECT article_id FROM landed('articles') SEMI JOIN ({listed}) USING (row_id)"]  # noqa: S608


def _files(root: Root, names: Iterable[str]) -> str:
    paths = (root.location(name) for name in names)
    listed = ", ".join(quote(escape_pattern(path) if root.is_folder else path) for path in paths)
    return f"read_parquet([{listed}], union_by_name = true, hive_partitioning = false)"
