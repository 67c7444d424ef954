"""Follow a URL to its document: each redirect is checked, allowed by robots.txt, and waits for its host's turn."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Final

import httpx

from config.settings import Settings
from tasks.http import robots
from tasks.http.access import Access
from tasks.http.address_policy import authority, read_url
from tasks.http.browser import HeadlessBrowser
from tasks.http.client import Attempt, Client, Request, ResponseLimits
from tasks.http.page_redirect import page_redirect
from tasks.http.render import RenderedVisit, is_page
from tasks.http.response import FetchResult, Postponed, Refused, Response, interpret, refusal_of_error
from tasks.http.retries import send_with_retries
from tasks.http.robots import Rules
from tasks.http.robots_cache import RobotsCache
from tasks.http.throttle import HostBlockedError, HostThrottle, Sleep
from warehouse.model.records import Exchange
from warehouse.model.vocabulary import Reason

log: Final = logging.getLogger("copydesk")

_ACCEPT_ROBOTS: Final = "text/plain, */*;q=0.8"


class RedirectFollower:
    """Makes the requests that one URL takes, in order; all URLs share a `HostThrottle` and a `RobotsCache`."""

    def __init__(
        self,
        settings: Settings,
        client: Client,
        throttle: HostThrottle,
        clock: Callable[[], datetime],
        sleep: Sleep,
        browser: HeadlessBrowser,
    ) -> None:
        self._settings = settings
        self._client = client
        self._throttle = throttle
        self._clock = clock
        self._sleep = sleep
        self._robots_cache = RobotsCache(clock)
        self._browser = browser

    async def fetch(self, request: Request) -> FetchResult:
        """Return the document, or why there is none, with all exchanges.

        `Request.seconds` bounds the time in which names are looked up, connections made and responses read, for all
        redirects together; robots.txt of each origin has as long again. Waits for a host's turn do not count, nor
        does an attempt that failed for the next. Never raises but when it is cancelled.
        """
        exchanges: list[Exchange] = []
        result: FetchResult
        try:
            # Some sites send each visitor through a page that sets a cookie; the next visit begins without.
            cookies = request.access.new_jar()
            last = await self._follow(request, exchanges, cookies, self._settings.max_redirects)
            if request.render and isinstance(last, Response) and is_page(last):
                visit = RenderedVisit(request, exchanges, cookies, self._follow, self._settings)
                last = await visit.render(last, self._browser, self._client.user_agent(request.access))
            if isinstance(last, Response):
                result = interpret(last, self._clock(), conditional=request.conditional)
            else:
                result = last
        except Exception as error:  # noqa: BLE001  one page must never end a run
            result = _unforeseen(error, request)
        return replace(result, exchanges=tuple(exchanges))

    async def rules(self, request: Request) -> Rules | Refused | Postponed:
        """Return the robots.txt rules of a URL's origin. Never raises but when it is cancelled."""
        exchanges: list[Exchange] = []
        rules: Rules | Refused | Postponed
        try:
            url = read_url(request.url)
            if isinstance(url, str):
                return Refused(Reason.DISALLOWED, url, was_requested=False)
            rules = await self._rules(url, request, exchanges)
        except Exception as error:  # noqa: BLE001  one page must never end a run
            rules = replace(_unforeseen(error, request), was_requested=False)
        return replace(rules, exchanges=tuple(exchanges))

    def robots_flaw(self, request: Request) -> str | None:
        """Return a sentence on a URL's host if what it gave as its robots.txt, when it was asked, is none."""
        url = read_url(request.url)
        if isinstance(url, str) or self._robots_cache.is_readable(
            _robots_url(url), allow_private=request.allow_private
        ):
            return None
        return f"{url.host}: what it sends as its robots.txt is none, and was taken to have no rules."

    async def _follow(
        self,
        request: Request,
        exchanges: list[Exchange],
        cookies: httpx.Cookies,
        redirects: int,
        *,
        for_robots: bool = False,
        is_part: bool = False,
    ) -> Response | Refused | Postponed:
        """Follow a URL; a part of a page that is shown comes within the turn of its page."""
        passed: list[httpx.URL] = []
        target, seconds_left, is_permanent = request.url, request.seconds or self._settings.fetch_seconds, True
        while len(passed) <= redirects:
            url = read_url(target, passed[-1] if passed else None)
            if isinstance(url, str):
                detail = f"{passed[-1].host}: redirects us, but {url}" if passed else url
                return Refused(Reason.DISALLOWED, detail, was_requested=bool(passed))
            rules = Rules() if for_robots else await self._permission(url, request, exchanges)
            if not isinstance(rules, Rules):
                return replace(rules, was_requested=bool(passed)) if isinstance(rules, Refused) else rules
            delay = request.delay if is_part else max(request.delay, rules.crawl_delay or 0.0)
            paced = replace(request, delay=delay, cookies=_cookie_header(cookies, url, request.access))
            attempt = await self._send(url, paced, exchanges, seconds_left, truncate=for_robots)
            if not isinstance(attempt, Attempt):
                return attempt
            if not isinstance(response := attempt.result, Response):
                return response
            cookies.extract_cookies(
                httpx.Response(response.status, headers=response.headers, request=httpx.Request("GET", url))
            )
            location = response.location or (None if for_robots or is_part else _page_location(response, url, passed))
            if location is None:
                moved_to = str(url) if passed and is_permanent else None
                return replace(response, redirects=tuple(map(str, passed)), moved_to=moved_to)
            target, seconds_left = location, seconds_left - attempt.seconds
            is_permanent = is_permanent and response.is_permanent_redirect
            passed.append(url)
        return Refused(Reason.FETCH_FAILED, f"{passed[0].host}: more than {redirects} redirects")

    async def _permission(
        self, url: httpx.URL, request: Request, exchanges: list[Exchange]
    ) -> Rules | Refused | Postponed:
        """Return the rules that let us fetch a URL, or count and return the reason against it."""
        rules = await self._rules(url, request, exchanges)
        if isinstance(rules, Rules) and not await _allowed(rules, str(url)):
            rules = Refused(Reason.DISALLOWED, f"{url.host}: robots.txt does not let {robots.TOKEN} fetch this address")
        if isinstance(rules, Refused):
            self._throttle.count(forbidden=1)
        return rules

    async def _rules(self, url: httpx.URL, request: Request, exchanges: list[Exchange]) -> Rules | Refused | Postponed:
        robots_url = _robots_url(url)
        robots_request = Request(
            robots_url,
            request.delay,
            request.allow_private,
            max_bytes=robots.MAX_BYTES,
            accept=_ACCEPT_ROBOTS,
            access=request.access,
        )
        return await self._robots_cache.look_up(
            robots_url,
            lambda: self._follow(
                robots_request, exchanges, request.access.new_jar(), robots.MAX_REDIRECTS, for_robots=True
            ),
            allow_private=request.allow_private,
        )

    async def _send(
        self, url: httpx.URL, request: Request, exchanges: list[Exchange], seconds_left: float, *, truncate: bool
    ) -> Attempt | Refused | Postponed:
        """Send one request, with as many attempts as it takes, each in its host's turn; return the last attempt."""
        limit = self._settings.max_document_bytes if request.max_bytes is None else request.max_bytes
        host = authority(url)
        if seconds_left <= 0:
            seconds = request.seconds or self._settings.fetch_seconds
            return refusal_of_error(TimeoutError(), url.host, self._settings, limit, seconds)

        async def send() -> Attempt:
            async with self._throttle.turn(host, request.delay) as on_sent:
                limits = ResponseLimits(time.monotonic() + seconds_left, limit, truncate=truncate)
                attempt = await self._client.send(url, request, limits, on_sent)
                exchanges.append(attempt.exchange)
                if isinstance(attempt.result, Response):
                    await self._obey(host, attempt.result)
                return attempt

        try:
            return await send_with_retries(send, self._settings, self._sleep)
        except HostBlockedError as blocked:
            self._throttle.count(postponed=1)
            until = datetime.fromtimestamp(blocked.until, UTC)
            return Postponed(until, f"{url.host}: asks to be left alone until {until:%Y-%m-%d %H:%M:%S} UTC")

    async def _obey(self, host: str, response: Response) -> None:
        wait, status = response.retry_after(self._clock()), response.status
        if status == HTTPStatus.TOO_MANY_REQUESTS or (status == HTTPStatus.SERVICE_UNAVAILABLE and wait):
            await self._throttle.block(host, wait)
        else:
            await self._throttle.clear_refusals(host)


