"""Whatever servers say, its records are valid WARC, read alike by every tool, and no value begins a line of its own."""

from __future__ import annotations

import gzip
import hashlib
import io
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from fastwarc.warc import ArchiveIterator
from hypothesis import given
from hypothesis import strategies as st
from warcio.archiveiterator import ArchiveIterator as Warcio

from tests.support.rows import NOON, fetched, url
from warehouse.archive.http_records import answer, request
from warehouse.archive.warc_records import REMOVED, records, removal, warcinfo
from warehouse.archive.writer import ArchiveWriter, Earlier, read, recover
from warehouse.errors import StorageError
from warehouse.model.records import LISTED, Capture, Exchange

LATER = NOON + timedelta(hours=1)
ID = "01234567-89ab-4cde-8f01-23456789abcd"
REQUEST_HEADERS = (("Host", "harbour.example"), ("User-Agent", "copydesk (desk@paper.example)"))
RESPONSE_HEADERS = (
    ("Content-Type", "text/html"),
    ("content-encoding", "br"),
    ("Transfer-Encoding", "chunked"),
    ("ETag", '"e1"'),
)
PAGE = "<p>The ferry — パーム — is back.</p>".encode()
MOVED = "https://harbour.example/ferry?page=1"


def exchange(**changes: Any) -> Exchange:
    return replace(
        Exchange(url(1), NOON, REQUEST_HEADERS, "HTTP/2", 200, "", RESPONSE_HEADERS, PAGE, "192.0.2.7"), **changes
    )


HOPS = (
    exchange(
        url="https://harbour.example/robots.txt", content=b"User-agent: *\n", http_version="HTTP/1.1", reason="OK"
    ),
    exchange(status=None, content=b"", headers=(), error="no complete answer within 30 seconds"),
    exchange(status=301, headers=(("Location", MOVED),), content=b"", started_at=NOON + timedelta(seconds=5)),
    exchange(url=MOVED, started_at=LATER),
)


def everything(root: Path) -> list[Capture]:
    """Write a capture of each kind of record."""
    page = fetched(1, PAGE, fetched_at=LATER, final_url=MOVED, http_status=200, exchanges=HOPS)
    item = page.item
    with ArchiveWriter(root, "harbour", "run-1", NOON) as archive:
        page_capture = archive.write(page)
        earlier = Earlier(
            page_capture.capture_id, MOVED, LATER, page_capture.payload_digest, '"e1"', None, "text/html", "utf-8"
        )
        return [
            page_capture,
            archive.write(fetched(2)),
            archive.write(replace(page, exchanges=(replace(HOPS[3], request_headers=()),)), LISTED),
            archive.write(fetched(3, b"", exchanges=(exchange(content=b"", status=204, headers=()),))),
            archive.write_revisit(item, (exchange(url=MOVED, status=304),), earlier, LATER),
            archive.write_revisit(item, (HOPS[2], exchange(url=MOVED)), earlier, LATER),
            archive.write_failure(item, (HOPS[1],), "no complete answer within 30 seconds", LATER),
            archive.write_failure(item, (exchange(status=503, content=b"sorry"),), "answered 503", LATER),
            archive.write_failure(item, (exchange(content=b"", error="more than 9 bytes"),), "too large", LATER),
            archive.write_failure(item, (), "a private address", LATER),
        ]


def warc(root: Path) -> Path:
    (path,) = root.glob("archive/harbour/*.warc.gz")
    return path


def record_headers(root: Path) -> list[dict[str, str]]:
    with warc(root).open("rb") as file:
        return [headers for _, _, headers, _ in records(file)]


def payload(root: Path, capture: Capture) -> bytes:
    return read(root, capture.warc_filename, capture.warc_offset, capture.warc_length)


def warcio(*arguments: object) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "warcio.cli", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, check=False, timeout=60)


