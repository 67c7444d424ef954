"""The deployments that a configuration asks for: one a source, and the upkeep of the warehouse."""

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
"""On every deployment of ours."""
PAUSED: Final = "paused in config"
"""On those that the configuration pauses: so that a change of it is told from a click in the UI."""
_STEPS: Final = re.compile(r"\*/(\d+)( .+)")
_ANCHOR: Final = datetime(2026, 1, 1, tzinfo=UTC)
_HOUR: Final = 60
_DAY: Final = timedelta(days=1)
# Whoever comes while a run of the same source is under way is not needed: that run takes all that is due.
_ONE: Final = ConcurrencyLimitConfig(limit=1, collision_strategy=ConcurrencyLimitStrategy.CANCEL_NEW)


@dataclass(frozen=True, slots=True)
class Planned:
    """A deployment as the configuration wants it."""

    name: str
    flow: Flow[Any, Any]
    description: str
    parameters: Mapping[str, Any]
    tags: tuple[str, ...] = ()
    schedule: Schedule | None = None
    paused: bool = False
    alone: bool = True
    """Whether a run of it is not needed while another is under way."""

    @property
    def entrypoint(self) -> str:
        """Where a process that runs it finds its flow."""
        return f"{self.flow.fn.__module__}.{self.flow.fn.__name__}"

    async def deployment(self, *, paused: bool, active: bool, work_pool: str | None = None) -> RunnerDeployment:
        """As Prefect takes it; `paused` and `active`, of its schedule, as they are to be on the server."""
        said = (PAUSED,) if self.paused else ()
        made: RunnerDeployment = await self.flow.ato_deployment(
            self.name,
            schedule=self.schedule and replace(self.schedule, active=active),
            description=self.description,
            parameters=dict(self.parameters),
            tags=[TAG, *self.tags, *said],
            version=version("copydesk"),
            paused=paused,
            concurrency_limit=_ONE if self.alone else None,
            entrypoint_type=EntrypointType.MODULE_PATH,
            work_pool_name=work_pool,
        )
        return made


def plan(settings: Settings) -> tuple[list[Planned], list[ConfigError]]:
    """What is to be deployed, and what is wrong with other files. Raises `ConfigError` where there are no sources."""
    good, wrong = load_sources(settings.config)
    planned = []
    for source in good.values():
        try:
            planned.append(plan_source(source, settings))
        except ValueError as error:
            # Prefect knows fewer forms of cron than we do.
            wrong.append(
                ConfigError(f"{source.folder / source.id}.toml: key 'schedule': {error}; write it more plainly")
            )
    return [*planned, plan_backfill(settings), *plan_upkeep(settings)], wrong


def plan_source(source: Source, settings: Settings) -> Planned:
    """The deployment of one source; without a schedule it runs when somebody starts it."""
    return Planned(
        source.id,
        ingest_source,
        describe(source),
        {"source": source.id, **places(settings)},
        tuple(dict.fromkeys([*(entry.kind for entry in source.input), *filter(None, [source.language])])),
        None if source.schedule is None else stagger(source.id, source.schedule, source.timezone),
        source.paused,
    )


def plan_upkeep(settings: Settings) -> list[Planned]:
    """The deployments that look after the warehouse, on the schedules of the settings."""
    from flows.scheduling.maintenance_flows import UPKEEP

    made = []
    for name, flow, field in UPKEEP:
        printed = getattr(settings, field)
        schedule = None if printed == OFF else stagger(name, printed, None)
        about = f"{flow.description or name}\n\nIts schedule is `{field}` in copydesk.toml."
        made.append(Planned(name, flow, about, places(settings), ("upkeep",), schedule))
    return made


def plan_backfill(settings: Settings) -> Planned:
    """The deployment by which older material is taken in; it runs when somebody starts it."""
    from flows.scheduling.backfill_flow import backfill_source

    about = (
        "Takes in older material of a source: its own WARC files, or those of `warc`, else what its sitemaps and feeds "
        "name of the days from `from_day` to `to_day`. Started again with the same parameters, it goes on."
    )
    return Planned("backfill", backfill_source, about, places(settings), ("backfill",), alone=False)


def places(settings: Settings) -> dict[str, str]:
    """The roots as parameters of a flow, whichever folder its process starts in; that of the settings if it has any."""
    data = settings.data if "://" in settings.data else str(Path(settings.data).expanduser().resolve())
    found = {"data": data, "config": str(settings.config.resolve())}
    return found | ({"folder": str(Path.cwd())} if Path(SETTINGS_FILE).exists() else {})


def stagger(name: str, printed: str, zone: str | None) -> Schedule:
    """A schedule with an offset that is always the same for a name, wherever the schedule leaves it open.

    `*/20` leaves 20 minutes open, `@hourly` an hour, `every 20 minutes` each of its seconds; `0 * * * *` says minute 0.
    """
    schedule, seed = read_schedule(printed), int.from_bytes(hashlib.sha256(name.encode()).digest()[:8])
    zone = zone or "UTC"
    if isinstance(schedule, timedelta):
        offset = timedelta(seconds=seed % int(schedule.total_seconds()))
        return Interval(schedule, anchor_date=_ANCHOR + offset, timezone=zone if schedule >= _DAY else "UTC")
    if printed in WORDS:
        schedule = f"{seed % _HOUR}{schedule[1:]}"
    elif (found := _STEPS.fullmatch(schedule)) and 1 < int(found[1]) < _HOUR and _HOUR % int(found[1]) == 0:
        schedule = f"{seed % int(found[1])}-59/{found[1]}{found[2]}"
    return Cron(schedule, timezone="UTC" if _is_hourly(schedule, zone) else zone)


def _is_hourly(cron: str, zone: str) -> bool:
    """Whether a schedule has its turns in every hour, and UTC would give it the same minutes as the zone.

    In autumn a zone has one hour twice, and Prefect passes over the second.
    """
    seasons = (datetime(2026, month, 1, tzinfo=ZoneInfo(zone)).utcoffset() or timedelta() for month in (1, 7))
    return cron.split()[1:] == ["*"] * 4 and not any(offset % timedelta(hours=1) for offset in seasons)


def describe(source: Source) -> str:
    """What the UI shows of a source, in Markdown."""
    shown = [source.title]
    if source.schedule is not None:
        shown.append(f"Schedule: `{source.schedule}` ({source.timezone or 'UTC'})")
    shown.append("\n".join(f"- {entry.kind}: {place_of(entry)}" for entry in source.input))
    return "\n\n".join(shown)


def place_of(entry: Input) -> str:
    """Where an input's articles come from, for people."""
    url, path = getattr(entry, "url", None), getattr(entry, "path", None)
    return f"<{url}>" if url else f"`{path}`" if path else f"{len(getattr(entry, 'urls', ()))} pages"
