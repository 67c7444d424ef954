"""A run under way: what it has to do with, what it landed, how its counts stand."""

from __future__ import annotations

import hashlib
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Final

from config.inputs import FeedInput
from config.redact import redact
from config.settings import Settings
from config.sources import Source
from flows.ingestion.process_pool import Workers
from tasks.boilerplate.recurring_lines import NO_RECURRING_LINES, RecurringLines
from tasks.http.fetcher import Fetcher
from tasks.listings.discovered import Discovered, candidate_value, guid_of, item_of, with_item
from tasks.metadata.dates import parse_date
from tasks.metadata.identity import article_id
from tasks.metadata.urls import normalize_url
from tasks.text.characters import clean_line, text_key
from warehouse.archive.writer import Earlier
from warehouse.catalogue import write_catalogue
from warehouse.errors import WarehouseError
from warehouse.model.records import Article, Candidate, Capture, Fetched, Item, Rejection
from warehouse.model.rows import Discovery, Habit, Poll, Run
from warehouse.model.schema import Row
from warehouse.model.vocabulary import Origin, Outcome, Precision, RunStatus
from warehouse.state.address import RETRIED
from warehouse.state.endpoints import Endpoint
from warehouse.state.ledger import Conclusion, Ledger
from warehouse.storage.tables import Store

Clock = Callable[[], datetime]

BELIEVED: Final = timedelta(hours=12)
"""How long a server is believed that a page is what it was."""
SAME_ARTICLE: Final = timedelta(hours=1)
"""By how much an article's date may differ when its address and title are edited."""
PERIODS: Final = {
    Precision.YEAR: timedelta(days=366),
    Precision.MONTH: timedelta(days=31),
    Precision.DAY: timedelta(days=1),
}


