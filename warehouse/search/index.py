"""The search index follows the tables, by the names of the files of articles that landed since."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Final

from warehouse.connect import check_landed, connect, rows
from warehouse.definitions import pattern
from warehouse.errors import StorageError
from warehouse.search.index_files import (
    IndexState,
    Stamps,
    delete_all_but,
    folder,
    load_state,
    new_name,
    save_state,
    writable_index,
)
from warehouse.search.tokens import tokens
from warehouse.storage.base_files import read_base_file
from warehouse.storage.locks import hold_lock

if TYPE_CHECKING:
    import duckdb
    import tantivy

    from warehouse.storage.root import Root

SCHEMA_FILE: Final = "/schema-"
"""In the names of files without rows."""
HEAP_BYTES: Final = 64_000_000
MAX_BATCH_BYTES: Final = 64_000_000
"""Of the files that are taken in before what was done is recorded."""
MAX_BOUNDED_BATCH_BYTES: Final = 2_000_000
"""The same where the time is bounded."""
MAX_BOUNDED_FILE_BYTES: Final = 8_000_000
"""A file that is larger, of some thousand articles, is left to a search then, unless there is time for it."""
BYTES_A_SECOND: Final = 800_000
"""Of files of articles, that are taken in at least."""
MAX_BATCH_ROWS: Final = 1_000
TOUCHED: Final = "SELECT DISTINCT article_id FROM read_parquet($files, union_by_name = true)"
ARTICLES: Final = """
SELECT article_id, version_id, source_id, language, title, text, CAST(epoch(published_at) AS BIGINT)
FROM articles WHERE article_id IN (SELECT article_id FROM read_parquet($files, union_by_name = true))
"""


def update_index(root: Root, seconds: float, *, rebuild: bool = False, max_seconds: float | None = None) -> int:
    """Take in the articles that landed since, and return how many files that were. Raises `LockedError` and others.

    Waits up to `seconds` for another process that does it. Killed at any moment, the next call goes on. Where the index
    has to be built anew, also by `rebuild`, that is done beside the old one, which is searched until the new one is
    complete.

    With `max_seconds` it ends after about that time, and the next call takes in the rest; large files, and an index
    that has to be built anew, are left to a call without it.
    """
    if load_state(root) is None:
        check_landed(root)
    with _hold_index(root, seconds):
        state, stamps = load_state(root), root.states("articles")
        delete_all_but(root, state)
        if state is not None and state.files == stamps and not rebuild:
            return 0
        bases = _replaced_by_base(root, stamps)
        if state is None or (not rebuild and not _is_outdated(state.files, stamps, bases)):
            return _take_forward(root, state or IndexState(new_name(), {}), stamps, bases, max_seconds)
        if max_seconds is not None:
            return 0
        new, names = IndexState(new_name(), stamps), _waiting({}, stamps, bases)
        for _ in _take_in(root, new.name, names, stamps, MAX_BATCH_BYTES):
            pass
        save_state(root, new)
        delete_all_but(root, new)
        return len(names)


def delete_index(root: Root, seconds: float) -> None:
    """Delete the index, as after a take-down: the next search builds it again. Raises `LockedError`, `StorageError`."""
    # The words of a deleted document stay in the files until tantivy merges its segment, for which its Python package
    # cannot ask.
    if folder(root).exists():
        with _hold_index(root, seconds):
            delete_all_but(root, None)


def _hold_index(root: Root, seconds: float) -> AbstractContextManager[None]:
    return hold_lock(folder(root) / "writer", "the search index is being written", seconds)


def _replaced_by_base(root: Root, names: Iterable[str]) -> dict[str, set[str]]:
    """Map the base files to the files that they replace."""
    bases = (name for name in names if name.startswith("articles/base/") and SCHEMA_FILE not in name)
    return {base: {f"articles/{name}" for name in read_base_file(root, base).replaces} for base in bases}


def _is_outdated(known: Stamps, stamps: Stamps, bases: dict[str, set[str]]) -> bool:
    """Return whether files that were taken in have been rewritten since, as by a take-down, or are gone."""
    replaced = set[str]().union(*bases.values())
    return any(stamps.get(name, stamp) != stamp for name, stamp in known.items()) or any(
        name not in stamps and name not in replaced for name in known
    )


def _waiting(known: Stamps, stamps: Stamps, bases: dict[str, set[str]]) -> list[str]:
    """Return the files to take in; those that a base file replaces are read there."""
    passed_over = _covered(known, bases).union(*bases.values())
    return [name for name in stamps if name not in passed_over and SCHEMA_FILE not in name]


def _covered(known: Iterable[str], bases: dict[str, set[str]]) -> set[str]:
    """Return the files that have no rows but those of known files."""
    covered = set(known)
    while more := {base for base, names in bases.items() if base not in covered and names and names <= covered}:
        covered |= more
    return covered.union(*(names for base, names in bases.items() if base in covered))


def _take_forward(
    root: Root, state: IndexState, stamps: Stamps, bases: dict[str, set[str]], max_seconds: float | None
) -> int:
    """Take in the files that wait, and record after each batch what the index has; return how many files that were."""
    known, count, max_bytes, end = dict(state.files), 0, MAX_BATCH_BYTES, float("inf")
    waiting = _waiting(known, stamps, bases)
    if max_seconds is not None:
        max_bytes, end = MAX_BOUNDED_BATCH_BYTES, time.monotonic() + max_seconds
        max_file_bytes = max(MAX_BOUNDED_FILE_BYTES, max_seconds * BYTES_A_SECOND)
        waiting = [name for name in waiting if stamps[name][0] <= max_file_bytes]
    for batch in _take_in(root, state.name, waiting, stamps, max_bytes):
        known |= {name: stamps[name] for name in batch}
        count += len(batch)
        save_state(root, IndexState(state.name, known))
        if time.monotonic() > end:
            break
    covered = _covered(known, bases)
    known = {name: stamp for name, stamp in stamps.items() if name in covered or SCHEMA_FILE in name}
    if known != state.files:
        save_state(root, IndexState(state.name, known))
    return count


def _take_in(root: Root, folder_name: str, names: list[str], stamps: Stamps, max_bytes: int) -> Iterator[list[str]]:
    """Yield the files batch by batch, each when the index in a folder has all rows of the batch."""
    index = writable_index(root, folder_name)
    if not names:
        return
    with connect(root) as connection:
        for batch in _batches(names, stamps, max_bytes):
            try:
                writer = index.writer(HEAP_BYTES, 1)
                _write(connection, writer, [f"{pattern(root)}/{file}" for file in batch])
                writer.commit()
                writer.wait_merging_threads()
            except ValueError as error:  # tantivy's, as of a disk that is full
                raise StorageError(f"cannot write the search index in {folder(root)}: {error}") from error
            yield batch


def _batches(names: list[str], stamps: Stamps, max_bytes: int) -> Iterator[list[str]]:
    batch: list[str] = []
    size = 0
    for name in names:
        batch.append(name)
        size += stamps[name][0]
        if size >= max_bytes:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _write(connection: duckdb.DuckDBPyConnection, writer: tantivy.IndexWriter, files: list[str]) -> None:
    import tantivy

    for (article_id,) in rows(connection, TOUCHED, {"files": files}):
        writer.delete_documents_by_term("article_id", article_id)
    cursor = connection.execute(ARTICLES, {"files": files})
    while batch := cursor.fetchmany(MAX_BATCH_ROWS):
        for article_id, version_id, source_id, language, title, text, published_at in batch:
            document = tantivy.Document(
                article_id=article_id, version_id=version_id, source_id=source_id, language=language or "und",
                title=" ".join(tokens(title or "")), text=" ".join(tokens(text or "")),
            )  # fmt: skip
            if published_at is not None:
                document.add_integer("published_at", published_at)
            writer.add_document(document)
