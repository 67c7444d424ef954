"""What was read is in the archive before anything else is done with it, and stays readable by every WARC tool."""

from __future__ import annotations

import gzip
import hashlib
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from fastwarc.warc import ArchiveIterator, WarcRecordType
from warcio.checker import Checker

from tests.support.kill import killed_at_every_moment
from tests.support.rows import NOON, fetched, url
from warehouse.archive.warc_records import records
from warehouse.archive.writer import ArchiveWriter, read, recover
from warehouse.errors import StorageError
from warehouse.model.records import Capture
from warehouse.storage.tables import Store


def archived(root: Path, numbers: range, **changes: object) -> list[Capture]:
    with ArchiveWriter(root, "harbour", "run-1", NOON) as writer:
        return [writer.write(fetched(number, **changes)) for number in numbers]


def payload(root: Path, capture: Capture) -> bytes:
    return read(root, capture.warc_filename, capture.warc_offset, capture.warc_length)


def warcs(root: Path) -> list[Path]:
    return sorted((root / "archive" / "harbour").glob("*.warc.gz"))


def test_what_is_written_is_read_back_from_its_place(tmp_path: Path) -> None:
    captures = archived(tmp_path, range(5))
    assert [payload(tmp_path, capture) for capture in captures] == [fetched(n).content for n in range(5)]
    assert captures[3].payload_digest == fetched(3).payload_digest
    assert captures[3].payload_bytes == len(fetched(3).content)
    assert captures[3].warc_filename == "archive/harbour/harbour-20260315T120000Z-run-1-00000.warc.gz"


@pytest.mark.parametrize(
    "content", [b"", gzip.compress(b"packed", mtime=0), bytes(range(256)) * 999, b"WARC/1.1\r\n\r\n"]
)
def test_bytes_are_kept_as_they_came(tmp_path: Path, content: bytes) -> None:
    (capture,) = archived(tmp_path, range(1), content=content)
    assert payload(tmp_path, capture) == content


class CheckArguments:
    """What `warcio check` is called with."""

    verbose = False

    def __init__(self, *inputs: Path) -> None:
        self.inputs = [str(path) for path in inputs]


