"""The files for containers hold together; no container engine is asked."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

from config.settings import Settings
from flows.cli.app import app
from hatch_build import PACKAGES

PROJECT = Path(__file__).resolve().parent.parent
DOCKERFILE = (PROJECT / "Dockerfile").read_text("utf-8")
COMPOSE = (PROJECT / "compose.yaml").read_text("utf-8")
SERVICES = yaml.safe_load(COMPOSE)["services"]


def lint(*command):
    tool = Path(sys.executable).parent / command[0]
    return subprocess.run(
        [str(tool), *command[1:]], cwd=PROJECT, capture_output=True, text=True, timeout=60, check=False
    )


def test_the_dockerfile_passes_its_linter():
    done = lint("hadolint", "Dockerfile")
    assert (done.returncode, done.stdout) == (0, ""), done


def test_the_linter_would_tell(tmp_path):
    (tmp_path / "Dockerfile").write_text("FROM debian\nRUN apt-get install curl\n")
    assert lint("hadolint", str(tmp_path / "Dockerfile")).returncode == 1


def test_the_compose_file_is_one():
    done = lint("check-jsonschema", "--builtin-schema", "vendor.compose-spec", "compose.yaml")
    assert done.returncode == 0, done.stdout


def test_what_the_image_is_made_of_reaches_its_build():
    copied = {
        name
        for line in re.findall(r"^COPY (?!--from)(.+) \S+$", DOCKERFILE, flags=re.MULTILINE)
        for name in line.split()
    }
    let_in = {line[1:] for line in (PROJECT / ".dockerignore").read_text("utf-8").splitlines() if line[0] == "!"}
    assert copied == let_in
    assert all((PROJECT / name).exists() for name in copied)
    assert copied >= {*PACKAGES, "copydesk", "hatch_build.py"}


def test_the_services_call_commands_that_exist():
    commands = {command.name or command.callback.__name__ for command in app.registered_commands if command.callback}
    for called in re.findall(r"(?:command: \[|entrypoint: \[copydesk, )(\w+)", COMPOSE) + re.findall(
        r'^CMD \["(\w+)"\]', DOCKERFILE, re.MULTILINE
    ):
        assert called in commands


@pytest.mark.parametrize("published", re.findall(r'- "(\S+:\d+:\d+)"', COMPOSE))
def test_ports_are_open_to_this_machine_only(published):
    assert published.startswith("127.0.0.1:")


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_may_do_no_more_than_it_needs(name):
    service = SERVICES[name]
    assert service["read_only"]
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["mem_limit"]
    assert service["pids_limit"]
    assert service["logging"]["options"].keys() == {"max-size", "max-file"}


def test_the_service_for_sql_can_only_read():
    service = SERVICES["sql"]
    assert [volume for volume in service["volumes"] if not volume.endswith(":ro")] == []
    assert service["network_mode"] == "none"
    assert service["user"] not in {SERVICES["serve"].get("user"), *re.findall(r"--uid (\d+)", DOCKERFILE)}
    assert not any("PASSWORD" in name for name in service["environment"])
    assert service["profiles"], "it is not started with the others"
    names = {name.removeprefix("COPYDESK_").lower() for name in service["environment"]} - {"home"}
    assert names <= Settings.model_fields.keys()


def test_the_server_asks_for_the_password_that_serve_knows():
    [required, sent] = [
        SERVICES[name]["environment"][f"PREFECT_{variable}"]
        for name, variable in (("server", "SERVER_API_AUTH_STRING"), ("serve", "API_AUTH_STRING"))
    ]
    assert required == sent
    assert required.startswith("${COPYDESK_PASSWORD:?")
    assert "copydesk.flows.scheduling.prefect_app:create_app" in SERVICES["server"]["entrypoint"]
    assert SERVICES["server"]["environment"]["COPYDESK_SERVER_HOSTS"] == "server"


def pins(name: str) -> set[str]:
    return set(re.findall(r"^[\w.-]+==[^ ;]+", (PROJECT / name).read_text("utf-8"), flags=re.MULTILINE))


def test_the_image_has_the_versions_that_were_tested_and_no_tool_of_the_tests():
    tested, installed = pins("requirements-dev.lock"), pins("requirements.lock")
    assert len(installed) > 100
    assert installed | pins("requirements-build.lock") < tested
    groups = tomllib.loads((PROJECT / "pyproject.toml").read_text("utf-8"))["dependency-groups"]
    declared = [re.match(r"[\w-]+", line)[0] for line in groups["dev"] + groups["build"] if isinstance(line, str)]
    # Prefect itself needs these.
    tools = set(declared) - {"websockets", "pyyaml", "jsonschema"}
    assert not tools & {pin.partition("==")[0] for pin in installed}
    assert "requirements-dev" not in DOCKERFILE
