"""After a time in which nothing was served: end what was cut off, and leave one late run a source."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.filters import (
    DeploymentFilter,
    DeploymentFilterId,
    FlowRunFilter,
    FlowRunFilterNextScheduledStartTime,
    FlowRunFilterState,
    FlowRunFilterStateName,
    FlowRunFilterStateType,
)
from prefect.client.schemas.objects import FlowRun, State, StateType
from prefect.client.schemas.sorting import FlowRunSort
from prefect.states import Cancelled, Crashed

PAGE: Final = 200
_UNDER_WAY: Final = [StateType.RUNNING, StateType.PENDING, StateType.CANCELLING]


async def keep_one_late_run(client: PrefectClient, deployments: Collection[UUID]) -> int:
    """Cancel all but the newest of the runs that each deployment has missed; how many.

    A run takes what is due by what the warehouse holds, so that one does the work of all. Left alone, as many start at
    once as may run together, and the others after them, to find nothing.
    """
    caught_up: set[UUID | None] = set()
    ended = left = 0
    late = FlowRunFilterNextScheduledStartTime(before_=datetime.now(UTC))
    while found := await _runs(client, deployments, [StateType.SCHEDULED], late, skip=left):
        for run in found:
            if not run.auto_scheduled or run.deployment_id not in caught_up:
                caught_up |= {run.deployment_id} if run.auto_scheduled else set()
                left += 1
                continue
            message = f"Missed at {run.expected_start_time:%Y-%m-%d %H:%M}Z: one run takes all that is due since"
            await client.set_flow_run_state(run.id, Cancelled(message=message), force=True)
            ended += 1
    return ended


async def count_late(client: PrefectClient, deployments: Collection[UUID]) -> int:
    """How many runs wait whose time has come, up to a page of them."""
    found = await _runs(client, deployments, [StateType.SCHEDULED], names=["Late"])
    return len(found)


async def end_cut_off(client: PrefectClient, deployments: Collection[UUID]) -> int:
    """Say of runs that were killed with the server that they are over: each would hold its source's only place."""
    ended = 0
    while found := await _runs(client, deployments, _UNDER_WAY):
        for run in found:
            state: State[Any] = Crashed(message="Ended from outside, as by a kill; the next run takes up what it left")
            await client.set_flow_run_state(run.id, state, force=True)
            ended += 1
    return ended


async def _runs(
    client: PrefectClient,
    deployments: Collection[UUID],
    states: list[StateType],
    when: FlowRunFilterNextScheduledStartTime | None = None,
    skip: int = 0,
    names: list[str] | None = None,
) -> list[FlowRun]:
    if not deployments:
        return []
    return await client.read_flow_runs(
        deployment_filter=DeploymentFilter(id=DeploymentFilterId(any_=list(deployments))),
        flow_run_filter=FlowRunFilter(
            state=FlowRunFilterState(
                type=FlowRunFilterStateType(any_=states), name=FlowRunFilterStateName(any_=names) if names else None
            ),
            next_scheduled_start_time=when,
        ),
        sort=FlowRunSort.EXPECTED_START_TIME_DESC,
        limit=PAGE,
        offset=skip,
    )