def test_warcio_s_checker_passes_every_kind_of_record(tmp_path: Path) -> None:
    everything(tmp_path)
    done = warcio("check", "-v", warc(tmp_path))
    assert done.returncode == 0, done.stdout
    assert b"fail" not in done.stdout
    assert b"no digest to check" not in done.stdout.replace(b"warcinfo\n    no digest", b"")


def test_warcio_indexes_them_and_extracts_the_content_as_it_was_read(tmp_path: Path) -> None:
    capture = everything(tmp_path)[0]
    index = warcio("index", "-f", "offset,warc-type,http:status,warc-target-uri", warc(tmp_path)).stdout
    assert len(index.splitlines()) == len(record_headers(tmp_path))
    assert warcio("extract", "--payload", warc(tmp_path), capture.warc_offset).stdout == PAGE
    assert b"HTTP/1.1 200" in warcio("extract", "--headers", warc(tmp_path), capture.warc_offset).stdout


def test_all_that_was_said_stands_in_order_before_the_capture(tmp_path: Path) -> None:
    captures = everything(tmp_path)
    heads = [
        (headers["WARC-Type"], headers["WARC-Target-URI"], headers["WARC-Date"])
        for headers in record_headers(tmp_path)[1:9]
    ]
    noon, five, later = (f"2026-03-15T{at}.000000Z" for at in ("12:00:00", "12:00:05", "13:00:00"))
    robots = "https://harbour.example/robots.txt"
    assert heads == [
        ("request", robots, noon), ("response", robots, noon),
        ("request", url(1), noon), ("metadata", url(1), noon),
        ("request", url(1), five), ("response", url(1), five),
        ("request", MOVED, later), ("response", MOVED, later),
    ]  # fmt: skip
    requests, answers = record_headers(tmp_path)[1:9:2], record_headers(tmp_path)[2:9:2]
    assert [headers["WARC-Concurrent-To"] for headers in requests] == [headers["WARC-Record-ID"] for headers in answers]
    assert {headers["WARC-IP-Address"] for headers in requests + answers} == {"192.0.2.7"}
    assert {headers.get("WARC-Protocol") for headers in answers[1:]} == {"h2"}
    assert ["Copydesk-Capture" in headers for headers in record_headers(tmp_path)[1:9]] == 7 * [False] + [True]
    assert answers[-1]["WARC-Record-ID"] == f"<urn:uuid:{captures[0].capture_id}>"


def test_the_content_of_each_is_read_back_from_its_place(tmp_path: Path) -> None:
    captures = everything(tmp_path)
    for number, content in {
        0: PAGE,
        1: fetched(2).content,
        2: PAGE,
        3: b"",
        6: b"",
        7: b"sorry",
        8: b"",
        9: b"",
    }.items():
        assert payload(tmp_path, captures[number]) == content
        digest = "sha256:" + hashlib.sha256(content).hexdigest()
        assert (captures[number].payload_digest, captures[number].payload_bytes) == (digest, len(content))


@pytest.mark.parametrize(("number", "profile"), [(4, "server-not-modified"), (5, "identical-payload-digest")])
def test_a_revisit_names_what_it_goes_back_to_and_holds_no_content(tmp_path: Path, number: int, profile: str) -> None:
    captures = everything(tmp_path)
    headers = next(
        record for record in record_headers(tmp_path) if captures[number].capture_id in record["WARC-Record-ID"]
    )
    first = next(record for record in record_headers(tmp_path) if captures[0].capture_id in record["WARC-Record-ID"])
    assert headers["WARC-Profile"] == f"http://netpreserve.org/warc/1.1/revisit/{profile}"
    assert headers["WARC-Refers-To"] == first["WARC-Record-ID"]
    assert headers["WARC-Refers-To-Target-URI"] == first["WARC-Target-URI"]
    assert headers["WARC-Refers-To-Date"] == first["WARC-Date"]
    assert headers["WARC-Payload-Digest"] == first["WARC-Payload-Digest"] == captures[number].payload_digest
    assert (captures[number].outcome, captures[number].payload_bytes) == ("unchanged", 0)
    assert (captures[number].media_type, captures[number].charset, captures[number].etag) == (
        "text/html",
        "utf-8",
        '"e1"',
    )
    with pytest.raises(StorageError, match="is a revisit, which has no content"):
        payload(tmp_path, captures[number])


