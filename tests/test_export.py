"""Exports, read back by programs that are not ours."""

from __future__ import annotations

import csv
import hashlib
import json
import subprocess
import sys
import zipfile
from datetime import date, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pandas
import pyarrow.parquet as pq
import pytest
from jsonschema import Draft202012Validator
from lxml import etree
from pyld import jsonld
from python_calamine import CalamineWorkbook
from trafilatura.xml import validate_tei
from warcio.archiveiterator import ArchiveIterator

from config.errors import ConfigError
from config.settings import Settings
from flows.cli.export import _formats
from flows.cli.options import read_days
from flows.export import export
from flows.exporting.selection import Selection
from tests.support.commands import copydesk
from tests.support.nursery import Nursery
from tests.support.query import query
from tests.support.rows import NOON, article, fetched, run
from tests.support.snapshot import Snapshot
from warehouse.archive.writer import ArchiveWriter
from warehouse.catalogue import write_catalogue
from warehouse.copies.update import update_copies
from warehouse.errors import LockedError, QueryError
from warehouse.model.vocabulary import Precision
from warehouse.storage.tables import Store

PROJECT = Path(__file__).resolve().parent.parent
LATER = NOON + timedelta(hours=1)
HOSTILE_TITLES = (
    "=cmd|' /C calc'!A0",
    "a\x00b\x1b[31mc\x7f",
    "]]> & <b>bold</b>",
    "عنوان \u202eevil",
    '"quotes", and\nlines',
)
# From the facts of the IPTC's specification: the names that ninjs 3.1 knows where articles use them, and their types.
TEXT = {"type": "string"}
ADDRESS = {"type": "string", "format": "uri"}
INSTANT = {"type": "string", "format": "date-time", "pattern": "^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d(\\.\\d+)?Z$"}


def _object(properties: dict[str, Any], *required: str) -> dict[str, Any]:
    return {"type": "object", "additionalProperties": False, "properties": properties, "required": list(required)}


def _list(properties: dict[str, Any], *required: str) -> dict[str, Any]:
    return {"type": "array", "items": _object(properties, *required)}


VALUE = {"role": TEXT, "contentType": TEXT, "value": TEXT}
COUNTS = {"charCount": {"type": "integer"}, "wordCount": {"type": "integer"}}
CONCEPT = {"name": TEXT, "rel": TEXT, "uri": ADDRESS, "literal": TEXT}
ITEM: dict[str, Any] = {
    "uri": ADDRESS,
    "type": {"enum": ["text", "audio", "video", "picture", "graphic", "composite", "component", "event", "planning"]},
    "version": TEXT,
    "versionCreated": INSTANT,
    "contentCreated": INSTANT,
    "usageTerms": TEXT,
    "language": TEXT,
    "headlines": _list(VALUE, "value"),
    "descriptions": _list(VALUE, "value"),
    "bodies": _list(VALUE | COUNTS, "value"),
    "people": _list(CONCEPT),
    "subjects": _list(CONCEPT),
    "by": TEXT,
    "located": TEXT,
    "infoSources": _list({"name": TEXT, "role": TEXT, "uri": ADDRESS, "literal": TEXT}),
    "renditions": _list({"name": TEXT, "href": ADDRESS, "contentType": TEXT}, "name"),
    "altIds": _list({"role": TEXT, "value": TEXT}),
    "standard": _object({"name": TEXT, "version": TEXT, "schema": ADDRESS}),
}
NINJS = _object({**ITEM, "associations": _list({**ITEM, "name": TEXT, "rel": TEXT}, "name", "uri")}, "uri")


@pytest.fixture
def hostile(settings: Settings, hostile_data: Snapshot) -> Settings:
    """Make a warehouse with the hostile articles as they were."""
    return settings.model_copy(update={"data": str(hostile_data.restore())})


