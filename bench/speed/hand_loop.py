"""The loop that one would write by hand: fastwarc, trafilatura with metadata, a process pool, pyarrow.

    python -m bench.speed.hand_loop FILE.warc.gz OUT.parquet PROCESSES

trafilatura is precise and reads no comments, as in `tasks/html/second_reader.py`, but compares its text with that of
other libraries, as is its default; and dates with their time, the first one.
"""

from __future__ import annotations

import multiprocessing
import sys
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import trafilatura
from fastwarc.warc import ArchiveIterator, WarcRecordType

FIELDS = ("title", "author", "date", "hostname", "description", "sitename", "text")
DATES = {"outputformat": "%Y-%m-%dT%H:%M:%S%z", "original_date": True}
ROWS = 500


def read(path: str) -> Iterator[tuple[str, bytes]]:
    with Path(path).open("rb") as file:
        for record in ArchiveIterator(file, record_types=WarcRecordType.response):
            yield record.headers["WARC-Target-URI"], record.reader.read()


def extract(page: tuple[str, bytes]) -> dict[str, str] | None:
    url, content = page
    document = trafilatura.bare_extraction(
        content,
        url=url,
        with_metadata=True,
        favor_precision=True,
        include_comments=False,
        date_extraction_params=DATES,
    )
    return None if document is None else {"url": url, **{name: getattr(document, name) for name in FIELDS}}


def main(source: str, target: str, processes: int) -> None:
    schema = pa.schema([(name, pa.string()) for name in ("url", *FIELDS)])
    rows: list[dict[str, str]] = []
    pages = extracted = 0
    with (
        multiprocessing.get_context("spawn").Pool(processes) as pool,
        pq.ParquetWriter(target, schema, compression="zstd") as writer,
    ):
        for row in pool.imap(extract, read(source), chunksize=8):
            pages += 1
            if row is not None:
                rows.append(row)
                extracted += 1
            if len(rows) == ROWS:
                writer.write_table(pa.Table.from_pylist(rows, schema))
                rows.clear()
        writer.write_table(pa.Table.from_pylist(rows, schema))
    print(f"pages {pages} kept {extracted}")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
