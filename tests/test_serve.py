"""`copydesk serve`, whole: a process with its Prefect server, sources that change, an outage, and its end."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from functools import partial
from http import HTTPStatus
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest

from flows.scheduling.deployments import stagger
from flows.scheduling.server_checks import ServeError, check_api
from tests.support.waiting import free_ports, wait_for
from tests.support.warc_files import HTML, http, record
from warehouse.connect import connect
from warehouse.storage.root import Root
from warehouse.storage.run_marks import running_and_killed

pytestmark = pytest.mark.slow

PROJECT = Path(__file__).resolve().parent.parent
PAGE = """<html lang="en"><head><title>Ferry {0} is back in port</title>
<meta property="article:published_time" content="2026-03-0{0}T10:00:00Z"></head><body><article>
<h1>Ferry {0} is back in port</h1>{1}</article></body></html>"""
PARAGRAPH = (
    "<p>Ferry number {0} came back to port on day {1} after a long night at sea, the harbour master told reporters.</p>"
)
FOLDER = '[[input]]\nkind = "folder"\npath = "../../pages"\n'


class Served:
    """An installation, and the process that serves it."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.data = folder, folder / "data"
        self.port, self.health_port = free_ports()
        # Its turn comes about half a minute from now, not a whole one.
        soon = (time.time() + 30) % 60
        names = (f"paper-{number}" for number in range(1_000))
        self.paper = next(
            name for name in names if abs(stagger(name, "every minute", None).anchor_date.second - soon) < 3
        )
        self.process: subprocess.Popen[bytes] | None = None
        # One for all requests: a new one reads all certificates of the system.
        self.client = httpx.Client(trust_env=False, timeout=30)

    def write(self, name: str, text: str) -> None:
        (self.folder / "config" / "sources" / f"{name}.toml").write_text(f'title = "{name.title()}"\n{text}')

    def command(self, *arguments: str) -> list[str]:
        ports = ["--port", str(self.port), "--health-port", str(self.health_port)]
        return [sys.executable, "-m", "copydesk", "serve", *ports, *arguments]

    @property
    def environment(self) -> dict[str, str]:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(("PREFECT", "COPYDESK"))}
        off = dict.fromkeys(
            ("COPYDESK_MAINTAIN_SCHEDULE", "COPYDESK_RECHECK_SCHEDULE", "COPYDESK_QUALITY_SCHEDULE"), "off"
        )
        roots = {
            "COPYDESK_DATA": str(self.data),
            "COPYDESK_CONFIG": str(self.folder / "config"),
            "COPYDESK_WORKERS": "1",
        }
        return inherited | off | roots | {"PYTHONPATH": str(PROJECT)}

    def start(self) -> None:
        with (self.folder / "serve.log").open("ab") as log:
            self.process = subprocess.Popen(
                self.command(), cwd=self.folder, env=self.environment, stdout=log, stderr=log, start_new_session=True
            )
        wait_for(lambda: self.health().get("status") == "ok" or self.process.poll() is not None, 180, "a healthy serve")
        assert self.process.poll() is None, self.log

    def stop(self) -> int:
        """SIGTERM, to the first process alone; its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(60)

    def close(self) -> None:
        if self.process and self.process.poll() is None:
            self.stop()
        self.client.close()

    @property
    def log(self) -> str:
        return (self.folder / "serve.log").read_text()

    def processes(self) -> list[str]:
        """Return the command lines of the processes that came of it and are still there."""
        processes = []
        for path in Path("/proc").glob("[0-9]*"):
            try:
                if f"COPYDESK_DATA={self.data}".encode() in (path / "environ").read_bytes().split(b"\0"):
                    processes.append((path / "cmdline").read_bytes().replace(b"\0", b" ").decode())
            except OSError:
                continue
        return processes

    @property
    def password(self) -> str:
        """None of a version that asks for none."""
        path = self.data / ".prefect" / "password"
        return path.read_text().strip() if path.exists() else ""

    def post(self, path: str, body=None):
        user, _, password = self.password.partition(":")
        url, login = f"http://127.0.0.1:{self.port}/api{path}", (user, password)
        answer = self.client.post(url, json=body or {}, auth=login)
        for _ in range(5):
            if answer.status_code != HTTPStatus.SERVICE_UNAVAILABLE:
                break
            # So SQLite has it where two write at once; Prefect's own client asks again, too.
            time.sleep(1)
            answer = self.client.post(url, json=body or {}, auth=login)
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def deployments(self):
        return {entry["name"]: entry for entry in self.post("/deployments/filter")}

    def runs(self, name: str):
        """All runs of a source that are or were more than planned."""
        chosen = {"deployments": {"name": {"any_": [name]}}, "limit": 200}
        return [run for run in self.post("/flow_runs/filter", chosen) if run["state_name"] != "Scheduled"]

    def health(self) -> dict:
        try:
            return self.watched("/health").json()
        except httpx.HTTPError:
            return {}

    def watched(self, path: str) -> httpx.Response:
        """Request a path of the port for those who watch."""
        return self.client.get(f"http://127.0.0.1:{self.health_port}{path}")

    def rows(self, query: str):
        with connect(str(self.data)) as warehouse:
            return warehouse.execute(query).fetchall()

    def marked(self) -> list[tuple[str, str]]:
        return [(run.source_id, str(run.status)) for run in running_and_killed(Root.at(self.data))]


@contextmanager
def web(folder: Path):
    """Serve a folder."""
    quiet = type("Quiet", (SimpleHTTPRequestHandler,), {"log_message": lambda *_: None})
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(quiet, directory=folder))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    folder = tmp_path_factory.mktemp("served")
    (folder / "config" / "sources").mkdir(parents=True)
    (folder / "pages").mkdir()
    for number in range(1, 4):
        text = "".join(PARAGRAPH.format(number, day) for day in range(1, 9))
        (folder / "pages" / f"{number}.html").write_text(PAGE.format(number, text))
    installation = Served(folder)
    with web(folder / "pages") as address:
        installation.write(installation.paper, f'schedule = "every minute"\n{FOLDER}')
        installation.write("daily", f'schedule = "@daily"\n{FOLDER}')
        installation.write("resting", f'schedule = "@daily"\npaused = true\n{FOLDER}')
        urls = [f"{address}/{number % 3 + 1}.html?{number}" for number in range(90)]
        installation.write(
            "slow", f'delay = 1.0\nallow_private = true\n[[input]]\nkind = "pages"\nurls = {json.dumps(urls)}\n'
        )
        try:
            installation.start()
            yield installation
        finally:
            installation.close()


def test_every_source_is_deployed_and_told_where(served):
    assert served.deployments().keys() >= {served.paper, "daily", "resting", "slow"}
    assert served.deployments()["resting"]["paused"]
    health = served.health()
    assert (health["status"], health["sources"], health["paused"], health["problems"]) == ("ok", 4, 1, [])
    assert served.watched("/ready").json() == {"status": "ready", "waits_for": []}
    assert "4 sources, 1 paused" in served.log
    assert f"the UI is at http://127.0.0.1:{served.port}" in served.log


def test_a_second_one_says_that_there_is_one(served):
    done = subprocess.run(
        served.command(),
        cwd=served.folder,
        env=served.environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr == (
        f"copydesk: copydesk serve runs already on this machine, with UI http://127.0.0.1:{served.port}; "
        "end it, or give this one a data root and ports of its own: --data, --port and --health-port\n"
    )
    port, health = free_ports()
    elsewhere = subprocess.run(
        [*served.command()[:4], "--port", str(port), "--health-port", str(health)],
        cwd=served.folder,
        env=served.environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert elsewhere.returncode == 1
    assert (
        elsewhere.stderr
        == f"copydesk: copydesk serve runs already over {served.data}; end it, or name another with --data\n"
    )


def test_the_sources_are_followed_as_their_files_change(served):
    served.post(f"/deployments/{served.deployments()['daily']['id']}/pause_deployment")
    served.write("late", f"{FOLDER}")
    served.write("daily", f'schedule = "@weekly"\n{FOLDER}')
    served.write("resting", "title = ")
    wait_for(lambda: "late" in served.deployments(), 30, "a new source")
    there = served.deployments()
    # Paused in the UI, which the file has said nothing about since.
    assert there["daily"]["paused"]
    assert there["daily"]["schedules"][0]["schedule"]["cron"].endswith(" 0 * * 0")
    # Its file is wrong now: it stays as it was.
    assert there["resting"]["paused"]
    assert "resting.toml" in served.health()["problems"][0]
    assert "its source is not taken in until that is mended" in served.log
    served.write("resting", f"{FOLDER}")
    (served.folder / "config" / "sources" / "late.toml").unlink()
    wait_for(lambda: "late" not in served.deployments(), 30, "a source that has gone")
    assert not served.deployments()["resting"]["paused"]
    assert "resting.toml: is right again\n" in served.log


def test_an_address_that_is_not_the_servers_api_is_told_with_the_one_that_is(served):
    root = f"http://127.0.0.1:{served.port}"
    with pytest.raises(ServeError, match=f"its API does at {root}/api: set PREFECT_API_URL to that"):
        check_api(root, "start it")
    with pytest.raises(ServeError, match=r"write it as http://127\.0\.0\.1"):
        check_api(root.removeprefix("http://"), "start it")
    check_api(f"{root}/api/", "start it")


def test_a_backfill_that_is_started_in_the_ui_shows_its_shards_as_task_runs(served):
    pages = "".join(PARAGRAPH.format(7, day) for day in range(1, 9))
    old = record("https://ferries.example/7", http(PAGE.format(7, pages).encode(), HTML))
    (served.folder / "old.warc").write_bytes(old)
    backfill = served.deployments()["backfill"]
    parameters = {"source": "resting", "warc": str(served.folder / "old.warc")}
    start = {"state": {"type": "SCHEDULED"}, "parameters": backfill["parameters"] | parameters}
    served.post(f"/deployments/{backfill['id']}/create_flow_run", start)
    ended = ("COMPLETED", "FAILED", "CRASHED")
    [run] = wait_for(lambda: [run for run in served.runs("backfill") if run["state_type"] in ended], 90, "its end")
    assert run["state"]["message"] == "resting: shards: 1, of them done before: 0; 1 discovered, 1 stored"
    [shard] = served.post("/task_runs/filter", {"flow_runs": {"id": {"any_": [run["id"]]}}})
    assert (shard["name"], shard["state"]["message"]) == (parameters["warc"], "1 discovered, 1 stored")
    assert served.rows("SELECT url FROM articles WHERE source_id = 'resting'") == [("https://ferries.example/7",)]


def test_a_run_that_fails_by_its_input_ends_at_once(served):
    (served.folder / "broken.warc").write_bytes(b"no archive")
    served.write("broken", 'schedule = "@daily"\n[[input]]\nkind = "warc"\npath = "../../broken.warc"\n')
    deployment = wait_for(lambda: served.deployments().get("broken"), 60, "the deployment")
    served.post(f"/deployments/{deployment['id']}/create_flow_run", {"state": {"type": "SCHEDULED"}})
    ended = ("COMPLETED", "FAILED", "CRASHED")
    [run] = wait_for(lambda: [run for run in served.runs("broken") if run["state_type"] in ended], 90, "its end")
    [task] = served.post("/task_runs/filter", {"flow_runs": {"id": {"any_": [run["id"]]}}})
    assert (run["state_type"], task["run_count"]) == ("FAILED", 1)
    assert "broken.warc: it is not a WARC file" in run["state"]["message"]
    wait_for(lambda: "copydesk: broken: failed: " in served.log, 20, "its line in the log")
    (served.folder / "config" / "sources" / "broken.toml").unlink()
    wait_for(lambda: "broken" not in served.deployments(), 60, "the end of the deployment")


def test_a_run_on_schedule_lands_articles(served):
    def done():
        return [run for run in served.runs(served.paper) if run["auto_scheduled"] and run["state_type"] == "COMPLETED"]

    [run, *_] = wait_for(done, 150, "a scheduled run that is completed")
    assert run["state"]["message"] == f"{served.paper}: 3 discovered, 3 stored"
    assert run["name"] == f"{served.paper} 3 new"
    assert served.rows(f"SELECT count(*) FROM articles WHERE source_id = '{served.paper}'") == [(3,)]
    metrics = served.watched("/metrics").text
    assert f'copydesk_documents_total{{outcome="stored",source="{served.paper}"}} 3.0\n' in metrics
    assert "copydesk_sources 4.0\n" in metrics


def test_sigterm_ends_runs_as_interrupted_and_leaves_no_process(served):
    served.post(f"/deployments/{served.deployments()['slow']['id']}/create_flow_run", {"state": {"type": "SCHEDULED"}})
    wait_for(lambda: ("slow", "running") in served.marked(), 90, "a run of the slow source")
    assert served.stop() == 0, served.log
    assert served.processes() == []
    assert "Traceback" not in served.log
    assert served.rows("SELECT status FROM runs WHERE source_id = 'slow'") == [("interrupted",)]
    assert "copydesk: slow: stopped; the next run takes up what it has fetched and not landed\n" in served.log
    assert f"copydesk: {served.paper}: 3 discovered, 3 stored\n" in served.log
    assert " | ERROR " not in served.log, "an orderly stop looks like a crash"


def test_after_an_outage_each_source_is_run_once_and_a_pause_still_holds(served):
    # As if it had been away until the last of the turns that the server had planned.
    restart = datetime.now(UTC)
    with closing(sqlite3.connect(served.data / ".prefect" / "prefect.db")) as base:
        ours = f"state_type = 'SCHEDULED' AND deployment_id = (SELECT id FROM deployment WHERE name = '{served.paper}')"
        [last] = base.execute(f"SELECT max(expected_start_time) FROM flow_run WHERE {ours}").fetchone()
        away = (datetime.fromisoformat(last).replace(tzinfo=UTC) - restart).total_seconds() + 1
        earlier = f"strftime('%Y-%m-%d %H:%M:%f', expected_start_time, '-{away} seconds')"
        base.execute(
            f"UPDATE flow_run SET expected_start_time = {earlier}, next_scheduled_start_time = {earlier} WHERE {ours}"
        )
        # A run also waits for the time that its state names.
        turn = "(SELECT strftime('%Y-%m-%dT%H:%M:%fZ', expected_start_time) FROM flow_run WHERE state_id = flow_run_state.id)"
        base.execute(
            f"UPDATE flow_run_state SET state_details = json_set(state_details, '$.scheduled_time', {turn})"
            f" WHERE id IN (SELECT state_id FROM flow_run WHERE {ours})"
        )
        base.commit()
    served.start()

    def late():
        return [
            run for run in served.runs(served.paper) if datetime.fromisoformat(run["expected_start_time"]) < restart
        ]

    missed = "one run takes all that is due since"
    wait_for(
        lambda: any(run["auto_scheduled"] and "unchanged" in (run["state"]["message"] or "") for run in late()),
        90,
        "a run that catches up",
    )
    [catch_up] = [run for run in late() if run["state_type"] != "CANCELLED" and run["end_time"] > restart.isoformat()]
    assert catch_up["state"]["message"] == f"{served.paper}: 3 discovered, 3 unchanged"
    assert sum(missed in (run["state"]["message"] or "") for run in late()) > 30
    # Where the server wrote to each missed run at once, too, nobody got an answer for a minute.
    assert "database is locked" not in (served.data / ".prefect" / "server.log").read_text()
    assert served.deployments()["daily"]["paused"]


def test_deploy_hands_the_same_deployments_to_a_work_pool_and_does_it_once(served):
    def deploy(*arguments):
        return subprocess.run(
            [sys.executable, "-m", "copydesk", "deploy", "--work-pool", "news", *arguments],
            cwd=served.folder,
            env=served.environment
            | {"PREFECT_API_URL": f"http://127.0.0.1:{served.port}/api", "PREFECT_HOME": str(served.folder)},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    refused = deploy()
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "no work pool 'news'" in refused.stderr
    assert "'prefect work-pool create news --type process' makes it" in refused.stderr
    served.post("/work_pools/", {"name": "news", "type": "process"})
    assert "updated    daily\n" in deploy().stdout
    assert {entry["work_pool_name"] for entry in served.deployments().values()} == {"news"}
    assert served.deployments()["daily"]["paused"]
    again = deploy()
    assert again.stdout == "".join(f"unchanged  {name}\n" for name in sorted(served.deployments(), key=kind_and_name))
    other = served.folder / "other" / "sources"
    other.mkdir(parents=True)
    (other / "elsewhere.toml").write_text(f'title = "Elsewhere"\n{FOLDER}')
    conflict = deploy("--config", str(other.parent))
    assert (conflict.returncode, conflict.stdout) == (1, "")
    assert "elsewhere" not in served.deployments()
    assert (
        f"is of the installation whose configuration is {served.folder / 'config'}; serve this one" in conflict.stderr
    )
    # Whoever serves takes them back from the pool, whose workers would run them as well.
    served.write("late", FOLDER)
    wait_for(
        lambda: {entry["work_pool_name"] for entry in served.deployments().values()} == {None},
        60,
        "nothing in the pool",
    )
    assert served.stop() == 0, served.log
    assert served.processes() == []


def kind_and_name(name: str) -> tuple[bool, str]:
    """Sources come before upkeep."""
    return name in {"backfill", "compact-warehouse", "maintain-warehouse", "recheck-versions", "watch-quality"}, name
