"""`import copydesk`: what the engineer calls from a script or a notebook."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import copydesk

PROJECT = Path(__file__).resolve().parent.parent
# Without `if __name__ == "__main__"`, as people write scripts; the processes of the pool must not run it again.
SCRIPT = """
import copydesk, json
run = copydesk.ingest("sample", data="data")
print(json.dumps([run.source_id, run.status, run.discovered, run.stored]))
"""
HEAVY = {"prefect", "trafilatura", "langdetect", "pyarrow", "duckdb", "httpcore", "pydantic", "lxml"}
PAGE = """<html><head><title>Ferry to the island runs again</title></head><body><nav><a href="/">Home</a></nav><article>
<h1>Ferry to the island runs again</h1><p>The ferry to the island runs again from Monday, the harbour office said on
Friday, after three weeks in which only the post boat crossed the sound.</p><p>Divers freed its rudder from a net that
had been lost in the storm of last month, and the yard found no other damage to the ship.</p></article></body></html>"""


def run_script(script: Path | str, folder: Path) -> str:
    command = [sys.executable, *(["-c", script] if isinstance(script, str) else [script])]
    environment = {**os.environ, "COPYDESK_CONFIG": str(PROJECT / "config")}
    process = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=120
    )
    assert process.returncode == 0, process.stderr
    return process.stdout


@pytest.fixture(scope="module")
def ingested(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """Let a plain script ingest; return its data root and its output."""
    folder = tmp_path_factory.mktemp("script")
    script = folder / "script.py"
    script.write_text(SCRIPT)
    return folder / "data", run_script(script, folder)


def test_a_plain_script_ingests_a_source_once(ingested):
    assert [json.loads(line) for line in ingested[1].splitlines()] == [["sample", "succeeded", 6, 5]]


def test_the_warehouse_answers_queries_one_after_another(ingested):
    with copydesk.open(ingested[0]) as warehouse:
        articles = warehouse.sql("SELECT title FROM articles")
        assert len(articles.fetchall()) == 5
        assert warehouse.sql("SELECT count(*) FROM runs").fetchall() == [(1,)]


def test_a_query_joins_a_file_of_the_analyst(ingested, tmp_path):
    (tmp_path / "desks.csv").write_text("source_id,desk\nsample,foreign\n")
    with copydesk.open(str(ingested[0])) as warehouse:
        query = f"SELECT desk, count(*) FROM articles JOIN '{tmp_path / 'desks.csv'}' USING (source_id) GROUP BY desk"
        assert warehouse.sql(query).fetchall() == [("foreign", 5)]


def test_a_data_root_where_nothing_has_landed_cannot_be_opened(tmp_path):
    with pytest.raises(copydesk.WarehouseError, match="nothing has landed"):
        copydesk.open(tmp_path)


@pytest.mark.parametrize("document", [PAGE, PAGE.encode()])
def test_a_page_becomes_an_article(document):
    article = copydesk.extract(document, url="https://news.example/ferry", language="en")
    assert isinstance(article, copydesk.Article)
    assert (article.title, article.language) == ("Ferry to the island runs again", "en")
    assert article.text.startswith("The ferry to the island")
    assert "Home" not in article.text


def test_a_document_without_an_article_is_a_rejection_with_its_reason():
    rejection = copydesk.extract("")
    assert isinstance(rejection, copydesk.Rejection)
    assert rejection.reason
    assert rejection.detail


def test_sources_are_listed_by_id_and_a_wrong_file_is_named(tmp_path):
    folder = tmp_path / "sources"
    folder.mkdir()
    text = 'title = "News"\n[[input]]\nkind = "feed"\nurl = "https://news.example/rss"\n'
    (folder / "news.toml").write_text(text)
    assert [(name, source.title) for name, source in copydesk.sources(tmp_path).items()] == [("news", "News")]
    (folder / "wrong.toml").write_text(text + 'colour = "red"\n')
    with pytest.raises(copydesk.ConfigError, match=r"wrong\.toml"):
        copydesk.sources(tmp_path)


def test_a_source_that_is_not_configured_is_an_error(tmp_path):
    with pytest.raises(copydesk.ConfigError, match="nowhere"):
        copydesk.ingest("nowhere", data=tmp_path, config=PROJECT / "config")


def test_the_names_of_the_package_are_its_public_ones():
    assert dir(copydesk) == sorted(copydesk.__all__)
    assert all(getattr(copydesk, name) is not None for name in dir(copydesk))


def test_an_unknown_name_is_answered_by_the_known_ones():
    with pytest.raises(AttributeError, match=r"no attribute 'fetch'; it has .*extract"):
        _ = copydesk.fetch


def test_the_import_loads_nothing_heavy(tmp_path):
    loaded = run_script("import sys, copydesk; dir(copydesk); print(*sys.modules)", tmp_path).split()
    assert not HEAVY & set(loaded)
