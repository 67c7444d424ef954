"""Errors of configuration, each one sentence: which file, which key, what is wrong, what is known."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from pydantic import ValidationError


class ConfigError(Exception):
    """A file or variable of the configuration that cannot be used; its text is for the user."""

    def __init__(self, message: str, path: Path | None = None) -> None:
        """Keep the path of the file or folder that is wrong, if it is one, beside the message that begins with it."""
        super().__init__(message)
        self.path = path


def explain(error: ValidationError, known: Mapping[str, tuple[str, ...]]) -> str:
    """The first problem of a validation in words, a misspelt key before what its absence causes.

    `known` gives the keys of each table by its dotted name; the top is the empty name. A table that is one of
    several kinds is named with its kind, such as `input.folder`.
    """
    problems = error.errors(include_url=False)
    problem = min(problems, key=lambda found: found["type"] != "extra_forbidden")
    names = [part for part in problem["loc"] if isinstance(part, str)]
    table = ".".join(names[:-1])
    place = ".".join(
        str(part + 1) if isinstance(part, int) else part
        for part, whole in _with_paths(problem["loc"])
        if not (whole in known and "." in whole)
    )
    keys = sorted(known.get(table, ()))
    if problem["type"] == "extra_forbidden":
        near = difflib.get_close_matches(names[-1], keys, 1)
        hint = f", did you mean '{near[0]}'?" if near else ";"
        return f"unknown key '{place}'{hint} known here: {', '.join(keys)}"
    if problem["type"] == "missing":
        return f"key '{place}' is missing; known here: {', '.join(keys)}"
    if problem["type"].startswith("union_tag"):
        kinds = sorted(name.removeprefix(f"{names[-1]}.") for name in known if name.startswith(f"{names[-1]}."))
        said = f"unknown kind '{problem['ctx']['tag']}'" if "ctx" in problem and "tag" in problem["ctx"] else "missing"
        return f"key '{place}.kind': {said}; known: {', '.join(kinds)}"
    message = problem["msg"].removeprefix("Value error, ")
    given = problem["input"]
    shown = f" (given: {given!r})" if isinstance(given, str | int | float) else ""
    return f"key '{place}': {message[:1].lower()}{message[1:]}{shown}"


def _with_paths(location: tuple[int | str, ...]) -> list[tuple[int | str, str]]:
    """Each part of a location beside the dotted name of all its words so far."""
    words: list[str] = []
    paths = []
    for part in location:
        if isinstance(part, str):
            words.append(part)
        paths.append((part, ".".join(words)))
    return paths
