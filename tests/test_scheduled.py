"""The Prefect flow takes the same path as the command, on a real server."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from config.settings import PROJECT_CONFIG
from warehouse.connect import connect

PROJECT = Path(__file__).resolve().parent.parent

RUN_AND_LOOK = """
import asyncio, json, sys
from prefect.client.orchestration import get_client
from flows.scheduled import ingest_sources

async def main(data, config):
    runs = await ingest_sources(sources=["sample", "sample-wire"], data=data, config=config)
    async with get_client() as client:
        for _ in range(100):  # the server records task runs from events, a moment later
            tasks = await client.read_task_runs()
            if len(tasks) == 2 and all(task.state.is_final() for task in tasks):
                break
            await asyncio.sleep(0.2)
        flows = await client.read_flow_runs()
    print(json.dumps({
        "stored": {name: run["stored"] for name, run in runs.items()},
        "tasks": sorted((task.name, task.state_name) for task in tasks),
        "flows": [flow.state_name for flow in flows],
    }))

if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
"""


@pytest.mark.slow
def test_the_flow_lands_the_sources_one_task_each(tmp_path):
    # A process of its own: an embedded server started inside pytest would outlive the test in its threads.
    script = tmp_path / "run_and_look.py"
    script.write_text(RUN_AND_LOOK)
    data = str(tmp_path / "data")
    done = subprocess.run(
        [sys.executable, str(script), data, str(PROJECT_CONFIG)],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        cwd=tmp_path,
        env={name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}
        | {
            "PYTHONPATH": str(PROJECT),
            "PREFECT_HOME": str(tmp_path / "prefect"),
            "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "120",
            "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
            "DO_NOT_TRACK": "1",
        },
    )
    assert done.returncode == 0, done.stderr[-3000:]
    seen = json.loads(done.stdout.splitlines()[-1])
    assert seen == {
        "stored": {"sample": 5, "sample-wire": 2},
        "tasks": [["ingest-sample", "Completed"], ["ingest-sample-wire", "Completed"]],
        "flows": ["Completed"],
    }
    with connect(data) as warehouse:
        assert warehouse.execute("SELECT source_id, status FROM runs ORDER BY ALL").fetchall() == [
            ("sample", "succeeded"),
            ("sample-wire", "succeeded"),
        ]
