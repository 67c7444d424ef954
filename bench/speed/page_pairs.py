"""CPU time of a page from its bytes to its record, against trafilatura with metadata, in one process.

    python -m bench.speed.page_pairs [CORPUS] [--pages 5000]

Both read the same pages in turns of eight, and the one that begins changes from turn to turn, so that what else the
machine does hits both alike. trafilatura has its default settings. Pages are those of `pages.py`: each is another one.
Printed are the mean, the ratio of the sums, the median, the 99th percentile and the dearest page.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

import trafilatura

from bench.speed.pages import Page, make_pages
from config.inputs import FolderInput
from config.settings import Settings
from config.sources import Source
from tasks.article import make_article
from warehouse.model.records import Fetched, Item, RawArticle

TURN = 8
SOURCE = Source(id="bench", title="Bench", input=(FolderInput(kind="folder", path=Path()),))
MAX_BYTES = Settings().max_document_bytes
NOW = datetime.now(UTC)


def make_record(page: Page) -> None:
    item = Item("bench", page.url, page.url, page.url, NOW)
    fetched = Fetched(item, page.content, NOW, media_type="text/html", http_status=200)
    make_article(RawArticle.of(fetched), SOURCE, MAX_BYTES)


def run_trafilatura(page: Page) -> None:
    trafilatura.bare_extraction(page.content, url=page.url, with_metadata=True)


def measure(work: Callable[[Page], None], pages: list[Page]) -> list[float]:
    """Return the CPU milliseconds that each page takes."""
    times = []
    for page in pages:
        began = time.process_time()
        work(page)
        times.append(1000 * (time.process_time() - began))
    return times


def summarise(name: str, times: list[float]) -> str:
    ordered = sorted(times)
    median, high = ordered[len(ordered) // 2], ordered[int(len(ordered) * 0.99)]
    mean, dearest = sum(times) / len(times), ordered[-1]
    high_share = f"{high:.1f} ({high / median:.1f} medians)"
    return f"{name:12s} mean {mean:.1f} ms  median {median:.1f}  99th percentile {high_share}  dearest {dearest:.0f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path, nargs="?")
    parser.add_argument("--pages", type=int, default=5000)
    arguments = parser.parse_args()
    pages = make_pages(arguments.corpus, arguments.pages)
    own: list[float] = []
    other: list[float] = []
    for page in make_pages(arguments.corpus, TURN):
        make_record(page)
        run_trafilatura(page)
    turn = 0
    while batch := list(islice(pages, TURN)):
        turn += 1
        if turn % 2:
            own += measure(make_record, batch)
            other += measure(run_trafilatura, batch)
        else:
            other += measure(run_trafilatura, batch)
            own += measure(make_record, batch)
    print(f"{len(own)} pages, ratio {sum(own) / sum(other):.3f}")
    print(summarise("copydesk", own))
    print(summarise("trafilatura", other))


if __name__ == "__main__":
    main()
