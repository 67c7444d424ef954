"""The search index: derived from `articles`, taken forward by the names of the files that landed since.

It lies in `search/` of the data root, for an object store in the user's cache folder, and may be deleted at any time.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Final

from warehouse.connect import connect, rows
from warehouse.definitions import pattern
from warehouse.errors import StorageError
from warehouse.search.tokens import VERSION, tokens
from warehouse.storage.base_files import read_base_file
from warehouse.storage.locks import hold_lock

if TYPE_CHECKING:
    from pathlib import Path

    import duckdb
    import tantivy

    from warehouse.storage.root import Root

Stamps = dict[str, tuple[int, int]]
"""The names of files, with their size and when they were written."""
SCHEMA_FILE: Final = "/schema-"
"""In the names of files without rows."""
HEAP_BYTES: Final = 64_000_000
MAX_BATCH_BYTES: Final = 64_000_000
"""Of the files that are taken in before what was done is recorded."""
MAX_BATCH_ROWS: Final = 1_000
TOUCHED: Final = "SELECT DISTINCT article_id FROM read_parquet($files, union_by_name = true)"
ARTICLES: Final = """
SELECT article_id, version_id, source_id, language, title, text, CAST(epoch(published_at) AS BIGINT)
FROM articles WHERE article_id IN (SELECT article_id FROM read_parquet($files, union_by_name = true))
"""


def update_index(root: Root, seconds: float, *, rebuild: bool = False) -> int:
    """Take in the articles that landed since, and return how many files that were. Raises `LockedError` and others.

    Waits up to `seconds` for another process that does it. Killed at any moment, the next call goes on.
    """
    with hold_lock(folder(root) / "writer", "the search index is being written", seconds):
        known = {} if rebuild else _load(root)
        stamps = root.states("articles")
        if known and known == stamps:
            return 0
        bases = _replaced_by_base(root, stamps)
        replaced = set[str]().union(*bases.values())
        is_changed = any(stamps.get(name, stamp) != stamp for name, stamp in known.items())
        if not known or is_changed or any(name not in stamps and name not in replaced for name in known):
            _delete(root)
            known = {}
        # Rows of a file that a base file replaces are read from one of the two.
        covered = replaced | {name for name, names in bases.items() if names <= known.keys()}
        new = [name for name in stamps if name not in known and name not in covered and SCHEMA_FILE not in name]
        if new:
            _take_in(root, new, dict(known), stamps)
        if stamps != known:
            _save(root, stamps)
        return len(new)


def delete_index(root: Root, seconds: float) -> None:
    """Delete the index, as after a take-down: the next search builds it again. Raises `LockedError`, `StorageError`."""
    if folder(root).exists():
        with hold_lock(folder(root) / "writer", "the search index is being written", seconds):
            _delete(root)


def open_index(root: Root) -> tantivy.Index | None:
    """Open the index for reading; None where there is none."""
    import tantivy

    path = folder(root) / "index"
    if not path.exists() or not tantivy.Index.exists(str(path)):
        return None
    return _register(tantivy.Index.open(str(path)))


def folder(root: Root) -> Path:
    """Return the folder of the index."""
    return root.cache / "search"


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


def _register(index: tantivy.Index) -> tantivy.Index:
    import tantivy

    spaces = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.whitespace()).build()
    index.register_tokenizer("spaces", spaces)
    return index


def _replaced_by_base(root: Root, names: Iterable[str]) -> dict[str, set[str]]:
    """Map the base files to the files that they replace; an empty one replaces none."""
    bases = (name for name in names if name.startswith("articles/base/") and SCHEMA_FILE not in name)
    return {base: {f"articles/{name}" for name in read_base_file(root, base).replaces} for base in bases}


def _take_in(root: Root, names: list[str], known: Stamps, stamps: Stamps) -> None:
    import tantivy

    path = folder(root) / "index"
    path.mkdir(parents=True, exist_ok=True)
    index = _register(tantivy.Index(schema(), str(path)))
    with connect(root) as connection:
        for batch in _batches(names, stamps):
            writer = index.writer(HEAP_BYTES, 1)
            _write(connection, writer, [f"{pattern(root)}/{name}" for name in batch])
            writer.commit()
            writer.wait_merging_threads()
            known |= {name: stamps[name] for name in batch}
            _save(root, known)


def _batches(names: list[str], stamps: Stamps) -> Iterator[list[str]]:
    batch: list[str] = []
    size = 0
    for name in names:
        batch.append(name)
        size += stamps[name][0]
        if size >= MAX_BATCH_BYTES:
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


def _load(root: Root) -> Stamps:
    try:
        state = json.loads((folder(root) / "state.json").read_text("utf-8"))
        files = {name: (size, moment) for name, (size, moment) in state["files"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}
    return files if state["version"] == VERSION and open_index(root) is not None else {}


def _save(root: Root, files: Stamps) -> None:
    path = folder(root) / "state.json"
    partial = path.with_suffix(".partial")
    try:
        partial.write_text(json.dumps({"version": VERSION, "files": files}), "utf-8")
        partial.replace(path)
    except OSError as error:
        raise StorageError.of(error, str(path)) from error


def _delete(root: Root) -> None:
    try:
        (folder(root) / "state.json").unlink(missing_ok=True)
        if (folder(root) / "index").exists():
            shutil.rmtree(folder(root) / "index")
    except OSError as error:
        raise StorageError.of(error, str(folder(root)), "delete") from error
