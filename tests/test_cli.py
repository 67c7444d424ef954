"""The command as its users meet it: what it prints, where, and with which exit code."""

from __future__ import annotations

import csv
import fcntl
import io
import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
import termios
import time
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from unittest.mock import patch

import pytest
from typer.main import get_command

from config.settings import load_settings
from flows.cli.app import PANELS, app, main
from tests.support.commands import copydesk, start
from tests.support.polled import page
from tests.support.waiting import wait_for
from tests.support.webserver import WebServer, answer

PROJECT = Path(__file__).resolve().parent.parent
SAMPLES = PROJECT / "config" / "samples" / "pages"


def sql(data, *arguments, **environment):
    """`copydesk sql` in this process, which has imported already what each command would import for itself."""
    out, err = (io.TextIOWrapper(io.BytesIO(), "utf-8", newline="", write_through=True) for _ in range(2))
    before, finders = dict(os.environ), list(sys.meta_path)
    call = ["copydesk", "sql", "--data", *map(str, (data, *arguments))]
    try:
        for name in [name for name in os.environ if name.startswith("COPYDESK_")]:
            del os.environ[name]
        os.environ.update(environment)
        with (
            redirect_stdout(out),
            redirect_stderr(err),
            patch.object(sys, "argv", call),
            pytest.raises(SystemExit) as ended,
        ):
            main()
    finally:
        os.environ.clear()
        os.environ.update(before)
        sys.meta_path[:] = finders
    texts = [stream.buffer.getvalue().decode() for stream in (out, err)]
    return subprocess.CompletedProcess(call, ended.value.code, *texts)


