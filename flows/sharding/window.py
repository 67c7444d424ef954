"""What a site's sitemaps and archived feeds name of some days, for a backfill; each is asked for once.

Nothing of it is discovered yet: that is for the shards. But every listing goes to the archive and to `captures`, as
those that are read to repair a gap do, and is read from there when the same days are asked for again.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from config.inputs import FeedInput, Input, InputTable, SitemapInput
from flows.ingestion.fetch_listing import Look, parse
from flows.ingestion.gap_repair import belongs, section, sections, stated_sitemaps
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
    from flows.ingestion.ingest_run import Job

MOST_LISTINGS: Final = 5_000
"""Sitemaps and pages of feeds that are read for one window."""
FRESH: Final = timedelta(days=1)
"""How long a listing is what it was; of days that are over for so long it stays so."""
SLACK: Final = timedelta(hours=1)
_PARAMETERS: Final = re.compile(r"[?&](?:yyyy|year|mm|month|dd|day)=", re.IGNORECASE)
_PERIOD: Final = re.compile(r"(?<!\d)((?:19|20)\d\d)(?:[-_/.]?(0[1-9]|1[0-2])(?:[-_/.]?(0[1-9]|[12]\d|3[01]))?)?(?!\d)")

Period = tuple[datetime, datetime]


@dataclass(slots=True)
class Named:
    """What listings name of a window."""

    items: dict[str, Item] = field(default_factory=dict)
    """By their addresses."""
    listings: int = 0
    asked: int = 0
    """Of the listings, those that were not in the archive."""
    undated: int = 0
    """Addresses of no date, in listings of no date: they were left out."""
    problems: list[str] = field(default_factory=list)


def list_window(job: Job, window: Period) -> Named:
    """The articles that the site names of a window. Raises `WarehouseError`."""
    named_ones = Named()
    with ArchiveWriter(job.store.root, job.source.id, job.run.run_id, job.clock()) as archive:
        reader = _Reader(job, window, archive, named_ones, _archived(job, window))
        for entry in job.source.input:
            if lists_days(entry):
                _READ_WINDOW[type(entry)](reader, entry)
    job.land_captures(reader.captures)
    archive.settle()
    return named_ones


def lists_days(entry: Input) -> bool:
    """Return whether an input is a listing in which articles of earlier days can be looked for."""
    return type(entry) in _READ_WINDOW


def period_in(url: str) -> Period | None:
    """The year, month or day that an address names."""
    found = _PERIOD.search(_PARAMETERS.sub("-", url).replace("--", "-"))
    if found is None:
        return None
    year, month, day = (int(part) if part else None for part in found.groups())
    try:
        first = datetime(year or 1, month or 1, day or 1, tzinfo=UTC)
    except ValueError:
        return None
    if day is not None:
        return first, first + timedelta(days=1)
    return first, (first + timedelta(days=31 if month else 366)).replace(day=1)


@dataclass(slots=True)
class _Reader:
    job: Job
    window: Period
    archive: ArchiveWriter
    named: Named
    archived: dict[str, tuple[Any, ...]]
    captures: list[Any] = field(default_factory=list)
    read_urls: set[str] = field(default_factory=set)
    fed: list[str] = field(default_factory=list)
    """What feeds named."""

    def read_sitemap(self, entry: SitemapInput) -> None:
        """Take what a sitemap, or those of an index, name of the window."""
        self.read_sitemaps(entry, [entry.url], bool)

    def read_feed(self, entry: FeedInput) -> None:
        """Take what a feed names of the window, and the sitemaps of its site."""
        self.read_feed_pages(entry)
        self.read_sitemaps_of(entry)

    def read_sitemaps(self, entry: SitemapInput, urls: Iterable[str], is_ours: Callable[[str], bool]) -> None:
        """Take what sitemaps name, and those that an index names, where they may hold something of the window."""
        look, waiting = self._look(entry), list(urls)
        while waiting and self.named.listings < MOST_LISTINGS:
            url = waiting.pop(0)
            listing = self._ask(look, url)
            waiting += [child.url for child in listing.children if self._may_hold(child)]
            waiting = [url for url in waiting if not look.leads_back(url)]
            self._take(look, listing, url, is_ours)

    def read_sitemaps_of(self, entry: FeedInput) -> None:
        """Take what the sitemap of a feed names, or those of its site, there only what lies where its entries do."""
        as_sitemap = SitemapInput(kind="sitemap", url=entry.url, include=entry.include, exclude=entry.exclude)
        if entry.sitemap:
            self.read_sitemaps(as_sitemap, [entry.sitemap], bool)
            return
        known = sections(self.job, entry.url) or frozenset(map(section, self.fed))
        self.read_sitemaps(as_sitemap, stated_sitemaps(self.job, entry.url), partial(belongs, known))

    def read_feed_pages(self, entry: FeedInput) -> None:
        """Take what a feed and its older pages name, back to the first that is older than the window."""
        look, url = self._look(entry.model_copy(update={"full_text": False})), entry.url
        while url and self.named.listings < MOST_LISTINGS:
            listing = self._ask(look, url)
            self._take(look, listing, entry.url, bool)
            items = list(listed_documents(self.job.source, look.entry, listing, entry.url, self.job.clock()))
            self.fed += [item_of(item).url for item in items]
            dates = [date for item in items if (date := self.job.published_at(item))]
            url = "" if dates and max(dates) < self.window[0] else listing.older_url or ""

    def _look(self, entry: SitemapInput | FeedInput) -> Look:
        return Look(self.job, entry, self.archive, self.captures, purpose=Purpose.BACKFILL)

    def _ask(self, look: Look, url: str) -> Listing:
        if url in self.read_urls:
            return Listing()
        self.read_urls.add(url)
        self.named.listings += 1
        self.job.check_stop()
        if url in self.archived:
            filename, offset, length, final_url, media_type, charset = self.archived[url]
            try:
                content = read(self.job.settings.data, filename, offset, length)
                return parse(self.job, look.entry, content, final_url or url, media_type, charset)
            except (ListingError, CallError, WarehouseError):
                pass  # whatever is wrong with that, the site has it
        self.named.asked += 1
        answered = look.ask(url, Endpoint(url))
        if answered.problem:
            self.named.problems.append(f"{url}: {answered.problem}")
        return answered.listing or Listing()

    def _take(self, look: Look, listing: Listing, url: str, is_ours: Callable[[str], bool]) -> None:
        found_in = endpoint(self.job.source, look.entry)
        of_days = self._overlaps(period_in(url)) if period_in(url) else None
        for found in listed_documents(self.job.source, look.entry, listing, found_in, self.job.clock()):
            item = item_of(self.job.known_as(found))
            if not isinstance(item, Item) or not is_ours(item.url):
                continue
            dated = self._period(item)
            if dated is None and of_days is None:
                self.named.undated += 1
            elif self._overlaps(dated) if dated else of_days:
                self.named.items.setdefault(item.url, item)

    def _period(self, item: Item) -> Period | None:
        """When an article was published, as its listing says, else its address, else when it was changed."""
        published = self.job.published_at(item)
        if published:
            return published, published
        in_url = period_in(item.url)
        if in_url and in_url[1] - in_url[0] <= timedelta(days=31):
            return in_url
        return self.job.date_of(item)

    def _overlaps(self, period: Period | None) -> bool:
        return period is not None and period[0] < self.window[1] and period[1] >= self.window[0]

    def _may_hold(self, child: Child) -> bool:
        """Whether a sitemap may name articles of the window: by the days in its address, else by its last change."""
        if days := period_in(child.url):
            return self._overlaps((days[0] - timedelta(days=1), days[1] + timedelta(days=1)))
        changed = self.job.read_period(child.modified)
        return changed is None or changed[1] >= self.window[0] - SLACK


_READ_WINDOW: Final[Mapping[type[InputTable], Callable[[_Reader, Any], None]]] = {
    SitemapInput: _Reader.read_sitemap,
    FeedInput: _Reader.read_feed,
}


def _archived(job: Job, window: Period) -> dict[str, tuple[Any, ...]]:
    """Where the archive holds listings that are still what they were."""
    return dict(_places(job, window))


def _places(job: Job, window: Period) -> Iterator[tuple[str, tuple[Any, ...]]]:
    with connect(job.settings.data) as connection:
        found = rows(connection, _ARCHIVED, [job.source.id, job.clock() - FRESH, window[1] + FRESH])
    for url, *place in found:
        yield url, tuple(place)


_ARCHIVED: Final = f"""
SELECT url, warc_filename, warc_offset, warc_length, final_url, media_type, charset
FROM captures
WHERE source_id = $1 AND outcome = '{LISTED}' AND purpose IN ('{Purpose.GAP_REPAIR}', '{Purpose.BACKFILL}')
    AND http_status = 200 AND payload_bytes > 0 AND is_read
    AND (fetched_at >= $2 OR fetched_at >= $3)
QUALIFY row_number() OVER (PARTITION BY url ORDER BY fetched_at DESC) = 1
"""  # noqa: S608  values of ours
