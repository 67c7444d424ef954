"""Show a page in a browser, and read what its scripts made of it; all that it asks for is fetched as any URL is."""

from __future__ import annotations

import logging
import time
from collections.abc import Awaitable
from dataclasses import dataclass, field, replace
from typing import Final, Protocol

import httpx

from config.settings import Settings
from tasks.http.browser import BrowserError, BrowserRequest, BrowserResponse, HeadlessBrowser, TooManyCharactersError
from tasks.http.client import Request
from tasks.http.content_coding import TooLargeError
from tasks.http.response import Postponed, Refused, Response, refusal_of_error
from warehouse.model.records import Exchange
from warehouse.model.vocabulary import Reason

log: Final = logging.getLogger("copydesk")

RENDERED_BY: Final = "X-Rendered-By"  # header of an archived answer whose content is the page as it was shown
_PAGE_TYPES: Final = frozenset({"", "text/html", "application/xhtml+xml"})
# They describe the bytes as they came, or would make a download of the page.
_HEADERS_OF_BYTES: Final = frozenset(
    "content-encoding content-length transfer-encoding connection content-disposition content-type etag"
    " last-modified".split()
)
_OWN_HEADERS: Final = frozenset(
    "host user-agent accept accept-encoding accept-language cookie connection range te upgrade pragma cache-control"
    " upgrade-insecure-requests transfer-encoding".split()
)
_OWN_PREFIXES: Final = ("sec-", "proxy-", "if-", "content-")


class Follow(Protocol):
    """Follows a URL to its document, in its host's turn and by the rules of addresses and of robots.txt."""

    def __call__(
        self,
        request: Request,
        exchanges: list[Exchange],
        cookies: httpx.Cookies,
        redirects: int,
        *,
        is_part: bool = False,
    ) -> Awaitable[Response | Refused | Postponed]:
        """Return the last response, or why there is none."""


def is_page(response: Response) -> bool:
    """Return whether a response is an HTML page."""
    return response.is_success and _media_type(response) in _PAGE_TYPES and b"<" in response.content


def _media_type(response: Response) -> str:
    content_type: str = response.headers.get("content-type", "")
    return content_type.partition(";")[0].strip().lower()


@dataclass(slots=True)
class RenderedVisit:
    """One visit of a page in a browser. The exchanges of its documents are kept, those of its parts are not."""

    request: Request
    exchanges: list[Exchange]
    cookies: httpx.Cookies
    follow: Follow
    settings: Settings
    _pages: list[Response] = field(default_factory=list)
    # The response to which a script led, and which is no page.
    _end: Response | Refused | Postponed | None = None
    _deadline: float = 0.0
    _part_bytes: int = 0

    async def render(
        self, response: Response, browser: HeadlessBrowser, user_agent: str
    ) -> Response | Refused | Postponed:
        """Return the response with the page as its scripts leave it, encoded as UTF-8, or why there is none."""
        max_bytes = self.settings.max_document_bytes if self.request.max_bytes is None else self.request.max_bytes
        seconds = self.request.seconds or self.settings.fetch_seconds
        self._deadline = time.monotonic() + seconds
        self._pages = [response]
        host = response.url.host
        try:
            html = await browser.show(
                str(response.url),
                _browser_response(response),
                self._respond_to,
                user_agent=user_agent,
                seconds=seconds,
                max_characters=max_bytes,
            )
        except TooManyCharactersError:
            return refusal_of_error(TooLargeError(), host, self.settings, max_bytes, seconds)
        except TimeoutError as error:
            return refusal_of_error(error, host, self.settings, max_bytes, seconds)
        except BrowserError as error:
            return self._end or Refused(Reason.FETCH_FAILED, f"{host}: {error}")
        return self._end or self._rendered(html.encode("utf-8", "replace"))

    def _rendered(self, content: bytes) -> Response:
        first, last = self._pages[0], self._pages[-1]
        headers = [(name, value) for name, value in last.headers.multi_items() if name.lower() not in _HEADERS_OF_BYTES]
        headers += [("Content-Type", "text/html; charset=utf-8"), (RENDERED_BY, "Chromium")]
        exchange = self.exchanges[-1]
        kept_headers = tuple((name, value) for name, value in exchange.headers if name.lower() not in _HEADERS_OF_BYTES)
        self.exchanges[-1] = replace(exchange, headers=(*kept_headers, *headers[-2:]), content=content)
        passed = [address for page in self._pages for address in (*page.redirects, str(page.url))][:-1]
        return replace(
            last,
            headers=httpx.Headers(headers),
            content=content,
            redirects=tuple(passed),
            moved_to=first.moved_to if last is first else None,
        )

    async def _respond_to(self, request: BrowserRequest) -> BrowserResponse | None:
        try:
            return await (self._page(request) if request.is_page else self._part(request))
        except Exception as error:  # one part must never end a page
            log.debug("a part of a page could not be fetched", exc_info=error)
            return None

    async def _page(self, request: BrowserRequest) -> BrowserResponse | None:
        """Fetch the page to which a script leads on, as a redirect."""
        if len(self._pages) > self.settings.max_redirects:
            host = self._pages[0].url.host
            self._end = Refused(Reason.FETCH_FAILED, f"{host}: more than {self.settings.max_redirects} redirects")
            return None
        self._add_cookies(request)
        page_request = replace(self.request, url=request.url, seconds=self._deadline - time.monotonic())
        response = await self.follow(page_request, self.exchanges, self.cookies, self.settings.max_redirects)
        if not (isinstance(response, Response) and is_page(response)):
            self._end = response
            return None
        self._pages.append(response)
        return _browser_response(response)

    async def _part(self, request: BrowserRequest) -> BrowserResponse | None:
        """Fetch a script, or data that a script asks for, with none of the waits that are between pages."""
        self._add_cookies(request)
        part_request = replace(
            self.request,
            url=request.url,
            delay=0.0,
            max_bytes=max(0, self.settings.max_document_bytes - self._part_bytes),
            seconds=self._deadline - time.monotonic(),
            accept=request.headers.get("accept", "*/*"),
            headers=_sent_by_scripts(request.headers),
        )
        response = await self.follow(part_request, [], self.cookies, self.settings.max_redirects, is_part=True)
        if not isinstance(response, Response):
            return None
        self._part_bytes += len(response.content)
        return _browser_response(response)

    def _add_cookies(self, request: BrowserRequest) -> None:
        """Take over the cookies that scripts have set."""
        known = {cookie.name for cookie in self.cookies.jar}
        host = httpx.URL(request.url).host
        for name in request.cookies.keys() - known:
            self.cookies.set(name, request.cookies[name], domain=host)


def _browser_response(response: Response) -> BrowserResponse:
    headers = {name: value for name, value in response.headers.items() if name.lower() not in _HEADERS_OF_BYTES}
    if cookies := response.headers.get_list("set-cookie"):
        headers["set-cookie"] = "\n".join(cookies)
    if content_type := response.headers.get("content-type"):
        headers["content-type"] = content_type
    return BrowserResponse(str(response.url), response.status, headers, response.content)


def _sent_by_scripts(headers: dict[str, str]) -> tuple[tuple[str, str], ...]:
    """Return the headers that belong to a script's own request; the others are sent as for any page."""
    return tuple(
        (name, value)
        for name, value in headers.items()
        if name not in _OWN_HEADERS and not name.startswith(_OWN_PREFIXES) and value.isascii() and value.isprintable()
    )
