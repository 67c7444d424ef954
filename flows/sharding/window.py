"""Lists what a site's sitemaps and archived feeds name of some days, for a backfill; each is fetched once.

Nothing of it is discovered yet: that is for the shards. But every listing goes to the archive and to `captures`, as
those that are read to repair a gap do, and is read from there when the same days are wanted again.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from config.inputs import FeedInput, Input, InputTable, SitemapInput
from flows.ingestion.fetch_listing import ListingFetcher, parse
from flows.ingestion.gap_repair import belongs, section, sections, sitemaps_in_robots
from flows.ingestion.listing_dates import (
    MAX_SITE_CLOCK_DIFFERENCE,
    Period,
    listed_period,
    listed_publication,
    listed_publication_period,
)
from flows.ingestion.process_pool import CallError
from tasks.discover import endpoint, listed_documents
from tasks.listings.discovered import item_of
from tasks.listings.listing import Child, Listing, ListingError
from warehouse.archive.writer import ArchiveWriter, read
from warehouse.connect import connect, rows
from warehouse.errors import WarehouseError
from warehouse.model.records import LISTED, Item
from warehouse.model.vocabulary import Purpose
from warehouse.state.endpoints import Endpoint

if TYPE_CHECKING:
    from flows.ingestion.ingest_run import IngestRun

MAX_LISTINGS_PER_WINDOW: Final = 5_000
"""Sitemaps and pages of feeds that are read for one window."""
MAX_LISTING_AGE: Final = timedelta(days=1)
"""How long a listing is what it was; of days that are over for so long it stays so."""
_PARAMETERS: Final = re.compile(r"[?&](?:yyyy|year|mm|month|dd|day)=", re.IGNORECASE)
_PERIOD: Final = re.compile(r"(?<!\d)((?:19|20)\d\d)(?:[-_/.]?(0[1-9]|1[0-2])(?:[-_/.]?(0[1-9]|[12]\d|3[01]))?)?(?!\d)")


@dataclass(slots=True)
class WindowItems:
    """The documents of a window that listings name."""

    items: dict[str, Item] = field(default_factory=dict)
    """By their addresses."""
    listings: int = 0
    fetched: int = 0
    """Of the listings, those that were not in the archive."""
    undated: int = 0
    """Addresses of no date, in listings of no date: they were left out."""
    problems: list[str] = field(default_factory=list)


def list_window(run: IngestRun, window: Period) -> WindowItems:
    """Return the articles of a window that the site names. Raises `WarehouseError`."""
    window_items = WindowItems()
    with ArchiveWriter(run.store.root, run.source.id, run.row.run_id, run.clock()) as archive:
        reader = _Reader(run, window, archive, window_items, _archived(run, window))
        for entry in run.source.input:
            if lists_days(entry):
                _READ_WINDOW[type(entry)](reader, entry)
    run.writer.land_captures(reader.captures)
    archive.settle()
    return window_items


def lists_days(entry: Input) -> bool:
    """Return whether an input is a listing in which articles of earlier days can be looked for."""
    return type(entry) in _READ_WINDOW


def period_in(url: str) -> Period | None:
    """Return the year, month or day that an address names; None if it names none."""
    match = _PERIOD.search(_PARAMETERS.sub("-", url).replace("--", "-"))
    if match is None:
        return None
    year, month, day = (int(part) if part else None for part in match.groups())
    try:
        first = datetime(year or 1, month or 1, day or 1, tzinfo=UTC)
    except ValueError:
        return None
    if day is not None:
        return first, first + timedelta(days=1)
    return first, (first + timedelta(days=31 if month else 366)).replace(day=1)


@dataclass(slots=True)
class _Reader:
    run: IngestRun
    window: Period
    archive: ArchiveWriter
    result: WindowItems
    archived: dict[str, tuple[Any, ...]]
    captures: list[Any] = field(default_factory=list)
    read_urls: set[str] = field(default_factory=set)
    feed_urls: list[str] = field(default_factory=list)
    """Addresses of the entries of feeds."""

    def read_sitemap(self, entry: SitemapInput) -> None:
        """Take what a sitemap, or those of an index, name of the window."""
        self.read_sitemaps(entry, [entry.url], bool)

    def read_feed(self, entry: FeedInput) -> None:
        """Take what a feed names of the window, and the sitemaps of its site."""
        self.read_feed_pages(entry)
        self.read_sitemaps_of(entry)

    def read_sitemaps(self, entry: SitemapInput, urls: Iterable[str], is_ours: Callable[[str], bool]) -> None:
        """Take what sitemaps name, and those that an index names, where they may hold something of the window."""
        listings, waiting = self._fetcher_of(entry), list(urls)
        while waiting and self.result.listings < MAX_LISTINGS_PER_WINDOW:
            url = waiting.pop(0)
            listing = self._read(listings, url)
            waiting += [child.url for child in listing.children if self._may_hold(child)]
            waiting = [url for url in waiting if not listings.leads_back(url)]
            self._take(listings, listing, url, is_ours)

    def read_sitemaps_of(self, entry: FeedInput) -> None:
        """Take what the sitemap of a feed names, or those of its site, there only what lies where its entries do."""
        as_sitemap = SitemapInput(kind="sitemap", url=entry.url, include=entry.include, exclude=entry.exclude)
        if entry.sitemap:
            self.read_sitemaps(as_sitemap, [entry.sitemap], bool)
            return
        known = sections(self.run, entry.url) or frozenset(map(section, self.feed_urls))
        self.read_sitemaps(as_sitemap, sitemaps_in_robots(self.run, entry.url), partial(belongs, known))

    def read_feed_pages(self, entry: FeedInput) -> None:
        """Take what a feed and its older pages name, back to the first that is older than the window."""
        listings, url = self._fetcher_of(entry.model_copy(update={"full_text": False})), entry.url
        while url and self.result.listings < MAX_LISTINGS_PER_WINDOW:
            listing = self._read(listings, url)
            self._take(listings, listing, entry.url, bool)
            items = list(listed_documents(self.run.source, listings.entry, listing, entry.url, self.run.clock()))
            self.feed_urls += [item_of(item).url for item in items]
            dates = [date for item in items if (date := listed_publication(self.run.source, item))]
            url = "" if dates and max(dates) < self.window[0] else listing.older_url or ""

    def _fetcher_of(self, entry: SitemapInput | FeedInput) -> ListingFetcher:
        return ListingFetcher(self.run, entry, self.archive, self.captures, purpose=Purpose.BACKFILL)

    def _read(self, listings: ListingFetcher, url: str) -> Listing:
        if url in self.read_urls:
            return Listing()
        self.read_urls.add(url)
        self.result.listings += 1
        self.run.check_stop()
        if url in self.archived:
            filename, offset, length, final_url, media_type, charset = self.archived[url]
            try:
                content = read(self.run.settings.data, filename, offset, length)
                return parse(self.run, listings.entry, content, final_url or url, media_type, charset)
            except (ListingError, CallError, WarehouseError):
                pass  # whatever is wrong with that, the site has it
        self.result.fetched += 1
        response = listings.fetch(url, Endpoint(url))
        if response.problem:
            self.result.problems.append(f"{url}: {response.problem}")
        return response.listing or Listing()

    def _take(self, listings: ListingFetcher, listing: Listing, url: str, is_ours: Callable[[str], bool]) -> None:
        found_in = endpoint(self.run.source, listings.entry)
        of_days = self._overlaps(period_in(url)) if period_in(url) else None
        for document in listed_documents(self.run.source, listings.entry, listing, found_in, self.run.clock()):
            item = item_of(self.run.documents.known_as(document))
            if not isinstance(item, Item) or not is_ours(item.url):
                continue
            dated = self._period(item)
            if dated is None and of_days is None:
                self.result.undated += 1
            elif self._overlaps(dated) if dated else of_days:
                self.result.items.setdefault(item.url, item)

    def _period(self, item: Item) -> Period | None:
        """Return when an article was published by its listing, else by its address, else when it was changed."""
        published = listed_publication(self.run.source, item)
        if published:
            return published, published
        in_url = period_in(item.url)
        if in_url and in_url[1] - in_url[0] <= timedelta(days=31):
            return in_url
        return listed_publication_period(self.run.source, item)

    def _overlaps(self, period: Period | None) -> bool:
        return period is not None and period[0] < self.window[1] and period[1] >= self.window[0]

    def _may_hold(self, child: Child) -> bool:
        """Return whether a sitemap may name articles of the window: by days in its address, else by its change."""
        if days := period_in(child.url):
            return self._overlaps((days[0] - timedelta(days=1), days[1] + timedelta(days=1)))
        changed = listed_period(self.run.source, child.modified)
        return changed is None or changed[1] >= self.window[0] - MAX_SITE_CLOCK_DIFFERENCE


_READ_WINDOW: Final[Mapping[type[InputTable], Callable[[_Reader, Any], None]]] = {
    SitemapInput: _Reader.read_sitemap,
    FeedInput: _Reader.read_feed,
}


def _archived(run: IngestRun, window: Period) -> dict[str, tuple[Any, ...]]:
    """Return the archived listings of which newer copies would say nothing else of the window, by address."""
    with connect(run.settings.data) as connection:
        captures = rows(
            connection, _ARCHIVED, [run.source.id, run.clock() - MAX_LISTING_AGE, window[1] + MAX_LISTING_AGE]
        )
    return {url: tuple(location) for url, *location in captures}


_ARCHIVED: Final = f"""
SELECT url, warc_filename, warc_offset, warc_length, final_url, media_type, charset
FROM captures
WHERE source_id = $1 AND outcome = '{LISTED}' AND purpose IN ('{Purpose.GAP_REPAIR}', '{Purpose.BACKFILL}')
    AND http_status = 200 AND payload_bytes > 0 AND is_read
    AND (fetched_at >= $2 OR fetched_at >= $3)
QUALIFY row_number() OVER (PARTITION BY url ORDER BY fetched_at DESC) = 1
"""  # noqa: S608  values of ours
