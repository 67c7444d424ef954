"""Every kind of input has one reader, and answers each question that is asked of any input."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime

import pytest

from config.inputs import INPUTS
from config.sources import KNOWN_KEYS, load_source
from flows.ingestion.poll import _FOLLOW
from tasks.discover import (
    INPUT_READERS,
    count_documents,
    discover,
    endpoint,
    is_polled,
    listed_documents,
    read_listing,
    read_split,
    reader_of,
    split_input,
)
from tasks.listings.discovered import item_of
from tasks.listings.input_reader import ReadContext
from tasks.listings.listing import ListingError
from tests.support.warc_files import record

NOW = datetime(2026, 3, 1, tzinfo=UTC)
PAGE = b'<html><body><a href="/news/1">One</a> <a href="/sport/2">Two</a></body></html>'
FEED = b'<rss version="2.0"><channel><item><link>https://e.example/news/1</link></item></channel></rss>'
SITEMAP = b"<urlset><url><loc>https://e.example/news/1</loc></url></urlset>"

# Each kind as an editor writes it, and a listing of it where it is polled.
TABLES = {
    "feed": ('url = "https://e.example/rss"', FEED),
    "sitemap": ('url = "https://e.example/sitemap.xml"', SITEMAP),
    "pages": ('urls = ["https://e.example/news/1"]', None),
    "pages, polled": ('url = "https://e.example/"\nlinks = "/news/"', PAGE),
    "folder": ('path = "folder"', None),
    "warc": ('path = "crawl.warc.gz"', None),
    "jsonl": ('path = "records.jsonl"', None),
}
FILES = ("folder", "warc", "jsonl")


@pytest.fixture
def one_input(tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "a.txt").write_text("A text")
    (tmp_path / "records.jsonl").write_text(json.dumps({"url": "https://e.example/news/1", "text": "A text"}))
    (tmp_path / "crawl.warc.gz").write_bytes(gzip.compress(record("https://e.example/news/1")))

    def of(name):
        path = tmp_path / "paper.toml"
        path.write_text(f'title = "Paper"\n[[input]]\nkind = "{name.partition(",")[0]}"\n{TABLES[name][0]}\n')
        return load_source(path)

    return of


def test_every_kind_has_a_reader_and_is_tested_here():
    assert INPUT_READERS.keys() == set(INPUTS.values())
    assert {name.partition(",")[0] for name in TABLES} == INPUTS.keys()
    assert {f"input.{kind}" for kind in INPUTS} <= KNOWN_KEYS.keys()


@pytest.mark.parametrize("name", TABLES)
def test_an_input_of_any_kind_says_where_it_is(name, one_input):
    source = one_input(name)
    address = endpoint(source, source.input[0])
    assert address.startswith("https://e.example/" if is_polled(source, source.input[0]) else "file:///")


@pytest.mark.parametrize("name", TABLES)
def test_an_input_of_any_kind_names_its_document_by_polling_or_by_reading(name, one_input, settings):
    source, listing = one_input(name), TABLES[name][1]
    entry = source.input[0]
    assert is_polled(source, entry) == (listing is not None)
    assert count_documents(source) == (1 if name == "folder" else None)
    if listing is None:
        documents = discover(source, entry, ReadContext(settings, NOW))
    else:
        read = read_listing(source, entry, listing, "https://e.example/x", None, None)
        documents = listed_documents(source, entry, read, endpoint(source, entry), NOW)
    [document] = documents
    assert item_of(document).url.endswith("/a.txt" if name == "folder" else "https://e.example/news/1")


@pytest.mark.parametrize("name", TABLES)
def test_what_a_kind_cannot_do_is_refused(name, one_input, settings):
    source, context = one_input(name), ReadContext(settings, NOW)
    entry = source.input[0]
    if not is_polled(source, entry):
        with pytest.raises(TypeError if name != "pages" else ListingError):
            read_listing(source, entry, b"", "https://e.example/", None, None)
    elif name != "pages, polled":
        with pytest.raises(TypeError, match="is polled, not read"):
            discover(source, entry, context)


@pytest.mark.parametrize("name", TABLES)
def test_the_splits_of_files_hold_what_the_input_holds(name, one_input, settings):
    source, context = one_input(name), ReadContext(settings, NOW)
    assert reader_of(source, source.input[0]).can_split == (name in FILES)
    if name not in FILES:
        with pytest.raises(TypeError, match="has no splits"):
            split_input(source, 0, context)
        return
    [split] = split_input(source, 0, context)
    assert [*read_split(source, split, context)] == [*discover(source, source.input[0], context)]


def test_every_kind_that_is_polled_is_followed(one_input):
    polled = {
        type(entry)
        for name in TABLES
        for source in [one_input(name)]
        for entry in source.input
        if is_polled(source, entry)
    }
    assert _FOLLOW.keys() == polled


@pytest.mark.parametrize("name", ["feed", "sitemap", "pages, polled"])
def test_exclude_holds_for_every_listing(name, one_input):
    source = one_input(name)
    entry = source.input[0].model_copy(update={"exclude": "/news/1"})
    read = read_listing(source, entry, TABLES[name][1], "https://e.example/x", None, None)
    assert len(read.entries) == 1
    assert [*listed_documents(source, entry, read, endpoint(source, entry), NOW)] == []
