"""Retention of the rows that tell of runs: which of them stay, however old they are."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import pyarrow as pa
import pyarrow.compute as pc

from warehouse.model.vocabulary import RunKind


@dataclass(frozen=True, slots=True)
class Retention:
    """How long rows are kept that tell of runs; None for ever. Articles are always kept."""

    runs: timedelta | None = None
    """Shards of backfills stay: they say what is done."""
    polls: timedelta | None = None

    def last_month(self, table: str, now: datetime) -> str:
        """Return the last month of a table that is too old, such as `2026-08`; empty if there is none."""
        age = {"runs": self.runs, "polls": self.polls}.get(table)
        if age is None:
            return ""
        oldest = now - age
        return f"{oldest.replace(day=1) - timedelta(days=1):%Y-%m}"


def without_expired(rows: pa.Table) -> pa.Table:
    """Return those of rows past their time that stay."""
    return rows.filter(kept_mask(rows))


def kept_mask(rows: pa.Table) -> pa.ChunkedArray:
    """Return which rows stay whatever their age: those of shards, by which a backfill knows what is done."""
    if "kind" not in rows.column_names:
        return pa.chunked_array([pa.repeat(pa.scalar(False), len(rows))])
    is_shard = pc.or_(pc.starts_with(rows["run_id"], "shard-"), pc.equal(rows["kind"], RunKind.SHARD))
    return pc.fill_null(is_shard, False)
