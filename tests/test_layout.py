"""The shape of the project is a promise to whoever reads it; these tests keep it."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parent.parent
PACKAGES = ("config", "copydesk", "flows", "tasks", "warehouse")
LIBRARIES = {"http", "listings", "files", "html", "boilerplate", "language", "metadata", "site_probe"}
TASKS = {f"tasks.{name}" for name in LIBRARIES} | {"tasks.text"}
STORAGE = {"warehouse.wording", "warehouse.model", "warehouse.errors", "warehouse.storage"}
VIEWS = {*STORAGE, "warehouse.definitions"}
READING = {*VIEWS, "warehouse.connect", "warehouse.archive"}
CHECKS = {*READING, "warehouse.checks", "warehouse.state"}
BELOW_TASKS = {"config", "warehouse"}
BELOW_FLOWS = {*BELOW_TASKS, "tasks"}
MAY_IMPORT = {
    "config": set[str](),
    "warehouse.wording": set[str](),
    "warehouse.model": set[str](),
    "warehouse.errors": {"warehouse.wording"},
    "warehouse.storage": STORAGE,
    "warehouse.definitions": STORAGE,
    "warehouse.own_files": {*STORAGE, "warehouse.definitions"},
    "warehouse.connect": {*VIEWS, "warehouse.own_files"},
    "warehouse.statements": {*VIEWS, "warehouse.connect"},
    "warehouse.catalogue": {*VIEWS, "warehouse.connect"},
    "warehouse.queries": {*VIEWS, "warehouse.connect"},
    "warehouse.archive": READING,
    "warehouse.state": {*READING, "warehouse.state"},
    "warehouse.copies": {*READING, "warehouse.queries", "warehouse.copies"},
    "warehouse.search": {*READING, "warehouse.search"},
    "warehouse.takedown": {
        *READING,
        "warehouse.copies",
        "warehouse.queries",
        "warehouse.search",
        "warehouse.state",
        "warehouse.takedown",
    },
    "warehouse.checks": CHECKS,
    "warehouse.verify": CHECKS,
    "warehouse.repair": {*CHECKS, "warehouse.verify"},
    "tasks.text": BELOW_TASKS | {"tasks.text"},
    **{f"tasks.{name}": BELOW_TASKS | TASKS for name in LIBRARIES},
    "tasks": BELOW_TASKS | TASKS,
    "flows.monitoring": BELOW_TASKS | {"flows.monitoring"},
    "flows.ingestion": BELOW_FLOWS | {"flows.ingestion"},
    "flows.exporting": BELOW_FLOWS | {"flows.exporting"},
    "flows.formats": set[str](),
    "flows.explaining": BELOW_FLOWS | {"flows.explaining"},
    "flows.desk": BELOW_FLOWS
    | {f"flows.{name}" for name in ("desk", "explaining", "formats", "ingestion", "monitoring")}
    | {"flows"},
    "flows.sharding": BELOW_FLOWS | {"flows.ingestion", "flows.sharding", "flows"},
    "flows.site_setup": BELOW_FLOWS | {"flows.ingestion", "flows.site_setup"},
    "flows.scheduling": BELOW_FLOWS
    | {
        f"flows.{name}"
        for name in ("ingestion", "sharding", "site_setup", "monitoring", "desk", "formats", "scheduling")
    }
    | {"flows"},
    "flows.cli": BELOW_FLOWS
    | {"flows", "flows.cli"}
    | {f"flows.{name}" for name in ("desk", "explaining", "exporting", "formats", "ingestion")}
    | {f"flows.{name}" for name in ("monitoring", "scheduling", "sharding", "site_setup")},
    "flows": BELOW_FLOWS | {"flows", "flows.exporting", "flows.ingestion", "flows.sharding", "flows.site_setup"},
    "copydesk": {"config", "copydesk", "flows", "tasks", "warehouse"},
}
"""What the modules of a room may import: a room is a package, or a module beside packages; `flows` and `tasks` are
the verbs at their roots."""


def modules(package: str) -> list[Path]:
    return sorted((PROJECT / package).rglob("*.py"))


def dotted(path: Path) -> str:
    return ".".join(path.relative_to(PROJECT).with_suffix("").parts).removesuffix(".__init__")


def imported(path: Path) -> set[str]:
    """Return the names of all modules that a file imports, those for types alone too."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno} imports relatively"
            module = node.module or ""
            inner = {f"{module}.{alias.name}" for alias in node.names} & MODULES.keys()
            names |= inner or {module}
    return names


