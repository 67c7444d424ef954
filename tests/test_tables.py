"""A row of a table becomes the record that it would be in JSON Lines, or says why not."""

from __future__ import annotations

import csv
import gzip
import io
import json
from datetime import UTC, date, datetime
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from config.sources import load_source
from tasks.files.jsonl import MEDIA_TYPE, read_records
from tasks.listings.input_reader import InputError, ReadContext
from warehouse.model.records import Fetched, Rejection
from warehouse.model.vocabulary import Reason


@pytest.fixture
def read(tmp_path, settings, now):
    """Read a table as a source with these `fields` does; return the records and the problem that ended the reading."""

    def read_table(name: str, content: bytes, fields: str = "") -> tuple[list[Fetched | Rejection], str]:
        (tmp_path / name).write_bytes(content)
        path = tmp_path / "wire.toml"
        path.write_text(f'title = "Wire"\n[[input]]\nkind = "jsonl"\npath = "{name}"\nfields = {{{fields}}}\n')
        source = load_source(path)
        records, problem = [], ""
        try:
            records.extend(iter(read_records(source, source.input[0], ReadContext(settings, now))))
        except InputError as error:
            problem = str(error)
        return records, problem

    return read_table


@pytest.fixture
def records(read):
    """Read the records of a table that is whole."""

    def read_whole(name: str, content: bytes, fields: str = "") -> list[dict]:
        records, problem = read(name, content, fields)
        assert not problem
        return [json.loads(record.content) for record in records]

    return read_whole


def parquet(columns: dict, **options) -> bytes:
    file = io.BytesIO()
    pq.write_table(pa.table(columns), file, **options)
    return file.getvalue()


def test_a_row_is_a_record_under_the_columns_names(read, now):
    content = b"id,url,headline,text\n7,https://e.example/a,Rain,It rained.\n8,,,Dry.\n"
    (first, second), problem = read("w.csv", content, 'title = "headline"')
    assert not problem
    assert first.item.url == "https://e.example/a"
    assert first.item.guid == "w.csv#7"
    assert second.item.url.endswith("/w.csv#id=8")
    assert (first.media_type, first.fetched_at, first.item.is_record) == (MEDIA_TYPE, now, True)
    assert json.loads(first.content) == {
        "id": "7",
        "url": "https://e.example/a",
        "headline": "Rain",
        "text": "It rained.",
    }
    assert json.loads(second.content) == {"id": "8", "text": "Dry."}, "an empty cell states nothing"


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_seen(records, delimiter):
    rows = [["title", "text"], ["One; two, three | four", 'She said "no",\nand left.\tThen; it rained.'], ["", "B"]]
    file = io.StringIO()
    csv.writer(file, delimiter=delimiter).writerows(rows)
    assert records("w.csv", file.getvalue().encode()) == [
        {"title": rows[1][0], "text": rows[1][1]},
        {"text": "B"},
    ]


def test_a_tsv_is_divided_by_tabs_alone(records):
    assert records("w.tsv", b"title\ttext\na,b,c\td,e,f\n") == [{"title": "a,b,c", "text": "d,e,f"}]


@pytest.mark.parametrize("pack", [gzip.compress, zstandard.compress])
def test_a_packed_csv_is_read(records, pack):
    name = "w.csv.gz" if pack is gzip.compress else "W.CSV.ZST"
    assert records(name, pack("text\nRegen über Köln\n".encode())) == [{"text": "Regen über Köln"}]


@pytest.mark.parametrize("charset", ["utf-8", "utf-8-sig", "utf-16", "cp1251", "shift_jis"])
def test_the_charset_of_a_csv_is_seen(records, charset):
    text = "雨が降った。東京の雨は三日目に入った。" if charset == "shift_jis" else "Дождь шёл весь день. Ветер стих."
    content = ("title;text\n" + f"{text};{text * 3}\n" * 20).encode(charset)
    assert records("w.csv", content)[19] == {"title": text, "text": text * 3}


def test_a_cell_in_another_charset_than_those_before_it_is_read(records):
    content = b"text\n" + b"plain\n" * 40_000 + "Déjà vu à Besançon: l'été s'achève\n".encode("cp1252")
    assert records("w.csv", content)[-1] == {"text": "Déjà vu à Besançon: l'été s'achève"}


def test_a_column_without_a_name_is_left_out(records):
    # pandas writes its index so.
    assert records("w.csv", b",text,\n0,One,\n1,Two,\n") == [{"text": "One"}, {"text": "Two"}]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "it is empty; its first row must name the columns"),
        (b"\n\n", "it is empty; its first row must name the columns"),
        (b"text,title,text\na,b,c\n", "two columns are named 'text'"),
        (b"Rain,It rained.\nSun,It shone.\n", "no column is named 'html' or 'text'; it has: Rain, It rained."),
        (b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 9, "not a table: the document is a PNG image, not text"),
    ],
)
def test_a_csv_that_names_no_columns_is_told_in_a_sentence(read, content, sentence):
    records, problem = read("w.csv", content)
    assert records == []
    assert sentence in problem


def test_a_row_that_does_not_fit_is_refused_by_its_number(read):
    content = b"title,text\nA,One\nB,Two,Three\n\nC,Four\n"
    (first, second, third), problem = read("w.csv", content)
    assert not problem
    assert (json.loads(first.content)["text"], json.loads(third.content)["text"]) == ("One", "Four")
    assert (second.reason, second.url[-10:]) == (Reason.BAD_RECORD, "/w.csv#row=3"[-10:])
    assert "row 3 does not fit its columns" in second.detail