def test_a_failure_says_what_failed_and_what_was_answered(tmp_path: Path) -> None:
    captures = everything(tmp_path)[6:]
    assert [(capture.outcome, capture.http_status, capture.error) for capture in captures] == [
        ("failed", None, "no complete answer within 30 seconds"),
        ("failed", 503, "answered 503"),
        ("failed", 200, "too large"),
        ("failed", None, "a private address"),
    ]
    kinds = {
        headers["WARC-Record-ID"][10:-1]: (headers["WARC-Type"], headers.get("WARC-Truncated"))
        for headers in record_headers(tmp_path)
    }
    assert [kinds[capture.capture_id] for capture in captures] == [
        ("metadata", None), ("response", None), ("response", "unspecified"), ("metadata", None),
    ]  # fmt: skip
    with gzip.open(warc(tmp_path)) as file:
        assert b"\r\nfailed: a private address\r\n" in file.read()


def test_a_killed_run_s_captures_keep_their_outcome_and_only_pending_ones_are_recovered(tmp_path: Path) -> None:
    captures = everything(tmp_path)
    outcomes = ["recovered"] * 2 + ["listed", "recovered", "unchanged", "unchanged"] + ["failed"] * 4
    expected = [replace(capture, outcome=outcome) for capture, outcome in zip(captures, outcomes, strict=True)]
    assert recover(tmp_path, "harbour") == expected


def test_a_file_torn_at_any_byte_keeps_the_captures_before_it_with_all_that_led_to_them(tmp_path: Path) -> None:
    captures = [capture.capture_id for capture in everything(tmp_path)]
    path, whole = warc(tmp_path), warc(tmp_path).read_bytes()
    left_open = path.with_name(path.name + ".open")
    counts = set()
    for end in range(400, len(whole), 97):
        path.unlink(missing_ok=True)
        left_open.write_bytes(whole[:end])
        (tmp_path / ".unlanded/harbour" / path.name).touch()
        recovered = recover(tmp_path, "harbour")
        assert [capture.capture_id for capture in recovered] == captures[: len(recovered)]
        assert path.stat().st_size == (
            recovered[-1].warc_offset + recovered[-1].warc_length if recovered else len_of_first(whole)
        )
        counts.add(len(recovered))
    assert counts == set(range(len(captures)))


def len_of_first(file: bytes) -> int:
    return next(length for _, length, _, _ in records(io.BytesIO(file)))


def test_fastwarc_reads_the_http_of_every_answer(tmp_path: Path) -> None:
    everything(tmp_path)
    with warc(tmp_path).open("rb") as file:
        heads = [
            (record.http_headers.status_code, record.http_headers.to_dict())
            for record in ArchiveIterator(file, parse_http=True)
            if record.headers["WARC-Type"] == "response"
        ]
    assert [status for status, _ in heads] == [200, 301, 200, 200, 204, 301, 503, 200]
    headers = heads[2][1]
    assert headers["X-Crawl-content-encoding"] == "br"
    assert headers["X-Crawl-Transfer-Encoding"] == "chunked"
    assert headers["Content-Length"] == str(len(PAGE))


def test_a_large_document_is_kept_whole(tmp_path: Path) -> None:
    content = bytes(range(256)) * 40_000
    with ArchiveWriter(tmp_path, "harbour", "run-1", NOON) as archive:
        capture = archive.write(fetched(1, content, exchanges=(exchange(content=content),)))
    assert payload(tmp_path, capture) == content
    assert warcio("extract", "--payload", warc(tmp_path), capture.warc_offset).stdout == content


