"""The newsroom's sites as sources of the pipeline: one TOML file each."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tests.newsroom.plan import Site
from tests.newsroom.server import Newsroom


def configure(folder: Path, newsroom: Newsroom, delay: float = 5.0, recheck: Sequence[float] = (1, 6, 24)) -> Path:
    """Write `sources/<site>.toml` for every site into a configuration folder; `delay` in seconds, `recheck` in hours."""
    sources = folder / "sources"
    sources.mkdir(parents=True, exist_ok=True)
    for site in newsroom.plan.sites:
        (sources / f"{site.id}.toml").write_text(_declared(site, newsroom, delay, recheck), "utf-8")
    return folder


def _declared(site: Site, newsroom: Newsroom, delay: float, recheck: Sequence[float]) -> str:
    url = newsroom.url(site.id, site.listing_path)
    lines = [
        f'title = "{site.title}"',
        f'language = "{site.language}"',
        f'timezone = "{site.zone}"',
        f"delay = {float(delay)}",
        f"recheck = {[float(hours) for hours in recheck]}",
        "allow_private = true",
        "",
        "[[input]]",
    ]
    if site.listing == "section":
        links = f"^http://{newsroom.authorities[site.id]}(/news/20|/go/|/amp/|{site.FORBIDDEN})"
        lines += ['kind = "pages"', f'url = "{url}"', f"links = '{links}'"]
    else:
        lines += ['kind = "feed"', f'url = "{url}"']
    return "\n".join([*lines, ""])
