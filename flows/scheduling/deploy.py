"""`copydesk deploy`: the same deployments on a Prefect server that is there already, for its workers to run."""

from __future__ import annotations

import asyncio
import sys
from typing import Final

import httpx
from prefect.client.orchestration import get_client
from prefect.exceptions import ObjectNotFound, PrefectHTTPStatusError
from prefect.settings import PREFECT_API_URL

from config.settings import Settings
from flows.scheduling.deployments import Planned, plan
from flows.scheduling.local_server import ServeError, check_api
from flows.scheduling.sync_deployments import Changes, refusal, register

PROCESS: Final = "process"
"""The type of work pool whose workers run what is installed beside them."""


def deploy(settings: Settings, work_pool: str) -> int:
    """Register all sources, say what was done, and what is wrong; the exit code."""
    planned, wrong = plan(settings)
    api = PREFECT_API_URL.value()
    if api is None:
        return _fail("no Prefect server is named; set PREFECT_API_URL, such as http://127.0.0.1:4200/api")
    try:
        check_api(api, "start it, or correct PREFECT_API_URL")
        changes = asyncio.run(_register(planned, settings, work_pool))
    except ServeError as error:
        return _fail(str(error))
    except ObjectNotFound:
        return _fail(
            f"no work pool '{work_pool}' at {api}; 'prefect work-pool create {work_pool} --type process' makes it"
        )
    except PrefectHTTPStatusError as error:
        return _fail(refusal(api, error))
    except (httpx.HTTPError, OSError) as error:
        return _fail(f"no Prefect server answers at {api}: {error}; start it, or correct PREFECT_API_URL")
    for kind in ("created", "updated", "removed", "unchanged"):
        for name in getattr(changes, kind):
            print(f"{kind:9}  {name}")
    for problem in wrong:
        _tell(str(problem))
    return 2 if wrong else 0


async def _register(planned: list[Planned], settings: Settings, work_pool: str) -> Changes:
    async with get_client() as client:
        pool = await client.read_work_pool(work_pool)
        if pool.type != PROCESS:
            needs = f"copydesk, the data root, and the configuration at {settings.config.resolve()}"
            _tell(f"work pool '{work_pool}' is of type '{pool.type}': what its workers start needs {needs}")
        # What is wrong was right once, perhaps: its deployment is not to vanish for a typing error.
        unread = {path.stem for path in (settings.config / "sources").glob("*.toml")}
        return await register(client, planned, work_pool=work_pool, keep=unread)


def _fail(sentence: str) -> int:
    _tell(sentence)
    return 1


def _tell(sentence: str) -> None:
    print(f"copydesk: {sentence}", file=sys.stderr)
