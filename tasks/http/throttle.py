"""Limit the rate of requests by host: the delay between two of them, and the longer waits that a host asks for."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Final

from config.settings import Settings
from tasks.http.host_state import HostState, HostStates
from tasks.http.response import MAX_RETRY_AFTER_SECONDS

Sleep = Callable[[float], Awaitable[object]]
Sent = Callable[[], Awaitable[None]]

# The wait after a 429 without Retry-After; twice as long each time in a row.
BACK_OFF_SECONDS: Final = 30.0
MAX_BACK_OFF_SECONDS: Final = 3_600.0
MAX_DOUBLINGS: Final = 10

_MAX_JITTER: Final = 0.5  # of the wait
_MIN_SLEEP_SECONDS: Final = 0.001
_CONNECTING_POLL_SECONDS: Final = 0.1
_MAX_CLOCK_ERROR_SECONDS: Final = 60.0


class HostBlockedError(Exception):
    """The host asks for a longer wait than `patience_seconds`; `until` is in seconds since 1970."""

    def __init__(self, until: float) -> None:
        super().__init__(until)
        self.until = until


@dataclass(frozen=True, slots=True)
class FetchStatistics:
    """Counts of requests that were made, delayed and not made, since the start."""

    requests: int = 0  # redirects, robots.txt and retries too
    waits: int = 0  # for a host
    waited_seconds: float = 0.0
    forbidden: int = 0  # not made because robots.txt forbids them, or is not available
    postponed: int = 0  # not made because the host asked for a long wait


@dataclass(eq=False, slots=True)
class _Queue:
    order: asyncio.Lock
    slots: asyncio.Semaphore
    refusals: int = 0


class HostThrottle:
    """Gives each request its turn: hosts side by side, the requests to one host in order and apart.

    The delay is between starts. Whether a request may start is decided at the very moment at which it does, and the
    start recorded by the same step: neither a loop that stalls nor a clock that jumps can bring two together. When the
    request is sent the time is recorded again, or one that waited for its connection would reach the server together
    with the next.
    """

    def __init__(self, settings: Settings, clock: Callable[[], datetime], sleep: Sleep, hosts: Path | None) -> None:
        self._settings = settings
        self._clock = clock
        self._sleep = sleep
        self._states = HostStates(hosts)
        self._queues: dict[str, _Queue] = {}
        self._connections = asyncio.Semaphore(settings.connections)
        self.statistics = FetchStatistics()

    @asynccontextmanager
    async def turn(self, host: str, delay: float) -> AsyncIterator[Sent]:
        """Wait until `delay` seconds after the start of the request before; call the yielded function once sent.

        Raises `HostBlockedError` if the host asks for a wait of more than `patience_seconds`.
        """
        queue = self._queue(host)
        # asyncio's locks are fair: first come, first served.
        await queue.order.acquire()
        is_started = is_sent = False

        async def on_sent() -> None:
            nonlocal is_sent
            if is_sent:
                return
            is_sent = True
            try:
                if delay and is_started:
                    now = self._now()
                    await self._states.update(
                        host, lambda state: replace(state, started=max(now, state.started), connecting_until=0.0)
                    )
            finally:
                queue.order.release()

        try:
            await queue.slots.acquire()
            try:
                await self._start(host, queue, delay)
                is_started = True
                try:
                    yield on_sent
                finally:
                    self._connections.release()
            finally:
                queue.slots.release()
        finally:
            # A request that failed on its way has had its turn too.
            await on_sent()

    async def block(self, host: str, seconds: float | None) -> None:
        """Make no request to a host for as long as it asks; if it does not say how long, longer each time in a row.

        Raises `HostBlockedError` if that is for more than `patience_seconds`.
        """

        def change(state: HostState) -> HostState:
            refusals = state.refusals
            wait = seconds
            if wait is None:
                wait = min(
                    BACK_OFF_SECONDS * 2.0 ** min(refusals, MAX_DOUBLINGS), MAX_BACK_OFF_SECONDS / (1 + _MAX_JITTER)
                )
                wait *= 1 + random.random() * _MAX_JITTER  # noqa: S311
                refusals += 1
            now = self._now()
            return replace(state, blocked_until=max(now + wait, _blocked_until(state, now)), refusals=refusals)

        state = await self._states.update(host, change)
        self._queue(host).refusals = state.refusals
        if state.blocked_until - self._now() > self._settings.patience_seconds:
            raise HostBlockedError(state.blocked_until)

    async def clear_refusals(self, host: str) -> None:
        """Forget the refusals of a host that responds again."""
        queue = self._queue(host)
        if queue.refusals:
            queue.refusals = 0
            await self._states.update(host, lambda state: replace(state, refusals=0))

    def count(self, *, forbidden: int = 0, postponed: int = 0) -> None:
        """Count requests that were not made."""
        so_far = self.statistics
        self.statistics = replace(
            so_far, forbidden=so_far.forbidden + forbidden, postponed=so_far.postponed + postponed
        )

    def close(self) -> None:
        """Close the file of the host states."""
        self._states.close()

    def _queue(self, host: str) -> _Queue:
        if host not in self._queues:
            self._queues[host] = _Queue(asyncio.Lock(), asyncio.Semaphore(self._settings.host_connections))
        return self._queues[host]

    async def _start(self, host: str, queue: _Queue, delay: float) -> None:
        while True:
            await self._connections.acquire()
            try:
                wait = await self._take(host, queue, delay)
            except BaseException:
                self._connections.release()
                raise
            if wait <= 0:
                return
            self._connections.release()
            await self._wait(wait)

    async def _take(self, host: str, queue: _Queue, delay: float) -> float:
        """Start the request now, record that and return 0; or return the seconds until it may start."""
        wait = 0.0

        def start(state: HostState) -> HostState:
            nonlocal wait
            now = self._now()
            blocked_until = _blocked_until(state, now)
            if blocked_until - now > self._settings.patience_seconds:
                raise HostBlockedError(blocked_until)
            wait = max(blocked_until, _next_start(state, delay, now)) - now
            if delay and wait <= 0 and now < state.connecting_until <= now + self._settings.fetch_seconds:
                # No other request of this process is connecting to the host, so it is another process's.
                wait = min(state.connecting_until - now, _CONNECTING_POLL_SECONDS)
            gives_up = now + self._settings.fetch_seconds if delay else 0.0
            return state if wait > 0 else replace(state, started=now, connecting_until=gives_up)

        queue.refusals = (await self._states.update(host, start)).refusals
        if wait <= 0:
            self.statistics = replace(self.statistics, requests=self.statistics.requests + 1)
        return wait

    async def _wait(self, seconds: float) -> None:
        began = self._now()
        # A wait below the resolution of the clock would be repeated again and again.
        await self._sleep(max(seconds, _MIN_SLEEP_SECONDS))
        so_far, seconds = self.statistics, max(0.0, self._now() - began)
        self.statistics = replace(so_far, waits=so_far.waits + 1, waited_seconds=so_far.waited_seconds + seconds)

    def _now(self) -> float:
        return self._clock().timestamp()


def _next_start(state: HostState, delay: float, now: float) -> float:
    # A time in the future is from a clock that was set back since: the host would wait for that day to come.
    return state.started + delay if delay and state.started <= now + _MAX_CLOCK_ERROR_SECONDS else now


def _blocked_until(state: HostState, now: float) -> float:
    return (
        state.blocked_until if state.blocked_until <= now + MAX_RETRY_AFTER_SECONDS + _MAX_CLOCK_ERROR_SECONDS else now
    )
