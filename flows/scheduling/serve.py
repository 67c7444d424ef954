"""`copydesk serve`: runs start when they are due, and the configuration is followed as it changes."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Collection, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Final
from uuid import UUID

import httpx
from prefect.client.orchestration import PrefectClient, get_client
from prefect.exceptions import PrefectHTTPStatusError
from prefect.runner import Runner

from config.errors import ConfigError
from config.settings import SETTINGS_FILE, Settings, load_settings
from flows.scheduling.deployments import Planned, places, plan
from flows.scheduling.healthcheck import Wellness, health_address
from flows.scheduling.late_runs import count_late, end_cut_off, keep_one_late_run
from flows.scheduling.local_server import CONSOLE, ServeError, Server
from flows.scheduling.source_flow import ingest_source, tell
from flows.scheduling.sync_deployments import Changes, ours, refusal, register

LOOK_SECONDS: Final = 2.0
"""Between two looks at the configuration."""
POLL_SECONDS: Final = 5.0
"""Between two looks for runs that are due."""
LATE_LOOKS: Final = 30
"""Looks at the configuration between two for runs that wait."""
MISSING_LOOKS: Final = 5
"""Looks at the configuration between two for deployments that somebody deleted at the server."""
STOPPED: Final = "copydesk serve was stopped; the next run takes up what this one left"

Seen = dict[Path, tuple[int, int] | None]


def serve(settings: Settings, server: Server, health_port: int, limit: int) -> None:
    """Serve until SIGTERM or Ctrl-C. Raises `ServeError` where it cannot go on, `ConfigError` without sources."""
    if os.environ.get(CONSOLE) == "WARNING":
        # Each run says itself in a line what came of it; Prefect would add that a run that is stopped has crashed.
        os.environ[CONSOLE] = "CRITICAL"
    asyncio.run(Desk(settings, server, limit).serve(health_port))


@dataclass(slots=True)
class Desk:
    """What serves: one runner for all deployments, and a look at the configuration every other second."""

    settings: Settings
    server: Server
    limit: int
    """Runs that may be under way together."""
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    deployments: dict[UUID, str] = field(default_factory=dict)
    """The names of those that are served."""
    wellness: Wellness = field(init=False)
    runner: Runner = field(init=False)

    def __post_init__(self) -> None:
        self.wellness = Wellness(self.server.ui, self.settings.data)
        self.runner = Runner("copydesk", query_seconds=POLL_SECONDS, limit=self.limit, pause_on_shutdown=False)

    async def serve(self, health_port: int) -> None:
        """Until it is told to stop."""
        self.listen()
        names = self.settings.server_hosts
        async with get_client() as client, health_address(self.wellness, health_port, self.refresh, names):
            password = f"; its password is {self.server.password}" if self.server.password else ""
            tell(f"the UI is at {self.server.ui}{password}")
            seen = self.look()
            try:
                changes = await self.follow(client)
            except PrefectHTTPStatusError as error:
                raise ServeError(refusal(self.server.api, error)) from error
            await self.catch_up(client, self.deployments)
            tell(self.opening(changes))
            running = asyncio.create_task(self.runner.start())
            watching = asyncio.create_task(self.watch(client, seen))
            stopping = asyncio.create_task(self.stop.wait())
            try:
                await self.take_signals(running)
                await asyncio.wait({running, watching, stopping}, return_when=asyncio.FIRST_COMPLETED)
                for ended in (watching, running):
                    if ended.done():
                        ended.result()
            except ServeError:
                raise
            except Exception as error:
                # The runner gives up where the server has not answered for a while.
                raise ServeError(f"serving ended: {self.server.problem or why(error)}") from error
            finally:
                tell("stopping: runs under way keep what they have")
                watching.cancel()
                await self.end_runs(running)

    def listen(self) -> None:
        """Stop at SIGTERM and Ctrl-C."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.stop.set)

    async def take_signals(self, running: asyncio.Task[None]) -> None:
        """Take SIGTERM back from the runner, which would leave by it before the runs had ended."""
        while not self.runner.started and not running.done():
            await asyncio.sleep(0.05)
        self.listen()

    async def end_runs(self, running: asyncio.Task[None]) -> None:
        """End all runs side by side; the runner by itself would wait for one after the other."""
        if self.runner.started:
            self.runner._scheduled_run_poller.stopping = True  # noqa: SLF001
            under_way = self.runner._process_manager.flow_run_ids()  # noqa: SLF001
            await asyncio.gather(*map(self.end_run, under_way), return_exceptions=True)
            await self.runner.astop()
        running.cancel()
        with suppress(BaseException):
            await running

    async def end_run(self, run_id: UUID) -> None:
        """Have one run told to stop, and say in its state why."""
        async with get_client() as client:
            run = await client.read_flow_run(run_id)
        await self.runner._cancellation_manager.cancel(run, STOPPED)  # noqa: SLF001

    async def watch(self, client: PrefectClient, seen: Seen) -> None:
        """Follow changes of the configuration once they have come to rest."""
        before = seen
        for number in count(1):
            await asyncio.sleep(LOOK_SECONDS)
            if self.server.problem:
                raise ServeError(self.server.problem)
            self.wellness.server_reachable = await client.api_healthcheck() is None
            now = self.look()
            if self.wellness.server_reachable and number % MISSING_LOOKS == 0:
                await self.find_missing(client)
            if self.wellness.server_reachable and (self.wellness.missing or (now != seen and now == before)):
                seen = now if await self.followed(client) else seen
            if number % LATE_LOOKS == 0 and self.wellness.server_reachable:
                await self.tell_late(client)
            before = now

    async def find_missing(self, client: PrefectClient) -> None:
        """Note and say which deployments somebody deleted at the server since they were last looked at."""
        try:
            there = {deployment.id async for deployment in ours(client)}
        except (httpx.HTTPError, RuntimeError):
            return
        before, names = self.wellness.missing, [self.deployments[key] for key in self.deployments.keys() - there]
        self.wellness.missing = sorted(names)
        for name in sorted(set(names) - set(before)):
            tell(f"deployment '{name}' was deleted at the server; its file is still there, so it is made again")

    async def tell_late(self, client: PrefectClient) -> None:
        """Say when runs begin to wait for others to end, and when none does any longer."""
        try:
            late = await count_late(client, self.deployments)
        except (httpx.HTTPError, RuntimeError):
            return
        if late and not self.wellness.late:
            tell(f"{late} runs wait: {self.limit} may be under way together; --limit lets more, at about 0.5 GB each")
        elif self.wellness.late and not late:
            tell("no run waits any longer")
        self.wellness.late = late

    async def followed(self, client: PrefectClient) -> bool:
        """Whether the change of a configuration has been dealt with; where the server failed it is tried again."""
        try:
            if changes := await self.follow(client):
                tell(str(changes))
        except (ConfigError, OSError) as error:
            self.wellness.problems = [str(error)]
            tell(str(error))
        except (httpx.HTTPError, RuntimeError) as error:
            tell(f"the server has not taken the change yet: {why(error)}")
            return False
        return True

    async def follow(self, client: PrefectClient) -> Changes:
        """Bring the server's deployments to what the configuration says now. Raises `ConfigError`."""
        root = places(self.settings)
        self.settings = load_settings(data=root["data"], config=Path(root["config"]))
        planned, wrong = await asyncio.to_thread(plan, self.settings)
        self.tell_problems([str(error) for error in wrong])
        # A file that cannot be read just now may be one that somebody is writing: what it said last stays.
        unread = {path.stem for path in self.look() if path.suffix == ".toml"} - {one.name for one in planned}
        changes = await register(client, planned, keep=unread)
        for deployment_id, name in changes.ids.items():
            self.runner._deployment_registry.register_deployment(deployment_id, name)  # noqa: SLF001
        self.deployments, self.wellness.missing = changes.ids, []
        self.note(planned)
        return changes

    def tell_problems(self, found: list[str]) -> None:
        """Say what is wrong with files of sources that was not before, and which are right again."""
        before, self.wellness.problems = self.wellness.problems, found
        for sentence in found:
            if sentence not in before:
                tell(f"{sentence}; its source is not taken in until that is mended")
        wrong = {sentence.partition(": ")[0] for sentence in found}
        for name in dict.fromkeys(sentence.partition(": ")[0] for sentence in before):
            if name not in wrong and Path(name).exists():
                tell(f"{name}: is right again")

    async def catch_up(self, client: PrefectClient, deployments: Collection[UUID]) -> None:
        """End the runs that a kill cut off, and leave one late run a source."""
        # What is served runs below this process alone: whatever is said to be under way now is not.
        cut_off = await end_cut_off(client, deployments)
        missed = await keep_one_late_run(client, deployments)
        if cut_off or missed:
            tell(f"runs cut off: {cut_off}, turns missed: {missed}; one run a source catches up")

    def note(self, planned: Iterable[Planned]) -> None:
        """Note how many sources are served."""
        sources = [one for one in planned if one.flow is ingest_source]
        self.wellness.sources, self.wellness.paused = len(sources), sum(one.paused for one in sources)

    def refresh(self) -> None:
        """Note when the runner last looked for runs that are due."""
        self.wellness.last_poll = self.runner.last_polled

    def look(self) -> Seen:
        """When each file of the configuration was last written, and its size."""
        folder = self.settings.config.resolve() / "sources"
        files = [path for path in folder.glob("*.toml") if path.name[0] != "."]
        return {path: fingerprint(path) for path in (*files, Path(SETTINGS_FILE).absolute())}

    def opening(self, changes: Changes) -> str:
        """The line that says what is served."""
        paused = f", {self.wellness.paused} paused" if self.wellness.paused else ""
        served = self.wellness.sources
        return f"{served} source{'s' * (served != 1)}{paused} ({changes}) are served"


def fingerprint(path: Path) -> tuple[int, int] | None:
    """The time and size of a file; None where there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size


def why(error: BaseException) -> str:
    """The first cause in a group of errors, in a line."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return f"{type(error).__name__}: {error}".splitlines()[0]
