"""The newsroom's ledger: what was published, what became of it, and what it took, a row a site."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from flows.cli.output import Format, write_rows
from tests.newsroom.checks import missed, seen
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
    named: int
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
    """A line a site."""
    held = read_warehouse(newsroom, root)
    return [_line(newsroom, held, site) for site in newsroom.plan.sites]


def _line(newsroom: Newsroom, held: Warehouse, site: Site) -> Line:
    asked = [one for one in newsroom.ledger if one.site == site.id]
    began = min((one.at for one in asked), default=newsroom.plan.span.end)
    now = newsroom.clock.peek()
    ours = newsroom.plan.by_site[site.id]
    named = [one for one in seen(newsroom) if one.site == site.id]
    targets = {one.path for one in asked}

    def count(*statuses: int) -> int:
        return sum(one.answer.status in statuses for one in asked)

    def unasked(article: Article) -> int:
        return sum(why == "disallowed" and path not in targets for path, why in held.refused[article].items())

    return Line(
        site=site.id,
        published=sum(began < one.published <= now for one in ours),
        named=len(named),
        landed=sum(bool(held.landed[one]) for one in ours),
        versions=sum(len({row["version_id"] for row in held.versions[one]}) for one in ours),
        duplicated=sum(len(held.landed[one]) > 1 for one in ours),
        missed=sum(one.site == site.id for one in missed(newsroom)),
        rejected=Counter(reason for one in ours for reason in held.refused[one].values()),
        pending=sum(len(held.pending[one]) for one in ours),
        requests=len(asked),
        not_modified=count(304),
        throttled=count(429),
        failed=count(500, 503),
        never_asked=sum(unasked(one) for one in ours),
    )


def report(newsroom: Newsroom, root: Path, stream: IO[str]) -> None:
    """Write the ledger as a table for people."""
    rows = []
    for line in lines(newsroom, root):
        rejected = [f"{count} {reason}" for reason, count in line.rejected.most_common()]
        numbers = (line.published, line.named, line.landed, line.versions, line.duplicated, line.missed)
        rest = (line.pending, line.requests, line.not_modified, line.throttled, line.failed, line.never_asked)
        rows.append((line.site, *numbers, rejected, *rest))
    write_rows(Format.TABLE, COLUMNS, rows, stream)


def write_requests(newsroom: Newsroom, path: Path) -> Path:
    """Every request and its answer as JSON Lines, to look into what the table only counts."""
    with path.open("w", encoding="utf-8") as lines:
        for asked in newsroom.ledger:
            told = {"at": f"{asked.at:%Y-%m-%dT%H:%M:%S.%fZ}", "site": asked.site, "target": asked.target}
            answer = {name: getattr(asked.answer, name) for name in ("status", "kind", "article", "version", "listed")}
            lines.write(json.dumps(told | answer, ensure_ascii=False) + "\n")
    return path
