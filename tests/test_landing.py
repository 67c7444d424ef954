"""What a run writes: as few files as its news needs; and how one that is on, or was killed, is seen."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from config.sources import load_source
from flows.monitoring.alert_rules import find_conditions
from flows.monitoring.health import load_health, problems
from tests.support.commands import start_command
from tests.support.polled import FEED, Site, counts
from tests.support.small_batches import copydesk, environment
from tests.support.webserver import answer
from warehouse.connect import connect
from warehouse.model.schema import SCHEMAS
from warehouse.storage.root import Root
from warehouse.storage.run_marks import marked_runs, running_and_killed


def written(data: str) -> list[str]:
    """Return the table (or `archive`) of each file that runs have written."""
    files = [path.relative_to(data).parts for path in Path(data).rglob("*") if path.is_file()]
    return sorted(
        parts[0]
        for parts in files
        if parts[0] == "archive" or (parts[0] in SCHEMAS and parts[1] not in ("base", "landed_month=0000-00"))
    )


def test_a_run_with_news_writes_one_file_of_each_table_and_two_of_the_archive_and_of_captures(site, look, settings):
    site.publish(1, 2)
    site.feed(1)
    site.feed(2, at="/sport")
    look(FEED + '[[input]]\nkind = "feed"\nurl = "SITE/sport"\n')
    # One of captures, and of the archive, holds the listings.
    every = ["archive", "archive", "articles", "captures", "captures", "discoveries", "discoveries", "polls", "runs"]
    assert written(settings.data) == every


def test_a_turn_that_meets_only_304_writes_two_files_and_one_with_nothing_due_none(site, look, settings, ask):
    inputs = "recheck = []\n" + FEED
    site.publish(1)
    site.feed(1, etag='"one"')
    look(inputs)
    before = written(settings.data)
    site.routes["/feed"] = answer(status="304 Not Modified", etag='"one"')
    assert counts(look(inputs, hours=9, due=True)) == {}
    assert written(settings.data) == sorted([*before, "polls", "runs"])
    assert counts(look(inputs, hours=9.01, due=True)) == {}
    assert written(settings.data) == sorted([*before, "polls", "runs"])
    assert ask("SELECT status, count(*) FROM runs GROUP BY ALL") == [("succeeded", 2)]
    assert marked_runs(Root.at(settings.data)) == []


def test_turns_with_nothing_due_do_not_make_a_source_stale(site, look, settings, now):
    site.publish(1)
    site.feed(1)
    look(FEED)
    sources = settings.config / "sources" / "lake.toml"
    sources.write_text('schedule = "*/10 * * * *"\n' + sources.read_text())
    lake = load_source(sources)
    health = load_health(settings.data, now)
    due = health["lake"].endpoints[0]["next_poll_at"]
    assert (due - now).total_seconds() > 3 * 600
    assert not list(find_conditions({"lake": lake}, health, 0.01, due))
    stale = due.replace(hour=due.hour + 1)
    assert [condition.name for condition in find_conditions({"lake": lake}, health, 0.01, stale)] == ["stale"]


@pytest.mark.slow
def test_a_run_is_seen_while_it_is_on_and_when_it_was_killed_and_its_row_lands_with_the_next(tmp_path):
    site = Site(datetime.now(UTC))
    with site.server:
        site.feed(1)
        sources = tmp_path / "config" / "sources"
        sources.mkdir(parents=True)
        text = 'title = "Lake"\nallow_private = true\ndelay = 0\n' + FEED.replace("SITE", site.server.url(""))
        (sources / "lake.toml").write_text(text)
        lake = load_source(sources / "lake.toml")
        root = str(tmp_path / "data")
        arguments = ["run", "--config", str(tmp_path / "config"), "--data", root]
        site.routes["/news/1"] = lambda *_: time.sleep(30)
        killed = start_command(arguments, env=environment())
        until = time.monotonic() + 60
        while not (runs := list(running_and_killed(Root.at(root)))) or not site.requests_of("/news/1"):
            assert time.monotonic() < until
            time.sleep(0.1)
        assert [str(run.status) for run in runs] == ["running"]
        health = load_health(root, datetime.now(UTC))["lake"]
        assert health.facts["last_status"] == "running"
        assert list(problems("lake", lake, health, datetime.now(UTC))) == ["1 document waits for the next run"]
        killed.kill()
        health = load_health(root, datetime.now(UTC))["lake"]
        wrong = next(problems("lake", lake, health, datetime.now(UTC)))
        assert wrong == "last run interrupted: ended from outside, as by a kill"
        site.publish(1)
        assert copydesk(arguments).returncode == 0
    with connect(root) as warehouse:
        assert warehouse.execute("SELECT status FROM runs ORDER BY started_at").fetchall() == [
            ("interrupted",), ("succeeded",),
        ]  # fmt: skip
    assert list(running_and_killed(Root.at(root))) == []
