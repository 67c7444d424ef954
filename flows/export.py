"""Export articles in the field's formats, with a manifest by which the set can be cited."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pyarrow.parquet as pq

from config.errors import ConfigError
from flows.exporting.delta import append_shard, check_delta
from flows.exporting.dictionary import DICTIONARY, dictionary_text
from flows.exporting.export_folder import ExportFolder, Facts
from flows.exporting.formats import ExportFormat
from flows.exporting.originals import write_originals
from flows.exporting.selection import Selection, open_snapshot, read_shard, rules_of_exported, write_selection
from tasks.http.fetcher import utc_now
from warehouse.connect import check_landed, connect, rows
from warehouse.errors import StorageError
from warehouse.storage.root import Root

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

    from config.settings import Settings

SHARD_ROWS: Final = 10_000
WARC: Final = "warc"
DELTA: Final = "delta"


@dataclass(frozen=True, slots=True)
class ExportReport:
    """What an export wrote."""

    folder: Path
    rows: int
    files: int
    missing_originals: int
    """Articles whose original the archive does not hold any more."""


def export(
    folder: Path,
    formats: Mapping[str, ExportFormat | None],
    selection: Selection,
    settings: Settings,
    *,
    as_of: datetime | None = None,
    shard_rows: int = SHARD_ROWS,
    begin: Callable[[int], None] = lambda _: None,
    advance: Callable[[int], None] = lambda _: None,
) -> ExportReport:
    """Write the chosen articles to a folder in some formats, as of one moment; now, where none is given.

    `warc` and `delta` have no `ExportFormat`. Called again after it was killed it goes on with the shards that are
    missing, as of the same moment. `begin` is called with the number of articles, `advance` with that of each shard.
    Raises `ConfigError` and `WarehouseError`.
    """
    selection.check()
    _check_folder(folder, settings)
    if DELTA in formats:
        check_delta()
    check_landed(Root.at(settings.data))
    target = ExportFolder(folder)
    try:
        with target.locked():
            plan = _begin(target, formats, selection, settings, as_of, shard_rows)
            moment = datetime.fromisoformat(plan["snapshot_at"])
            with open_snapshot(settings, moment, target.selection) as connection:
                begin(plan["articles"])
                _write_shards(target, plan, formats, settings, connection, advance)
                return _finish(target, plan, connection)
    except OSError as error:
        raise StorageError.of(error, str(folder)) from error


def _check_folder(folder: Path, settings: Settings) -> None:
    root = Root.at(settings.data)
    if root.is_folder and folder.resolve().is_relative_to(root.url):
        raise ConfigError(f"{folder} is inside the data root, which only runs write to; name a folder elsewhere")
    if folder.exists() and not folder.is_dir():
        raise ConfigError(f"{folder} is a file; name a folder")


def _begin(
    target: ExportFolder,
    formats: Mapping[str, ExportFormat | None],
    selection: Selection,
    settings: Settings,
    as_of: datetime | None,
    shard_rows: int,
) -> Facts:
    """Return the plan of the export that was begun in the folder, else choose the articles."""

    def choose() -> Facts:
        moment = as_of or utc_now()
        write_selection(settings, selection, moment, target.selection)
        articles = pq.read_metadata(target.selection).num_rows
        return {"snapshot_at": moment.isoformat(), "articles": articles, "code_version": version("copydesk")}

    request = {
        "formats": sorted(formats),
        "selection": selection.facts(),
        "data": Root.at(settings.data).url,
        "shard_rows": shard_rows,
        **({"as_of": as_of.isoformat()} if as_of else {}),
    }
    return target.plan(request, choose)


def _write_shards(
    target: ExportFolder,
    plan: Facts,
    formats: Mapping[str, ExportFormat | None],
    settings: Settings,
    connection: duckdb.DuckDBPyConnection,
    advance: Callable[[int], None],
) -> None:
    """Write the shards that are missing; of no articles there is one, without a row."""
    size = plan["shard_rows"]
    finished = target.shards()
    for facts in finished:
        advance(facts["rows"])
    for number in range(len(finished), max(1, -(-plan["articles"] // size))):
        table = read_shard(connection, number * size, size)
        target.finish_shard(number + 1, _write_shard(target, table, number + 1, formats, settings))
        advance(table.num_rows)


def _write_shard(
    target: ExportFolder,
    table: pa.Table,
    number: int,
    formats: Mapping[str, ExportFormat | None],
    settings: Settings,
) -> Facts:
    """Write the articles of a shard in each format, and return what the manifest says of it."""
    files, missing = [], 0
    articles = table.drop_columns(["holds_capture"])
    for name, form in sorted(formats.items()):
        if name == DELTA:
            append_shard(target.folder / DELTA, number, articles)
        elif name == WARC:
            file, missing = _publish_originals(target, table, number, settings)
            files.append(file)
        elif form is not None:
            path = f"articles-{number:05d}.{form.ending}"
            files.append(target.publish(path, table.num_rows, partial(form.write, articles)))
    return {
        "rows": table.num_rows,
        "files": files,
        "missing_originals": missing,
        "languages": dict(Counter(table["language"].to_pylist())),
        "sources": dict(Counter(table["source_id"].to_pylist())),
        "columns": {field.name: str(field.type) for field in articles.schema},
    }


def _publish_originals(target: ExportFolder, table: pa.Table, number: int, settings: Settings) -> tuple[Facts, int]:
    """Write the originals of a shard; return the facts of the file, and how many the archive does not hold."""
    capture_ids = table.filter(table["holds_capture"])["capture_id"].to_pylist()
    query = (
        "SELECT warc_filename, warc_offset, warc_length FROM captures"
        " WHERE capture_id IN (SELECT unnest($1)) ORDER BY ALL"
    )
    # Another connection: the rows of the first are still being read.
    with connect(settings.data) as connection:
        locations = rows(connection, query, [capture_ids])
    root, name, count = Root.at(settings.data), f"articles-{number:05d}.warc.gz", 0

    def write(path: Path) -> None:
        nonlocal count
        count = write_originals(root, locations, path, name, target.folder.name)

    facts = target.publish(name, 0, write)
    return {**facts, "rows": count}, len(capture_ids) - count


def _finish(target: ExportFolder, plan: Facts, connection: duckdb.DuckDBPyConnection) -> ExportReport:
    """Write the data dictionary and the manifest."""
    shards = target.shards()
    text = dictionary_text(shards[0]["columns"])

    def write_dictionary(path: Path) -> None:
        path.write_text(text, "utf-8")

    target.publish(DICTIONARY, 0, write_dictionary)
    files = [file for shard in shards for file in shard["files"]]
    manifest = {
        "rows": sum(shard["rows"] for shard in shards),
        "languages": _sum(shard["languages"] for shard in shards),
        "sources": _sum(shard["sources"] for shard in shards),
        "missing_originals": sum(shard["missing_originals"] for shard in shards),
        **{name: plan[name] for name in ("selection", "formats", "snapshot_at", "code_version")},
        "exported_at": utc_now().isoformat(),
        "rules": rules_of_exported(connection),
        "data_dictionary": DICTIONARY,
        "files": files,
    }
    target.finish(manifest)
    return ExportReport(target.folder, manifest["rows"], len(files), manifest["missing_originals"])


def _sum(counts: Iterable[dict[str, int]]) -> dict[str, int]:
    total: Counter[str] = Counter()
    for count in counts:
        total.update(count)
    return dict(total.most_common())
