"""The flows of upkeep on a real Prefect server, and what they and a source's run leave there to be read."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from config.settings import PROJECT_CONFIG
from tests.support.query import query
from tests.support.rows import run
from warehouse.storage.tables import Store

PROJECT = Path(__file__).resolve().parent.parent

RUN_AND_LOOK = """
import asyncio, json, sys
from pathlib import Path
from prefect.client.orchestration import get_client
import flows.scheduling.artifacts
from flows.scheduling.source_flow import ingest_source
from flows.scheduling.maintenance_flows import UPKEEP, maintain_warehouse

async def main(data, config):
    flows.scheduling.artifacts.FIRST_PROGRESS_SECONDS = 0.01
    ended = {}
    await ingest_source(source="sample", data=data, config=Path(config))
    for name, flow, setting in UPKEEP:
        ended[name] = await flow(data=data, config=Path(config))
    next(Path(data).glob("articles/*/sample-*.parquet")).write_bytes(b"lost")
    try:
        await maintain_warehouse(data=data, config=Path(config))
    except Exception as error:
        ended["damaged"] = str(error)
    async with get_client() as client:
        artifacts = {entry.key: [entry.type, entry.data] for entry in await client.read_artifacts() if entry.key}
        names = {str(run.id): run.name for run in await client.read_flow_runs()}
    print(json.dumps({"ended": ended, "artifacts": artifacts, "names": names}))

if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
"""


@pytest.mark.slow
def test_runs_and_upkeep_leave_what_people_look_at(tmp_path):
    data, alerts = tmp_path / "data", tmp_path / "alerts"
    config = tmp_path / "config"
    (config / "sources").mkdir(parents=True)
    for name in ("samples", "sources/sample.toml"):
        (config / name).symlink_to(PROJECT_CONFIG / name)
    (config / "sources" / "late.toml").write_text(
        'title = "Late"\nschedule = "0 * * * *"\n[[input]]\nkind = "feed"\nurl = "https://late.example/rss"\n'
    )
    days_ago = datetime.now(UTC) - timedelta(days=3)
    Store(data).land("runs", [run(source_id="late", started_at=days_ago)], source_id="late", key="1", now=days_ago)
    script = tmp_path / "run_and_look.py"
    script.write_text(RUN_AND_LOOK)
    hook = f"import sys; open({str(alerts)!r}, 'a').write(sys.stdin.read() + chr(10))"
    # A process of its own: an embedded server started inside pytest would outlive the test in its threads.
    done = subprocess.run(
        [sys.executable, str(script), str(data), str(config)],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        cwd=tmp_path,
        env={name: value for name, value in os.environ.items() if not name.startswith(("PREFECT_", "COPYDESK_"))}
        | {
            "PYTHONPATH": str(PROJECT),
            "PREFECT_HOME": str(tmp_path / "prefect"),
            "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "120",
            "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
            "DO_NOT_TRACK": "1",
            "COPYDESK_ALERT_COMMAND": f'{sys.executable} -c "{hook}"',
        },
    )
    assert done.returncode == 0, done.stderr[-3000:]
    output = json.loads(done.stdout.splitlines()[-1])

    artifacts = output["artifacts"]
    assert sorted(artifacts) == ["counts-sample", "maintenance", "progress-sample", "quality", "rejects-sample"]
    [[flow_run_id]] = query(data, "SELECT flow_run_id FROM runs WHERE source_id = 'sample'").fetchall()
    assert output["names"][flow_run_id] == "sample 5 new, 1 rejected"
    assert "| stored | 5 | new articles, and new versions of known ones |" in artifacts["counts-sample"][1]
    assert "`copydesk rejects raw archive/sample/" in artifacts["rejects-sample"][1]
    assert artifacts["progress-sample"] == ["progress", 100.0]
    (row,) = json.loads(artifacts["quality"][1])
    assert (row["source"], row["condition"]) == ("late", "stale")

    assert output["ended"]["maintain-warehouse"]["findings"] == 0
    assert output["ended"]["recheck-versions"] == {}
    assert output["ended"]["watch-quality"]["conditions"] == ["late stale"]
    assert "not readable as Parquet" in output["ended"]["damaged"]
    (alert,) = map(json.loads, alerts.read_text().splitlines())
    assert (alert["source"], alert["condition"], alert["state"]) == ("late", "stale", "began")
