"""Summaries that are costly to compute, kept for some seconds."""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from threading import Lock, Thread
from typing import Any, Final, TypeVar

from warehouse.errors import WarehouseError

FRESH_SECONDS: Final = 20.0
"""A summary is fresh for at least so long: it is shown, and not computed again."""
FRESH_COSTS: Final = 20.0
"""A summary is fresh for so many times as long as it took to compute, so renewing takes 5 % of a processor at most."""
STALE_SECONDS: Final = 300.0
"""An older summary is not shown; up to this age it is shown while a new one is computed."""
MAX_SUMMARIES: Final = 200

Summary = TypeVar("Summary")


@dataclass(slots=True)
class Entry:
    """One summary, and when it was computed."""

    lock: Lock = field(default_factory=Lock)
    value: Any = None
    computed_at: float = float("-inf")
    seconds: float = 0.0  # that it took

    @property
    def fresh_seconds(self) -> float:
        """The seconds for which it is fresh."""
        return max(FRESH_SECONDS, FRESH_COSTS * self.seconds)


class Summaries:
    """Summaries by key. Each is computed by one thread at a time."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = Lock()
        self._entries: dict[Hashable, Entry] = {}

    def get(self, key: Hashable, compute: Callable[[], Summary]) -> Summary:
        """Return the summary of a key; a stale one while another thread computes the next."""
        entry = self._entry(key)
        if self._age(entry) > STALE_SECONDS:
            with entry.lock:
                if self._age(entry) > STALE_SECONDS:
                    self._compute(entry, compute)
        value: Summary = entry.value
        if self._age(entry) > entry.fresh_seconds and entry.lock.acquire(blocking=False):
            Thread(target=self._renew, args=(entry, compute), daemon=True).start()
        return value

    def _age(self, entry: Entry) -> float:
        return self._clock() - entry.computed_at

    def _entry(self, key: Hashable) -> Entry:
        with self._lock:
            if key not in self._entries and len(self._entries) >= MAX_SUMMARIES:
                del self._entries[min(self._entries, key=lambda name: self._entries[name].computed_at)]
            return self._entries.setdefault(key, Entry())

    def _compute(self, entry: Entry, compute: Callable[[], Any]) -> None:
        began = self._clock()
        entry.value = compute()
        entry.computed_at = self._clock()
        entry.seconds = entry.computed_at - began

    def _renew(self, entry: Entry, compute: Callable[[], Any]) -> None:
        try:
            self._compute(entry, compute)
        except WarehouseError:
            # The next request that finds it too old meets the error itself.
            return
        finally:
            entry.lock.release()
