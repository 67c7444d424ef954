"""Verifying finds each way in which a warehouse can be damaged, and nothing in one that is whole."""

from __future__ import annotations

import gzip
import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from test_warc import everything

from tests.support.rows import NOON, article, discovery, fetched, rejection, run
from tests.support.snapshot import Snapshot
from warehouse.archive.writer import ArchiveWriter
from warehouse.checks.findings import Finding
from warehouse.checks.rules import SourceCount, check_counts
from warehouse.checks.verified import VerifiedFiles
from warehouse.errors import EmptyWarehouseError
from warehouse.model.records import FORGOTTEN, Capture
from warehouse.repair import repair
from warehouse.storage.compaction import Ages, compact
from warehouse.storage.root import Root
from warehouse.storage.tables import Store
from warehouse.takedown.redact import remove
from warehouse.verify import Verification, verify


def ingest(root: Path) -> list[Capture]:
    """Five addresses: three articles, a refusal, and one that waits."""
    with ArchiveWriter(root, "harbour", "run-1", NOON) as writer:
        captures = [replace(writer.write(fetched(number)), outcome="stored") for number in range(4)]
    store = Store(root)
    rows = {
        "discoveries": [discovery(number) for number in range(5)],
        "articles": [article(number, capture_id=captures[number].capture_id) for number in range(3)],
        "rejects": [rejection(3, capture_id=captures[3].capture_id)],
        "captures": captures,
        "runs": [run(discovered=5, stored=3, rejected=1, pending=1)],
    }
    for table, batch in rows.items():
        store.land(table, batch, source_id="harbour", key="k1", now=NOON)
    writer.settle()
    return captures


