"""The views are right with every optimizer of DuckDB on, also of the oldest that opens the catalogue."""

from __future__ import annotations

import shutil
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from tests.support.landed_history import AT_ONCE, LATER, READ, land_history, now, rows_of
from tests.support.rows import NOON, article, discovery, rejection
from warehouse.catalogue import write_catalogue
from warehouse.connect import connect
from warehouse.definitions import CATALOGUE, VIEWS
from warehouse.storage.compaction import compact
from warehouse.storage.tables import Store


def land_many(store: Store, count: int) -> None:
    """Tens of thousands of addresses: DuckDB has lost rows of joins when there are many of them, and threads."""
    for part in range(4):
        first = part * count // 4
        rows = {
            "discoveries": [discovery(n, source_id=f"s{n % 7}") for n in range(first, first + count // 4)],
            "articles": [
                article(n, source_id=f"s{n % 7}", version_id=f"v{part}", capture_id=f"c{part}-{n}", text="x", stripped=(),
                    fetched_at=NOON + timedelta(seconds=n), landed_at=NOON + timedelta(seconds=n), deleted=n % 97 == 0)
                for n in range(first - first // 5, first + count // 4, 2)
            ],
            "rejects": [rejection(n, source_id=f"s{n % 7}") for n in range(first, first + count // 4, 3)],
        }  # fmt: skip
        for table, batch in rows.items():
            store.land(table, batch, source_id="many", key=str(part), now=NOON)
        if part == 1:
            compact(store, now() + LATER, seconds=0, ages=AT_ONCE)


HASHED = "SELECT count(*), sum(hash({columns})) FROM {view}"


@pytest.mark.slow
def test_views_are_right_with_the_optimizer_on_and_off(tmp_path: Path) -> None:
    store = Store(tmp_path)
    land_many(store, 40_000)
    write_catalogue(tmp_path)
    with connect(tmp_path) as warehouse:
        queries = {}
        for name in READ:
            types = {row[0]: row[1] for row in warehouse.execute(f"DESCRIBE FROM {name}").fetchall()}
            columns = ", ".join(
                f'"{column}"' for column, kind in types.items() if kind != "DOUBLE" and column != "row_id"
            )
            queries[name] = HASHED.format(columns=columns, view=name)
        answers = {}
        for threads in (1, 8):
            for optimizer in ("join_filter_pushdown", ""):
                warehouse.execute(f"SET threads = {threads}; SET disabled_optimizers = '{optimizer}'")
                for name, query in queries.items():
                    rows = warehouse.execute(query).fetchall()
                    assert answers.setdefault(name, rows) == rows, (name, threads, optimizer)
    assert answers["discoveries"][0][0] == 40_000
    client = shutil.which("duckdb", path=str(Path(sys.executable).parent))
    if client is not None:
        script = "; ".join(query for name, query in queries.items() if name in VIEWS)
        texts = [
            subprocess.run(
                [client, "-readonly", "-csv", "-noheader", tmp_path / CATALOGUE, f"SET disabled_optimizers = '{optimizer}'; {script}"],
                capture_output=True, text=True, check=True,
            ).stdout
            for optimizer in ("join_filter_pushdown", "")
        ]  # fmt: skip
        assert texts[0] == texts[1]
        counts = [int(line.split(",")[0]) for line in texts[0].splitlines()]
        assert counts == [answers[name][0][0] for name in queries if name in VIEWS]


def test_duckdb_1_5_sees_the_same_with_the_optimizer_on_and_off(tmp_path: Path) -> None:
    client = shutil.which("duckdb", path=str(Path(sys.executable).parent))
    if client is None:
        pytest.skip("the duckdb-cli package is not installed")
    store = Store(tmp_path)
    for seed in range(2):
        land_history(store, seed, count=20)
        if not seed:
            compact(store, now() + LATER, seconds=0, ages=AT_ONCE)
    write_catalogue(tmp_path)
    keys = dict.fromkeys(READ, "count(*)") | {"articles": "count(*), sum(hash(article_id, capture_id, title))"}
    query = "; ".join(
        f"SELECT '{name[:5]}', {columns} FROM {name}" for name, columns in keys.items() if "(" not in name
    )
    texts = []
    for optimizer in ("join_filter_pushdown", ""):
        script = f"SET disabled_optimizers = '{optimizer}'; {query}"
        command = [client, "-readonly", "-csv", "-noheader", tmp_path / CATALOGUE, script]
        texts.append(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    assert texts[0] == texts[1]
    counts = [int(line.split(",")[1]) for line in texts[0].splitlines()]
    assert counts == [len(rows) for name, rows in rows_of(tmp_path).items() if "(" not in name]
