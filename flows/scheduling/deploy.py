"""`copydesk deploy`: make the same deployments on an existing Prefect server, for its workers to run."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Final

import httpx
from prefect.client.orchestration import get_client
from prefect.exceptions import ObjectNotFound, PrefectHTTPStatusError
from prefect.settings import PREFECT_API_URL

from config.errors import ConfigError
from config.settings import Settings
from flows.scheduling.deployments import PlannedDeployment, plan_deployments
from flows.scheduling.server_checks import ServeError, check_api
from flows.scheduling.sync_deployments import DeploymentChanges, refusal_message, sync_deployments

PROCESS_POOL: Final = "process"  # the type of pool whose workers run what is installed beside them


@dataclass(frozen=True, slots=True)
class DeployReport:
    """The changes at the server, warnings about the pool, and the errors of files that were not deployed."""

    changes: DeploymentChanges
    warnings: tuple[str, ...]
    errors: tuple[ConfigError, ...]


def deploy(settings: Settings, work_pool: str) -> DeployReport:
    """Bring the deployments at PREFECT_API_URL to the configuration. Raises `ServeError`, `ConfigError`."""
    planned, errors = plan_deployments(settings)
    api = PREFECT_API_URL.value()
    if api is None:
        raise ServeError("no Prefect server is named; set PREFECT_API_URL, such as http://127.0.0.1:4200/api")
    check_api(api, "start it, or correct PREFECT_API_URL")
    try:
        changes, pool_type = asyncio.run(_deploy(planned, settings, work_pool))
    except ObjectNotFound:
        cure = f"'prefect work-pool create {work_pool} --type process' makes it"
        raise ServeError(f"no work pool '{work_pool}' at {api}; {cure}") from None
    except PrefectHTTPStatusError as error:
        raise ServeError(refusal_message(api, error)) from None
    except (httpx.HTTPError, OSError) as error:
        cure = "start it, or correct PREFECT_API_URL"
        raise ServeError(f"no Prefect server answers at {api}: {error}; {cure}") from None
    needs = f"copydesk, the data root, and the configuration at {settings.config.resolve()}"
    warning = f"work pool '{work_pool}' is of type '{pool_type}': what its workers start needs {needs}"
    return DeployReport(changes, () if pool_type == PROCESS_POOL else (warning,), tuple(errors))


async def _deploy(
    planned: list[PlannedDeployment], settings: Settings, work_pool: str
) -> tuple[DeploymentChanges, str]:
    async with get_client() as client:
        pool = await client.read_work_pool(work_pool)
        # A file that is wrong now may have been right before: its deployment must not vanish for a typing error.
        sources = {path.stem for path in (settings.config / "sources").glob("*.toml")}
        return await sync_deployments(client, planned, work_pool=work_pool, keep=sources), pool.type
