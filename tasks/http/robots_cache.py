"""The rules of each origin, asked for once and kept for a day."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Final

from tasks.http import robots
from tasks.http.response import Answer, Postponed, Refused, refusal_by_server
from tasks.http.robots import Rules
from warehouse.model.vocabulary import Reason

KEPT: Final = timedelta(hours=24)
"""Source: RFC 9309, section 2.4."""
FAILURE_KEPT: Final = timedelta(minutes=1)
"""How long nothing is asked of an origin that could not give its rules; twice as long each time in a row."""
MAX_FAILURE_KEPT: Final = timedelta(hours=1)
MOST_KEPT: Final = 2_000
"""Origins, beyond which those whose time is over are forgotten."""

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
        page = self._page((address, allow_private))
        async with page.lock:
            if self._clock() < page.until:
                return self._given(page)
            answer = await ask()
            if isinstance(answer, Postponed):
                return answer
            rules = answer if isinstance(answer, Refused) else await _judge(answer, self._clock())
            if isinstance(rules, Refused):
                kept = min(FAILURE_KEPT * 2**page.failures, MAX_FAILURE_KEPT)
                page.until = self._clock() + max(kept, timedelta(seconds=rules.retry_after or 0.0))
                page.failures = min(page.failures + 1, 10)
            else:
                page.until, page.failures = self._clock() + KEPT, 0
            page.rules = rules
            return self._given(page)

    def _page(self, key: tuple[str, bool]) -> _Page:
        if key not in self._pages and len(self._pages) >= MOST_KEPT:
            now = self._clock()
            self._pages = {old: page for old, page in self._pages.items() if now < page.until or page.lock.locked()}
        return self._pages.setdefault(key, _Page())

    def _given(self, page: _Page) -> Rules | Refused:
        if isinstance(page.rules, Rules):
            return page.rules
        # An address that may not be asked for stays so; the others will have their rules one day.
        passes = page.rules.reason is not Reason.DISALLOWED
        left = (page.until - self._clock()).total_seconds()
        return replace(page.rules, retry_after=left if passes else None, asked=False)


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