def test_warcio_finds_nothing_wrong(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    archived(tmp_path, range(20))
    assert Checker(CheckArguments(*warcs(tmp_path))).process_all() == 0
    assert "fail" not in capsys.readouterr().out


def test_warcio_would_find_a_changed_payload(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (capture,) = archived(tmp_path, range(1))
    (path,) = warcs(tmp_path)
    first, second = path.read_bytes()[: capture.warc_offset], path.read_bytes()[capture.warc_offset :]
    path.write_bytes(first + gzip.compress(gzip.decompress(second).replace(b"came back", b"went home", 1)))
    Checker(CheckArguments(path)).process_all()
    assert "digest failed" in capsys.readouterr().out


def test_fastwarc_reads_one_warcinfo_and_a_resource_a_document(tmp_path: Path) -> None:
    captures = archived(tmp_path, range(3))
    with warcs(tmp_path)[0].open("rb") as file:
        parsed = [(record.record_type, record.headers.to_dict(), record.stream_pos) for record in ArchiveIterator(file)]
    assert [kind for kind, _, _ in parsed] == [WarcRecordType.warcinfo] + 3 * [WarcRecordType.resource]
    headers = parsed[1][1]
    assert headers["WARC-Record-ID"] == f"<urn:uuid:{captures[0].capture_id}>"
    assert headers["WARC-Target-URI"] == url(0)
    assert headers["WARC-Date"] == "2026-03-15T12:00:00.000000Z"
    assert headers["Content-Type"] == "text/html"
    assert headers["WARC-Block-Digest"] == headers["WARC-Payload-Digest"] == captures[0].payload_digest
    assert [position for _, _, position in parsed[1:]] == [capture.warc_offset for capture in captures]


def test_an_address_cannot_write_a_header_of_its_own(tmp_path: Path) -> None:
    bad = fetched(1)
    bad = replace(bad, item=replace(bad.item, url="https://x.example/a b\r\nX-Evil: 1\udcff"), media_type="a\r\nb: c")
    with ArchiveWriter(tmp_path, "harbour", "run-1", NOON) as writer:
        capture = writer.write(bad)
    with warcs(tmp_path)[0].open("rb") as file:
        _, record = ArchiveIterator(file)
        headers = record.headers.to_dict()
    assert "X-Evil" not in headers
    assert "b" not in headers
    assert headers["WARC-Target-URI"].startswith("https://x.example/a%20b%0D%0AX-Evil:")
    assert payload(tmp_path, capture) == bad.content
    assert recover(tmp_path, "harbour")[0].url == bad.item.url


def test_nothing_written_makes_no_file(tmp_path: Path) -> None:
    with ArchiveWriter(tmp_path / "data", "harbour", "run-1", NOON) as writer:
        writer.sync()
    writer.settle()
    assert not (tmp_path / "data").exists()


def test_batches_of_one_run_and_second_have_files_of_their_own(tmp_path: Path) -> None:
    assert archived(tmp_path, range(1))[0].warc_filename != archived(tmp_path, range(1))[0].warc_filename
    assert len(warcs(tmp_path)) == 2


def test_what_was_archived_before_a_failure_is_kept(tmp_path: Path) -> None:
    def fail() -> None:
        with ArchiveWriter(tmp_path, "harbour", "run-1", NOON) as writer:
            writer.write(fetched(1))
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    (capture,) = recover(tmp_path, "harbour")
    assert payload(tmp_path, capture) == fetched(1).content


def test_captures_that_did_not_land_are_recovered_as_they_were(tmp_path: Path) -> None:
    captures = archived(
        tmp_path,
        range(3),
        http_status=200,
        etag='"x"',
        final_url="https://harbour.example/é",
        fetched_at=datetime(2026, 3, 15, 15, tzinfo=timezone(timedelta(hours=3))),
    )
    expected = [replace(capture, outcome="recovered") for capture in captures]
    assert recover(tmp_path, "harbour") == expected
    assert recover(tmp_path, "harbour") == expected  # until they land


def test_captures_that_landed_are_not_recovered_again(tmp_path: Path) -> None:
    captures = archived(tmp_path, range(3))
    Store(tmp_path).land("captures", captures[:2], source_id="harbour", key="k1", now=NOON)
    assert [capture.capture_id for capture in recover(tmp_path, "harbour")] == [captures[2].capture_id]
    Store(tmp_path).land("captures", captures[2:], source_id="harbour", key="k2", now=NOON)
    assert recover(tmp_path, "harbour") == []
    assert not list((tmp_path / ".unlanded/harbour").iterdir())


def test_a_settled_batch_is_not_looked_at_again(tmp_path: Path) -> None:
    with ArchiveWriter(tmp_path, "harbour", "run-1", NOON) as writer:
        writer.write(fetched(1))
    writer.settle()
    assert recover(tmp_path, "harbour") == []


def test_a_record_that_cannot_be_read_costs_itself_only(tmp_path: Path) -> None:
    archived(tmp_path, range(1))
    (warc,) = warcs(tmp_path)
    with warc.open("ab") as file:
        file.write(gzip.compress(b"WARC/1.1\r\nWARC-Target-URI: " + b"x" * 3_000_000 + b"\r\n\r\n\r\n\r\n"))
        whole = file.tell()
    with gzip.open(warc) as stream:
        first = stream.read()
    with warc.open("ab") as file:
        file.write(gzip.compress(first.partition(b"\r\n\r\n\r\n\r\n")[2] or first))
    with warc.open("rb") as file:
        assert [offset >= whole for offset, *_ in records(file)][-1]


def test_one_source_does_not_recover_another_s(tmp_path: Path) -> None:
    archived(tmp_path, range(1))
    assert recover(tmp_path, "harb") == []


def test_a_tail_torn_at_any_byte_costs_its_own_record_only(tmp_path: Path) -> None:
    captures = archived(tmp_path, range(3))
    (path,) = warcs(tmp_path)
    whole, last = path.read_bytes(), captures[-1]
    left_open = path.with_name(path.name + ".open")
    path.unlink()
    for end in range(last.warc_offset, len(whole), 7):
        left_open.write_bytes(whole[:end])
        assert [capture.capture_id for capture in recover(tmp_path, "harbour")] == [c.capture_id for c in captures[:2]]
        assert path.stat().st_size == last.warc_offset
        assert not left_open.exists()
        path.unlink()


KILLED = """
from datetime import UTC, datetime
from tests.support.rows import fetched, url
from warehouse.archive.writer import ArchiveWriter, recover
from warehouse.model.records import Exchange
NOON = datetime(2026, 3, 15, 12, 0, tzinfo=UTC)
ASKED = (("Host", "harbour.example"),)

def document(number):
    moved = Exchange(url(number), NOON, ASKED, status=301)
    return fetched(number, exchanges=(moved, Exchange(url(9), NOON, ASKED, status=200)) if number % 2 else ())

def run(root):
    with ArchiveWriter(root, "harbour", "run-1", NOON) as writer:
        for number in range(4):
            writer.write(document(number))
            (root / f"safe-{number}").touch()
        writer.sync()
"""


def test_killed_at_any_moment_no_document_that_was_archived_is_lost(tmp_path: Path) -> None:
    roots = killed_at_every_moment(tmp_path / "roots", KILLED)
    assert len(roots) > 12
    for root in roots:
        safe = len(list(root.glob("safe-*")))
        recovered = recover(root, "harbour")
        assert safe <= len(recovered) <= safe + 1
        for number, capture in enumerate(recovered):
            assert payload(root, capture) == fetched(number).content
        assert not list(root.glob("archive/*/*.open"))
        for path in root.glob("archive/*/*"):
            with path.open("rb") as file:
                last = list(records(file))[-1][2]
            assert ("Copydesk-Capture" in last) == bool(recovered)  # a redirect stays only with what it led to
    assert {len(recover(root, "harbour")) for root in roots} == {0, 1, 2, 3, 4}


def test_killed_while_it_recovers_the_next_run_recovers(tmp_path: Path) -> None:
    prepare = (
        "def prepare(root):\n    run(root)\n    path = next(root.glob('archive/*/*'))\n"
        "    path.with_name(path.name + '.open').write_bytes(path.read_bytes()[:-9])\n    path.unlink()\n"
    )
    program = KILLED + prepare + "write = run\ndef run(root):\n    recover(root, 'harbour')\n"
    program = program.replace("    run(root)\n", "    write(root)\n")
    for root in killed_at_every_moment(tmp_path / "roots", program):
        assert len(recover(root, "harbour")) == 3


def test_a_limit_on_file_size_keeps_the_whole_records_before_it(tmp_path: Path) -> None:
    program = f"""
import random, resource, sys
sys.path[:0] = {sys.path!r}
from datetime import UTC, datetime
from tests.support.rows import fetched
from warehouse.archive.writer import ArchiveWriter
from warehouse.errors import StorageError
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
try:
    with ArchiveWriter({str(tmp_path)!r}, "harbour", "run-1", datetime(2026, 3, 15, 12, tzinfo=UTC)) as writer:
        for number in range(9):
            writer.write(fetched(number, random.randbytes(6000)))
except StorageError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    assert ".warc.gz.open: file too large; raise the limit on the size of files" in done.stdout
    recovered = recover(tmp_path, "harbour")
    assert len(recovered) == 2
    for capture in recovered:
        assert "sha256:" + hashlib.sha256(payload(tmp_path, capture)).hexdigest() == capture.payload_digest


def test_a_record_that_is_not_there_is_told_in_a_sentence(tmp_path: Path) -> None:
    (capture,) = archived(tmp_path, range(1))
    with pytest.raises(StorageError, match=r"^no whole record in .*warc\.gz at 3; "):
        read(tmp_path, capture.warc_filename, 3, capture.warc_length)
    with pytest.raises(StorageError, match=r"^cannot read .*gone\.warc\.gz: no such file or directory; "):
        read(tmp_path, "archive/harbour/gone.warc.gz", 0, 10)
    assert capture.fetched_at.tzinfo is UTC
