"""What is answered in place of an article whose address is faulty."""

from __future__ import annotations

import gzip
from dataclasses import dataclass
from functools import cache
from typing import Final

from tests.newsroom import pages
from tests.newsroom.plan import Article, Fault, Site

BOMB_BYTES: Final = 60_000_000
SECRET: Final = "tr0mbone"  # noqa: S105  it opens nothing
"""The password in an address that a site redirects to: it may be in no table, log or request."""
TEXT: Final = ("Content-Type", "text/plain; charset=utf-8")
HTML: Final = ("Content-Type", "text/html; charset=utf-8")


@dataclass(frozen=True, slots=True)
class Answer:
    """One response, and what it means for the truth."""

    status: int
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()
    kind: str = "other"
    """robots, listing, sitemap, page, wall (in the place of whatever was asked for) or other."""
    article: str | None = None
    version: int | None = None
    """Of the article whose page this is, whole."""
    listed: tuple[str, ...] = ()
    """The paths that it names."""
    retry_after: float | None = None
    hangs: bool = False
    endless: bool = False


def redirect(location: str, article: str, status: int = 302) -> Answer:
    """Answer that the page is elsewhere."""
    return Answer(status, headers=(("Location", location),), kind="page", article=article)


def stand_in(site: Site, kind: str, article: str | None = None) -> Answer:
    """Answer with status 200 and another page than the one that was asked for."""
    return Answer(200, pages.stand_in_page(site, kind), (HTML,), "wall", article)


def faulty(site: Site, article: Article, path: str, origin: str, canary: str, times: int) -> Answer | None:
    """Answer for a faulty address, asked so many `times`; None where there is the article after all."""
    about = article.id
    if location := _location(article, path, origin, canary):
        return redirect(location, about)
    match article.fault:
        case Fault.INTERSTITIAL if path == article.path:
            return Answer(
                200, pages.refresh_page(origin + article.shown_path(article.published)), (HTML,), article=about
            )
        case Fault.FLAKY if times == 1:
            return Answer(503, b"overloaded", (TEXT,), "page", about)
        case Fault.NO_STORY:
            return Answer(200, pages.empty_page(site).encode(site.charset), (HTML,), "page", about)
        case Fault.BOMB:
            return Answer(200, _bomb(), (HTML, ("Content-Encoding", "gzip")), "page", about)
    return _spoiled(site, article.fault, about)


def _location(article: Article, path: str, origin: str, canary: str) -> str | None:
    about = article.id
    chain = f"{article.path}/step" if path == article.path else article.new_path
    return {
        Fault.TO_FORBIDDEN: f"{origin}{Site.FORBIDDEN}{about}",
        Fault.TO_FRONT: f"{origin}/",
        Fault.TO_LOGIN: f"http://editor:{SECRET}@{canary}/{about}",
        Fault.TO_FTP: f"ftp://{canary}/{about}",
        Fault.LOOP: f"{origin}{article.path}" + ("/step" if path == article.path else ""),
        Fault.CHAIN: None if path == article.new_path else f"{origin}{chain}",
    }.get(article.fault)


def _spoiled(site: Site, fault: Fault, about: str) -> Answer | None:
    return {
        Fault.SOFT_404: stand_in(site, "soft_404", about),
        Fault.LOGIN_WALL: stand_in(site, "login", about),
        Fault.GONE: Answer(410, b"taken away", (TEXT,), "page", about),
        Fault.BROKEN: Answer(500, b"error", (TEXT,), "page", about),
        Fault.EMPTY: Answer(200, b"", (HTML,), "page", about),
        Fault.BINARY: Answer(200, b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 40, (HTML,), "page", about),
        Fault.ENDLESS: Answer(200, b"<p>and so on</p>\n" * 2_000, (HTML,), "page", about, endless=True),
        Fault.HANG: Answer(200, kind="page", article=about, hangs=True),
    }.get(fault)


@cache
def _bomb() -> bytes:
    return gzip.compress(b"\0" * BOMB_BYTES, 9)
