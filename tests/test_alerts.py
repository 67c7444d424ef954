"""Somebody is told once when a source begins to be stale, to fail or to drift, and once when that is over."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from rows import article, run
from webserver import WebServer, answer

from config.settings import Settings
from flows.monitoring.alerts import Watch, show_watch, watch_sources
from warehouse.model.schema import Row
from warehouse.model.vocabulary import RunKind, RunStatus
from warehouse.storage.tables import Store

PROJECT = Path(__file__).resolve().parent.parent
NOW = datetime(2026, 3, 15, 12, 0, tzinfo=UTC)
FEED = '[[input]]\nkind = "feed"\nurl = "https://harbour.example/rss"\n'


def ago(**length: float) -> datetime:
    return NOW - timedelta(**length)


class Desk:
    """An installation with one source, `harbour`, and somebody who listens."""

    def __init__(self, root: Path, server: WebServer) -> None:
        self.root, self.server, self.landings = root, server, 0
        self.settings = Settings(
            data=str(root / "data"), config=root / "config", alert_webhook=server.url("/hook"), stale_hours=6
        )
        (root / "config" / "sources").mkdir(parents=True)
        self.write('schedule = "0 * * * *"')

    def write(self, said: str = "", name: str = "harbour") -> None:
        text = f'title = "{name}"\n{said}\n{FEED}'
        (self.root / "config" / "sources" / f"{name}.toml").write_text(text)

    def land(self, table: str, *rows: Row) -> None:
        self.landings += 1
        Store(self.settings.data).land(table, rows, source_id="harbour", key=str(self.landings), now=NOW)

    def runs(self, *hours: float, status: RunStatus = RunStatus.SUCCEEDED, **changes: Any) -> None:
        """A run so many hours ago, each."""
        rows = [
            run(run_id=f"{status}-{hour}", started_at=ago(hours=hour), finished_at=ago(hours=hour), status=status)
            for hour in hours
        ]
        self.land(
            "runs", *(type(row)(**{name: getattr(row, name) for name in row.__slots__} | changes) for row in rows)
        )

    def look(self, now: datetime = NOW, **changes: Any) -> Watch:
        return watch_sources(self.settings.model_copy(update=changes), now)

    @property
    def told(self) -> list[dict[str, Any]]:
        return [json.loads(request.partition(b"\r\n\r\n")[2]) for request in self.server.requests]

    @property
    def brief(self) -> list[tuple[str, str]]:
        return [(one["condition"], one["state"]) for one in self.told]


@pytest.fixture
def desk(tmp_path):
    with WebServer({"/hook": answer()}) as server:
        yield Desk(tmp_path, server)


def test_a_stale_source_is_told_once_and_that_it_is_over_once(desk):
    desk.runs(90, 8)
    for _ in range(3):
        watch = desk.look()
    assert [one.key for one in watch.conditions] == ["harbour stale"]
    (alert,) = desk.told
    assert alert["text"] == (
        "harbour: no success since 2026-03-15 04:00Z, 3 turns missed; run it, or see to what runs it"
    )
    assert (alert["source"], alert["condition"], alert["state"], alert["since"]) == (
        "harbour",
        "stale",
        "began",
        "2026-03-15T04:00:00+00:00",
    )
    desk.runs(0.1)
    for _ in range(2):
        desk.look()
    assert desk.brief == [("stale", "began"), ("stale", "ended")]
    assert desk.told[1]["id"] == desk.told[0]["id"]
    assert desk.told[1]["text"] == "harbour: over: no success since 2026-03-15 04:00Z, 3 turns missed"


def test_a_source_that_begins_to_be_stale_again_is_told_again_under_another_id(desk):
    desk.runs(90, 8)
    desk.look()
    desk.runs(0)
    desk.look()
    desk.look(NOW + timedelta(hours=9))
    assert desk.brief == [("stale", "began"), ("stale", "ended"), ("stale", "began")]
    assert desk.told[2]["id"] != desk.told[0]["id"]


def test_a_stale_source_that_begins_to_fail_is_stale_still(desk):
    desk.runs(90, 40)
    desk.look()
    desk.runs(3, 2, 1, status=RunStatus.FAILED)
    watch = desk.look()
    assert [one.key for one in watch.conditions] == ["harbour failing"]
    assert desk.brief == [("stale", "began"), ("failing", "began")]
    desk.runs(0)
    desk.look()
    assert sorted(desk.brief[2:]) == [("failing", "ended"), ("stale", "ended")]


def test_a_backfill_does_not_hide_that_nothing_new_comes(desk):
    desk.write('schedule = "0 * * * *"\n[expect]\narticles_per_day = 100')
    desk.runs(2000, 300, *range(1, 100))
    seen = [ago(hours=150 + number) for number in range(30)]
    desk.land(
        "articles", *(article(n, source_id="harbour", first_seen_at=at, landed_at=at) for n, at in enumerate(seen))
    )
    desk.look()
    assert desk.brief == [("stale", "began")]
    at = ago(hours=2)
    desk.land("articles", article(900, first_seen_at=at, landed_at=at, run_id="backfill"))
    desk.land("runs", run(run_id="backfill", started_at=at, config_digest="", kind=RunKind.SHARD))
    desk.look()
    assert desk.brief == [("stale", "began")]


def test_a_schedule_that_is_longer_than_stale_hours_is_waited_for(desk):
    desk.runs(90, 8)
    desk.write('schedule = "0 3 * * *"')
    assert desk.look().conditions == ()


def test_a_run_of_named_addresses_does_not_hide_that_the_source_is_not_read(desk):
    desk.runs(90, 8)
    desk.runs(0.5, config_digest="")
    assert [one.name for one in desk.look().conditions] == ["stale"]


def test_silence_is_told_beyond_what_is_expected_or_was_ever_seen(desk):
    desk.runs(30 * 24, 1)
    desk.land("articles", *(article(number, first_seen_at=ago(hours=40 + number)) for number in range(60)))
    (condition,) = desk.look().conditions
    assert condition.what == "nothing new since 2026-03-13 20:00Z, longer than the 6 hours to be expected"
    # One that yields an article a day is silent for nine days now and then.
    desk.write('schedule = "0 * * * *"\n[expect]\narticles_per_day = 1')
    assert desk.look().conditions == ()


def test_a_source_that_has_not_shown_its_weekend_yet_may_be_silent_for_one(desk):
    desk.runs(7 * 24, 1)
    desk.land("articles", *(article(number, first_seen_at=ago(hours=40 + number)) for number in range(60)))
    assert desk.look().conditions == ()


def test_three_failures_in_a_row_are_told_with_the_newest_reason_and_not_called_stale_too(desk):
    desk.runs(90, 30)
    desk.runs(29, 28, status=RunStatus.FAILED, error="404 Not Found")
    assert [one.name for one in desk.look().conditions] == ["stale"]
    desk.runs(27, status=RunStatus.FAILED, error="410 Gone")
    (condition,) = desk.look().conditions
    assert condition.name == "failing"
    assert condition.since == ago(hours=29)
    assert condition.what == "the last 3 runs failed, the newest with: 410 Gone"
    assert desk.brief == [("stale", "began"), ("failing", "began")]


def test_a_paused_source_is_left_alone_and_one_whose_file_is_wrong_just_now_is_waited_for(desk):
    desk.runs(90, 8)
    desk.look()
    desk.write(name="lighthouse")
    desk.write("schedule = 5")
    desk.look()
    assert desk.brief == [("stale", "began")]
    desk.write('schedule = "0 * * * *"\npaused = true')
    desk.look()
    assert desk.brief == [("stale", "began"), ("stale", "ended")]
    assert desk.told[1]["text"] == "harbour: paused: no success since 2026-03-15 04:00Z, 3 turns missed"


def test_a_hook_that_fails_is_one_sentence_and_tried_again_by_the_next_look(desk, monkeypatch):
    monkeypatch.setattr("flows.monitoring.channels.WAITS", ())
    desk.runs(90, 8)
    desk.server.routes["/hook"] = answer(status="404 Not Found")
    assert [problem.partition(";")[0] for problem in desk.look().problems] == [
        "alert_webhook at 127.0.0.1: answered 404 Not Found"
    ]
    desk.server.routes["/hook"] = answer()
    assert desk.look().problems == ()
    assert desk.look().sent == ()
    assert [one["state"] for one in desk.told] == ["began", "began"]


def test_a_look_from_the_command_line_prints_what_is_wrong(desk, capsys):
    desk.runs(90, 8)
    assert show_watch(desk.settings, NOW) == 0
    first, last = capsys.readouterr().out.splitlines()
    assert first.startswith("harbour: stale: no success since 2026-03-15 04:00Z")
    assert last == "1 conditions, 1 alerts sent"


def test_what_was_never_told_is_not_said_to_be_over(desk):
    desk.runs(90, 8)
    desk.server.routes["/hook"] = answer(status="404 Not Found")
    desk.look()
    desk.runs(0)
    desk.look()
    assert [one["state"] for one in desk.told] == ["began"]


def test_a_second_hook_hears_what_the_first_was_told_before(desk, tmp_path):
    desk.runs(90, 8)
    desk.look()
    log = tmp_path / "log"
    script = f"import sys; open({str(log)!r}, 'a').write(sys.stdin.read() + chr(10))"
    hook = f'{sys.executable} -c "{script}"'
    desk.look(alert_command=hook)
    desk.look(alert_command=hook)
    assert len(log.read_text().splitlines()) == 1
    assert desk.brief == [("stale", "began")]


def test_without_a_hook_nothing_is_told_later_of_what_is_over_by_then(desk):
    desk.runs(90, 8)
    assert [one.name for one in desk.look(alert_webhook="").conditions] == ["stale"]
    desk.runs(0)
    desk.look()
    assert desk.told == []


def test_a_state_that_was_damaged_by_hand_costs_one_more_alert(desk):
    desk.runs(90, 8)
    desk.look()
    (desk.root / "data" / ".alerts" / "told.json").write_text("{")
    desk.look()
    assert desk.brief == [("stale", "began")] * 2


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
def test_of_two_processes_that_look_at_once_one_tells_and_a_killed_one_is_made_up_for(desk):
    desk.runs(90, 8)
    arguments = [sys.executable, "-c", LOOK, desk.settings.data, str(desk.settings.config), desk.settings.alert_webhook]

    def start() -> subprocess.Popen[bytes]:
        return subprocess.Popen(arguments, cwd=PROJECT)

    killed: list[subprocess.Popen[bytes]] = []
    desk.server.routes["/hook"] = [lambda _: killed[0].kill(), answer()]
    killed.append(start())
    assert killed[0].wait(60) < 0
    assert [process.wait(60) for process in [start(), start()]] == [0, 0]
    # Nobody can know whether the first one arrived: the second is the same alert.
    assert desk.brief == [("stale", "began")] * 2
    assert desk.told[0]["id"] == desk.told[1]["id"]
