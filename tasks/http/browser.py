"""A headless Chromium that shows pages, and reaches no network itself: the fetcher gets whatever a page asks for."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import time
from collections.abc import Awaitable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

from config.errors import ConfigError

if TYPE_CHECKING:
    from playwright.async_api import Browser, BrowserContext, Page, Playwright, Route

    from config.settings import Settings

# The names that the packages of systems give the program on the PATH.
PROGRAMS: Final = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
MAX_PAGES: Final = 4  # shown at the same time; each costs some 100 MB
MAX_REQUESTS: Final = 200  # of one page, for scripts and data
# A page is ready when it has asked for nothing, and its text has not changed, for so long.
QUIET_SECONDS: Final = 0.5
MAX_BUSY_SECONDS: Final = 10.0  # after which a page that is never quiet, such as a ticker, is read as it is
_CURE: Final = "on Debian 'apt-get install chromium' installs it; the setting `browser` names another place"
_START_CURE: Final = "'chromium --headless --dump-dom about:blank' shows why"
_POLL_SECONDS: Final = 0.1
_MAX_CLOSING_SECONDS: Final = 3.0
# All else is no part of a page's text. Scripts may wait for styles: they get empty ones.
_FETCHED_TYPES: Final = frozenset({"script", "xhr", "fetch"})
_OFFLINE: Final = (
    # What is not asked of the fetcher fails: no name and no address is ever resolved, and the proxy is one of these.
    "--host-resolver-rules=MAP * ~NOTFOUND",
    "--proxy-server=http://nowhere.invalid:1",
    "--proxy-bypass-list=<-loopback>",
    "--force-webrtc-ip-handling-policy=disable_non_proxied_udp",
    "--webrtc-ip-handling-policy=disable_non_proxied_udp",
)
_IS_PARSED: Final = "document.readyState !== 'loading'"
_TEXT_LENGTH: Final = "document.documentElement ? document.documentElement.textContent.length : 0"


class BrowserError(Exception):
    """Chromium could not be started, or could not show a page; the text says why."""


class TooManyCharactersError(Exception):
    """The page, as it is shown, is larger than its limit."""


@dataclass(frozen=True, slots=True)
class BrowserRequest:
    """What a page asks for."""

    url: str
    headers: dict[str, str]  # names in lower case
    is_page: bool  # in place of the one that is shown, as by a link that a script follows
    cookies: dict[str, str]  # for the address: those that responses or scripts have set here


@dataclass(frozen=True, slots=True)
class BrowserResponse:
    """A response for the browser, decoded."""

    url: str  # that gave it, after redirects
    status: int
    headers: dict[str, str]
    content: bytes


_EMPTY_STYLES: Final = BrowserResponse("", 200, {"content-type": "text/css", "access-control-allow-origin": "*"}, b"")


class Respond(Protocol):
    """Gets what a page asks for."""

    def __call__(self, request: BrowserRequest, /) -> Awaitable[BrowserResponse | None]:
        """Return the response; None to let the request fail."""


def require_browser(settings: Settings) -> str:
    """Return the path of Chromium. Raises `ConfigError` if it or the package that drives it is not installed."""
    if find_spec("playwright") is None:
        raise ConfigError("render = true needs the extra `browser`: pip install '.[browser]'")
    names = (str(Path(settings.browser).expanduser()),) if settings.browser else PROGRAMS
    path = next(filter(None, map(shutil.which, names)), None)
    if path is None and settings.browser:
        raise ConfigError(f"render = true needs Chromium, and the setting `browser` names no program: {names[0]}")
    if path is None:
        raise ConfigError(f"render = true needs Chromium, which is not installed; {_CURE}")
    return path


class HeadlessBrowser:
    """One Chromium, started when it is first needed; each page has cookies and storage of its own."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._starting = asyncio.Lock()
        self._pages = asyncio.Semaphore(MAX_PAGES)
        self._driver: Playwright | None = None
        self._browser: Browser | None = None

    async def show(
        self, url: str, page: BrowserResponse, respond: Respond, *, user_agent: str, seconds: float, max_characters: int
    ) -> str:
        """Show a page that was fetched from a URL; return its HTML once it is ready.

        Raises `BrowserError`, `TimeoutError` after `seconds`, and `TooManyCharactersError`.
        """
        async with self._pages:
            deadline = time.monotonic() + seconds
            browser = await self._started()
            context: BrowserContext | None = None
            from playwright.async_api import Error

            try:
                async with asyncio.timeout(seconds):
                    context = await browser.new_context(
                        user_agent=user_agent, service_workers="block", accept_downloads=False
                    )
                    return await _Visit(context, {url: page}, respond, deadline).show(url, max_characters)
            except Error as error:
                raise BrowserError(f"the browser could not show the page: {_first_line(error)}") from None
            finally:
                if context is not None:
                    await self._close(context)

    async def aclose(self) -> None:
        """End the browser."""
        browser, driver = self._browser, self._driver
        self._browser = self._driver = None
        with contextlib.suppress(Exception):  # it has ended already
            if browser is not None:
                await asyncio.wait_for(browser.close(), _MAX_CLOSING_SECONDS)
        with contextlib.suppress(Exception):
            if driver is not None:
                await asyncio.wait_for(driver.stop(), _MAX_CLOSING_SECONDS)

    async def _started(self) -> Browser:
        async with self._starting:
            if self._browser is None or not self._browser.is_connected():
                await self.aclose()
                self._browser = await self._start()
            return self._browser

    async def _start(self) -> Browser:
        from playwright.async_api import Error, async_playwright

        try:
            program = require_browser(self._settings)
            self._driver = await async_playwright().start()
            return await self._driver.chromium.launch(
                executable_path=program,
                # Chromium has no sandbox for root, and does not start without saying so.
                chromium_sandbox=os.geteuid() != 0,
                args=list(_OFFLINE),
                handle_sigint=False,
                handle_sigterm=False,
                handle_sighup=False,
            )
        except (ConfigError, Error, OSError) as error:
            raise BrowserError(f"Chromium did not start: {_first_line(error)}; {_START_CURE}") from None

    async def _close(self, context: BrowserContext) -> None:
        try:
            await asyncio.wait_for(context.close(), _MAX_CLOSING_SECONDS)
        except Exception:  # noqa: BLE001  a page whose script never ends holds it up, or the browser is gone
            await self.aclose()


