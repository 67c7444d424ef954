"""What the pages of the desk cost at a million articles.

    python -m bench.speed.desk                                    # 100,000 versions of articles
    python -m bench.speed.desk --articles 1000000 --folder /data/bench
    python -m bench.speed.desk --root /data/bench/made             # a root that was made before

Each page is asked for over HTTP from a server in this process: first without summaries, then again. CPU seconds are of
that process; first paint is Chromium's own figure, of a warm page, where there is a Chromium.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from pathlib import Path

from bench.speed.warehouse import END, compact, land_articles
from config.settings import Settings, load_settings
from tests.support.chromium import find_chromium, open_browser
from tests.support.served_desk import ServedDesk, serve
from warehouse.connect import connect
from warehouse.model.rows import Run
from warehouse.model.vocabulary import RunStatus
from warehouse.storage.tables import Store

RUNS_A_SOURCE = 1_000
REPEATS = 3
OTHER_TABLES = {
    "discoveries": "SELECT source_id, run_id, url, normalized_url, url AS guid, 'https://feed.example/' AS found_in,"
    " first_seen_at AS seen_at, title, published_at, NULL::VARCHAR AS modified FROM articles",
    "rejects": "SELECT source_id, url || '?refused' AS url, NULL::VARCHAR AS capture_id, 'extract' AS stage,"
    " ['no_article', 'soft_404', 'login_wall'][1 + (hash(url) % 3)::INT] AS reason, 'no text on the page' AS detail,"
    " 1::BIGINT AS attempts, first_seen_at, first_seen_at AS last_seen_at, run_id, title, published_at,"
    " 'en' AS language, NULL::VARCHAR AS duplicate_of, false AS is_settled FROM articles"
    " QUALIFY row_number() OVER (PARTITION BY source_id) <= 1000",
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--articles", type=int, default=100_000)
    parser.add_argument("--paragraphs", type=int, default=8)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--root", type=Path, help="A data root with articles in it, to which nothing is added.")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        root = options.root
        if root is None:
            root = Path(folder) / "data"
            land_articles(root, options.articles, options.paragraphs, months=4)
            compact(root)
            land_others(root)
        config = Path(folder) / "config"
        write_sources(config)
        measure(load_settings(data=str(root), config=config))
    return 0


def land_others(root: Path) -> None:
    """Land what belongs to the articles of a root: discoveries, rejects and runs."""
    store = Store(root)
    with connect(root) as connection:
        for table, query in OTHER_TABLES.items():
            path = root / table / f"landed_month={END:%Y-%m}" / "made.parquet"
            path.parent.mkdir(parents=True, exist_ok=True)
            connection.execute(f"COPY ({query}) TO '{path}' (FORMAT parquet, COMPRESSION zstd)")
        sources = [name for (name,) in connection.execute("SELECT DISTINCT source_id FROM articles").fetchall()]
    for name in sources:
        runs = [
            Run(f"{name}-{number}", name, END, END, RunStatus.SUCCEEDED, 10, 2, 8, 0, 0, 0, 0, None, "0.1.0", "digest")
            for number in range(RUNS_A_SOURCE)
        ]
        store.land("runs", runs, source_id=name, key="made", now=END)


def write_sources(config: Path) -> None:
    (config / "sources").mkdir(parents=True)
    for number in range(50):
        text = (
            f'title = "Source {number}"\n[[input]]\nkind = "feed"\nurl = "https://source-{number:03d}.example/feed"\n'
        )
        (config / "sources" / f"source-{number:03d}.toml").write_text(text)


def measure(settings: Settings) -> None:
    with serve(settings) as desk:
        pages = paths(desk)
        first = {}
        for name, path in pages.items():
            first[name] = ask(desk, path)
            print(name, first[name], file=sys.stderr, flush=True)
        again = {name: [ask(desk, path) for _ in range(REPEATS)] for name, path in pages.items()}
        paints = first_paints(desk, pages)
    print("| page | first: CPU s | s | again: CPU s | s | first paint, s |\n|---|---|---|---|---|---|")
    for name, (cpu, wall) in first.items():
        cpus, walls = zip(*again[name], strict=True)
        print(f"| {name} | {cpu:.2f} | {wall:.2f} | {min(cpus):.3f} | {min(walls):.3f} | {paints.get(name, '')} |")


def paths(desk: ServedDesk) -> dict[str, str]:
    with connect(desk.settings.data) as connection:
        [(article_id, day)] = connection.execute(
            "SELECT article_id, make_timestamp(epoch_us(published_at))::DATE FROM articles LIMIT 1"
        ).fetchall()
    return {
        "front": "/",
        "articles": "/articles",
        "articles, page 100": "/articles?page=100",
        "articles of a source": "/articles?source=source-017",
        "articles of a day in a language": f"/articles?day={day}&language=en",
        "article": f"/article/{article_id}",
        "rejects": "/rejects",
        "rejects of a reason": "/rejects?reason=soft_404",
        "source": "/source/source-017",
        "sql, 20 rows": "/sql?query=SELECT title FROM articles ORDER BY first_seen_at DESC LIMIT 20",
    }


def ask(desk: ServedDesk, path: str) -> tuple[float, float]:
    """Return CPU and wall-clock seconds of one answer."""
    cpu, wall = time.process_time(), time.perf_counter()
    desk.client.get(f"/desk{path}").raise_for_status()
    return time.process_time() - cpu, time.perf_counter() - wall


def first_paints(desk: ServedDesk, pages: dict[str, str]) -> dict[str, str]:
    """Return the first contentful paint of each page in seconds, the median of some, where there is a Chromium."""
    program = find_chromium()
    if program is None:
        return {}
    script = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime"
    paints = {}
    with open_browser(program) as browser:
        page = browser.new_page()
        for name, path in pages.items():
            times = []
            for _ in range(REPEATS):
                page.goto(f"{desk.address}/desk{path}")
                while (milliseconds := page.evaluate(script)) is None:
                    page.wait_for_timeout(20)
                times.append(milliseconds / 1_000)
            paints[name] = f"{statistics.median(times):.2f}"
    return paints


if __name__ == "__main__":
    sys.exit(main())
