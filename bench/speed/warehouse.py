"""How the warehouse grows old: what a run's start, `status` and queries cost by its age and size.

    python -P bench/speed/warehouse.py                        # days 1 and 3 of 20 sources, 100,000 articles
    python -P bench/speed/warehouse.py --days 1 7 --articles 1000000 --paragraphs 8 --folder /data/bench
    python -P bench/speed/warehouse.py --days --compacted-days 1 28 --articles 0 --addresses 0

-P is needed because the script has the name of one of our packages. Everything is made by the project's own Store and
read by its own commands, each in a process of its own. CPU seconds (user and system) and peak memory are measured:
other figures say little on a machine that does other work too. `log` is the warehouse before a compaction, `base`
after it, with the newest hour still in the log.
"""

from __future__ import annotations

import argparse
import math
import os
import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from warehouse.catalogue import write_catalogue
from warehouse.model.records import LISTED, Article, Capture, Fetched, Item
from warehouse.model.rows import Discovery, Poll, Run
from warehouse.model.schema import SCHEMAS
from warehouse.model.vocabulary import Outcome, Purpose, RunStatus
from warehouse.storage.arrow import to_parquet
from warehouse.storage.tables import Store

SOURCES = 20
MINUTES_BETWEEN_RUNS = 20
SHARE_OF_RUNS_WITH_NEWS = 0.3
BATCH = 500
ADDRESSES_A_FILE = 5_000
END = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)

