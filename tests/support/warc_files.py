"""WARC files as the tests write them, and the documents that are read from them."""

from __future__ import annotations

import pytest

from config.sources import Source, load_source
from tasks.files.warc import read_warcs
from tasks.listings.input_reader import InputError, ReadContext
from warehouse.model.records import Fetched, Rejection

PAGE = "<!doctype html><title>Regen über Köln</title><p>Es regnete den ganzen Tag.</p>".encode()
HTML = "Content-Type: text/html; charset=UTF-8"
ID = "<urn:uuid:6f0c0a1e-0000-4000-8000-00000000000{}>"


def http(body: bytes = PAGE, *headers: str, status: str = "HTTP/1.1 200 OK") -> bytes:
    return "\r\n".join([status, *headers, "", ""]).encode() + body


def record(
    url: str | bytes = "https://e.example/a",
    block: bytes = http(PAGE, HTML),
    kind: str = "response",
    *headers: str,
    length: object = None,
    version: str = "WARC/1.0",
    media: str = "application/http; msgtype=response",
    date: str | None = "2026-03-01T08:30:00Z",
) -> bytes:
    lines = [
        version.encode(),
        b"WARC-Type: " + kind.encode(),
        b"WARC-Target-URI: " + (url if isinstance(url, bytes) else url.encode()),
        b"WARC-Record-ID: " + ID.format(1).encode(),
        *([f"WARC-Date: {date}".encode()] if date else []),
        b"Content-Type: " + media.encode(),
        *(header.encode() for header in headers),
        f"Content-Length: {len(block) if length is None else length}".encode(),
    ]
    return b"\r\n".join(lines) + b"\r\n\r\n" + block + b"\r\n\r\n"


@pytest.fixture
def source_of(tmp_path):
    """Declare a source by the lines of its input."""

    def declare(lines: str) -> Source:
        path = tmp_path / "crawl.toml"
        path.write_text(f'title = "Crawl"\n[[input]]\n{lines}\n')
        return load_source(path)

    return declare


@pytest.fixture
def warc_source_of(source_of):
    """Declare a source of one WARC input by these lines."""
    return lambda keys: source_of(f'kind = "warc"\n{keys}')


@pytest.fixture
def read_warc(tmp_path, warc_source_of, settings, now):
    """Read a file, or what is at `path`; return the documents and the problem that ended the reading."""

    def read_file(content: bytes | None, name: str = "a.warc", more: str = "", path: str = ""):
        if content is not None:
            (tmp_path / name).write_bytes(content)
        source = warc_source_of(f'path = "{path or name}"\n{more}')
        documents, problem = [], ""
        try:
            documents.extend(iter(read_warcs(source, source.input[0], ReadContext(settings, now))))
        except InputError as error:
            problem = str(error)
        return documents, problem

    return read_file


def urls(documents: list[Fetched | Rejection]) -> list[str]:
    return [document.item.url for document in documents if isinstance(document, Fetched)]
