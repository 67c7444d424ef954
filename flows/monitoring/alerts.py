"""Alerts: one message when a condition of a source begins, and one more when it has ended.

The alerts sent stand in a small file beside the tables, written after each hook took its alert: a process that is
killed in between sends an alert again under the same `id`, and never loses one.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import datetime
from hashlib import blake2b
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

from filelock import FileLock, Timeout

from config.errors import ConfigError
from config.settings import Settings
from config.sources import load_sources, source_files
from flows.monitoring.alert_rules import Condition, find_conditions
from flows.monitoring.channels import Hook, hooks_of
from flows.monitoring.health import load_health
from warehouse.errors import LockedError, StorageError
from warehouse.storage.durable import make_folder, sync_folder
from warehouse.storage.root import Root

FOLDER: Final = ".alerts"
STATE_FILE: Final = "told.json"
MAX_LOCK_SECONDS: Final = 60.0
BEGAN: Final = "began"
ENDED: Final = "ended"
TEST: Final = "test"

# Returns the address of a page about a source, by the source's id.
LinkOf = Callable[[str], str | None]


@dataclass(slots=True)
class SentAlert:
    """An alert that was sent, or is about to be; the state file holds these fields under these names."""

    source_id: str
    name: str
    since: str
    what: str
    cure: str
    noticed_at: str
    hooks: list[str] = field(default_factory=list)  # those that took it

    @property
    def alert_id(self) -> str:
        """The id of the alert, the same however often it is sent."""
        return blake2b(f"{self.source_id} {self.name} {self.noticed_at}".encode(), digest_size=8).hexdigest()


@dataclass(frozen=True, slots=True)
class AlertReport:
    """The conditions that hold now, the texts that a hook took, and a sentence for each hook that failed."""

    conditions: tuple[Condition, ...] = ()
    sent: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()


def watch_sources(settings: Settings, now: datetime, link_of: LinkOf = lambda _: None) -> AlertReport:
    """Check every source; send an alert for each condition that began or ended since the last check.

    Processes that check at the same time take turns. A hook that fails is a problem in the report, and its alert is
    sent by the next check. Raises `ConfigError`, `WarehouseError`.
    """
    hooks = hooks_of(settings)
    with _locked(Root.at(settings.data)) as folder:
        sources, _ = load_sources(settings.config)
        health = load_health(settings.data, now)
        conditions = tuple(find_conditions(sources, health, settings.stale_hours, now))
        uncovered = tuple(condition for condition in conditions if not condition.is_covered)
        if not hooks:
            return AlertReport(uncovered)
        # The file of a source may be half-written just now: its alerts must not end by that.
        unreadable = {path.stem for path in source_files(settings.config)} - sources.keys()
        paused = {name for name, source in sources.items() if source.paused}
        sender = _AlertSender(folder, hooks, link_of, _load(folder), paused)
        sender.send_changes(conditions, unreadable, now)
        return AlertReport(uncovered, tuple(sender.sent), tuple(sender.problems))


def send_test_alerts(settings: Settings) -> Iterator[tuple[str, str | None]]:
    """Send a test to each hook; yield its setting and its problem, if any. Raises `ConfigError` without hooks."""
    hooks = hooks_of(settings)
    if not hooks:
        raise ConfigError("no alert hook: set alert_webhook or alert_command in copydesk.toml or the environment")
    body = {"text": "copydesk: a test; alerts arrive here", "state": TEST, "id": uuid4().hex[:16]}
    for hook in hooks:
        yield hook.name, hook.send(json.dumps(body).encode())


@dataclass(slots=True)
class _AlertSender:
    folder: Path
    hooks: list[Hook]
    link_of: LinkOf
    alerts: dict[str, SentAlert]  # by the key of the condition
    paused: set[str]  # ids of sources that are not checked: their alerts end as `paused`, not as `over`
    sent: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    failed_hooks: set[str] = field(default_factory=set)  # waiting for each again and again would take hours

    def send_changes(self, conditions: Iterable[Condition], unreadable: set[str], now: datetime) -> None:
        current = {entry.key: entry for entry in conditions if not entry.is_covered or entry.key in self.alerts}
        for key, condition in current.items():
            facts = (condition.since.isoformat(), condition.problem, condition.cure, now.isoformat())
            self.alerts.setdefault(key, SentAlert(condition.source_id, condition.name, *facts))
        # Before anything is sent: an alert that is sent twice has one id.
        self._save()
        for key in current:
            alert = self.alerts[key]
            for hook in self.hooks:
                if hook.name not in alert.hooks and self._send(hook, alert, BEGAN, now):
                    alert.hooks.append(hook.name)
                    self._save()
        for key in [key for key in self.alerts if key not in current]:
            if self.alerts[key].source_id not in unreadable:
                self._end(key, now)
        self._save()

    def _end(self, key: str, now: datetime) -> None:
        alert, names = self.alerts[key], {hook.name for hook in self.hooks}
        alert.hooks = [name for name in alert.hooks if name in names]
        for hook in self.hooks:
            if hook.name in alert.hooks and self._send(hook, alert, ENDED, now):
                alert.hooks.remove(hook.name)
                self._save()
        if not alert.hooks:
            del self.alerts[key]

    def _send(self, hook: Hook, alert: SentAlert, state: str, now: datetime) -> bool:
        if hook.name in self.failed_hooks:
            return False
        end_word = "paused" if alert.source_id in self.paused else "over"
        body = alert_body(alert, state, now, self.link_of(alert.source_id), end_word)
        problem = hook.send(json.dumps(body, ensure_ascii=False).encode())
        if problem is not None:
            self.failed_hooks.add(hook.name)
            self.problems.append(f"{problem} (the next look sends it again)")
            return False
        self.sent.append(body["text"])
        return True

    def _save(self) -> None:
        _save(self.folder, self.alerts)


def alert_body(alert: SentAlert, state: str, now: datetime, link: str | None, end_word: str = "over") -> dict[str, Any]:
    """Return the JSON for a hook: `text` is one sentence for people, the rest its parts; times are ISO 8601."""
    began = f"{alert.source_id}: {alert.what}; {alert.cure}"
    return {
        "text": began if state == BEGAN else f"{alert.source_id}: {end_word}: {alert.what}",
        "state": state,
        "source": alert.source_id,
        "condition": alert.name,
        "since": alert.since,
        "what": alert.what,
        "cure": alert.cure,
        "link": link,
        "at": now.isoformat(),
        "id": alert.alert_id,
    }


@contextmanager
def _locked(root: Root) -> Iterator[Path]:
    # The alerts are those of this installation, and so is the lock: with an object store both are on this machine.
    folder = root.local / FOLDER
    try:
        make_folder(folder)
        with FileLock(folder / "lock").acquire(timeout=MAX_LOCK_SECONDS):
            yield folder
    except Timeout:
        raise LockedError(
            f"another process has been sending alerts for {MAX_LOCK_SECONDS:g} s; it sends these too"
        ) from None
    except OSError as error:
        raise StorageError.of(error, str(folder)) from error


def _load(folder: Path) -> dict[str, SentAlert]:
    try:
        entries: Mapping[str, Any] = json.loads((folder / STATE_FILE).read_text("utf-8"))
        return {key: SentAlert(**fields) for key, fields in entries.items()}
    except FileNotFoundError:
        return {}
    except (ValueError, TypeError, AttributeError):
        # Somebody edited it: one more alert is better than none.
        return {}


def _save(folder: Path, alerts: Mapping[str, SentAlert]) -> None:
    partial = folder / f"{STATE_FILE}.{os.getpid()}"
    with partial.open("w", encoding="utf-8") as file:
        json.dump({key: asdict(alert) for key, alert in alerts.items()}, file, ensure_ascii=False, indent=1)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(folder / STATE_FILE)
    sync_folder(folder)
