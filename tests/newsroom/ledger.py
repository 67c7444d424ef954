"""The newsroom's ledger: what was published, what became of it, and what it took, a row a site."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from flows.cli.output import Format, write_rows
from tests.newsroom.checks import listed_articles, missed
from tests.newsroom.landed import Warehouse, read_warehouse
from tests.newsroom.plan import Article, Site
from tests.newsroom.server import Newsroom

COLUMNS = (
    "site", "published", "named", "landed", "versions", "twice", "missed", "refused", "pending", "requests",
    "304", "429", "5xx", "forbidden",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Line:
    """What became of one site's articles."""

    site: str
    published: int
    """Since the first look at its listing."""
    listed: int
    """That an answer named."""
    landed: int
    versions: int
    duplicated: int
    """That landed twice or more."""
    missed: int
    rejected: Counter[str]
    """Addresses, by reason."""
    pending: int
    requests: int
    not_modified: int
    throttled: int
    failed: int
    never_asked: int
    """Addresses that robots.txt forbids and that were therefore never asked for."""


def lines(newsroom: Newsroom, root: Path) -> list[Line]:
    """Make a line for each site."""
    warehouse = read_warehouse(newsroom, root)
    return [_line(newsroom, warehouse, site) for site in newsroom.plan.sites]


def _line(newsroom: Newsroom, warehouse: Warehouse, site: Site) -> Line:
    exchanges = [exchange for exchange in newsroom.ledger if exchange.site == site.id]
    began = min((exchange.at for exchange in exchanges), default=newsroom.plan.span.end)
    now = newsroom.clock.peek()
    articles = newsroom.plan.by_site[site.id]
    listed = [article for article in listed_articles(newsroom) if article.site == site.id]
    targets = {exchange.path for exchange in exchanges}

    def count(*statuses: int) -> int:
        return sum(exchange.answer.status in statuses for exchange in exchanges)

    def unasked(article: Article) -> int:
        return sum(why == "disallowed" and path not in targets for path, why in warehouse.refused[article].items())

    return Line(
        site=site.id,
        published=sum(began < article.published <= now for article in articles),
        listed=len(listed),
        landed=sum(bool(warehouse.landed[article]) for article in articles),
        versions=sum(len({row["version_id"] for row in warehouse.versions[article]}) for article in articles),
        duplicated=sum(len(warehouse.landed[article]) > 1 for article in articles),
        missed=sum(article.site == site.id for article in missed(newsroom)),
        rejected=Counter(reason for article in articles for reason in warehouse.refused[article].values()),
        pending=sum(len(warehouse.pending[article]) for article in articles),
        requests=len(exchanges),
        not_modified=count(304),
        throttled=count(429),
        failed=count(500, 503),
        never_asked=sum(unasked(article) for article in articles),
    )


def report(newsroom: Newsroom, root: Path, stream: IO[str]) -> None:
    """Write the ledger as a table for people."""
    rows = []
    for line in lines(newsroom, root):
        rejected = [f"{count} {reason}" for reason, count in line.rejected.most_common()]
        numbers = (line.published, line.listed, line.landed, line.versions, line.duplicated, line.missed)
        rest = (line.pending, line.requests, line.not_modified, line.throttled, line.failed, line.never_asked)
        rows.append((line.site, *numbers, rejected, *rest))
    write_rows(Format.TABLE, COLUMNS, rows, stream)


def write_requests(newsroom: Newsroom, path: Path) -> Path:
    """Write every request and its answer as JSON Lines, to look into what the table only counts."""
    with path.open("w", encoding="utf-8") as lines:
        for exchange in newsroom.ledger:
            request = {"at": f"{exchange.at:%Y-%m-%dT%H:%M:%S.%fZ}", "site": exchange.site, "target": exchange.target}
            answer = {
                name: getattr(exchange.answer, name) for name in ("status", "kind", "article", "version", "listed")
            }
            lines.write(json.dumps(request | answer, ensure_ascii=False) + "\n")
    return path
