"""What a table and its columns hold, in words: the docstrings of the record types and of their fields."""

from __future__ import annotations

import ast
import inspect
import textwrap
from functools import cache
from itertools import pairwise


@cache
def describe_fields(record: type) -> dict[str, str]:
    """Return the docstring below each field of a dataclass, by the field's name, in the order of the fields."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(record)))
    statements = next(node.body for node in ast.walk(tree) if isinstance(node, ast.ClassDef))
    return {
        statement.target.id: inspect.cleandoc(following.value.value)
        for statement, following in pairwise(statements)
        if isinstance(statement, ast.AnnAssign)
        and isinstance(statement.target, ast.Name)
        and isinstance(following, ast.Expr)
        and isinstance(following.value, ast.Constant)
        and isinstance(following.value.value, str)
    }
