"""Prefect's Runner as `copydesk serve` uses it: for deployments that exist already, and stopped with a reason.

This is the only module that touches private parts of Prefect (hence `prefect<3.9` in pyproject.toml). Prefect's public
`ProcessWorker` cannot take the Runner's place: stopped, it leaves its runs as `Running` for ever, it cannot give a
reason, and each run costs a second process.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime
from typing import Final
from uuid import UUID

from prefect.client.orchestration import get_client
from prefect.runner import Runner

QUERY_SECONDS: Final = 5.0  # between two queries for runs that are due


class DeploymentRunner:
    """Starts the runs of the registered deployments when they are due, each in a process of its own."""

    def __init__(self, limit: int) -> None:
        """Run at most `limit` runs at a time."""
        self._runner = Runner("copydesk", query_seconds=QUERY_SECONDS, limit=limit, pause_on_shutdown=False)
        self._task: asyncio.Task[None] | None = None

    @property
    def last_polled(self) -> datetime | None:
        """The time of the last query for runs that are due."""
        return self._runner.last_polled

    @property
    def running(self) -> int:
        """The number of runs that are under way."""
        return len(self._runner._process_manager.flow_run_ids())  # noqa: SLF001

    def register(self, deployments: Mapping[UUID, str]) -> None:
        """Take runs of these deployments, too; the Runner's own method would delete their planned runs."""
        for deployment_id, name in deployments.items():
            self._runner._deployment_registry.register_deployment(deployment_id, name)  # noqa: SLF001

    async def start(self, listen_for_signals: Callable[[], None]) -> asyncio.Task[None]:
        """Start to run; return the task, which ends when the server has not answered for a while.

        The Runner takes SIGTERM and would end this process before the runs; `listen_for_signals` takes it back.
        """
        self._task = asyncio.create_task(self._runner.start())
        while not self._runner.started and not self._task.done():
            await asyncio.sleep(0.05)
        listen_for_signals()
        return self._task

    async def stop(self, reason: str) -> None:
        """Start no more runs and cancel those under way, all at once; the Runner would cancel one after another."""
        if self._runner.started:
            self._runner._scheduled_run_poller.stopping = True  # noqa: SLF001
            run_ids = self._runner._process_manager.flow_run_ids()  # noqa: SLF001
            await asyncio.gather(*(self._cancel(run_id, reason) for run_id in run_ids), return_exceptions=True)
            await self._runner.astop()
        if self._task is not None:
            self._task.cancel()
            with suppress(BaseException):
                await self._task

    async def _cancel(self, run_id: UUID, reason: str) -> None:
        async with get_client() as client:
            run = await client.read_flow_run(run_id)
        await self._runner._cancellation_manager.cancel(run, reason)  # noqa: SLF001
