"""The deployments of a configuration: one for each source, one for backfills, and the upkeep of the warehouse."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

from prefect import Flow
from prefect.client.schemas.objects import ConcurrencyLimitConfig, ConcurrencyLimitStrategy
from prefect.deployments.runner import RunnerDeployment
from prefect.schedules import Cron, Interval, Schedule
from prefect.types.entrypoint import EntrypointType

from config.errors import ConfigError
from config.inputs import Input
from config.schedule import WORDS, read_schedule
from config.settings import OFF, SETTINGS_FILE, Settings
from config.sources import Source, load_sources
from flows.scheduling.source_flow import ingest_source

TAG: Final = "copydesk"
# Of a deployment that the configuration pauses, to tell a change of the file from a click in the UI.
PAUSED_TAG: Final = "paused in config"
_STEPS: Final = re.compile(r"\*/(\d+)( .+)")
_ANCHOR: Final = datetime(2026, 1, 1, tzinfo=UTC)
_HOUR_MINUTES: Final = 60
_DAY: Final = timedelta(days=1)
# A run that starts while another of its source is under way is not needed: that one takes all that is due.
_ONE_RUN: Final = ConcurrencyLimitConfig(limit=1, collision_strategy=ConcurrencyLimitStrategy.CANCEL_NEW)


@dataclass(frozen=True, slots=True)
class PlannedDeployment:
    """A deployment as the configuration describes it."""

    name: str
    flow: Flow[Any, Any]
    description: str
    parameters: Mapping[str, Any]
    tags: tuple[str, ...] = ()
    schedule: Schedule | None = None
    paused: bool = False
    one_run: bool = True  # a second run at the same time is cancelled
    is_never_run: bool = False  # of a source on the web that has no schedule

    @property
    def entrypoint(self) -> str:
        """The import path of the flow."""
        return f"{self.flow.fn.__module__}.{self.flow.fn.__name__}"

    async def deployment(self, *, paused: bool, active: bool, work_pool: str | None = None) -> RunnerDeployment:
        """Return the deployment for Prefect, paused or not, and with its schedule active or not."""
        deployment: RunnerDeployment = await self.flow.ato_deployment(
            self.name,
            schedule=self.schedule and replace(self.schedule, active=active),
            description=self.description,
            parameters=dict(self.parameters),
            tags=list(dict.fromkeys([TAG, *self.tags, *([PAUSED_TAG] if self.paused else [])])),
            version=version("copydesk"),
            paused=paused,
            concurrency_limit=_ONE_RUN if self.one_run else None,
            entrypoint_type=EntrypointType.MODULE_PATH,
            work_pool_name=work_pool,
        )
        return deployment


def plan_deployments(settings: Settings) -> tuple[list[PlannedDeployment], list[ConfigError]]:
    """Return the deployments, and the errors of the files that give none. Raises `ConfigError` without sources."""
    sources, errors = load_sources(settings.config)
    planned = []
    for source in sources.values():
        try:
            planned.append(plan_source(source, settings))
        except ValueError as error:
            # Prefect knows fewer forms of cron than we do.
            path = source.folder / f"{source.id}.toml"
            errors.append(ConfigError(f"{path}: key 'schedule': {error}; write it more plainly", path))
    return [*planned, plan_backfill(settings), *plan_upkeep(settings)], errors


def plan_source(source: Source, settings: Settings) -> PlannedDeployment:
    """Return the deployment of one source; without a schedule it runs when somebody starts it."""
    return PlannedDeployment(
        source.id,
        ingest_source,
        describe(source),
        {"source": source.id, **root_parameters(settings)},
        tuple(dict.fromkeys([*(entry.kind for entry in source.input), *filter(None, [source.language]), *source.tags])),
        None if source.schedule is None else stagger(source.id, source.schedule, source.timezone),
        source.paused,
        is_never_run=source.is_never_run,
    )


def plan_upkeep(settings: Settings) -> list[PlannedDeployment]:
    """Return the deployments for the upkeep of the warehouse, with the schedules of the settings."""
    from flows.scheduling.maintenance_flows import UPKEEP

    planned = []
    for name, flow, setting in UPKEEP:
        text = getattr(settings, setting)
        schedule = None if text == OFF else stagger(name, text, None)
        description = f"{flow.description or name}\n\nIts schedule is `{setting}` in copydesk.toml."
        parameters = root_parameters(settings)
        planned.append(PlannedDeployment(name, flow, description, parameters, ("upkeep",), schedule))
    return planned


def plan_backfill(settings: Settings) -> PlannedDeployment:
    """Return the deployment that takes in older material; it runs when somebody starts it."""
    from flows.scheduling.backfill_flow import backfill_source

    description = (
        "Takes in older material of a source: its own WARC files, or those of `warc`, else what its sitemaps and feeds "
        "name of the days from `from_day` to `to_day`. Started again with the same parameters, it goes on."
    )
    parameters = root_parameters(settings)
    return PlannedDeployment("backfill", backfill_source, description, parameters, ("backfill",), one_run=False)


def root_parameters(settings: Settings) -> dict[str, str]:
    """Return data root and configuration folder as parameters of a flow, and the folder of copydesk.toml if it exists.

    The paths are absolute, for the process of a run may start in another folder.
    """
    data = settings.data if "://" in settings.data else str(Path(settings.data).expanduser().resolve())
    roots = {"data": data, "config": str(settings.config.resolve())}
    return roots | ({"folder": str(Path.cwd())} if Path(SETTINGS_FILE).exists() else {})


def stagger(name: str, text: str, zone: str | None) -> Schedule:
    """Parse a schedule; give it an offset by the name where it leaves one open, always the same for a name.

    `*/20` leaves 20 minutes open, `@hourly` an hour, `every 20 minutes` each of its seconds; `0 * * * *` says minute 0.
    """
    schedule, seed = read_schedule(text), int.from_bytes(hashlib.sha256(name.encode()).digest()[:8])
    zone = zone or "UTC"
    if isinstance(schedule, timedelta):
        offset = timedelta(seconds=seed % int(schedule.total_seconds()))
        return Interval(schedule, anchor_date=_ANCHOR + offset, timezone=zone if schedule >= _DAY else "UTC")
    if text in WORDS:
        schedule = f"{seed % _HOUR_MINUTES}{schedule[1:]}"
    elif match := _STEPS.fullmatch(schedule):
        minutes = int(match[1])
        if 1 < minutes < _HOUR_MINUTES and _HOUR_MINUTES % minutes == 0:
            schedule = f"{seed % minutes}-59/{minutes}{match[2]}"
    return Cron(schedule, timezone="UTC" if _is_hourly(schedule, zone) else zone)


def _is_hourly(cron: str, zone: str) -> bool:
    """Return whether a schedule has turns in every hour, at the same minutes in UTC as in the zone.

    Such a schedule is run in UTC: in autumn a zone has one hour twice, and Prefect skips the second.
    """
    seasons = (datetime(2026, month, 1, tzinfo=ZoneInfo(zone)).utcoffset() or timedelta() for month in (1, 7))
    return cron.split()[1:] == ["*"] * 4 and not any(offset % timedelta(hours=1) for offset in seasons)


def describe(source: Source) -> str:
    """Return the description of a source for the UI, in Markdown."""
    paragraphs = [source.title]
    if source.schedule is not None:
        paragraphs.append(f"Schedule: `{source.schedule}` ({source.timezone or 'UTC'})")
    paragraphs.append("\n".join(f"- {entry.kind}: {origin_of(entry)}" for entry in source.input))
    return "\n\n".join(paragraphs)


def origin_of(entry: Input) -> str:
    """Return where the articles of an input come from, in Markdown."""
    url, path = getattr(entry, "url", None), getattr(entry, "path", None)
    return f"<{url}>" if url else f"`{path}`" if path else f"{len(getattr(entry, 'urls', ()))} pages"
