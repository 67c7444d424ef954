"""The newsroom's sites as sources of the pipeline: one TOML file each."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from tests.newsroom.feeds import DESK_FEED
from tests.newsroom.plan import Site
from tests.newsroom.server import Newsroom

RECHECK: Final = (1.0, 6.0, 24.0)


def configure(folder: Path, newsroom: Newsroom, delay: float = 5.0, recheck: Sequence[float] = RECHECK) -> Path:
    """Write `sources/<site>.toml` for every site into a configuration folder; `delay` in seconds, `recheck` in hours."""
    sources = folder / "sources"
    sources.mkdir(parents=True, exist_ok=True)
    for site in newsroom.plan.sites:
        (sources / f"{site.id}.toml").write_text(_declared(site, newsroom, delay, recheck), "utf-8")
    return folder


def _declared(site: Site, newsroom: Newsroom, delay: float, recheck: Sequence[float]) -> str:
    lines = [
        f'title = "{site.title}"',
        f'language = "{site.language}"',
        f'timezone = "{site.zone}"',
        f"delay = {float(delay)}",
        f"recheck = {[float(hours) for hours in recheck]}",
        "allow_private = true",
        *_input(site, newsroom, "pages" if site.listing == "section" else "feed", site.listing_path),
    ]
    if site.listing == "section":
        lines.append(f"links = '^http://{newsroom.authorities[site.id]}(/news/20|/go/|/amp/|{site.FORBIDDEN})'")
    if site.whole:
        lines.append("full_text = true")
    if site.desk:
        lines += _input(site, newsroom, "feed", DESK_FEED)
    if site.is_input:
        lines += _input(site, newsroom, "sitemap", "/sitemap.xml")
    return "\n".join([*lines, ""])


def _input(site: Site, newsroom: Newsroom, kind: str, path: str) -> list[str]:
    return ["", "[[input]]", f'kind = "{kind}"', f'url = "{newsroom.url(site.id, path)}"']
