"""Older material: the plan tells what it costs, and what was done before a stop is not done again."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from config.errors import ConfigError
from flows.backfill import backfill, read_window, with_warcs
from flows.cli.app import main
from flows.cli.run import write_sharded
from flows.sharding import engine, shards
from flows.sharding.plan import Plan
from tests.support.commands import start_command
from tests.support.polled import page, write
from tests.support.waiting import wait_for
from tests.support.warc_files import HTML, http, record
from tests.support.webserver import answer, drip
from warehouse.connect import connect
from warehouse.search.index_files import open_index
from warehouse.storage.root import Root

PROJECT = Path(__file__).resolve().parent.parent
SITEMAP = '[[input]]\nkind = "sitemap"\nurl = "SITE/index.xml"\n'


@pytest.fixture
def archive_of(site):
    """Make a site with a sitemap a month, named by an index; 8 pages of 2 and 4 March, and others of other days."""
    days = {number: datetime(2026, 3, 2 + 2 * (number % 2), 9, tzinfo=UTC) for number in range(8)}
    days |= {8: datetime(2026, 3, 9, tzinfo=UTC), 9: datetime(2026, 2, 27, tzinfo=UTC)}
    site.moments |= days
    site.publish(*range(8, 10), *range(8))
    site.sitemap(*range(9), at="/sitemap-2026-03.xml")
    site.sitemap(9, at="/sitemap-2026-02.xml")
    site.sitemap(9, at="/sitemap-2025-11.xml")
    entries = "".join(
        f"<sitemap><loc>{site.server.url(f'/sitemap-{month}.xml')}</loc></sitemap>"
        for month in ("2025-11", "2026-02", "2026-03")
    )
    index = f"<sitemapindex xmlns='http://www.sitemaps.org/schemas/sitemap/0.9'>{entries}</sitemapindex>"
    site.routes["/index.xml"] = answer(index.encode(), content_type="application/xml")
    return site


@pytest.fixture
def go_back(tmp_path, archive_of, settings):
    """Backfills a source of these inputs; returns the plan, and keeps the report."""
    settings = settings.model_copy(update={"retry_seconds": 0.01, "fetch_seconds": 5.0})
    (tmp_path / "config" / "sources").mkdir(parents=True)

    def run(inputs: str = SITEMAP, window=("2026-03-01", "2026-03-05"), agreed: bool = True, **changes) -> Plan:
        source = write(tmp_path / "config" / "sources", inputs.replace("SITE", archive_of.server.url("")))
        changed = source.model_copy(update=changes)
        run.report = backfill(changed, settings, read_window(*window), confirm=lambda _: agreed)
        return run.report.plan

    return run


def pages_asked(site) -> list[str]:
    return [path for path in site.server.paths if path.startswith("/news/")]


def test_the_plan_counts_what_lies_in_the_window_and_what_it_costs(go_back, archive_of, ask):
    plan = go_back(agreed=False, delay=2.0)
    assert (plan.documents, plan.known, plan.requests, len(plan.shards)) == (8, 0, 9, 1)
    assert plan.hours == pytest.approx(8 * 2 / 3_600)
    assert plan.bytes == 8 * 120_000
    # The index, the month, and the month before, of whose last day it may still be the next one elsewhere.
    assert plan.listings == 3, "the sitemap of another year was read"
    assert "the source has no captures yet" in " ".join(plan.estimates)
    assert pages_asked(archive_of) == []
    assert ask("SELECT count(*) FROM ledger") == [(0,)], "a plan that was not agreed to discovered something"


def test_what_was_agreed_to_lands_once_and_listings_are_asked_for_once(go_back, archive_of, ask, settings):
    go_back(agreed=False)
    assert go_back().documents == 8
    assert not go_back.report.sharded.problems
    assert sorted(pages_asked(archive_of)) == [f"/news/{number}" for number in range(8)]
    assert ask("SELECT state, count(*) FROM ledger GROUP BY 1") == [("article", 8)]
    assert ask("SELECT count(*) FROM text_sketches()") == [(8,)]
    index = open_index(Root.at(settings.data))
    assert index is not None
    assert index.searcher().num_docs == 8
    requests = len(archive_of.server.paths)
    again = go_back()
    assert (again.documents, again.known, again.left, again.requests) == (8, 8, [], 0)
    assert len(archive_of.server.paths) == requests
    assert archive_of.requests_of("/index.xml") == archive_of.requests_of("/sitemap-2026-03.xml") == 1


def test_the_sitemaps_of_a_feed_are_those_that_its_site_states(go_back, archive_of):
    robots = f"User-agent: *\nCrawl-delay: 1\nSitemap: {archive_of.server.url('/index.xml')}\n"
    archive_of.routes["/robots.txt"] = answer(robots.encode())
    archive_of.feed(8)
    plan = go_back('[[input]]\nkind = "feed"\nurl = "SITE/feed"\n', agreed=False)
    assert plan.documents == 8
    assert plan.hours == pytest.approx(8 * 1 / 3_600), "the site asks for more than the source's delay"


def test_counts_add_up_and_every_address_is_in_one_place(go_back, archive_of, ask):
    archive_of.routes["/news/3"] = answer(b"<html><nav>Home</nav></html>", content_type="text/html")
    archive_of.routes["/news/4"] = answer(status="404 Not Found")
    assert go_back().documents == 8
    states = dict(ask("SELECT state, count(*) FROM ledger GROUP BY 1"))
    assert states == {"article": 6, "reject": 2}
    ((discovered, *counts),) = ask(
        "SELECT discovered, stored, unchanged, duplicate, rejected, failed, pending FROM runs WHERE run_id LIKE 'shard-%'"
    )
    assert (discovered, discovered) == (8, sum(counts))


@pytest.mark.parametrize(
    ("window", "message"),
    [
        (("2026-03-05", "2026-03-01"), "is after --to 2026-03-01; the earlier day comes first"),
        (("2026-03-01", None), "a backfill has two ends"),
        (("March", "2026-03-01"), "--from March: not a day such as 2026-01-31"),
        ((None, None), "goes back by days: say which with --from and --to"),
    ],
)
def test_a_window_that_cannot_be_is_told_in_a_sentence(window, message, go_back):
    with pytest.raises(Exception, match=message):
        go_back(window=window)


def test_a_source_with_nothing_to_go_back_in_is_told_so(go_back):
    with pytest.raises(
        Exception, match=r"has no sitemap, feed or WARC input to go back in; add a sitemap to lake\.toml"
    ):
        go_back('[[input]]\nkind = "folder"\npath = "."\n')


def test_warc_files_go_by_the_days_of_their_records(go_back, tmp_path, settings, ask):
    days = [
        record(f"https://e.example/{n}", http(page(n).encode(), HTML), date=f"2026-03-0{n}T08:00:00Z")
        for n in (1, 2, 3)
    ]
    (tmp_path / "old.warc").write_bytes(b"".join(days))
    with pytest.raises(Exception, match="no such file or folder"):
        with_warcs(None, "/nowhere/at/all")
    inputs = f'[[input]]\nkind = "warc"\npath = "{tmp_path}/old.warc"\n'
    plan = go_back(inputs, window=("2026-03-02", "2026-03-02"))
    assert not go_back.report.sharded.problems
    assert ask("SELECT url FROM articles") == [("https://e.example/2",)]
    assert plan.bytes == (tmp_path / "old.warc").stat().st_size
    assert go_back(inputs, window=("2026-03-02", "2026-03-02")).left == []


def test_what_shards_passed_over_is_named_once_beside_their_counts(go_back, capsys):
    go_back()
    sharded = go_back.report.sharded
    (run,) = sharded.ended.values()
    skipped = "1 entry has no web address and was skipped."
    sharded.ended = {name: replace(run, skipped=skipped) for name in ("shard-1", "shard-2")}
    write_sharded([sharded])
    assert capsys.readouterr().err.count(f"{sharded.source.id}: {skipped}") == 1


@pytest.mark.parametrize("command", [["run"], ["backfill", "sample"]])
def test_a_scheduler_without_its_engine_is_told_so(command, capsys, monkeypatch, tmp_path):
    arguments = [*command, "--scheduler", "tcp://127.0.0.1:1", "--yes", "--plan-only"][: 3 + 2 * (len(command) > 1)]
    monkeypatch.setattr(sys, "argv", ["copydesk", *arguments, "--data", str(tmp_path / "data")])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    assert "it goes with --engine dask" in capsys.readouterr().err


def test_dask_that_is_not_installed_or_does_not_answer_is_told_in_a_sentence(settings, monkeypatch):
    pytest.importorskip("distributed", reason="needs the extra dask")
    monkeypatch.setattr(engine, "MAX_CONNECT_SECONDS", 1)
    with (
        pytest.raises(ConfigError, match=r"no Dask scheduler answers at tcp://127\.0\.0\.1:1: .*start one with: dask"),
        engine.open_engine(engine.Engine.DASK, settings, "tcp://127.0.0.1:1"),
    ):
        pass
    monkeypatch.setitem(sys.modules, "distributed", None)
    with (
        pytest.raises(ConfigError, match=r"install it with: pip install '.\[dask\]'"),
        engine.open_engine(engine.Engine.DASK, settings, None),
    ):
        pass


@pytest.mark.slow
def test_a_backfill_that_is_killed_goes_on_where_it_was_and_asks_for_nothing_twice(archive_of, tmp_path, monkeypatch):
    sources = tmp_path / "config" / "sources"
    sources.mkdir(parents=True)
    write(sources, SITEMAP.replace("SITE", archive_of.server.url("")))
    pages = archive_of.routes["/news/6"]
    archive_of.routes["/news/6"] = drip(b"HTTP/1.1 200 OK\r\ncontent-length: 999999\r\n\r\n", b"x", 0.2)
    arguments = [
        "backfill", "lake", "--from", "2026-03-01", "--to", "2026-03-05", "--yes",
        "--config", str(tmp_path / "config"), "--data", str(tmp_path / "data"), "--format", "json",
    ]  # fmt: skip
    environment = os.environ | {"COPYDESK_WORKERS": "1", "COPYDESK_FETCH_SECONDS": "60"}
    small_shards = "import flows.sharding.shards; flows.sharding.shards.MIN_PAGES_PER_SHARD = 2"
    killed = start_command(arguments, env=environment, before=small_shards)
    wait_for(lambda: archive_of.requests_of("/news/6"), 60, "a page of a later shard is asked for")
    killed.kill()
    before = pages_asked(archive_of)
    archive_of.routes["/news/6"] = pages

    done = start_command(arguments, env=environment, before=small_shards).wait()
    assert done.returncode == 0, done.stderr
    (plan,) = json.JSONDecoder().raw_decode(done.stdout)[0]
    assert (plan["items"], plan["shards"], plan["shards_done"]) == (8, 4, 3)
    assert archive_of.requests_of("/index.xml") == archive_of.requests_of("/sitemap-2026-03.xml") == 1
    again = pages_asked(archive_of)[len(before) :]
    assert again[0] == "/news/6"
    assert set(again) <= {"/news/6", "/news/7"}, "pages of shards that were done were asked for again"
    with connect(str(tmp_path / "data")) as warehouse:
        assert warehouse.execute("SELECT state, count(*) FROM ledger GROUP BY 1").fetchall() == [("article", 8)]
        assert warehouse.execute("SELECT count(*), count(DISTINCT url) FROM landed('articles')").fetchone() == (8, 8)
    assert shards.MIN_PAGES_PER_SHARD == 500
