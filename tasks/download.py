"""Fetch one http or https address safely: public addresses only, robots.txt obeyed, time and size bounded."""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Final

import httpcore
import httpx
from protego import Protego

from config.settings import Settings
from tasks import robots
from tasks.network import PublicNetwork, RefusedAddressError, Resolve, UnknownHostError
from tasks.policy import read_url
from tasks.response import Answer, Downloaded, Refused, judge, refusal_by_server, refusal_for
from tasks.unpack import CODINGS, PackedError, TooLargeError, read_codings, unpack
from warehouse.records import Reason

__all__ = ["Downloaded", "Downloader", "Refused", "download"]

# Many servers drop an idle connection after 5 seconds; one that is dropped while we ask again is a failed fetch.
_IDLE_SECONDS: Final = 2.0
_NOT_IN_AGENT: Final = str.maketrans("", "", "()\\")

_Failure: Final = (
    RefusedAddressError,
    UnknownHostError,
    TooLargeError,
    PackedError,
    httpcore.TimeoutException,
    httpcore.ProtocolError,
    httpcore.NetworkError,
)


def download(
    url: str, settings: Settings, *, allow_private: bool = False, max_bytes: int | None = None
) -> Downloaded | Refused:
    """One address, over a connection of its own; see `Downloader.download`."""
    with Downloader(settings, allow_private=allow_private) as downloader:
        return downloader.download(url, max_bytes)


@dataclass(frozen=True, slots=True)
class _Bounds:
    deadline: float
    """A moment of `time.monotonic()`."""
    bytes: int
    redirects: int
    for_robots: bool = False


class Downloader:
    """Downloads for one run of one source: keeps connections, and asks each origin for its robots.txt once.

    `resolve` answers as `socket.getaddrinfo` does. Proxies and passwords of the environment are never looked at.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        allow_private: bool = False,
        resolve: Resolve = socket.getaddrinfo,
        ssl_context: ssl.SSLContext | None = None,
    ) -> None:
        self._settings = settings
        self._rules: dict[str, Protego | Refused | None] = {}
        self._pool = httpcore.ConnectionPool(
            ssl_context=ssl_context,
            keepalive_expiry=_IDLE_SECONDS,
            network_backend=PublicNetwork(allow_private=allow_private, resolve=resolve),
        )

    def __enter__(self) -> Downloader:
        return self

    def __exit__(self, *exception: object) -> None:
        self._pool.close()

    def download(self, url: str, max_bytes: int | None = None) -> Downloaded | Refused:
        """The document behind an address, at most `max_bytes` (else `max_document_bytes`), or why there is none.

        Redirects are followed, each checked as the first address was. `fetch_seconds` bounds all of it together:
        names, robots.txt, redirects and content. Never sleeps, never tries twice, never raises for what a server does.
        """
        deadline = time.monotonic() + self._settings.fetch_seconds
        limit = self._settings.max_document_bytes if max_bytes is None else max_bytes
        answer = self._follow(url, _Bounds(deadline, limit, self._settings.max_redirects))
        return answer if isinstance(answer, Refused) else judge(answer)

    def _follow(self, printed: str, bounds: _Bounds) -> Answer | Refused:
        passed: list[httpx.URL] = []
        while len(passed) <= bounds.redirects:
            url = read_url(printed, passed[-1] if passed else None)
            if isinstance(url, str):
                return Refused(Reason.DISALLOWED, f"{passed[-1].host}: redirects us, but {url}" if passed else url)
            if not bounds.for_robots and (refused := self._robots_refusal(url, bounds.deadline)):
                return refused
            answer = self._ask(url, bounds)
            if isinstance(answer, Refused):
                return answer
            if answer.location is None:
                return replace(answer, redirects=tuple(str(url) for url in passed))
            printed = answer.location
            passed.append(url)
        return Refused(Reason.FETCH_FAILED, f"{passed[0].host}: more than {bounds.redirects} redirects")

    def _robots_refusal(self, url: httpx.URL, deadline: float) -> Refused | None:
        address = str(url.join("/robots.txt"))
        if address not in self._rules:
            self._rules[address] = self._read_robots(address, deadline)
        rules = self._rules[address]
        if rules is None or isinstance(rules, Refused):
            return rules
        if robots.allows(rules, str(url)):
            return None
        return Refused(Reason.DISALLOWED, f"{url.host}: robots.txt does not let {robots.TOKEN} fetch this address")

    def _read_robots(self, address: str, deadline: float) -> Protego | Refused | None:
        """The origin's rules; None where it has none; a refusal where RFC 9309 takes it to forbid everything."""
        answer = self._follow(address, _Bounds(deadline, robots.MAX_BYTES, robots.MAX_REDIRECTS, for_robots=True))
        if isinstance(answer, Refused):
            return answer
        if answer.is_success:
            return robots.read_rules(answer.content)
        # A server that is being asked too much has not said that it has no rules.
        if answer.is_client_error and answer.status != HTTPStatus.TOO_MANY_REQUESTS:
            return None
        return refusal_by_server(answer, " to robots.txt, without which nothing may be fetched")

    def _ask(self, url: httpx.URL, bounds: _Bounds) -> Answer | Refused:
        target = httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path)
        waits = dict.fromkeys(("connect", "read", "write"), bounds.deadline)
        headers = request_headers(url, self._settings.contact)
        try:
            with self._pool.stream("GET", target, headers=headers, extensions={"timeout": waits}) as response:
                answer = Answer(url, response.status, httpx.Headers(response.headers), b"")
                if not answer.is_success:
                    return answer
                chunks = _until(bounds.deadline, response.iter_stream())
                return replace(answer, content=_read(chunks, answer.headers, bounds))
        except _Failure as error:
            return refusal_for(error, url.host, self._settings, bounds.bytes)


def request_headers(url: httpx.URL, contact: str = "") -> list[tuple[str, str]]:
    """What every request says: who asks, and what can be read."""
    reach = "".join(character for character in contact if character.isascii() and character.isprintable())
    about = "; +".join(["news article collector", *filter(None, [reach.translate(_NOT_IN_AGENT).strip()])])
    return [
        ("Host", url.netloc.decode("ascii")),
        ("User-Agent", f"{robots.TOKEN} ({about})"),
        ("Accept", "text/html, application/xhtml+xml, application/xml;q=0.9, */*;q=0.8"),
        ("Accept-Encoding", ", ".join(CODINGS)),
    ]


def _read(chunks: Iterable[bytes], headers: httpx.Headers, bounds: _Bounds) -> bytes:
    pieces: list[bytes] = []
    try:
        # Piece by piece into the list, which so keeps what came before the limit was passed.
        pieces.extend(unpack(chunks, read_codings(headers.get("content-encoding", "")), bounds.bytes))
    except TooLargeError:
        if not bounds.for_robots:
            raise
    return b"".join(pieces)


def _until(deadline: float, chunks: Iterable[bytes]) -> Iterator[bytes]:
    for chunk in chunks:
        # Chunks that are here already involve no wait that could time out.
        if time.monotonic() > deadline:
            raise httpcore.ReadTimeout
        yield chunk