def test_a_row_over_the_limit_is_refused_and_those_after_it_are_taken(read):
    content = b'text\nOne\n"' + b"long\n" * 30_000 + b'"\n' + b"x" * 300_000 + b"\nTwo\n"
    records, problem = read("w.csv", content)
    refused = [record for record in records if isinstance(record, Rejection) and record.reason is Reason.TOO_LARGE]
    assert not problem
    assert "row 3 is longer than 100,000 bytes" in refused[0].detail
    assert json.loads(records[-1].content) == {"text": "Two"}


def test_a_quote_that_is_never_closed_does_not_make_a_record_of_the_rest(read):
    records, problem = read("w.csv", b'title,text\nA,One\nB,"Two\nC,Three\n')
    assert [json.loads(record.content) for record in records] == [{"title": "A", "text": "One"}]
    assert "row 3 opens a quote that is never closed" in problem


def test_a_quote_that_is_never_closed_swallows_no_more_than_the_limit(read):
    records, problem = read("w.csv", b'text\n"Open\n' + b"Filler\n" * 20_000 + b"Last\n")
    assert not problem
    assert records[0].reason is Reason.TOO_LARGE
    assert json.loads(records[-1].content) == {"text": "Last"}


def test_a_packed_csv_that_is_cut_short_gives_what_stands_before(read):
    content = gzip.compress(b"text\n" + b"".join(b"%d rainy days\n" % number for number in range(50_000)))
    records, problem = read("w.csv.gz", content[:-2_000])
    assert len(records) > 10_000
    assert json.loads(records[-1].content)["text"] == f"{len(records) - 1} rainy days"
    assert "w.csv.gz: cannot be read: it is cut short in the part that begins at byte 0" in problem


@given(rows=st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1), min_size=1))
def test_every_cell_comes_back_as_it_was_written(rows):
    from tasks.files.csv_parquet import read_csv

    file = io.StringIO()
    csv.writer(file, quoting=csv.QUOTE_ALL).writerows([["text"], *([row] for row in rows)])
    stream = io.BufferedReader(io.BytesIO(file.getvalue().encode()))
    assert [json.loads(row)["text"] for _, row, _ in read_csv(stream, "csv", ["text"], 100_000)] == rows


def test_a_row_of_parquet_keeps_its_values(records):
    content = parquet(
        {
            "text": ["It rained.", None],
            "when": pa.array([datetime(2026, 3, 1, 8, 30, tzinfo=UTC)] * 2, pa.timestamp("ns", "UTC")),
            "day": [date(2026, 3, 1), None],
            "meta": [{"tags": ["sky", "sea"], "score": Decimal("1.50")}, None],
            "share": [float("nan"), 0.5],
            "page": ["Köln".encode(), b"\xff\x00"],
            "map": pa.array([[("a", 1)], None], pa.map_(pa.string(), pa.int64())),
        }
    )
    first, second = records("w.parquet", content, 'tags = "meta.tags"')
    assert first == {
        "text": "It rained.",
        "when": "2026-03-01T08:30:00+00:00",
        "day": "2026-03-01",
        "meta": {"tags": ["sky", "sea"], "score": "1.50"},
        "page": "Köln",
        "map": [["a", 1]],
    }
    assert second == {"when": "2026-03-01T08:30:00+00:00", "share": 0.5, "page": "ff00"}


def test_a_time_finer_than_a_microsecond_or_beyond_the_calendar_stops_nothing(read):
    fine = parquet({"text": ["a"], "when": pa.array([1_700_000_000_123_456_789], pa.timestamp("ns"))})
    (first,), problem = read("w.parquet", fine)
    assert json.loads(first.content)["when"] == "2023-11-14T22:13:20.123456"
    far = parquet({"text": ["a", "b"], "when": pa.array([0, 10**15], pa.timestamp("s"))})
    (first, second), problem = read("w.parquet", far)
    assert not problem
    assert json.loads(first.content)["when"] == "1970-01-01T00:00:00"
    assert (second.reason, second.detail[:12]) == (Reason.BAD_RECORD, "row 2 does n")


def test_a_row_of_parquet_over_the_limit_is_refused(read):
    (first, second), problem = read("w.parquet", parquet({"text": ["x" * 200_000, "Two"]}))
    assert not problem
    assert (first.reason, first.detail[:17]) == (Reason.TOO_LARGE, "row 1 is longer t")
    assert json.loads(second.content) == {"text": "Two"}


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"PAR1 and nothing more", "not readable as Parquet after row 0"),
        (b"", "not readable as Parquet after row 0"),
        (parquet({"body": ["a"]}), "no column is named 'html' or 'text'; it has: body"),
        (parquet({"text": ["a", "b"]})[:-9], "not readable as Parquet after row 0"),
    ],
)
def test_parquet_that_cannot_be_read_is_told_in_a_sentence(read, content, sentence):
    records, problem = read("w.parquet", content)
    assert records == []
    assert sentence in problem
    assert "\n" not in problem


def test_damage_inside_parquet_keeps_the_rows_before_it(read):
    content = bytearray(
        parquet({"text": [f"row {n} " * 20 for n in range(1_000)]}, row_group_size=100, compression="zstd")
    )
    content[len(content) // 2 : len(content) // 2 + 200] = bytes(200)
    records, problem = read("w.parquet", bytes(content))
    assert 100 <= len(records) < 1_000
    assert "not readable as Parquet after row" in problem
