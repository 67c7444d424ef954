"""Folders of text and HTML files, each file a document."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Final
from urllib.parse import unquote_to_bytes, urlsplit

from config.errors import reason_of
from config.inputs import FolderInput
from tasks.files.splits import even_ranges, stamp_of, stamp_size
from tasks.listings.input_reader import InputError, InputReader, InputSplit, ReadContext
from warehouse.model.records import Item

LINKED_AWAY: Final = "a link to what lies outside the folder; leave it out, or set follow_links = true to take it"
MAX_NAMED_FILES: Final = 5  # in a sentence
SUFFIXES: Final = (".txt", ".md", ".html", ".htm")  # each also with .gz


class FolderReader(InputReader[FolderInput]):
    """Reads the files of a folder."""

    can_split = True

    @property
    def endpoint(self) -> str:
        """The `file:` URL of the folder."""
        return self._folder.as_uri()

    def documents(self, context: ReadContext) -> Iterator[Item]:
        """Return an item for each file, by name."""
        self._check_folder()
        others: list[Path] = []
        yield from self._items(list_files(self._folder, self.entry.glob, others), context.seen_at)
        context.skipped.extend(describe_skipped(others, self._folder, SUFFIXES, deep="**" in self.entry.glob))
        self._check_all_listed()

    def former_documents(self, urls: Iterable[str], seen_at: datetime) -> Iterator[Item]:
        """Return the items of files of the folder by their URLs, also of those that are gone."""
        paths = (Path(os.fsdecode(unquote_to_bytes(urlsplit(url).path))) for url in urls)
        return self._items([path for path in paths if path.is_relative_to(self._folder)], seen_at)

    def count(self) -> int:
        """Return the number of files."""
        return sum(1 for _ in list_files(self._folder, self.entry.glob))

    def splits(self, number: int, context: ReadContext, min_documents: int) -> Iterator[InputSplit]:  # noqa: ARG002
        """Cut the list of files into even parts."""
        self._check_folder()
        paths = list(list_files(self._folder, self.entry.glob))
        for indexes in even_ranges(len(paths), min_documents):
            split_paths = paths[indexes.start : indexes.stop]
            names = tuple(map(str, split_paths))
            stamps = [stamp_of(path) for path in split_paths]
            stamp = hashlib.sha256(" ".join(stamps).encode()).hexdigest()[:16]
            size = sum(map(stamp_size, stamps))
            yield InputSplit(
                entry=number,
                location=str(self._folder),
                first=indexes.start,
                paths=names,
                stamp=stamp,
                documents=len(names),
                size=size,
            )
        self._check_all_listed()

    def read_split(self, split: InputSplit, context: ReadContext) -> Iterator[Item]:
        """Return an item for each file of the split."""
        return self._items(map(Path, split.paths), context.seen_at)

    @property
    def _folder(self) -> Path:
        return (self.source.folder / self.entry.path).resolve()

    def _check_folder(self) -> None:
        if not self._folder.is_dir():
            cure = f"correct `path` in {self.source.id}.toml, it is relative to that file"
            raise InputError(f"{self._folder}: no such folder; {cure}")

    def _check_all_listed(self) -> None:
        if error := next(unlisted_folders(self._folder, deep="**" in self.entry.glob), None):
            raise InputError(f"{error.filename}: cannot be listed: {reason_of(error)}; mend its permissions")

    def _items(self, paths: Iterable[Path], seen_at: datetime) -> Iterator[Item]:
        folder = self._folder
        found_in = folder.as_uri()
        for path in paths:
            # Two folders of one source may each hold an `a.txt`.
            name = os.fsencode(path.relative_to(folder).as_posix()).decode("utf-8", "backslashreplace")
            guid = f"{self.entry.path.as_posix()}/{name}"
            yield Item(self.source.id, path.as_uri(), guid, found_in, seen_at)


def list_files(folder: Path, glob: str = "**/*", others: list[Path] | None = None) -> Iterator[Path]:
    """Return the documents of a folder, hidden ones left out; sorted, so that every run takes them in one order.

    What else the glob has, but for what is hidden, is put into `others`.
    """
    for path in sorted(folder.glob(glob)):
        if _is_hidden(path, folder):
            continue
        if _is_document(path) and not path.is_dir():
            yield path
        elif others is not None:
            others.append(path)


def describe_skipped(
    others: Iterable[Path], folder: Path, suffixes: Iterable[str], *, deep: bool = True
) -> Iterator[str]:
    """Return a sentence on the files that are no documents by their names, and one on linked folders."""
    files: list[Path] = []
    linked: list[Path] = []
    for path in others:
        if not path.is_dir():
            files.append(path)
        elif path.is_symlink() and deep:
            linked.append(path)
    if files:
        yield f"{_count(files, 'file')} passed over, as not named {', '.join(suffixes)}: {_names(files, folder)}."
    if linked:
        names = _names(linked, folder)
        yield f"{_count(linked, 'linked folder')} not entered; give it an input of its own: {names}."


def _is_document(path: Path) -> bool:
    return path.name.lower().removesuffix(".gz").endswith(SUFFIXES)


def _count(paths: list[Path], noun: str) -> str:
    return f"1 {noun} was" if len(paths) == 1 else f"{len(paths):,} {noun}s were"


def _names(paths: list[Path], folder: Path) -> str:
    names = [os.fsencode(path.relative_to(folder)).decode("utf-8", "backslashreplace") for path in paths]
    return ", ".join(names[:MAX_NAMED_FILES]) + (" …" if len(names) > MAX_NAMED_FILES else "")


def _is_hidden(path: Path, folder: Path) -> bool:
    return any(part.startswith(".") for part in path.relative_to(folder).parts)


def unlisted_folders(folder: Path, *, deep: bool = True) -> Iterator[OSError]:
    """Return the error of each folder that cannot be listed: a glob passes over it, and its files would look gone."""
    errors: list[OSError] = []
    for _, folders, _ in os.walk(folder, onerror=errors.append):
        folders[:] = [name for name in folders if deep and not name.startswith(".")]
    yield from errors
