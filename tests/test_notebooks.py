"""The notebooks of docs/ run against the warehouse of the samples, and a query gives the frames that analysts use."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

import copydesk
from tests.support.rows import NOON, article
from warehouse.storage.tables import Store

PROJECT = Path(__file__).resolve().parent.parent
NOTEBOOKS = sorted((PROJECT / "docs" / "notebooks").glob("*.ipynb"))


@pytest.fixture
def edited(tmp_path: Path) -> Path:
    """Make a data root with an article that was edited and one in another language."""
    later = NOON + timedelta(hours=1)
    text = "Ferry 1 came back to port.\n\nTwo people were hurt."
    after = article(1, version_id="after", capture_id="after", text=text, fetched_at=later)
    for key, rows in enumerate(([article(1), article(2, language="pt", published_precision="minute")], [after])):
        Store(tmp_path / "data").land("articles", rows, source_id="harbour", key=str(key), now=later)
    return tmp_path


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=[path.stem for path in NOTEBOOKS])
def test_the_cells_of_a_notebook_run(edited, notebook):
    pytest.importorskip("pandas")
    pytest.importorskip("matplotlib")
    cells = json.loads(notebook.read_text("utf-8"))["cells"]
    assert not any(cell.get("outputs") for cell in cells)
    script = "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")
    print_results = "\nprint(languages.to_csv(index=False), latency.to_csv(index=False), agencies.to_csv(index=False))"
    done = subprocess.run(
        [sys.executable, "-c", script + print_results],
        cwd=edited,
        env={**os.environ, "PYTHONPATH": str(PROJECT), "MPLBACKEND": "agg", "MPLCONFIGDIR": str(edited)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    for line in ("-Nobody was hurt. 渡轮平安返港。", "+Two people were hurt.", "en,1", "pt,1", "AFP,2"):
        assert line in [output.strip() for output in done.stdout.splitlines()]


# DuckDB's own call of pandas.
@pytest.mark.filterwarnings("ignore:The inplace keyword")
@pytest.mark.parametrize(("method", "library"), [("df", "pandas"), ("pl", "polars"), ("arrow", "pyarrow")])
def test_a_query_gives_the_frame_of_a_library(edited, method, library):
    pytest.importorskip(library)
    with copydesk.open(edited / "data") as warehouse:
        frame = getattr(warehouse.sql("SELECT title, published_at FROM articles ORDER BY title"), method)()
        assert type(frame).__module__.split(".")[0] == library
        columns = frame.schema.names if method == "arrow" else list(frame.columns)
        assert columns == ["title", "published_at"]
