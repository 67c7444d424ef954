"""`copydesk sql`: its formats, its files, and what it refuses."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.support.command_line import ENDLESS, sql
from tests.support.commands import copydesk
from tests.support.waiting import wait_for


@pytest.mark.parametrize("form", ["table", "csv", "json", "jsonl", "markdown"])
def test_sql_writes_every_format_that_is_text(data, form):
    done = sql(data, "-f", form, "SELECT language, count(*) AS n FROM articles GROUP BY 1 ORDER BY 1")
    assert done.returncode == 0
    languages = ["ar", "de", "en", "es", "fr", "ja", "pt"]
    rows = {
        "table": lambda text: [line.split() for line in text.splitlines()[2:]],
        "csv": lambda text: list(csv.reader(io.StringIO(text)))[1:],
        "json": lambda text: [list(map(str, row.values())) for row in json.loads(text)],
        "jsonl": lambda text: [list(map(str, json.loads(line).values())) for line in text.splitlines()],
        "markdown": lambda text: [line.strip("| ").split(" | ") for line in text.splitlines()[2:]],
    }[form](done.stdout)
    assert [row for row in rows if row] == [[language, "1"] for language in languages]


HOSTILE = (
    "=HYPERLINK('http://x')", "+1", "-2+3", "@SUM(1)", "\t=1", "\r=1", "\n=1", "\x1b=1", "＝1", "a;=1", "a=b", 'say "hi"', "|pipe|",
    "<img src=x onerror=alert(1)>", "[x](javascript:alert(1))", "![x](http://y)", "`code`", "&lt;b&gt;",
)  # fmt: skip


def hostile_rows(data, form):
    values = ", ".join(f"({number}, '{text.replace(chr(39), 2 * chr(39))}')" for number, text in enumerate(HOSTILE))
    query = (
        f"SELECT text, -number AS n, [text, 'b'] AS list, TIMESTAMPTZ '2026-04-07 05:45:00Z' AS at, NULL AS none"
        f" FROM (VALUES {values}) AS t(number, text) ORDER BY number"
    )
    done = subprocess.run(
        [sys.executable, "-m", "copydesk", "sql", "--data", data, "-f", form],
        input=query.encode(),
        capture_output=True,
        check=True,
    )
    return done.stdout.decode()


def test_a_spreadsheet_opens_csv_excel_without_formulas(data):
    text = hostile_rows(data, "csv-excel")
    assert text.startswith("\ufeff")
    header, *rows = csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""))
    assert header == ["text", "n", "list", "at", "none"]
    lines = [row[0] for row in rows]
    assert lines[:3] == ["'=HYPERLINK('http://x')", "'+1", "'-2+3"]
    assert lines[10:12] == ["a=b", 'say "hi"']
    for number, row in enumerate(rows):
        assert not row[0].startswith(("=", "+", "-", "@", "\t", "\r", "\n", "＝"))
        assert "\x1b" not in row[0]
        assert row[1] == str(-number)
        assert row[2] == f"{row[0]}, b"
        assert row[3:] == ["2026-04-07 05:45:00", ""]
    assert '"a;=1"' in text


def test_markdown_shows_text_as_it_is(data):
    lines = hostile_rows(data, "markdown").splitlines()
    assert len(lines) == 2 + len(HOSTILE)
    table = "\n".join(line.split(" | ")[0] for line in lines[2:])
    assert not re.search(r"(?<!\\)[<>\[\]`&]", table)
    assert all(len(re.split(r"(?<!\\)\|", line)) == 7 for line in lines)
    done = sql(data, "-f", "markdown", "SELECT 'https://x.example/a_b' AS url, 'a|b' AS t")
    assert done.stdout.splitlines()[2] == "| <https://x.example/a_b> | a\\|b |"


def processor_seconds(process):
    ticks = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[11:13]
    return sum(map(int, ticks)) / os.sysconf("SC_CLK_TCK")


@pytest.mark.parametrize("form", ["table", "parquet"])
def test_ctrl_c_ends_a_query_at_once(data, tmp_path, form):
    more = ["-o", tmp_path / "out.parquet"] if form == "parquet" else []
    command = [sys.executable, "-m", "copydesk", "sql", "--data", data, "-f", form, *more, ENDLESS]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as query:
        try:
            wait_for(lambda: processor_seconds(query.pid) > 3, 60, "a command that has started, and queries")
            began = time.monotonic()
            query.send_signal(signal.SIGINT)
            out, errors = query.communicate(timeout=60)
            assert time.monotonic() - began < 5
        finally:
            query.kill()
    assert (query.returncode, out, errors) == (130, "", "copydesk: the query was interrupted\n")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("limits", "resource"),
    [
        ({"COPYDESK_SQL_MEMORY": "60 MB", "COPYDESK_SQL_SPILL": "5 MB"}, "disk"),
        ({"COPYDESK_SQL_MEMORY": "60 MB"}, "memory"),
    ],
)
def test_a_query_that_needs_more_room_than_it_may_have_says_which_setting_gives_more(data, limits, resource):
    rows = "SELECT range, md5(range::VARCHAR) AS x FROM range(4000000) ORDER BY x"
    query = rows if resource == "disk" else "SELECT len(list(range)) FROM range(50000000)"
    done = sql(data, "-f", "csv", query, **limits)
    assert done.returncode == 1
    assert done.stderr == (
        f"copydesk: the query needs more {resource} than it may have; "
        "ask for less, or raise sql_memory or sql_spill in copydesk.toml\n"
    )
    refused = sql(data, "SET memory_limit = '90 GB'")
    assert "only statements that read" in refused.stderr


def test_a_size_that_is_none_is_refused(data):
    refused = sql(data, "SELECT 1", COPYDESK_SQL_SPILL="10 %")
    assert refused.returncode == 2
    assert "not a size such as '500 MB' or '4 GB' (given: '10 %')" in refused.stderr


def test_sql_writes_parquet_to_a_file_and_not_to_a_terminal(data, tmp_path):
    import pyarrow.parquet as pq

    file = tmp_path / "days.parquet"
    assert sql(data, "-f", "parquet", "-o", file, "FROM articles").returncode == 0
    assert pq.read_table(file).num_rows == 7
    refused = sql(data, "-f", "parquet", "FROM articles")
    assert refused.returncode == 2
    assert "name a file with --output" in refused.stderr


def test_sql_shows_times_lists_and_right_to_left_text_legibly(data):
    query = "SELECT published_at, tags, title FROM articles WHERE language IN ('ar', 'de') ORDER BY language"
    arabic, german = [line for line in sql(data, query).stdout.splitlines()[2:] if line.strip()]
    assert "2026-04-07 00:00:00Z" in arabic
    assert "\u2068النقل العام, الترام, الجامعة\u2069" in arabic
    assert "2025-11-18 05:45:00Z" in german
    assert "Oliven, Landwirtschaft, Karst" in german


def test_sql_reads_the_query_from_standard_input(data):
    assert copydesk("sql", "--data", data, "-f", "csv", stdin="SELECT 1 AS one;").stdout == "one\n1\n"


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("SELEC 1", "syntax error"),
        ("", "there is no statement; write one, such as SELECT title"),
        ("SELECT title, by FROM articles", 'the column "by" is written in quotes'),
        ("SELECT * FROM artikles", "articles"),
        ("DELETE FROM articles", "only statements that read"),
        ("SELECT * FROM '/etc/passwd'", "/etc/passwd does not exist"),
        ("FROM read_text('/etc/passwd')", "reads the views and the files of --with, and no others"),
        ("COPY articles TO '/tmp/x.csv'", "only statements that read"),
    ],
)
def test_a_query_that_cannot_be_is_one_sentence_and_exit_1(data, query, message):
    done = sql(data, query)
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.startswith("copydesk: ")
    assert message in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_sql_writes_to_a_device_and_never_over_the_warehouse(data, tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = subprocess.Popen(["cat", str(pipe)], stdout=subprocess.PIPE)
    assert sql(data, "-f", "csv", "-o", pipe, "SELECT 1 AS one").returncode == 0
    assert reader.communicate(timeout=20)[0] == b"one\n1\n"
    assert pipe.is_fifo()
    refused = sql(data, "-f", "csv", "-o", data / "copydesk.duckdb", "SELECT 1")
    assert refused.returncode == 1
    assert "is inside the data root" in refused.stderr
    refused = sql(data, "-o", tmp_path / "none" / "x.csv", "SELECT 1")
    assert "no such file or directory; name another file" in refused.stderr


def test_columns_of_one_name_are_all_written(data):
    query = "SELECT 1 AS a, 2 AS a, 3 AS b, 4 AS a"
    assert json.loads(sql(data, "-f", "json", query).stdout) == [{"a": 1, "a_1": 2, "b": 3, "a_2": 4}]


def test_rows_of_many_columns_are_written_a_line_a_column(data):
    lines = sql(data, "FROM articles LIMIT 1").stdout.splitlines()
    assert lines[0] == "── 1 ──"
    assert len(lines) == 43
    assert lines[1].split()[0] == "article_id"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("own.csv", "day,price\n2026-04-07,12\n"),
        ("own file.tsv", "day\tprice\n2026-04-07\t12\n"),
        ("own.jsonl", '{"day": "2026-04-07", "price": 12}\n'),
    ],
)
def test_a_file_of_the_caller_joins_the_articles(data, tmp_path, name, text):
    (tmp_path / name).write_text(text)
    query = "SELECT price, source_id FROM articles JOIN p ON day = published_at::DATE"
    done = sql(data, "-f", "json", "--with", f"p={tmp_path / name}", query)
    assert json.loads(done.stdout) == [{"price": 12, "source_id": "sample"}], done.stderr
    other = tmp_path / "other.csv"
    other.write_text("secret\n1\n")
    refused = sql(data, "--with", f"p={tmp_path / name}", f"FROM read_csv('{other}')")
    assert "and no others" in refused.stderr


@pytest.mark.parametrize(
    ("argument", "message"),
    [
        ("articles=x.csv", "'articles' is a view already"),
        ("p=none.csv", "none.csv: no such file"),
        ("p=x.docx", "a query reads CSV, TSV, JSON Lines and Parquet files"),
        ("1p=x.csv", "write NAME=FILE"),
        ("p=x[1].csv", "a path with *, ? or [ is not read"),
        ("p=broken.parquet", "broken.parquet: cannot be read"),
    ],
)
def test_a_file_that_cannot_be_queried_is_one_sentence(data, tmp_path, argument, message):
    (tmp_path / "broken.parquet").write_text("not parquet")
    (tmp_path / "x[1].csv").write_text("a\n1\n")
    done = copydesk("sql", "--data", data, "--with", argument, "SELECT 1", cwd=tmp_path)
    assert done.returncode == 1
    assert message in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_query_ends_at_its_time_limit(data):
    began = time.monotonic()
    done = sql(data, "--timeout", "0.5", ENDLESS)
    assert time.monotonic() - began < 10
    assert (done.returncode, done.stderr) == (
        1,
        "copydesk: the query took longer than 0.5 s; ask for less, or raise --timeout\n",
    )


def test_times_show_in_the_zone_that_was_asked_for(data):
    query = "SELECT published_at FROM articles WHERE language = 'es'"
    done = sql(data, "--timezone", "Asia/Tokyo", "-f", "csv", query)
    assert done.stdout == "published_at\n2026-02-11T01:20:00+09:00\n"
    refused = sql(data, "--timezone", "Asia/Tokio", query)
    assert "no time zone is named 'Asia/Tokio'; did you mean one of \"Asia/Tokyo\"" in refused.stderr


def test_the_ending_of_the_output_decides_its_format(data, tmp_path):
    from python_calamine import CalamineWorkbook

    query = "SELECT 1 AS n, true AS b, TIMESTAMPTZ '2026-03-01 10:00Z' AS t, ['a', 'b'] AS l, '=1+1' AS f, repeat('x', 40000) AS x"
    for name, content in (
        ("a.csv", "n,b"),
        ("a.json", "[\n{"),
        ("a.ndjson", '{"n": 1'),
        ("a.md", "| n | b"),
        ("a.txt", "n b"),
    ):
        sql(data, "-o", tmp_path / name, query)
        assert (tmp_path / name).read_text().startswith(content)
    done = sql(data, "-o", tmp_path / "a.xlsx", query)
    assert "1 text was cut: a cell holds 32,767 characters" in done.stderr
    names, values = CalamineWorkbook.from_path(tmp_path / "a.xlsx").get_sheet_by_index(0).to_python()
    assert names == ["n", "b", "t", "l", "f", "x"]
    assert [str(value) for value in values[:5]] == ["1.0", "True", "2026-03-01 10:00:00", "a, b", "=1+1"]
    assert len(values[5]) == 32_767
    refused = sql(data, "-o", tmp_path / "a.doc", query)
    assert (refused.returncode, "no format is known by this ending" in refused.stderr) == (2, True)
    listed = copydesk("status", "--data", data, "-o", tmp_path / "status.xlsx")
    assert listed.returncode == 0
    assert CalamineWorkbook.from_path(tmp_path / "status.xlsx").get_sheet_by_index(0).to_python()[1][0] == "sample"


def test_columns_are_explained(data):
    lines = sql(data, "--columns", "rejects").stdout.splitlines()
    assert any(line.startswith("detail ") and line.endswith("Why, as a sentence.") for line in lines)
    assert "no view is named 'x'" in sql(data, "--columns", "x").stderr


def test_statements_of_a_file_run_in_their_order(data):
    done = copydesk("sql", "--data", data, stdin="SELECT 1 AS one;\nSELECT 2 AS two;\n")
    assert done.stdout.split() == ["one", "───", "1", "two", "───", "2"]
    assert "one statement at a time" in copydesk("sql", "--data", data, "-f", "csv", stdin="SELECT 1; SELECT 2").stderr
