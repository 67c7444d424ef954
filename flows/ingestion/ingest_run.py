"""One run of one source: what it works with, and how its counts stand."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from config.inputs import FeedInput
from config.redact import redact
from config.settings import Settings
from config.sources import Source
from flows.ingestion.identify import KnownDocuments
from flows.ingestion.listing_dates import listed_publication
from flows.ingestion.process_pool import Made, Workers
from flows.ingestion.recurring_lines import with_habits
from flows.ingestion.run_writer import RunWriter
from tasks.article import make_article
from tasks.boilerplate.recurring_lines import NO_RECURRING_LINES, RecurringLines
from tasks.http.fetcher import Fetcher
from tasks.listings.discovered import Discovered, candidate_value, item_of
from tasks.metadata.urls import normalize_url
from warehouse.archive.writer import Earlier
from warehouse.catalogue import write_catalogue
from warehouse.errors import WarehouseError
from warehouse.model.records import Capture, Item, RawArticle
from warehouse.model.rows import NO_RULES, Discovery, Run, RunRules
from warehouse.model.vocabulary import Outcome, RunKind, RunStatus
from warehouse.state.conclusion import Conclusion
from warehouse.state.endpoints import Endpoint
from warehouse.state.ledger import Ledger
from warehouse.state.source_state import SourceState
from warehouse.storage.run_marks import ended_by_kill, mark_run, unmark_run
from warehouse.storage.tables import Store

Clock = Callable[[], datetime]


@dataclass(slots=True)
class IngestRun:
    """One run of one source, whose lock is held."""

    row: Run
    """As it began."""
    source: Source
    settings: Settings
    workers: Workers
    fetcher: Fetcher
    clock: Clock
    stop: threading.Event
    """Set from outside, it ends the run as Ctrl-C does."""
    store: Store
    writer: RunWriter
    ledger: Ledger
    documents: KnownDocuments
    endpoints: dict[str, Endpoint]
    killed_since: datetime | None
    """When the first of the runs before this one began, if all since were killed."""
    habits: RecurringLines
    """What the source's articles repeat, as it was known when the run began."""
    counts: Counter[Outcome] = field(default_factory=Counter)
    discovered: int = 0
    problems: list[str] = field(default_factory=list)
    skipped: dict[str, None] = field(default_factory=dict)
    """Sentences on what was passed over or put off, each once."""
    recovered: dict[str, Outcome] = field(default_factory=dict)
    """Outcomes of documents that a killed run had archived, by URL, until a listing names them again."""
    unsettled_listings: set[str] = field(default_factory=set)
    """Listings that a killed run had read and not settled: entries may have come and gone around them."""
    listing_captures: list[Capture] = field(default_factory=list)
    """Captures of no document that wait to be landed: of a robots.txt, of a response that asks to wait."""

    def check_stop(self) -> None:
        """Raise KeyboardInterrupt if the run is to end."""
        if self.stop.is_set():
            raise KeyboardInterrupt

    def note_robots(self, url: str) -> None:
        """Note once a host, in the run's line, that what it sends as its robots.txt is none."""
        if url.startswith("http") and (flaw := self.fetcher.robots_flaw(url, allow_private=self.source.allow_private)):
            self.skipped[flaw] = None

    def endpoint(self, url: str) -> Endpoint:
        """Return the state of a listing; a new one if it was never polled."""
        return self.endpoints.get(url) or Endpoint(url)

    def waits_for(self, feed_url: str) -> bool:
        """Return whether entries of a feed that holds whole articles are pending."""
        is_whole = any(entry.full_text and entry.url == feed_url for entry in self.source.inputs_of(FeedInput))
        pending = self.ledger.addresses.pending() if is_whole else []
        return any(self.ledger.addresses[url].found_in == feed_url for url in pending)

    def earlier(self, item: Item) -> Earlier | None:
        """Return the capture whose validators may be sent in a conditional request, or None."""
        return self.ledger.earlier(item.url, self.clock())

    def discover(self, documents: Iterable[Discovered]) -> list[Discovered]:
        """Land a discovery of each document that is new or has changed; return all as the ledger knows them."""
        identified, news, now = [], [], self.clock()
        for listed in documents:
            # One after another: a listing may spell one address twice.
            document = self.documents.identify(listed)
            identified.append(document)
            if self.ledger.record_sighting(document, now, normalize_url(item_of(document).url)):
                news.append(document)
                self.documents.add(document)
        self.writer.land_discoveries([self._discovery(document) for document in news])
        return identified

    def land_unsighted(self) -> None:
        """Land a discovery of each address of which only rows of other tables know."""
        discoveries = []
        for url in self.ledger.addresses.unsighted():
            known = self.ledger.mark_sighted(url)
            sighting = (normalize_url(url), known.guid, known.found_in, known.first_seen_at)
            discoveries.append(Discovery(self.source.id, self.row.run_id, url, *sighting))
        self.writer.land_discoveries(discoveries, "unsighted")

    def extract(self, raws: Iterable[RawArticle]) -> Iterator[tuple[RawArticle, Made]]:
        """Yield each archived document and the article or rejection made of it, in order."""
        return self.workers.each(with_habits(make_article, self.habits), raws, self.source)

    def land(self, conclusions: Sequence[Conclusion]) -> None:
        """Land the rows of documents that came to their conclusion, and the captures that wait."""
        self.writer.land_conclusions(conclusions)
        self.writer.land_captures(self.listing_captures)
        self.listing_captures.clear()
        self.ledger.addresses.rest()

    def count_discovered(self, documents: Sequence[Discovered]) -> None:
        """Count documents that were listed; those of no outcome are pending at the end."""
        self.discovered += len(documents)

    def count(self, conclusions: Iterable[Conclusion]) -> None:
        """Count the outcomes of documents."""
        self.counts.update(conclusion.outcome for conclusion in conclusions)

    def begin(self, *, ends_killed_runs: bool = True) -> None:
        """Mark this run as under way; land those that an earlier release had landed as running and that were killed."""
        # From here on a data root that is moved away is not made anew.
        self.store.prepare()
        for killed in self.ledger.unfinished if ends_killed_runs else ():
            self.writer.land_run(ended_by_kill(killed))
        mark_run(self.store.root, self.row)

    def finish(self, status: RunStatus) -> Run:
        """Return the run with its counts, landed if storage can be written and it did anything at all."""
        self.counts.update(self.recovered.values())
        self.discovered += len(self.recovered)
        run = replace(
            self.row,
            finished_at=self.clock(),
            status=status,
            discovered=self.discovered,
            stored=self.counts[Outcome.STORED],
            unchanged=self.counts[Outcome.UNCHANGED],
            duplicate=self.counts[Outcome.DUPLICATE],
            rejected=self.counts[Outcome.REJECTED],
            failed=self.counts[Outcome.FAILED],
            pending=self.discovered - self.counts.total(),
            error=redact("; ".join(self.problems)) or None,
            skipped=redact(" ".join(self.skipped)) or None,
        )
        try:
            self.writer.land_polls()
            if self._is_worth_a_row(run):
                self.writer.land_run(run)
            unmark_run(self.store.root, run)
            write_catalogue(self.settings.data)
        except WarehouseError as error:
            run = replace(run, status=RunStatus.FAILED, error=run.error or str(error))
        return run

    def _is_worth_a_row(self, run: Run) -> bool:
        """Return whether a run did anything: not if nothing was due, nothing waited, and it judged by known rules."""
        has_work = run.discovered > 0 or self.writer.files > 0 or self.ledger.rules_changed
        return has_work or run.status is not RunStatus.SUCCEEDED or run.kind is not RunKind.INGEST

    def _discovery(self, document: Discovered) -> Discovery:
        item = item_of(document)
        known = self.ledger.addresses[item.url]
        title, seen_at = None, known.first_seen_at
        if isinstance(item, Item):
            title = None if self.documents.is_forgotten(item.url) else candidate_value(item, "title")
            seen_at = item.seen_at
        return Discovery(
            source_id=self.source.id,
            run_id=self.row.run_id,
            url=item.url,
            normalized_url=normalize_url(item.url),
            guid=known.guid,
            found_in=known.found_in,
            seen_at=self.ledger.times(item.url, seen_at),
            title=title,
            published_at=listed_publication(self.source, document),
            modified=known.modified,
        )


def open_run(
    row: Run,
    source: Source,
    settings: Settings,
    workers: Workers,
    fetcher: Fetcher,
    clock: Clock,
    stop: threading.Event,
    *,
    rules: RunRules = NO_RULES,
    beside: Collection[str] = (),
    habits: RecurringLines = NO_RECURRING_LINES,
) -> IngestRun:
    """Return a run with what the warehouse knows of its source; its ledger is to be closed.

    `rules` are those of this run; what the runs `beside` land is as if it were not there. Raises `WarehouseError`.
    """
    store = Store(settings.data)
    store.prepare()  # from here on a data root that is moved away is not made anew
    state = SourceState(store.root, source.id, row.started_at, normalize_url, beside)
    ledger = Ledger(state, rules)
    return IngestRun(
        row=row,
        source=source,
        settings=settings,
        workers=workers,
        fetcher=fetcher,
        clock=clock,
        stop=stop,
        store=store,
        writer=RunWriter(store, source.id, row.run_id, clock),
        ledger=ledger,
        documents=KnownDocuments(source, ledger),
        endpoints=state.endpoints(),
        killed_since=state.killed_since(),
        habits=habits,
    )
