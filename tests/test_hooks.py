"""An alert leaves the house by a real request or a real program, in bounded time, and no message shows a token."""

from __future__ import annotations

import json
import logging
import sys
import time
from pathlib import Path

import pytest
import typer

from config.errors import ConfigError
from config.settings import Settings, load_settings
from flows.cli.alert import alert
from flows.monitoring.channels import Command, Webhook, hooks_of
from tests.support.webserver import WebServer, answer, drip

TOKEN = "s3cret-token"  # noqa: S105  nobody's
PAYLOAD = json.dumps({"text": "harbour: 渡轮 stale"}).encode()


def webhook(server: WebServer, path: str = f"/hook/{TOKEN}", **options: object) -> Webhook:
    return Webhook(server.url(path), **{"waits": (0.01, 0.01), "seconds": 2.0, **options})  # type: ignore[arg-type]


def command(tmp_path: Path, script: str, *arguments: str, seconds: float = 20.0) -> Command:
    path = tmp_path / "hook.py"
    path.write_text(script)
    return Command((sys.executable, str(path), *arguments), seconds)


def test_a_webhook_is_posted_the_json_once():
    with WebServer({f"/hook/{TOKEN}": answer(status="204 No Content")}) as server:
        assert webhook(server).send(PAYLOAD) is None
        (request,) = server.requests
    assert request.startswith(b"POST /hook/")
    assert b"content-type: application/json" in request.lower()
    assert request.endswith(PAYLOAD)


def test_a_server_that_is_busy_is_asked_again():
    busy, well = answer(status="503 Service Unavailable"), answer()
    with WebServer({f"/hook/{TOKEN}": [busy, answer(status="429 Too Many Requests"), well]}) as server:
        assert webhook(server).send(PAYLOAD) is None
        assert len(server.requests) == 3


@pytest.mark.parametrize(
    ("route", "requests", "sentence"),
    [
        (answer(status="404 Not Found"), 1, "answered 404 Not Found; see whether the address is right"),
        (answer(status="302 Found", location="http://127.0.0.1:1/"), 1, "answered 302 Found"),
        (answer(status="500 Internal Server Error"), 3, "answered 500 Internal Server Error; see whether it is up"),
        (lambda client: client.close(), 3, "see whether it is up"),
    ],
    ids=["wrong address", "moved", "broken", "hangs up"],
)
def test_a_webhook_that_fails_says_how_and_shows_no_token(caplog, route, requests, sentence):
    caplog.set_level(logging.DEBUG)
    with WebServer({f"/hook/{TOKEN}": route}) as server:
        problem = webhook(server).send(PAYLOAD)
        assert len(server.requests) == requests
    assert problem is not None
    assert problem.startswith("alert_webhook at 127.0.0.1: ")
    assert sentence in problem
    assert TOKEN not in problem + caplog.text + repr(webhook(server))


def test_nobody_at_the_address_is_told():
    with WebServer({}) as server:
        pass
    problem = webhook(server).send(PAYLOAD)
    assert problem is not None
    assert TOKEN not in problem


def test_a_server_that_drips_its_answer_costs_no_more_than_its_time():
    with WebServer({f"/hook/{TOKEN}": drip(b"HTTP/1.1 200 OK\r\n", b"x: y\r\n", 0.05)}) as server:
        began = time.monotonic()
        problem = webhook(server, waits=(), seconds=0.5).send(PAYLOAD)
    assert time.monotonic() - began < 5
    assert problem == "alert_webhook at 127.0.0.1: no answer in 0.5 s; see whether it is up"


def test_a_command_reads_the_json_on_its_stdin(tmp_path):
    script = "import sys; open(sys.argv[1], 'wb').write(sys.stdin.buffer.read())"
    assert command(tmp_path, script, str(tmp_path / "got")).send(PAYLOAD) is None
    assert (tmp_path / "got").read_bytes() == PAYLOAD


def test_a_command_that_never_reads_is_well_too(tmp_path):
    assert command(tmp_path, "pass").send(PAYLOAD * 10_000) is None


