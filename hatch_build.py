"""Build the wheel with one top-level package: `config`, `tasks`, `warehouse` and `flows` become parts of `copydesk`.

In the checkout, and where it is installed as editable, the four packages stand side by side. In a wheel their names
would be taken from every other project in the environment, so the imports are rewritten while it is built.
"""

from __future__ import annotations

import ast
import shutil
import tempfile
from pathlib import Path
from typing import Any, Final

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

PACKAGES: Final = ("config", "flows", "tasks", "warehouse")


def rewrite_imports(source: str, modules: frozenset[str]) -> str:
    """Return Python source in which every import of `modules` and every string that names one says `copydesk.` first.

    `modules` are dotted names, as `flows.ingest`; a string counts where it is such a name and nothing else.
    """
    lines = source.encode().split(b"\n")
    for line, column in sorted(_positions(ast.parse(source), modules), reverse=True):
        text = lines[line - 1]
        lines[line - 1] = text[:column] + b"copydesk." + text[column:]
    return b"\n".join(lines).decode()


def _positions(tree: ast.Module, modules: frozenset[str]) -> set[tuple[int, int]]:
    """Return the line, from 1, and the column in bytes at which each name of a module begins."""
    positions = set()
    in_f_strings = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module in modules:
            positions.add((node.lineno, node.col_offset + len("from ")))
        elif isinstance(node, ast.Import) and any(alias.name in modules for alias in node.names):
            # `import a.b` would bind another name once it is rewritten; the tree only uses `from a import b`.
            raise ValueError(f"line {node.lineno}: write this import as 'from package import module'")
        elif isinstance(node, ast.Constant) and node.value in modules - {*PACKAGES} and id(node) not in in_f_strings:
            positions.add((node.lineno, node.col_offset + 1))
    return positions


class CustomBuildHook(BuildHookInterface[Any]):
    """Put the rewritten packages into the wheel; leave an editable installation as it is."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Write the rewritten files into a temporary folder and name each in `force_include`."""
        if version == "editable":
            return
        root = Path(self.root)
        self._folder = Path(tempfile.mkdtemp(prefix="copydesk-wheel-"))
        files = [
            path for name in ("copydesk", *PACKAGES) for path in sorted((root / name).rglob("*")) if path.is_file()
        ]
        names = [path.relative_to(root) for path in files if "__pycache__" not in path.parts]
        modules = frozenset(
            ".".join(name.with_suffix("").parts).removesuffix(".__init__")
            for name in names
            if name.suffix == ".py" and name.parts[0] != "copydesk"
        )
        for name in names:
            target = name if name.parts[0] == "copydesk" else Path("copydesk") / name
            written = self._folder / target
            written.parent.mkdir(parents=True, exist_ok=True)
            if name.suffix == ".py":
                written.write_text(rewrite_imports((root / name).read_text("utf-8"), modules), "utf-8")
            else:
                shutil.copyfile(root / name, written)
            build_data["force_include"][str(written)] = str(target)

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Delete the temporary folder."""
        del build_data, artifact_path
        if version != "editable":
            shutil.rmtree(self._folder)
