"""What `copydesk serve` says of itself to those who watch it: its metrics, as Prometheus reads them, and /ready."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
from collections.abc import Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as read_openmetrics
from prometheus_client.parser import text_string_to_metric_families as read_text

from flows.compact import compact_warehouse
from flows.scheduling import metrics
from flows.scheduling.healthcheck import health_endpoint
from flows.scheduling.server_status import ServerStatus
from tests.support.rows import rejection, run
from tests.support.waiting import free_ports
from warehouse.checks.verified import VerifiedFiles
from warehouse.model.vocabulary import Reason, RunStatus
from warehouse.storage.root import Root
from warehouse.storage.tables import Store
from warehouse.verify import verify

PROJECT = Path(__file__).resolve().parent.parent
HARBOUR, QUAY = (("source", "harbour"),), (("source", "quay"),)


@pytest.fixture
def status(settings):
    return ServerStatus("http://127.0.0.1:4200", settings.data, limit=4, served=["harbour", "quay"])


@asynccontextmanager
async def watched(status: ServerStatus):
    """Serve the endpoints of a server on a port of this machine; yield a client."""
    port, _ = free_ports()
    async with (
        health_endpoint(status, port, lambda: None),
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client,
    ):
        yield client


async def scrape(client: httpx.AsyncClient):
    """Return the samples of a scrape, by name and labels."""
    response = await client.get("/metrics")
    response.raise_for_status()
    return {
        (sample.name.removeprefix("copydesk_"), *sorted(sample.labels.items())): sample.value
        for family in read_text(response.text)
        for sample in family.samples
    }


def land_runs(settings, *runs, rejects=()):
    store = Store(settings.data)
    store.prepare()
    for row in runs:
        store.land("runs", [row], source_id=row.source_id, key=row.run_id, now=row.started_at)
    if rejects:
        store.land("rejects", list(rejects), source_id="harbour", key="rejects", now=datetime.now(UTC))


def watch(status: ServerStatus, during: Callable[[httpx.AsyncClient], object]) -> None:
    async def act() -> None:
        async with watched(status) as client:
            await during(client)

    asyncio.run(act())


def test_the_metrics_are_those_of_the_runs_since_it_serves_and_the_lag_of_every_source(settings, status):
    status.late, status.running, status.problems = 2, 1, ["bay.toml: wrong"]

    async def during(client):
        now = datetime.now(UTC)
        ago = [now - timedelta(hours=hours) for hours in range(6)]
        land_runs(
            settings,
            run(run_id="old", started_at=ago[5], finished_at=ago[4], discovered=9, stored=9),
            run(run_id="new", started_at=ago[1], finished_at=now, discovered=5, stored=3, unchanged=1, rejected=1),
            run(run_id="bad", started_at=now, finished_at=now, status=RunStatus.FAILED, pending=2, skipped="a file"),
            run(run_id="quay-old", source_id="quay", started_at=ago[5], finished_at=ago[5], stored=1),
            run(run_id="quay-new", source_id="quay", started_at=now, finished_at=now),
            # A backfill is no sign that a source still publishes.
            run(run_id="shard", source_id="quay", started_at=now, finished_at=now, stored=70, config_digest=""),
            run(run_id="gone", source_id="gone", started_at=ago[3], finished_at=ago[3], stored=1),
            rejects=[
                rejection(1, last_seen_at=now),
                rejection(2, last_seen_at=now, reason=Reason.TOO_LARGE),
                rejection(3, last_seen_at=ago[5]),
            ],
        )
        samples = await scrape(client)
        assert samples["runs_total", *HARBOUR, ("status", "succeeded")] == 1
        assert samples["runs_total", *HARBOUR, ("status", "failed")] == 1
        documents = {key[1][1]: value for key, value in samples.items() if {"documents_total", *HARBOUR} <= {*key}}
        assert documents == {"stored": 3, "unchanged": 1, "duplicate": 0, "rejected": 1, "failed": 0}
        assert samples["documents_total", ("outcome", "stored"), *QUAY] == 70
        assert samples["run_seconds_total", *HARBOUR] == pytest.approx(3600, abs=1)
        assert samples["runs_with_skips_total", *HARBOUR] == 1
        assert samples["rejects_total", ("reason", "no_article"), *HARBOUR] == 1
        assert samples["rejects_total", ("reason", "too_large"), *HARBOUR] == 1
        assert samples["source_last_run_succeeded", *HARBOUR] == 0
        assert samples["source_pending", *HARBOUR] == 2
        assert samples["source_seconds_since_success", *HARBOUR] == pytest.approx(0, abs=60)
        assert samples["source_seconds_since_success", *QUAY] == pytest.approx(0, abs=60)
        assert samples["source_seconds_since_article", *QUAY] == pytest.approx(5 * 3600, abs=60)
        # Nobody serves it any more: its counters stay, its lag is no alarm.
        assert samples["runs_total", ("source", "gone"), ("status", "succeeded")] == 0
        assert ("source_seconds_since_success", ("source", "gone")) not in samples
        server = ("runs_late", "runs_running", "runs_limit", "configuration_problems", "server_reachable")
        assert [samples[name,] for name in server] == [2, 1, 4, 1, 1]
        assert samples["data_free_bytes",] > 0
        assert samples["process_resident_memory_bytes",] > 1e6

        land_runs(settings, run(run_id="later", started_at=now, finished_at=now))
        soon = await scrape(client)
        assert soon["runs_total", *HARBOUR, ("status", "succeeded")] == 1, "a scrape soon after another reads nothing"
        assert soon["source_seconds_since_success", *QUAY] > samples["source_seconds_since_success", *QUAY]

    watch(status, during)


def test_the_metrics_say_what_waits_for_compaction_and_how_the_warehouse_was_verified(settings, status, monkeypatch):
    monkeypatch.setattr(metrics, "MIN_CACHE_SECONDS", 0)
    monkeypatch.setattr(metrics, "CACHE_TIMES_LOADING", 0)

    async def during(client):
        now = datetime.now(UTC)
        assert (await scrape(client))["warehouse_readable",] == 1, "where nothing has landed"
        land_runs(settings, run(started_at=now, finished_at=now))
        samples = await scrape(client)
        assert samples["files_to_compact",] == 1
        assert ("seconds_since_compaction",) not in samples
        assert ("verification_passed",) not in samples
        root, [file] = Root.at(settings.data), Path(settings.data).glob("runs/landed_month=*/harbour*")
        verify(root, None, VerifiedFiles.load(root))
        os.utime(file, ((now - timedelta(hours=2)).timestamp(),) * 2)
        compact_warehouse(settings)
        samples = await scrape(client)
        assert (samples["verification_passed",], samples["files_to_compact",]) == (1, 0)
        assert samples["seconds_since_verification",] == pytest.approx(0, abs=60)
        assert samples["seconds_since_compaction",] == pytest.approx(0, abs=60)

        file.write_bytes(b"lost")
        verify(root, None, VerifiedFiles.load(root))
        samples = await scrape(client)
        assert (samples["verification_passed",], samples["warehouse_readable",]) == (0, 0)
        assert samples["server_reachable",] == 1

    watch(status, during)


def test_prometheus_may_ask_for_openmetrics_and_every_metric_is_documented(status):
    async def during(client):
        response = await client.get("/metrics", headers={"Accept": "application/openmetrics-text; version=1.0.0"})
        assert response.headers["content-type"].startswith("application/openmetrics-text")
        families = {family.name: family for family in read_openmetrics(response.text)}
        endings = {"counter": "_total", "info": "_info"}
        names = {f"{name}{endings.get(family.type, '')}" for name, family in families.items()}
        documented = re.findall(
            r"^\| `(copydesk_\w+)`", (PROJECT / "docs" / "serving.md").read_text("utf-8"), re.MULTILINE
        )
        assert {name for name in names if name.startswith("copydesk_")} == set(documented)
        watched_names = re.findall(r"\bcopydesk_\w+", (PROJECT / "docs" / "how-to" / "operate.md").read_text("utf-8"))
        assert set(documented) >= set(watched_names) > {"copydesk_runs_late"}
        response = await client.get("/metrics", headers={"Accept": "application/openmetrics-text; version=x"})
        assert response.status_code == 200

    watch(status, during)


def test_ready_waits_for_the_schedules_and_the_data_root(settings, status):
    async def during(client):
        waiting = await client.get("/ready")
        assert (waiting.status_code, waiting.json()) == (503, {"status": "waiting", "waits_for": ["the schedules"]})
        status.last_poll = datetime.now(UTC)
        ready = await client.get("/ready")
        assert (ready.status_code, ready.json()) == (200, {"status": "ready", "waits_for": []})
        shutil.rmtree(settings.data)
        assert (await client.get("/ready")).json()["waits_for"] == ["the data root"]
        assert (await client.get("/health")).status_code == 200
        status.server_reachable = False
        assert "the Prefect server" in (await client.get("/ready")).json()["waits_for"]

    watch(status, during)


@pytest.mark.parametrize("path", ["/metrics", "/ready"])
def test_no_foreign_page_reads_them(status, path):
    async def during(client):
        assert (await client.get(path, headers={"Host": "evil.example"})).status_code == 421
        assert (await client.get(path, headers={"Origin": "http://evil.example"})).status_code == 403

    watch(status, during)
