"""Whether the pipeline asked politely: each check gives what went wrong, one sentence each."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import timedelta
from itertools import pairwise
from math import log
from pathlib import Path
from typing import Final

from tasks.http.robots import TOKEN
from tests.newsroom.configure import RECHECK
from tests.newsroom.faults import SECRET
from tests.newsroom.plan import Article, Fault, Site
from tests.newsroom.server import Exchange, Newsroom
from warehouse.connect import connect, rows
from warehouse.definitions import TABLES

ROUNDING = 0.001
"""Seconds."""
MOST_FAILURES: Final = 16
"""Answers without a page at one address: eight attempts of two requests."""
OVER_AND_OVER: Final = frozenset({Fault.BOMB, Fault.ENDLESS, Fault.HANG, Fault.NO_STORY})
"""Faults that fail although their status is 200."""
MOVED: Final = 301
REST: Final = timedelta(minutes=10)
REST_GROWTH: Final = 1.5
"""A page that is always said to have changed just now may be asked for after so long, then each time later."""


def check_manners(newsroom: Newsroom) -> list[str]:
    """Check that no request went where robots.txt forbids or where nobody may go, and that each names its client."""
    wrong: list[str] = []
    first: set[str | None] = set()
    for exchange in newsroom.ledger:
        where = f"{exchange.method} {exchange.authority}{exchange.target}"
        if exchange.site is None:
            wrong.append(f"{where}: the authority that nobody may ask was asked")
        if exchange.target.startswith((Site.FORBIDDEN, "/search")):
            wrong.append(f"{where}: robots.txt forbids it")
        if exchange.site not in first and exchange.target != "/robots.txt":
            wrong.append(f"{where}: asked before robots.txt was read")
        first.add(exchange.site)
        if not exchange.headers.get("user-agent", "").startswith(TOKEN):
            wrong.append(f"{where}: the user agent is {exchange.headers.get('user-agent')!r}")
        if "authorization" in exchange.headers or SECRET in f"{exchange.target} {exchange.headers}":
            wrong.append(f"{where}: credentials were sent")
    return wrong


def check_pacing(newsroom: Newsroom, delay: float, together: int, slack: float = 0.0) -> list[str]:
    """Check that starts at one authority are `delay` apart (its crawl delay if longer) and wait for a Retry-After.

    `slack`, in simulated seconds, is how late a request may arrive where time does not stand still meanwhile: the
    one after it then seems too early, but no row of requests is shorter by more than that.
    """
    wrong: list[str] = []
    for site in newsroom.plan.sites:
        requests = [exchange for exchange in newsroom.ledger if exchange.site == site.id]
        wrong += _hurried(requests, max(delay, site.crawl_delay or 0.0), slack)
        for earlier, later in pairwise(requests):
            asked_for, gap = earlier.answer.retry_after, (later.at - earlier.at).total_seconds()
            if asked_for is not None and gap < asked_for - slack:
                wrong.append(f"{site.id}: {later.target} came {gap:g} s after a 429 that asked for {asked_for:g}")
        most = max((exchange.together for exchange in requests), default=0)
        if most > together:
            wrong.append(f"{site.id}: {most} requests at once, at most {together} are allowed")
    return wrong


def _hurried(requests: list[Exchange], delay: float, slack: float) -> Iterator[str]:
    latest: tuple[float, int] | None = None
    for number, exchange in enumerate(requests):
        # When the first request would have started, had all since come exactly one delay apart.
        first = exchange.at.timestamp() - number * delay
        if latest and first < latest[0] - slack - ROUNDING:
            gap, least = (exchange.at - requests[latest[1]].at).total_seconds(), (number - latest[1]) * delay
            yield f"{exchange.site}: {exchange.target} came {gap:g} s after {requests[latest[1]].target}, not {least:g}"
        if latest is None or first >= latest[0]:
            latest = (first, number)


def check_demand(newsroom: Newsroom, *, killed: bool = False) -> list[str]:
    """Check that no page is requested more often than its first time, recheck hours, changes and failures explain.

    Those of a feed that holds whole articles never are. Where runs were `killed`, what they had asked is asked again.
    """
    wrong: list[str] = []
    asked_for: defaultdict[tuple[Site, str], list[Exchange]] = defaultdict(list)
    sites = {site.id: site for site in newsroom.plan.sites}
    for exchange in newsroom.ledger:
        if exchange.answer.article is not None and exchange.site:
            asked_for[sites[exchange.site], exchange.path].append(exchange)
    for (site, target), requests in list(asked_for.items()):
        if site.whole:
            wrong.append(f"{site.id}: {target} was asked for, and the feed holds the whole article")
        article = newsroom.plan.by_path[site.id, target.removesuffix("/step")]
        # Who follows a redirect has read the address that redirects, and is led to the other by it.
        statuses = (200, MOVED) if target == article.path else (200,)
        read = [
            exchange for exchange in requests if exchange.answer.kind == "page" and exchange.answer.status in statuses
        ]
        read = [] if article.fault in OVER_AND_OVER else read
        old = asked_for[site, article.path] if target == article.new_path else []
        led_here = sum(exchange.answer.status == MOVED for exchange in old)
        most = _explained(site, article, read) + led_here if read else 0
        if len(read) > most and not killed:
            wrong.append(f"{site.id}: {target} was read {len(read)} times, and {most} are explained")
        failures = (exchange.answer.status >= 400 or exchange.answer.kind == "wall" for exchange in requests)
        failed = sum(is_failure or article.fault in OVER_AND_OVER for is_failure in failures)
        if failed > MOST_FAILURES and not killed:
            wrong.append(f"{site.id}: {target} failed {failed} times and was asked for still")
    return wrong


def _explained(site: Site, article: Article, read: list[Exchange]) -> int:
    first, age = read[0].at, read[-1].at - read[0].at
    due = sum(timedelta(hours=hours) <= age for hours in RECHECK)
    changes = sum(first < edit.at <= read[-1].at for edit in article.edits)
    moves = article.moved_at is not None and article.moved_at <= read[-1].at
    lies = site.is_input and site.lastmod == "now" and age >= REST
    return 1 + due + changes + moves + (lies and 3 + int(log(max(1.0, age / REST / 2), REST_GROWTH)))


def check_secrets(root: Path, logged: Iterable[str] = ()) -> list[str]:
    """Check that the password of a redirect is in no table, no request of the archive, and no line that was `logged`."""
    wrong: list[str] = []
    with connect(root) as connection:
        for table in TABLES:
            query = f"SELECT count(*) FROM {table} AS row WHERE contains(CAST(row AS VARCHAR), $1)"
            if rows(connection, query, [SECRET])[0][0]:
                wrong.append(f"the table {table} holds the password of a redirect")
    wrong += [f"{path} asks with the password of a redirect" for path in _archives(root) if _asks_with_password(path)]
    wrong += [f"logged: {line}" for line in logged if SECRET in line]
    return wrong


def _archives(root: Path) -> list[Path]:
    return sorted((root / "archive").rglob("*.warc.gz"))


def _asks_with_password(path: Path) -> bool:
    # The answer's own Location header is kept as it came: that is the archive's purpose.
    from fastwarc.warc import ArchiveIterator, WarcRecordType

    with path.open("rb") as stream:
        for record in ArchiveIterator(stream, parse_http=False):
            if SECRET in (record.headers.get("WARC-Target-URI") or ""):
                return True
            if record.record_type == WarcRecordType.request and SECRET.encode() in record.reader.read():
                return True
    return False
