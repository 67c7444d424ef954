"""The shell of `copydesk sql`, on a terminal of its own."""

from __future__ import annotations

import json
import time

from tests.support.command_line import ENDLESS, terminal


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
