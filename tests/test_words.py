"""The code speaks the field's words: a name is the noun that it holds, a docstring says what a function does."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parent.parent
PACKAGES = ("bench", "config", "copydesk", "flows", "tasks", "tests", "warehouse")
VAGUE = {
    "asked", "found", "given", "got", "held", "kept", "named", "one", "place", "printed", "said", "seen", "shown",
    "stated", "taken", "tell", "told", "wanted", "what",
}  # fmt: skip
"""Words that say nothing of what a name holds: an entry, a match, a message, a response, a row."""
WRITTEN_NAMES = {
    ("flows/monitoring/alerts.py", "what"),  # a key of an alert's JSON and of the state file
    ("tasks/text/decompress.py", "tell"),  # a method of `io.RawIOBase`, here and below
    ("warehouse/storage/object_file.py", "tell"),
    ("warehouse/model/rows.py", "place"),  # a column of the table `habits`
}
"""Names that users' files or the standard library already have."""
BINDING = (ast.Name, ast.arg, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
NO_VERBS = ("What", "Whether", "Those", "That", "Of", "How", "Where", "Which", "Who", "When", "If", "The", "A", "An")


@cache
def sources() -> list[tuple[Path, list[ast.AST]]]:
    """Return the nodes of each file that bind a name."""
    paths = [path for package in PACKAGES for path in sorted((PROJECT / package).rglob("*.py"))]
    return [(path.relative_to(PROJECT), nodes_of(path.read_text("utf-8"))) for path in paths]


def nodes_of(source: str) -> list[ast.AST]:
    return [node for node in ast.walk(ast.parse(source)) if isinstance(node, BINDING)]


def bound_names(nodes: list[ast.AST]) -> Iterator[tuple[str, int]]:
    """Yield variables, arguments, attributes of classes, functions and classes, with their lines."""
    for node in nodes:
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id, node.lineno
        elif isinstance(node, ast.arg):
            yield node.arg, node.lineno
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name, node.lineno


def test_no_name_is_a_word_that_says_nothing():
    vague = [
        f"{path}:{line} {name}"
        for path, nodes in sources()
        for name, line in bound_names(nodes)
        if is_vague(name) and (path.as_posix(), name) not in WRITTEN_NAMES
    ]
    assert not vague, "\n".join(vague)


def is_vague(name: str) -> bool:
    return name.strip("_").lower() in VAGUE


def test_every_function_says_what_it_does():
    nouns = [
        f"{path}:{node.lineno} {text.splitlines()[0]}"
        for path, nodes in sources()
        for node in nodes
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and not is_property(node)
        if (text := ast.get_docstring(node)) and text.split()[0].rstrip(",:") in NO_VERBS
    ]
    assert not nouns, "\n".join(nouns)


def is_property(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    return any(
        getattr(name, "id", getattr(name, "attr", "")) in ("property", "cached_property")
        for name in node.decorator_list
    )


@pytest.mark.parametrize(
    ("source", "vague"),
    [
        ("found = 1", {"found"}),
        ("def f(told): ...", {"told"}),
        ("for one, row in x: ...", {"one"}),
        ("row = found", set()),
    ],
)
def test_the_check_sees_each_way_to_bind_a_name(source, vague):
    assert {name for name, _ in bound_names(nodes_of(source)) if is_vague(name)} == vague
