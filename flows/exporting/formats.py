"""The formats of an export: each writes the articles of one shard to one file."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from flows.exporting.news_json import cc_news_record, news_article, ninjs_item
from flows.exporting.values import Row

# Lists of structs, which a spreadsheet has no form for.
NESTED_COLUMNS: Final = ("provenance", "stripped", "languages")


@dataclass(frozen=True, slots=True)
class ExportFormat:
    """How the articles of a shard become a file."""

    ending: str
    write: Callable[[pa.Table, Path], None]
    """Called with the articles and the path of the file, which does not exist yet."""


def rows_of(table: pa.Table) -> Iterable[Row]:
    """Yield the articles of a table, a few of them in memory at a time."""
    for batch in table.to_batches(max_chunksize=200):
        yield from batch.to_pylist()


def write_parquet(table: pa.Table, path: Path) -> None:
    """Write articles with all their columns."""
    pq.write_table(table, path, compression="zstd", write_page_checksum=True)


def write_json_lines(record_of: Callable[[Row], dict[str, Any]], table: pa.Table, path: Path) -> None:
    """Write a JSON object a line."""
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.writelines(f"{_json(record_of(row))}\n" for row in rows_of(table))


def write_json_ld(table: pa.Table, path: Path) -> None:
    """Write one JSON-LD document, in whose graph each article has a line."""
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.write('{"@context": "https://schema.org", "@graph": [')
        for number, row in enumerate(rows_of(table)):
            file.write(f"{',' if number else ''}\n{_json(news_article(row))}")
        file.write("\n]}\n")


def write_tei(table: pa.Table, path: Path) -> None:
    """Write a zip file with a TEI document for each article."""
    from flows.exporting.tei import tei_document

    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for row in rows_of(table):
            # A time of its own would give the same articles another digest each time.
            archive.writestr(zipfile.ZipInfo(f"{row['article_id']}.xml"), tei_document(row), zipfile.ZIP_DEFLATED)


FORMATS: Final[dict[str, ExportFormat]] = {
    "parquet": ExportFormat("parquet", write_parquet),
    "jsonl": ExportFormat("jsonl", partial(write_json_lines, cc_news_record)),
    "jsonld": ExportFormat("jsonld", write_json_ld),
    "ninjs": ExportFormat("ninjs.jsonl", partial(write_json_lines, ninjs_item)),
    "tei": ExportFormat("tei.zip", write_tei),
}


def _json(record: dict[str, Any]) -> str:
    return json.dumps(record, ensure_ascii=False)
