"""How each source stands: what is wrong with it in words, and the command that helps."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import IntEnum
from typing import Any, Final

from config.errors import ConfigError
from config.settings import Settings
from config.sources import Source, load_sources
from flows.monitoring.alert_rules import find_conditions
from flows.monitoring.drift import Drift
from flows.monitoring.health import Health, load_health, problems, waiting_documents

_COMMAND: Final = re.compile(r"'(copydesk [^']+)'")


class State(IntEnum):
    """How urgent a source is; the most urgent comes first."""

    FAILING = 0
    SILENT = 1
    WRONG = 2
    NEVER_RAN = 3
    FINE = 4
    PAUSED = 5
    REMOVED = 6

    @property
    def label(self) -> str:
        """The state in words."""
        return {"wrong": "to look at", "never_ran": "never ran", "removed": "not configured"}.get(
            self.name.lower(), self.name.lower()
        )


@dataclass(frozen=True, slots=True)
class Standing:
    """One source: its figures, its state and its problems."""

    source_id: str
    source: Source | None
    facts: Mapping[str, Any]
    endpoints: Sequence[Mapping[str, Any]]
    state: State
    problems: Sequence[str]
    drifts: Sequence[Drift]

    @property
    def title(self) -> str:
        """The publisher's name, or the id of a source that is not configured any more."""
        return self.source.title if self.source else self.source_id

    @property
    def commands(self) -> list[str]:
        """The commands that help, to copy."""
        mentioned = [command for sentence in self.problems for command in _COMMAND.findall(sentence)]
        commands = [f"copydesk sources check {self.source_id}"]
        if self.state in (State.FAILING, State.SILENT, State.NEVER_RAN):
            commands.append(f"copydesk run {self.source_id}")
        if self.facts.get("rejects_7d"):
            commands.append(f"copydesk rejects replay {self.source_id}")
        return list(dict.fromkeys([*commands, *(command for command in mentioned if "URL" in command)]))


@dataclass(frozen=True, slots=True)
class Standings:
    """All sources, the most urgent first; and what is wrong with the configuration, in sentences."""

    sources: Sequence[Standing]
    errors: Sequence[str]


def load_standings(settings: Settings, now: datetime | None = None) -> Standings:
    """Return how each source that is configured, or has landed anything, stands. Raises `WarehouseError`."""
    now = now or datetime.now(UTC)
    sources, errors = _sources(settings)
    health_by_source = load_health(settings.data, now)
    stale = {
        condition.source_id
        for condition in find_conditions(sources, health_by_source, settings.stale_hours, now)
        if condition.name == "stale"
    }
    standings = [
        _standing(name, sources.get(name), health_by_source.get(name, Health()), now, is_stale=name in stale)
        for name in sources.keys() | health_by_source.keys()
    ]
    return Standings(sorted(standings, key=lambda standing: (standing.state, standing.source_id)), errors)


def _sources(settings: Settings) -> tuple[dict[str, Source], list[str]]:
    try:
        sources, errors = load_sources(settings.config)
    except ConfigError as error:
        return {}, [str(error)]
    return sources, [str(error) for error in errors]


def _standing(name: str, source: Source | None, health: Health, now: datetime, *, is_stale: bool) -> Standing:
    sentences = list(problems(name, source, health, now))
    facts = health.facts
    faults = [sentence for sentence in sentences if sentence != waiting_documents(facts)]
    return Standing(
        name,
        source,
        facts,
        health.endpoints,
        _state(source, health, faults, is_stale=is_stale),
        sentences,
        health.drifts,
    )


def _state(source: Source | None, health: Health, faults: Sequence[str], *, is_stale: bool) -> State:
    facts = health.facts
    if not facts or facts["last_run_at"] is None:
        return State.NEVER_RAN
    if source is None:
        return State.REMOVED
    if source.paused:
        return State.PAUSED
    if health.failures or facts["last_status"] == "failed":
        return State.FAILING
    if is_stale:
        return State.SILENT
    return State.WRONG if faults else State.FINE
