"""Bring the deployments of a Prefect server to the configuration, with no more changes than needed."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Iterable
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.actions import DeploymentUpdate
from prefect.client.schemas.filters import DeploymentFilter, DeploymentFilterTags
from prefect.client.schemas.objects import VersionInfo
from prefect.client.schemas.responses import DeploymentResponse
from prefect.deployments.runner import RunnerDeployment
from prefect.exceptions import PrefectHTTPStatusError

from flows.scheduling.deployments import PAUSED_TAG, TAG, PlannedDeployment
from flows.scheduling.server_checks import ServeError

PAGE_DEPLOYMENTS: Final = 100
MAX_LISTED_NAMES: Final = 10


@dataclass(frozen=True, slots=True)
class DeploymentChanges:
    """The names of the deployments that were created, updated, left as they are and removed."""

    created: list[str] = field(default_factory=list)
    updated: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    ids: dict[UUID, str] = field(default_factory=dict)  # names of the planned deployments, by their ids at the server

    def __bool__(self) -> bool:
        return bool(self.created or self.updated or self.removed)

    def __str__(self) -> str:
        lists = {"created": self.created, "updated": self.updated, "removed": self.removed}
        parts = [
            f"{kind} {', '.join(names) if len(names) <= MAX_LISTED_NAMES else len(names)}"
            for kind, names in lists.items()
            if names
        ]
        return "; ".join([*parts, *([f"{len(self.unchanged)} unchanged"] if self.unchanged else [])])


async def sync_deployments(
    client: PrefectClient,
    planned: Collection[PlannedDeployment],
    *,
    keep: Collection[str] = (),
    work_pool: str | None = None,
) -> DeploymentChanges:
    """Create, update and remove deployments until they are the planned ones.

    `keep` has the names of sources whose file cannot be read just now. Only deployments from the same configuration
    folder are removed. One that is right already is not touched, for an update would delete its scheduled runs.
    Raises `ServeError`, before any change, if another installation has a deployment of the same name.
    """
    changes = DeploymentChanges()
    existing = {(deployment.entrypoint, deployment.name): deployment async for deployment in own_deployments(client)}
    for plan in planned:
        _check_owner(plan, existing.get((plan.entrypoint, plan.name)))
    for plan in planned:
        before = existing.pop((plan.entrypoint, plan.name), None)
        after = await plan.deployment(
            paused=is_paused(plan, before), active=is_active(plan, before), work_pool=work_pool
        )
        if before is not None and is_same(after, before):
            changes.unchanged.append(plan.name)
            changes.ids[before.id] = plan.name
            continue
        if before is not None and before.work_pool_name and not work_pool:
            # Prefect's own update leaves it in the pool, whose workers would run it, too.
            await client.update_deployment(before.id, DeploymentUpdate(work_pool_name=None))
        info = VersionInfo(type="prefect:simple", version=after.version or "")
        changes.ids[await after.aapply(version_info=info)] = plan.name
        (changes.updated if before else changes.created).append(plan.name)
    folders = {plan.parameters["config"] for plan in planned}
    for unplanned in existing.values():
        if unplanned.name not in keep and unplanned.parameters.get("config") in folders:
            await client.delete_deployment(unplanned.id)
            changes.removed.append(unplanned.name)
    return changes


def _check_owner(plan: PlannedDeployment, before: DeploymentResponse | None) -> None:
    owner = before and before.parameters.get("config")
    if owner and owner != plan.parameters["config"]:
        raise ServeError(
            f"deployment '{plan.name}' at this Prefect server is of the installation whose configuration is {owner};"
            f" serve this one from a server of its own, or, if that one is gone, delete it there with"
            f" 'prefect deployment delete {plan.flow.name}/{plan.name}'"
        )


async def own_deployments(client: PrefectClient) -> AsyncIterator[DeploymentResponse]:
    """Yield all Copydesk deployments on a server."""
    tagged = DeploymentFilter(tags=DeploymentFilterTags(all_=[TAG]))
    offset = 0
    while page := await client.read_deployments(deployment_filter=tagged, limit=PAGE_DEPLOYMENTS, offset=offset):
        for deployment in page:
            yield deployment
        offset += len(page)


def refusal_message(api: str, error: PrefectHTTPStatusError) -> str:
    """Return the sentence about a server that refuses a request."""
    status = f"{error.response.status_code} {error.response.reason_phrase}"
    return f"{api} refuses: {status}; set PREFECT_API_AUTH_STRING to its password, or PREFECT_API_KEY to your key"


def is_paused(plan: PlannedDeployment, before: DeploymentResponse | None) -> bool:
    """Return whether a deployment is paused: by the configuration if that has changed, else by the UI."""
    if before is None or _pause_changed(plan, before):
        return plan.paused
    return before.paused


def is_active(plan: PlannedDeployment, before: DeploymentResponse | None) -> bool:
    """Return whether the schedule of a deployment is active; the UI can switch it off separately."""
    if before is None or _pause_changed(plan, before):
        return True
    return all(schedule.active for schedule in before.schedules)


def _pause_changed(plan: PlannedDeployment, before: DeploymentResponse) -> bool:
    return plan.paused != (PAUSED_TAG in before.tags)


def is_same(after: RunnerDeployment, before: DeploymentResponse) -> bool:
    """Return whether a deployment on the server is already as it should be."""
    limit = before.global_concurrency_limit
    return _fields_of(after, after.concurrency_limit) == _fields_of(before, limit.limit if limit else None)


def _fields_of(deployment: RunnerDeployment | DeploymentResponse, limit: int | None) -> tuple[Any, ...]:
    return (
        deployment.description,
        deployment.version,
        deployment.entrypoint,
        sorted(deployment.tags),
        deployment.paused,
        dict(deployment.parameters),
        _schedules_of(deployment.schedules or ()),
        limit,
        deployment.concurrency_options and deployment.concurrency_options.collision_strategy,
        deployment.work_pool_name,
    )


def _schedules_of(schedules: Iterable[Any]) -> list[tuple[Any, ...]]:
    names = ("cron", "interval", "anchor_date", "timezone")
    return [(entry.active, *(getattr(entry.schedule, name, None) for name in names)) for entry in schedules]
