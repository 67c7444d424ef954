"""Session ids that a site writes into the addresses of its listing, other ones each time."""

from __future__ import annotations

import hashlib
from datetime import datetime

from tests.newsroom.plan import Site


def address(site: Site, path: str, now: datetime) -> str:
    """Write a path as the site's listing gives it now."""
    session = hashlib.sha256(f"{site.id} {now.isoformat()}".encode()).hexdigest()[:32]
    match site.sessions:
        case "path":
            return f"{path};jsessionid={session.upper()}"
        case "query":
            return f"{path}?PHPSESSID={session}"
    return path


def own_path(target: str) -> str:
    """Return the path of a target without session and query."""
    return target.partition("?")[0].partition(";")[0]
