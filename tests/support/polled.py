"""A small site on this machine, and sources that poll it at moments of a test's choosing."""

from __future__ import annotations

from datetime import datetime, timedelta
from email.utils import format_datetime
from itertools import count
from typing import Any

import pytest

from config.sources import Source, load_source
from flows.ingest import ingest
from flows.ingestion.scope import DueInputs, KnownAddresses, WholeSource
from tasks.http.fetcher import Fetcher
from tests.support.webserver import WebServer, answer

FEED = '[[input]]\nkind = "feed"\nurl = "SITE/feed"\n'
TOWNS = (
    "Lindau Konstanz Bregenz Meersburg Ravensburg Wangen Isny Kempten Sonthofen Immenstadt Oberstdorf Füssen".split()
)


def page(number: int, title: str = "", extra: str = "") -> str:
    town = TOWNS[number % len(TOWNS)]
    title = title or f"Bakers of {town} return to stone ovens ({number})"
    return f"""<html lang="en"><head><title>{title}</title><meta charset="utf-8"></head><body>
    <nav><a href="/">Home</a> <a href="/sport">Sport</a></nav><article><h1>{title}</h1>
    <p>{number + 2} bakeries in {town} have gone back to stone ovens this spring, because gas has become dearer than
    wood, and because the customers asked for the old crust.</p>
    <p>"The crust is better, and so is the bill," said baker Oskar Lenz the {number}th, whose family has baked in {town}
    since 19{number % 90 + 10} and means to go on.</p>
    <p>The town hall of {town} welcomed the change but asked the bakers to fire their ovens before dawn, when the air is
    calm over the lake. {extra}</p></article></body></html>"""


class Site:
    """A small site with a feed, a sitemap and a clock of its own."""

    def __init__(self, now: datetime) -> None:
        self.now = now
        self.moments: dict[int, datetime] = {}
        self.routes: dict[str, Any] = {"/robots.txt": answer(b"User-agent: *\nDisallow: /closed/\n")}
        self.server = WebServer(self.routes)

    def publish(self, *numbers: int, path: str = "/news/{}", **changes: Any) -> None:
        for number in numbers:
            self.routes[path.format(number)] = answer(page(number, **changes).encode(), content_type="text/html")

    def feed(self, *numbers: int, path: str = "/news/{}", at: str = "/feed", query: str = "", **headers: str) -> None:
        self.routes[at] = answer(
            self.rss(*numbers, path=path, query=query).encode(), content_type="application/rss+xml", **headers
        )

    def rss(self, *numbers: int, path: str = "/news/{}", query: str = "") -> str:
        entries = "".join(
            f"<item><title>Feed title {number}</title><link>{self.server.url(path.format(number))}{query}</link>"
            f"<guid isPermaLink='false'>story-{number}</guid>"
            f"<pubDate>{format_datetime(self.published(number))}</pubDate></item>"
            for number in numbers
        )
        return f"<rss version='2.0'><channel><title>Lake News</title>{entries}</channel></rss>"

    def published(self, number: int) -> datetime:
        return self.moments.get(number, self.now + timedelta(minutes=10 * number))

    def sitemap(self, *numbers: int, at: str = "/news-sitemap.xml", lastmod: datetime | None = None) -> None:
        urls = "".join(
            f"<url><loc>{self.server.url(f'/news/{number}')}</loc>"
            f"<lastmod>{(lastmod or self.published(number)).isoformat()}</lastmod></url>"
            for number in numbers
        )
        xml = f"<urlset xmlns='http://www.sitemaps.org/schemas/sitemap/0.9'>{urls}</urlset>"
        self.routes[at] = answer(xml.encode(), content_type="application/xml")

    def requests_of(self, path: str) -> int:
        return self.server.paths.count(path)


@pytest.fixture
def site(now):
    site = Site(now)
    with site.server:
        yield site


@pytest.fixture
def look(tmp_path, site, settings, workers, now):
    """Runs a source whose inputs are given as TOML, `hours` after the first time."""
    settings = settings.model_copy(update={"retry_seconds": 0.01, "fetch_seconds": 5.0, "patience_seconds": 5.0})
    folder = tmp_path / "config" / "sources"
    folder.mkdir(parents=True)
    # Never twice the same moment, as in a real clock.
    ticks = count()

    def once(inputs: str, hours: float = 0, only: Any = None, due: bool = False, **settings_changed: Any) -> Any:
        source = write(folder, inputs.replace("SITE", site.server.url("")))

        def clock() -> datetime:
            return now + timedelta(hours=hours, microseconds=next(ticks))

        changed = settings.model_copy(update=settings_changed)
        with Fetcher(changed, clock=clock) as fetcher:
            whole = DueInputs() if due else WholeSource()
            scope = whole if only is None else KnownAddresses(only)
            return ingest(source, changed, workers, fetcher, scope, clock=clock)

    return once


def write(folder: Any, inputs: str) -> Source:
    path = folder / "lake.toml"
    path.write_text(f'title = "Lake News"\nlanguage = "en"\nallow_private = true\ndelay = 0\n{inputs}')
    return load_source(path)


def counts(run: Any) -> dict[str, int]:
    names = ("discovered", "stored", "unchanged", "duplicate", "rejected", "failed", "pending")
    return {name: getattr(run, name) for name in names if getattr(run, name)}
