"""What a configuration asks of Prefect: its deployments, their turns, and whose word holds on a pause."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from itertools import islice, pairwise
from types import SimpleNamespace

import httpx
import pytest
from prefect.server.schemas.schedules import CronSchedule, IntervalSchedule

from config.schedule import read_schedule, turns
from config.settings import Settings
from config.sources import load_source
from flows.scheduling.deployments import PAUSED_TAG, PlannedDeployment, plan_deployments, plan_source, stagger
from flows.scheduling.healthcheck import health_app
from flows.scheduling.server_status import ServerStatus
from flows.scheduling.source_flow import earliest_poll
from flows.scheduling.sync_deployments import is_active, is_paused, is_same

NAMES = [f"source-{number}" for number in range(50)]


@pytest.fixture
def installation(tmp_path):
    """Write a configuration of two sources, one of them paused, and no upkeep."""
    (tmp_path / "sources").mkdir()
    feed = '[[input]]\nkind = "feed"\nurl = "https://harbour.example/rss.xml"\n'
    (tmp_path / "sources" / "harbour.toml").write_text(
        'title = "Harbour Times"\nlanguage = "en"\ntimezone = "Europe/London"\nschedule = "*/20 * * * *"\n' + feed
    )
    (tmp_path / "sources" / "quay.toml").write_text('title = "Quay"\npaused = true\n' + feed)
    off = dict.fromkeys(("maintain_schedule", "compact_schedule", "recheck_schedule", "quality_schedule"), "off")
    return Settings(data=str(tmp_path / "data"), config=tmp_path, **off)


def on_server(planned: PlannedDeployment, **changes):
    """Make a deployment as the server gives it back after it was registered."""
    made = asyncio.run(planned.deployment(paused=planned.paused, active=True))
    facts = {
        name: getattr(made, name)
        for name in (
            "description",
            "version",
            "entrypoint",
            "tags",
            "paused",
            "parameters",
            "schedules",
            "concurrency_options",
            "work_pool_name",
        )
    }
    return SimpleNamespace(**{**facts, "global_concurrency_limit": SimpleNamespace(limit=1), **changes})


def test_a_source_is_a_deployment_that_says_what_it_is(installation):
    (harbour, quay, backfill, *upkeep), wrong = plan_deployments(installation)
    assert not wrong
    assert (harbour.name, harbour.entrypoint) == ("harbour", "flows.scheduling.source_flow.ingest_source")
    assert harbour.parameters == {"source": "harbour", "data": installation.data, "config": str(installation.config)}
    assert harbour.tags == ("feed", "en")
    assert "Harbour Times" in harbour.description
    assert "<https://harbour.example/rss.xml>" in harbour.description
    assert harbour.schedule.timezone == "UTC", "turns of every hour know no summer time"
    assert (harbour.paused, quay.paused, quay.schedule) == (False, True, None)
    assert (backfill.name, backfill.schedule, backfill.one_run) == ("backfill", None, False)
    assert [deployment.schedule for deployment in upkeep] == [None, None, None, None]


def test_a_wrong_file_is_told_and_keeps_no_other_from_being_deployed(installation):
    (installation.config / "sources" / "wrong.toml").write_text("title = ")
    planned, [error] = plan_deployments(installation)
    assert {"harbour", "quay"} < {deployment.name for deployment in planned}
    assert "wrong.toml: not readable as TOML" in str(error)
    assert error.path == installation.config / "sources" / "wrong.toml"


def test_a_schedule_that_prefect_cannot_read_is_told_and_keeps_no_other_from_being_deployed(installation):
    path = installation.config / "sources" / "harbour.toml"
    path.write_text(path.read_text().replace("*/20 * * * *", "0 0 LW * *"))
    planned, [error] = plan_deployments(installation)
    assert "harbour" not in {deployment.name for deployment in planned}
    assert "harbour.toml: key 'schedule': " in str(error)
    assert error.path == path


def test_a_deployment_takes_one_run_at_a_time_and_drops_the_next(installation):
    made = asyncio.run(plan_deployments(installation)[0][0].deployment(paused=False, active=True))
    assert (made.concurrency_limit, made.concurrency_options.collision_strategy) == (1, "CANCEL_NEW")


@pytest.mark.parametrize(
    ("schedule_text", "fields"),
    [
        ("*/20 * * * *", r"\d+-59/20 * * * *"),
        ("*/15 6-9 * * 1", r"\d+-59/15 6-9 * * 1"),
        ("@hourly", r"\d+ * * * *"),
        ("@daily", r"\d+ 0 * * *"),
    ],
)
def test_a_schedule_that_leaves_the_minute_open_gets_one_by_the_source(schedule_text, fields):
    crons = [stagger(name, schedule_text, None).cron for name in NAMES]
    assert crons == [stagger(name, schedule_text, None).cron for name in NAMES]
    step = int(schedule_text[2:4]) if schedule_text[0] == "*" else 60
    minutes = [int(cron.split("-")[0].split(" ")[0]) for cron in crons]
    assert all(0 <= minute < step for minute in minutes)
    assert len(set(minutes)) > step / 2
    assert {cron.replace(str(minute), r"\d+", 1) for cron, minute in zip(crons, minutes, strict=True)} == {fields}
    for cron in crons:
        read_schedule(cron)


@pytest.mark.parametrize("schedule_text", ["0 * * * *", "30 6,18 * * 1-5", "* * * * *", "*/1 * * * *", "*/45 * * * *"])
def test_a_schedule_that_says_the_minute_keeps_it(schedule_text):
    assert {stagger(name, schedule_text, None).cron for name in NAMES} == {schedule_text}


def test_an_interval_begins_at_a_second_of_its_own():
    schedules = [stagger(name, "every 20 minutes", "Asia/Tokyo") for name in NAMES]
    assert {schedule.interval for schedule in schedules} == {timedelta(minutes=20)}
    assert len({schedule.anchor_date for schedule in schedules}) > 45
    assert stagger("harbour", "every 2 days", "Asia/Tokyo").timezone == "Asia/Tokyo"


@pytest.mark.parametrize(
    ("schedule_text", "zone", "minutes"),
    [
        ("*/20 * * * *", "Europe/Berlin", 20),
        ("@hourly", "Europe/Berlin", 60),
        ("0 * * * *", "Europe/Berlin", 60),
        ("every 20 minutes", "Europe/Berlin", 20),
        ("every 90 minutes", "Australia/Lord_Howe", 90),
    ],
)
def test_no_turn_is_missed_where_the_clocks_go_back(schedule_text, zone, minutes):
    """Check a zone of either hemisphere, with the moments that Prefect's server makes."""
    schedule = stagger("harbour", schedule_text, zone)
    prefect_schedule = (
        IntervalSchedule(interval=schedule.interval, anchor_date=schedule.anchor_date, timezone=schedule.timezone)
        if schedule.interval
        else CronSchedule(cron=schedule.cron, timezone=schedule.timezone)
    )
    for day in (datetime(2026, 10, 24, 20, tzinfo=UTC), datetime(2026, 4, 4, 12, tzinfo=UTC)):
        moments = [moment.timestamp() for moment in asyncio.run(prefect_schedule.get_dates(n=24, start=day))]
        assert {later - earlier for earlier, later in pairwise(moments)} == {60 * minutes}