def test_a_command_that_fails_says_its_last_words_without_its_arguments(tmp_path):
    script = "import sys; sys.exit(f'cannot post\\nwith {sys.argv[1]}: gone')"
    problem = command(tmp_path, script, TOKEN, "").send(PAYLOAD)
    assert problem == f"alert_command {sys.executable}: ended with exit code 1: with …: gone"


def test_a_command_that_hangs_is_killed_and_its_child_is_not_waited_for(tmp_path):
    script = "import subprocess, sys, time; subprocess.Popen(['sleep', '60']); time.sleep(60)"
    began = time.monotonic()
    problem = command(tmp_path, script, seconds=0.7).send(PAYLOAD)
    assert time.monotonic() - began < 10
    assert problem is not None
    assert "did not end in 0.7 s and was killed" in problem


def test_a_command_that_is_not_there_says_so():
    problem = Command(("/no/such/program", TOKEN)).send(PAYLOAD)
    expected = "alert_command /no/such/program: cannot be started: no such file or directory; give its full path"
    assert problem == expected


def test_the_hooks_are_those_that_are_set():
    assert hooks_of(Settings()) == []
    both = hooks_of(Settings(alert_webhook="https://hooks.example/x", alert_command="notify 'the desk'"))
    assert [hook.name for hook in both] == ["alert_webhook", "alert_command"]
    assert both[1] == Command(("notify", "the desk"))


def test_trying_the_hooks_sends_each_a_test(capsys, monkeypatch):
    with WebServer({f"/hook/{TOKEN}": answer()}) as server:
        monkeypatch.setenv("COPYDESK_ALERT_WEBHOOK", server.url(f"/hook/{TOKEN}"))
        monkeypatch.setenv("COPYDESK_ALERT_COMMAND", f"{sys.executable} -c 'exit(3)'")
        with pytest.raises(typer.Exit) as ended:
            alert(test=True)
    assert ended.value.exit_code == 1
    assert json.loads(server.requests[0].partition(b"\r\n\r\n")[2])["state"] == "test"
    out, err = capsys.readouterr()
    assert out == "alert_webhook: took the test\n"
    assert err == f"copydesk: alert_command {sys.executable}: ended with exit code 3\n"
    monkeypatch.setenv("COPYDESK_ALERT_WEBHOOK", "")
    monkeypatch.setenv("COPYDESK_ALERT_COMMAND", "")
    with pytest.raises(ConfigError, match="no alert hook: set alert_webhook"):
        alert(test=True)


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("alert_webhook", f"ftp://h.example/{TOKEN}", "not an http or https address"),
        ("alert_webhook", f"https://me:{TOKEN}@h.example/", "not before an @"),
        ("alert_webhook", f"https://h.example\u2028y/{TOKEN}", "not an http or https address"),
        ("alert_command", "   ", "names no program; leave it empty for none"),
        ("alert_command", f"notify '{TOKEN}", "not to be split into a program and its arguments: no closing quotation"),
    ],
)
def test_a_wrong_hook_is_named_and_not_shown(tmp_path, monkeypatch, name, value, sentence):
    monkeypatch.setenv(f"COPYDESK_{name.upper()}", value)
    with pytest.raises(ConfigError) as failure:
        load_settings(tmp_path)
    assert f"key '{name}'" in str(failure.value)
    assert sentence in str(failure.value).lower() or sentence in str(failure.value)
    assert TOKEN not in str(failure.value)


@pytest.mark.parametrize("name", ["maintain_schedule", "compact_schedule", "recheck_schedule", "quality_schedule"])
def test_a_schedule_is_cron_or_off(tmp_path, name):
    path = tmp_path / "copydesk.toml"
    path.write_text(f'{name} = "off"\n')
    assert getattr(load_settings(tmp_path), name) == "off"
    path.write_text(f'{name} = "61 * * * *"\n')
    with pytest.raises(ConfigError, match=f"key '{name}'.*'off' switches it off") as failure:
        load_settings(tmp_path)
    assert "'61 * * * *'" in str(failure.value)
