"""From an address to its document: each redirect checked, allowed by robots.txt, in its host's turn."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Final

import httpx

from config.settings import Settings
from tasks.http import robots
from tasks.http.address_policy import authority, read_url
from tasks.http.client import Attempt, Bounds, Client, Request
from tasks.http.response import Answer, FetchResult, Postponed, Refused, judge, refusal_for
from tasks.http.retries import send_with_retries
from tasks.http.robots import Rules
from tasks.http.robots_cache import Rulebook
from tasks.http.throttle import HostBlockedError, Sleep, Turns
from warehouse.model.records import Exchange
from warehouse.model.vocabulary import Reason

log: Final = logging.getLogger("copydesk")

_ROBOTS: Final = "text/plain, */*;q=0.8"


class Visitor:
    """Makes the requests that one address takes, in order; what visits share is in `Turns` and `Rulebook`."""

    def __init__(
        self, settings: Settings, client: Client, turns: Turns, clock: Callable[[], datetime], sleep: Sleep
    ) -> None:
        self._settings = settings
        self._client = client
        self._turns = turns
        self._clock = clock
        self._sleep = sleep
        self._rulebook = Rulebook(clock)

    async def visit(self, request: Request) -> FetchResult:
        """The document, or why there is none, with all that was said.

        `Request.seconds` bounds the time in which names are looked up, connections made and answers read, for all
        redirects together; robots.txt of each origin has as long again. Waits for a host's turn do not count, nor
        does an attempt that failed for the next. Never raises but for its own end.
        """
        exchanges: list[Exchange] = []
        outcome: FetchResult
        try:
            got = await self._follow(request, exchanges, self._settings.max_redirects)
            outcome = judge(got, self._clock(), conditional=request.conditional) if isinstance(got, Answer) else got
        except Exception as error:  # noqa: BLE001  one page must never end a run
            outcome = _unforeseen(error, request)
        return replace(outcome, exchanges=tuple(exchanges))

    async def rules(self, request: Request) -> Rules | Refused | Postponed:
        """The rules of an address's origin. Never raises but for its own end."""
        exchanges: list[Exchange] = []
        rules: Rules | Refused | Postponed
        try:
            url = read_url(request.url)
            if isinstance(url, str):
                return Refused(Reason.DISALLOWED, url, asked=False)
            rules = await self._rules(url, request, exchanges)
        except Exception as error:  # noqa: BLE001  one page must never end a run
            rules = replace(_unforeseen(error, request), asked=False)
        return replace(rules, exchanges=tuple(exchanges))

    async def _follow(
        self, request: Request, exchanges: list[Exchange], redirects: int, *, for_robots: bool = False
    ) -> Answer | Refused | Postponed:
        passed: list[httpx.URL] = []
        printed, left, for_good = request.url, request.seconds or self._settings.fetch_seconds, True
        while len(passed) <= redirects:
            url = read_url(printed, passed[-1] if passed else None)
            if isinstance(url, str):
                detail = f"{passed[-1].host}: redirects us, but {url}" if passed else url
                return Refused(Reason.DISALLOWED, detail, asked=bool(passed))
            rules = Rules() if for_robots else await self._permission(url, request, exchanges)
            if not isinstance(rules, Rules):
                return replace(rules, asked=bool(passed)) if isinstance(rules, Refused) else rules
            paced = replace(request, delay=max(request.delay, rules.crawl_delay or 0.0))
            reply = await self._ask(url, paced, exchanges, left, cut=for_robots)
            if not isinstance(reply, Attempt):
                return reply
            if not isinstance(answer := reply.result, Answer):
                return answer
            if answer.location is None:
                moved_to = str(url) if passed and for_good else None
                return replace(answer, redirects=tuple(map(str, passed)), moved_to=moved_to)
            printed, left, for_good = answer.location, left - reply.seconds, for_good and answer.moves_for_good
            passed.append(url)
        return Refused(Reason.FETCH_FAILED, f"{passed[0].host}: more than {redirects} redirects")

    async def _permission(
        self, url: httpx.URL, request: Request, exchanges: list[Exchange]
    ) -> Rules | Refused | Postponed:
        """The rules that let us fetch a URL; else why it is left alone, which is counted."""
        rules = await self._rules(url, request, exchanges)
        if isinstance(rules, Rules) and not await _allowed(rules, str(url)):
            rules = Refused(Reason.DISALLOWED, f"{url.host}: robots.txt does not let {robots.TOKEN} fetch this address")
        if isinstance(rules, Refused):
            self._turns.count(forbidden=1)
        return rules

    async def _rules(self, url: httpx.URL, request: Request, exchanges: list[Exchange]) -> Rules | Refused | Postponed:
        address = f"{url.scheme}://{url.netloc.decode('ascii')}/robots.txt"
        asked = Request(address, request.delay, request.allow_private, max_bytes=robots.MAX_BYTES, accept=_ROBOTS)
        return await self._rulebook.look_up(
            address,
            lambda: self._follow(asked, exchanges, robots.MAX_REDIRECTS, for_robots=True),
            allow_private=request.allow_private,
        )

    async def _ask(
        self, url: httpx.URL, request: Request, exchanges: list[Exchange], left: float, *, cut: bool
    ) -> Attempt | Refused | Postponed:
        """The reply to one request after as many attempts as it takes, each in its turn."""
        limit = self._settings.max_document_bytes if request.max_bytes is None else request.max_bytes
        host = authority(url)
        if left <= 0:
            seconds = request.seconds or self._settings.fetch_seconds
            return refusal_for(TimeoutError(), url.host, self._settings, limit, seconds)

        async def attempt() -> Attempt:
            async with self._turns.turn(host, request.delay) as sent:
                reply = await self._client.ask(url, request, Bounds(time.monotonic() + left, limit, cut=cut), sent)
                exchanges.append(reply.exchange)
                if isinstance(reply.result, Answer):
                    await self._heed(host, reply.result)
                return reply

        try:
            return await send_with_retries(attempt, self._settings, self._sleep)
        except HostBlockedError as blocked:
            self._turns.count(postponed=1)
            until = datetime.fromtimestamp(blocked.until, UTC)
            return Postponed(until, f"{url.host}: asks to be left alone until {until:%Y-%m-%d %H:%M:%S} UTC")

    async def _heed(self, host: str, answer: Answer) -> None:
        wait = answer.retry_after(self._clock())
        if answer.status == HTTPStatus.TOO_MANY_REQUESTS or (answer.status == HTTPStatus.SERVICE_UNAVAILABLE and wait):
            await self._turns.block(host, wait)
        else:
            await self._turns.welcome(host)


def _unforeseen(error: Exception, request: Request) -> Refused:
    log.debug("an address could not be fetched", exc_info=error)
    host = "the address"
    with contextlib.suppress(Exception):
        host = httpx.URL(request.url).host or host
    return Refused(
        Reason.FETCH_FAILED, f"{host}: {type(error).__name__}: an error that was not foreseen ended the request"
    )


async def _allowed(rules: Rules, url: str) -> bool:
    # Thousands of rules of wildcards take half a second, which the answers of other hosts would wait for.
    return await asyncio.to_thread(rules.allows, url) if rules.large else rules.allows(url)
