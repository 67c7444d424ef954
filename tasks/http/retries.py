"""When a request is asked again at once, how often, and after which wait."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from typing import Final

import stamina
import stamina.instrumentation

from config.settings import Settings
from tasks.http.client import Reply
from tasks.http.throttle import Sleep

LONGEST_WAIT: Final = 60
"""Times `retry_seconds`."""
_JITTER: Final = 0.5


class _FailedError(Exception):
    def __init__(self, reply: Reply) -> None:
        super().__init__(reply)
        self.reply = reply


async def persist(ask: Callable[[], Awaitable[Reply]], settings: Settings, sleep: Sleep) -> Reply:
    """The first reply that stands, or the last of `fetch_attempts`.

    Asked again: where no whole answer came (no name, no connection, none in time, one cut short or not HTTP), and
    after 429, 500, 502, 503 and 504. Not asked again: every other status, a certificate that is not valid, an address
    that may not be reached, an answer too large or packed wrongly. Between two attempts `retry_seconds` pass, twice as
    long each time up to 60 times that, and up to half as much again by chance; then the attempt takes its turn as any
    request does, which is when what a server asked for by Retry-After is waited for.
    """
    try:
        async for attempt in stamina.retry_context(
            # Our own sleep makes the wait, so that a simulated clock can; stamina counts and says how long.
            on=lambda error: 0.0 if isinstance(error, _FailedError) else False,
            attempts=settings.fetch_attempts,
            timeout=None,
            wait_initial=settings.retry_seconds,
            wait_max=settings.retry_seconds * LONGEST_WAIT,
            wait_jitter=0,
        ):
            with attempt:
                return await _standing(ask, sleep, 0.0 if attempt.num == settings.fetch_attempts else attempt.next_wait)
    except _FailedError as failed:
        return failed.reply
    raise AssertionError("there is at least one attempt")


async def _standing(ask: Callable[[], Awaitable[Reply]], sleep: Sleep, wait: float) -> Reply:
    reply = await ask()
    if not reply.may_pass:
        return reply
    if wait:
        await sleep(wait * (1 + random.random() * _JITTER))  # noqa: S311
    raise _FailedError(reply)


def mute_retries() -> None:
    """Keep stamina from logging every retry and from counting them for Prometheus: exchanges tell of them."""
    stamina.instrumentation.set_on_retry_hooks(())
