"""What was taken down is in no file of the data root any more, and what stays says only that it was there."""

from __future__ import annotations

import gzip
import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from time import process_time

import duckdb
import pyarrow.parquet as pq
import pytest
from fastwarc.warc import ArchiveIterator
from warcio.archiveiterator import ArchiveIterator as Warcio

from tests.support.kill import killed_at_every_moment
from tests.support.rows import NOON, article, discovery, fetched, poll, rejection, run, url
from tests.support.snapshot import Snapshot
from warehouse.archive.warc_records import records
from warehouse.archive.writer import ArchiveWriter, Earlier, read, recover
from warehouse.connect import connect
from warehouse.errors import LockedError, StorageError
from warehouse.model.records import FORGOTTEN, LISTED, Capture, Exchange, Item
from warehouse.model.schema import SCHEMAS
from warehouse.model.vocabulary import Reason
from warehouse.storage.tables import Store
from warehouse.takedown.forget import Forgotten, forget
from warehouse.takedown.redact import named_by
from warehouse.verify import verify

LATER = NOON + timedelta(days=1)
SECRETS = ("Ferry 1 came back", "Паром № 1 вернулся", "&#1055;аром № 1 вернулся", "old headline of the ferry")
"""Words of article 1 that must be found nowhere."""
BODY = "<h1>Паром № 1 вернулся в порт</h1><p>Ferry 1 came back to port.</p>".encode()
MOVED = "https://harbour.example/2026/ferry-1-back"
FEED = "https://harbour.example/feed.xml"


def spoken(address: str, status: int | None = 200, **changes: object) -> Exchange:
    fields = (("Host", "harbour.example"), ("User-Agent", "copydesk"))
    return replace(Exchange(address, NOON, fields, "HTTP/2", status, "OK", (("Etag", '"e1"'),)), **changes)


def page(number: int, content: bytes, source_id: str = "harbour") -> object:
    """Make a page that was redirected to, after a failed attempt."""
    moved = MOVED if number == 1 else f"{MOVED}-{number}"
    document = fetched(number, content, final_url=moved, http_status=200, etag='"e1"')
    hops = (
        spoken("https://harbour.example/robots.txt", content=b"User-agent: *\nDisallow:\n"),
        spoken(url(number), None, error=f"no connection to Паром № {number} вернулся"),
        spoken(url(number), 301, headers=(("Location", moved),), content=content),
        spoken(moved, content=content),
    )
    return replace(document, exchanges=hops, item=replace(document.item, source_id=source_id))


def listing(content: bytes, **changes: object) -> object:
    item = Item("harbour", FEED, FEED, FEED, NOON)
    return replace(fetched(0, content), item=item, exchanges=(spoken(FEED, content=content),), **changes)


def ingest(root: Path, source_id: str = "harbour") -> None:
    """Articles 0 to 2 (1 in two versions), a duplicate of 1, its feed three times, and what a killed run left."""
    store = Store(root)

    def land(table: str, *rows: object, key: str = "k1") -> None:
        store.land(table, [replace(row, source_id=source_id) for row in rows], source_id=source_id, key=key, now=NOON)

    with ArchiveWriter(root, source_id, "run-1", NOON) as archive:
        stored = [replace(archive.write(page(n, b"<p>Rain.</p>", source_id)), outcome="stored") for n in (0, 2)]
        edited = replace(archive.write(page(1, BODY, source_id)), outcome="stored")
        item = replace(fetched(1).item, source_id=source_id)
        earlier = Earlier(edited.capture_id, MOVED, NOON, edited.payload_digest, '"e1"', None, "text/html", None)
        again = archive.write_revisit(item, [spoken(MOVED, 304)], earlier, LATER)
        lost = archive.write_failure(item, [spoken(url(1), 503, content=BODY)], "answered 503", LATER)
        twin = replace(archive.write(page(4, BODY, source_id)), outcome="duplicate")
        feeds = [
            archive.write(listing(b"<rss><item><link>https://harbour.example/news/0</link></item></rss>"), LISTED),
            archive.write(listing(b"<rss><title>&#1055;&#1072;&#1088;&#1086;&#1084; &#x2116; 1 &#1074;&#1077;&#1088;&#1085;&#1091;&#1083;&#1089;&#1103; &#1074; &#1087;&#1086;&#1088;&#1090;</title></rss>"), LISTED),
            archive.write(listing(json.dumps({"url": url(1), "text": "Ferry 1 came back"}).encode()), LISTED),
        ]  # fmt: skip
    rows = [article(n, capture_id=capture.capture_id) for n, capture in zip((0, 2), stored, strict=True)]
    old = article(1, capture_id=edited.capture_id, version_id="v0", title="The old headline of the ferry")
    newer = article(1, capture_id=again.capture_id, fetched_at=LATER, canonical_url=MOVED)
    land(
        "discoveries", *(discovery(n) for n in (0, 2, 3)), discovery(1, title=old.title), discovery(4, title=old.title)
    )
    land("articles", *rows, old)
    land("articles", newer, key="k2")
    details = [f"the same title and text as {url(1)}", "no text but: Ferry 1 came back", f"the same as {url(0)}"]
    land(
        "rejects",
        rejection(
            4,
            reason=Reason.DUPLICATE,
            detail=details[0],
            capture_id=twin.capture_id,
            duplicate_of=url(1),
            title=old.title,
            published_at=NOON,
        ),
        rejection(1, detail=details[1], title=old.title, published_at=NOON, language="en"),
        rejection(3, reason=Reason.DUPLICATE, detail=details[2], duplicate_of=url(0)),
    )
    captures = [*stored, edited, again, lost, twin, *feeds]
    store.land(
        "captures", [replace(row, source_id=source_id) for row in captures], source_id=source_id, key="k1", now=NOON
    )
    land("polls", poll())
    land("runs", run(discovered=5, stored=3, duplicate=1, rejected=1))
    archive.settle()
    with ArchiveWriter(root, source_id, "run-2", LATER) as archive:
        archive.write(page(1, BODY, source_id))
    (root / ".partial" / f"{source_id}-k9.parquet.1").write_bytes(b"Ferry 1 came back")
    (root / ".partial" / f"articles-{source_id}.2").write_bytes(b"Ferry 1 came back")
    (root / ".partial" / "elsewhere-k9.parquet.1").write_bytes(b"of another source")
    (root / ".locks").mkdir(exist_ok=True)
    (root / ".locks" / f"{source_id}.lock").touch()


