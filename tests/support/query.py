"""A query over a data root, as `copydesk sql` runs it."""

from __future__ import annotations

import os

import duckdb

from warehouse.connect import locked
from warehouse.statements import run_statement
from warehouse.storage.root import Root

EVERY = """
    SELECT 'article', url, article_id, version_id, title FROM article_versions
    UNION ALL SELECT 'reject', url, stage, reason, detail FROM rejects_open
    UNION ALL SELECT 'address', url, guid, found_in, state FROM ledger
    UNION ALL SELECT 'capture', url, payload_digest, warc_offset::VARCHAR, NULL FROM captures
    ORDER BY ALL
"""
"""What a reader sees of all addresses, without times."""


def query(root: str | os.PathLike[str] | Root, statement: str) -> duckdb.DuckDBPyConnection:
    """Run one statement that reads; return the connection with its rows. Raises `WarehouseError`."""
    return run_statement(locked(root), statement)