START_OF_A_RUN = """
import sys
from datetime import UTC, datetime
from warehouse.state.ledger import Ledger
from warehouse.state.recurring_lines import known_habits
from warehouse.state.source_state import SourceState
from warehouse.storage.tables import Store
root = sys.argv[1]
Store(root).prepare()
known_habits(root, "source-03")
with SourceState(root, "source-03", datetime.now(UTC), str) as state, Ledger(state, ("a", "b")) as ledger:
    state.endpoints(), state.killed_since(), ledger.lost(), ledger.addresses.pending()
    list(ledger.due(state.now, (1.0, 24.0)))
"""
LEARNING = """
import sys
from warehouse.state.recurring_lines import newest_articles
newest_articles(sys.argv[1], "source-03")
"""
LEDGER = """
import random, resource, sys
from datetime import UTC, datetime
import pyarrow.compute, pyarrow.parquet
from warehouse.state.ledger import Ledger
from warehouse.state.source_state import SourceState
used = lambda: sum(resource.getrusage(resource.RUSAGE_SELF)[:2])
memory = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
root, count = sys.argv[1], int(sys.argv[2])
imported, began = memory(), used()
state = SourceState(root, "source-000", datetime.now(UTC), str)
ledger = Ledger(state, ("a", "b"))
print(used() - began, memory() - imported)
address = "https://source-000.example/news/{:09d}-a-slug-of-usual-length.html"
urls = [address.format(random.randrange(count)) for _ in range(500)]
began = used()
assert all(ledger.addresses.get(url) for url in urls)
print(1_000 * (used() - began), state.path.stat().st_size // 1_000_000)
"""
COMPACT = """
import sys
from datetime import datetime, timedelta
from warehouse.storage.compaction import Ages, compact
from warehouse.storage.tables import Store
ages = Ages(visible=timedelta(0), deleted=timedelta(0))
done = compact(Store(sys.argv[1]), datetime.fromisoformat(sys.argv[2]), seconds=0, ages=ages)
print(sum(len(merge.log_files) for merge in done.merges), done.rows)
"""
QUERY = """
import resource, sys
from warehouse.connect import connect
from warehouse.definitions import SQL
root, query = sys.argv[1:3]
used = lambda: sum(resource.getrusage(resource.RUSAGE_SELF)[:2])
with connect(root) as warehouse:
    warehouse.execute("SET threads = 2; SET enable_progress_bar = false")
    window = (SQL / "log_only" / "articles.sql").read_text().replace("CREATE VIEW articles", "CREATE TEMP VIEW today")
    warehouse.execute(window)
    raw = f"read_parquet('{root}/articles/base/*.parquet', union_by_name = true)"
    best = 9e9
    for _ in range(2):
        began = used()
        warehouse.execute(query.replace("FROM raw", f"FROM {raw}")).fetchall()
        best = min(best, used() - began)
print(best)
"""
QUERIES = {
    "count(*)": "SELECT count(*) FROM {}",
    "by day, source, language": "SELECT source_id, language, make_timestamp(epoch_us(published_at))::DATE, count(*)"
    " FROM {} GROUP BY ALL",
    "an id": "SELECT title, length(text) FROM {} WHERE article_id = '{id}'",
    "an absent id": "SELECT title FROM {} WHERE article_id = '0123456789abcdef0123456789abcdef'",
    "newest 50 of a source": "SELECT published_at, title FROM {} WHERE source_id = 'source-017'"
    " ORDER BY published_at DESC LIMIT 50",
    "a source and 11 days": "SELECT count(*), max(title) FROM {} WHERE source_id = 'source-017'"
    " AND published_at BETWEEN TIMESTAMPTZ '{day}' AND TIMESTAMPTZ '{ten_days_later}'",
    "a month, text ILIKE": "SELECT count(*) FROM {} WHERE text ILIKE '%parliament of%'"
    " AND published_at BETWEEN TIMESTAMPTZ '{day}' AND TIMESTAMPTZ '{month_later}'",
    "SELECT * newest 20": "SELECT * FROM {} ORDER BY published_at DESC LIMIT 20",
}
OTHERS = {
    "articles_as_of(a month ago)": "SELECT count(*) FROM articles_as_of(TIMESTAMPTZ '{day}')",
    "article_edits": "SELECT count(*), sum(len(changed)) FROM article_edits",
    "source_health": "SELECT * FROM source_health",
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--days", type=int, nargs="*", default=[1, 3])
    parser.add_argument("--compacted-days", type=int, nargs="*", default=[], help="Compacted as each day ends.")
    parser.add_argument("--articles", type=int, default=100_000)
    parser.add_argument("--addresses", type=int, default=100_000, help="Of one source.")
    parser.add_argument("--paragraphs", type=int, default=8, help="Of 95 words each; 0 for narrow texts.")
    parser.add_argument("--months", type=int, default=4)
    parser.add_argument("--folder", type=Path)
    options = parser.parse_args()
    # It makes the generator ten times as fast, and no file different.
    os.fsync = lambda _: None
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        for days in options.days:
            measure_days(Path(folder) / f"days-{days}", days)
        for days in options.compacted_days:
            measure_compacted_days(Path(folder) / f"compacted-{days}", days)
        if options.addresses:
            measure_ledger(Path(folder) / "ledger", options.addresses)
        if options.articles:
            measure_volume(Path(folder) / "volume", options)
    return 0


def measure_days(root: Path, days: int) -> None:
    print(f"\n## Day {days}: {SOURCES} sources every {MINUTES_BETWEEN_RUNS} minutes\n")
    print("| | log: CPU s | MB | base: CPU s | MB |\n|---|---|---|---|---|")
    land_days(root, days)
    steps = steps_of(root)
    before = {name: measure(command) for name, command in steps.items()}
    files = count_files(root)
    cost = compact(root)
    after = {name: measure(command) for name, command in steps.items()}
    for name, (cpu, memory, _) in before.items():
        print(f"| {name} | {cpu:.2f} | {memory} | {after[name][0]:.2f} | {after[name][1]} |")
    print(f"| Parquet files | {files:,} | | {count_files(root):,} | |")
    print(f"\nCompaction: {cost}")
    shutil.rmtree(root)


def steps_of(root: Path) -> dict[str, list[str]]:
    """Return the commands that are measured over a data root, by name."""
    config = root.parent / "config"
    (config / "sources").mkdir(parents=True, exist_ok=True)
    for number in range(SOURCES):
        text = f'title = "S"\n[[input]]\nkind = "feed"\nurl = "https://source-{number:02d}.example/feed.xml"\n'
        (config / "sources" / f"source-{number:02d}.toml").write_text(text)
    copydesk = str(Path(sys.executable).with_name("copydesk"))
    return {
        "a source's first start": [sys.executable, "-c", START_OF_A_RUN, str(root)],
        "a run's start": [sys.executable, "-c", START_OF_A_RUN, str(root)],
        "articles to learn from": [sys.executable, "-c", LEARNING, str(root)],
        "status": [copydesk, "status", "--data", str(root), "--config", str(config)],
        "sql count articles": [copydesk, "sql", "SELECT count(*) FROM articles", "--data", str(root)],
        "sql count runs": [copydesk, "sql", "SELECT count(*) FROM runs", "--data", str(root)],
    }


def measure_compacted_days(root: Path, days: int) -> None:
    """Measure a warehouse that was compacted all along, with the newest hour in the log."""
    print(f"\n## Day {days}, compacted as each day ended: {SOURCES} sources every {MINUTES_BETWEEN_RUNS} minutes\n")
    land_days(root, days, after_day=lambda: [compact_all(root) for _ in range(2)])
    cost = compact(root)
    print("| | CPU s | MB |\n|---|---|---|")
    for name, command in steps_of(root).items():
        cpu, memory, _ = measure(command)
        print(f"| {name} | {cpu:.2f} | {memory} |", flush=True)
    print(f"| Parquet files | {count_files(root):,} | |\n\nThe last compaction: {cost}")
    shutil.rmtree(root)


def measure_ledger(root: Path, count: int) -> None:
    print(f"\n## The ledger of a source with {count:,} addresses\n")
    land_addresses(root, count)
    print("| | CPU s | MB above the imports | 500 look-ups, ms | MB of the file |\n|---|---|---|---|---|")
    for name in ("made anew", "a run's start"):
        _, _, text = measure([sys.executable, "-c", LEDGER, str(root), str(count)])
        cpu, memory, look_ups, size = text.split()
        print(f"| {name} | {float(cpu):.3f} | {memory} | {float(look_ups):.1f} | {size} |", flush=True)


def measure_volume(root: Path, options: argparse.Namespace) -> None:
    land_articles(root, options.articles, options.paragraphs, options.months)
    print(f"\n## {options.articles:,} versions of articles, {options.paragraphs} paragraphs each\n")
    cost = compact(root)
    article_id = str(pc.min(ids(np.arange(3), 1)).as_py())
    day = END - timedelta(days=60)
    moments = {"day": day, "ten_days_later": day + timedelta(days=10), "month_later": day + timedelta(days=30)}
    print("| | today's view: CPU s | MB | the view | MB | base files, raw | MB | today / view | view / raw |")
    print("|---|---|---|---|---|---|---|---|---|")
    for name, query in QUERIES.items():
        row = []
        for view in ("today", "articles", "raw"):
            sql = query.format(view, id=article_id, **moments)
            _, memory, text = measure([sys.executable, "-c", QUERY, str(root), sql])
            # A query that fails, as for want of memory, has said why, and the others follow.
            row.append((float(text.split()[-1]) if text else math.nan, memory))
        cells = " | ".join(f"{cpu:.3f} | {memory}" for cpu, memory in row)
        print(f"| {name} | {cells} | {row[0][0] / row[1][0]:.1f} | {row[1][0] / row[2][0]:.1f} |", flush=True)
    for name, query in OTHERS.items():
        _, memory, text = measure([sys.executable, "-c", QUERY, str(root), query.format(**moments)])
        print(f"| {name} | | | {float(text.split()[-1]):.2f} | {memory} | | | | |", flush=True)
    print(f"\nCompaction: {cost}")


# A process of its own between: peak memory is handed on from parent to child.
WRAPPER = """
import os, subprocess, sys
process = subprocess.Popen(sys.argv[1:])
_, status, usage = os.wait4(process.pid, 0)
print(usage.ru_utime + usage.ru_stime, usage.ru_maxrss // 1024)
sys.exit(os.waitstatus_to_exitcode(status))
"""


def measure(command: list[str]) -> tuple[float, int, str]:
    """Return CPU seconds, peak memory in MB and output of a command."""
    wrapped = [sys.executable, "-S", "-c", WRAPPER, *command]
    done = subprocess.run(wrapped, capture_output=True, text=True, check=False)
    if done.returncode:
        print(done.stderr, file=sys.stderr)
    text, _, last = done.stdout.rstrip().rpartition("\n")
    cpu, memory = last.split()
    return float(cpu), int(memory), text


def compact(root: Path) -> str:
    cpu, memory, text = measure([sys.executable, "-c", COMPACT, str(root), END.isoformat()])
    files, rows = map(int, text.split())
    # What was replaced goes when readers have turned to the base files; months are joined, and then their days go.
    for _ in range(2):
        compact_all(root)
    each = f"{1_000 * cpu / max(1, files):.2f} ms a file, {1_000 * cpu / max(1, rows):.3f} ms a row"
    return f"{files:,} files, {rows:,} rows in {cpu:.1f} CPU s and {memory} MB: {each}"


def compact_all(root: Path) -> None:
    measure([sys.executable, "-c", COMPACT, str(root), datetime.now(UTC).isoformat()])


def count_files(root: Path) -> int:
    return sum(1 for table in SCHEMAS for _ in (root / table).rglob("*.parquet"))


def land_days(root: Path, days: int, after_day: Callable[[], object] = lambda: None) -> None:
    """Land what runs of some days land, up to `END`; each file has the age that it would have."""
    slots_a_day = 24 * 60 // MINUTES_BETWEEN_RUNS
    store, rng = Store(root), random.Random(days)  # noqa: S311  rows, no secrets
    words = [f"word{number}" for number in range(20_000)]
    counts = dict.fromkeys(range(SOURCES), 0)
    for slot in range(days * slots_a_day):
        if slot and slot % slots_a_day == 0:
            after_day()
        for number in range(SOURCES):
            now = END - timedelta(days=days) + timedelta(minutes=MINUTES_BETWEEN_RUNS * slot, seconds=7 * number)
            has_news = rng.random() < SHARE_OF_RUNS_WITH_NEWS or not counts[number]
            names = land_run(store, f"source-{number:02d}", now, counts[number] if has_news else None, rng, words)
            counts[number] += 2 if has_news else 0
            for name in names:
                os.utime(root / name, (now.timestamp(), now.timestamp()))
    write_catalogue(root)


def land_run(
    store: Store, source_id: str, now: datetime, first: int | None, rng: random.Random, words: list[str]
) -> list[str]:
    """Land the rows of a run that met two new articles, the first of this number, or nothing."""
    run_id, feed = f"{now:%Y%m%dT%H%M%SZ}-{rng.getrandbits(32):08x}", f"https://{source_id}.example/feed.xml"
    run = Run(run_id, source_id, now, code_version="0.1.0", config_digest="0123456789abcdef")
    item = Item(source_id, feed, feed, feed, now, purpose=Purpose.LISTING)
    listing = Fetched(item, b"<rss/>", now, "application/rss+xml", "utf-8", None, 200)
    captures = [replace(capture_of(listing, run_id, rng), outcome=LISTED)]
    articles: list[Article] = []
    discoveries = []
    for number in () if first is None else (first, first + 1):
        url = f"https://{source_id}.example/news/2026/11/story-{number}-with-a-slug-of-usual-length.html"
        item = Item(source_id, url, f"guid-{number}", feed, now)
        captures.append(
            replace(
                capture_of(Fetched(item, b"x", now, "text/html", "utf-8", None, 200), run_id, rng),
                outcome=Outcome.STORED,
            )
        )
        discoveries.append(Discovery(source_id, run_id, url, url, f"guid-{number}", feed, now, f"Story {number}", now))
        text = "\n\n".join(" ".join(rng.choices(words, k=60)) for _ in range(8))
        articles.append(make_article(source_id, number, url, captures[-1].capture_id, run_id, text, now))
    poll = Poll(
        source_id, run_id, feed, now, 200 if first is not None else 304, 20, 20, now, False, now + timedelta(minutes=20)
    )
    ended = replace(run, finished_at=now + timedelta(seconds=20), status=RunStatus.SUCCEEDED)
    batches = [
        ("captures", captures[:1] if first is not None else [], f"{run_id}-1"), ("polls", [poll], run_id),
        ("discoveries", discoveries, run_id), ("articles", articles, run_id), ("captures", captures[1:], f"{run_id}-2"),
        ("runs", [ended], f"{run_id}-succeeded"),
    ]  # fmt: skip
    landed = [store.land(table, rows, source_id=source_id, key=key, now=now) for table, rows, key in batches]
    return list(filter(None, landed))


def capture_of(fetched: Fetched, run_id: str, rng: random.Random) -> Capture:
    filename = f"archive/{fetched.item.source_id}/{run_id}.warc.gz"
    return Capture.of(fetched, capture_id=f"{rng.getrandbits(128):032x}", run_id=run_id, warc_filename=filename)


def make_article(
    source_id: str, number: int, url: str, capture_id: str, run_id: str, text: str, now: datetime
) -> Article:
    values: dict[str, object] = dict.fromkeys(Article.__slots__)
    values |= {"article_id": f"{source_id}-{number}", "version_id": f"{source_id}-{number}-1", "source_id": source_id}
    values |= {"url": url, "normalized_url": url, "capture_id": capture_id, "run_id": run_id, "text": text}
    values |= {"title": f"Story {number} of {source_id}", "authors": ("Jane Doe",), "tags": ("a", "b")}
    values |= {"info_sources": (), "language": "en", "language_confidence": 0.99, "languages": (), "published_at": now}
    values |= {"first_seen_at": now, "fetched_at": now, "landed_at": now, "provenance": {}, "stripped": ()}
    values |= {"quality": 0.8, "extractor": "trafilatura", "word_count": 480, "deleted": False}
    return Article(**values)  # type: ignore[arg-type]


def ids(numbers: np.ndarray, salt: int) -> pa.Array:
    """Return a hash of 32 hex digits for each number."""
    first = numbers.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15) + np.uint64(salt)
    first ^= first >> np.uint64(29)
    first *= np.uint64(0xBF58476D1CE4E5B9)
    first ^= first >> np.uint64(32)
    second = first * np.uint64(0x94D049BB133111EB)
    text = np.stack([first, second ^ (second >> np.uint64(31))], 1).tobytes().hex().encode()
    ends = np.arange(0, len(text) + 1, 32, dtype=np.int32)
    return pa.StringArray.from_buffers(len(numbers), pa.py_buffer(ends), pa.py_buffer(text))