def identify(source_id: str, guid: str, address: str) -> str:
    return f"id of {guid}"


def take_down(root: Path, target: str = url(1), **changes: object) -> Forgotten:
    return forget(root, target, LATER, normalize=str.lower, identify=identify, **changes)


@pytest.fixture(scope="module")
def ingested(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    return Snapshot.of_root(tmp_path_factory.mktemp("forget") / "data", ingest)


@pytest.fixture
def root(ingested: Snapshot) -> Path:
    return ingested.restore()


def decoded(path: Path) -> bytes:
    """All that a file can tell."""
    content = path.read_bytes()
    if path.suffix == ".parquet":
        return content + json.dumps(pq.read_table(path).to_pylist(), default=str, ensure_ascii=False).encode()
    return content + gzip.decompress(content) if ".warc.gz" in path.name and content else content


def telling(root: Path, *words: str) -> list[tuple[str, str]]:
    """Return the files in which one of the words is."""
    files = [(path, decoded(path)) for path in root.rglob("*") if path.is_file()]
    return [(path.name, word) for path, content in files for word in words or SECRETS if word.encode() in content]


def captures(root: Path) -> list[Capture]:
    with connect(root) as warehouse:
        query = f"SELECT {', '.join(Capture.__slots__)} FROM captures ORDER BY warc_filename, warc_offset"
        return [Capture(*row) for row in warehouse.execute(query).fetchall()]


def test_before_it_is_forgotten_its_words_are_in_tables_archive_and_left_overs(root: Path) -> None:
    kinds = {name.rpartition(".")[2] for name, _ in telling(root)}
    assert kinds == {"parquet", "gz", "1", "2"}


@pytest.mark.parametrize(
    "target", [url(1), url(1).upper(), url(1).replace("https", "http"), MOVED, "article-1", url(4)]
)
def test_whatever_it_is_called_by_it_is_gone_from_every_file(root: Path, target: str) -> None:
    report = take_down(root, target)
    assert telling(root) == []
    assert ("harbour", url(1)) in report.addresses
    assert ("harbour", url(4)) in report.addresses


def test_what_went_is_counted_by_place(root: Path) -> None:
    assert take_down(root) == Forgotten(
        addresses=(("harbour", url(1)), ("harbour", url(4))),
        articles=2,
        discoveries=2,
        rejects=2,
        captures=6,
        listings=2,
        records=6 + 2 + 2 + 6 + 4 + 6,
    )


def test_a_tombstone_keeps_ids_and_addresses_and_nothing_else(root: Path) -> None:
    take_down(root)
    with connect(root) as warehouse:
        assert warehouse.execute("SELECT article_id FROM articles ORDER BY 1").fetchall() == [
            ("article-0",),
            ("article-2",),
        ]
        assert warehouse.execute(
            "SELECT count(*) FROM articles_as_of(TIMESTAMPTZ '2026-03-15 23:00+00')"
        ).fetchall() == [(2,)]
        tombstones = warehouse.sql("SELECT * FROM article_versions WHERE deleted ORDER BY url").to_arrow_table()
        assert dict(warehouse.execute("SELECT url, state FROM ledger").fetchall()) == {
            url(0): "article", url(1): "article", url(2): "article", url(3): "reject", url(4): "article",
        }  # fmt: skip
    first, second = tombstones.to_pylist()
    assert (first["article_id"], second["article_id"]) == ("article-1", f"id of {url(4)}")
    assert (first["url"], first["canonical_url"], first["normalized_url"]) == (url(1), MOVED, "harbour.example/news/1")
    assert first["landed_at"] == LATER
    empty = {
        name: value for name, value in first.items() if name in article(1).__slots__[9:32] and value not in ([], None)
    }
    assert empty == {"text": "", "language": "und", "language_confidence": 0.0, "first_seen_at": NOON}


def test_what_lands_later_does_not_bring_it_back(root: Path) -> None:
    take_down(root)
    later = LATER + timedelta(days=1)
    Store(root).land("articles", [article(1, fetched_at=later)], source_id="harbour", key="k7", now=later)
    with connect(root) as warehouse:
        assert warehouse.execute("SELECT count(*) FROM articles WHERE article_id = 'article-1'").fetchone() == (0,)


def test_its_captures_confirm_nothing(root: Path) -> None:
    take_down(root)
    gone = [capture for capture in captures(root) if capture.outcome == FORGOTTEN]
    assert len(gone) == 6
    for capture in gone:
        assert (capture.etag, capture.last_modified, capture.error) == (None, None, None)
        assert (capture.payload_digest, capture.payload_bytes) == ("", 0)
        with pytest.raises(StorageError, match="was taken down"):
            read(root, capture.warc_filename, capture.warc_offset, capture.warc_length)


def test_every_other_document_is_where_it_was(root: Path) -> None:
    before = {path: path.stat().st_size for path in root.glob("archive/*/*")}
    take_down(root)
    assert {path: path.stat().st_size for path in root.glob("archive/*/*")} == before
    others = [capture for capture in captures(root) if capture.outcome != FORGOTTEN]
    assert [read(root, c.warc_filename, c.warc_offset, c.warc_length)[:9] for c in others] == [
        b"<p>Rain.<", b"<p>Rain.<", b"<rss><ite",
    ]  # fmt: skip
    assert recover(root, "harbour") == []


def test_what_a_site_lets_robots_do_is_kept(root: Path) -> None:
    take_down(root)
    assert telling(root, "Disallow")


def test_verify_finds_nothing_wrong_but_the_left_over_of_another_source(root: Path) -> None:
    take_down(root)
    assert verify(root).findings == ()
    assert verify(root, 9).findings == ()
    assert [path.name for path in (root / ".partial").iterdir()] == ["elsewhere-k9.parquet.1"]


def test_every_warc_tool_reads_what_is_left(root: Path) -> None:
    take_down(root)
    for path in root.glob("archive/*/*"):
        with path.open("rb") as file:
            offsets = [record.stream_pos for record in ArchiveIterator(file, parse_http=True)]
        with path.open("rb") as file:
            assert offsets == [offset for offset, *_ in records(file)]
        with path.open("rb") as file:
            assert [record.rec_headers["WARC-Type"] for record in Warcio(file, check_digests="raise")].count(
                "warcinfo"
            ) == 1


def test_a_file_keeps_its_name_schema_and_bloom_filters(root: Path) -> None:
    name = root / "articles/landed_month=2026-03/harbour-k1.parquet"
    schema = pq.read_schema(name)
    take_down(root)
    assert pq.read_schema(name).equals(schema, check_metadata=True)
    assert pq.read_table(name)["article_id"].to_pylist() == ["article-2", "article-0"]
    filters = "SELECT count(*) FROM parquet_metadata(?) WHERE bloom_filter_offset IS NOT NULL"
    assert duckdb.execute(filters, [str(name)]).fetchall() == [(6,)]


def test_forgetting_again_changes_nothing(root: Path) -> None:
    def files() -> dict[Path, int]:
        return {
            path: path.stat().st_mtime_ns for folder in (*SCHEMAS, "archive") for path in (root / folder).rglob("*")
        }

    take_down(root)
    before = files()
    assert take_down(root) == Forgotten((("harbour", url(1)), ("harbour", url(4))))
    assert files() == before


def test_all_sources_that_hold_the_address_forget_it(root: Path) -> None:
    ingest(root, "lighthouse")
    assert {source_id for source_id, _ in take_down(root).addresses} == {"harbour", "lighthouse"}
    assert telling(root) == []


def test_a_former_duplicate_that_became_an_article_of_its_own_stays(root: Path) -> None:
    (twin,) = (capture for capture in captures(root) if capture.url == url(4))
    Store(root).land("articles", [article(4)], source_id="harbour", key="k8", now=LATER)
    assert take_down(root).addresses == (("harbour", url(1)),)
    with connect(root) as warehouse:
        assert warehouse.execute("SELECT title FROM articles WHERE url = ?", [url(4)]).fetchone() == (article(4).title,)
    with pytest.raises(StorageError, match="was taken down"):
        read(root, twin.warc_filename, twin.warc_offset, twin.warc_length)


def test_an_address_that_waits_is_never_taken_in(root: Path) -> None:
    Store(root).land("discoveries", [discovery(9)], source_id="harbour", key="k3", now=NOON)
    assert take_down(root, url(9)).addresses == (("harbour", url(9)),)
    with connect(root) as warehouse:
        assert warehouse.execute(
            "SELECT article_id, deleted FROM article_versions WHERE url = ?", [url(9)]
        ).fetchall() == [(f"id of {url(9)}", True)]
        assert warehouse.execute("SELECT count(*) FROM pending").fetchone() == (0,)


@pytest.mark.parametrize("target", ["https://harbour.example/none", "", "no such id", FEED])
def test_what_is_not_there_is_not_found_and_changes_nothing(root: Path, target: str) -> None:
    before = {path: path.stat().st_mtime_ns for path in root.rglob("*")}
    assert take_down(root, target) == Forgotten(())
    assert {path: path.stat().st_mtime_ns for path in root.rglob("*")} == before


def test_nothing_is_found_where_nothing_has_landed(tmp_path: Path) -> None:
    assert take_down(tmp_path) == Forgotten(())


def test_a_source_that_is_being_run_is_waited_for(root: Path) -> None:
    with Store(root).lock("harbour", 0), pytest.raises(LockedError):
        take_down(root, lock_seconds=0.1)


@pytest.mark.parametrize(
    "content",
    [
        b"<item><guid>tag:harbour,2026:77</guid></item>",
        b"<loc>https://harbour.example/caf%C3%A9/1?a=1&amp;b=2</loc>",
        "<a href='http://harbour.example/café/1?a=1&b=2'>".encode(),
        rb'{"url": "https:\/\/harbour.example\/caf\u00e9\/1?a=1&b=2"}',
        "<title><![CDATA[Sturm  über\nder <b>Förde</b>]]></title>".encode(),
        b"<title>Sturm &amp;uuml;ber der F&#xf6;rde</title>",
        "<?xml version='1.0' encoding='windows-1252'?><title>STURM ÜBER DER FÖRDE</title>".encode("cp1252"),
        "<title>Sturm über der Förde</title>".encode("utf-16"),
        gzip.compress("<title>Sturm über der Förde</title>".encode(), mtime=0),
    ],
)
def test_a_listing_names_an_article_however_it_writes_it(content: bytes) -> None:
    names = ["tag:harbour,2026:77", "https://harbour.example/café/1?a=1&b=2", "Sturm über der Förde"]
    assert named_by(content, None, names)


@pytest.mark.parametrize(
    "content", [b"", b"<loc>https://harbour.example/news/12</loc>", b"<title>Fire</title>", b"\x1f\x8b!"]
)
def test_a_listing_of_others_does_not_name_it(content: bytes) -> None:
    assert not named_by(content, "no-such-charset", ["https://harbour.example/news/1", "Fire", "", "2"])


def test_a_hostile_listing_is_looked_through_at_once() -> None:
    started = process_time()
    assert not named_by(b"Sturm " + b"<!>" * 100_000 + b"<" * 100_000 + b"derb", None, ["Sturm der"])
    assert process_time() - started < 5


PROGRAM = """
import shutil
from test_forget import take_down

# Only what changes files: every file that is read would count, and every str.replace.
def prepare(root):
    global MOMENTS
    MOMENTS = ("fsync", "write", "mkdir", "unlink", "truncate", "rename")
    shutil.copytree({template!r}, root)

def run(root):
    take_down(root)
"""


@pytest.mark.slow
def test_killed_at_any_moment_and_run_again_it_ends_the_same(
    root: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("killed") / "roots"
    roots = killed_at_every_moment(folder, PROGRAM.format(template=str(root)), step=20)
    assert len(roots) > 3
    ends = set()
    for killed in roots:
        assert {("harbour", url(1)), ("harbour", url(4))} == set(take_down(killed).addresses)
        assert telling(killed) == []
        assert verify(killed).findings == ()
        with connect(killed) as warehouse:
            ends.add(str(warehouse.execute("SELECT url, outcome FROM captures ORDER BY ALL").fetchall()))
            assert warehouse.execute("SELECT count(*) FROM articles").fetchone() == (2,)
    assert len(ends) == 1
