"""The files of the search index: a folder of tantivy's, and the state that names it and says what it has taken in.

They lie in `search/` of the data root, for an object store in the user's cache folder, and may be deleted at any time.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final
from uuid import uuid4

from warehouse.errors import StorageError
from warehouse.search.tokens import VERSION

if TYPE_CHECKING:
    import tantivy

    from warehouse.storage.root import Root

Stamps = dict[str, tuple[int, int]]
"""The names of files, with their size and when they were written."""
FORMAT: Final = f"2.{VERSION}"
"""Of the index and of the analysis of words: an index of another one is built anew."""
STATE: Final = "state.json"
OPEN_ATTEMPTS: Final = 5
LOCK_SUFFIX: Final = ".lock"


@dataclass(frozen=True, slots=True)
class IndexState:
    """The index that is searched."""

    name: str
    """Of its folder."""
    files: Stamps
    """The files of articles of which it has all rows."""


def folder(root: Root) -> Path:
    """Return the folder of all that belongs to the index."""
    return root.cache / "search"


def new_name() -> str:
    """Return the name of a folder for an index that is about to be built."""
    return f"index-{uuid4().hex[:12]}"


def load_state(root: Root) -> IndexState | None:
    """Return the state of the index; None where there is none that can be searched."""
    import tantivy

    try:
        state = json.loads((folder(root) / STATE).read_text("utf-8"))
        name = state["name"]
        files = {file: (size, moment) for file, (size, moment) in state["files"].items()}
        is_usable = state["format"] == FORMAT and tantivy.Index.exists(str(folder(root) / name))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    return IndexState(name, files) if is_usable else None


def save_state(root: Root, state: IndexState) -> None:
    """Let readers turn to this index, whole or not at all. Raises `StorageError`."""
    path = folder(root) / STATE
    partial = path.with_suffix(".partial")
    try:
        partial.write_text(json.dumps({"format": FORMAT, "name": state.name, "files": state.files}), "utf-8")
        partial.replace(path)
    except OSError as error:
        raise StorageError.of(error, str(path)) from error


def delete_all_but(root: Root, state: IndexState | None) -> None:
    """Delete every index but that of a state: earlier ones, and those that a killed process left half built.

    Without a state the index is gone. Raises `StorageError`.
    """
    try:
        if state is None:
            (folder(root) / STATE).unlink(missing_ok=True)
        for path in folder(root).glob("index*"):
            if state is None or path.name != state.name:
                shutil.rmtree(path)
    except OSError as error:
        raise StorageError.of(error, str(folder(root)), "delete") from error


def open_index(root: Root) -> tantivy.Index | None:
    """Open the index for reading; None where there is none."""
    for _ in range(OPEN_ATTEMPTS):
        state = load_state(root)
        if state is None:
            return None
        try:
            return _with_tokenizer(_open_files((folder(root) / state.name).absolute()))
        except (OSError, ValueError):  # another process has put a new one in its place
            continue
    return None


def _open_files(path: Path) -> tantivy.Index:
    """Open an index by its folder, in which a reader may not be allowed to write. Raises OSError, ValueError."""
    import tantivy

    try:
        return tantivy.Index.open(str(path))
    except ValueError:
        # It opens all files at once, behind a lock file that it writes beside them.
        with TemporaryDirectory() as links:
            for file in path.iterdir():
                if file.suffix != LOCK_SUFFIX:
                    Path(links, file.name).symlink_to(file)
            return tantivy.Index.open(links)


def writable_index(root: Root, name: str) -> tantivy.Index:
    """Open the index in a folder for writing; it is made where there is none. Raises `StorageError`."""
    import tantivy

    path = folder(root) / name
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StorageError.of(error, str(path)) from error
    return _with_tokenizer(tantivy.Index(schema(), str(path)))


def _with_tokenizer(index: tantivy.Index) -> tantivy.Index:
    import tantivy

    spaces = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.whitespace()).build()
    index.register_tokenizer("spaces", spaces)
    return index


def schema() -> tantivy.Schema:
    """Return the fields of the index; text is not stored, as the tables have it."""
    import tantivy

    builder = tantivy.SchemaBuilder()
    builder.add_text_field("article_id", stored=True, tokenizer_name="raw", index_option="basic")
    builder.add_text_field("version_id", stored=True, tokenizer_name="raw", index_option="basic")
    for name in ("source_id", "language"):
        builder.add_text_field(name, tokenizer_name="raw", index_option="basic")
    for name in ("title", "text"):
        builder.add_text_field(name, tokenizer_name="spaces", index_option="position")
    builder.add_integer_field("published_at", indexed=True, fast=True)
    return builder.build()
