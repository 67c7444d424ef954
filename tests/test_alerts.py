"""Somebody is told once when a source begins to be stale, to fail or to drift, and once when that is over."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import typer

from config.settings import Settings
from flows.cli.alert import alert
from flows.monitoring.alerts import AlertReport, watch_sources
from tests.support.rows import article, run
from tests.support.webserver import WebServer, answer
from warehouse.model.schema import Row
from warehouse.model.vocabulary import RunKind, RunStatus
from warehouse.storage.tables import Store

PROJECT = Path(__file__).resolve().parent.parent
NOW = datetime(2026, 3, 15, 12, 0, tzinfo=UTC)
FEED = '[[input]]\nkind = "feed"\nurl = "https://harbour.example/rss"\n'


def ago(**length: float) -> datetime:
    return NOW - timedelta(**length)


class Installation:
    """An installation with one source, `harbour`, and somebody who listens."""

    def __init__(self, root: Path, data: Path, server: WebServer) -> None:
        self.root, self.server, self.landings = root, server, 0
        self.settings = Settings(
            data=str(data), config=root / "config", alert_webhook=server.url("/hook"), stale_hours=6
        )
        (root / "config" / "sources").mkdir(parents=True)
        self.write('schedule = "0 * * * *"')

    def write(self, toml: str = "", name: str = "harbour") -> None:
        text = f'title = "{name}"\n{toml}\n{FEED}'
        (self.root / "config" / "sources" / f"{name}.toml").write_text(text)

    def land(self, table: str, *rows: Row) -> None:
        self.landings += 1
        Store(self.settings.data).land(table, rows, source_id="harbour", key=str(self.landings), now=NOW)

    def runs(self, *hours: float, status: RunStatus = RunStatus.SUCCEEDED, **changes: Any) -> None:
        """Land a run for each of `hours`, so many hours ago."""
        rows = [
            run(run_id=f"{status}-{hour}", started_at=ago(hours=hour), finished_at=ago(hours=hour), status=status)
            for hour in hours
        ]
        self.land(
            "runs", *(type(row)(**{name: getattr(row, name) for name in row.__slots__} | changes) for row in rows)
        )

    def check(self, now: datetime = NOW, **changes: Any) -> AlertReport:
        return watch_sources(self.settings.model_copy(update=changes), now)

    @property
    def sent(self) -> list[dict[str, Any]]:
        return [json.loads(request.partition(b"\r\n\r\n")[2]) for request in self.server.requests]

    @property
    def summary(self) -> list[tuple[str, str]]:
        return [(message["condition"], message["state"]) for message in self.sent]


@pytest.fixture
def installation(tmp_path, empty_root):
    with WebServer({"/hook": answer()}) as server:
        yield Installation(tmp_path, empty_root, server)


def test_a_stale_source_is_told_once_and_that_it_is_over_once(installation):
    installation.runs(90, 8)
    for _ in range(3):
        watch = installation.check()
    assert [condition.key for condition in watch.conditions] == ["harbour stale"]
    (message,) = installation.sent
    assert message["text"] == (
        "harbour: no success since 2026-03-15 04:00Z, 3 turns missed; run it, or see to what runs it"
    )
    assert (message["source"], message["condition"], message["state"], message["since"]) == (
        "harbour",
        "stale",
        "began",
        "2026-03-15T04:00:00+00:00",
    )
    installation.runs(0.1)
    for _ in range(2):
        installation.check()
    assert installation.summary == [("stale", "began"), ("stale", "ended")]
    assert installation.sent[1]["id"] == installation.sent[0]["id"]
    assert installation.sent[1]["text"] == "harbour: over: no success since 2026-03-15 04:00Z, 3 turns missed"


def test_a_source_that_begins_to_be_stale_again_is_told_again_under_another_id(installation):
    installation.runs(90, 8)
    installation.check()
    installation.runs(0)
    installation.check()
    installation.check(NOW + timedelta(hours=9))
    assert installation.summary == [("stale", "began"), ("stale", "ended"), ("stale", "began")]
    assert installation.sent[2]["id"] != installation.sent[0]["id"]


def test_a_stale_source_that_begins_to_fail_is_stale_still(installation):
    installation.runs(90, 40)
    installation.check()
    installation.runs(3, 2, 1, status=RunStatus.FAILED)
    watch = installation.check()
    assert [condition.key for condition in watch.conditions] == ["harbour failing"]
    assert installation.summary == [("stale", "began"), ("failing", "began")]
    installation.runs(0)
    installation.check()
    assert sorted(installation.summary[2:]) == [("failing", "ended"), ("stale", "ended")]


def test_a_backfill_does_not_hide_that_nothing_new_comes(installation):
    installation.write('schedule = "0 * * * *"\n[expect]\narticles_per_day = 100')
    installation.runs(2000, 300, *range(1, 100))
    moments = [ago(hours=150 + number) for number in range(30)]
    installation.land(
        "articles", *(article(n, source_id="harbour", first_seen_at=at, landed_at=at) for n, at in enumerate(moments))
    )
    installation.check()
    assert installation.summary == [("stale", "began")]
    at = ago(hours=2)
    installation.land("articles", article(900, first_seen_at=at, landed_at=at, run_id="backfill"))
    installation.land("runs", run(run_id="backfill", started_at=at, config_digest="", kind=RunKind.SHARD))
    installation.check()
    assert installation.summary == [("stale", "began")]


def test_a_schedule_that_is_longer_than_stale_hours_is_waited_for(installation):
    installation.runs(90, 8)
    installation.write('schedule = "0 3 * * *"')
    assert installation.check().conditions == ()


def test_a_run_of_named_addresses_does_not_hide_that_the_source_is_not_read(installation):
    installation.runs(90, 8)
    installation.runs(0.5, config_digest="")
    assert [condition.name for condition in installation.check().conditions] == ["stale"]


def test_silence_is_told_beyond_what_is_expected_or_was_ever_seen(installation):
    installation.runs(30 * 24, 1)
    installation.land("articles", *(article(number, first_seen_at=ago(hours=40 + number)) for number in range(60)))
    (condition,) = installation.check().conditions
    assert condition.problem == "nothing new since 2026-03-13 20:00Z, longer than the 6 hours to be expected"
    # One that yields an article a day is silent for nine days now and then.
    installation.write('schedule = "0 * * * *"\n[expect]\narticles_per_day = 1')
    assert installation.check().conditions == ()


def test_a_source_that_has_not_shown_its_weekend_yet_may_be_silent_for_one(installation):
    installation.runs(7 * 24, 1)
    installation.land("articles", *(article(number, first_seen_at=ago(hours=40 + number)) for number in range(60)))
    assert installation.check().conditions == ()


def test_three_failures_in_a_row_are_told_with_the_newest_reason_and_not_called_stale_too(installation):
    installation.runs(90, 30)
    installation.runs(29, 28, status=RunStatus.FAILED, error="404 Not Found")
    assert [condition.name for condition in installation.check().conditions] == ["stale"]
    installation.runs(27, status=RunStatus.FAILED, error="410 Gone")
    (condition,) = installation.check().conditions
    assert condition.name == "failing"
    assert condition.since == ago(hours=29)
    assert condition.problem == "the last 3 runs failed, the newest with: 410 Gone"
    assert installation.summary == [("stale", "began"), ("failing", "began")]


def test_a_paused_source_is_left_alone_and_one_whose_file_is_wrong_just_now_is_waited_for(installation):
    installation.runs(90, 8)
    installation.check()
    installation.write(name="lighthouse")
    installation.write("schedule = 5")
    installation.check()
    assert installation.summary == [("stale", "began")]
    installation.write('schedule = "0 * * * *"\npaused = true')
    installation.check()
    assert installation.summary == [("stale", "began"), ("stale", "ended")]
    assert installation.sent[1]["text"] == "harbour: paused: no success since 2026-03-15 04:00Z, 3 turns missed"


def test_a_hook_that_fails_is_one_sentence_and_tried_again_by_the_next_look(installation):
    installation.runs(90, 8)
    installation.server.routes["/hook"] = answer(status="404 Not Found")
    assert [problem.partition(";")[0] for problem in installation.check().problems] == [
        "alert_webhook at 127.0.0.1: answered 404 Not Found"
    ]
    installation.server.routes["/hook"] = answer()
    assert installation.check().problems == ()
    assert installation.check().sent == ()
    assert [message["state"] for message in installation.sent] == ["began", "began"]


def test_a_look_from_the_command_line_prints_what_is_wrong(installation, capsys, monkeypatch):
    monkeypatch.setenv("COPYDESK_ALERT_WEBHOOK", installation.settings.alert_webhook)
    installation.runs(90, 8)
    with pytest.raises(typer.Exit) as ended:
        alert(data=installation.settings.data, config=installation.settings.config)
    assert ended.value.exit_code == 0
    first, last = capsys.readouterr().out.splitlines()
    assert first.startswith("harbour: stale: no success since 2026-03-15 04:00Z")
    assert last == "1 condition, 1 alert sent"


def test_what_was_never_told_is_not_said_to_be_over(installation):
    installation.runs(90, 8)
    installation.server.routes["/hook"] = answer(status="404 Not Found")
    installation.check()
    installation.runs(0)
    installation.check()
    assert [message["state"] for message in installation.sent] == ["began"]


def test_a_second_hook_hears_what_the_first_was_told_before(installation, tmp_path):
    installation.runs(90, 8)
    installation.check()
    log = tmp_path / "log"
    script = f"import sys; open({str(log)!r}, 'a').write(sys.stdin.read() + chr(10))"
    hook = f'{sys.executable} -c "{script}"'
    installation.check(alert_command=hook)
    installation.check(alert_command=hook)
    assert len(log.read_text().splitlines()) == 1
    assert installation.summary == [("stale", "began")]


def test_without_a_hook_nothing_is_told_later_of_what_is_over_by_then(installation):
    installation.runs(90, 8)
    assert [condition.name for condition in installation.check(alert_webhook="").conditions] == ["stale"]
    installation.runs(0)
    installation.check()
    assert installation.sent == []


def test_a_state_that_was_damaged_by_hand_costs_one_more_alert(installation):
    installation.runs(90, 8)
    installation.check()
    (Path(installation.settings.data) / ".alerts" / "told.json").write_text("{")
    installation.check()
    assert installation.summary == [("stale", "began")] * 2


LOOK = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from config.settings import Settings
from flows.monitoring.alerts import watch_sources
data, config, hook = sys.argv[1:]
settings = Settings(data=data, config=Path(config), alert_webhook=hook, stale_hours=6)
watch_sources(settings, datetime(2026, 3, 15, 12, microsecond=datetime.now(UTC).microsecond, tzinfo=UTC))
"""


@pytest.mark.slow
def test_of_two_processes_that_look_at_once_one_tells_and_a_killed_one_is_made_up_for(installation):
    installation.runs(90, 8)
    arguments = [
        sys.executable,
        "-c",
        LOOK,
        installation.settings.data,
        str(installation.settings.config),
        installation.settings.alert_webhook,
    ]

    def start() -> subprocess.Popen[bytes]:
        return subprocess.Popen(arguments, cwd=PROJECT)

    killed: list[subprocess.Popen[bytes]] = []
    installation.server.routes["/hook"] = [lambda _: killed[0].kill(), answer()]
    killed.append(start())
    assert killed[0].wait(60) < 0
    assert [process.wait(60) for process in [start(), start()]] == [0, 0]
    # Nobody can know whether the first one arrived: the second is the same alert.
    assert installation.summary == [("stale", "began")] * 2
    assert installation.sent[0]["id"] == installation.sent[1]["id"]