def roots(path: Path) -> set[str]:
    return {name.partition(".")[0] for name in imported(path)}


MODULES = {dotted(path): path for package in PACKAGES for path in modules(package)}


def room(module: str) -> str:
    """Return the entry of MAY_IMPORT that a module is under: a package of its package, else the package itself."""
    first, _, rest = module.partition(".")
    inner = f"{first}.{rest.partition('.')[0]}"
    return inner if inner in MAY_IMPORT else first


@pytest.mark.parametrize("package", PACKAGES)
def test_a_room_imports_only_those_below_it(package):
    for path in modules(package):
        own = room(dotted(path))
        for name in imported(path) & MODULES.keys():
            allowed = MAY_IMPORT[own]
            is_below = room(name) == own or room(name) in allowed or name.partition(".")[0] in allowed - {package}
            assert is_below, f"{path.relative_to(PROJECT)} imports {name}"


def test_no_modules_import_each_other():
    graph = {name: imported(path) & MODULES.keys() for name, path in MODULES.items()}
    try:
        list(TopologicalSorter(graph).static_order())
    except CycleError as error:
        pytest.fail(" imports ".join(reversed(error.args[1])))


def test_no_packages_import_each_other():
    graph: dict[str, set[str]] = {}
    for name, path in MODULES.items():
        graph.setdefault(package_of(name), set()).update(map(package_of, imported(path) & MODULES.keys()))
    try:
        list(TopologicalSorter({name: below - {name} for name, below in graph.items()}).static_order())
    except CycleError as error:
        pytest.fail(" imports ".join(reversed(error.args[1])))


def package_of(module: str) -> str:
    """Return the room of a module; each verb at the root of flows and tasks is a room of its own."""
    return module if room(module) in ("flows", "tasks") else room(module)


@pytest.mark.parametrize("package", ["flows", "tasks"])
def test_the_root_of_a_package_holds_only_its_verbs(package):
    verbs = {
        "tasks": {"article", "detect", "discover", "extract", "fetch", "normalise", "strip"},
        "flows": {"backfill", "compact", "export", "ingest", "recheck", "reextract", "replay", "run"},
    }
    assert {path.stem for path in (PROJECT / package).glob("*.py")} - {"__init__"} == verbs[package]


def test_only_the_command_line_prints():
    for path in MODULES.values():
        prints = [
            node.lineno
            for node in ast.walk(ast.parse(path.read_text("utf-8")))
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"
        ]
        assert not prints or room(dotted(path)) == "flows.cli", f"{path.relative_to(PROJECT)}:{prints[0]} prints"


def test_only_scheduling_imports_prefect():
    importers = {room(name) for name, path in MODULES.items() if "prefect" in roots(path)}
    assert importers == {"flows.scheduling"}


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


@pytest.mark.parametrize("package", PACKAGES)
def test_the_installed_command_finds_our_package(package):
    # Asked of an isolated interpreter, as the console script is one: a package named `config` on the package
    # index would shadow ours there, and never inside pytest, which puts the project first.
    location = subprocess.run(
        [sys.executable, "-I", "-c", f"import {package}; print({package}.__file__)"],
        check=True,
        capture_output=True,
        text=True,
        cwd="/",
    ).stdout.strip()
    assert Path(location).resolve() == PROJECT / package / "__init__.py"


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
        for package in PACKAGES
        for path in modules(package)
        if path.stem not in ("__init__", "__main__") and "prefect" not in roots(path)
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
