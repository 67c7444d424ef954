"""Telling somebody when a condition of a source begins, and once more when it is over.

What was told stands in a small file beside the tables, written after each hook took its alert: a process that is
killed in between tells it again under the same `id`, and never keeps quiet about it.
"""

from __future__ import annotations

import json
import os
import sys
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
from warehouse.storage.root import Root, make_folder, sync_folder

FOLDER: Final = ".alerts"
STATE: Final = "told.json"
LOCK_SECONDS: Final = 60.0
BEGAN: Final = "began"
ENDED: Final = "ended"
TEST: Final = "test"

Link = Callable[[str], str | None]
"""Where a source is shown, by its id."""


@dataclass(slots=True)
class Told:
    """A condition that somebody was told of, or is to be."""

    source_id: str
    name: str
    since: str
    what: str
    cure: str
    noticed_at: str
    hooks: list[str] = field(default_factory=list)
    """Those that took it."""

    @property
    def alert_id(self) -> str:
        """The same however often it is sent."""
        return blake2b(f"{self.source_id} {self.name} {self.noticed_at}".encode(), digest_size=8).hexdigest()


@dataclass(frozen=True, slots=True)
class Watch:
    """What one look found, and what came of telling it."""

    conditions: tuple[Condition, ...] = ()
    sent: tuple[str, ...] = ()
    """The texts that a hook took."""
    problems: tuple[str, ...] = ()
    """Why a hook did not take one: one sentence each."""


def watch_sources(settings: Settings, now: datetime, link: Link = lambda _: None) -> Watch:
    """Look for what is wrong with the sources, and tell what has begun and what is over.

    Processes that look at the same time take turns. Raises `ConfigError`, `WarehouseError`; a hook that fails is a
    problem told by the result, and its alert is sent by the next look.
    """
    hooks = hooks_of(settings)
    with _locked(Root.at(settings.data)) as folder:
        sources, _ = load_sources(settings.config)
        found = tuple(find_conditions(sources, load_health(settings.data, now), settings.stale_hours, now))
        shown = tuple(condition for condition in found if not condition.is_covered)
        if not hooks:
            return Watch(shown)
        # A file that an editor is just writing says nothing about its source.
        unknown = {path.stem for path in source_files(settings.config)} - sources.keys()
        paused = {name for name, source in sources.items() if source.paused}
        teller = _Teller(folder, hooks, link, _load(folder), paused)
        teller.tell(found, unknown, now)
        return Watch(shown, tuple(teller.sent), tuple(teller.problems))


def try_hooks(settings: Settings) -> Iterator[tuple[str, str | None]]:
    """Send a test to each hook: the setting it comes from, and why it failed. Raises `ConfigError` without a hook."""
    hooks = hooks_of(settings)
    if not hooks:
        raise ConfigError("no alert hook: set alert_webhook or alert_command in copydesk.toml or the environment")
    body = {"text": "copydesk: a test; alerts arrive here", "state": TEST, "id": uuid4().hex[:16]}
    for hook in hooks:
        yield hook.name, hook.send(json.dumps(body).encode())


def show_watch(settings: Settings, now: datetime) -> int:
    """Look, tell, and print what is wrong; the exit code, 1 where a hook failed. For cron, without Prefect."""
    watch = watch_sources(settings, now)
    for condition in watch.conditions:
        print(f"{condition.source_id}: {condition.name}: {condition.what}; {condition.cure}")
    print(f"{len(watch.conditions)} conditions, {len(watch.sent)} alerts sent")
    for problem in watch.problems:
        print(f"copydesk: {problem}", file=sys.stderr)
    return 1 if watch.problems else 0


def show_trial(settings: Settings) -> int:
    """Send a test to each hook and print what came of it; the exit code, 1 where one failed. Raises `ConfigError`."""
    problems = []
    for name, problem in try_hooks(settings):
        if problem is None:
            print(f"{name}: took the test")
        else:
            problems.append(problem)
    for problem in problems:
        print(f"copydesk: {problem}", file=sys.stderr)
    return 1 if problems else 0


