"""`copydesk serve`: start runs when they are due, and follow the configuration as it changes."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import count
from logging import WARNING
from pathlib import Path
from typing import Final
from uuid import UUID

import httpx
from prefect.client.orchestration import PrefectClient, get_client
from prefect.exceptions import PrefectHTTPStatusError

from config.errors import ConfigError
from config.settings import SETTINGS_FILE, Settings, load_settings
from config.sources import SCHEDULE_CURE
from flows.desk.desk import PREFIX
from flows.scheduling.deployments import PlannedDeployment, plan_deployments, root_parameters
from flows.scheduling.healthcheck import health_endpoint
from flows.scheduling.late_runs import cancel_missed_runs, count_late_runs, end_killed_runs
from flows.scheduling.local_server import CONSOLE_LEVEL, PrefectServer
from flows.scheduling.runner import DeploymentRunner
from flows.scheduling.server_checks import ServeError
from flows.scheduling.server_status import ServerStatus
from flows.scheduling.service_log import log_event
from flows.scheduling.source_flow import ingest_source
from flows.scheduling.sync_deployments import DeploymentChanges, own_deployments, refusal_message, sync_deployments
from warehouse.wording import count_of

CHECK_SECONDS: Final = 2.0  # between two checks of the configuration
CHECKS_PER_LATE_CHECK: Final = 30
CHECKS_PER_MISSING_CHECK: Final = 5
STOP_REASON: Final = "copydesk serve was stopped; the next run takes up what this one left"

# The time of the last change and the size of each file of the configuration; None for a file that is missing.
FileStamps = dict[Path, tuple[int, int] | None]


def serve(settings: Settings, prefect: PrefectServer, health_port: int, limit: int) -> None:
    """Serve until SIGTERM or Ctrl-C. Raises `ServeError` if it cannot go on, `ConfigError` without sources."""
    if os.environ.get(CONSOLE_LEVEL) == "WARNING":
        # Each run logs its own result in a line; Prefect would add that a run that is stopped has crashed.
        os.environ[CONSOLE_LEVEL] = "CRITICAL"
    asyncio.run(Server(settings, prefect, limit).serve(health_port))


@dataclass(slots=True)
class Server:
    """A process that serves one installation: a runner for all its deployments, and a watch on the configuration."""

    settings: Settings
    prefect: PrefectServer
    limit: int  # of runs at a time
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    deployments: dict[UUID, str] = field(default_factory=dict)  # names of those that are served
    problem_files: set[Path] = field(default_factory=set)
    status: ServerStatus = field(init=False)
    runner: DeploymentRunner = field(init=False)

    def __post_init__(self) -> None:
        self.status = ServerStatus(self.prefect.ui, self.settings.data, limit=self.limit)
        self.runner = DeploymentRunner(self.limit)

    async def serve(self, health_port: int) -> None:
        """Serve until `stop` is set."""
        self.listen_for_signals()
        hosts = self.settings.server_hosts
        async with get_client() as client, health_endpoint(self.status, health_port, self.refresh_status, hosts):
            password = f"; its password is {self.prefect.password}" if self.prefect.password else ""
            log_event("ui", f"the UI is at {self.prefect.ui}{password}")
            if self.prefect.process:
                log_event("ui", f"the desk is at {self.prefect.ui}{PREFIX}, with the same password")
            stamps = self.read_stamps()
            try:
                changes = await self.apply_configuration(client)
            except PrefectHTTPStatusError as error:
                raise ServeError(refusal_message(self.prefect.api, error)) from error
            await self.catch_up(client)
            log_event("serving", self.opening_line(changes))
            await self.run_until_stopped(client, stamps)

    async def run_until_stopped(self, client: PrefectClient, stamps: FileStamps) -> None:
        """Start runs and follow the configuration until `stop` is set; then end the runs. Raises `ServeError`."""
        watching = asyncio.create_task(self.watch(client, stamps))
        stopping = asyncio.create_task(self.stop.wait())
        try:
            running = await self.runner.start(self.listen_for_signals)
            await asyncio.wait({running, watching, stopping}, return_when=asyncio.FIRST_COMPLETED)
            for task in (watching, running):
                if task.done():
                    task.result()
        except ServeError:
            raise
        except Exception as error:
            # The runner gives up if the server has not answered for a while.
            raise ServeError(f"serving ended: {self.prefect.problem or first_cause(error)}") from error
        finally:
            log_event("stopping", "stopping: runs under way keep what they have")
            watching.cancel()
            await self.runner.stop(STOP_REASON)

    def listen_for_signals(self) -> None:
        """Stop at SIGTERM and Ctrl-C."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.stop.set)

    async def watch(self, client: PrefectClient, stamps: FileStamps) -> None:
        """Apply changes of the configuration, once its files have not changed between two checks."""
        previous = stamps
        for number in count(1):
            await asyncio.sleep(CHECK_SECONDS)
            if self.prefect.problem:
                raise ServeError(self.prefect.problem)
            self.status.server_reachable = await client.api_healthcheck() is None
            current = self.read_stamps()
            if self.status.server_reachable:
                if number % CHECKS_PER_MISSING_CHECK == 0:
                    await self.find_missing(client)
                is_changed = current != stamps and current == previous
                if (self.status.missing or is_changed) and await self.try_to_apply(client):
                    stamps = current
                if number % CHECKS_PER_LATE_CHECK == 0:
                    await self.report_late_runs(client)
            previous = current

    async def find_missing(self, client: PrefectClient) -> None:
        """Note and log which deployments somebody deleted at the server since the last check."""
        try:
            existing = {deployment.id async for deployment in own_deployments(client)}
        except (httpx.HTTPError, RuntimeError):
            return
        names = sorted(self.deployments[deployment_id] for deployment_id in self.deployments.keys() - existing)
        for name in names:
            if name not in self.status.missing:
                cause = "was deleted at the server; its file is still there, so it is made again"
                log_event("deployment_missing", f"deployment '{name}' {cause}", source=name)
        self.status.missing = names

    async def report_late_runs(self, client: PrefectClient) -> None:
        """Log when runs begin to wait for others to end, and when none waits any longer."""
        try:
            late = await count_late_runs(client, self.deployments)
        except (httpx.HTTPError, RuntimeError):
            return
        if late and not self.status.late:
            cure = "--limit lets more, at about 0.5 GB each"
            sentence = f"{late} runs wait: {self.limit} may be under way together; {cure}"
            log_event("runs_wait", sentence, level=WARNING)
        elif self.status.late and not late:
            log_event("runs_wait_no_longer", "no run waits any longer")
        self.status.late = late

    async def try_to_apply(self, client: PrefectClient) -> bool:
        """Apply the configuration and log what changed; return False if the server failed, to try again."""
        try:
            if changes := await self.apply_configuration(client):
                log_event("configuration_changed", str(changes))
        except (ConfigError, OSError) as error:
            if isinstance(error, ConfigError) and error.path is not None:
                self.problem_files.add(error.path)
            self.status.problems = [str(error)]
            log_event("configuration_wrong", str(error), level=WARNING)
        except (httpx.HTTPError, RuntimeError) as error:
            sentence = f"the server has not taken the change yet: {first_cause(error)}"
            log_event("change_postponed", sentence, level=WARNING)
            return False
        return True

    async def apply_configuration(self, client: PrefectClient) -> DeploymentChanges:
        """Load the configuration and bring the deployments of the server to it. Raises `ConfigError`."""
        roots = root_parameters(self.settings)
        self.settings = load_settings(data=roots["data"], config=Path(roots["config"]))
        planned, errors = await asyncio.to_thread(plan_deployments, self.settings)
        self.report_errors(errors)
        # A file that cannot be read may be half-written just now: its deployment stays as it is.
        names = {deployment.name for deployment in planned}
        unread = {path.stem for path in self.read_stamps() if path.suffix == ".toml"} - names
        changes = await sync_deployments(client, planned, keep=unread)
        self.runner.register(changes.ids)
        self.deployments, self.status.missing = changes.ids, []
        self.count_sources(planned)
        return changes

    def report_errors(self, errors: Iterable[ConfigError]) -> None:
        """Log each error of a source's file that is new, and each file that has become right again."""
        errors = list(errors)
        for error in errors:
            if str(error) not in self.status.problems:
                sentence = f"{error}; its source is not taken in until that is mended"
                log_event("configuration_wrong", sentence, level=WARNING)
        files = {error.path for error in errors if error.path is not None}
        for path in sorted(self.problem_files - files):
            if path.exists():
                log_event("configuration_right", f"{path}: is right again")
        self.status.problems, self.problem_files = [str(error) for error in errors], files

    async def catch_up(self, client: PrefectClient) -> None:
        """End the runs that a kill left as running, and leave one late run a source."""
        # The deployments are run by this process alone, and it has started no run yet.
        killed = await end_killed_runs(client, self.deployments)
        missed = await cancel_missed_runs(client, self.deployments)
        if killed or missed:
            sentence = f"runs cut off: {killed}, turns missed: {missed}; one run a source catches up"
            log_event("catching_up", sentence)

    def count_sources(self, planned: Iterable[PlannedDeployment]) -> None:
        """Set the counts of sources in the status."""
        sources = [deployment for deployment in planned if deployment.flow is ingest_source]
        self.status.sources, self.status.paused = len(sources), sum(source.paused for source in sources)
        self.status.served = sorted(source.name for source in sources if not source.paused)
        never_run = sorted(source.name for source in sources if source.is_never_run)
        if never_run and never_run != self.status.never_run:
            sentence = f"no schedule, so never run from here: {', '.join(never_run)}; {SCHEDULE_CURE}"
            log_event("no_schedule", sentence, level=WARNING)
        self.status.never_run = never_run

    def refresh_status(self) -> None:
        """Set what the runner knows in the status: when it last polled, and how many runs are under way."""
        self.status.last_poll, self.status.running = self.runner.last_polled, self.runner.running

    def read_stamps(self) -> FileStamps:
        """Return the stamps of all files of the configuration."""
        folder = self.settings.config.resolve() / "sources"
        files = [path for path in folder.glob("*.toml") if path.name[0] != "."]
        return {path: read_stamp(path) for path in (*files, Path(SETTINGS_FILE).absolute())}

    def opening_line(self, changes: DeploymentChanges) -> str:
        """Return the line that says how many sources are served."""
        paused = f", {self.status.paused} paused" if self.status.paused else ""
        return f"{count_of(self.status.sources, 'source')}{paused} ({changes}) are served"


def read_stamp(path: Path) -> tuple[int, int] | None:
    """Return the time of a file's last change, in ns, and its size in bytes; None if there is no file."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size


def first_cause(error: BaseException) -> str:
    """Return the first cause in a group of errors, in a line."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return f"{type(error).__name__}: {error}".splitlines()[0]
