"""Bringing the deployments of a Prefect server to what the configuration asks for, and no further."""

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

from flows.scheduling.deployments import PAUSED, TAG, Planned
from flows.scheduling.local_server import ServeError

PAGE: Final = 100
NAMED: Final = 10
"""As many as are told by their names; of more, how many."""


@dataclass(frozen=True, slots=True)
class Changes:
    """What was done to the deployments of a server, by their names."""

    created: list[str] = field(default_factory=list)
    updated: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    ids: dict[UUID, str] = field(default_factory=dict)
    """The names of those that are there in the end and were planned."""

    def __bool__(self) -> bool:
        return bool(self.created or self.updated or self.removed)

    def __str__(self) -> str:
        done = {"created": self.created, "updated": self.updated, "removed": self.removed}
        said = [
            f"{kind} {', '.join(names) if len(names) <= NAMED else len(names)}" for kind, names in done.items() if names
        ]
        return "; ".join([*said, *([f"{len(self.unchanged)} unchanged"] if self.unchanged else [])])


async def register(
    client: PrefectClient,
    planned: Collection[Planned],
    *,
    keep: Collection[str] = (),
    work_pool: str | None = None,
) -> Changes:
    """Create, update and remove deployments until they are the planned ones; what is right already is left alone.

    `keep` names those whose file cannot be read just now. Only deployments made from the same configuration folder
    are removed. An update would delete the runs that are scheduled, so what has not changed must not be touched.
    Raises `ServeError`, before anything is changed, where another installation has a deployment of the same name.
    """
    changes = Changes()
    there = {(one.entrypoint, one.name): one async for one in ours(client)}
    for wanted in planned:
        _check_owner(wanted, there.get((wanted.entrypoint, wanted.name)))
    for wanted in planned:
        before = there.pop((wanted.entrypoint, wanted.name), None)
        made = await wanted.deployment(
            paused=keep_pause(wanted, before), active=keep_active(wanted, before), work_pool=work_pool
        )
        if before is not None and is_same(made, before):
            changes.unchanged.append(wanted.name)
            changes.ids[before.id] = wanted.name
            continue
        if before is not None and before.work_pool_name and not work_pool:
            # Prefect's own update leaves it in the pool, whose workers would run it besides us.
            await client.update_deployment(before.id, DeploymentUpdate(work_pool_name=None))
        info = VersionInfo(type="prefect:simple", version=made.version or "")
        changes.ids[await made.aapply(version_info=info)] = wanted.name
        (changes.updated if before else changes.created).append(wanted.name)
    folders = {one.parameters["config"] for one in planned}
    for left in there.values():
        if left.name not in keep and left.parameters.get("config") in folders:
            await client.delete_deployment(left.id)
            changes.removed.append(left.name)
    return changes


def _check_owner(wanted: Planned, before: DeploymentResponse | None) -> None:
    owner = before and before.parameters.get("config")
    if owner and owner != wanted.parameters["config"]:
        raise ServeError(
            f"deployment '{wanted.name}' at this Prefect server is of the installation whose configuration is {owner};"
            f" serve this one from a server of its own, or, if that one is gone, delete it there with"
            f" 'prefect deployment delete {wanted.flow.name}/{wanted.name}'"
        )


async def ours(client: PrefectClient) -> AsyncIterator[DeploymentResponse]:
    """All deployments of ours on a server."""
    tagged = DeploymentFilter(tags=DeploymentFilterTags(all_=[TAG]))
    offset = 0
    while page := await client.read_deployments(deployment_filter=tagged, limit=PAGE, offset=offset):
        for one in page:
            yield one
        offset += len(page)


def refusal(api: str, error: PrefectHTTPStatusError) -> str:
    """Return the sentence about a server that does not let us do what we ask."""
    status = f"{error.response.status_code} {error.response.reason_phrase}"
    return f"{api} refuses: {status}; set PREFECT_API_AUTH_STRING to its password, or PREFECT_API_KEY to your key"


def keep_pause(wanted: Planned, before: DeploymentResponse | None) -> bool:
    """Whether a deployment is to be paused: as the configuration says where it has changed, else as the UI does."""
    if before is None or _pause_changed(wanted, before):
        return wanted.paused
    return before.paused


def keep_active(wanted: Planned, before: DeploymentResponse | None) -> bool:
    """Whether its schedule is to be on, which the UI can switch off by itself."""
    if before is None or _pause_changed(wanted, before):
        return True
    return all(one.active for one in before.schedules)


def _pause_changed(wanted: Planned, before: DeploymentResponse) -> bool:
    return wanted.paused != (PAUSED in before.tags)


def is_same(made: RunnerDeployment, before: DeploymentResponse) -> bool:
    """Whether a deployment on the server is the one that would be made."""
    held = before.global_concurrency_limit
    return _facts_of(made, made.concurrency_limit) == _facts_of(before, held.limit if held else None)


def _facts_of(one: RunnerDeployment | DeploymentResponse, limit: int | None) -> tuple[Any, ...]:
    return (
        one.description,
        one.version,
        one.entrypoint,
        sorted(one.tags),
        one.paused,
        dict(one.parameters),
        _schedules_of(one.schedules or ()),
        limit,
        one.concurrency_options and one.concurrency_options.collision_strategy,
        one.work_pool_name,
    )


def _schedules_of(schedules: Iterable[Any]) -> list[tuple[Any, ...]]:
    names = ("cron", "interval", "anchor_date", "timezone")
    return [(one.active, *(getattr(one.schedule, name, None) for name in names)) for one in schedules]