@dataclass(slots=True)
class _Teller:
    folder: Path
    hooks: list[Hook]
    link: Link
    told: dict[str, Told]
    paused: set[str]
    """Sources that are not looked at: what was wrong with one ends to be told, and is not called over."""
    sent: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    closed: set[str] = field(default_factory=set)
    """Hooks that failed: with many sources, waiting for each anew would take hours."""

    def tell(self, found: Iterable[Condition], unknown: set[str], now: datetime) -> None:
        conditions = {one.key: one for one in found if not one.is_covered or one.key in self.told}
        for key, condition in conditions.items():
            facts = (condition.since.isoformat(), condition.what, condition.cure, now.isoformat())
            self.told.setdefault(key, Told(condition.source_id, condition.name, *facts))
        # Before anything is sent: an alert that is sent twice has one id.
        self._save()
        for key in conditions:
            told = self.told[key]
            for hook in self.hooks:
                if hook.name not in told.hooks and self._send(hook, told, BEGAN, now):
                    told.hooks.append(hook.name)
                    self._save()
        for key, told in [(key, told) for key, told in self.told.items() if key not in conditions]:
            if told.source_id not in unknown:
                self._end(key, told, now)
        self._save()

    def _end(self, key: str, told: Told, now: datetime) -> None:
        known = {hook.name for hook in self.hooks}
        told.hooks = [name for name in told.hooks if name in known]
        for hook in self.hooks:
            if hook.name in told.hooks and self._send(hook, told, ENDED, now):
                told.hooks.remove(hook.name)
                self._save()
        if not told.hooks:
            del self.told[key]

    def _send(self, hook: Hook, told: Told, state: str, now: datetime) -> bool:
        if hook.name in self.closed:
            return False
        ends = "paused" if told.source_id in self.paused else "over"
        body = alert(told, state, now, self.link(told.source_id), ends)
        problem = hook.send(json.dumps(body, ensure_ascii=False).encode())
        if problem is not None:
            self.closed.add(hook.name)
            self.problems.append(f"{problem} (the next look sends it again)")
            return False
        self.sent.append(body["text"])
        return True

    def _save(self) -> None:
        _save(self.folder, self.told)


def alert(told: Told, state: str, now: datetime, link: str | None, ends: str = "over") -> dict[str, Any]:
    """What a hook is given: `text` is one sentence for people, the rest its parts; moments in ISO 8601."""
    begins = f"{told.source_id}: {told.what}; {told.cure}"
    return {
        "text": begins if state == BEGAN else f"{told.source_id}: {ends}: {told.what}",
        "state": state,
        "source": told.source_id,
        "condition": told.name,
        "since": told.since,
        "what": told.what,
        "cure": told.cure,
        "link": link,
        "at": now.isoformat(),
        "id": told.alert_id,
    }


@contextmanager
def _locked(root: Root) -> Iterator[Path]:
    # What was told is of this installation, and so is its lock: for an object store both are on this machine.
    folder = root.local / FOLDER
    try:
        make_folder(folder)
        with FileLock(folder / "lock").acquire(timeout=LOCK_SECONDS):
            yield folder
    except Timeout:
        raise LockedError(
            f"another process has been telling alerts for {LOCK_SECONDS:g} s; it tells these too"
        ) from None
    except OSError as error:
        raise StorageError.of(error, str(folder)) from error


def _load(folder: Path) -> dict[str, Told]:
    try:
        held: Mapping[str, Any] = json.loads((folder / STATE).read_text("utf-8"))
        return {key: Told(**told) for key, told in held.items()}
    except FileNotFoundError:
        return {}
    except (ValueError, TypeError, AttributeError):
        # Somebody edited it: telling what is wrong once more is better than never again.
        return {}


def _save(folder: Path, told: Mapping[str, Told]) -> None:
    partial = folder / f"{STATE}.{os.getpid()}"
    with partial.open("w", encoding="utf-8") as file:
        json.dump({key: asdict(one) for key, one in told.items()}, file, ensure_ascii=False, indent=1)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(folder / STATE)
    sync_folder(folder)
