"""A feed, a sitemap or a section page after parsing: one type for all of them."""

from __future__ import annotations

from dataclasses import dataclass

from warehouse.model.records import Candidate


@dataclass(frozen=True, slots=True)
class Entry:
    """One article that a listing names; only its URL has been checked."""

    url: str  # absolute http(s), without a fragment that only marks a place in the page
    guid: str | None = None  # the listing's own identifier
    candidates: tuple[Candidate, ...] = ()  # `title`, `published_at`, `authors` … raw, of origin `Origin.FEED`
    modified: str | None = None  # the date of its last change, as text
    html: str | None = None  # the article, if the listing holds more of it than a summary
    shares_url: bool = False  # whether the URL is that of several entries, or of the listing for want of its own


@dataclass(frozen=True, slots=True)
class Child:
    """A sitemap that an index names."""

    url: str
    modified: str | None = None


@dataclass(frozen=True, slots=True)
class Listing:
    """The entries of one listing, in its own order."""

    entries: tuple[Entry, ...] = ()
    older_url: str | None = None  # the next page of a paged feed, the previous archive of an archived one
    children: tuple[Child, ...] = ()
    title: str | None = None
    language: str | None = None
    minutes: float | None = None  # the interval between updates by the listing itself (ttl, sy:updatePeriod)
    damage: str | None = None  # one sentence if the listing is damaged and was read as far as possible


class ListingError(Exception):
    """Nothing could be read of a listing; the text is one sentence for the user, without the URL."""
