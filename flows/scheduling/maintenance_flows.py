"""The Prefect flows for the upkeep of a warehouse: its files, the edits of its articles, the quality of its sources."""

from __future__ import annotations

import asyncio
import threading
from logging import WARNING
from pathlib import Path
from typing import Any, Final

from prefect import Flow, State, flow, get_run_logger
from prefect.states import Failed

from config.settings import load_settings
from config.sources import choose_sources
from flows import compact
from flows.monitoring.alerts import AlertReport, watch_sources
from flows.monitoring.health import time_text
from flows.recheck import Rechecked, recheck
from flows.scheduling.artifacts import counts_link, make_markdown, make_table
from flows.scheduling.service_log import log_event, log_to_stderr
from flows.scheduling.source_flow import log_failure
from flows.scheduling.threads import in_thread
from tasks.http.fetcher import utc_now
from warehouse.checks.verified import VerifiedFiles
from warehouse.connect import connect, rows
from warehouse.errors import EmptyWarehouseError
from warehouse.model.vocabulary import Outcome
from warehouse.storage.root import Root
from warehouse.storage.tables import Store
from warehouse.verify import Verification, verify

SAMPLE_CAPTURES: Final = 1_000  # read back beside what is new; all captures of a large archive would take hours


@flow(name="maintain-warehouse", persist_result=False, on_failure=[log_failure])
async def maintain_warehouse(
    data: str | None = None, config: Path | None = None, folder: Path | None = None
) -> dict[str, int] | State[Any]:
    """Verify the warehouse and delete left-over files of killed writers; fail if there are findings."""
    settings = load_settings(folder, data=data, config=config)
    log_to_stderr(settings)
    root = settings.data
    swept = await asyncio.to_thread(Store(root).clean)
    try:
        verification, busy = await asyncio.to_thread(_verify, root)
    except EmptyWarehouseError as error:
        get_run_logger().info("%s", error)
        return {"swept": len(swept), "files": 0, "captures": 0, "findings": 0}
    findings = [finding for finding in verification.findings if finding.file or finding.source_id not in busy]
    counts = {
        "swept": len(swept),
        "files": verification.files,
        "captures": verification.captures,
        "findings": len(findings),
    }
    lines = [f"- {finding}" for finding in findings] or ["Everything is as it must be."]
    if postponed := len(verification.findings) - len(findings):
        sources = ", ".join(sorted(busy))
        lines.append(f"\n{postponed} more are about sources that are being run ({sources}): see the next one.")
    summary = ", ".join(f"{count:,} {name}" for name, count in counts.items())
    await make_markdown("maintenance", f"# Maintenance\n\n{summary}\n\n" + "\n".join(lines))
    return Failed(message="; ".join(map(str, findings))) if findings else counts


def _verify(root: str) -> tuple[Verification, set[str]]:
    """Verify; return the findings and the sources that were being run before or after, whose rows may be unfinished."""
    store = Store(root)
    with connect(root) as connection:
        sources = [source_id for (source_id,) in rows(connection, "SELECT DISTINCT source_id FROM runs")]
    before = {source_id for source_id in sources if store.is_locked(source_id)}
    verification = verify(root, SAMPLE_CAPTURES, VerifiedFiles.load(Root.at(root)))
    return verification, before | {source_id for source_id in sources if store.is_locked(source_id)}


@flow(name="compact-warehouse", persist_result=False, on_failure=[log_failure])
async def compact_warehouse(
    data: str | None = None, config: Path | None = None, folder: Path | None = None
) -> dict[str, int]:
    """Join the small files that runs have landed into large, sorted ones; queries give the same rows meanwhile."""
    settings = load_settings(folder, data=data, config=config)
    log_to_stderr(settings)
    compaction = await asyncio.to_thread(compact.compact_warehouse, settings)
    return {
        "joined": sum(len(merge.names) for merge in compaction.merges),
        "into": len(compaction.merges),
        "rows": compaction.rows,
        "deleted": len(compaction.deleted),
        "expired": len(compaction.expired),
    }


@flow(name="recheck-versions", persist_result=False, on_failure=[log_failure])
async def recheck_versions(
    data: str | None = None, config: Path | None = None, folder: Path | None = None
) -> dict[str, int] | State[Any]:
    """Fetch the pages again that are due by the `recheck` of each source; return the new versions by source."""
    settings = load_settings(folder, data=data, config=config)
    log_to_stderr(settings)
    sources, errors = choose_sources(settings.config)
    stop = threading.Event()
    results = await in_thread(lambda: recheck(sources, settings, stop), stop.set)
    table = [_row(result) for result in results if result.run or result.problem]
    if table:
        await make_table("rechecks", "Pages that were fetched again", table)
    problems = [*map(str, errors), *(result.problem for result in results if result.problem)]
    if problems:
        return Failed(message="; ".join(problems))
    return {result.source_id: result.run.stored for result in results if result.run}


def _row(result: Rechecked) -> dict[str, Any]:
    counts = {str(outcome): getattr(result.run, outcome) if result.run else 0 for outcome in Outcome}
    return {"source": result.source_id, "due": result.due, **counts, "problem": result.problem or ""}


@flow(name="watch-quality", persist_result=False, on_failure=[log_failure])
async def watch_quality(
    data: str | None = None, config: Path | None = None, folder: Path | None = None
) -> dict[str, list[str]]:
    """Check for sources that are stale, fail or drift; send an alert for each condition that began or ended."""
    settings = load_settings(folder, data=data, config=config)
    log_to_stderr(settings)
    report: AlertReport = await asyncio.to_thread(watch_sources, settings, utc_now(), counts_link())
    run_log = get_run_logger()
    for text in report.sent:
        run_log.info("sent: %s", text)
        log_event("alert", text)
    for problem in report.problems:
        run_log.warning("%s", problem)
        log_event("alert_failed", problem, level=WARNING)
    table = [
        {
            "source": condition.source_id,
            "condition": condition.name,
            "since": time_text(condition.since),
            "what": condition.problem,
            "cure": condition.cure,
        }
        for condition in report.conditions
    ]
    no_condition = {
        "source": "all",
        "condition": "well",
        "since": "",
        "what": "none is stale, fails or drifts",
        "cure": "",
    }
    await make_table("quality", "What is wrong with sources, if anything", table or [no_condition])
    return {"conditions": [condition.key for condition in report.conditions], "sent": list(report.sent)}


# Name, flow, and the setting with its schedule.
UPKEEP: Final[tuple[tuple[str, Flow[Any, Any], str], ...]] = (
    ("compact-warehouse", compact_warehouse, "compact_schedule"),
    ("maintain-warehouse", maintain_warehouse, "maintain_schedule"),
    ("recheck-versions", recheck_versions, "recheck_schedule"),
    ("watch-quality", watch_quality, "quality_schedule"),
)
