"""Files of records as other programs leave them: their charsets, packings, wrappings and ways to say `no value`."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import tracemalloc
import zipfile
from datetime import datetime

import pytest

from config.sources import load_source
from tasks.files.jsonl import open_record, read_records
from tasks.files.record_values import strings
from tasks.listings.input_reader import InputError, ReadContext
from warehouse.model.records import Capture, Fetched, RawArticle, Rejection

BODY = "Der Bäcker öffnet früher. Die Straße bleibt gesperrt, teilt das Rathaus mit; der Wochenmarkt fällt aus."
RUSSIAN = "Паром снова ходит каждый час. Причал чинили всё лето, и город заплатил за доски сам."
JAPANESE = "新しい橋は来年の春に開通する予定です。町の人々は工事の終わりを待っています。"
KOREAN = "새 다리는 내년 봄에 개통될 예정이다. 마을 사람들은 공사가 끝나기를 기다리고 있다."
CHINESE = "新桥将于明年春天通车。镇上的居民都在等待工程结束，渡轮仍然每小时一班。"


@pytest.fixture
def read(tmp_path, settings, now):
    """Read a file; return its records and refusals, and the problem that ended the reading early."""

    def read_file(name: str, content: bytes, fields: str = "") -> tuple[list[Fetched | Rejection], str]:
        (tmp_path / name).write_bytes(content)
        path = tmp_path / "wire.toml"
        path.write_text(f'title = "Wire"\n[[input]]\nkind = "jsonl"\npath = "{name}"\nfields = {{{fields}}}\n')
        source = load_source(path)
        documents: list[Fetched | Rejection] = []
        try:
            documents.extend(read_records(source, source.input[0], ReadContext(settings, now)))
        except InputError as error:
            return documents, str(error)
        return documents, ""

    return read_file


@pytest.fixture
def texts(read):
    """Read the texts of a file that is whole."""

    def read_whole(name: str, content: bytes, fields: str = "") -> list[str]:
        documents, problem = read(name, content, fields)
        assert not problem
        return [json.loads(document.content.strip(b"\x1e"))["text"] for document in documents]

    return read_whole


@pytest.fixture
def candidates(read, tmp_path):
    """Read the candidates of the only record of a file, by column."""

    def open_first(line: str, fields: str = "") -> dict[str, tuple[str, ...]]:
        (document,), problem = read("news.jsonl", line.encode(), fields)
        assert not problem
        capture = Capture(
            "c", "wire", "r", document.item.url, None, document.fetched_at, None, "application/json", None, None, None,
            "sha256:00", len(document.content), "", 0, 0, "pending",
        )  # fmt: skip
        raw = open_record(RawArticle(document.item, capture, document.content), load_source(tmp_path / "wire.toml"))
        assert isinstance(raw, RawArticle), raw
        return {candidate.field: candidate.values for candidate in raw.item.candidates}

    return open_first


def lines(*bodies: str) -> str:
    return "".join(json.dumps({"text": body, "id": n}, ensure_ascii=False) + "\r\n" for n, body in enumerate(bodies))


@pytest.mark.parametrize(
    "missing", ["NaN", "Infinity", "-Infinity", "null", '"NaN"', '"nan"', '"null"', '"N/A"', "[null]"]
)
def test_a_value_that_means_none_is_none(candidates, missing):
    line = f'{{"text": "{BODY}", "title": {missing}, "authors": {missing}, "section": "Local"}}'
    assert candidates(line) == {"section": ("Local",)}


def test_a_name_that_only_looks_like_no_value_is_kept(candidates):
    assert candidates(f'{{"text": "{BODY}", "authors": ["Nan Goldin", "Nan"]}}') == {"authors": ("Nan Goldin", "Nan")}


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ('{"$date": "2026-11-02T10:00:00Z"}', "2026-11-02T10:00:00Z"),
        ('{"$date": 1793613600000}', "2026-11-02T10:00:00+00:00"),
        ('{"$date": {"$numberLong": "-86400000"}}', "1969-12-31T00:00:00+00:00"),
        ('{"$timestamp": {"t": 1793613600, "i": 1}}', "2026-11-02T10:00:00+00:00"),
        ('{"_seconds": 1793613600, "_nanoseconds": 0}', "2026-11-02T10:00:00+00:00"),
        ('{"$numberLong": "1793613600000"}', "1793613600000"),
        ('{"S": "2 November 2026"}', "2 November 2026"),
        ('{"@value": "2026-11-02", "@type": "xsd:date"}', "2026-11-02"),
        ('{"$oid": "65f2c0ffee00000000000001"}', "65f2c0ffee00000000000001"),
        ('{"rendered": "Tom &amp; Ann"}', "Tom &amp; Ann"),
    ],
)
def test_a_typed_value_of_another_program_is_its_value(value, text):
    assert strings(json.loads(value)) == (text,)


def test_the_id_of_a_record_may_be_typed_or_a_fraction(read):
    content = b'{"id": {"$oid": "65f2"}, "text": "a"}\n{"id": 17.0, "text": "b"}\n{"id": NaN, "text": "c"}\n'
    keys = [document.item.url.rpartition("#")[2] for document in read("news.json", content)[0]]
    assert keys[:2] == ["id=65f2", "id=17"]
    assert keys[2].startswith("sha256=")


def test_raw_control_characters_stop_no_record(candidates):
    assert candidates(f'{{"text": "One.\tTwo.\x0b{BODY}", "title": "A\tB"}}') == {"title": ("A\tB",)}


@pytest.mark.parametrize(
    ("charset", "body"),
    [
        ("cp1252", BODY), ("utf-16", BODY), ("utf-16-le", BODY), ("utf-16-be", RUSSIAN), ("utf-32", BODY), ("utf-8-sig", BODY),
        ("cp1251", RUSSIAN), ("koi8-r", RUSSIAN), ("gb18030", CHINESE),         ("shift_jis", JAPANESE), ("euc-jp", JAPANESE), ("euc-kr", KOREAN),
    ],
)  # fmt: skip
@pytest.mark.parametrize("shape", ["lines", "list"])
def test_a_file_is_read_in_the_charset_it_was_saved_in(texts, charset, body, shape):
    bodies = [f"{n}. {body}" for n in range(4)]
    text = (
        lines(*bodies) if shape == "lines" else json.dumps([{"text": b} for b in bodies], ensure_ascii=False, indent=1)
    )
    assert texts("news.json", text.encode(charset)) == bodies


def test_a_line_in_another_charset_than_those_before_it_is_read(texts):
    content = lines(RUSSIAN).encode() + json.dumps({"text": BODY}, ensure_ascii=False).encode("cp1252")
    assert texts("news.jsonl", content) == [RUSSIAN, BODY]


@pytest.mark.parametrize("indent", [None, 0, 2, "\t"])
@pytest.mark.parametrize("wrap", ["list", "objects", "lists", "sequence", "side by side"])
def test_json_that_is_no_json_lines_is_read_record_by_record(texts, indent, wrap):
    records = [{"tags": ["}", {"a": "\\"}], "text": f'{n} "quoted" {{[ {BODY}'} for n in range(3)]
    parts = [json.dumps(record, indent=indent) for record in records]
    content = {
        "list": json.dumps(records, indent=indent),
        "objects": "\n\n".join(parts),
        "lists": f"[{parts[0]},\n{parts[1]}]\n[null, {parts[2]}]",
        "sequence": "".join(f"\x1e{part}\n" for part in parts),
        "side by side": "".join(parts),
    }[wrap]
    assert texts("news.json", content.encode()) == [record["text"] for record in records]


def test_the_answer_of_a_service_gives_the_articles_in_its_list(texts):
    answer = {"response": {"status": "ok", "total": 2, "results": [{"title": "One", "text": "a"}, {"text": "b"}]}}
    assert texts("page.json", json.dumps(answer, indent=2).encode()) == ["a", "b"]
    assert texts("pages.jsonl", (json.dumps(answer) + "\n").encode() * 2) == ["a", "b", "a", "b"]


def test_the_comments_of_an_article_without_a_text_are_no_articles(read):
    record = {"title": "One", "url": "https://a.example/1", "comments": [{"text": "First!"}, {"text": "Second!"}]}
    (document,), _ = read("news.jsonl", json.dumps(record).encode())
    assert document.item.url == "https://a.example/1"


def test_a_list_may_be_longer_than_what_is_read_at_once(texts):
    bodies = [f"{n} \\ {BODY * 40}" for n in range(60)]
    assert texts("news.json", json.dumps([{"text": body} for body in bodies]).encode()) == bodies


def test_what_stands_between_records_or_is_too_long_is_refused_by_its_number(read, settings):
    long = json.dumps({"text": "x" * settings.max_document_bytes})
    documents, problem = read("news.json", f'[{{"text": "a"}}, 7, {long}, {{"text": "b"}}, "end"]'.encode())
    assert not problem
    assert [document.detail if isinstance(document, Rejection) else document.content for document in documents] == [
        b'{"text": "a"}',
        "record 2 stands between the records and is no JSON object",
        f"record 3 is longer than {settings.max_document_bytes:,} bytes; raise max_document_bytes to take it",
        b'{"text": "b"}',
        "record 5 stands between the records and is no JSON object",
    ]


@pytest.mark.parametrize("content", ['[{"text": "a"}, {"text": "b', '[{"text": "a"},', '{\n"text": "a"\n}\n{\n"text'])
def test_a_list_that_is_cut_short_gives_the_records_before(read, content):
    documents, problem = read("news.json", content.encode())
    assert [json.loads(document.content)["text"] for document in documents] == ["a"]
    assert "cut short or damaged after record 1" in problem


@pytest.mark.parametrize(
    ("line", "cure"),
    [
        ('{"_id": ObjectId("65f2"), "text": "a"}', "write the file with mongoexport"),
        ("{'text': 'a', 'title': None}", "write the file with json.dumps"),
    ],
)
def test_a_line_that_another_program_printed_is_told_with_its_cure(read, tmp_path, line, cure):
    (document,), _ = read("news.jsonl", line.encode())
    capture = Capture(
        "c", "wire", "r", document.item.url, None, document.fetched_at, None, "application/json", None, None, None,
        "sha256:00", 1, "", 0, 0, "pending",
    )  # fmt: skip
    raw = RawArticle(document.item, capture, document.content)
    refusal = open_record(raw, load_source(tmp_path / "wire.toml"))
    assert isinstance(refusal, Rejection)
    assert cure in refusal.detail


def zipped(**files: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name.replace("__", "."), content)
    return packed.getvalue()


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress, lambda content: zipped(news=content)])
@pytest.mark.parametrize("name", ["news.jsonl", "download"])
def test_a_packed_file_is_known_by_its_first_bytes(texts, pack, name):
    assert texts(name, pack(lines(BODY).encode())) == [BODY]
    assert texts(f"{name}.csv.bz2", pack(b"text,id\r\na,1\r\n")) == ["a"]


def test_a_file_packed_in_several_streams_is_read_to_its_end(texts):
    for compress in (bz2.compress, lzma.compress):
        assert texts("news.jsonl", compress(lines("a").encode()) + compress(lines("b").encode())) == ["a", "b"]


@pytest.mark.parametrize("compress", [bz2.compress, lzma.compress])
def test_a_packed_file_that_is_cut_short_gives_its_whole_lines(read, compress):
    content = compress(b"".join(lines(BODY + str(n)).encode() for n in range(40_000)))
    documents, problem = read("news.jsonl", content[: len(content) - 2_000])
    assert documents
    assert all(json.loads(document.content) for document in documents[:-1])
    assert "cut short" in problem


@pytest.mark.parametrize("compress", [bz2.compress, lzma.compress])
def test_a_few_bytes_that_unpack_to_any_size_take_no_memory(read, compress):
    content = compress(b'{"text": "' + b"x" * 60_000_000)
    tracemalloc.start()
    try:
        (refusal,), _ = read("news.jsonl", content)
        assert tracemalloc.get_traced_memory()[1] < 20_000_000
    finally:
        tracemalloc.stop()
    assert "is longer than" in refusal.detail


def test_all_files_of_records_in_a_zip_are_read(texts):
    content = zipped(
        b__csv=b"text\nb1\nb2\n", a__jsonl=lines("a1").encode(), readme__txt=b"Read me", c__json=b'[{"text": "c1"}]'
    )
    assert texts("export.zip", content) == ["a1", "b1", "b2", "c1"]


@pytest.mark.parametrize(
    ("content", "cure"),
    [
        (zipped(readme__txt=b"a", page__html=b"b"), "holds no file of records"),
        (zipped(a__zip=zipped(b__jsonl=b"{}")), "unpack it"),
        (zipped(a__jsonl=b"{}")[:-30], "damaged or cut short"),
        (b"7z\xbc\xaf\x27\x1c\0\0", "a 7z archive; unpack it"),
        (b"SQLite format 3\0" + b"\0" * 100, "export its table as CSV"),
        (b"Obj\x01" + b"\0" * 100, "write it as JSON Lines or Parquet"),
        (b"<!doctype html><html><body>Log in</body></html>", "it is a web page or XML, not records"),
        (b"It is not a table.\nNor is it JSON.\n", "no column is named 'html' or 'text'"),
    ],
    ids=["no records", "zip in a zip", "cut zip", "7z", "SQLite", "Avro", "page", "prose"],
)
def test_a_file_of_no_records_is_told_in_one_sentence_with_the_cure(read, content, cure):
    documents, problem = read("news.jsonl", content)
    assert not documents
    assert cure in problem


def test_a_table_under_another_name_is_read(texts):
    assert texts("export", b"id;text;title\n1;a;A\n2;b;B\n") == ["a", "b"]


SHEET = """<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>
<row r="2"><c r="A2" t="inlineStr"><is><t>text</t></is></c><c r="B2" t="inlineStr"><is><t>id</t></is></c>
<c r="C2" t="inlineStr"><is><t>published_at</t></is></c></row>
<row r="3"><c r="A3" t="inlineStr"><is><t>Die Brücke ist offen.</t></is></c><c r="B3"><v>17</v></c><c r="C3" s="1"><v>46328.4375</v></c></row>
</sheetData></worksheet>"""


def workbook() -> bytes:
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    relations = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006"
    files = {
        "[Content_Types].xml": f'<Types xmlns="{package}/content-types"/>',
        "_rels/.rels": f'<Relationships xmlns="{package}/relationships">'
        f'<Relationship Id="r0" Type="{relations}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{main}" xmlns:r="{relations}"><sheets>'
        '<sheet name="Notes" sheetId="1" r:id="r1"/><sheet name="News" sheetId="2" r:id="r2"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{package}/relationships">'
        f'<Relationship Id="r1" Type="{relations}/worksheet" Target="worksheets/sheet1.xml"/>'
        f'<Relationship Id="r2" Type="{relations}/worksheet" Target="worksheets/sheet2.xml"/>'
        f'<Relationship Id="r3" Type="{relations}/styles" Target="styles.xml"/></Relationships>',
        "xl/styles.xml": f'<styleSheet xmlns="{main}"><cellXfs><xf numFmtId="0"/><xf numFmtId="22"/></cellXfs></styleSheet>',
        "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{main}"><sheetData/></worksheet>',
        "xl/worksheets/sheet2.xml": SHEET,
    }
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return packed.getvalue()


def test_the_rows_of_a_workbook_are_records(read):
    (document,), problem = read("news.xlsx", workbook())
    assert not problem
    record = json.loads(document.content)
    assert (record["text"], record["id"]) == ("Die Brücke ist offen.", 17)
    assert datetime.fromisoformat(record["published_at"]) == datetime(2026, 11, 2, 10, 30)  # noqa: DTZ001


def test_a_workbook_without_a_text_is_told_with_its_columns(read):
    _, problem = read("news.xlsx", workbook(), 'text = "body"')
    assert "no column is named 'html' or 'body'; it has: text, id, published_at" in problem
