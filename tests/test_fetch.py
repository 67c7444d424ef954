"""Reading a file: its bytes, or one sentence on why not."""

from __future__ import annotations

import os

from tasks.fetch import read_file
from warehouse.model.records import Item
from warehouse.model.vocabulary import Reason


def fetched(path, settings, now):
    return read_file(Item("paper", path.as_uri(), path.name, path.parent.as_uri(), now), settings, now)


def test_a_file_is_read_as_it_is(tmp_path, settings, now):
    path = tmp_path / "a b%.txt"
    path.write_bytes(b"\xff\x00 raw")
    document = fetched(path, settings, now)
    assert document.content == b"\xff\x00 raw"
    assert document.fetched_at == now
    assert document.payload_digest.startswith("sha256:")


def test_a_vanished_file_is_a_refusal(tmp_path, settings, now):
    assert fetched(tmp_path / "gone.txt", settings, now).reason is Reason.VANISHED


def test_a_file_over_the_limit_is_refused_with_both_sizes(tmp_path, settings, now):
    path = tmp_path / "large.txt"
    with path.open("wb") as file:
        file.truncate(50_000_000)
    refused = fetched(path, settings, now)
    assert refused.reason is Reason.TOO_LARGE
    assert "50,000,000 bytes, the limit is 100,000; raise max_document_bytes" in refused.detail


def test_a_pipe_is_refused_and_not_waited_for(tmp_path, settings, now):
    os.mkfifo(tmp_path / "pipe.txt")
    assert fetched(tmp_path / "pipe.txt", settings, now).reason is Reason.UNREADABLE


def test_a_record_that_left_its_file_is_not_the_whole_file(tmp_path, settings, now):
    path = tmp_path / "wire.jsonl"
    path.write_text('{"id": 2}\n')
    item = Item("wire", path.as_uri() + "#id=1", "1", path.as_uri(), now)
    assert read_file(item, settings, now).reason is Reason.VANISHED