HOSTILE = (
    ("X-A\r\nX-Evil: 1", "v"), ("X-B", "v\r\n\r\nX-Evil: 1"), ("X-C", "v\nX-Evil: 1"), ("X-D", "v\rX-Evil: 1"),
    ("", "nameless"), ("Name With Spaces:", "v"), ("Content-Length\t", "7"), ("X-Wide", "日本\udcff\x00\x85"), ("X-Empty", ""),
)  # fmt: skip


def test_hostile_headers_and_reasons_begin_no_line(tmp_path: Path) -> None:
    bad = exchange(
        headers=HOSTILE, reason="Нет\r\nX-Evil: 1", request_headers=HOSTILE, url="https://x.example/a b\r\nX-Evil: 1"
    )
    page = fetched(
        1,
        PAGE,
        exchanges=(replace(bad, ip_address="::1\r\nX-Evil: 1"), replace(bad, status=None, error="e\r\nX-Evil: 1"), bad),
    )
    with ArchiveWriter(tmp_path, "harbour", "run-1", NOON) as archive:
        capture = archive.write(page)
    with gzip.open(warc(tmp_path)) as file:
        assert not [line for line in file.read().splitlines() if line.lower().startswith(b"x-evil")]
    assert warcio("check", warc(tmp_path)).returncode == 0
    assert payload(tmp_path, capture) == PAGE
    assert warcio("extract", "--payload", warc(tmp_path), capture.warc_offset).stdout == PAGE


HEADER_TEXT = st.text(max_size=60)


@given(name=HEADER_TEXT, value=HEADER_TEXT, reason=HEADER_TEXT, address=HEADER_TEXT, content=st.binary(max_size=80))
def test_no_header_value_changes_what_is_read(name: str, value: str, reason: str, address: str, content: bytes) -> None:
    visit = exchange(
        headers=((name, value), ("X-Last", "1")), reason=reason, url=f"https://x.example/{address}", content=content
    )
    member = answer(visit, NOON, ID, content)
    ((_, length, headers, read_back),) = records(io.BytesIO(member))
    assert (length, read_back) == (len(member), content)
    assert headers["WARC-Record-ID"] == f"<urn:uuid:{ID}>"
    record = next(iter(Warcio(io.BytesIO(member), check_digests="raise")))
    assert record.http_headers.get_statuscode() == "200"
    assert record.http_headers.get_header("X-Last") == "1"
    assert record.http_headers.get_header("Content-Length") == str(len(content))
    assert record.content_stream().read() == content
    quick = next(ArchiveIterator(io.BytesIO(member), parse_http=True))
    assert quick.http_headers.status_code == 200
    assert quick.reader.read() == content
    assert len(list(records(io.BytesIO(request(visit, NOON, ID))))) == 1


@given(length=st.integers(205, 400) | st.integers(60_000, 70_000) | st.just(3_000_000))
def test_a_notice_of_removal_takes_exactly_the_room_there_is(length: int) -> None:
    notice = removal(ID, NOON, length)
    assert len(notice) == length
    file = warcinfo("a.warc.gz", "run-1") + notice + warcinfo("b.warc.gz", "run-1")
    read_records = list(records(io.BytesIO(file)))
    assert [headers["WARC-Type"] for _, _, headers, _ in read_records] == ["warcinfo", "metadata", "warcinfo"]
    assert read_records[1][2][REMOVED] == "2026-03-15T12:00:00Z"
    assert [record.rec_type for record in Warcio(io.BytesIO(file))] == ["warcinfo", "metadata", "warcinfo"]
    assert len(list(ArchiveIterator(io.BytesIO(file)))) == 3


def test_the_shortest_record_has_room_for_a_notice() -> None:
    shortest = Exchange("http://a.b/", NOON, (("a", "b"),), "", 200)
    for record in (
        request(shortest, NOON, ID),
        answer(shortest, NOON, ID, b""),
        answer(replace(shortest, status=None), NOON, ID, b""),
    ):
        assert len(removal(ID, NOON, len(record))) == len(record)
    with pytest.raises(ValueError, match="takes"):
        removal(ID, NOON, 150)