@contextmanager
def terminal(*arguments, **environment):
    """Run the command on a terminal of its own; yield what types into it, and what reads it up to a text or its end."""
    main, side = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "copydesk", *map(str, arguments)],
        stdin=side,
        stdout=side,
        stderr=side,
        env=os.environ | {"PYTHONPATH": str(PROJECT), "TERM": "xterm-256color"} | environment,
        start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # noqa: PLW1509  a typed Ctrl-C reaches it
    )
    os.close(side)

    def read(until=None):
        output = ""
        while until is None or until not in output:
            assert select.select([main], [], [], 20)[0], f"waited in vain after {output!r}"
            try:
                output += os.read(main, 10_000).decode(errors="replace").replace("\r\n", "\n")
            except OSError:  # the terminal closes with its last process
                break
        return output

    try:
        yield lambda text: os.write(main, text.encode()), read
        assert process.wait(timeout=30) == 0
    finally:
        process.kill()
        os.close(main)


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Make a warehouse with the sample sources in it; what the run printed is beside it."""
    root = tmp_path_factory.mktemp("cli") / "data"
    done = copydesk("run", "--data", root)
    assert done.returncode == 0, done.stderr
    root.with_name("printed").write_text(done.stdout)
    return root


def test_run_prints_one_line_a_source_whose_counts_add_up(data):
    lines = data.with_name("printed").read_text().splitlines()
    header = lines[0].split()
    assert header == [*"source discovered stored unchanged duplicate rejected failed pending took".split()]
    for line in lines[2:4]:
        source, discovered, *counted = line.split()[:-2]
        assert source in ("sample", "sample-wire")
        assert int(discovered) == sum(map(int, counted))
        assert len(counted) == len(header) - 3


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


ENDLESS = "SELECT count(*) FROM range(10000000) a, range(10000000) b WHERE a.range * b.range % 7 = 3"


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


def test_ctrl_c_in_the_shell_ends_the_query_and_not_the_shell(data, tmp_path):
    with terminal("sql", "--data", data, TERM="dumb", XDG_STATE_HOME=str(tmp_path)) as (type_in, read):
        read(until="sql> ")
        type_in(f"{ENDLESS};\n")
        time.sleep(1.5)
        type_in("\x03")
        assert "copydesk: the query was interrupted" in read(until="interrupted\nsql> ")
        type_in(".format csv\n")
        type_in("SELECT count(*) AS n FROM articles;\n.quit\n")
        assert "n\n7\n" in read()


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


def test_an_empty_warehouse_says_what_to_do(tmp_path):
    # What an earlier command line in this process said is not repeated.
    sql(tmp_path / "none", "--config", tmp_path, "SELECT 1")
    done = sql(tmp_path / "none", "SELECT 1")
    assert done.returncode == 1
    assert f"run 'copydesk run --data {tmp_path}/none'" in done.stderr
    for verb in ("copies", "index"):
        done = copydesk("maintain", verb, "--data", tmp_path / "none")
        assert (done.returncode, done.stdout) == (1, "")
        assert "nothing has landed" in done.stderr
    assert not (tmp_path / "none").exists()


def test_the_shell_answers_and_remembers(data, tmp_path):
    with terminal("sql", "--data", data, TERM="dumb", XDG_STATE_HOME=str(tmp_path)) as (type_in, read):
        assert "articles_by_day" in read(until="sql> ")
        type_in(".format csv\n")
        type_in("SELECT count(*) AS n\nFROM articles;\n")
        assert "n\n7\n" in read(until="7\nsql> ")
        type_in("SELECT nonsense;\n")
        assert 'copydesk: Referenced column "nonsense"' in read(until="clause is missing\nsql> ")
        type_in(".nonsense 1\n")
        assert "copydesk: .nonsense: no such command; .help lists them" in read(until="them\nsql> ")
        type_in("SELECT 2 AS two;\n.quit\n")
        assert "two\n2\n" in read()
    assert "FROM articles;" in (tmp_path / "copydesk" / "sql_history").read_text()


def test_the_shell_completes_describes_reads_and_writes_files(data, tmp_path):
    (tmp_path / "two.sql").write_text("SELECT 3 AS three; SELECT 4 AS four;")
    prices = tmp_path / "prices.csv"
    prices.write_text("day;price\n2026-04-07;12\n")
    with terminal("sql", "--data", data, "--with", prices, XDG_STATE_HOME=str(tmp_path)) as (type_in, read):
        assert "prices" in read(until="tells the rest.")
        type_in("SELECT word_c\t")
        read(until="ount")
        type_in(" FROM articles LIMIT 0;\r")
        assert "(no rows)" in read(until="(0 rows)")
        type_in(".schema rejects\r")
        read(until="Why, as a sentence.")
        type_in(".timer on\r.read " + str(tmp_path / "two.sql") + "\r")
        assert "three" in read(until="(1 row, ")
        type_in(f".output {tmp_path / 'out.json'}\rSELECT price FROM prices;\r")
        read(until="(1 row written to ")
        type_in("nonsense;\r")
        read(until="syntax error")
        type_in("exit\r")
        read()
    assert json.loads((tmp_path / "out.json").read_text()) == [{"price": 12}]


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
    assert "1 texts were cut: a cell holds 32,767 characters" in done.stderr
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


def commands(command, *path):
    inner = getattr(command, "commands", None)
    return (
        [entry for name, child in inner.items() for entry in commands(child, *path, name)]
        if inner
        else [(path, command)]
    )


def test_every_command_takes_the_same_options_and_help_names_it():
    root = get_command(app)
    for path, command in commands(root):
        if path == ("init",):  # it makes the folder that the others read
            continue
        names = {option for parameter in command.params for option in parameter.opts}
        assert {"--data", "--config"} <= names, path
    listed = [name for names in PANELS.values() for name in names]
    assert sorted(listed) == sorted(root.commands)
    text = copydesk("--help").stdout
    assert "..." not in text.replace("[ARGS]...", "")
    assert [line for line in text.splitlines() if len(line) > 80] == []


def test_options_go_before_the_name_of_a_command_too(data, tmp_path):
    (tmp_path / "sources").mkdir()
    (tmp_path / "sources" / "sample.toml").write_text('[[input]]\nkind = "folder"\npath = "."\n')
    before = copydesk("--data", data, "--config", tmp_path, "status", "-f", "json")
    after = copydesk("status", "--data", data, "--config", tmp_path, "-f", "json")
    assert before.stdout == after.stdout != ""
    assert copydesk("--data", tmp_path / "none", "sql", "--data", data, "SELECT 1 AS n").returncode == 0
    assert copydesk("-V").stdout == copydesk("--version").stdout


def test_status_fits_a_narrow_terminal_and_is_whole_with_wide(data):
    narrow = copydesk("status", "--data", data).stdout.splitlines()
    assert narrow[0].split() == ["source", "last_run", "status", "newest", "articles", "24h", "refused", "pending"]
    assert max(map(len, narrow)) <= 80
    assert "next_poll_at" in copydesk("status", "--wide", "--data", data).stdout


def test_rejects_are_chosen_by_reason_and_number(data):
    columns = copydesk("rejects", "--data", data, "--reason", "no_article", "--limit", "1", "-f", "jsonl").stdout
    assert [json.loads(line)["reason"] for line in columns.splitlines()] == ["no_article"]
    assert copydesk("rejects", "--data", data, "--reason", "empty").stdout.endswith("(no rows)\n")


def test_a_search_in_a_source_that_is_none_says_which_there_are(data):
    assert "no article matches" in copydesk("search", "zeppelin", "--source", "sample", "--data", data).stderr
    done = copydesk("search", "zeppelin", "--source", "nosuch", "--data", data)
    assert (done.returncode, done.stdout) == (2, "")
    assert "no source 'nosuch'; there are sample" in done.stderr


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


def test_an_interrupted_run_says_what_became_of_it(tmp_path):
    run = start("run", "--data", tmp_path / "data")
    until = time.monotonic() + 60
    while not list(tmp_path.glob("data/.unlanded/*/*")):
        assert time.monotonic() < until
        time.sleep(0.002)
    os.kill(run.pid, signal.SIGTERM)
    ended = run.wait()
    assert ended.returncode == 130
    assert ended.stderr == "copydesk: interrupted; what had landed stays, the next run takes the rest\n"
    assert copydesk("run", "--data", tmp_path / "data").returncode == 0
    counted = copydesk(
        "sql", "--data", tmp_path / "data", "-f", "csv", "SELECT state, count(*) FROM ledger GROUP BY 1 ORDER BY 1"
    )
    assert counted.stdout.splitlines()[1:] == ["article,7", "reject,1"]


def test_extract_explains(tmp_path):
    done = copydesk("extract", "--explain", SAMPLES / "footbridge.txt")
    assert "Old footbridge over the Wenna reopens after two years  [text]" in done.stdout
    assert "related" in done.stdout
    assert "Also read: Where the flood money went" in done.stdout
    assert "\x1b[" not in done.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["run", "nosuch"], "no source 'nosuch'"),
        (["run", "--config", "/nowhere"], "/nowhere/sources: no such folder"),
        (["extract"], "name a file, a folder"),
        (["extract", "a", "b", "--url", "u"], "--url goes with one document"),
        (["extract", "--manifest", "/nowhere.jsonl"], "/nowhere.jsonl: cannot be read"),
        (["sql", "--format", "xml", "SELECT 1"], "'xml' is not one of"),
        (["fly"], "No such command 'fly'"),
    ],
)
def test_a_wrong_call_is_exit_2_and_says_what_is_wrong(arguments, message):
    done = copydesk(*arguments)
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_sources_are_listed_and_checked(tmp_path):
    assert "Sample wire" in copydesk("sources", "list").stdout
    done = copydesk("sources", "check")
    assert done.returncode == 0
    assert "sample: ok, folder" in done.stdout
    sources = tmp_path / "sources"
    sources.mkdir()
    (sources / "a.toml").write_text('title = "A"\n[[input]]\nkind = "folder"\npath = "none"\n')
    (sources / "b.toml").write_text("tilte = 1\n")
    done = copydesk("sources", "check", "--config", tmp_path)
    assert done.returncode == 2
    assert "none: no such folder" in done.stderr
    assert "b.toml: unknown key 'tilte', did you mean 'title'?" in done.stderr


@pytest.mark.parametrize(
    ("inputs", "problem"),
    [
        (
            'kind = "folder"\npath = "../pages"\nglob = "*.md"',
            "0 documents; correct `path` or `glob`, or put files there",
        ),
        (
            'kind = "jsonl"\npath = "../wire.jsonl"',
            (
                "1 tried: 0 articles, 1 bad_record: nothing under 'html' or 'text'; this record has: headline, story, link, "
                'sent; try fields = { text = "story", title = "headline", url = "link", published_at = "sent" }'
            ),
        ),
        (
            'kind = "feed"\nurl = "SITE/feed"\nexclude = "/news/"',
            "1 entries; none of them is taken: see `include`, `exclude`",
        ),
        (
            'kind = "feed"\nurl = "SITE/feed"',
            "1 entries; 1 tried: 0 articles, 1 vanished: 127.0.0.1: answered 404 Not Found",
        ),
    ],
)
def test_an_input_that_gives_no_article_is_not_ok(tmp_path, inputs, problem):
    (tmp_path / "config" / "sources").mkdir(parents=True)
    (tmp_path / "config" / "pages").mkdir()
    story = {
        "headline": "Bread is dearer",
        "story": "Bread is dearer again. " * 9,
        "link": "http://a.example/1",
        "sent": "2026-03-01",
    }
    (tmp_path / "config" / "wire.jsonl").write_text(json.dumps(story) + "\n")
    with WebServer({}) as server:
        item = f"<item><title>Bread</title><link>{server.url('/news/1')}</link></item>"
        feed = f"<rss version='2.0'><channel>{item}</channel></rss>"
        server.routes["/feed"] = answer(feed.encode(), content_type="application/rss+xml")
        declared = (
            f'title = "A"\nallow_private = true\ndelay = 0\n[[input]]\n{inputs.replace("SITE", server.url(""))}\n'
        )
        (tmp_path / "config" / "sources" / "a.toml").write_text(declared)
        done = copydesk("sources", "check", "--config", tmp_path / "config")
    assert (done.returncode, done.stdout) == (2, "")
    assert problem in done.stderr


def test_sources_are_chosen_by_their_tags(tmp_path):
    (tmp_path / "sources").mkdir()
    (tmp_path / "pages").mkdir()
    for name, lines in {
        "a": 'tags = ["uk", "daily"]',
        "b": 'tags = ["UK"]',
        "c": "",
        "d": 'tags=["fr"]\npaused=true',
    }.items():
        text = f'title = "x"\n{lines}\n[[input]]\nkind = "folder"\npath = "../pages"\n'
        (tmp_path / "sources" / f"{name}.toml").write_text(text)
    at = ("--config", tmp_path, "--data", tmp_path / "data")
    listed = copydesk("sources", "list", "--tag", "uk", "--tag", "daily", "-f", "json", *at[:2])
    assert [(row["source"], row["tags"]) for row in json.loads(listed.stdout)] == [
        ("a", ["uk", "daily"]),
        ("b", ["uk"]),
    ]
    done = copydesk("run", "--tag", "Uk", *at)
    assert [line.split()[0] for line in done.stdout.splitlines() if line[:2] in ("a ", "b ", "c ")] == ["a", "b"]
    rows = copydesk("sql", "FROM source_tags ORDER BY ALL", "-f", "json", *at[2:]).stdout
    assert [tuple(row.values()) for row in json.loads(rows)] == [("a", "daily"), ("a", "uk"), ("b", "uk")]
    status = copydesk("status", "--tag", "daily", "-f", "json", *at)
    assert [(row["source"], row["tags"]) for row in json.loads(status.stdout)] == [("a", ["uk", "daily"])]
    for arguments, code, message in (
        (("run", "--tag", "us"), 2, "no source has the tag 'us'; known tags: daily, fr, uk"),
        (("run", "a", "--tag", "uk"), 2, "name sources, or groups of them by --tag, not both"),
        (("run", "--tag", "fr"), 0, "every source with the tag 'fr' is paused; name one to take it all the same"),
    ):
        done = copydesk(*arguments, *at)
        assert (done.returncode, message in done.stderr) == (code, True), done.stderr


def test_a_new_folder_is_made_and_can_be_used_as_it_is(tmp_path):
    folder = tmp_path / "my news"
    done = copydesk("init", folder, "--contact", 'desk "one" <desk@paper.example>', cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1].startswith(f"next: cd '{folder}', then copydesk sources add")
    assert sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()) == [
        "config/source.schema.json",
        "config/sources/example.toml",
        "copydesk.toml",
    ]
    assert load_settings(folder).contact == 'desk "one" <desk@paper.example>'
    listed = copydesk("sources", "list", "-f", "json", cwd=folder)
    assert [(row["source"], row["paused"]) for row in json.loads(listed.stdout)] == [("example", True)]
    checked = copydesk("sources", "check", cwd=folder)
    assert (checked.returncode, checked.stderr) == (0, "")
    assert checked.stdout == "example: paused, so not tried; 'copydesk sources check example' tries it\n"
    # What a sentence tells to call looks where this call did.
    elsewhere = copydesk("--config", folder / "config", "sources", "check", "--data", "other data", cwd=tmp_path)
    options = f"--config '{folder}/config' --data 'other data'"
    assert elsewhere.stdout == f"example: paused, so not tried; 'copydesk sources check example {options}' tries it\n"
    nothing = copydesk("sql", "FROM articles", "--data", "other data", cwd=folder)
    assert "run 'copydesk run --data 'other data''" in nothing.stderr
    done = copydesk("run", cwd=folder)
    assert "every source is paused; name one" in done.stderr
    assert done.stdout == ""
    again = copydesk("init", folder, cwd=tmp_path)
    assert again.returncode == 2
    assert f"{folder}/copydesk.toml: exists already; name a new folder, or delete it" in again.stderr


def test_a_source_that_would_never_run_is_told_by_check(tmp_path):
    (tmp_path / "sources").mkdir()
    (tmp_path / "sources" / "sample.toml").write_text('[[input]]\nkind = "folder"\npath = "."\n')
    feed = "<rss version='2.0'><channel><item><title>Bread</title><link>http://paper.example/1</link></item></channel></rss>"
    with WebServer({"/1": answer(page(1).encode(), content_type="text/html")}) as server:
        feed = feed.replace("http://paper.example/1", server.url("/1"))
        server.routes["/feed"] = answer(feed.encode(), content_type="application/rss+xml")
        declared = (
            f'title = "A"\nallow_private = true\ndelay = 0\n[[input]]\nkind = "feed"\nurl = "{server.url("/feed")}"\n'
        )
        (tmp_path / "sources" / "a.toml").write_text(declared)
        done = copydesk("sources", "check", "--config", tmp_path)
        assert "no schedule: 'copydesk serve' never runs it; add schedule = \"every 30 minutes\"" in done.stdout
        (tmp_path / "sources" / "a.toml").write_text(f'schedule = "@hourly"\n{declared}')
        assert "schedule" not in copydesk("sources", "check", "--config", tmp_path).stdout
        (tmp_path / "sources" / "a.toml").write_text(f'schedule = "@hourly"\n{declared}every = "10 minutes"\n')
        done = copydesk("sources", "check", "--config", tmp_path)
        assert "input 1 has every = 10 minutes, but the schedule has a turn only every 60 minutes" in done.stdout


def test_rejects_status_and_verify_tell_of_the_warehouse(data):
    assert "no_article" in copydesk("rejects", "--data", data).stdout
    assert copydesk("rejects", "sample-wire", "--data", data, "-f", "json").stdout == "[]\n"
    wire, pages = sorted(
        json.loads(copydesk("status", "--data", data, "-f", "json").stdout), key=lambda row: row["articles"]
    )
    assert (wire["source"], wire["articles"], wire["last_status"], wire["wrong"]) == (
        "sample-wire",
        2,
        "succeeded",
        None,
    )
    assert (pages["rejects_open"], pages["pending"]) == (1, 0)
    for option, unchanged in (("--full", ""), ("--sample=2", " unchanged since"), ("--full", "")):
        done = copydesk("maintain", "verify", option, "--data", data)
        assert done.returncode == 0, done.stdout
        assert (" unchanged since" in done.stdout) == bool(unchanged)


def test_status_tells_of_sources_that_never_ran(tmp_path):
    assert "never ran" in copydesk("status", "--data", tmp_path).stdout


def test_colours_are_for_terminals_that_want_them(data):
    with terminal("sql", "--data", data, "SELECT 1 AS one") as (_, read):
        assert "\x1b[1mone" in read()
    with terminal("sql", "--data", data, "SELECT 1 AS one", NO_COLOR="1", TERM="dumb") as (_, read):
        assert "\x1b[" not in read()


def test_a_reader_that_leaves_early_is_no_error(data):
    command = f"{sys.executable} -m copydesk sql --data {data} -f csv 'SELECT * FROM range(1000000)' | head -1"
    done = subprocess.run(command, shell=True, capture_output=True, text=True, cwd=PROJECT, check=False)  # noqa: S602
    assert done.stderr == ""


def test_starting_is_cheap(data):
    import resource

    def cpu_seconds(*arguments):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, "-m", "copydesk", *arguments], check=True, capture_output=True, cwd=PROJECT)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    assert cpu_seconds("--help") < 1.0
    assert cpu_seconds("sql", "--data", data, "SELECT 1") < 1.0


def test_a_command_leaves_pandas_alone():
    script = "import atexit, sys; from flows.cli.app import main; import pyarrow; atexit.register(lambda: print(pyarrow.array([1])[0], 'pandas' in sys.modules)); main()"
    done = subprocess.run(
        [sys.executable, "-c", script, "--version"], capture_output=True, text=True, check=False, cwd=PROJECT
    )
    assert done.stdout.splitlines()[1:] == ["1 False"], done.stderr
