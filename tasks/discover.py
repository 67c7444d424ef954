"""Find the documents of a source: the files of a folder, the records of a JSON Lines file."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Final

from config.settings import Settings
from config.sources import FolderInput, JsonlInput, Source
from tasks import jsonl
from tasks.errors import InputError
from warehouse.records import Item, Rejection

SUFFIXES: Final = (".txt", ".md", ".html", ".htm")
"""What a file of a folder may be named, each also with .gz; others are not looked at."""


def discover(
    source: Source, entry: FolderInput | JsonlInput, settings: Settings, seen_at: datetime
) -> Iterator[Item | Rejection]:
    """Every document that one input of a source names now, in a stable order, one at a time.

    What cannot be listed does not hide the rest: `InputError` is raised after all that could be.
    """
    if isinstance(entry, FolderInput):
        return _discover_folder(source, entry, seen_at)
    return jsonl.read_records(source, entry, settings, seen_at)


def endpoint(source: Source, entry: FolderInput | JsonlInput) -> str:
    """The address of an input: what `polls` and `discoveries` call it."""
    if isinstance(entry, FolderInput):
        return (source.folder / entry.path).resolve().as_uri()
    return jsonl.address(source, entry)


def count(source: Source) -> int | None:
    """How many documents a source's folders hold; None where counting would mean reading."""
    total = 0
    for entry in source.input:
        if not isinstance(entry, FolderInput):
            return None
        total += sum(1 for _ in files((source.folder / entry.path).resolve(), entry.glob))
    return total


def files(folder: Path, glob: str = "**/*") -> Iterator[Path]:
    """The documents of a folder by name, hidden ones left out; sorted, so that every run takes them in one order."""
    for path in sorted(folder.glob(glob)):
        name = path.name.lower().removesuffix(".gz")
        hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
        if name.endswith(SUFFIXES) and not hidden and not path.is_dir():
            yield path


def _discover_folder(source: Source, entry: FolderInput, seen_at: datetime) -> Iterator[Item]:
    folder = (source.folder / entry.path).resolve()
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder; correct `path` in {source.id}.toml, it is relative to that file")
    found_in = folder.as_uri()
    for path in files(folder, entry.glob):
        # Two folders of one source may each hold an `a.txt`.
        name = os.fsencode(path.relative_to(folder).as_posix()).decode("utf-8", "backslashreplace")
        guid = f"{entry.path.as_posix()}/{name}"
        yield Item(source.id, path.as_uri(), guid, found_in, seen_at)

    if closed := next(closed_folders(folder, deep="**" in entry.glob), None):
        raise InputError(f"{closed.filename}: cannot be listed: {closed.strerror}; mend its permissions")


def closed_folders(folder: Path, *, deep: bool = True) -> Iterator[OSError]:
    """Why folders cannot be listed: a glob passes over them, and what is lost that way would look like nothing."""
    closed: list[OSError] = []
    for _, folders, _ in os.walk(folder, onerror=closed.append):
        folders[:] = [name for name in folders if deep and not name.startswith(".")]
    yield from closed
