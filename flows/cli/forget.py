"""`copydesk forget`: take an article down everywhere."""

from __future__ import annotations

from typing import Annotated, Final

import typer

from flows.cli.console import show, warn
from flows.cli.options import Config, Data, read_settings

EXAMPLES: Final = "Example:  copydesk forget https://news.example/2026/11/a-private-matter"


def forget(
    target: Annotated[str, typer.Argument(metavar="URL|ARTICLE", help="An article's address or its article_id.")],
    data: Data = None,
    config: Config = None,
) -> None:
    """Take an article down everywhere, the archive included, and never take it in again. Exit 1 if there is none."""
    from tasks.http.fetcher import utc_now
    from tasks.metadata.identity import article_id
    from tasks.metadata.urls import normalize_url
    from warehouse.connect import check_landed
    from warehouse.storage.root import Root
    from warehouse.takedown.forget import forget as take_down

    settings = read_settings(data, config)
    check_landed(Root.at(settings.data))
    removed = take_down(
        settings.data,
        target,
        utc_now(),
        normalize=normalize_url,
        identify=article_id,
        lock_seconds=settings.lock_seconds,
    )
    if not removed.addresses:
        warn(f"no article, reject or capture of {target}; name its url or article_id")
        raise typer.Exit(1)
    for source_id, url in removed.addresses:
        show(f"{source_id}: {url}: taken down")
    counts = {
        "articles": removed.articles,
        "discoveries": removed.discoveries,
        "rejects": removed.rejects,
        "captures": removed.captures,
        "listings": removed.listings,
        "archived records": removed.records,
    }
    print(", ".join(f"{count:,} {name}" for name, count in counts.items()) + " rewritten; a tombstone stays")
