"""Write a source's file: the same order and look as one written by hand, checked before it appears."""

from __future__ import annotations

import os
import re
import tempfile
import unicodedata
from collections.abc import Container, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import tomlkit
from tomlkit.items import Array, Item, Table

from config.errors import ConfigError
from config.sources import ID_PATTERN, KNOWN_KEYS, load_source

SCHEMA_LINE: Final = "#:schema ../source.schema.json"
LONGEST_ID: Final = 60

_INLINE: Final = 3
"""Strings of a list that stand on one line."""
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]+")


def source_toml(declared: Mapping[str, Any], comments: Mapping[str, str] | None = None) -> str:
    """The text of a source's file; keys in the order of the documentation, those that are None left out.

    `comments` stand behind the keys they are for (`title`, `input.1.url`: inputs are counted from 1), that for the
    empty name at the top. Raises `ConfigError` for a key that a source does not have.
    """
    said = {name: _one_line(comment) for name, comment in (comments or {}).items()}
    if unknown := sorted(declared.keys() - set(KNOWN_KEYS[""])):
        raise ConfigError(f"unknown key '{unknown[0]}'; known here: {', '.join(KNOWN_KEYS[''])}")
    document = tomlkit.document()
    if top := said.get(""):
        document.add(tomlkit.comment(top))
    for name in KNOWN_KEYS[""]:
        value = declared.get(name)
        if isinstance(value, Mapping):
            if any(inner is not None for inner in value.values()):
                document.add(tomlkit.nl())
                document.add(name, _table(value, name, said))
        elif name == "input":
            _add_inputs(document, value or (), said)
        elif value is not None:
            document.add(name, _item(value, said.get(name)))
    return f"{SCHEMA_LINE}\n{tomlkit.dumps(document)}"


def write_source(config: Path, source_id: str, text: str) -> Path:
    """Put a source's file into `config/sources/`, whole, once it is known to be right; returns its path.

    Never overwrites. Raises `ConfigError`.
    """
    folder = config / "sources"
    path = folder / f"{source_id}.toml"
    if not ID_PATTERN.fullmatch(source_id):
        raise ConfigError(f"{source_id!r} is no source's id; it has a-z, 0-9 and single hyphens, such as example-news")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        # In a hidden folder, where no run takes the unfinished file for a source.
        with tempfile.TemporaryDirectory(prefix=".new-", dir=folder) as draft:
            drafted = Path(draft) / path.name
            drafted.write_text(text, "utf-8")
            _check(drafted, path)
            _appear(drafted, path)
    except FileExistsError:
        raise ConfigError(f"{path}: exists already; change it by hand, or choose another id") from None
    except OSError as error:
        raise ConfigError(f"{path}: cannot be written: {error.strerror}") from None
    return path


def slug(name: str) -> str:
    """An id for a name, in ASCII; empty where its letters are mostly not Latin, as no transliteration is certain."""
    from slugify import slugify

    letters = [character for character in name if character.isalpha()]
    latin = sum(unicodedata.name(character, "").startswith(("LATIN", "FULLWIDTH LATIN")) for character in letters)
    if latin * 2 < len(letters):
        return ""
    return slugify(name, max_length=LONGEST_ID, word_boundary=True, save_order=True)


def free_id(taken: Container[str], *names: str) -> str:
    """The slug of the first name that has one, else `source`, with a number where that is taken."""
    chosen = next(filter(None, map(slug, names)), "source")
    number, free = 1, chosen
    while free in taken:
        number += 1
        free = f"{chosen}-{number}"
    return free


def _appear(drafted: Path, path: Path) -> None:
    try:
        os.link(drafted, path)  # unlike a rename, it fails where the name is taken
    except FileExistsError:
        raise
    except OSError:  # a file system without links
        with path.open("xb") as file:
            file.write(drafted.read_bytes())


def _check(drafted: Path, path: Path) -> None:
    try:
        load_source(drafted)
    except ConfigError as error:
        raise ConfigError(str(error).replace(str(drafted), str(path))) from None


def _add_inputs(document: tomlkit.TOMLDocument, inputs: Sequence[Mapping[str, Any]], said: Mapping[str, str]) -> None:
    tables = tomlkit.aot()
    for number, entry in enumerate(inputs, 1):
        tables.append(_table(entry, f"input.{number}", said))
    if inputs:
        document.add(tomlkit.nl())
        document.add("input", tables)


def _table(declared: Mapping[str, Any], place: str, said: Mapping[str, str]) -> Table:
    table = tomlkit.table()
    for name, value in declared.items():
        if value is not None:
            table.add(name, _item(value, said.get(f"{place}.{name}")))
    return table


def _item(value: Any, comment: str | None) -> Item:
    if isinstance(value, Path):
        value = value.as_posix()
    item = _inline(value) if isinstance(value, Mapping) else tomlkit.item(_array(value))
    return item.comment(comment) if comment else item


def _inline(value: Mapping[str, Any]) -> Item:
    table = tomlkit.inline_table()
    table.update({name: inner for name, inner in value.items() if inner is not None})
    return table


def _array(value: Any) -> Any:
    if isinstance(value, str) or not isinstance(value, Sequence):
        return value
    array: Array = tomlkit.array()
    array.extend(value)
    return array.multiline(len(value) > _INLINE and isinstance(value[0], str))


def _one_line(comment: str) -> str:
    # A line end in a title from elsewhere would turn the rest of the comment into keys.
    return " ".join(_CONTROL.sub(" ", comment).split())
