"""Runs after a time in which nothing was served: those that a kill left as running, and those that were missed."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.filters import (
    DeploymentFilter,
    DeploymentFilterId,
    FlowRunFilter,
    FlowRunFilterNextScheduledStartTime,
    FlowRunFilterState,
    FlowRunFilterStateType,
)
from prefect.client.schemas.objects import FlowRun, State, StateType
from prefect.client.schemas.sorting import FlowRunSort
from prefect.states import Cancelled, Crashed

PAGE_RUNS: Final = 200
MIN_LATE_SECONDS: Final = 30  # the runner asks every 5 s for what is due
_UNDER_WAY: Final = [StateType.RUNNING, StateType.PENDING, StateType.CANCELLING]


async def cancel_missed_runs(client: PrefectClient, deployments: Collection[UUID]) -> int:
    """Cancel all missed runs but the newest of each deployment; return how many.

    A run takes all that is due according to the warehouse, so one does the work of all. The others would start, too,
    as many at once as the limit allows, and find nothing to do.
    """
    deployments_with_run: set[UUID | None] = set()
    cancelled = skipped = 0
    late = FlowRunFilterNextScheduledStartTime(before_=datetime.now(UTC))
    while runs := await _read_runs(client, deployments, [StateType.SCHEDULED], late, skip=skipped):
        for run in runs:
            if not run.auto_scheduled or run.deployment_id not in deployments_with_run:
                deployments_with_run |= {run.deployment_id} if run.auto_scheduled else set()
                skipped += 1
                continue
            message = f"Missed at {run.expected_start_time:%Y-%m-%d %H:%M}Z: one run takes all that is due since"
            await client.set_flow_run_state(run.id, Cancelled(message=message), force=True)
            cancelled += 1
    return cancelled


async def count_late_runs(client: PrefectClient, deployments: Collection[UUID]) -> int:
    """Return how many runs are due for `MIN_LATE_SECONDS` and wait, up to a page of them."""
    due = FlowRunFilterNextScheduledStartTime(before_=datetime.now(UTC) - timedelta(seconds=MIN_LATE_SECONDS))
    return len(await _read_runs(client, deployments, [StateType.SCHEDULED], due))


async def end_killed_runs(client: PrefectClient, deployments: Collection[UUID]) -> int:
    """Set killed runs, which the server has as running, to `Crashed`, for each blocks its source; return how many."""
    ended = 0
    while runs := await _read_runs(client, deployments, _UNDER_WAY):
        for run in runs:
            state: State[Any] = Crashed(message="Ended from outside, as by a kill; the next run takes up what it left")
            await client.set_flow_run_state(run.id, state, force=True)
            ended += 1
    return ended


async def _read_runs(
    client: PrefectClient,
    deployments: Collection[UUID],
    states: list[StateType],
    start_time: FlowRunFilterNextScheduledStartTime | None = None,
    skip: int = 0,
) -> list[FlowRun]:
    if not deployments:
        return []
    return await client.read_flow_runs(
        deployment_filter=DeploymentFilter(id=DeploymentFilterId(any_=list(deployments))),
        flow_run_filter=FlowRunFilter(
            state=FlowRunFilterState(type=FlowRunFilterStateType(any_=states)),
            next_scheduled_start_time=start_time,
        ),
        sort=FlowRunSort.EXPECTED_START_TIME_DESC,
        limit=PAGE_RUNS,
        offset=skip,
    )
