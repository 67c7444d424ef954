"""The command as its users meet it: what it prints, where, and with which exit code."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time

import pytest
from typer.main import get_command

from flows.cli.app import PANELS, app
from tests.support.command_line import PROJECT, sql, terminal
from tests.support.commands import copydesk, start


def test_run_prints_one_line_a_source_whose_counts_add_up(data):
    lines = data.with_name("printed").read_text().splitlines()
    header = lines[0].split()
    assert header == [*"source discovered stored unchanged duplicate rejected failed pending took".split()]
    for line in lines[2:4]:
        source, discovered, *counted = line.split()[:-2]
        assert source in ("sample", "sample-wire")
        assert int(discovered) == sum(map(int, counted))
        assert len(counted) == len(header) - 3


def test_an_empty_warehouse_says_what_to_do(tmp_path):
    # What an earlier command line in this process said is not repeated.
    sql(tmp_path / "none", "--config", tmp_path, "SELECT 1")
    done = sql(tmp_path / "none", "SELECT 1")
    assert done.returncode == 1
    assert f"run 'copydesk run --data {tmp_path}/none'" in done.stderr
    maintained = [("maintain", verb) for verb in ("clean", "compact", "copies", "index", "repair", "verify")]
    for command in [*maintained, ("forget", "https://news.example/1")]:
        done = copydesk(*command, "--data", tmp_path / "none")
        assert (done.returncode, done.stdout) == (1, "")
        assert "nothing has landed" in done.stderr
    assert not (tmp_path / "none").exists()


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


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["run", "nosuch"], "no source 'nosuch'"),
        (["run", "--config", "/nowhere"], "/nowhere/sources: no such folder"),
        (["extract"], "name a file, a folder"),
        (["extract", "a", "b", "--url", "u"], "--url goes with one document"),
        (
            ["extract", "--manifest", "/nowhere.jsonl"],
            "/nowhere.jsonl: cannot be read: no such file or directory; correct",
        ),
        (["extract", "s3://news/page.html"], "s3://news/page.html: extract reads files, folders and addresses of http"),
        (["extract", "a", "--html", "/nowhere/a.html"], "/nowhere/a.html: cannot be written: no such file"),
        (["run", "--data", "ftp://news"], "copydesk: --data: key 'data': not a folder, nor a bucket"),
        (["status", "--data", "/etc/hostname"], "copydesk: --data: key 'data': a file; name a folder"),
        (["run", "--engine", "spark"], "Invalid value for '--engine': 'spark' is not one of"),
        (["serve", "--port", "0"], "Invalid value for '--port': must be greater than or equal to 1"),
        (["rejects", "--reason", "boring"], "no reason 'boring'; known: bad_gzip, bad_record, binary"),
        (["rejects", "replay", "--reason", "boring"], "no reason 'boring'; known: bad_gzip"),
        (["sources", "check", "nosuch"], "no source 'nosuch' in"),
        (["init", "/etc/hostname"], "/etc/hostname: is a file; name a folder"),
        (["sql", "--format", "xml", "SELECT 1"], "'xml' is not one of"),
        (["fly"], "No such command 'fly'"),
    ],
)
def test_a_wrong_call_is_exit_2_and_says_what_is_wrong(arguments, message):
    done = copydesk(*arguments)
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr


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
