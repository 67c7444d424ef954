"""Write a source's file in the order and style of one written by hand; it is validated before it appears."""

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
MAX_ID_CHARACTERS: Final = 60

_MAX_INLINE_STRINGS: Final = 3  # of a list on one line
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]+")


def source_toml(declared: Mapping[str, Any], comments: Mapping[str, str] | None = None) -> str:
    """Return the text of a source's file; keys in the order of the documentation, without those that are None.

    `comments` follow their keys (`title`, `input.1.url`: inputs are counted from 1); the comment of the empty name is
    at the top. Raises `ConfigError` for a key that a source does not have.
    """
    comments = {name: _one_line(comment) for name, comment in (comments or {}).items()}
    if unknown := sorted(declared.keys() - set(KNOWN_KEYS[""])):
        raise ConfigError(f"unknown key '{unknown[0]}'; known here: {', '.join(KNOWN_KEYS[''])}")
    document = tomlkit.document()
    if top := comments.get(""):
        document.add(tomlkit.comment(top))
    for name in KNOWN_KEYS[""]:
        value = declared.get(name)
        if isinstance(value, Mapping):
            if any(inner is not None for inner in value.values()):
                document.add(tomlkit.nl())
                document.add(name, _table(value, name, comments))
        elif name == "input":
            _add_inputs(document, value or (), comments)
        elif value is not None:
            document.add(name, _item(value, comments.get(name)))
    return f"{SCHEMA_LINE}\n{tomlkit.dumps(document)}"


def write_source(config: Path, source_id: str, text: str) -> Path:
    """Validate a source's file and put it into `config/sources/` as a whole; return its path.

    Never overwrites. Raises `ConfigError`.
    """
    folder = config / "sources"
    path = folder / f"{source_id}.toml"
    if not ID_PATTERN.fullmatch(source_id):
        raise ConfigError(f"{source_id!r} is no source's id; it has a-z, 0-9 and single hyphens, such as example-news")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        # In a hidden folder, where no run reads the unfinished file as a source.
        with tempfile.TemporaryDirectory(prefix=".new-", dir=folder) as draft_folder:
            draft_path = Path(draft_folder) / path.name
            draft_path.write_text(text, "utf-8")
            _check(draft_path, path)
            _publish(draft_path, path)
    except FileExistsError:
        raise ConfigError(f"{path}: exists already; change it by hand, or choose another id") from None
    except OSError as error:
        raise ConfigError.of(error, path, "written") from None
    return path


def slug(name: str) -> str:
    """Return an ASCII id for a name; empty if its letters are mostly not Latin, as no transliteration is certain."""
    from slugify import slugify

    letters = [character for character in name if character.isalpha()]
    latin = sum(unicodedata.name(character, "").startswith(("LATIN", "FULLWIDTH LATIN")) for character in letters)
    if latin * 2 < len(letters):
        return ""
    return slugify(name, max_length=MAX_ID_CHARACTERS, word_boundary=True, save_order=True)


def free_id(used: Container[str], *names: str) -> str:
    """Return the slug of the first name that has one, or `source`; with a number if it is used already."""
    base = next(filter(None, map(slug, names)), "source")
    number, source_id = 1, base
    while source_id in used:
        number += 1
        source_id = f"{base}-{number}"
    return source_id


def _publish(draft_path: Path, path: Path) -> None:
    try:
        os.link(draft_path, path)  # unlike a rename, it fails where the name is taken
    except FileExistsError:
        raise
    except OSError:  # a file system without links
        with path.open("xb") as file:
            file.write(draft_path.read_bytes())


def _check(draft_path: Path, path: Path) -> None:
    try:
        load_source(draft_path)
    except ConfigError as error:
        raise ConfigError(str(error).replace(str(draft_path), str(path))) from None


def _add_inputs(
    document: tomlkit.TOMLDocument, inputs: Sequence[Mapping[str, Any]], comments: Mapping[str, str]
) -> None:
    tables = tomlkit.aot()
    for number, entry in enumerate(inputs, 1):
        tables.append(_table(entry, f"input.{number}", comments))
    if inputs:
        document.add(tomlkit.nl())
        document.add("input", tables)


def _table(declared: Mapping[str, Any], prefix: str, comments: Mapping[str, str]) -> Table:
    table = tomlkit.table()
    for name, value in declared.items():
        if value is not None:
            table.add(name, _item(value, comments.get(f"{prefix}.{name}")))
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
    return array.multiline(len(value) > _MAX_INLINE_STRINGS and isinstance(value[0], str))


def _one_line(comment: str) -> str:
    # A line end in a title from elsewhere would turn the rest of the comment into keys.
    return " ".join(_CONTROL.sub(" ", comment).split())
