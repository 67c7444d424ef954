"""The log: lines that people and programs can read, and quiet where nothing happens."""

from __future__ import annotations

import json
import logging
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from config.errors import ConfigError
from config.settings import Settings, load_settings
from flows.ingestion.progress import SourceResult
from flows.scheduling.run_log import RunLog, log_run, run_name
from flows.scheduling.service_log import LOG, log_event, log_to_stderr
from tests.support.commands import copydesk
from tests.support.rows import run
from warehouse.model.vocabulary import RunStatus

PROJECT = Path(__file__).resolve().parent.parent
TEXT_LINE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ (INFO|WARNING|ERROR) +copydesk: .+")


@pytest.fixture
def log(capsys):
    """Lines of the log by settings; afterwards as if nothing had been logged."""

    def lines(**changes) -> list[str]:
        log_to_stderr(Settings(**changes))
        return capsys.readouterr().err.splitlines()

    level = LOG.level
    # Another test may have left a handler; and to a logger that does not propagate pytest adds one of its own.
    LOG.handlers.clear()
    LOG.propagate = True
    yield lines
    LOG.handlers.clear()
    LOG.propagate = True
    LOG.setLevel(level)


def written(capsys) -> list[str]:
    return capsys.readouterr().err.splitlines()


def test_a_line_has_time_level_and_sentence(log, capsys):
    log()
    log_event("configuration_wrong", "bay.toml: wrong", level=logging.WARNING)
    [line] = written(capsys)
    assert TEXT_LINE.fullmatch(line)[1] == "WARNING"
    assert line.endswith(" copydesk: bay.toml: wrong")
    moment = datetime.fromisoformat(line.split()[0])
    assert abs((datetime.now(UTC) - moment).total_seconds()) < 60


def test_a_json_line_has_the_facts_for_programs(log, capsys):
    log(log_format="json")
    log_run(run(run_id="r-1", discovered=13, stored=12, rejected=1))
    log_event("stopping", 'it says "no" to\nhttps://desk:word@news.example/')
    ended, stopping = map(json.loads, written(capsys))
    assert ended | {"time": ""} == {
        "time": "",
        "level": "info",
        "event": "run_ended",
        "source": "harbour",
        "run": "r-1",
        "counts": {
            "discovered": 13,
            "stored": 12,
            "unchanged": 0,
            "duplicate": 0,
            "rejected": 1,
            "failed": 0,
            "pending": 0,
        },
        "message": "harbour: 13 discovered, 12 stored, 1 rejected",
    }
    assert datetime.fromisoformat(ended["time"]).tzinfo is not None
    assert stopping["message"] == 'it says "no" to\nhttps://…@news.example/'
    assert stopping.keys() == {"time", "level", "event", "message"}


def test_a_turn_at_which_nothing_was_due_is_quiet(log, capsys):
    log()
    assert log_run(run()) == "harbour: nothing was due"
    assert written(capsys) == []
    log(log_level="debug")
    log_run(run())
    assert "DEBUG" in written(capsys)[0]
    log(log_level="warning")
    log_run(run(discovered=1, stored=1))
    assert written(capsys) == []


def test_the_settings_of_a_run_go_over_those_that_were_there(log, capsys):
    log(log_format="json")
    log()
    log_to_stderr()  # as a hook calls it, which has no settings
    log_event("stopping", "stopping")
    assert TEXT_LINE.fullmatch(written(capsys)[0])


@pytest.mark.parametrize(
    ("counts", "name"),
    [
        ({"discovered": 13, "stored": 12, "rejected": 1}, "harbour 12 new, 1 rejected"),
        ({"discovered": 9, "unchanged": 5, "failed": 1, "pending": 3}, "harbour 1 failed, 3 pending"),
        ({"discovered": 2, "unchanged": 1, "duplicate": 1}, "harbour nothing new"),
        ({}, "harbour nothing was due"),
    ],
)
def test_a_run_is_named_by_what_people_look_for(counts, name):
    assert run_name(run(**counts)) == name


def test_a_source_that_failed_is_an_error_of_its_own(log, capsys):
    log(log_format="json")
    ended = run(status=RunStatus.FAILED, error="404", discovered=1, failed=1)
    RunLog().end("harbour", SourceResult(ended, "harbour: 404", 1.0))
    RunLog().end("harbour")
    entries = [json.loads(line) for line in written(capsys)]
    assert [(entry["event"], entry["level"], entry["source"]) for entry in entries] == [
        ("run_ended", "info", "harbour"),
        ("run_failed", "error", "harbour"),
    ]


def test_a_format_that_there_is_not_is_refused(monkeypatch):
    monkeypatch.setenv("COPYDESK_LOG_FORMAT", "xml")
    with pytest.raises(ConfigError, match="log_format"):
        load_settings()


def test_run_writes_json_alone_to_both_streams(tmp_path):
    sources = tmp_path / "config" / "sources"
    (sources / "pages").mkdir(parents=True)
    (sources / "paper.toml").write_text('title = "Paper"\n[[input]]\nkind = "folder"\npath = "pages"\n')
    (sources / "wrong.toml").write_text("title = ")
    settings = {"COPYDESK_CONFIG": str(sources.parent), "COPYDESK_LOG_LEVEL": "debug"}
    done = copydesk("run", "--log-format", "json", "--data", tmp_path / "data", **settings)
    assert (done.returncode, done.stdout) == (1, "")
    ended, problem = map(json.loads, done.stderr.splitlines())
    assert (ended["event"], ended["source"], ended["counts"]["discovered"]) == ("run_ended", "paper", 0)
    assert (problem["event"], problem["level"]) == ("problem", "warning")
    assert "wrong.toml: not readable as TOML" in problem["message"]


def test_the_name_of_a_file_can_neither_write_a_line_nor_steer_a_terminal(log, capsys):
    log()
    log_event("problem", "a\n2026-01-01T00:00:00Z INFO    copydesk: all is well\x1b[2K\x9b31m\u2028b")
    [line] = written(capsys)
    assert "a 2026-01-01" in line
    assert line.isprintable()


def test_no_command_prints_a_control_character_of_a_file_name(tmp_path):
    (tmp_path / "sources").mkdir()
    (tmp_path / "pages").mkdir()
    (tmp_path / "pages" / "a\nERROR copydesk: b\x1b[31m.doc").write_text("x")
    source = 'title = "A"\n[[input]]\nkind = "folder"\npath = "../pages"\n'
    (tmp_path / "sources" / "a.toml").write_text(source)
    options = ["--config", str(tmp_path), "--data", str(tmp_path / "data")]
    for command in (["run"], ["status"]):
        done = copydesk(*command, *options)
        output = done.stdout + done.stderr
        assert "a ERROR copydesk: b [31m.doc" in output, command
        assert "\x1b" not in output
        assert not [line for line in output.splitlines() if line.startswith("ERROR")]