def test_a_minute_that_is_said_is_one_of_the_zone():
    assert stagger("harbour", "0 * * * *", "Asia/Kolkata").timezone == "Asia/Kolkata"
    assert stagger("harbour", "0 8 * * *", "Europe/Berlin").timezone == "Europe/Berlin"


@pytest.mark.parametrize(
    "schedule_text", ["every 0 minutes", "every second", "99 * * * *", "0 0 30 2 *", "daily", "@reboot"]
)
def test_a_schedule_that_never_comes_or_is_none_is_refused(schedule_text):
    with pytest.raises(ValueError, match=r"not five cron fields|once a minute"):
        read_schedule(schedule_text)


def test_turns_are_those_of_the_zone():
    # The last Sunday of March: clocks in London go forward, and six o'clock comes an hour sooner in UTC.
    since = datetime(2026, 3, 28, 12, tzinfo=UTC)
    assert [turn.isoformat() for turn in islice(turns("0 6 * * *", "Europe/London", since), 1)] == [
        "2026-03-29T05:00:00+00:00"
    ]
    assert next(turns("every 2 hours", None, since)) == since + timedelta(hours=2)


def test_a_feed_may_be_looked_at_before_its_time_by_half_the_way_to_the_next_turn(folder_source):
    now = datetime(2026, 3, 28, 12, tzinfo=UTC)
    daily = folder_source.model_copy(update={"schedule": "0 12 * * *"})
    assert earliest_poll(daily, now) == timedelta(hours=12)
    assert earliest_poll(folder_source, now) == timedelta()


