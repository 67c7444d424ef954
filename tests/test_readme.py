"""What the README shows is what happens: its commands are run here, and print what it says."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from config.sources import load_source
from tests.support.polled import Site
from tests.support.webserver import answer

PROJECT = Path(__file__).resolve().parent.parent
README = (PROJECT / "README.md").read_text("utf-8")
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
CONSOLE = [
    tuple(step.partition("\n")[::2])
    for language, block in BLOCKS
    if language == "console"
    for step in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]
]


def settled(printed: str) -> str:
    """Output without what differs from run to run: moments, places, seconds, the widths that follow from them."""
    printed = re.sub(r"20\d\d-\d\d-\d\d \d\d:\d\d:\d\dZ(?= |$)", "MOMENT", printed) if "last_" in printed else printed
    printed = re.sub(r"file://\S*/(?=config/)", "file:///", printed)
    printed = re.sub(r"─+", "─", printed)
    lines = [re.sub(r"\s+\d+\.\d s$", " SECONDS", line.rstrip()) for line in printed.splitlines()]
    return "\n".join(re.sub(r"\s+", " ", line) for line in lines if line.strip())


def copydesk(command: str, folder: Path) -> str:
    name, *arguments = shlex.split(command)
    assert name == "copydesk"
    done = subprocess.run(
        [sys.executable, "-m", "copydesk", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={key: value for key, value in os.environ.items() if not key.startswith("COPYDESK_")}
        | {"PYTHONPATH": str(PROJECT)},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def clone(tmp_path_factory):
    """A folder like a clone in which `make run` was called, and what that printed."""
    folder = tmp_path_factory.mktemp("clone")
    (folder / "config").symlink_to(PROJECT / "config")
    recipe = re.findall(r"^\t\$\(BIN\)/(copydesk .*)$", (PROJECT / "Makefile").read_text(), re.MULTILINE)
    return folder, "".join(copydesk(command, folder) for command in recipe)


def test_make_run_prints_what_the_readme_shows(clone):
    shown = next(block for language, block in BLOCKS if not language)
    assert settled(clone[1]) == settled(shown)


@pytest.mark.parametrize(("command", "shown"), CONSOLE, ids=[command[:40] for command, _ in CONSOLE])
def test_a_command_prints_what_the_readme_shows(clone, command, shown):
    assert settled(copydesk(command, clone[0])) == settled(shown)


def test_the_example_source_is_a_right_one(tmp_path):
    example = next(block for language, block in BLOCKS if language == "toml")
    path = tmp_path / "example-news.toml"
    path.write_text(example, "utf-8")
    assert load_source(path).expect.articles_per_day == 20


def test_the_commands_that_add_a_source_do_so(tmp_path, now):
    block = next(block for language, block in BLOCKS if language == "sh" and "copydesk sources" in block)
    commands = [line.partition(" #")[0].strip() for line in block.splitlines() if line]
    assert [command.split()[2] for command in commands] == ["probe", "add", "import", "export"]
    shutil.copytree(PROJECT / "config" / "sources", tmp_path / "config" / "sources")
    (tmp_path / "feeds.opml").write_text(
        '<opml version="2.0"><body><outline text="Ferry Post" xmlUrl="https://ferry.example/rss"/></body></opml>'
    )
    site = Site(datetime.now(UTC) - timedelta(hours=1))
    with site.server:
        site.publish(1, 2, 3)
        site.feed(1, 2, 3)
        link = '<link rel="alternate" type="application/rss+xml" href="/feed">'
        site.routes["/"] = answer(f"<html><head><title>Lake News</title>{link}</head></html>".encode())
        here = f"{site.server.url('/')} --allow-private --delay 0 --config config"
        for command in commands:
            told = command.replace("https://news.example", here)
            told = told if here in told else f"{told} --config config"
            copydesk(told, tmp_path)
    assert load_source(tmp_path / "config" / "sources" / "lake-news.toml").title == "Lake News"
    assert load_source(tmp_path / "config" / "sources" / "ferry-post.toml").title == "Ferry Post"
    assert "https://ferry.example/rss" in (tmp_path / "feeds.opml").read_text()


def test_the_targets_it_names_exist():
    targets = set(re.findall(r"^([a-z]+):", (PROJECT / "Makefile").read_text(), re.MULTILINE))
    named = set(re.findall(r"`?\bmake ([a-z]+)\b", README)) - {"and", "has"}
    assert {"run", "test"} <= named <= targets
