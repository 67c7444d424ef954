"""The dbt project of docs/ builds its models from a warehouse."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import duckdb
import pytest

from tests.support.rows import NOON, article
from warehouse.catalogue import write_catalogue
from warehouse.copies.update import update_copies
from warehouse.storage.root import Root
from warehouse.storage.tables import Store

PROJECT = Path(__file__).resolve().parent.parent / "docs" / "dbt"
DBT = os.environ.get("COPYDESK_DBT") or shutil.which("dbt")
WIRE = " ".join(f"word{number}" for number in range(120))


@pytest.mark.skipif(not DBT, reason="dbt is not installed; COPYDESK_DBT names a program dbt that has dbt-duckdb")
def test_the_models_of_dbt_are_built_from_the_warehouse(tmp_path):
    root = tmp_path / "data"
    articles = [article(1, text=WIRE, info_sources=("AFP",)), article(2, text=WIRE, info_sources=()), article(3)]
    Store(root).land("articles", articles, source_id="harbour", key="1", now=NOON)
    update_copies(root, seconds=1)
    write_catalogue(Root.at(root))
    environment = {
        **os.environ,
        "COPYDESK_DATA": str(root),
        "NEWS_DATABASE": str(tmp_path / "news.duckdb"),
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        "DBT_LOG_PATH": str(tmp_path / "logs"),
        "DBT_TARGET_PATH": str(tmp_path / "target"),
    }
    assert DBT is not None
    done = subprocess.run(
        [DBT, "build", "--project-dir", PROJECT, "--profiles-dir", PROJECT],
        cwd=tmp_path, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "ERROR=0 SKIP=0" in done.stdout
    with duckdb.connect(str(tmp_path / "news.duckdb"), read_only=True) as news:
        assert news.execute("SELECT sum(articles), sum(texts) FROM texts_by_day").fetchall() == [(3, 2)]
        agencies = news.execute("SELECT * FROM agency_texts WHERE agency = 'AFP'").fetchall()
    assert agencies == [("AFP", 2, 3, 1)]
