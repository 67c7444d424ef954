"""The newsroom's time: one that jumps while everybody waits, and one that runs at a multiple of real time.

Both are called for the present, as every clock of the pipeline is, and know how to `sleep` (in a coroutine) and how to
`wait` (in a thread), in seconds of their own time.
"""

from __future__ import annotations

import asyncio
import heapq
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from itertools import count
from typing import Final

TICK: Final = 0.001
"""Real seconds between two looks at whether everybody waits."""
QUIET_TICKS: Final = 4
"""Looks in a row without anything stirring, before time jumps."""
LOST_TICKS: Final = 200
"""As many, before a request that was started and has not arrived is given up."""


class SimClock:
    """Time stands still while somebody works, and jumps to the next wake-up once all wait.

    A jump while a request is on its way would make it arrive late, and the one after it seem too early: time moves
    only when nothing has stirred for `QUIET_TICKS` looks, no request is being answered, and as many have arrived as
    those who are `watched` say that they started.
    """

    def __init__(self, start: datetime) -> None:
        self._start = self._now = start
        self._lock = threading.Lock()
        self._sleepers: list[tuple[datetime, int]] = []
        self._numbers = count()
        self._stirred = 0
        self._working = 0
        self._arrived = 0
        self._watched: list[Callable[[], int]] = []

    def __call__(self) -> datetime:
        with self._lock:
            self._stirred += 1
            return self._now

    def peek(self) -> datetime:
        """Return the present without stirring: for a reader who only watches."""
        with self._lock:
            return self._now

    def elapsed(self) -> float:
        """Return the seconds since it started, as `time.monotonic` would give them."""
        return (self() - self._start).total_seconds()

    @contextmanager
    def working(self) -> Iterator[None]:
        """Let time stand still meanwhile."""
        with self._lock:
            self._working += 1
            self._arrived += 1
            self._stirred += 1
        try:
            yield
        finally:
            with self._lock:
                self._working -= 1
                self._stirred += 1

    @contextmanager
    def watched(self, started: Callable[[], int]) -> Iterator[None]:
        """Wait for requests to arrive: `started` counts those that a client has sent on their way."""
        with self._lock:
            self._watched.append(started)
            self._arrived = sum(count_started() for count_started in self._watched)
        try:
            yield
        finally:
            with self._lock:
                self._watched.remove(started)
                self._arrived = sum(count_started() for count_started in self._watched)

    async def sleep(self, seconds: float) -> None:
        """Wait in a coroutine."""
        for _ in self._until_due(seconds):
            await asyncio.sleep(TICK)

    def wait(self, seconds: float) -> None:
        """Wait in a thread."""
        for _ in self._until_due(seconds):
            time.sleep(TICK)

    def wait_until(self, moment: datetime) -> None:
        """Wait in a thread; not at all where the moment has passed."""
        self.wait((moment - self()).total_seconds())

    def _until_due(self, seconds: float) -> Iterator[None]:
        with self._lock:
            self._stirred += 1
            mine = (self._now + timedelta(seconds=max(0.0, seconds)), next(self._numbers))
            heapq.heappush(self._sleepers, mine)
        try:
            quiet, stirred = 0, -1
            while not self._due(mine, quiet):
                yield
                with self._lock:
                    quiet = quiet + 1 if self._stirred == stirred and not self._working else 0
                    stirred = self._stirred
        finally:
            with self._lock:
                self._sleepers.remove(mine)
                heapq.heapify(self._sleepers)
                self._stirred += 1

    def _due(self, mine: tuple[datetime, int], quiet: int) -> bool:
        with self._lock:
            started = sum(count_started() for count_started in self._watched)
            # What somebody else asked must not stand for a request that is still on its way.
            self._arrived = min(self._arrived, started)
            if quiet >= (QUIET_TICKS if self._arrived == started else LOST_TICKS) and self._sleepers[0] == mine:
                self._now, self._arrived = max(self._now, mine[0]), started
            return self._now >= mine[0]


class ScaledClock:
    """Real time, faster: `scale` of its seconds pass in one real second. Equal in every process that has its `text`."""

    def __init__(self, start: datetime, scale: float, began: float | None = None) -> None:
        self._start = start
        self.scale = scale
        self._began = time.time() if began is None else began

    def __call__(self) -> datetime:
        return self._start + timedelta(seconds=self.elapsed())

    def peek(self) -> datetime:
        """Return the present without stirring: for a reader who only watches."""
        return self()

    def elapsed(self) -> float:
        """Return the seconds since it started, as `time.monotonic` would give them."""
        return (time.time() - self._began) * self.scale

    @contextmanager
    def working(self) -> Iterator[None]:
        """Let time go on meanwhile, as it does in the world."""
        yield

    @contextmanager
    def watched(self, started: Callable[[], int]) -> Iterator[None]:
        """Do nothing: real time waits for no request."""
        yield

    async def sleep(self, seconds: float) -> None:
        """Wait in a coroutine."""
        await asyncio.sleep(max(0.0, seconds) / self.scale)

    def wait(self, seconds: float) -> None:
        """Wait in a thread."""
        time.sleep(max(0.0, seconds) / self.scale)

    def wait_until(self, moment: datetime) -> None:
        """Wait in a thread; not at all where the moment has passed."""
        self.wait((moment - self()).total_seconds())

    @property
    def text(self) -> str:
        """What another process needs to have the same clock; in NEWSROOM_CLOCK, or at `/__clock`."""
        return f"{self._start.isoformat()} {self.scale!r} {self._began!r}"

    @classmethod
    def of(cls, text: str) -> ScaledClock:
        """Read the clock that another process has from its `text`."""
        start, scale, began = text.split()
        return cls(datetime.fromisoformat(start), float(scale), float(began))


Clock = SimClock | ScaledClock
