"""`copydesk extract`: a record a document, in the order given."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.support.command_line import SAMPLES
from tests.support.commands import copydesk


def test_extract_prints_a_record_a_document_in_the_order_given(tmp_path):
    empty = tmp_path / "empty.txt"
    empty.write_text("")
    done = copydesk("extract", SAMPLES / "tramway.txt", empty, SAMPLES / "olive-harvest.html", tmp_path / "none.txt")
    tram, nothing, olives, missing = map(json.loads, done.stdout.splitlines())
    assert done.returncode == 0
    assert tram["language"] == "ar"
    assert tram["published_at"] == "2026-04-07"
    assert nothing == {"input": str(empty), "rejected": "empty", "detail": nothing["detail"]}
    assert olives["title"] == "Späte Olivenernte überrascht die Bauern am Karst"
    assert olives["published_at"] == "2025-11-18T05:45:00Z"
    assert "article_id" not in olives
    assert missing["rejected"] == "vanished"


def test_extract_takes_a_manifest_and_a_folder(tmp_path):
    manifest = tmp_path / "m.jsonl"
    url = "https://www.karster-bote.example/wirtschaft/olivenernte-2025-4711"
    manifest.write_text(json.dumps({"path": str(SAMPLES / "olive-harvest.html"), "url": url}) + "\n")
    done = copydesk("extract", SAMPLES, "--manifest", manifest)
    records = [json.loads(line) for line in done.stdout.splitlines()]
    assert [Path(record["input"]).name for record in records] == [
        *sorted(path.name for path in SAMPLES.iterdir()),
        "olive-harvest.html",
    ]
    assert records[-1]["url"] == url


def test_extract_reads_standard_input(tmp_path):
    done = copydesk("extract", "-", stdin=(SAMPLES / "footbridge.txt").read_text())
    assert json.loads(done.stdout)["title"] == "Old footbridge over the Wenna reopens after two years"


def test_one_bad_document_does_not_end_the_batch(tmp_path):
    good = (SAMPLES / "footbridge.txt").read_text()
    (tmp_path / "loop.txt").symlink_to(tmp_path / "loop.txt")
    (tmp_path / "z.txt").write_text(good)
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/bad\xff\xfename.txt")).write_text(good)
    records = [json.loads(line) for line in copydesk("extract", tmp_path).stdout.splitlines()]
    assert [record.get("rejected") for record in records] == ["unreadable", None, None] or [
        record.get("rejected") for record in records
    ] == [None, "unreadable", None]


@pytest.mark.parametrize(
    "line", ['{"path": 5}', "{}", '{"path": "a\\u0000b"}', '{"path": "a", "url": "\\ud800"}', "[]", "x"]
)
def test_a_wrong_line_of_a_manifest_is_named(tmp_path, line):
    manifest = tmp_path / "m.jsonl"
    manifest.write_text('\ufeff{"path": "a.txt"}\n' + line + "\n")
    done = copydesk("extract", "--manifest", manifest)
    assert done.returncode == 2
    assert f"{manifest}, line 2: not " in done.stderr


def test_extract_explains(tmp_path):
    done = copydesk("extract", "--explain", SAMPLES / "footbridge.txt")
    assert "Old footbridge over the Wenna reopens after two years  [text]" in done.stdout
    assert "related" in done.stdout
    assert "Also read: Where the flood money went" in done.stdout
    assert "\x1b[" not in done.stdout
