"""Errors of the configuration as one sentence: which file, which key, what is wrong, which keys are known."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from config.redact import redact

if TYPE_CHECKING:
    from pathlib import Path

    from pydantic import ValidationError


# Tables and keys of which no message shows a value: it may be a password or a token.
SECRETS: Final = frozenset({"fetch", "alert_webhook", "alert_command"})

_NUMBER: Final = "write a number, without quotation marks"
_SWITCH: Final = "write true or false, without quotation marks"
_TABLE: Final = 'write names with their values in braces, such as { name = "value" }'
# By the type that pydantic gives a problem; what is not named here says itself what is wanted.
_SENTENCES: Final = {
    "tuple_type": 'write a list in brackets, such as ["one", "two"]',
    "dict_type": _TABLE,
    "model_type": _TABLE,
    "model_attributes_type": _TABLE,
    "string_type": "write a text, in quotation marks",
    "string_too_short": "must not be empty",
    "float_type": _NUMBER,
    "float_parsing": _NUMBER,
    "int_type": _NUMBER,
    "int_parsing": _NUMBER,
    "int_from_float": "write a whole number",
    "bool_type": _SWITCH,
    "bool_parsing": _SWITCH,
    "path_type": "write a path, in quotation marks",
}


class ConfigError(Exception):
    """A file or variable of the configuration cannot be used; the text is for the user and holds no password."""

    def __init__(self, message: str, path: Path | None = None) -> None:
        """Keep the path of the file or folder that is wrong, if it is one, beside the message that begins with it."""
        super().__init__(redact(message))
        self.path = path

    @classmethod
    def of(cls, error: OSError | ValueError, path: Path, action: str = "read") -> ConfigError:
        """Return the error of a file or folder that cannot be read, `written` or `listed`."""
        return cls(f"{path}: cannot be {action}: {reason_of(error)}; correct the path or its permissions", path)


def reason_of(error: Exception) -> str:
    """Return why something failed, in the system's words where it has some, to stand inside a sentence."""
    reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return f"{reason[:1].lower()}{reason[1:]}"


def explain(error: ValidationError, known: Mapping[str, tuple[str, ...]]) -> str:
    """Return one sentence on the first problem of a validation; a misspelt key comes before its absence.

    `known` has the keys of each table by its dotted name; the top is the empty name. A table that is one of several
    kinds has its kind in the name, such as `input.folder`. Values of `SECRETS` are not shown.
    """
    problems = error.errors(include_url=False)
    problem = min(problems, key=lambda problem: problem["type"] != "extra_forbidden")
    names = [part for part in problem["loc"] if isinstance(part, str)]
    table = ".".join(names[:-1])
    key = ".".join(
        str(part + 1) if isinstance(part, int) else part
        for part, whole in _with_paths(problem["loc"])
        if not (whole in known and "." in whole)
    )
    keys = sorted(known.get(table, ()))
    if problem["type"] == "extra_forbidden":
        similar = difflib.get_close_matches(names[-1], keys, 1)
        if not similar and table and names[-1] in known.get("", ()):
            return f"unknown key '{key}'; '{names[-1]}' is a key of the whole file: write it above the first [ or [["
        hint = f", did you mean '{similar[0]}'?" if similar else ";"
        return f"unknown key '{key}'{hint} known here: {', '.join(keys)}"
    if problem["type"] == "missing":
        return f"key '{key}' is missing; known here: {', '.join(keys)}"
    if problem["type"].startswith("union_tag"):
        kinds = sorted(name.removeprefix(f"{names[-1]}.") for name in known if name.startswith(f"{names[-1]}."))
        tag = problem.get("ctx", {}).get("tag")
        detail = f"unknown kind '{tag}'" if tag is not None else "missing"
        return f"key '{key}.kind': {detail}; known: {', '.join(kinds)}"
    value = problem["input"]
    if problem["type"] == "tuple_type" and key == "input":
        return "key 'input': write [[input]], with two brackets, and its keys below it"
    message = _SENTENCES.get(problem["type"]) or problem["msg"].removeprefix("Value error, ")
    message = message.replace("Input should be", "must be")
    is_shown = isinstance(value, str | int | float) and SECRETS.isdisjoint(problem["loc"][:1])
    quoted = f" (given: {value!r})" if is_shown else ""
    return f"key '{key}': {message[:1].lower()}{message[1:]}{quoted}"


def _with_paths(location: tuple[int | str, ...]) -> list[tuple[int | str, str]]:
    """Return each part of a location with the dotted name of all words up to it."""
    words: list[str] = []
    paths = []
    for part in location:
        if isinstance(part, str):
            words.append(part)
        paths.append((part, ".".join(words)))
    return paths
