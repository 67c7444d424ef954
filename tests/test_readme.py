"""What README and how-to pages show is what happens: their commands are run here, and print what the pages say."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from config.sources import load_source
from flows.cli.app import app
from tests.support import commands
from tests.support.polled import Site
from tests.support.webserver import answer
from warehouse.connect import locked
from warehouse.statements import run_statement

PROJECT = Path(__file__).resolve().parent.parent
PAGES = [PROJECT / "README.md", *sorted((PROJECT / "docs").rglob("*.md"))]
MAX_README_BYTES = 8_000


@dataclass(frozen=True, slots=True)
class Block:
    page: str
    language: str
    text: str

    @property
    def lines(self) -> list[str]:
        return self.text.splitlines()


def read_blocks(path: Path) -> list[Block]:
    name = str(path.relative_to(PROJECT))
    matches = re.findall(r"^```(\w*)\n(.*?)^```", path.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    return [Block(name, language, text) for language, text in matches]


BLOCKS = [block for path in PAGES for block in read_blocks(path)]
README_BLOCKS = [block for block in BLOCKS if block.page == "README.md"]
# A command on several pages is run once.
CONSOLE = sorted(
    {
        tuple(step.partition("\n")[::2])
        for block in BLOCKS
        if block.language == "console"
        for step in re.split(r"^\$ ", block.text, flags=re.MULTILINE)[1:]
    }
)
SHELL = sorted(
    {line.partition(" #")[0].strip() for block in BLOCKS if block.language == "sh" for line in block.lines if line}
)
COMMANDS = [line for line in SHELL if line.startswith("copydesk ")]
QUERIES = [block.text for block in BLOCKS if block.language == "sql"]
PYTHON_PAGES = sorted({block.page for block in BLOCKS if block.language == "python"})


def settled(output: str) -> str:
    """Leave out what differs from run to run: times, folders, seconds, the widths that follow from them."""
    output = re.sub(r"file://\S*/(?=config/)", "file:///", output)
    output = re.sub(r"─+", "─", output)
    lines = [re.sub(r"\s+\d+\.\d s$", " SECONDS", line.rstrip()) for line in output.splitlines()]
    return "\n".join(re.sub(r"\s+", " ", line) for line in lines if line.strip())


def run_program(arguments: list[str], folder: Path) -> str:
    environment = {key: value for key, value in os.environ.items() if not key.startswith("COPYDESK_")}
    process = subprocess.run(
        arguments,
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env=environment | {"PYTHONPATH": str(PROJECT), "COPYDESK_CONFIG": "config"},
    )
    assert process.returncode == 0, process.stderr
    return process.stdout


def copydesk(command: str, folder: Path) -> str:
    name, *arguments = shlex.split(command)
    assert name == "copydesk"
    ended = commands.copydesk(*arguments, cwd=folder, COPYDESK_CONFIG="config")
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


@pytest.fixture(scope="module")
def clone(tmp_path_factory):
    """Call `make run` in a folder like a clone; return the folder and the output."""
    folder = tmp_path_factory.mktemp("clone")
    (folder / "config").symlink_to(PROJECT / "config")
    recipe = re.findall(r"^\t\$\(BIN\)/(copydesk .*)$", (PROJECT / "Makefile").read_text(), re.MULTILINE)
    return folder, "".join(copydesk(command, folder) for command in recipe)


def test_make_run_prints_what_the_readme_shows(clone):
    example = next(block.text for block in README_BLOCKS if not block.language)
    assert settled(clone[1]) == settled(example)


@pytest.mark.parametrize(("command", "example"), CONSOLE, ids=[command[:40] for command, _ in CONSOLE])
def test_a_command_prints_what_its_page_shows(clone, command, example):
    assert settled(copydesk(command, clone[0])) == settled(example)


@pytest.mark.parametrize("line", COMMANDS)
def test_the_command_line_takes_a_command_of_the_pages(line):
    # A command that a page shows without its output is not run, as it serves, asks or fetches.
    arguments = shlex.split(line.partition(" > ")[0])[1:]
    command: Any = get_command(app)
    context = None
    while True:
        context = command.make_context(command.name, arguments, parent=context)
        if not hasattr(command, "commands"):
            break
        _, command, arguments = command.resolve_command(context, [*context._protected_args, *context.args])


@pytest.mark.parametrize("line", [line for line in SHELL if line.startswith("duckdb ")])
def test_a_duckdb_client_reads_the_catalogue(clone, line):
    client = Path(sys.executable).with_name("duckdb")
    assert "Old footbridge" in run_program([str(client), *shlex.split(line)[1:]], clone[0])


@pytest.fixture(scope="module")
def connection(clone):
    with locked(str(clone[0] / "data")) as connection:
        yield connection


@pytest.mark.parametrize("query", QUERIES)
def test_a_query_of_the_pages_is_answered(connection, query):
    assert run_statement(connection, query).description


@pytest.mark.parametrize("page", PYTHON_PAGES)
def test_python_prints_what_its_page_shows(clone, page):
    blocks = [block for block in BLOCKS if block.page == page and block.language in ("python", "text")]
    script = clone[0] / "examples.py"
    separator = "-" * 8
    script.write_text(f"\nprint('{separator}')\n".join(block.text for block in blocks if block.language == "python"))
    outputs = run_program([sys.executable, script.name], clone[0]).split(f"{separator}\n")
    for block, following in zip(blocks, [*blocks[1:], None], strict=True):
        if block.language == "python":
            output = outputs.pop(0)
            assert following is None or following.language != "text" or output == following.text


@pytest.mark.parametrize("page", sorted({block.page for block in BLOCKS if block.language == "toml"}))
def test_an_example_of_a_source_is_a_right_one(tmp_path, page):
    example = next(block.text for block in BLOCKS if block.page == page and block.language == "toml")
    path = tmp_path / "example-news.toml"
    path.write_text(example, "utf-8")
    assert load_source(path).expect.articles_per_day == 20


def test_the_commands_that_add_a_source_do_so(tmp_path, now):
    block = next(block for block in README_BLOCKS if block.language == "sh" and "copydesk sources" in block.text)
    commands = [line.partition(" #")[0].strip() for line in block.lines if line]
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
        for command in commands:
            address = f"{site.server.url('/')} --allow-private --delay 0"
            copydesk(command.replace("https://news.example", address), tmp_path)
    assert load_source(tmp_path / "config" / "sources" / "lake-news.toml").title == "Lake News"
    assert load_source(tmp_path / "config" / "sources" / "ferry-post.toml").title == "Ferry Post"
    assert "https://ferry.example/rss" in (tmp_path / "feeds.opml").read_text()


def test_the_targets_it_names_exist():
    targets = set(re.findall(r"^([a-z]+):", (PROJECT / "Makefile").read_text(), re.MULTILINE))
    readme = (PROJECT / "README.md").read_text("utf-8")
    mentioned = set(re.findall(r"(?:`|^)make ([a-z]+)\b", readme, re.MULTILINE))
    assert {"run", "test"} <= mentioned <= targets


def test_the_readme_stays_short():
    assert (PROJECT / "README.md").stat().st_size <= MAX_README_BYTES
