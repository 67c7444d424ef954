"""Cache the robots.txt rules of each origin for a day."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Final

from tasks.http import robots
from tasks.http.response import Postponed, Refused, Response, refusal_of_response
from tasks.http.robots import Rules
from warehouse.model.vocabulary import Reason

RULES_AGE: Final = timedelta(hours=24)  # source: RFC 9309, section 2.4
# How long nothing is requested of an origin that could not give its rules; twice as long each time in a row.
FAILURE_AGE: Final = timedelta(minutes=1)
MAX_FAILURE_AGE: Final = timedelta(hours=1)
MAX_FAILURES: Final = 10
MAX_ORIGINS: Final = 2_000  # with more, expired ones are dropped

_NEVER: Final = datetime.min.replace(tzinfo=UTC)

FetchRobots = Callable[[], Awaitable[Response | Refused | Postponed]]


@dataclass(eq=False, slots=True)
class _CachedRules:
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    rules: Rules | Refused = field(default_factory=Rules)
    until: datetime = _NEVER
    failures: int = 0


class RobotsCache:
    """The rules of each origin, for one process; who needs rules that are just being requested waits for them."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._entries: dict[tuple[str, bool], _CachedRules] = {}

    async def look_up(self, url: str, fetch: FetchRobots, *, allow_private: bool) -> Rules | Refused | Postponed:
        """Return the rules of a robots.txt URL, by `fetch` if not cached; a refusal if nothing may be fetched now."""
        entry = self._entry((url, allow_private))
        async with entry.lock:
            if self._clock() < entry.until:
                return self._current(entry)
            response = await fetch()
            if isinstance(response, Postponed):
                return response
            rules = response if isinstance(response, Refused) else await _interpret(response, self._clock())
            if isinstance(rules, Refused):
                wait = min(FAILURE_AGE * 2**entry.failures, MAX_FAILURE_AGE)
                entry.until = self._clock() + max(wait, timedelta(seconds=rules.retry_after or 0.0))
                entry.failures = min(entry.failures + 1, MAX_FAILURES)
            else:
                entry.until, entry.failures = self._clock() + RULES_AGE, 0
            entry.rules = rules
            return self._current(entry)

    def is_readable(self, url: str, *, allow_private: bool) -> bool:
        """Return whether a robots.txt that was looked up has the form of one; true for one that does not exist."""
        entry = self._entries.get((url, allow_private))
        return entry is None or not isinstance(entry.rules, Rules) or entry.rules.is_readable

    def _entry(self, key: tuple[str, bool]) -> _CachedRules:
        if key not in self._entries and len(self._entries) >= MAX_ORIGINS:
            now = self._clock()
            self._entries = {
                old: entry for old, entry in self._entries.items() if now < entry.until or entry.lock.locked()
            }
        return self._entries.setdefault(key, _CachedRules())

    def _current(self, entry: _CachedRules) -> Rules | Refused:
        if isinstance(entry.rules, Rules):
            return entry.rules
        # An address that may not be fetched stays so; the other failures pass one day.
        passes = entry.rules.reason is not Reason.DISALLOWED
        seconds = (entry.until - self._clock()).total_seconds()
        return replace(entry.rules, retry_after=seconds if passes else None, was_requested=False)


async def _interpret(response: Response, now: datetime) -> Rules | Refused:
    """Return the origin's rules, empty if it has none; a refusal if RFC 9309 takes it to forbid everything."""
    if response.is_success:
        if len(response.content) <= robots.LARGE_BYTES:
            return robots.read_rules(response.content)
        # A hostile one takes seconds, which the responses of other hosts would wait for.
        return await asyncio.to_thread(robots.read_rules, response.content)
    # 429 does not mean that there are no rules.
    if response.is_client_error and response.status != HTTPStatus.TOO_MANY_REQUESTS:
        return Rules()
    return refusal_of_response(response, now, " to robots.txt, without which nothing may be fetched")
