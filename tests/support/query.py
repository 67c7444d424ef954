"""A query over a data root, as `copydesk sql` runs it."""

from __future__ import annotations

import os

import duckdb

from warehouse.connect import locked
from warehouse.statements import run_statement
from warehouse.storage.root import Root


def query(root: str | os.PathLike[str] | Root, statement: str) -> duckdb.DuckDBPyConnection:
    """Run one statement that reads; return the connection with its rows. Raises `WarehouseError`."""
    return run_statement(locked(root), statement)