def _robots_url(url: httpx.URL) -> str:
    return f"{url.scheme}://{url.netloc.decode('ascii')}/robots.txt"


def _cookie_header(cookies: httpx.Cookies, url: httpx.URL, access: Access) -> str | None:
    request = httpx.Request("GET", url)
    cookies.set_cookie_header(request)
    own = access.cookies if access.covers(url) else None
    return "; ".join(filter(None, [own, request.headers.get("cookie")])) or None


def _page_location(response: Response, url: httpx.URL, passed: Sequence[httpx.URL]) -> str | None:
    """Return the address to which the page itself leads on; None if that is where we are or have been."""
    if not response.is_success or (location := page_redirect(response.content)) is None:
        return None
    target = read_url(location, url)
    return location if isinstance(target, httpx.URL) and target not in {url, *passed} else None


def _unforeseen(error: Exception, request: Request) -> Refused:
    log.debug("an address could not be fetched", exc_info=error)
    host = "the address"
    with contextlib.suppress(Exception):
        host = httpx.URL(request.url).host or host
    return Refused(
        Reason.FETCH_FAILED, f"{host}: {type(error).__name__}: an error that was not foreseen ended the request"
    )


async def _allowed(rules: Rules, url: str) -> bool:
    # Thousands of rules of wildcards take half a second, which the responses of other hosts would wait for.
    return await asyncio.to_thread(rules.allows, url) if rules.large else rules.allows(url)
