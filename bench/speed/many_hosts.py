"""A fast web server on 127.0.0.1 that stands for many hosts, a port each: an invented newspaper at every one.

Prints the ports as JSON; then, for every line that comes in, what was asked for since; ends with its stdin.
`/feed/30` names 30 articles, `/story/7` is one, of 60 kB; robots.txt allows all.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import random
import resource
import socket
import sys
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from functools import partial

HOSTS = 50
PAGE_BYTES = 60_000

PLACES = "harbour market bridge station library valley council theatre hospital orchard quarry lighthouse".split()
PEOPLE = "residents engineers teachers farmers nurses sailors bakers historians cyclists gardeners".split()
DEEDS = "repaired opened measured debated painted closed visited rebuilt inspected celebrated".split()
ENDS = "after a long winter|before the spring tide|despite the rain|for the third year|with borrowed tools".split("|")


def prose(random_: random.Random) -> str:
    """Make a paragraph of invented news."""
    return " ".join(
        f"The {random_.choice(PEOPLE)} {random_.choice(DEEDS)} the {random_.choice(PLACES)} number "
        f"{random_.randrange(10_000)} {random_.choice(ENDS)}."
        for _ in range(random_.randrange(4, 9))
    )


def frame() -> tuple[bytes, bytes]:
    """Make the markup before and after the article that every page shares, as a site's template does."""
    style = "".join(f".c{number}{{margin:{number}px;padding:0}}" for number in range(600))
    script = "".join(f"window.k{number}={number};" for number in range(700))
    menu = "".join(f'<li class="c{n}"><a href="/section/{n}">Section {n}</a></li>' for n in range(150))
    related = "".join(
        f'<li><a href="/more/{n}"><img src="/i/{n}.jpg" alt=""><span>More about {n}</span></a></li>' for n in range(100)
    )
    before = f"<style>{style}</style><script>{script}</script></head><body><nav><ul>{menu}</ul></nav><main>"
    after = f"</main><aside><ul>{related}</ul></aside><footer><p>The Bench Post</p></footer></body></html>"
    return before.encode(), after.encode()


class Site:
    """The answers of all hosts, and when each was asked for."""

    def __init__(self) -> None:
        self.before, self.after = frame()
        self.arrivals: dict[int, list[tuple[float, bool]]] = {}
        """By port, when something was asked for, and whether it was a page; robots.txt left out."""

    def answer(self, port: int, path: str) -> tuple[bytes, ...]:
        is_page = path.startswith("/story/")
        if path != "/robots.txt":
            self.arrivals.setdefault(port, []).append((time.monotonic(), is_page))
        if is_page:
            kind, parts = "text/html; charset=utf-8", self.page(port, int(path.removeprefix("/story/")))
        elif path.startswith("/feed/"):
            kind, parts = "application/rss+xml", (self.feed(port, int(path.removeprefix("/feed/"))),)
        else:
            kind, parts = "text/plain", (b"User-agent: *\nAllow: /\n",)
        length = sum(map(len, parts))
        return (f"HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\ncontent-length: {length}\r\n\r\n".encode(), *parts)

    def page(self, port: int, number: int) -> tuple[bytes, ...]:
        random_ = random.Random(port * 10_000 + number)  # noqa: S311
        title, when = headline(port, number), published(number).isoformat()
        about = {"@type": "NewsArticle", "headline": title, "datePublished": when, "author": {"name": "Ada Rook"}}
        head = (
            f'<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
            f'<script type="application/ld+json">{json.dumps(about)}</script>'
        )
        paragraphs = "".join(f"<p>{prose(random_)}</p>" for _ in range(10))
        article = f"<article><h1>{title}</h1>{paragraphs}</article>"
        filled = len(head) + len(article) + len(self.before) + len(self.after)
        padding = b"<!--" + b" " * max(0, PAGE_BYTES - filled) + b"-->"
        return head.encode(), self.before, article.encode(), padding, self.after

    def feed(self, port: int, pages: int) -> bytes:
        items = "".join(
            f"<item><title>{headline(port, n)}</title><link>http://127.0.0.1:{port}/story/{n}</link>"
            f"<pubDate>{format_datetime(published(n))}</pubDate></item>"
            for n in range(pages)
        )
        return f'<rss version="2.0"><channel><title>Bench {port}</title>{items}</channel></rss>'.encode()

    def report(self) -> dict[str, float]:
        """Summarize the requests since the last report, and forget them."""
        arrivals, self.arrivals = self.arrivals, {}
        pages = sorted(at for of_host in arrivals.values() for at, is_page in of_host if is_page)
        gaps = sorted(
            later - earlier for of_host in arrivals.values() for (earlier, _), (later, _) in itertools.pairwise(of_host)
        )
        used = resource.getrusage(resource.RUSAGE_SELF)
        return {
            "hosts": len(arrivals),
            "pages": len(pages),
            "seconds": pages[-1] - pages[0] if pages else 0.0,
            "least_gap": gaps[0] if gaps else 0.0,
            "low_gap": gaps[len(gaps) // 20] if gaps else 0.0,
            "middle_gap": gaps[len(gaps) // 2] if gaps else 0.0,
            "cpu": used.ru_utime + used.ru_stime,
        }


def headline(port: int, number: int) -> str:
    random_ = random.Random(f"{port} {number}")  # noqa: S311
    return f"{random_.choice(PEOPLE).title()} have {random_.choice(DEEDS)} {random_.choice(PLACES)} {port}-{number}"


def published(number: int) -> datetime:
    return datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=10 * number)


class Connection(asyncio.Protocol):
    """HTTP/1.1, kept alive; requests without a body."""

    def __init__(self, site: Site, port: int) -> None:
        self.site, self.port, self.received = site, port, b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.received += data
        while b"\r\n\r\n" in self.received:
            request, _, self.received = self.received.partition(b"\r\n\r\n")
            path = request.split(b" ", 2)[1].decode("latin-1")
            self.transport.writelines(self.site.answer(self.port, path))  # type: ignore[attr-defined]


async def serve() -> None:
    """Listen for all hosts, say their ports, and report whenever a line comes in; end with stdin."""
    site, loop, ports = Site(), asyncio.get_running_loop(), []
    for _ in range(HOSTS):
        listener = socket.create_server(("127.0.0.1", 0))
        ports.append(listener.getsockname()[1])
        await loop.create_server(partial(Connection, site, ports[-1]), sock=listener)
    print(json.dumps(ports), flush=True)
    while await asyncio.to_thread(sys.stdin.readline):
        print(json.dumps(site.report()), flush=True)


if __name__ == "__main__":
    asyncio.run(serve())
