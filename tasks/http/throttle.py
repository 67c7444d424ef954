"""The turns of hosts: how long each is left alone between two requests, and when it asks for more than that."""

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
from tasks.http.response import MAX_RETRY_AFTER

Sleep = Callable[[float], Awaitable[object]]
Sent = Callable[[], Awaitable[None]]

BACK_OFF_SECONDS: Final = 30.0
"""How long a host is left alone that answers 429 without Retry-After: so long, then twice as long each time."""
MAX_BACK_OFF_SECONDS: Final = 3_600.0

_JITTER: Final = 0.5
_LEAST_SLEEP: Final = 0.001
_LOOK_SECONDS: Final = 0.1
_CLOCK_SECONDS: Final = 60.0


class HostBlockedError(Exception):
    """The host asks for a longer wait than ours; `until` is in seconds since 1970."""

    def __init__(self, until: float) -> None:
        super().__init__(until)
        self.until = until


@dataclass(frozen=True, slots=True)
class Politeness:
    """What was asked of hosts, and what was not, since the start."""

    requests: int = 0
    """Each redirect, robots.txt and repeated attempt is one."""
    waits: int = 0
    """Times that a host was waited for."""
    waited_seconds: float = 0.0
    forbidden: int = 0
    """Requests not made because robots.txt forbids them, or could not be had."""
    postponed: int = 0
    """Requests not made because the host asked to be left alone for long."""


@dataclass(eq=False, slots=True)
class _Queue:
    order: asyncio.Lock
    slots: asyncio.Semaphore
    refusals: int = 0


class Turns:
    """Gives each request its turn: hosts side by side, the requests to one host in order and apart.

    What is kept apart is starts. Whether a request may start is asked at the very moment at which it does, and the
    start recorded by the same step: neither a loop that stalls nor a clock that jumps can bring two together. Once
    the request is on its way that is recorded again, or one that waited for its connection would come to the server
    together with the next.
    """

    def __init__(self, settings: Settings, clock: Callable[[], datetime], sleep: Sleep, hosts: Path | None) -> None:
        self._settings = settings
        self._clock = clock
        self._sleep = sleep
        self._states = HostStates(hosts)
        self._queues: dict[str, _Queue] = {}
        self._connections = asyncio.Semaphore(settings.connections)
        self.politeness = Politeness()

    @asynccontextmanager
    async def turn(self, host: str, delay: float) -> AsyncIterator[Sent]:
        """The time of one request, `delay` seconds after the start of the one before; call what it gives once sent.

        Raises `HostBlockedError` where the host wants to be left alone for more than `patience_seconds`.
        """
        queue = self._queue(host)
        # asyncio's locks are fair: first come, first served.
        await queue.order.acquire()
        is_started = is_sent = False

        async def sent() -> None:
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
                    yield sent
                finally:
                    self._connections.release()
            finally:
                queue.slots.release()
        finally:
            # A request that failed on its way has had its turn too.
            await sent()

    async def block(self, host: str, seconds: float | None) -> None:
        """Leave a host alone for as long as it asks; where it does not say, longer each time that it refuses.

        Raises `HostBlockedError` where that is for more than `patience_seconds`.
        """

        def change(state: HostState) -> HostState:
            refusals = state.refusals
            wait = seconds
            if wait is None:
                wait = min(BACK_OFF_SECONDS * 2.0 ** min(refusals, 10), MAX_BACK_OFF_SECONDS / (1 + _JITTER))
                wait *= 1 + random.random() * _JITTER  # noqa: S311
                refusals += 1
            now = self._now()
            return replace(state, blocked_until=max(now + wait, _blocked_until(state, now)), refusals=refusals)

        state = await self._states.update(host, change)
        self._queue(host).refusals = state.refusals
        if state.blocked_until - self._now() > self._settings.patience_seconds:
            raise HostBlockedError(state.blocked_until)

    async def welcome(self, host: str) -> None:
        """Forget the refusals of a host that answers again."""
        queue = self._queue(host)
        if queue.refusals:
            queue.refusals = 0
            await self._states.update(host, lambda state: replace(state, refusals=0))

    def count(self, *, forbidden: int = 0, postponed: int = 0) -> None:
        """Count requests that were not made."""
        now = self.politeness
        self.politeness = replace(now, forbidden=now.forbidden + forbidden, postponed=now.postponed + postponed)

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
        """0 where the request starts now, which is recorded; else the seconds until it may."""
        wait = 0.0

        def start(state: HostState) -> HostState:
            nonlocal wait
            now = self._now()
            blocked_until = _blocked_until(state, now)
            if blocked_until - now > self._settings.patience_seconds:
                raise HostBlockedError(blocked_until)
            wait = max(blocked_until, _next_start(state, delay, now)) - now
            if delay and wait <= 0 and now < state.connecting_until <= now + self._settings.fetch_seconds:
                # Of this process no other is on its way to the host: it is another one's.
                wait = min(state.connecting_until - now, _LOOK_SECONDS)
            gives_up = now + self._settings.fetch_seconds if delay else 0.0
            return state if wait > 0 else replace(state, started=now, connecting_until=gives_up)

        queue.refusals = (await self._states.update(host, start)).refusals
        if wait <= 0:
            self.politeness = replace(self.politeness, requests=self.politeness.requests + 1)
        return wait

    async def _wait(self, seconds: float) -> None:
        began = self._now()
        # A rest below the resolution of a clock would be waited for again and again.
        await self._sleep(max(seconds, _LEAST_SLEEP))
        done, waited = self.politeness, max(0.0, self._now() - began)
        self.politeness = replace(done, waits=done.waits + 1, waited_seconds=done.waited_seconds + waited)

    def _now(self) -> float:
        return self._clock().timestamp()


def _next_start(state: HostState, delay: float, now: float) -> float:
    # What a clock wrote that was since set back is not believed: a host would wait for that day to come.
    return state.started + delay if delay and state.started <= now + _CLOCK_SECONDS else now


def _blocked_until(state: HostState, now: float) -> float:
    return state.blocked_until if state.blocked_until <= now + MAX_RETRY_AFTER + _CLOCK_SECONDS else now
