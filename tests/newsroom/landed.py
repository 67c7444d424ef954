"""What landed in the warehouse, as articles of the plan."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from tests.newsroom.plan import Article
from tests.newsroom.server import Newsroom
from tests.newsroom.sessions import own_path
from warehouse.connect import connect, rows

COLUMNS: Final = ("url", "article_id", "version_id", "title", "text")


@dataclass(frozen=True, slots=True)
class Ran:
    """One run of a source."""

    started: datetime
    finished: datetime | None
    """None where it was killed."""


@dataclass
class Warehouse:
    """What landed, by the article of the plan that it is."""

    landed: defaultdict[Article, list[dict[str, Any]]] = field(default_factory=lambda: defaultdict(list))
    """Rows of `articles`."""
    versions: defaultdict[Article, list[dict[str, Any]]] = field(default_factory=lambda: defaultdict(list))
    refused: defaultdict[Article, dict[str, str]] = field(default_factory=lambda: defaultdict(dict))
    """Reasons in `rejects_open`, by path."""
    pending: defaultdict[Article, set[str]] = field(default_factory=lambda: defaultdict(set))
    """Paths that wait."""
    listed: list[tuple[Article, str | None]] = field(default_factory=list)
    """Titles in `discoveries`; None where the listing gave none."""
    runs: defaultdict[str, list[Ran]] = field(default_factory=lambda: defaultdict(list))
    """Runs by source, in the order of their beginnings."""
    strangers: list[str] = field(default_factory=list)
    """Addresses that landed and that no site ever published."""


def read_warehouse(newsroom: Newsroom, root: Path) -> Warehouse:
    """Read the rows of a data root, as articles of the plan."""
    warehouse = Warehouse()
    with connect(root) as connection:

        def read(view: str, *names: str) -> Iterator[tuple[Article, str, dict[str, Any]]]:
            for row in rows(connection, f"SELECT {', '.join(names)} FROM {view}", []):
                record = dict(zip(names, row, strict=True))
                article, path = published(newsroom, record["url"])
                if article:
                    yield article, path, record
                elif view == "articles":
                    warehouse.strangers.append(record["url"])

        for article, _, row in read("articles", *COLUMNS):
            warehouse.landed[article].append(row)
        for article, _, row in read("article_versions", *COLUMNS):
            warehouse.versions[article].append(row)
        for article, path, row in read("rejects_open", "url", "reason"):
            warehouse.refused[article][path] = row["reason"]
        for article, path, _ in read("pending", "url"):
            warehouse.pending[article].add(path)
        warehouse.listed = [(article, row["title"]) for article, _, row in read("discoveries", "url", "title")]
        for source, *ran in rows(connection, "SELECT source_id, started_at, finished_at FROM runs ORDER BY 2", []):
            warehouse.runs[source].append(Ran(*ran))
    return warehouse


def published(newsroom: Newsroom, url: str) -> tuple[Article | None, str]:
    """Return the article that a site has at an address, and the address's path."""
    parts = urlsplit(url)
    site = next((site for site, authority in newsroom.authorities.items() if authority == parts.netloc), "")
    path = own_path(parts.path)
    return newsroom.plan.by_path.get((site, path)), path
