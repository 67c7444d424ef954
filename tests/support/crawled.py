"""A crawl whose parts meet the same addresses and texts, and what a reader sees of it."""

from __future__ import annotations

import gzip
from typing import Any

import pytest

from config.settings import Settings
from config.sources import Source, load_source
from flows.sharding.shards import Shard, shards_of_parts
from tasks.discover import split_input
from tasks.http.fetcher import utc_now
from tasks.listings.input_reader import ReadContext
from tests.support.polled import page
from tests.support.warc_files import HTML, http, record
from warehouse.connect import connect

LEAST = 12
"""Pages of a shard."""


def pages() -> list[tuple[str, str]]:
    """60 pages of which some come again in other shards: as they were, edited, as another's, refused."""
    texts = {number: page(number) for number in range(60)}
    addresses = {number: f"https://e.example/{number}" for number in range(60)}
    addresses[30] = addresses[2]  # another page at an address that was met: an edit
    addresses[31] = addresses[3]
    texts[31] = texts[3]  # the same again
    addresses[33] = addresses[4]
    texts[33] = texts[4].replace("<nav>", "<nav>\n")  # other bytes, the same text
    texts[50] = texts[5]  # at an address of its own: a duplicate
    texts[51] = texts[50]  # and one in the same shard
    texts[52] = texts[14]
    for number in (7, 19, 40):
        texts[number] = "<html><body><nav>Home</nav></body></html>"
        addresses[number] = addresses[7]
    addresses[45] = addresses[7]  # refused three times, then an article
    return [(addresses[number], texts[number]) for number in range(60)]


@pytest.fixture(scope="session")
def crawl(tmp_path_factory) -> Source:
    """Make a source of one WARC file of those pages, a second apart."""
    folder = tmp_path_factory.mktemp("in")
    records = [
        record(url, http(text.encode(), HTML), date=f"2026-03-01T08:30:{second:02}Z")
        for second, (url, text) in enumerate(pages())
    ]
    packed = [gzip.compress(member, mtime=0) for member in records]
    (folder / "in.warc.gz").write_bytes(b"".join(packed))
    (folder / "crawl.toml").write_text(
        'title = "Crawl"\nlanguage = "en"\n[[input]]\nkind = "warc"\npath = "in.warc.gz"\n'
    )
    return load_source(folder / "crawl.toml")


def shards_of(source: Source, settings: Settings) -> list[Shard]:
    """Return the shards of a source, of a dozen pages each."""
    return list(
        shards_of_parts(source, split_input(source, 0, ReadContext(settings, utc_now()), min_documents=LEAST), None)
    )


def content(root: str) -> list[list[tuple[Any, ...]]]:
    """Read every table that a reader of the warehouse sees, without the moments at which rows landed."""
    with connect(root) as warehouse:
        return [
            warehouse.execute(query).fetchall()
            for query in (
                "SELECT article_id, url, version_id, title, text, fetched_at FROM articles ORDER BY ALL",
                "SELECT url, version_id, title, text, fetched_at FROM article_versions ORDER BY ALL",
                "SELECT url, stage, reason, detail, attempts FROM rejects ORDER BY ALL",
                "SELECT url, normalized_url, guid, found_in, state FROM ledger ORDER BY ALL",
                "SELECT url FROM discoveries ORDER BY ALL",
                "SELECT discovered, stored, unchanged, duplicate, rejected, failed, pending FROM runs ORDER BY run_id",
            )
        ]
