"""What comparing new texts with all older ones costs: per article, and beside a million old ones.

    python -m bench.speed.copies [--old 1000000] [--new 20000]

The new articles are made up, of 450 words each, a third of them copies. The old ones are sketches of random hashes, in
as many files as updates and their merges leave.
"""

from __future__ import annotations

import argparse
import os
import random
import resource
import sys
import tempfile
from collections.abc import Callable
from multiprocessing import get_context
from pathlib import Path

import duckdb

from bench.results import write_section
from tests.support.rows import NOON, article
from warehouse.connect import connect
from warehouse.copies.sketch_files import COLUMNS, SketchFile
from warehouse.copies.update import sketch_version, update_copies
from warehouse.definitions import quote
from warehouse.storage.tables import Store

WORDS = 450
HASHES = 28
FILE_ROWS = (0.6, 0.2, 0.1, 0.05, 0.03, 0.02)

OLD_ROWS = """
    SELECT
        number, md5(number::VARCHAR) AS article_id, md5(number::VARCHAR) AS version_id,
        TIMESTAMPTZ '2026-03-14 12:00:00+00' AS landed_at, NULL AS replaces, 450 AS word_count,
        hash(number) AS text_hash, 16 AS modulus,
        list_transform(range({hashes}), lambda place: (hash(number, place) >> 32)::UINTEGER) AS sketch,
        list_transform(range(8), lambda place: (hash(number + place) >> 32)::UINTEGER) AS numbers,
        number AS label, NULL AS edges, NULL AS common
    FROM range({first}, {end}) AS made (number)
"""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--old", type=int, default=1_000_000)
    parser.add_argument("--new", type=int, default=20_000)
    parser.add_argument("--folder", type=Path)
    options = parser.parse_args()
    os.fsync = lambda _: None
    lines = []
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        for old in (0, options.old):
            root = Path(folder) / str(old)
            land(root, options.new, 0)
            if old:
                make_old(root, old)
            seconds, megabytes = measured(update, root)
            lines.append(f"{options.new:,} new beside {old:>9,} old: {seconds:.2f} CPU-s, peak {megabytes:.0f} MB")
            lines.append(f"  that is {seconds / options.new * 1000:.3f} ms an article")
        land(root, 20, options.new)
        seconds, megabytes = measured(update, root)
        lines.append(f"20 new beside {options.old + options.new:,} old: {seconds:.2f} CPU-s, peak {megabytes:.0f} MB")
        files = list(root.glob("copies/*/*.parquet"))
        size = sum(path.stat().st_size for path in files) / 1e6
        lines.append(f"sketches: {len(files)} files, {size:.0f} MB")
        seconds, megabytes = measured(ask, root)
        lines.append(
            f"SELECT count(*), count(DISTINCT group_id) FROM copies: {seconds:.2f} CPU-s, peak {megabytes:.0f} MB"  # noqa: S608
        )
    report = "\n".join(lines)
    print(report)
    write_section("Copies: new texts against all older ones", report)
    return 0


def land(root: Path, count: int, first: int) -> None:
    rng = random.Random(first)  # noqa: S311
    vocabulary = [f"{rng.choice('bdfgklmnprst')}{'aeiou'[number % 5]}{number:x}" for number in range(20_000)]
    texts: list[str] = []
    for _ in range(count):
        copied = texts and rng.random() < 1 / 3
        texts.append(rng.choice(texts) if copied else " ".join(rng.choices(vocabulary, k=WORDS)))
    for start in range(0, count, 5_000):
        numbers = range(first + start, first + min(start + 5_000, count))
        rows = [article(n, article_id=f"{n:032x}", version_id=f"{n:032x}", text=texts[n - first]) for n in numbers]
        Store(root).land("articles", rows, source_id="bench", key=str(first + start), now=NOON)


def make_old(root: Path, count: int) -> None:
    """Write the sketches of articles that are not there; each is a group of its own."""
    folder, first = root / "copies" / sketch_version(), 1
    folder.mkdir(parents=True)
    columns = ", ".join(f"{name}::{kind} AS {name}" for name, kind in COLUMNS.items())
    with duckdb.connect() as connection:
        for share in FILE_ROWS:
            last = first + round(count * share) - 1
            path = root / SketchFile(first, last, sketch_version()).name
            query = OLD_ROWS.format(first=first, end=last + 1, hashes=HASHES)
            connection.execute(f"COPY (SELECT {columns} FROM ({query})) TO {quote(str(path))} (COMPRESSION zstd)")  # noqa: S608
            first = last + 1


def update(root: Path) -> None:
    update_copies(str(root), seconds=1, since_last=True)


def ask(root: Path) -> None:
    with connect(root) as connection:
        connection.execute("SELECT count(*), count(DISTINCT group_id) FROM copies").fetchall()


def measured(work: Callable[[Path], None], root: Path) -> tuple[float, float]:
    """Return the CPU seconds and the peak megabytes of work in a process of its own, its start included."""
    with get_context("spawn").Pool(1) as pool:
        return pool.apply(_measure, (work, root))


def _measure(work: Callable[[Path], None], root: Path) -> tuple[float, float]:
    work(root)
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


if __name__ == "__main__":
    sys.exit(main())
