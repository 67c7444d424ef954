"""A history of a source with all that is hard, landed file by file, and all rows that views have of it."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.support.rows import NOON, article, discovery, fetched, poll, rejection, run
from warehouse.connect import connect
from warehouse.definitions import TABLES, VIEWS
from warehouse.model.records import RECOVERED, Capture
from warehouse.model.vocabulary import Outcome, RunStatus
from warehouse.storage.compaction import Ages
from warehouse.storage.tables import Store

AT_ONCE = Ages(log=timedelta(0), visible=timedelta(0), deleted=timedelta(0))
LATER = timedelta(hours=3)
# What is compared: every view, and the macro at two moments.
AS_OF = "articles_as_of(TIMESTAMPTZ '2026-03-15 18:00:00+00')"
READ = [*(view for view in VIEWS if view != "source_health"), AS_OF, *(f"landed('{t}')" for t in ("articles", "polls"))]
# Of these all others are made.
READ_FROM_FILES = [*TABLES, "article_versions", AS_OF]


def rows_of(root: Path, names: Sequence[str] = READ) -> dict[str, list[str]]:
    """Return all rows of views, as text and in an order of their own; without the number that base files give to rows."""
    contents = {}
    with connect(root) as warehouse:
        for name in names:
            columns = [row[0] for row in warehouse.execute(f"DESCRIBE FROM {name}").fetchall() if row[0] != "row_id"]
            listed = ", ".join(f'"{column}"' for column in sorted(columns))
            texts = warehouse.execute(
                f"SELECT to_json(row)::VARCHAR FROM (SELECT {listed} FROM {name}) AS row"
            ).fetchall()
            # Sums of floats depend on the order of the rows.
            contents[name] = sorted(
                re.sub(r"\d+\.\d+", lambda match: f"{float(match[0]):.6f}", text) for (text,) in texts
            )
    return contents


def land_history(store: Store, seed: int = 0, count: int = 12) -> None:
    """Land a history with all that is hard: edits, late captures, second extractions, tombstones before and after."""
    rng = random.Random(seed)
    moments = [NOON + timedelta(hours=hour) for hour in range(count)]
    for number, now in enumerate(moments):
        articles, captures = [], []
        for _ in range(4):
            n = rng.randrange(10)
            # No two are of one moment: which of these is the newest is nobody's promise.
            read_at = now - timedelta(hours=rng.choice([0, 0, 0, 5])) + timedelta(seconds=len(articles) + 10 * seed)
            key = f"capture-{seed}-{number}-{len(articles)}"
            articles.append(
                article(
                    n,
                    version_id=f"v{rng.randrange(4)}",
                    capture_id=key,
                    fetched_at=read_at,
                    landed_at=now + timedelta(seconds=len(articles) + 10 * seed),
                    published_at=rng.choice([None, now, NOON - timedelta(days=n)]),
                    deleted=rng.random() < 0.08,
                )
            )
            made = Capture.of(fetched(n), capture_id=key, run_id=f"run-{number}", warc_filename="archive/a.warc.gz")
            captures.append(replace(made, outcome=rng.choice([Outcome.STORED, RECOVERED]), warc_offset=number))
        if number % 3 == 2:  # read again from the capture of before
            articles.append(replace(articles[0], landed_at=now + timedelta(minutes=1), title="again"))
        land = {
            "articles": articles,
            "captures": captures,
            "discoveries": [discovery(n, seen_at=now) for n in range(number, number + 3)],
            "polls": [poll(polled_at=now, run_id=f"run-{number}")] * (1 + number % 2),
            "rejects": [rejection(number + 5, last_seen_at=now, run_id=f"run-{number}")],
            "runs": [run(run_id=f"run-{number}", status=RunStatus.RUNNING, finished_at=None, started_at=now)],
        }
        for table, rows in land.items():
            store.land(table, rows, source_id="harbour", key=f"{seed}-{number}", now=now)
        done = run(run_id=f"run-{number}", started_at=now, finished_at=now)
        store.land("runs", [done], source_id="harbour", key=f"{seed}-{number}-succeeded", now=now)


def now() -> datetime:
    return datetime.now(UTC)