@pytest.fixture(scope="module")
def hostile_data(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    """Make a data root with an article of each hostile title, one of nulls, and one that was taken down."""
    store = Store(tmp_path_factory.mktemp("hostile") / "data")
    articles = [
        article(
            number,
            title=title,
            text=f"{title}\n\nA second paragraph.",
            description=title,
            section="world",
            tags=("=1+1", "harbour"),
            image_url="https://harbour.example/a picture.jpg",
            image_caption=title,
            license="https://licence.example/by",
            published_precision=Precision.SECOND if number % 2 else Precision.DAY,
        )
        for number, title in enumerate(HOSTILE_TITLES)
    ]
    nulls = article(
        10, title=None, by=None, authors=(), info_sources=(), published_at=None, published_precision=None,
        published_raw=None, published_zone=None, language="und", source_id="other", url="https://h.example/ä b|c",
    )  # fmt: skip
    store.land("articles", [*articles, nulls, article(11)], source_id="harbour", key="1", now=NOON)
    store.land("articles", [article(11, deleted=True, text="")], source_id="harbour", key="2", now=NOON)
    store.land("runs", [run(), run(run_id="run-2", source_id="other")], source_id="harbour", key="1", now=NOON)
    write_catalogue(store.root)
    return Snapshot(Path(store.root.url))


def exported(settings: Settings, folder: Path, *names: str, **options: Any) -> Path:
    export(folder, _formats(list(names)), options.pop("selection", Selection()), settings, **options)
    return folder


def json_lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").split("\n")[:-1]]


def test_parquet_has_every_column_and_row(hostile, tmp_path):
    path = exported(hostile, tmp_path / "out", "parquet") / "articles-00001.parquet"
    table = pq.read_table(path)
    columns = [name for name, *_ in query(hostile.data, "DESCRIBE articles").fetchall()]
    assert table.column_names == columns
    assert sorted(table["title"].to_pylist(), key=str) == sorted([*HOSTILE_TITLES, None], key=str)
    assert table["published_at"].to_pylist()[-1] is None
    assert table["published_at"].to_pylist()[:-1] == sorted(table["published_at"].to_pylist()[:-1])
    assert pq.ParquetFile(path).metadata.row_group(0).column(0).compression == "ZSTD"


def test_json_lines_have_the_names_of_cc_news(hostile, tmp_path):
    records = json_lines(exported(hostile, tmp_path / "out", "jsonl") / "articles-00001.jsonl")
    assert list(records[0])[:7] == ["title", "text", "domain", "date", "description", "url", "image_url"]
    assert {record["title"] for record in records} == {*HOSTILE_TITLES, None}
    assert records[-1]["date"] is None
    assert records[-2]["date"] == "2026-03-15 12:00:00"


def test_an_address_that_is_none_has_no_domain(settings, tmp_path):
    Store(settings.data).land("articles", [article(1, url="http://[::1")], source_id="harbour", key="1", now=NOON)
    [record] = json_lines(exported(settings, tmp_path / "out", "jsonl") / "articles-00001.jsonl")
    assert (record["url"], record["domain"]) == ("http://[::1", None)


def test_csv_is_read_by_a_spreadsheet_without_formulas(hostile, tmp_path):
    path = exported(hostile, tmp_path / "out", "csv") / "articles-00001.csv"
    assert path.read_bytes().startswith(b"\xef\xbb\xbf")
    table = pandas.read_csv(path)
    assert len(table) == len(HOSTILE_TITLES) + 1
    assert set(table["tags"].dropna()) == {"'=1+1, harbour"}
    cells = [cell for row in csv.reader(StringIO(path.read_bytes().decode("utf-8-sig"), newline="")) for cell in row]
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@")) or "\x00" in cell or "\x1b" in cell]


def test_a_workbook_is_read_by_a_spreadsheet_without_formulas(hostile, tmp_path):
    path = exported(hostile, tmp_path / "out", "xlsx") / "articles-00001.xlsx"
    names, *rows = CalamineWorkbook.from_path(path).get_sheet_by_index(0).to_python()
    assert len(rows) == len(HOSTILE_TITLES) + 1
    titles = {row[names.index("title")] for row in rows}
    assert "=1+1, harbour" in {row[names.index("tags")] for row in rows}
    assert any(title.startswith(("=", "+", "-", "@")) for title in titles)


def test_json_ld_is_expanded_by_a_processor(hostile, tmp_path):
    path = exported(hostile, tmp_path / "out", "jsonld") / "articles-00001.jsonld"
    document = json.loads(path.read_text("utf-8"))
    assert document.pop("@context") == "https://schema.org"
    graph = jsonld.expand({"@context": {"@vocab": "https://schema.org/"}, **document})
    schema = "https://schema.org/"
    assert [item["@type"] for item in graph] == [[f"{schema}NewsArticle"]] * (len(HOSTILE_TITLES) + 1)
    headlines = [item.get(f"{schema}headline", [{"@value": None}])[0]["@value"] for item in graph]
    assert set(headlines) == {*HOSTILE_TITLES, None}
    dates = {item[f"{schema}identifier"][0]["@value"]: item.get(f"{schema}datePublished") for item in graph}
    assert dates["article-0"] == [{"@value": "2026-03-15"}]  # as precise as it is printed
    assert dates["article-1"] == [{"@value": "2026-03-14T12:00:00Z"}]
    assert dates["article-10"] is None


def test_ninjs_is_valid(hostile, tmp_path):
    items = json_lines(exported(hostile, tmp_path / "out", "ninjs") / "articles-00001.ninjs.jsonl")
    validator = Draft202012Validator(NINJS, format_checker=Draft202012Validator.FORMAT_CHECKER)
    assert [error.message for item in items for error in validator.iter_errors(item)] == []
    assert {item.get("headlines", [{"value": None}])[0]["value"] for item in items} == {*HOSTILE_TITLES, None}
    assert [item for item in items if "contentCreated" in item and item["altIds"][0]["value"] == "article-0"] == []
    assert items[-1]["uri"] == "https://h.example/%C3%A4%20b%7Cc"


def test_tei_is_valid(hostile, tmp_path):
    with zipfile.ZipFile(exported(hostile, tmp_path / "out", "tei") / "articles-00001.tei.zip") as archive:
        trees = {name: etree.fromstring(archive.read(name)) for name in archive.namelist()}
    assert len(trees) == len(HOSTILE_TITLES) + 1
    # The validator reads elements without a namespace, as trafilatura makes them.
    for tree in trees.values():
        bare = etree.fromstring(etree.tostring(tree).replace(b' xmlns="http://www.tei-c.org/ns/1.0"', b""))
        assert validate_tei(bare)
    assert "".join(trees["article-2.xml"].find(".//{*}body//{*}p").itertext()) == HOSTILE_TITLES[2]


def test_originals_are_copied_once_each_and_what_is_gone_is_counted(settings, tmp_path):
    store = Store(settings.data)
    with ArchiveWriter(settings.data, "harbour", "run-1", NOON) as writer:
        captures = [writer.write(fetched(number)) for number in range(3)]
    store.land("captures", captures, source_id="harbour", key="1", now=NOON)
    ids = [captures[0].capture_id, captures[0].capture_id, captures[1].capture_id, "gone"]
    articles = [article(number, capture_id=capture_id) for number, capture_id in enumerate(ids)]
    store.land("articles", articles, source_id="harbour", key="1", now=NOON)
    folder = tmp_path / "out"
    report = export(folder, _formats(["warc"]), Selection(), settings, shard_rows=1)
    records = []
    for path in sorted(folder.glob("*.warc.gz")):
        with path.open("rb") as file:
            records += [
                (record.rec_type, record.rec_headers["WARC-Target-URI"], record.content_stream().read())
                for record in ArchiveIterator(file, check_digests="raise")
            ]
    assert sorted(record[1:] for record in records if record[0] == "resource") == [
        (fetched(number).item.url, fetched(number).content) for number in (0, 1)
    ]
    assert {record[0] for record in records} == {"warcinfo", "resource"}
    assert report.missing_originals == json.loads((folder / "manifest.json").read_text())["missing_originals"] == 1


def test_a_delta_table_is_read_by_deltalake(hostile, tmp_path):
    deltalake = pytest.importorskip("deltalake")
    folder = exported(hostile, tmp_path / "out", "delta", shard_rows=2) / "delta"
    titles = deltalake.DeltaTable(str(folder)).to_pyarrow_table()["title"].to_pylist()
    assert sorted(titles, key=str) == sorted([*HOSTILE_TITLES, None], key=str)


def test_the_manifest_describes_every_file_so_that_the_set_can_be_cited(hostile, tmp_path):
    selection = Selection(languages=("en",), since=date(2026, 3, 13))
    folder = exported(hostile, tmp_path / "out", "parquet", "jsonl", selection=selection, as_of=LATER, shard_rows=2)
    manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
    assert manifest["rows"] == 3
    assert manifest["languages"] == {"en": 3}
    assert manifest["sources"] == {"harbour": 3}
    assert manifest["selection"] == {"languages": ["en"], "since": "2026-03-13"}
    assert manifest["snapshot_at"] == LATER.isoformat()
    assert manifest["rules"] == [{"source_id": "harbour", "code_version": "1", "config_digest": "digest"}]
    for file in manifest["files"]:
        assert hashlib.sha256((folder / file["name"]).read_bytes()).hexdigest() == file["sha256"]
    assert sorted(path.name for path in folder.iterdir()) == sorted(
        [*(file["name"] for file in manifest["files"]), "manifest.json", "data-dictionary.md"]
    )
    assert "| `published_at` |" in (folder / "data-dictionary.md").read_text("utf-8")


@pytest.mark.parametrize("form", ["parquet", "jsonl", "csv", "xlsx", "jsonld", "ninjs", "tei", "warc", "delta"])
def test_an_empty_result_is_a_set_of_no_articles(hostile, tmp_path, form):
    report = export(tmp_path / "out", _formats([form]), Selection(languages=("xx",)), hostile)
    assert (report.rows, report.missing_originals) == (0, 0)
    assert (tmp_path / "out" / "manifest.json").exists()


def test_a_query_sees_the_articles_of_the_moment(hostile, tmp_path):
    Store(hostile.data).land(
        "articles",
        [article(0, title="edited", version_id="v2", fetched_at=LATER)],
        source_id="harbour",
        key="3",
        now=LATER,
    )
    for name, moment, title in (("then", NOON, HOSTILE_TITLES[0]), ("now", None, "edited")):
        quoted = title.replace("'", "''")
        selection = Selection(f"SELECT title, article_id FROM articles WHERE title = '{quoted}'")
        folder = exported(hostile, tmp_path / name, "jsonl", selection=selection, as_of=moment)
        assert [record["title"] for record in json_lines(folder / "articles-00001.jsonl")] == [title]


KILLED = """
import signal
from datetime import timedelta
from pathlib import Path
from config.settings import Settings
from flows.cli.export import _formats
from flows.export import export
from flows.exporting.selection import Selection
from tests.support.rows import NOON

import deltalake
import flows.exporting.delta, flows.exporting.originals, flows.exporting.tei
import pyarrow
pyarrow.array([1])  # imports what each process would import later

def export_killed(data, out, moment):
    renames = 0

    def watch(frame, event, function):
        nonlocal renames
        if event == "c_call" and (function.__module__, function.__name__) == ("posix", "replace"):
            renames += 1
            if renames == moment:
                print("killed", flush=True)
                os.kill(os.getpid(), signal.SIGKILL)

    sys.setprofile(watch)
    export(Path(out), _formats(["parquet", "tei", "delta"]), Selection(), Settings(data=data),
           as_of=NOON + timedelta(hours=1), shard_rows=3)
"""


@pytest.mark.slow
def test_an_export_that_was_killed_goes_on_and_ends_in_the_same_files(settings, tmp_path):
    deltalake = pytest.importorskip("deltalake")
    Store(settings.data).land(
        "articles", [article(number) for number in range(7)], source_id="harbour", key="1", now=NOON
    )
    options: dict[str, Any] = {"as_of": LATER, "shard_rows": 3}
    whole = exported(settings, tmp_path / "whole", "parquet", "tei", "delta", **options)
    # The renames: of the plan, then of parquet, tei and the shard three times, dictionary and manifest.
    moments = (1, 2, 4, 6, 12)
    with Nursery(KILLED) as nursery:
        for moment in moments:
            folder = str(tmp_path / str(moment))
            ended = nursery.start(f"export_killed({settings.data!r}, {folder!r}, {moment})").wait()
            assert ended.stdout == "killed\n", ended.stderr
    for moment in moments:
        folder = tmp_path / str(moment)
        assert not (folder / "manifest.json").exists()
        finished = {path: path.stat().st_mtime_ns for path in folder.glob("articles-00001.*") if moment > 4}
        exported(settings, folder, "parquet", "tei", "delta", **options)
        assert all(path.stat().st_mtime_ns == written for path, written in finished.items())
        manifests = [json.loads((path / "manifest.json").read_text("utf-8")) for path in (whole, folder)]
        assert manifests[0]["files"] == manifests[1]["files"]
        assert manifests[1]["rows"] == deltalake.DeltaTable(str(folder / "delta")).to_pyarrow_table().num_rows == 7
        assert not (folder / ".unfinished").exists()


MEASURE = """
import resource, sys
from pathlib import Path
from config.settings import Settings
from flows.cli.export import _formats
from flows.export import export
from flows.exporting.selection import Selection

data, out = sys.argv[1:]
export(Path(out), _formats(["parquet", "jsonl"]), Selection(), Settings(data=data, sql_memory="400 MB"), shard_rows=500)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


@pytest.mark.slow
def test_memory_does_not_grow_with_the_export(tmp_path):
    peaks = []
    text = "The ferry came back to port, and nobody was hurt. " * 400
    for files in (1, 6):
        root = tmp_path / str(files)
        for key in range(files):
            numbers = range(key * 1_000, (key + 1) * 1_000)
            rows = [article(number, text=f"{number} {text}", published_at=NOON) for number in numbers]
            Store(root).land("articles", rows, source_id="harbour", key=str(key), now=NOON)
        command = [sys.executable, "-c", MEASURE, str(root), str(tmp_path / f"out-{files}")]
        done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=PROJECT)
        peaks.append(int(done.stdout) // 1024)
    # 20 kB a text: 120 MB against 20, and the same again in Parquet and JSON.
    assert peaks[1] < peaks[0] + 80, peaks


def test_each_text_is_exported_once(settings, tmp_path):
    text = " ".join(f"word{number}" for number in range(120))
    articles = [
        article(1, source_id="late", text=text, first_seen_at=LATER, published_at=None),
        article(2, source_id="early", text=text, published_at=None),
        article(3, source_id="other", text=f"Another text. {text[:200]}"),
    ]
    Store(settings.data).land("articles", articles, source_id="harbour", key="1", now=NOON)
    update_copies(settings.data, seconds=1)

    def sources(name: str, **choice: Any) -> list[str]:
        folder = exported(settings, tmp_path / name, "parquet", selection=Selection(unique=True, **choice))
        return sorted(pq.read_table(folder / "articles-00001.parquet")["source_id"].to_pylist())

    assert sources("all") == ["early", "other"]
    assert sources("chosen", sources=("late", "other")) == ["late", "other"]
    assert json.loads((tmp_path / "all" / "manifest.json").read_text())["selection"] == {"unique": True}


@pytest.mark.parametrize(
    ("selection", "error", "sentence"),
    [
        (Selection("SELECT 1 AS x"), QueryError, "no column article_id"),
        (Selection("DROP VIEW articles"), QueryError, "only statements that read"),
        (Selection("SELECT article_id FROM read_csv('/etc/passwd')"), QueryError, "no others"),
        (Selection("SELECT 1", languages=("en",)), ConfigError, "leave out --language"),
    ],
    ids=["no id", "writes", "other file", "both"],
)
def test_a_wrong_selection_is_one_sentence(hostile, tmp_path, selection, error, sentence):
    with pytest.raises(error, match=sentence):
        exported(hostile, tmp_path / "out", "parquet", selection=selection)


@pytest.mark.parametrize(
    ("days", "sentence"), [(("2026-02-01", "2026-01-01"), "turn them round"), (("May", None), "not a day")]
)
def test_wrong_days_are_one_sentence(days, sentence):
    with pytest.raises(ConfigError, match=sentence):
        read_days(*days)


def test_a_folder_holds_one_export(hostile, tmp_path):
    folder = exported(hostile, tmp_path / "out", "jsonl")
    with pytest.raises(ConfigError, match="finished export"):
        exported(hostile, folder, "jsonl")
    with pytest.raises(ConfigError, match="inside the data root"):
        exported(hostile, Path(hostile.data) / "out", "jsonl")

    def meanwhile(_: int) -> None:
        with pytest.raises(LockedError, match="another export"):
            exported(hostile, tmp_path / "other", "jsonl")

    exported(hostile, tmp_path / "other", "jsonl", begin=meanwhile)


def test_an_unfinished_export_is_not_mixed_with_another(hostile, tmp_path):
    def stop(_: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        exported(hostile, tmp_path / "out", "jsonl", advance=stop)
    with pytest.raises(ConfigError, match="unfinished export of other articles"):
        exported(hostile, tmp_path / "out", "csv")
    with pytest.raises(ConfigError, match="unfinished export of other articles"):
        exported(hostile, tmp_path / "out", "jsonl", selection=Selection(languages=("en",)))
    exported(hostile, tmp_path / "out", "jsonl")


def test_the_command_counts_exports_and_names_its_formats(hostile, tmp_path):
    def export(*arguments: str) -> tuple[int, str, str]:
        done = copydesk("export", *arguments, "--data", hostile.data, cwd=tmp_path)
        return done.returncode, done.stdout, done.stderr

    assert export("out", "--dry-run", "--source", "other")[1].splitlines()[-1].split() == ["other", "und", "1"]
    assert not (tmp_path / "out").exists()
    assert export("out", "--as", "word")[::2] == (
        2,
        "copydesk: --as word: no such format; there are parquet, jsonl, csv, xlsx, jsonld, ninjs, tei, warc, delta\n",
    )
    code, _, message = export("out", "--source", "nosuch")
    assert (code, message.partition("; ")[0]) == (2, "copydesk: no source 'nosuch'")
    assert export("out", "--since", "yesterday")[2] == "copydesk: 'yesterday' is not a day; write it as 2026-03-15\n"
    assert export("out", "--source", "other", "--as", "csv", "--as", "jsonl") == (
        0,
        "1 article in 2 files; out/manifest.json describes them\n",
        "",
    )
