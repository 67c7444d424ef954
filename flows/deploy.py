"""`copydesk deploy`: the same deployments on a Prefect server that is there already, for its workers to run."""

from __future__ import annotations

import asyncio
import sys

import httpx
from prefect.client.orchestration import get_client
from prefect.exceptions import ObjectNotFound, PrefectHTTPStatusError
from prefect.settings import PREFECT_API_URL

from config.settings import Settings
from flows.deployments import plan
from flows.register import Changes, register


def deploy(settings: Settings, work_pool: str) -> int:
    """Register all sources, say what was done, and what is wrong; the exit code."""
    planned, wrong = plan(settings)
    api = PREFECT_API_URL.value()
    if api is None:
        return _fail("no Prefect server is named; set PREFECT_API_URL, such as http://127.0.0.1:4200/api")

    async def register_all() -> Changes:
        async with get_client() as client:
            await client.read_work_pool(work_pool)
            # What is wrong was right once, perhaps: its deployment is not to vanish for a typing error.
            unread = {path.stem for path in (settings.config / "sources").glob("*.toml")}
            return await register(client, planned, work_pool=work_pool, keep=unread)

    try:
        changes = asyncio.run(register_all())
    except ObjectNotFound:
        return _fail(
            f"no work pool '{work_pool}' at {api}; 'prefect work-pool create {work_pool} --type process' makes it"
        )
    except PrefectHTTPStatusError as error:
        return _fail(f"{api} refuses: {error.response.status_code} {error.response.reason_phrase}; see PREFECT_API_KEY")
    except (httpx.HTTPError, OSError) as error:
        return _fail(f"no Prefect server answers at {api}: {error}; start it, or correct PREFECT_API_URL")
    for kind in ("created", "updated", "removed", "unchanged"):
        for name in getattr(changes, kind):
            print(f"{kind:9}  {name}")
    for problem in wrong:
        print(f"copydesk: {problem}", file=sys.stderr)
    return 2 if wrong else 0


def _fail(sentence: str) -> int:
    print(f"copydesk: {sentence}", file=sys.stderr)
    return 1
