"""The shape of the project is a promise to whoever reads it; these tests keep it."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parent.parent
MAY_IMPORT = {
    "config": set[str](),
    "warehouse": set[str](),
    "tasks": {"config", "warehouse"},
    "flows": {"config", "warehouse", "tasks"},
}


def modules(package: str) -> list[Path]:
    return sorted((PROJECT / package).rglob("*.py"))


def imported(path: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno} imports relatively"
            names.add(node.module or "")
    return {name.partition(".")[0] for name in names}


@pytest.mark.parametrize("package", MAY_IMPORT)
def test_a_package_imports_only_those_below_it(package):
    for path in modules(package):
        upward = imported(path) & MAY_IMPORT.keys() - MAY_IMPORT[package] - {package}
        assert not upward, f"{path.relative_to(PROJECT)} imports {upward}"


def test_only_flows_import_prefect():
    importers = {package for package in MAY_IMPORT for path in modules(package) if "prefect" in imported(path)}
    assert importers == {"flows"}


def test_a_process_that_makes_articles_does_not_import_prefect():
    # It would cost every process of the pool two seconds and a hundred megabytes.
    loaded = subprocess.run(
        [
            sys.executable,
            "-c",
            "import sys, flows.ingest, flows.run, flows.ingestion.process_pool; print(*sys.modules)",
        ],
        check=True,
        capture_output=True,
        text=True,
        cwd=PROJECT,
    ).stdout.split()
    assert "prefect" not in loaded


@pytest.mark.parametrize("package", MAY_IMPORT)
def test_the_installed_command_finds_our_package(package):
    # Asked of an isolated interpreter, as the console script is one: a package named `config` on the package
    # index would shadow ours there, and never inside pytest, which puts the project first.
    found = subprocess.run(
        [sys.executable, "-I", "-c", f"import {package}; print({package}.__file__)"],
        check=True,
        capture_output=True,
        text=True,
        cwd="/",
    ).stdout.strip()
    assert Path(found).resolve() == PROJECT / package / "__init__.py"


def test_nothing_heavy_is_imported_for_help():
    loaded = subprocess.run(
        [sys.executable, "-c", "import sys, flows.cli.app; print(*sys.modules)"],
        check=True,
        capture_output=True,
        text=True,
        cwd=PROJECT,
    ).stdout.split()
    assert not {"prefect", "trafilatura", "langdetect", "pyarrow", "duckdb", "httpx", "pydantic"} & set(loaded)


def test_importing_touches_neither_environment_nor_disk(tmp_path):
    names = [
        ".".join(path.relative_to(PROJECT).with_suffix("").parts)
        for package in MAY_IMPORT
        for path in modules(package)
        if path.name != "__init__.py" and "prefect" not in imported(path)
    ]
    script = (
        "import os, importlib, sys\n"
        "class Watched(dict):\n"
        "    def __getitem__(self, key):\n"
        "        assert not str(key).startswith('COPYDESK'), key\n"
        "        return super().__getitem__(key)\n"
        "    def get(self, key, default=None):\n"
        "        return self[key] if key in self else default\n"
        "    def __contains__(self, key):\n"
        "        assert not str(key).startswith('COPYDESK'), key\n"
        "        return super().__contains__(key)\n"
        "os.environ = Watched(os.environ)\n"
        f"for name in {names!r}: importlib.import_module(name)\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True, cwd=tmp_path, env={"PYTHONPATH": str(PROJECT)})
    assert list(tmp_path.iterdir()) == []


def test_no_committed_file_names_a_package_index():
    listed = subprocess.run(["git", "ls-files"], cwd=PROJECT, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("not a git checkout")
    index = re.compile(r"(extra-)?index" + r"-url\s*=|pypi" + r"\.org|python" + r"hosted", re.IGNORECASE)
    for name in listed.stdout.splitlines():
        path = PROJECT / name
        if path.is_file() and path.suffix not in {".gz", ".npz"}:
            assert not index.search(path.read_text("utf-8", errors="replace")), name