@pytest.mark.parametrize(
    ("said_before", "says_now", "in_the_ui", "holds"),
    [
        (False, False, False, False),
        (False, False, True, True),  # paused in the UI
        (True, True, False, False),  # resumed in the UI
        (False, True, False, True),  # paused in the file since
        (True, False, True, False),  # resumed in the file since
        (True, False, False, False),
    ],
)
def test_a_pause_is_what_was_said_last(installation, said_before, says_now, in_the_ui, holds):
    planned = plan_deployments(installation)[0][1 if says_now else 0]
    before = on_server(planned, paused=in_the_ui, tags=[PAUSED_TAG] if said_before else [])
    assert is_paused(planned, before) is holds
    assert is_paused(planned, None) is says_now


def test_a_schedule_that_was_switched_off_stays_off_until_the_file_changes(installation):
    harbour, quay = plan_deployments(installation)[0][:2]
    off = [SimpleNamespace(active=False)]
    assert is_active(harbour, on_server(harbour, schedules=off)) is False
    assert is_active(quay, on_server(quay, schedules=off, tags=[])) is True


def test_what_has_not_changed_is_left_alone(installation, tmp_path):
    harbour = plan_deployments(installation)[0][0]
    made = asyncio.run(harbour.deployment(paused=False, active=True))
    assert is_same(made, on_server(harbour))
    path = tmp_path / "sources" / "harbour.toml"
    path.write_text(path.read_text().replace("*/20", "*/30"))
    assert not is_same(made, on_server(plan_source(load_source(path), installation)))


def health(status: ServerStatus, method: str = "GET", path: str = "/health", **headers: str) -> httpx.Response:
    async def ask() -> httpx.Response:
        wire = httpx.ASGITransport(health_app(status, lambda: None))
        async with httpx.AsyncClient(transport=wire, base_url="http://127.0.0.1:4201") as client:
            return await client.request(method, path, headers=headers)

    return asyncio.run(ask())


def test_health_is_503_until_runs_are_looked_for():
    status = ServerStatus("http://127.0.0.1:4200", "data")
    assert health(status).status_code == 503
    status.last_poll = datetime.now(UTC)
    answer = health(status)
    assert (answer.status_code, answer.json()["status"]) == (200, "ok")
    assert health(status, "HEAD").content == b""
    status.missing = ["harbour"]
    assert health(status).status_code == 503
    status.missing, status.last_poll = [], status.last_poll - timedelta(minutes=2)
    assert health(status).status_code == 503
    assert health(status, path="/").status_code == 404


def test_the_health_address_answers_no_foreign_page():
    status = ServerStatus("http://127.0.0.1:4200", "data", last_poll=datetime.now(UTC))
    assert health(status, host="evil.example").status_code == 421
    assert health(status, origin="http://evil.example").status_code == 403
