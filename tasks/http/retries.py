"""Send a request again when its failure may pass by itself: how often, and after which wait."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from typing import Final

from config.settings import Settings
from tasks.http.client import Attempt
from tasks.http.throttle import Sleep

MAX_WAIT_FACTOR: Final = 60  # times `retry_seconds`
_MAX_JITTER: Final = 0.5  # of the wait


async def send_with_retries(send: Callable[[], Awaitable[Attempt]], settings: Settings, sleep: Sleep) -> Attempt:
    """Send up to `fetch_attempts` times; return the first attempt that succeeded or cannot pass, else the last.

    Sent again: where no whole response came (no name, no connection, none in time, one cut short or not HTTP), and
    after 429, 500, 502, 503 and 504. Not sent again: every other status, a certificate that is not valid, an address
    that may not be reached, a response too large or packed wrongly. Between two attempts `retry_seconds` pass, twice
    as long each time up to 60 times that, and up to half as much again at random; then the attempt takes its turn as
    any request does, which is when what a server asked for by Retry-After is waited for.
    """
    for number in range(settings.fetch_attempts - 1):
        attempt = await send()
        if not attempt.may_pass:
            return attempt
        wait = settings.retry_seconds * min(2**number, MAX_WAIT_FACTOR)
        if wait:
            await sleep(wait * (1 + random.random() * _MAX_JITTER))  # noqa: S311
    return await send()
