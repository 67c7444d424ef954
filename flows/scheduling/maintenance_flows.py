"""The Prefect flows that look after a warehouse: its files, the edits of its articles, the quality of its sources."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, TypeVar

from prefect import Flow, flow, get_run_logger

import flows.compact
from config.settings import load_settings
from config.sources import choose_sources
from flows.monitoring.alerts import Watch, watch_sources
from flows.recheck import Rechecked, recheck
from flows.scheduling.artifacts import artifact_link, leave_table, leave_text
from flows.scheduling.source_flow import forget_main, tell, tell_failure
from tasks.http.fetcher import utc_now
from warehouse.connect import connect, rows
from warehouse.errors import EmptyWarehouseError
from warehouse.model.vocabulary import Outcome
from warehouse.storage.tables import Store
from warehouse.verify import Verification, verify

SAMPLE: Final = 1_000
"""Captures that are read back each time: of a large archive, all would take hours."""

Result = TypeVar("Result")


class UpkeepError(Exception):
    """What a flow of upkeep found wrong; its text is for the user."""


@flow(name="maintain-warehouse", persist_result=False, on_failure=[tell_failure])
async def maintain_warehouse(
    data: str | None = None, config: Path | None = None, folder: Path | None = None
) -> dict[str, int]:
    """Verify the warehouse and sweep out what killed writers left; fails where something is not as it must be."""
    root = load_settings(folder, data=data, config=config).data
    swept = await asyncio.to_thread(Store(root).clean)
    try:
        found, busy = await asyncio.to_thread(_verify, root)
    except EmptyWarehouseError as error:
        get_run_logger().info("%s", error)
        return {"swept": len(swept), "files": 0, "captures": 0, "findings": 0}
    findings = [finding for finding in found.findings if not _is_under_way(finding.where, busy)]
    waits = len(found.findings) - len(findings)
    counts = {"swept": len(swept), "files": found.files, "captures": found.captures, "findings": len(findings)}
    told = [f"- {finding}" for finding in findings] or ["Everything is as it must be."]
    if waits:
        told.append(
            f"\n{waits} more are about sources that are being run ({', '.join(sorted(busy))}): see the next one."
        )
    facts = ", ".join(f"{count:,} {what}" for what, count in counts.items())
    await leave_text("maintenance", f"# Maintenance\n\n{facts}\n\n" + "\n".join(told))
    if findings:
        raise UpkeepError("; ".join(map(str, findings)))
    return counts


def _verify(root: str) -> tuple[Verification, set[str]]:
    """What is found, and the sources that were being run before or after: theirs may look unfinished."""
    store = Store(root)
    with connect(root) as connection:
        sources = [source_id for (source_id,) in rows(connection, "SELECT DISTINCT source_id FROM runs")]
    before = {source_id for source_id in sources if store.is_locked(source_id)}
    found = verify(root, SAMPLE)
    return found, before | {source_id for source_id in sources if store.is_locked(source_id)}


def _is_under_way(where: str, busy: set[str]) -> bool:
    return any(where == f"source {one}" or where.startswith(f"source {one},") for one in busy)


@flow(name="compact-warehouse", persist_result=False, on_failure=[tell_failure])
async def compact_warehouse(
    data: str | None = None, config: Path | None = None, folder: Path | None = None
) -> dict[str, int]:
    """Join the small files that runs have landed into large, sorted ones; queries give the same rows meanwhile."""
    settings = load_settings(folder, data=data, config=config)
    compaction = await asyncio.to_thread(flows.compact.compact_warehouse, settings)
    return {
        "joined": sum(len(merge.names) for merge in compaction.merges),
        "into": len(compaction.merges),
        "rows": compaction.rows,
        "deleted": len(compaction.deleted),
    }


@flow(name="recheck-versions", persist_result=False, on_failure=[tell_failure])
async def recheck_versions(
    data: str | None = None, config: Path | None = None, folder: Path | None = None
) -> dict[str, int]:
    """Fetch again, without asking the feeds, what is due by the `recheck` of each source; versions by source."""
    settings = load_settings(folder, data=data, config=config)
    sources, wrong = choose_sources(settings.config)
    forget_main()
    stop = threading.Event()
    done = await in_thread(lambda: recheck(sources, settings, stop), stop)
    looked = [one for one in done if one.run or one.problem]
    if looked:
        await leave_table("rechecks", "Pages that were fetched again", [_row(one) for one in looked])
    problems = [*map(str, wrong), *(one.problem for one in done if one.problem)]
    if problems:
        raise UpkeepError("; ".join(problems))
    return {one.source_id: one.run.stored for one in done if one.run}


def _row(one: Rechecked) -> dict[str, Any]:
    counts = {str(outcome): getattr(one.run, outcome) if one.run else 0 for outcome in Outcome}
    return {"source": one.source_id, "due": one.due, **counts, "problem": one.problem or ""}


@flow(name="watch-quality", persist_result=False, on_failure=[tell_failure])
async def watch_quality(
    data: str | None = None, config: Path | None = None, folder: Path | None = None
) -> dict[str, list[str]]:
    """Look for sources that are stale, fail or drift, and tell the alert hooks what began and what is over."""
    settings = load_settings(folder, data=data, config=config)
    link = artifact_link()
    watch: Watch = await asyncio.to_thread(watch_sources, settings, utc_now(), link)
    log = get_run_logger()
    for text in watch.sent:
        log.info("told: %s", text)
        tell(text)
    for problem in watch.problems:
        log.warning("%s", problem)
        tell(problem)
    rows = [
        {
            "source": one.source_id,
            "condition": one.name,
            "since": f"{one.since:%Y-%m-%d %H:%M}Z",
            "what": one.what,
            "cure": one.cure,
        }
        for one in watch.conditions
    ]
    well = {"source": "all", "condition": "well", "since": "", "what": "none is stale, fails or drifts", "cure": ""}
    await leave_table("quality", "What is wrong with sources, if anything", rows or [well])
    return {"conditions": [one.key for one in watch.conditions], "sent": list(watch.sent)}


async def in_thread(work: Callable[[], Result], stop: threading.Event) -> Result:
    """Work that is told to stop where the flow is cancelled, and has ended when this has."""

    def until_stopped() -> Result | None:
        try:
            return work()
        except KeyboardInterrupt:
            # One that left a thread would end the event loop.
            return None

    ended = asyncio.get_running_loop().run_in_executor(None, until_stopped)
    try:
        result = await asyncio.shield(ended)
    except BaseException:
        stop.set()
        await ended
        raise
    if result is None:
        raise asyncio.CancelledError
    return result


UPKEEP: Final[tuple[tuple[str, Flow[Any, Any], str], ...]] = (
    ("maintain-warehouse", maintain_warehouse, "maintain_schedule"),
    ("compact-warehouse", compact_warehouse, "compact_schedule"),
    ("recheck-versions", recheck_versions, "recheck_schedule"),
    ("watch-quality", watch_quality, "quality_schedule"),
)
"""Name, flow, and the setting that is its schedule, `off` for never."""
