"""The data that a page keeps for its scripts: JSON in scripts and attributes, in the forms of common frameworks."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, Final

from tasks.html.parse import parse_html

# Of all scripts of a page together.
MAX_STATE_CHARACTERS: Final = 5_000_000
MAX_VALUES_PER_SCRIPT: Final = 200
# A shorter attribute or string holds no article.
MIN_VALUE_CHARACTERS: Final = 200

_ASSIGNMENT: Final = re.compile(
    r"[\w$.\])]\s*=\s*(?:(?=[{\[])|JSON\.parse\(\s*(?P<literal>\"(?:[^\"\\]|\\.)*+\"|'(?:[^'\\]|\\.)*+'))", re.DOTALL
)
# Next.js streams what React is to draw in pieces of text, whose rows have a number in hexadecimal figures.
_PUSH: Final = re.compile(r'self\.__next_f\.push\(\[1,\s?("(?:[^"\\]|\\.)*+")', re.DOTALL)
_ROW: Final = re.compile(rb"\s*[0-9a-f]{0,6}:(?:T([0-9a-f]{1,8}),)?")
# Of an element: its mark, tag, key and properties.
_PROPERTIES: Final = 3
MAX_ELEMENT_DEPTH: Final = 60
_TEXT_TAGS: Final = frozenset("p h2 h3 h4 li blockquote a b em i span strong".split())
_CALLED_FUNCTION: Final = re.compile(r"=\s*\(\s*function\b")
_LITERAL: Final = re.compile(r'"(?:[^"\\]|\\.)*+"', re.DOTALL)
# What a string of JavaScript may hold and one of JSON may not.
_NO_JSON: Final = re.compile(r"\\(?:x([0-9a-fA-F]{2})|(.))|\"", re.DOTALL)
_JSON_ESCAPES: Final = frozenset('"\\/bfnrtu')
_DECODER: Final = json.JSONDecoder(strict=False)


def read_values(scripts: Iterable[str]) -> Iterator[Any]:
    """Yield the JSON that the scripts are or assign, and the strings in a script that calls a function for its data."""
    remaining = MAX_STATE_CHARACTERS
    stream: list[str] = []
    for script in scripts:
        remaining -= len(script)
        if remaining < 0:
            break
        if pushes := _PUSH.findall(script):
            stream += map(_read_literal, pushes)
        else:
            yield from _read_script(script.strip())
    if stream:
        yield _read_stream("".join(stream))


def _read_stream(stream: str) -> list[Any]:
    """Return the rows of a stream of React, its elements as objects: `5:["$","p",null,{"children":"…"}]`.

    A row of text says how many bytes it has: `6:T1f,<p>…`. Others name the scripts that draw the elements.
    """
    content = stream.encode("utf-8", "replace")
    rows: list[Any] = []
    begin = 0
    while row := _ROW.match(content, begin):
        size = int(row[1], 16) if row[1] else content.find(b"\n", row.end()) - row.end()
        begin = row.end() + size if size >= 0 else len(content)
        text = content[row.end() : begin].decode("utf-8", "replace")
        if text[:1] in {"[", "{"}:
            rows.append(_read_element(_decode(text, 0)[0], MAX_ELEMENT_DEPTH))
        elif "<p" in text:
            rows.append(text)
    return rows


def _read_element(value: Any, depth: int) -> Any:
    if isinstance(value, str):  # a sign of the dollar that is text is written twice
        return value.removeprefix("$") if value.startswith("$$") or not value.startswith("$") else None
    if not depth or not isinstance(value, list | dict):
        return None
    if isinstance(value, dict):
        return {key: _read_element(part, depth - 1) for key, part in value.items()}
    if len(value) <= _PROPERTIES or value[0] != "$":
        return [_read_element(part, depth - 1) for part in value]
    properties = _read_element(value[_PROPERTIES], depth - 1)
    children = properties.pop("children", None) if isinstance(properties, dict) else None
    tag = str(value[1])
    if tag in _TEXT_TAGS:
        return {"type": tag, "children": children}
    # A box is no paragraph: what stands in it is, and one element alone stands for its box.
    return children if isinstance(children, dict) else {"type": tag, "parts": [children, properties]}


def read_data_attributes(text: str) -> list[str]:
    """Return the attributes of an HTML page that look like JSON, from which its scripts make the page."""
    tree = parse_html(text)
    if tree is None:
        return []
    return [
        value
        for element in tree.iter()
        for value in element.values()
        if len(value) >= MIN_VALUE_CHARACTERS and value.lstrip().startswith(("{", "["))
    ]


def _read_script(script: str) -> Iterator[Any]:
    if script.startswith("<"):  # a template
        yield script
    elif script.startswith(("{", "[")):
        value, _ = _decode(script, 0)
        yield _hydrate(value) if isinstance(value, list) else value
    else:
        yield from _assigned_values(script)
        if _CALLED_FUNCTION.search(script):
            literals = (match[0] for match in _LITERAL.finditer(script))
            yield from (_read_literal(literal) for literal in literals if len(literal) >= MIN_VALUE_CHARACTERS)


def _assigned_values(script: str) -> Iterator[Any]:
    end = 0
    for assignment in islice(_ASSIGNMENT.finditer(script), MAX_VALUES_PER_SCRIPT):
        if assignment.start() < end:
            continue  # inside of the last value
        if literal := assignment["literal"]:
            yield _decode(_read_literal(literal), 0)[0]
        else:
            value, end = _decode(script, assignment.end())
            yield value


def _decode(text: str, start: int) -> tuple[Any, int]:
    """Return the JSON that begins at a place of a text, and its end; None if there is none."""
    try:
        return _DECODER.raw_decode(text, start)
    except (ValueError, RecursionError):
        return None, start


def _read_literal(literal: str) -> str:
    """Return the text of a string of JavaScript; empty if it is none."""
    value, _ = _decode(f'"{_NO_JSON.sub(_json_escape, literal[1:-1])}"', 0)
    return value if isinstance(value, str) else ""


def _json_escape(match: re.Match[str]) -> str:
    code, character = match.groups()
    if code:
        return f"\\u00{code}"
    if character is None:
        return '\\"'
    return match[0] if character in _JSON_ESCAPES else character


def _hydrate(values: list[Any]) -> Any:
    """Return the data that a flat list of values stands for, which refer to each other by index (Nuxt 3).

    Any other list is returned as it is.
    """
    if len(values) < 2 or not _refers(values[0], len(values)):  # noqa: PLR2004 a value and what it refers to
        return values
    data: list[Any] = [type(value)() if isinstance(value, dict | list) else value for value in values]
    for value, whole in zip(values, data, strict=True):
        if isinstance(value, dict) and _refers(value, len(values)):
            whole.update({key: data[index] for key, index in value.items()})
        elif isinstance(value, list):
            # Where a name comes first, it is that of a wrapper: `["Reactive", 1]`.
            whole.extend(data[index] for index in value if isinstance(index, int) and 0 <= index < len(values))
    return data[0]


def _refers(value: Any, count: int) -> bool:
    """Return whether all properties of an object, or the last element of a wrapper, are indexes below `count`."""
    indexes = list(value.values()) if isinstance(value, dict) else value[-1:] if isinstance(value, list) else []
    return bool(indexes) and all(type(index) is int and -count <= index < count for index in indexes)