@dataclass(slots=True)
class Job:
    """One run of one source; its lock is held."""

    source: Source
    settings: Settings
    store: Store
    ledger: Ledger
    endpoints: dict[str, Endpoint]
    killed_since: datetime | None
    """When the first of the runs before this one began, if all since were killed."""
    workers: Workers
    fetcher: Fetcher
    clock: Clock
    run: Run
    stop: threading.Event
    """Set from outside, it ends the run as Ctrl-C does."""
    counts: Counter[Outcome] = field(default_factory=Counter)
    found: int = 0
    problems: list[str] = field(default_factory=list)
    asides: list[Capture] = field(default_factory=list)
    """Captures of no document: of a robots.txt, of an answer that asks to wait."""
    habits: RecurringLines = NO_RECURRING_LINES
    """What the source's articles repeat, as it was known when the run began."""
    unsure: set[str] = field(default_factory=set)
    """Listings that a killed run had read and not settled: something may have come and gone around them."""
    _guids: dict[str, str] = field(default_factory=dict)
    """The address under which an id was first known."""
    recovered: dict[str, Outcome] = field(default_factory=dict)
    """What came of documents that a killed run had archived, by address, until the listing meets them again."""

    def check_stop(self) -> None:
        """Raises KeyboardInterrupt where the run is to end."""
        if self.stop.is_set():
            raise KeyboardInterrupt

    def endpoint(self, url: str) -> Endpoint:
        """What is known of a listing; nothing at first."""
        return self.endpoints.get(url) or Endpoint(url)

    def waits_for(self, place: str) -> bool:
        """Whether entries of a feed that holds whole articles are pending."""
        whole = any(entry.full_text and entry.url == place for entry in self.source.inputs_of(FeedInput))
        return whole and any(one.is_pending and one.found_in == place for one in self.ledger.addresses.values())

    def see(self, found: Iterable[Discovered]) -> list[Discovered]:
        """The documents under the spelling by which their addresses were first known; those that are news land."""
        seen, news, now = [], [], self.clock()
        for one in found:
            # One after another: a listing may spell one address twice.
            known = self._first_seen(self.known_as(self._identified(self._dated(one))))
            seen.append(known)
            if self.ledger.see(known, now, normalize_url(item_of(known).url)):
                news.append(known)
                self._guids.setdefault(guid_of(known), item_of(known).url)
        self.land_discoveries(news)
        return seen

    def moved_to(self, fetched: Fetched) -> str | None:
        """Another known article, to whose address this one redirects; else where it leads is remembered as its own."""
        item, final_url = fetched.item, fetched.final_url
        if item.is_record or final_url is None or final_url == item.url:
            return None
        first = self.ledger.spellings.setdefault(normalize_url(final_url), item.url)
        known = self.ledger.addresses.get(first)
        return first if first != item.url and known is not None and known.version_id is not None else None

    def remember(self) -> None:
        """The ids of what is known, and where articles were found to have moved: sighted there, they are known."""
        for url, known in self.ledger.addresses.items():
            self._guids.setdefault(known.guid, url)
            if not known.is_sighted:
                self.ledger.spellings.setdefault(normalize_url(url), url)
            if known.earlier is not None and known.earlier.url != url and known.version_id is not None:
                self.ledger.spellings.setdefault(normalize_url(known.earlier.url), url)

    def recall(self, url: str) -> Item:
        """A known address as an item, with what was said of it when it was named."""
        known = self.ledger.addresses[url]
        told = {"title": known.title, "published_at": known.published_at and known.published_at.isoformat()}
        candidates = tuple(Candidate(name, (value,), Origin.FEED) for name, value in told.items() if value)
        return Item(self.source.id, url, known.guid, known.found_in, known.first_seen_at, candidates)

    def earlier(self, item: Item) -> Earlier | None:
        """The last capture of an address, for a server to say that it is the same; none where that would not do."""
        known = self.ledger.addresses[item.url]
        again = known.refusal is not None and known.refusal[1] in RETRIED
        # A server that says 304 for ever is asked without conditions after some hours.
        # A time that lies ahead was written by a clock that was wrong, and tells nothing of how long that is.
        age = self.clock() - known.earlier.fetched_at if known.earlier is not None else timedelta()
        old = not timedelta() <= age < BELIEVED
        return None if again or old or known.is_changed else known.earlier

    def is_forgotten(self, url: str) -> bool:
        """Whether a known address is that of an article that was taken down, there or elsewhere."""
        known = self.ledger.addresses[url]
        same_id = bool(self.ledger.forgotten) and article_id(self.source.id, known.guid, url) in self.ledger.forgotten
        return known.is_forgotten or same_id

    def date_of(self, found: Discovered) -> tuple[datetime, datetime] | None:
        """From when to when a document was published, else last changed, as the place that named it says."""
        one = item_of(found)
        return (
            (self.read_period(candidate_value(one, "published_at") or one.modified)) if isinstance(one, Item) else None
        )

    def published_at(self, found: Discovered) -> datetime | None:
        """When the place that named a document says that it was published."""
        one = item_of(found)
        return self.read_date(candidate_value(one, "published_at")) if isinstance(one, Item) else None

    def read_date(self, printed: str | None) -> datetime | None:
        """A date as a listing prints it, read as the source's articles are."""
        read = parse_date(clean_line(printed), self.source.language, self.source.timezone) if printed else None
        return read.instant if read else None

    def read_period(self, printed: str | None) -> tuple[datetime, datetime] | None:
        """The first and last instant that a date as a listing prints it may stand for: a bare day is all of it."""
        read = parse_date(clean_line(printed), self.source.language, self.source.timezone) if printed else None
        return None if read is None else (read.instant, read.instant + PERIODS.get(read.precision, timedelta()))

    def land_discoveries(self, found: Iterable[Discovered]) -> None:
        """Addresses seen for the first time, pending at least from here on, or said to have changed."""
        rows = [self._discovery(one) for one in found]
        self._land("discoveries", rows, _key([self.run.run_id, *(row.url for row in rows)]))

    def land_unsighted(self, urls: Iterable[str]) -> None:
        """Land discoveries of addresses that are known from other rows, with what these say of them."""
        rows = []
        for url in urls:
            known = self.ledger.addresses[url]
            known.is_sighted = True
            sighting = (normalize_url(url), known.guid, known.found_in, known.first_seen_at)
            rows.append(Discovery(self.source.id, self.run.run_id, url, *sighting))
        self._land("discoveries", rows, _key([self.run.run_id, "unsighted", *(row.url for row in rows)]))

    def known_as(self, found: Discovered) -> Discovered:
        """The document under the address by which it was first known."""
        one = item_of(found)
        if not isinstance(one, Item) or one.is_record or one.url in self.ledger.addresses:
            return found
        first = self.ledger.spellings.get(normalize_url(one.url))
        return found if first is None else with_item(found, replace(one, url=first))

    def _identified(self, found: Discovered) -> Discovered:
        """The document under its own address where its id was another article's before: of another day and title."""
        one = item_of(found)
        first = self._guids.get(guid_of(found)) if isinstance(one, Item) and not one.is_record else None
        if not isinstance(one, Item) or first is None or first == one.url:
            return found
        known, title, published_at = (
            self.ledger.addresses[first],
            candidate_value(one, "title"),
            self.published_at(found),
        )
        is_other = (
            bool(known.title and title and text_key(known.title) != text_key(title))
            and known.published_at is not None
            and published_at is not None
            and abs(known.published_at - published_at) > SAME_ARTICLE
        )
        return with_item(found, replace(one, guid=one.url)) if is_other else found

    def _first_seen(self, found: Discovered) -> Discovered:
        """The document with the time of its first sighting, where the row that says so was lost."""
        one = item_of(found)
        known = self.ledger.addresses.get(one.url)
        if not isinstance(one, Item) or known is None or known.is_sighted:
            return found
        return with_item(found, replace(one, seen_at=min(one.seen_at, known.first_seen_at)))

    def _dated(self, found: Discovered) -> Discovered:
        # Listings print one moment in several ways; compared as printed, each would be a change for the other.
        one = item_of(found)
        if not isinstance(one, Item) or one.modified is None:
            return found
        read = self.read_date(one.modified)
        return with_item(found, replace(one, modified=read.astimezone(UTC).isoformat() if read else None))

    def _discovery(self, found: Discovered) -> Discovery:
        one = item_of(found)
        known = self.ledger.addresses[one.url]
        return Discovery(
            self.source.id,
            self.run.run_id,
            one.url,
            normalize_url(one.url),
            known.guid,
            known.found_in,
            self.ledger.times(one.url, one.seen_at if isinstance(one, Item) else known.first_seen_at),
            candidate_value(one, "title") if isinstance(one, Item) and not self.is_forgotten(one.url) else None,
            self.published_at(found),
            known.modified,
        )

    def land(self, conclusions: Iterable[Conclusion]) -> None:
        """Rows of documents that came to their conclusion.

        Captures last: one that has landed says that whatever came of it has landed too.
        """
        conclusions = list(conclusions)
        rows = [conclusion.row for conclusion in conclusions]
        articles = [replace(row, run_id=self.run.run_id) for row in rows if isinstance(row, Article)]
        rejects = [replace(row, run_id=self.run.run_id) for row in rows if isinstance(row, Rejection)]
        captures = [conclusion.capture for conclusion in conclusions if conclusion.capture]
        self._land("articles", articles, _key(row.capture_id for row in articles))
        self._land("rejects", rejects, _key([self.run.run_id, *(f"{row.url} {row.attempts}" for row in rejects)]))
        self.land_captures(captures)

    def land_captures(self, captures: list[Capture]) -> None:
        """Index what the archive holds."""
        self._land("captures", captures, _key(row.capture_id for row in captures))

    def land_habits(self, habits: list[Habit]) -> None:
        """Say what was learned of lines that recur."""
        self._land("habits", habits, _key([self.run.run_id]))

    def begin(self) -> None:
        """Say that the run is on, and of killed ones that they are not."""
        for run in self.ledger.unfinished:
            self._land_run(replace(run, status=RunStatus.INTERRUPTED, error="ended from outside, as by a kill"))
        self._land_run(self.run)

    def finish(self, status: RunStatus) -> Run:
        """The run with its counts, landed where storage lets it."""
        self.counts.update(self.recovered.values())
        self.found += len(self.recovered)
        done = replace(
            self.run,
            finished_at=self.clock(),
            status=status,
            discovered=self.found,
            stored=self.counts[Outcome.STORED],
            unchanged=self.counts[Outcome.UNCHANGED],
            duplicate=self.counts[Outcome.DUPLICATE],
            rejected=self.counts[Outcome.REJECTED],
            failed=self.counts[Outcome.FAILED],
            pending=self.found - self.counts.total(),
            error=redact("; ".join(self.problems)) or None,
        )
        try:
            self._land_run(done)
            write_catalogue(self.settings.data)
        except WarehouseError as error:
            sentence = str(error)
            done = replace(done, status=RunStatus.FAILED, error=done.error or sentence)
        return done

    def land_poll(self, poll: Poll, number: int | str = "") -> None:
        """Say what one look at an input gave; `number` tells two inputs of one place from each other."""
        self._land("polls", [poll], _key([self.run.run_id, poll.endpoint, str(number)]))

    def _land_run(self, run: Run) -> None:
        # A file of its own for the end: one that is replaced while another source's run reads it looks damaged.
        key = run.run_id if run.status is RunStatus.RUNNING else f"{run.run_id}-{run.status}"
        self.store.land("runs", [run], source_id=self.source.id, key=key, now=run.started_at)

    def _land(self, table: str, rows: Sequence[Row], key: str) -> None:
        if rows:
            self.store.land(table, rows, source_id=self.source.id, key=key, now=self.clock())


def _key(parts: Iterable[str]) -> str:
    """Names a batch by what is in it: the same work lands in the same file, other work never does."""
    return hashlib.blake2b("\n".join(parts).encode(), digest_size=12).hexdigest()
