"""The files for containers hold together; no container engine is asked."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from flows.cli.app import app

PROJECT = Path(__file__).resolve().parent.parent
DOCKERFILE = (PROJECT / "Dockerfile").read_text("utf-8")
COMPOSE = (PROJECT / "compose.yaml").read_text("utf-8")


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
    packages = tomllib.loads((PROJECT / "pyproject.toml").read_text("utf-8"))
    assert copied == let_in
    assert all((PROJECT / name).exists() for name in copied)
    assert copied >= set(packages["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"])


def test_the_services_call_commands_that_exist():
    commands = {command.name or command.callback.__name__ for command in app.registered_commands if command.callback}
    for called in re.findall(r"command: \[(\w+)\]", COMPOSE) + re.findall(
        r'^CMD \["(\w+)"\]', DOCKERFILE, re.MULTILINE
    ):
        assert called in commands


@pytest.mark.parametrize("published", re.findall(r'- "(\S+:\d+:\d+)"', COMPOSE))
def test_ports_are_open_to_this_machine_only(published):
    assert published.startswith("127.0.0.1:")
