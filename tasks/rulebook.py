"""The rules of each origin, asked for once and kept for a day."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Final

from tasks import robots
from tasks.response import Answer, Postponed, Refused, refusal_by_server
from tasks.robots import Rules

KEPT: Final = timedelta(hours=24)
"""Source: RFC 9309, section 2.4."""
FAILURE_KEPT: Final = timedelta(minutes=1)
"""How long nothing is asked of an origin that could not give its rules; twice as long each time in a row."""
MAX_FAILURE_KEPT: Final = timedelta(hours=1)

_NEVER: Final = datetime.min.replace(tzinfo=UTC)

Ask = Callable[[], Awaitable[Answer | Refused | Postponed]]


@dataclass(eq=False, slots=True)
class _Page:
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    rules: Rules | Refused = field(default_factory=Rules)
    until: datetime = _NEVER
    failures: int = 0


class Rulebook:
    """Rules by origin, of a process; who needs rules that are just being asked for waits for them, in order."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._pages: dict[tuple[str, bool], _Page] = {}

    async def look_up(self, address: str, ask: Ask, *, allow_private: bool) -> Rules | Refused | Postponed:
        """The rules at an address of a robots.txt, which `ask` gets; a refusal where nothing may be fetched now."""
        page = self._pages.setdefault((address, allow_private), _Page())
        async with page.lock:
            if (now := self._clock()) < page.until:
                left = (page.until - now).total_seconds()
                return page.rules if isinstance(page.rules, Rules) else replace(page.rules, retry_after=left)
            answer = await ask()
            if isinstance(answer, Postponed):
                return answer
            page.rules = answer if isinstance(answer, Refused) else await _judge(answer, self._clock())
            failed = isinstance(page.rules, Refused)
            page.until = self._clock() + (min(FAILURE_KEPT * 2**page.failures, MAX_FAILURE_KEPT) if failed else KEPT)
            page.failures = min(page.failures + 1, 10) if failed else 0
            return page.rules


async def _judge(answer: Answer, now: datetime) -> Rules | Refused:
    """The origin's rules; none where it has none; a refusal where RFC 9309 takes it to forbid everything."""
    if answer.is_success:
        if len(answer.content) <= robots.LARGE_BYTES:
            return robots.read_rules(answer.content)
        # A hostile one takes seconds, which the answers of other hosts would wait for.
        return await asyncio.to_thread(robots.read_rules, answer.content)
    # A server that is being asked too much has not said that it has no rules.
    if answer.is_client_error and answer.status != HTTPStatus.TOO_MANY_REQUESTS:
        return Rules()
    return refusal_by_server(answer, now, " to robots.txt, without which nothing may be fetched")
