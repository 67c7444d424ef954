"""A record of a JSON Lines file becomes a document under our names, or says why not."""

from __future__ import annotations

import gzip
import json

import pytest
import zstandard

from config.sources import load_source
from tasks.files.jsonl import MEDIA_TYPE, open_record, read_records
from tasks.http.fetcher import Fetcher
from tasks.listings.input_reader import InputError, ReadContext
from tests.support.webserver import Clock, WebServer, answer
from warehouse.model.records import Candidate, Capture, Item, RawArticle, Rejection
from warehouse.model.vocabulary import Origin, Reason


@pytest.fixture
def opened(tmp_path, now):
    """Opens one line as the record of a source with these `fields`."""

    def open_line(line: bytes, fields: str = "") -> RawArticle | Rejection:
        path = tmp_path / "wire.toml"
        path.write_text(f'title = "Wire"\n[[input]]\nkind = "jsonl"\npath = "w.jsonl"\nfields = {{{fields}}}\n')
        source = load_source(path)
        found_in = (tmp_path / "w.jsonl").as_uri()
        capture = Capture(
            capture_id="c1",
            source_id="wire",
            run_id="r1",
            url=found_in,
            final_url=None,
            fetched_at=now,
            http_status=None,
            media_type="application/json",
            charset=None,
            etag=None,
            last_modified=None,
            payload_digest="sha256:00",
            payload_bytes=len(line),
            warc_filename="",
            warc_offset=0,
            warc_length=0,
            outcome="pending",
        )
        return open_record(RawArticle(Item("wire", found_in, "1", found_in, now), capture, line), source)

    return open_line


def test_the_other_fields_are_candidates_of_the_record(opened):
    line = {"headline": "Rain", "body": "It rained.", "meta": {"tags": ["sky", 7]}, "who": {"name": "Ada Byron"}}
    raw = opened(json.dumps(line).encode(), 'title = "headline", text = "body", tags = "meta.tags", authors = "who"')
    assert raw.content == b"It rained."
    assert raw.capture.media_type == "text/plain"
    assert raw.item.candidates == (
        Candidate("authors", ("Ada Byron",), Origin.RECORD),
        Candidate("tags", ("sky", "7"), Origin.RECORD),
        Candidate("title", ("Rain",), Origin.RECORD),
    )


def test_a_list_of_paragraphs_is_a_text(opened):
    assert opened(b'{"text": ["One.", "Two."]}').content == b"One.\n\nTwo."


def test_html_goes_before_text(opened):
    raw = opened(b'{"html": "<p>One.</p>", "text": "Two."}')
    assert (raw.content, raw.capture.media_type) == (b"<p>One.</p>", "text/html")


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        (b'{"text": ', "not JSON: Expecting value"),
        (b"[1]", "not a JSON object but list"),
        (b"{}", "nothing under 'html' or 'text'"),
        (b'{"text": "  ", "lead": 1}', "this record has: text, lead"),
        (b'{"text": null}', "nothing under"),
        (b"\xff\xfe{}", "not JSON"),
        (b"[" * 100_000, "not JSON"),
    ],
)
def test_a_bad_record_is_refused_with_what_is_wrong(opened, line, sentence):
    refused = opened(line)
    assert isinstance(refused, Rejection)
    assert refused.reason is Reason.BAD_RECORD
    assert refused.capture_id == "c1"
    assert sentence in refused.detail


def test_a_lone_surrogate_does_not_stop_a_record(opened):
    assert opened(b'{"text": "half \\ud83d of a pair"}').content == b"half ? of a pair"


def test_each_line_comes_as_the_bytes_of_a_document(tmp_path, settings, now):
    (tmp_path / "w.jsonl").write_bytes(b'{"id": 7, "text": "One"}\n\n' + b"x" * 200_000 + b"\nnot json\n")
    (tmp_path / "wire.toml").write_text('title = "Wire"\n[[input]]\nkind = "jsonl"\npath = "w.jsonl"\n')
    source = load_source(tmp_path / "wire.toml")
    first, large, last = read_records(source, source.input[0], ReadContext(settings, now))
    assert (first.content, first.media_type, first.fetched_at) == (b'{"id": 7, "text": "One"}\n', MEDIA_TYPE, now)
    assert (first.item.guid, first.item.is_record) == ("w.jsonl#7", True)
    assert (large.reason, large.url[-7:]) == (Reason.TOO_LARGE, "#line=3")
    assert "line 3 is longer than 100,000 bytes" in large.detail
    assert last.content == b"not json\n", "what is no record is archived too, and refused when it is opened"


@pytest.mark.parametrize("pack", [gzip.compress, zstandard.compress])
def test_a_packed_file_that_is_cut_short_gives_its_whole_lines(tmp_path, settings, now, pack):
    packed = pack(b"".join(b'{"text": "rainy day %d"}\n' % number for number in range(90_000)))
    (tmp_path / "w.jsonl").write_bytes(packed[:-1_000])
    (tmp_path / "wire.toml").write_text('title = "Wire"\n[[input]]\nkind = "jsonl"\npath = "w.jsonl"\n')
    source = load_source(tmp_path / "wire.toml")
    records = []
    with pytest.raises(InputError, match=r"w\.jsonl: cannot be read: it is cut short"):
        records.extend(iter(read_records(source, source.input[0], ReadContext(settings, now))))
    assert len(records) > 80_000
    assert records[-1].content == b'{"text": "rainy day %d"}\n' % (len(records) - 1)


def test_a_file_at_an_address_is_fetched_in_the_turn_of_its_host(tmp_path, settings, now):
    clock = Clock()
    with WebServer({"/w.jsonl": answer(b'{"id": 1, "text": "It rained."}\n')}) as server:
        path = tmp_path / "wire.toml"
        path.write_text(f'title = "Wire"\n[[input]]\nkind = "jsonl"\nurl = "{server.url("/w.jsonl")}"\n')
        source = load_source(path).model_copy(update={"allow_private": True, "delay": 7.0})
        with Fetcher(settings, clock=clock, sleep=clock.sleep) as fetcher:
            for _ in range(2):
                (record,) = read_records(source, source.input[0], ReadContext(settings, now, fetcher))
        assert record.content == b'{"id": 1, "text": "It rained."}\n'
        assert (server.paths, clock.seconds) == (["/robots.txt", "/w.jsonl", "/w.jsonl"], 14)
        with pytest.raises(RuntimeError, match="closed"):
            list(read_records(source, source.input[0], ReadContext(settings, now, fetcher)))
