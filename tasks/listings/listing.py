"""What a feed, a sitemap or a section page names: the same type, whichever of them it was."""

from __future__ import annotations

from dataclasses import dataclass

from warehouse.model.records import Candidate


@dataclass(frozen=True, slots=True)
class Entry:
    """One article that a listing names; nothing of it has been checked but its address."""

    url: str
    """Absolute http(s), without a fragment that only marks a place in the page."""
    guid: str | None = None
    """What the listing itself identifies it by, as printed."""
    candidates: tuple[Candidate, ...] = ()
    """What the listing says of the article: `title`, `published_at`, `authors` … raw, of origin `Origin.FEED`."""
    modified: str | None = None
    """When it last changed, as printed."""
    html: str | None = None
    """The article's content where the listing holds more of it than a summary."""


@dataclass(frozen=True, slots=True)
class Child:
    """A sitemap that an index names."""

    url: str
    modified: str | None = None


@dataclass(frozen=True, slots=True)
class Listing:
    """What was read of one listing, in its own order."""

    entries: tuple[Entry, ...] = ()
    older_url: str | None = None
    """Where older entries are: the next page of a paged feed, the previous archive of an archived one."""
    children: tuple[Child, ...] = ()
    title: str | None = None
    language: str | None = None
    minutes: float | None = None
    """How long the listing says that it stays as it is (ttl, sy:updatePeriod)."""
    damage: str | None = None
    """One sentence where it is damaged and was read as far as could be."""


class ListingError(Exception):
    """Nothing could be read of a listing; the text is one sentence for the user, without the address."""
