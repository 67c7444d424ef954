"""The wheel holds one top-level package, and all of the product runs from it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import httpx
import pytest

from hatch_build import rewrite_imports
from tests.support.polled import page
from tests.support.waiting import free_ports, wait_for

PROJECT = Path(__file__).resolve().parent.parent
MODULES = frozenset({"flows", "flows.ingest", "tasks", "tasks.detect"})

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the commands of a fresh environment that has our wheel, and borrows what the wheel depends on."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "-q",
        "--no-deps",
        "--no-build-isolation",
        "--no-index",
        "-w",
        folder,
    ]
    subprocess.run([*build, PROJECT], check=True)
    (wheel,) = folder.glob("*.whl")
    venv.create(folder / "venv")
    commands = folder / "venv" / "bin"
    # By the pip of this environment: one of its own takes seconds to be unpacked.
    pip = [sys.executable, "-m", "pip", "--python", commands / "python"]
    subprocess.run([*pip, "install", "-q", "--no-deps", "--no-index", wheel], check=True)
    (site,) = (folder / "venv" / "lib").glob("python*/site-packages")
    # Its .pth files are not followed, so the editable installation of this checkout stays out of reach.
    (site / "borrowed.pth").write_text(sysconfig.get_path("purelib"))
    return commands


def run(*command: str | Path, cwd: Path, **settings: str) -> str:
    done = subprocess.run(command, cwd=cwd, env={**os.environ, **settings}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_none_of_the_four_packages_can_be_imported(installed, tmp_path):
    script = "import importlib.util as u; print([u.find_spec(n) for n in ('config', 'flows', 'tasks', 'warehouse')])"
    assert run(installed / "python", "-I", "-c", script, cwd=tmp_path).strip() == "[None, None, None, None]"


def test_the_sample_sources_are_taken_in_and_queried(installed, tmp_path):
    assert "sample-wire" in run(installed / "copydesk", "run", cwd=tmp_path)
    query = "SELECT count(*) AS articles FROM articles"
    rows = json.loads(run(installed / "copydesk", "sql", "-f", "json", query, cwd=tmp_path))
    assert rows == [{"articles": 7}]


def test_a_shard_runs_on_a_dask_worker(installed, tmp_path):
    pytest.importorskip("distributed")
    output = run(installed / "copydesk", "run", "sample-wire", "--engine", "dask", cwd=tmp_path)
    assert [line.split()[:3] for line in output.splitlines() if line.startswith("sample-wire")] == [
        ["sample-wire", "2", "2"]
    ]


def test_a_source_has_its_turn_by_serve(installed, tmp_path):
    port, health_port = free_ports()
    sources = tmp_path / "config" / "sources"
    (tmp_path / "config" / "pages").mkdir(parents=True)
    (tmp_path / "config" / "pages" / "bread.html").write_text(page(1))
    sources.mkdir()
    (sources / "lake.toml").write_text('title = "Lake"\n[[input]]\nkind = "folder"\npath = "../pages"\n')
    command = [installed / "copydesk", "serve", "--port", str(port), "--health-port", str(health_port)]
    roots = {"COPYDESK_CONFIG": str(tmp_path / "config"), "COPYDESK_WORKERS": "1", "PREFECT_API_URL": ""}
    with (tmp_path / "serve.log").open("wb") as log:
        process = subprocess.Popen(command, cwd=tmp_path, env={**os.environ, **roots}, stdout=log, stderr=log)
    try:
        health = f"http://127.0.0.1:{health_port}/health"
        with httpx.Client(trust_env=False, timeout=30) as client:
            wait_for(lambda: process.poll() is not None or answers(client, health), 120, "a healthy serve")
            assert process.poll() is None, (tmp_path / "serve.log").read_text()
            user, _, password = (tmp_path / "data" / ".prefect" / "password").read_text().strip().partition(":")
            api, login = f"http://127.0.0.1:{port}/api", (user, password)
            (lake,) = [
                entry
                for entry in client.post(f"{api}/deployments/filter", json={}, auth=login).json()
                if entry["name"] == "lake"
            ]
            start = {"state": {"type": "SCHEDULED"}}
            run = f"{api}/deployments/{lake['id']}/create_flow_run"
            # While its database is locked, Prefect answers 503.
            wait_for(lambda: client.post(run, json=start, auth=login).is_success, 60, "a run")
        line = "lake: 1 discovered, 1 stored"
        wait_for(lambda: line in (tmp_path / "serve.log").read_text(), 90, "the end of its run")
    finally:
        process.terminate()
        code = process.wait(60)
    assert code == 0, (tmp_path / "serve.log").read_text()


def answers(client: httpx.Client, health: str) -> bool:
    try:
        return client.get(health).is_success
    except httpx.HTTPError:
        return False


def test_the_python_api_works_in_a_plain_script(installed, tmp_path):
    # Its processes must not import the script again, which has no guard around what it does.
    script = tmp_path / "script.py"
    script.write_text(
        "import copydesk\n"
        "print(copydesk.ingest('sample', data='data').stored)\n"
        "print(copydesk.open('data').sql('SELECT count(*) FROM articles').fetchall())\n"
    )
    assert run(installed / "python", script, cwd=tmp_path).split() == ["5", "[(5,)]"]


def test_imports_and_names_of_modules_are_rewritten_and_nothing_else():
    source = (
        "from flows.ingest import ingest\nfrom tasks import detect\nimport os\n"
        "PRELOAD = ['flows.ingest']\ntasks = 'flows.ingest is one'\nlabel = f'{tasks} flows.ingest'\n"
    )
    assert rewrite_imports(source, MODULES) == (
        "from copydesk.flows.ingest import ingest\nfrom copydesk.tasks import detect\nimport os\n"
        "PRELOAD = ['copydesk.flows.ingest']\ntasks = 'flows.ingest is one'\nlabel = f'{tasks} flows.ingest'\n"
    )


def test_an_import_that_would_bind_another_name_stops_the_build():
    with pytest.raises(ValueError, match="line 1: write this import as"):
        rewrite_imports("import flows.ingest\n", MODULES)