def land_articles(root: Path, count: int, paragraphs: int, months: int) -> None:
    """Land batches of one source each, up to `END`; 5 % of the rows are edits of an earlier article."""
    store, rng = Store(root), np.random.default_rng(7)
    store.prepare()
    # About 15 numbers in a text of 760 words, as in news.
    numbers = [f"{number:,}" for number in range(0, 80_000, 200)]
    words = np.array([*map(spell, range(20_000)), *numbers, *["parliament", "of", "the"] * 300], dtype=object)
    texts = pa.array([" ".join(words[rng.integers(0, len(words), 95)]) for _ in range(20_000)])
    titles = pa.array([" ".join(words[rng.integers(0, len(words), 9)]) for _ in range(20_000)])
    began = END - timedelta(days=30 * months)
    for number in range(count // BATCH):
        now = began + (END - began) * (number / (count // BATCH))
        name = f"articles/landed_month={now:%Y-%m}/source-{number % 50:03d}-{number:08d}.parquet"
        rows = article_rows(number, now, rng, texts, titles, paragraphs)
        store.root.publish(name, to_parquet("articles", rows.sort_by("published_at")))
        os.utime(root / name, (now.timestamp(), now.timestamp()))
    write_catalogue(root)


def spell(number: int) -> str:
    """Return a word of letters for a number."""
    digits = (number // 5_625, number // 75 % 75, number % 75)
    return "".join(f"{'bdfghklmnprstvz'[digit // 5]}{'aeiou'[digit % 5]}" for digit in digits)


def land_addresses(root: Path, count: int) -> None:
    """Land what is known of as many pages of one source, each of them read once and an article."""
    store, feed = Store(root), "https://source-000.example/feed.xml"
    store.prepare()
    for first in range(0, count, ADDRESSES_A_FILE):
        numbers = np.arange(first, min(first + ADDRESSES_A_FILE, count))
        times = pa.array(int(END.timestamp() * 1e6) - 60_000_000 * (count - numbers))
        names = pa.array(numbers).cast(pa.string())
        urls = joined("https://source-000.example/news/", pc.utf8_lpad(names, 9, "0"), "-a-slug-of-usual-length.html")
        common: dict[str, object] = {"source_id": "source-000", "run_id": f"20260101T000000Z-{first:08x}", "url": urls}
        common |= {"normalized_url": urls, "capture_id": ids(numbers, 2)}
        rows: dict[str, dict[str, object]] = {
            "discoveries": {"guid": joined("guid-", names, ""), "found_in": feed, "seen_at": times,
                            "title": joined("Story ", names, " of the day"), "published_at": times},
            "captures": {"fetched_at": times, "http_status": 200, "media_type": "text/html", "charset": "utf-8",
                         "etag": joined('"', names, '"'), "payload_bytes": 50_000, "outcome": "stored",
                         "payload_digest": joined("sha256:", ids(numbers, 1), "0" * 32), "is_read": True,
                         "purpose": "document", "warc_filename": ""},
            "articles": {"article_id": ids(numbers, 3), "version_id": ids(numbers, 4), "first_seen_at": times,
                         "fetched_at": times, "landed_at": times, "language": "en", "text": "text"},
        }  # fmt: skip
        for table, values in rows.items():
            name = f"{table}/landed_month={END:%Y-%m}/source-000-{first:09d}.parquet"
            store.root.publish(name, to_parquet(table, table_of(table, common | values, len(numbers))))


def joined(before: str, texts: pa.Array, after: str) -> pa.Array:
    """Return each text between two others."""
    return pc.binary_join_element_wise(before, texts, after, "")


def table_of(table: str, values: dict[str, object], count: int) -> pa.Table:
    """Return rows with these columns, or one value for all of them; the other columns are empty."""
    columns = []
    for field in SCHEMAS[table]:
        value = values.get(field.name)
        if isinstance(value, pa.Array):
            columns.append(value.cast(field.type))
        elif value is not None or field.nullable:
            columns.append(pa.repeat(pa.scalar(value, field.type), count))
        else:
            columns.append(empty_column(field.type, count))
    return pa.Table.from_arrays(columns, schema=SCHEMAS[table])


@cache
def empty_column(data_type: pa.DataType, count: int) -> pa.Array:
    """Return lists without entries, or zeros."""
    empty = pa.scalar([], data_type) if pa.types.is_nested(data_type) else pa.scalar(0).cast(data_type)
    return pa.repeat(empty, count)


def article_rows(
    batch: int, now: datetime, rng: np.random.Generator, texts: pa.Array, titles: pa.Array, paragraphs: int
) -> pa.Table:
    source_id, moment = f"source-{batch % 50:03d}", int(now.timestamp() * 1e6)
    version = np.arange(batch * BATCH, (batch + 1) * BATCH)
    back = rng.integers(1, 9, BATCH) * BATCH * 50
    article = np.where((rng.random(BATCH) < 0.05) & (version - back >= 0), version - back, version)
    picks = [pc.take(texts, pa.array(rng.integers(0, len(texts), BATCH))) for _ in range(paragraphs)]
    title = pc.take(titles, pa.array(article % len(titles)))
    url = pa.array([f"https://{source_id}.example/news/2026/{n:09d}-a-slug-of-usual-length.html" for n in article])
    read_at = moment + np.arange(BATCH) * 1_000
    values: dict[str, object] = {
        "article_id": ids(article, 1), "version_id": ids(version, 2), "capture_id": ids(version, 3), "url": url,
        "normalized_url": url, "canonical_url": url, "title": title, "description": title,
        "source_id": [source_id] * BATCH,
        "text": pc.binary_join_element_wise(*picks, "\n\n") if picks else title, "run_id": [f"run-{batch:06d}"] * BATCH,
        "language": ["en", "de", "fr", "ar"][batch % 4], "authors": ["Jane Doe"], "tags": ["a", "b"],
        "info_sources": ["Reuters"], "languages": [], "published_at": moment - rng.integers(0, 43_200_000_000, BATCH),
        "first_seen_at": read_at, "fetched_at": read_at, "landed_at": read_at + 60_000_000,
        "provenance": [("title", {"origin": "json-ld", "lost": []})], "quality": rng.random(BATCH), "word_count": 760,
        "stripped": [{"line": 0, "reason": "menu", "text": "Home News Sport"}], "language_confidence": 0.99,
        "extractor": "trafilatura", "deleted": False,
    }  # fmt: skip
    columns = []
    for field in SCHEMAS["articles"]:
        value = values.get(field.name)
        # What is the same in all rows stands there once.
        is_column = isinstance(value, np.ndarray | pa.Array | pa.ChunkedArray) or field.name.endswith("_id")
        columns.append(pa.array(value if is_column else [value] * BATCH, field.type))
    return pa.Table.from_arrays(columns, schema=SCHEMAS["articles"])


if __name__ == "__main__":
    sys.exit(main())