class _Visit:
    """One page while it is shown."""

    def __init__(
        self, context: BrowserContext, pages: dict[str, BrowserResponse], respond: Respond, deadline: float
    ) -> None:
        self._context = context
        self._pages = pages  # those that were fetched before the browser asks for them
        self._respond = respond
        self._deadline = deadline
        self._requests = 0
        self._under_way = 0
        self._last_activity = time.monotonic()

    async def show(self, url: str, max_characters: int) -> str:
        await self._context.route("**/*", self._handle)
        page = await self._context.new_page()
        # Windows that a page opens are closed: nobody reads them.
        self._context.on("page", lambda other: asyncio.ensure_future(other.close()))
        await page.goto(url, wait_until="commit", timeout=0)
        # Not for the event of it: where a script opens an app, as by `mailto:`, the driver never hears of that.
        await page.wait_for_function(_IS_PARSED, timeout=0)
        await self._until_quiet(page)
        if await page.evaluate(_TEXT_LENGTH) > max_characters:
            raise TooManyCharactersError
        html = await page.content()
        if len(html) > max_characters:
            raise TooManyCharactersError
        return html

    async def _until_quiet(self, page: Page) -> None:
        from playwright.async_api import Error

        began = time.monotonic()
        until = began + min(MAX_BUSY_SECONDS, (self._deadline - began) / 2)
        length = -1
        while time.monotonic() < until:
            try:
                length, before = await page.evaluate(_TEXT_LENGTH), length
            except Error:  # another page is about to take its place
                before = -1
            now = time.monotonic()
            if self._under_way or length != before:
                self._last_activity = now
            if now - self._last_activity >= QUIET_SECONDS:
                return
            await asyncio.sleep(_POLL_SECONDS)

    async def _handle(self, route: Route) -> None:
        from playwright.async_api import Error

        self._under_way += 1
        try:
            response = await self._respond_to(route)
            # The page may have been closed meanwhile.
            with contextlib.suppress(Error):
                if response is None:
                    await route.abort("blockedbyclient")
                else:
                    await route.fulfill(status=response.status, headers=response.headers, body=response.content)
        finally:
            self._under_way -= 1
            self._last_activity = time.monotonic()

    async def _respond_to(self, route: Route) -> BrowserResponse | None:
        request = route.request
        url = request.url.partition("#")[0]
        is_page = request.is_navigation_request() and request.frame.parent_frame is None
        if is_page and url in self._pages:
            return self._pages.pop(url)
        if request.resource_type == "stylesheet":
            return _EMPTY_STYLES
        self._requests += 1
        is_fetched = is_page or request.resource_type in _FETCHED_TYPES
        if not is_fetched or request.method != "GET" or self._requests > MAX_REQUESTS:
            return None
        cookies = {cookie["name"]: cookie["value"] for cookie in await self._context.cookies(url)}
        response = await self._respond(BrowserRequest(url, request.headers, is_page, cookies))
        if response is None or response.url == url or not is_page:
            return response
        # It came by a redirect. The page would resolve its relative links by the address asked.
        self._pages[response.url] = response
        script = f"<script>location.replace({json.dumps(response.url).replace('<', '%3C')})</script>"
        return BrowserResponse(url, 200, {"content-type": "text/html; charset=utf-8"}, script.encode())


def _first_line(error: Exception) -> str:
    """Return the first line of an error's text, without the addresses that Chromium adds."""
    return str(error).partition("\n")[0].partition(" at http")[0][:200]
