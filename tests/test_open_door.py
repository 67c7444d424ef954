"""Attacks on the server that `copydesk serve` starts: a page of another site, a rebound name, another user here."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from socket import create_connection

import httpx
import pytest
from test_serve import FOLDER, PAGE, PARAGRAPH, Served, free_ports, wait_for
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect as open_socket

pytestmark = pytest.mark.slow

EVIL = "http://evil.example"
CROSS_SITE = {"Origin": EVIL}
REBOUND = {"Host": "evil.example:4200", "Origin": "http://evil.example:4200"}
LOCAL_USER: dict[str, str] = {}


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    folder = tmp_path_factory.mktemp("door")
    (folder / "config" / "sources").mkdir(parents=True)
    (folder / "pages").mkdir()
    text = "".join(PARAGRAPH.format(1, day) for day in range(1, 9))
    (folder / "pages" / "1.html").write_text(PAGE.format(1, text))
    installation = Served(folder)
    installation.write("daily", f'schedule = "@daily"\n{FOLDER}')
    try:
        installation.start()
        yield installation
    finally:
        installation.close()


def address(served) -> str:
    return f"http://127.0.0.1:{served.port}"


def request(served, method: str, path: str, headers: dict[str, str], **options) -> httpx.Response:
    return served.client.request(method, address(served) + path, headers=headers, **options)


def take_over(served, headers: dict[str, str], mark: Path) -> tuple[list[int], bool]:
    """Read the deployments, have one run a shell command, and start it; return the answers, and whether it ran."""
    daily = served.deployments()["daily"]
    steps = [{"prefect.deployments.steps.run_shell_script": {"script": f"touch {mark}"}}]
    deployment = {"name": "daily", "flow_id": daily["flow_id"], "pull_steps": steps, "entrypoint": daily["entrypoint"]}
    deployment["parameters"] = daily["parameters"]
    start = {"state": {"type": "SCHEDULED"}}
    requests = [
        ("/api/deployments/filter", {}),
        ("/api/deployments/", deployment),
        (f"/api/deployments/{daily['id']}/create_flow_run", start),
    ]
    statuses = [request(served, "POST", path, headers, json=body).status_code for path, body in requests]
    if statuses[-1] == 201:
        wait_for(mark.exists, 90, "what the command does")
    return statuses, mark.exists()


@pytest.mark.parametrize(
    ("headers", "status"), [(CROSS_SITE, 403), (REBOUND, 421), (LOCAL_USER, 401)], ids=["page", "rebound", "local"]
)
def test_nobody_without_the_password_has_a_command_run(served, tmp_path, headers, status):
    assert take_over(served, headers, tmp_path / "mark") == ([status] * 3, False)
    assert not served.deployments()["daily"]["pull_steps"]
    assert not served.runs("daily")


def test_the_password_does_not_help_another_page(served, tmp_path):
    password = httpx.BasicAuth(*served.password.split(":"))
    for headers, status in ((CROSS_SITE, 403), (REBOUND, 421), ({"Origin": "null"}, 403), (LOCAL_USER, 200)):
        answer = request(served, "POST", "/api/deployments/filter", headers, json={}, auth=password)
        assert answer.status_code == status, headers


def test_a_browser_is_told_that_no_other_page_may_ask(served):
    for origin in (EVIL, f"http://127.0.0.1:{served.port + 7}"):
        preflight = {"Origin": origin, "Access-Control-Request-Method": "POST"}
        answer = request(served, "OPTIONS", "/api/deployments/", preflight)
        assert (answer.status_code, answer.headers.get("access-control-allow-origin")) == (403, None)
    assert request(served, "GET", "/", REBOUND).status_code == 421


def listen(served, headers: dict[str, str], token: str | None) -> object:
    """Listen to the events of a server; return what comes of it."""
    host = headers.get("Host", f"127.0.0.1:{served.port}")
    url = f"ws://{host}/api/events/out"
    wire = create_connection(("127.0.0.1", served.port))
    try:
        with open_socket(url, sock=wire, origin=headers.get("Origin"), proxy=None, subprotocols=["prefect"]) as socket:
            socket.send(json.dumps({"type": "auth", "token": token}))
            return json.loads(socket.recv(timeout=20))["type"]
    except InvalidStatus as error:
        return error.response.status_code
    except ConnectionClosed as error:
        return error.rcvd.code


def test_its_sockets_are_shut_alike(served):
    assert [listen(served, headers, served.password) for headers in (CROSS_SITE, REBOUND)] == [403, 421]
    assert listen(served, LOCAL_USER, None) == 1008
    assert listen(served, LOCAL_USER, served.password) == "auth_success"


def test_the_health_address_answers_no_other_page(served):
    url = f"http://127.0.0.1:{served.health_port}/health"
    answers = [served.client.get(url, headers=headers) for headers in (CROSS_SITE, REBOUND, LOCAL_USER)]
    assert [answer.status_code for answer in answers] == [403, 421, 200]


def test_its_owner_is_told_where_the_password_is_and_nobody_what_it_is(served):
    home = served.data / ".prefect"
    assert f"the UI is at {address(served)}; its password is the line in {home / 'password'}\n" in served.log
    assert [path.stat().st_mode & 0o777 for path in (home, home / "password")] == [0o700, 0o600]
    secret = served.password.partition(":")[2]
    assert len(secret) > 40
    written = [served.log, (home / "server.log").read_text(), *served.processes()]
    assert len(written) > 3
    assert not any(secret in text for text in written)
    settings = request(served, "GET", "/ui-settings", {}).json()
    assert (settings["auth"], settings["api_url"]) == ("BASIC", "/api")


def test_a_run_finds_the_password_and_no_artifact_shows_it(served):
    daily = served.deployments()["daily"]
    served.post(f"/deployments/{daily['id']}/create_flow_run", {"state": {"type": "SCHEDULED"}})
    done = ("COMPLETED", "FAILED", "CRASHED")
    [run] = wait_for(lambda: [run for run in served.runs("daily") if run["state_type"] in done], 90, "its end")
    assert run["state"]["message"] == "daily: 1 discovered, 1 stored"
    artifacts = json.dumps(served.post("/artifacts/filter"))
    assert "counts-daily" in artifacts
    assert served.password.partition(":")[2] not in artifacts + json.dumps(served.post("/logs/filter"))


@pytest.mark.parametrize("command", [["serve"], ["deploy", "--work-pool", "news"]])
def test_a_client_without_the_password_is_told_what_to_set(served, tmp_path, command):
    port, health = free_ports()
    ports = ["--port", str(port), "--health-port", str(health)] if command == ["serve"] else []
    api = f"{address(served)}/api"
    done = subprocess.run(
        [sys.executable, "-m", "copydesk", *command, *ports, "--data", str(tmp_path / "data")],
        cwd=served.folder,
        env=served.environment | {"PREFECT_API_URL": api, "PREFECT_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1, done
    sentence = f"copydesk: {api} refuses: 401 Unauthorized; set PREFECT_API_AUTH_STRING to its password"
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr


def test_a_deployment_that_was_deleted_at_the_server_comes_back(served):
    before = served.deployments()["daily"]["id"]
    password = httpx.BasicAuth(*served.password.split(":"))
    assert request(served, "DELETE", f"/api/deployments/{before}", {}, auth=password).status_code == 204
    after = wait_for(lambda: served.deployments().get("daily"), 60, "the deployment")
    assert after["id"] != before
    assert "deployment 'daily' was deleted at the server" in served.log
    wait_for(lambda: served.health()["status"] == "ok", 20, "health")
    served.post(f"/deployments/{after['id']}/create_flow_run", {"state": {"type": "SCHEDULED"}})
    wait_for(lambda: any(run["deployment_id"] == after["id"] for run in served.runs("daily")), 60, "its run")


def test_the_desk_is_beside_the_ui_behind_the_same_door(served):
    password = httpx.BasicAuth(*served.password.split(":"))
    for headers, auth, status in (
        ({}, None, 401),
        ({}, password, 200),
        (REBOUND, password, 421),
        (CROSS_SITE, password, 403),
    ):
        assert request(served, "GET", "/desk/", headers, auth=auth).status_code == status
    response = request(served, "GET", "/desk", {})
    assert (response.status_code, response.headers["location"]) == (307, "/desk/")
    page = request(served, "GET", "/desk/", {}, auth=password).text
    assert 'href="/desk/source/daily"' in page
    assert 'href="/"' in page
    assert f"the desk is at {address(served)}/desk, with the same password\n" in served.log
