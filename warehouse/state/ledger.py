"""What the warehouse holds of each address of one source, and what a new document of it therefore is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from warehouse.archive.writer import Earlier
from warehouse.model.records import Article, Capture, Fetched, Item, RawArticle, Rejection
from warehouse.model.vocabulary import Outcome, Reason, Stage
from warehouse.state.address import RETRIED_REASONS, TEMPORARY_REASONS, Known, not_before
from warehouse.state.addresses import Addresses
from warehouse.state.conclusion import Conclusion, same_text_as
from warehouse.state.state_file import VERSION

if TYPE_CHECKING:
    from warehouse.model.rows import RunRules
    from warehouse.state.source_state import SourceState

MAX_NOT_MODIFIED_TRUST: Final = timedelta(hours=12)
"""How long 304 answers are trusted before a page is fetched unconditionally."""


class Ledger:
    """The addresses of one source; follows a run, which judges by `rules`, as it concludes. A context manager."""

    def __init__(self, state: SourceState, rules: RunRules) -> None:
        self._state = state
        self.addresses = Addresses(state)
        self.forgotten = state.forgotten_articles()
        """Ids of articles that were taken down."""
        self.unfinished = state.unfinished_runs()
        """Runs that were killed."""
        self.rules_changed = state.last_rules() not in (None, rules)
        """Whether code or configuration are not those of the last whole run: what was refused may pass now."""
        self._new_articles = 0

    def __enter__(self) -> Ledger:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the state of the source."""
        self._state.close()

    def take_forward(self, now: datetime) -> None:
        """Take in rows of the past that have landed: what is newest is for the tables to say. Raises `StorageError`."""
        self.addresses.take_forward(now)
        self.forgotten, self.unfinished = self._state.forgotten_articles(), self._state.unfinished_runs()
        self._new_articles = 0

    def count_articles(self) -> int:
        """Return how many addresses have an article."""
        return self._state.count_articles() + self._new_articles

    def times(self, url: str, now: datetime) -> datetime:
        """Return the time of a new row of an address, as `not_before` has it, and remember it."""
        known = self.addresses.change(url)
        known.newest_at = not_before(known.newest_at, now)
        return known.newest_at

    def add_addresses(self, captures: Iterable[tuple[str, datetime]]) -> None:
        """Add the addresses of captures that no other row knows of."""
        for url, fetched_at in captures:
            self.known(url, fetched_at)

    def known(self, url: str, seen_at: datetime) -> Known:
        """Return what is held of an address; one of which only other rows know was seen at that time at the latest."""
        # A discoveries file that was lost must not stop its source for ever.
        known = self.addresses.get(url)
        if known is None:
            known = self.addresses.add(url, Known(url, url.partition("#")[0], seen_at, is_sighted=False))
        return known

    def go_back(self, capture: Capture, versions: Sequence[tuple[datetime, str]]) -> None:
        """Let the address of a capture be what it was when that was read, by its versions and their times."""
        at_that_time = [version_id for fetched_at, version_id in versions if fetched_at <= capture.fetched_at]
        if versions:
            self.addresses.change(capture.url).version_id = at_that_time[-1] if at_that_time else None

    def dated(self, fetched: Fetched) -> Fetched:
        """Return what was fetched with a time that is not before that of any row of its address."""
        if fetched.item.is_record and fetched.fetched_at < fetched.item.seen_at:
            return fetched  # the date of a record in another's archive, which was read before we saw it
        return replace(fetched, fetched_at=self.times(fetched.item.url, fetched.fetched_at))

    def lost(self) -> set[str]:
        """Return the captures that say to have become an article or a refusal, of which no row is there."""
        return self._state.lost_captures()

    def baseless(self) -> list[str]:
        """Return the addresses without article or refusal that were read and came to a conclusion: rows were lost."""
        return [url for url in self.addresses.pending() if self.addresses[url].payload_digests]

    def distrust(self, capture: Capture) -> None:
        """Let the document of a capture, whose rows are lost for good, be read as if for the first time.

        Of one that was read again since, the newer capture counts.
        """
        known = self.addresses.change(capture.url)
        if known.last_fetched_at is None or capture.fetched_at >= known.last_fetched_at or known.is_pending:
            lost = capture.payload_digest
            known.payload_digests = tuple(digest for digest in known.payload_digests if digest != lost)
            known.earlier = None

    def record_sighting(self, item: Item | Fetched | Rejection, now: datetime, normalized_url: str = "") -> bool:
        """Record a sighting; return whether it is news: a new address, or a known one that is said to have changed."""
        document = item.item if isinstance(item, Fetched) else item
        known = self.addresses.get(document.url)
        if known is None:
            if isinstance(document, Item):
                known = Known(document.guid, document.found_in, document.seen_at, modified=document.modified)
            else:
                known = Known(document.url, document.url.partition("#")[0], now)
            self.addresses.add(document.url, known)
            self.addresses.first_spelling(normalized_url or document.url, document.url)
            return True
        if not known.is_sighted:
            known = self.addresses.change(document.url)
            known.is_sighted = True
            if isinstance(document, Item):
                known.guid, known.found_in, known.modified = document.guid, document.found_in, document.modified
            return True
        modified = document.modified if isinstance(document, Item) else None
        if modified is None or known.is_forgotten or known.is_changed or modified <= (known.modified or ""):
            return False
        known = self.addresses.change(document.url)
        known.is_changed = known.modified is not None
        known.modified = modified
        return True

    def mark_sighted(self, url: str) -> Known:
        """Note that a row says of an address that it was discovered."""
        known = self.addresses.change(url)
        known.is_sighted = True
        return known

    def earlier(self, url: str, now: datetime) -> Earlier | None:
        """Return the capture whose validators may be sent in a conditional request, or None."""
        known = self.addresses[url]
        if known.earlier is None or known.is_changed or known.has_failed:
            return None
        if known.refusal is not None and known.refusal[1] in RETRIED_REASONS:
            return None
        # A time that lies ahead was written by a clock that was wrong, and tells nothing of how long ago that is.
        is_recent = timedelta() <= now - known.earlier.fetched_at < MAX_NOT_MODIFIED_TRUST
        return known.earlier if is_recent else None

    def identify(self, item: Item) -> Item:
        """Return the item with the id under which its address was first known."""
        return replace(item, guid=self.addresses[item.url].guid)

    def is_wanted(self, url: str, now: datetime, recheck: Sequence[float]) -> bool:
        """Return whether a page is due; one that redirects to another known page is fetched there instead.

        A duplicate is due with its twin: read alone after an edit of the article, it would be an article itself.
        """
        known = self.addresses[url]
        has_text = known.version_id is not None or known.duplicate_of is not None
        read_url = known.earlier.url if known.earlier is not None and has_text else url
        if read_url != url and self._stands_at(read_url):
            return False
        return (self._twin_of(known) or known).is_wanted(now, recheck)

    def _twin_of(self, known: Known) -> Known | None:
        """Return what is held of the article that an address was refused for; None where there is none any more."""
        twin = None if known.duplicate_of is None else self.addresses.get(known.duplicate_of)
        return None if twin is None or twin.version_id is None or twin.is_forgotten else twin

    def _stands_at(self, url: str) -> bool:
        """Return whether an article was read at this address itself, without a redirect."""
        known = self.addresses.get(url)
        earlier = None if known is None or known.version_id is None else known.earlier
        return earlier is not None and earlier.url == url

    def holds(self, fetched: Fetched) -> bool:
        """Return whether these bytes of this address have an outcome that still stands.

        A file that is back in an older form is news; a record is not, as its file may hold old and new form at once.
        """
        known = self.addresses[fetched.item.url]
        if known.is_forgotten:
            return True
        concluded = known.payload_digests if fetched.item.is_record else known.payload_digests[-1:]
        if not concluded or fetched.payload_digest not in concluded:  # the digest of a page takes a while
            return False
        return not (known.is_retried or known.has_failed or (known.refusal is not None and self.rules_changed))

    def due(self, now: datetime, recheck: Sequence[float]) -> Iterator[str]:
        """Yield the addresses of pages that are due; see `is_wanted`."""
        watched = self._state.watched(timedelta(hours=max(recheck, default=0.0)))
        return self.addresses.select(watched, lambda url: self.is_wanted(url, now, recheck))

    def conclude(self, raw: RawArticle, made: Article | Rejection, now: datetime) -> Conclusion:
        """Return the outcome of a document that was archived."""
        self.record_capture(raw.capture)
        known = self.addresses.change(raw.item.url)
        if isinstance(made, Rejection):
            refused = self.refuse(made, now)
            return replace(refused, capture=replace(raw.capture, outcome=refused.outcome, error=made.detail))
        if made.version_id == known.version_id:
            known.store(made.version_id)
            return Conclusion(Outcome.UNCHANGED, None, replace(raw.capture, outcome=Outcome.UNCHANGED))
        twin = self.addresses.first_of_version(made.version_id)
        if twin is not None and twin != raw.item.url and known.version_id is None:
            return self.duplicate(raw, twin, same_text_as(twin), now)
        self._new_articles += known.version_id is None
        known.store(made.version_id)
        self.addresses.name(VERSION, made.version_id, raw.item.url)
        landed_at = self.times(raw.item.url, now)
        article = replace(made, first_seen_at=known.first_seen_at, landed_at=landed_at)
        return Conclusion(Outcome.STORED, article, replace(raw.capture, outcome=Outcome.STORED))

    def restored(self, raw: RawArticle, made: Article | Rejection, now: datetime) -> Conclusion:
        """Return what a capture came to once, whose row was lost; newer rows of its address stay the newer ones.

        The row has the time of the capture, and the capture stays as it is. The ledger does not follow.
        """
        known = self.addresses[raw.item.url]
        twin = None if isinstance(made, Rejection) else self.addresses.first_of_version(made.version_id)
        if twin is not None and twin != raw.item.url and raw.capture.outcome != Outcome.STORED:
            made = replace(raw.reject(Stage.DEDUPE, Reason.DUPLICATE, same_text_as(twin)), duplicate_of=twin)
        if isinstance(made, Rejection):
            seen_at = raw.capture.fetched_at
            row = replace(made, attempts=max(1, known.attempts), first_seen_at=seen_at, last_seen_at=seen_at)
            is_twin = made.reason == Reason.DUPLICATE
            return Conclusion(Outcome.DUPLICATE if is_twin else Outcome.REJECTED, row)
        self.addresses.name(VERSION, made.version_id, raw.item.url)
        return Conclusion(Outcome.STORED, replace(made, first_seen_at=known.first_seen_at, landed_at=now))

    def record_capture(self, capture: Capture) -> None:
        """Record the capture by which an address was read."""
        known = self.addresses.change(capture.url)
        known.payload_digests += (capture.payload_digest,)
        self.record_answer(capture.url, capture.fetched_at)
        if capture.http_status is not None:
            known.earlier = Earlier(
                capture.capture_id,
                capture.final_url or capture.url,
                capture.fetched_at,
                capture.payload_digest,
                capture.etag,
                capture.last_modified,
                capture.media_type,
                capture.charset,
            )

    def record_answer(self, url: str, now: datetime) -> None:
        """Record that an address was asked for and gave what it holds now."""
        self.record_request(url, now)
        self.addresses.change(url).is_changed = False

    def record_request(self, url: str, now: datetime) -> None:
        """Record that an address was asked for, whatever came of it."""
        now = self.times(url, now)
        known = self.addresses.change(url)
        known.first_fetched_at = known.first_fetched_at or now
        known.last_fetched_at = now

    def refuse(self, rejection: Rejection, now: datetime, *, is_page: bool = False) -> Conclusion:
        """Return the outcome of a refusal; the same one again is `unchanged`, unless it was a retry.

        Of a page that could not be had, each attempt is news: the next one waits longer.
        """
        known = self.addresses[rejection.url]
        if known.is_forgotten:
            return Conclusion(Outcome.UNCHANGED)
        refusal = (str(rejection.stage), str(rejection.reason), rejection.detail)
        temporary = rejection.reason in TEMPORARY_REASONS or (is_page and rejection.reason == Reason.TIMED_OUT)
        if known.is_repeated(refusal) and not is_page:
            return Conclusion(Outcome.UNCHANGED)
        now = self.times(rejection.url, now)
        known = self.addresses.change(rejection.url)
        known.refuse(refusal, rejection.duplicate_of)
        known.refused_at = known.refused_at or now
        row = replace(rejection, attempts=known.attempts, first_seen_at=known.refused_at, last_seen_at=now)
        return Conclusion(Outcome.FAILED if temporary else Outcome.REJECTED, row)

    def moved(self, raw: RawArticle, twin: str, now: datetime) -> Conclusion:
        """Return the outcome of an address that now redirects to another article's."""
        self.record_capture(raw.capture)
        if self.addresses[raw.item.url].version_id is None:
            return self.duplicate(raw, twin, f"redirects to {twin}", now)
        return Conclusion(Outcome.UNCHANGED, None, replace(raw.capture, outcome=Outcome.UNCHANGED))

    def duplicate(self, raw: RawArticle, twin: str, detail: str, now: datetime) -> Conclusion:
        """Return the outcome of a document that is a duplicate of the one at `twin`."""
        rejection = replace(raw.reject(Stage.DEDUPE, Reason.DUPLICATE, detail), duplicate_of=twin)
        refused = self.refuse(rejection, now)
        return Conclusion(Outcome.DUPLICATE, refused.row, replace(raw.capture, outcome=Outcome.DUPLICATE))
