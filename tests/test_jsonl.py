"""A record of a JSON Lines file becomes a document under our names, or says why not."""

from __future__ import annotations

import json

import pytest

from config.sources import load_source
from tasks.jsonl import open_record
from warehouse.records import Candidate, Capture, Item, Origin, RawArticle, Reason, Rejection


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
    ("line", "said"),
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
def test_a_bad_record_is_refused_with_what_is_wrong(opened, line, said):
    refused = opened(line)
    assert isinstance(refused, Rejection)
    assert refused.reason is Reason.BAD_RECORD
    assert refused.capture_id == "c1"
    assert said in refused.detail


def test_a_lone_surrogate_does_not_stop_a_record(opened):
    assert opened(b'{"text": "half \\ud83d of a pair"}').content == b"half ? of a pair"