@pytest.fixture(scope="module")
def ingested(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    return Snapshot.of_root(tmp_path_factory.mktemp("verify") / "data", ingest)


@pytest.fixture
def root(ingested: Snapshot) -> Path:
    return ingested.restore()


def one_finding(root: Path, sample: int | None = None) -> str:
    (finding,) = verify(root, sample).findings
    return str(finding)


def parquet(root: Path, table: str) -> Path:
    return root / table / "landed_month=2026-03" / "harbour-k1.parquet"


def warc(root: Path) -> Path:
    return next(root.glob("archive/harbour/*.warc.gz"))


@pytest.mark.parametrize("sample", [None, 2])
def test_a_whole_warehouse_has_no_findings_and_its_counts(root: Path, sample: int | None) -> None:
    verification = verify(root, sample)
    assert verification.findings == ()
    assert verification.sources == (SourceCount("harbour", discovered=5, articles=3, rejects=1, pending=1),)
    assert verification.files == 20
    assert verification.captures == (sample or 4)


def test_a_source_whose_addresses_are_not_in_one_place_each_is_told_with_its_counts():
    [finding] = check_counts([SourceCount("bay", 2, 2, 0, 0), SourceCount("harbour", 1, 1, 1, 0)])
    assert finding.problem == "1 URL discovered, 2 accounted for (1 article, 1 reject, 0 pending)"
    assert finding.where == "source harbour"


def test_an_empty_data_root_is_told(tmp_path: Path) -> None:
    with pytest.raises(EmptyWarehouseError):
        verify(tmp_path)


def test_verifying_changes_nothing(root: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in root.rglob("*")}
    verify(root)
    assert {path: path.stat().st_mtime_ns for path in root.rglob("*")} == before


@pytest.mark.parametrize("cut", [0, 3, 2000])
def test_a_torn_parquet_file_is_found(root: Path, cut: int) -> None:
    path = parquet(root, "articles")
    path.write_bytes(path.read_bytes()[:cut])
    assert str(path) in one_finding(root)
    assert "not readable as Parquet" in one_finding(root)


def test_a_parquet_file_with_damaged_pages_is_found(root: Path) -> None:
    path = parquet(root, "articles")
    damaged = bytearray(path.read_bytes())
    damaged[4:400] = bytes(396)
    path.write_bytes(damaged)
    assert "not readable as Parquet" in one_finding(root)


def test_a_column_of_another_type_is_found(root: Path) -> None:
    path = parquet(root, "rejects")
    table = pq.read_table(path)
    pq.write_table(table.set_column(6, "attempts", table["attempts"].cast("string")), path)
    assert one_finding(root).startswith(f"not the schema of its table in attempts: {path}; ")


def test_a_run_whose_counts_do_not_add_up_is_found(root: Path) -> None:
    Store(root).land("runs", [run(run_id="run-2", discovered=2)], source_id="harbour", key="k2", now=NOON)
    assert one_finding(root).startswith("1 run whose counts do not add up: source harbour, such as run-2; ")


def test_lost_discoveries_are_found(root: Path) -> None:
    parquet(root, "discoveries").unlink()
    assert [(finding.problem, finding.source_id) for finding in verify(root).findings] == [
        ("3 articles whose address was never discovered", "harbour"),
        ("1 refusal whose address was never discovered", "harbour"),
    ]


def test_an_article_without_its_capture_is_found(root: Path) -> None:
    lost = article(4, capture_id="nowhere")
    Store(root).land("articles", [lost], source_id="harbour", key="k2", now=NOON)
    assert one_finding(root).startswith("1 article without a capture: source harbour, such as article-4; ")


def test_archived_documents_without_captures_are_found_with_how_to_take_them_up(root: Path) -> None:
    with ArchiveWriter(root, "harbour", "run-2", NOON) as writer:
        writer.write(fetched(5))
    assert one_finding(root).endswith("; run 'copydesk run harbour'")
    writer.settle()
    assert "1 archived document without a row in captures" in one_finding(root)
    assert one_finding(root).endswith("; run 'copydesk maintain repair', then 'copydesk run'")


@pytest.mark.parametrize("sample", [None, 4])
def test_a_payload_that_was_changed_is_found(root: Path, sample: int | None) -> None:
    capture = ingest(root / "other")[3]
    path = root / "other" / capture.warc_filename
    content = path.read_bytes()
    changed = gzip.decompress(content[capture.warc_offset :]).replace(b"came back", b"went home", 1)
    path.write_bytes(content[: capture.warc_offset] + gzip.compress(changed))
    finding = str(verify(root / "other", sample).findings[0])
    assert f"for capture {capture.capture_id}: {path}; " in finding


@pytest.mark.parametrize("sample", [None, 4])
def test_a_torn_warc_file_is_found(root: Path, sample: int | None) -> None:
    path = warc(root)
    path.write_bytes(path.read_bytes()[:-9])
    assert one_finding(root, sample).startswith("the archive holds no whole record for capture ")


@pytest.mark.parametrize("sample", [None, 4])
def test_a_lost_warc_file_is_found(root: Path, sample: int | None) -> None:
    path = warc(root)
    path.unlink()
    verification = verify(root, sample)
    assert verification.captures == 0
    assert str(verification.findings[0]).startswith(f"1 file of the archive lost, with 4 captures: {path}; put back")
    assert len(verification.findings) == 1


@pytest.fixture
def spoken(tmp_path: Path) -> tuple[Path, list[Capture]]:
    """Make a warehouse with a capture of every kind of record."""
    captures = everything(tmp_path)
    rows = [discovery(number) for number in (1, 2, 3)]
    articles = [article(number, capture_id=captures[0].capture_id) for number in (1, 2, 3)]
    Store(tmp_path).land("discoveries", rows, source_id="harbour", key="k1", now=NOON)
    Store(tmp_path).land("articles", articles, source_id="harbour", key="k1", now=NOON)
    Store(tmp_path).land("captures", captures, source_id="harbour", key="k1", now=NOON)
    return tmp_path, captures


@pytest.mark.parametrize("sample", [None, 10])
def test_requests_redirects_revisits_and_failures_are_as_they_must_be(
    spoken: tuple[Path, list[Capture]], sample: int | None
) -> None:
    root, captures = spoken
    verification = verify(root, sample)
    assert (verification.findings, verification.captures) == ((), len(captures))


def test_the_changed_content_of_an_answer_is_found(spoken: tuple[Path, list[Capture]]) -> None:
    root, captures = spoken
    changed = replace(captures[0], payload_digest="sha256:" + 64 * "0")
    Store(root).land("captures", [changed, *captures[1:]], source_id="harbour", key="k1", now=NOON)
    assert f"other bytes than its digest says for capture {changed.capture_id}" in one_finding(root)


@pytest.mark.parametrize("sample", [None, 10])
def test_a_take_down_that_stopped_half_way_is_found_on_either_side(
    spoken: tuple[Path, list[Capture]], sample: int | None
) -> None:
    root, captures = spoken
    forgotten = replace(captures[0], outcome=FORGOTTEN, payload_digest="")
    Store(root).land("captures", [forgotten, *captures[1:]], source_id="harbour", key="k1", now=NOON)
    finding = one_finding(root, sample)
    assert finding.startswith(f"the archive holds still what was taken down for capture {forgotten.capture_id}: ")
    assert finding.endswith("; run 'copydesk forget' again for the address of each")
    assert remove(Root.at(root), forgotten.warc_filename, {forgotten.capture_id}, NOON) == 6
    assert verify(root, sample).findings == ()
    Store(root).land("captures", captures, source_id="harbour", key="k1", now=NOON)
    assert one_finding(root, sample).startswith("the archive holds a notice of removal for capture ")


def test_files_are_looked_at_one_after_another_whichever_are_missing(tmp_path: Path) -> None:
    captures = [capture for number in range(5) for capture in everything(tmp_path / str(number))[:2]]
    moved = [replace(capture, warc_filename=f"archive/harbour/{n // 2}.warc.gz") for n, capture in enumerate(captures)]
    for number in (0, 1, 3):  # 2 and 4 are lost
        (folder := tmp_path / "archive/harbour").mkdir(parents=True, exist_ok=True)
        next((tmp_path / str(number)).glob("archive/*/*")).rename(folder / f"{number}.warc.gz")
    Store(tmp_path).land("captures", moved, source_id="harbour", key="k1", now=NOON)
    *there, lost = quick(tmp_path, sample=10).findings
    # They hold further documents that no row names.
    assert [Path(finding.file).name for finding in there] == ["0.warc.gz", "1.warc.gz", "3.warc.gz"]
    assert str(lost).startswith(
        f"2 files of the archive lost, with 4 captures, such as 2.warc.gz: {tmp_path}/archive/harbour; put back"
    )


def test_left_over_files_of_killed_writers_are_found(root: Path) -> None:
    partial = root / ".partial" / "x.parquet.1"
    partial.touch()
    assert verify(root).findings == ()
    os.utime(partial, (0, 0))
    assert one_finding(root).startswith(f"left over from a writer that was killed: {partial}; ")


def test_a_warc_file_left_open_is_found(root: Path) -> None:
    path = root / "archive/harbour/x.warc.gz.open"
    path.touch()
    assert str(path) in one_finding(root)


def quick(root: Path, sample: int | None = None) -> Verification:
    """Verify what is new since the last time."""
    return verify(root, sample, VerifiedFiles.load(Root.at(root)))


def land_more(root: Path) -> None:
    with ArchiveWriter(root, "harbour", "run-2", NOON) as writer:
        capture = replace(writer.write(fetched(4)), outcome="stored")
    store = Store(root)
    landed = {"articles": [article(4, capture_id=capture.capture_id)], "captures": [capture]}
    for table, batch in landed.items():
        store.land(table, batch, source_id="harbour", key="k2", now=NOON)
    writer.settle()


def test_what_was_whole_is_not_read_again_and_what_is_new_is(root: Path) -> None:
    first = quick(root)
    assert (first.findings, first.files, first.captures, first.unchanged) == ((), 20, 4, 0)
    again = quick(root)
    assert (again.findings, again.files, again.captures, again.unchanged) == ((), 0, 0, 21)
    assert again.sources == first.sources, "as they were counted then"
    land_more(root)
    later = quick(root, sample=2)
    assert (later.findings, later.files, later.captures, later.unchanged) == ((), 2, 1 + 2, 21)
    assert later.sources == (SourceCount("harbour", discovered=5, articles=4, rejects=1, pending=0),)
    full = verify(root, None, VerifiedFiles.load(Root.at(root), forget=True))
    assert (full.files, full.captures) == (22, 5)
    assert quick(root).unchanged == 24


def compact_all(root: Path) -> None:
    none = timedelta()
    compact(Store(root), datetime.now(UTC) + timedelta(hours=2), seconds=0, ages=Ages(none, none, none))


def everything_again(root: Path) -> tuple[Finding, ...]:
    return verify(root, None, VerifiedFiles.load(Root.at(root), forget=True)).findings


def stored_capture(number: int, capture_id: str) -> Capture:
    capture = Capture.of(fetched(number), capture_id=capture_id, run_id="run-2", warc_filename="")
    return replace(capture, outcome="stored")


BREAKS = {
    "runs": run(run_id="run-2", discovered=2),
    "articles": article(9, capture_id="nowhere"),
    "captures": stored_capture(1, "2"),
}


@pytest.mark.parametrize("is_compacted", [False, True])
def test_what_new_files_break_is_found_as_if_all_rows_were_counted(root: Path, is_compacted: bool) -> None:
    assert quick(root).findings == ()
    for table, row in BREAKS.items():
        Store(root).land(table, [row], source_id="harbour", key="k2", now=NOON)
    if is_compacted:
        compact_all(root)
        compact_all(root)
        assert not parquet(root, "articles").exists()
    findings = quick(root).findings
    assert [finding.problem for finding in findings] == [
        "1 run whose counts do not add up",
        "1 article whose address was never discovered",
        "1 article without a capture",
        "1 concluded capture whose article or refusal is missing",
    ]
    assert findings == everything_again(root)


def test_a_new_file_that_mends_what_was_wrong_is_counted_with_all_rows(root: Path) -> None:
    Store(root).land("articles", [article(4, capture_id="4")], source_id="harbour", key="k2", now=NOON)
    assert len(quick(root).findings) == 1
    Store(root).land("captures", [stored_capture(4, "4")], source_id="harbour", key="k2", now=NOON)
    assert quick(root).findings == ()


def test_rows_of_a_file_that_is_gone_are_missed_beside_new_ones(root: Path) -> None:
    assert quick(root).findings == ()
    parquet(root, "discoveries").unlink()
    land_more(root)
    problems = [finding.problem for finding in quick(root).findings]
    assert problems[0] == "4 articles whose address was never discovered"
    assert quick(root).findings == everything_again(root)


def test_rows_that_were_right_are_not_compared_again(root: Path) -> None:
    Store(root).land("discoveries", [discovery(7)], source_id="harbour", key="k2", now=NOON)
    assert quick(root).findings == ()
    path = parquet(root, "discoveries")
    status, rows = path.stat(), pq.read_table(path)
    renamed = pc.replace_substring(rows["url"], "harbour.example/news/1", "harbour.example/news/8")
    pq.write_table(rows.set_column(rows.column_names.index("url"), rows.schema.field("url"), renamed), path)
    record = root / ".verified" / "files.parquet"
    noted = pq.read_table(record)
    sizes = pc.if_else(
        pc.equal(noted["name"], "discoveries/landed_month=2026-03/harbour-k1.parquet"),
        path.stat().st_size,
        noted["bytes"],
    )
    pq.write_table(noted.set_column(1, "bytes", sizes), record)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    land_more(root)
    assert quick(root).findings == ()
    assert len(everything_again(root)) == 1


def test_articles_that_new_lists_of_superseded_rows_show_wrong_are_found(root: Path) -> None:
    compact_all(root)
    assert quick(root).findings == ()
    (base,) = root.glob("articles/base/*_*.parquet")
    pq.write_table(pq.read_table(base).select(["row_id"]), root / "superseded/articles/1.parquet")
    findings = quick(root).findings
    assert [finding.problem for finding in findings] == ["3 articles whose newest row is not shown"]
    assert findings == everything_again(root)


@pytest.mark.parametrize("table", ["articles", "captures", "discoveries", "rejects", "runs"])
def test_a_table_file_that_was_whole_is_found_when_it_is_damaged_and_for_as_long_as_it_is(
    root: Path, table: str
) -> None:
    assert quick(root).findings == ()
    path = parquet(root, table)
    content = path.read_bytes()
    path.write_bytes(content[:-40])
    for _ in range(2):
        (finding,) = quick(root).findings
        assert finding.file == str(path)
    path.write_bytes(content)
    mended = quick(root)
    assert (mended.findings, mended.files, mended.captures) == ((), 1, 0), "the archive was not read again for it"


def test_an_archive_file_that_was_whole_is_found_when_it_or_its_rows_are_changed_or_lost(root: Path) -> None:
    assert quick(root).findings == ()
    path = warc(root)
    content = path.read_bytes()
    path.write_bytes(content[:-9])
    for _ in range(2):
        assert str(quick(root).findings[0]).startswith("the archive holds no whole record for capture ")
    path.unlink()
    assert [finding.file for finding in quick(root).findings] == [str(path)]
    path.write_bytes(content)
    assert quick(root).findings == ()
    parquet(root, "captures").unlink()
    assert any("4 archived documents without a row" in str(finding) for finding in quick(root).findings)


@pytest.mark.parametrize(("column", "is_asked_for"), [("text", False), ("url", True)])
def test_damage_that_changes_neither_size_nor_time_is_found_when_it_is_met_and_by_a_full_verification(
    root: Path, column: str, is_asked_for: bool
) -> None:
    assert quick(root).findings == ()
    path = parquet(root, "articles")
    status, damaged = path.stat(), bytearray(path.read_bytes())
    group = pq.read_metadata(path).row_group(0)
    number = group.to_dict()["columns"]
    (chunk,) = (chunk for chunk in number if chunk["path_in_schema"] == column)
    start = chunk["dictionary_page_offset"] or chunk["data_page_offset"]
    damaged[start : start + 9] = bytes(9)
    path.write_bytes(damaged)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert quick(root).findings == (), "nothing landed, so that no row is counted"
    land_more(root)
    assert len(quick(root).findings) == is_asked_for
    (finding,) = verify(root, None, VerifiedFiles.load(Root.at(root), forget=True)).findings
    assert finding.file == str(path)
    assert quick(root).findings == (finding,), "what was found damaged is not forgotten"


def test_where_no_record_can_be_written_the_findings_are_given_all_the_same(root: Path) -> None:
    (root / ".verified/files.partial").mkdir(parents=True)
    parquet(root, "articles").write_bytes(b"")
    verification = quick(root)
    assert [finding.file for finding in verification.findings] == [str(parquet(root, "articles"))]
    assert verification.unsaved.startswith(f"cannot write {root}/.verified/files.parquet: is a directory; ")


def test_a_record_that_cannot_be_read_costs_a_full_verification(root: Path) -> None:
    quick(root)
    next((root / ".verified").iterdir()).write_bytes(b"no Parquet")
    assert (quick(root).files, quick(root).files) == (20, 0)


def compacted(root: Path) -> None:
    """Two versions of one article that another edit supersedes, in base files, and the log that these stand for."""
    edited = article(0, capture_id="edit", version_id="v2", fetched_at=NOON + timedelta(hours=1))
    (known,) = (row for row in ingest(root) if row.url.endswith("0"))
    Store(root).land("articles", [edited], source_id="harbour", key="k2", now=NOON)
    Store(root).land("captures", [replace(known, capture_id="edit")], source_id="harbour", key="k2", now=NOON)
    none = timedelta()
    ages = Ages(none, none, timedelta(hours=9))
    compact(Store(root), datetime.now(UTC) + timedelta(hours=2), seconds=0, ages=ages)


def problems(root: Path) -> list[str]:
    return [finding.problem for finding in verify(root, 1).findings if "archive" not in finding.problem]


def test_a_base_file_with_other_rows_than_what_it_stands_for_is_found_and_moved_away(tmp_path: Path) -> None:
    compacted(tmp_path)
    assert problems(tmp_path) == []
    (base,) = tmp_path.glob("articles/base/*_*.parquet")
    footer = {key: value for key, value in pq.read_metadata(base).metadata.items() if key == b"copydesk"}
    pq.write_table(pq.read_table(base).slice(1).replace_schema_metadata(footer), base)
    assert "a base file of 3 rows that stands for files of 4 rows" in problems(tmp_path)
    repair(tmp_path)
    assert not base.exists()
    assert problems(tmp_path) == []


def test_articles_that_the_lists_of_superseded_rows_show_wrong_are_found_and_put_right(tmp_path: Path) -> None:
    compacted(tmp_path)
    lists = [path for path in tmp_path.glob("superseded/articles/*") if path.name != "none.parquet"]
    lists[0].unlink()
    assert problems(tmp_path) == ["1 article shown twice, or with an older row"]
    repair(tmp_path)
    assert problems(tmp_path) == []
    (base,) = tmp_path.glob("articles/base/*_*.parquet")
    pq.write_table(pq.read_table(base).select(["row_id"]), tmp_path / "superseded/articles/1.parquet")
    assert problems(tmp_path) == ["3 articles whose newest row is not shown"]
    repair(tmp_path)
    assert problems(tmp_path) == []
    damaged = next(path for path in tmp_path.glob("superseded/articles/*") if path.name != "none.parquet")
    damaged.write_bytes(damaged.read_bytes()[:-9])
    assert [finding.file for finding in verify(tmp_path, 1).findings] == [str(damaged)]
    repair(tmp_path)
    assert problems(tmp_path) == []
