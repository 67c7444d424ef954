"""Whether the pipeline asked politely: each check gives what went wrong, one sentence each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import pairwise
from pathlib import Path

from tasks.robots import TOKEN
from tests.newsroom.faults import SECRET
from tests.newsroom.plan import Site
from tests.newsroom.server import Asked, Newsroom
from warehouse.connect import TABLES, connect, rows

ROUNDING = 0.001
"""Seconds."""


def check_manners(newsroom: Newsroom) -> list[str]:
    """No request went where robots.txt forbids or where nobody may go; each said who asks."""
    wrong: list[str] = []
    first: set[str | None] = set()
    for asked in newsroom.ledger:
        where = f"{asked.method} {asked.authority}{asked.target}"
        if asked.site is None:
            wrong.append(f"{where}: the authority that nobody may ask was asked")
        if asked.target.startswith((Site.FORBIDDEN, "/search")):
            wrong.append(f"{where}: robots.txt forbids it")
        if asked.site not in first and asked.target != "/robots.txt":
            wrong.append(f"{where}: asked before robots.txt was read")
        first.add(asked.site)
        if not asked.headers.get("user-agent", "").startswith(TOKEN):
            wrong.append(f"{where}: the user agent is {asked.headers.get('user-agent')!r}")
        if "authorization" in asked.headers or SECRET in f"{asked.target} {asked.headers}":
            wrong.append(f"{where}: credentials were sent")
    return wrong


def check_pacing(newsroom: Newsroom, delay: float, together: int, slack: float = 0.0) -> list[str]:
    """Starts at one authority are `delay` apart (its crawl delay if longer), and a Retry-After is waited for.

    `slack`, in simulated seconds, is how late a request may arrive where time does not stand still meanwhile: the
    one after it then seems too early, but no row of requests is shorter by more than that.
    """
    wrong: list[str] = []
    for site in newsroom.plan.sites:
        requests = [one for one in newsroom.ledger if one.site == site.id]
        wrong += _hurried(requests, max(delay, site.crawl_delay or 0.0), slack)
        for earlier, later in pairwise(requests):
            asked_for, gap = earlier.answer.retry_after, (later.at - earlier.at).total_seconds()
            if asked_for is not None and gap < asked_for - slack:
                wrong.append(f"{site.id}: {later.target} came {gap:g} s after a 429 that asked for {asked_for:g}")
        most = max((one.together for one in requests), default=0)
        if most > together:
            wrong.append(f"{site.id}: {most} requests at once, at most {together} are allowed")
    return wrong


def _hurried(requests: list[Asked], delay: float, slack: float) -> Iterator[str]:
    latest: tuple[float, int] | None = None
    for number, asked in enumerate(requests):
        # When the first request would have started, had all since come exactly one delay apart.
        first = asked.at.timestamp() - number * delay
        if latest and first < latest[0] - slack - ROUNDING:
            gap, least = (asked.at - requests[latest[1]].at).total_seconds(), (number - latest[1]) * delay
            yield f"{asked.site}: {asked.target} came {gap:g} s after {requests[latest[1]].target}, not {least:g}"
        if latest is None or first >= latest[0]:
            latest = (first, number)


def check_secrets(root: Path, logged: Iterable[str] = ()) -> list[str]:
    """The password of a redirect is in no table, no request of the archive, and nothing that was `logged`."""
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
