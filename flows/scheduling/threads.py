"""Work of a flow in a thread, which ends with the flow."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

Result = TypeVar("Result")


async def in_thread(work: Callable[[], Result], stop: Callable[[], None]) -> Result:
    """Run `work` in a thread; if the flow is cancelled, call `stop` and wait for the end of the work."""

    def until_stopped() -> Result | None:
        try:
            return work()
        except KeyboardInterrupt:
            # If it left the thread, it would end the event loop.
            return None

    ended = asyncio.get_running_loop().run_in_executor(None, until_stopped)
    try:
        result = await asyncio.shield(ended)
    except BaseException:
        # Prefect ends a run by an exception here; without this the thread would go on.
        stop()
        await ended
        raise
    if result is None:
        raise asyncio.CancelledError
    return result
