"""Check the configuration: read every input that it names, and make articles of its first documents."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import islice, pairwise
from typing import Final

from config.errors import ConfigError
from config.inputs import Input
from config.schedule import turns
from config.settings import Settings
from config.sources import SCHEDULE_CURE, Source, files_of, load_source, source_files
from flows.ingestion.process_pool import Workers
from tasks.article import make_article
from tasks.discover import endpoint, listed_documents, read_listing, reader_of
from tasks.fetch import fetch_each, listing_request
from tasks.http.access import source_access
from tasks.http.fetcher import Downloaded, Fetcher, NotModified, Postponed, Refused, utc_now
from tasks.listings.discovered import Discovered
from tasks.listings.input_reader import InputError, ReadContext
from tasks.listings.listing import Listing, ListingError
from tasks.site_probe.autodiscovery import choose_child
from tasks.site_probe.suggest_fields import suggest_fields
from warehouse.model.records import Article, Fetched, Item, RawArticle, Rejection
from warehouse.model.vocabulary import Reason, Stage
from warehouse.wording import count_of

MAX_DOCUMENTS: Final = 3  # of one input that are tried
MAX_TURNS: Final = 50  # of a schedule, in which the shortest time between two is looked for
MAX_DETAIL_CHARACTERS: Final = 300
_EMPTY_CURES: Final = {
    "folder": "correct `path` or `glob`, or put files there",
    "warc": "no response in it is a page; correct `path` or `url`",
    "jsonl": "the file is empty; correct `path` or `url`",
    "pages": "correct `urls`, `path` or `links`",
}
_EMPTY_CURE: Final = "give the address of a listing that names articles"


@dataclass(frozen=True, slots=True)
class SourceCheck:
    """What a check of one source's file came to: its inputs, a phrase each, or the error."""

    source_id: str
    inputs: tuple[str, ...] = ()
    error: str | None = None


def check(settings: Settings, source_ids: Sequence[str] = ()) -> Iterator[SourceCheck]:
    """Check every source, or those given, one after another, each on its own. Raises `ConfigError`."""
    paths = files_of(settings.config, source_ids) if source_ids else source_files(settings.config)
    with Fetcher(settings) as fetcher, Workers(settings) as workers:
        for path in paths:
            try:
                source = load_source(path)
                source_access(source)  # its values are there
                if source.paused and not source_ids:
                    note = f"paused, so not tried; 'copydesk sources check {source.id}' tries it"
                    yield SourceCheck(source.id, (note,))
                    continue
                inputs = [_InputCheck(source, entry, settings, fetcher, workers).phrase() for entry in source.input]
                yield SourceCheck(source.id, (*inputs, *_schedule_notes(source)))
            except (ConfigError, InputError) as error:
                yield SourceCheck(path.stem, error=str(error))


def _schedule_notes(source: Source) -> Iterator[str]:
    """Yield a sentence where `copydesk serve` never runs a source, and for each input with too few turns for it."""
    if source.is_never_run:
        yield f"no schedule: 'copydesk serve' never runs it; {SCHEDULE_CURE}"
    if source.schedule is None:
        return
    moments = list(islice(turns(source.schedule, source.timezone, utc_now()), MAX_TURNS))
    shortest = min(second - first for first, second in pairwise(moments))
    for number, entry in enumerate(source.input, 1):
        if entry.period is not None and entry.period < shortest:
            yield (
                f"input {number} has every = {_minutes(entry.period)}, but the schedule has a turn only every"
                f" {_minutes(shortest)}; write more turns into `schedule`"
            )


def _minutes(period: timedelta) -> str:
    return f"{period / timedelta(minutes=1):,.0f} minutes"


@dataclass(frozen=True, slots=True)
class _InputCheck:
    """The check of one input."""

    source: Source
    entry: Input
    settings: Settings
    fetcher: Fetcher
    workers: Workers

    def phrase(self) -> str:
        """Return a phrase on an input that gives articles. Raises `InputError` if it cannot be read, or gives none."""
        content, documents = self._read()
        name = f"{self.entry.kind} {endpoint(self.source, self.entry)}"
        if not documents:
            raise InputError(f"{self.source.id}: {name}: {content}; {_EMPTY_CURES.get(self.entry.kind, _EMPTY_CURE)}")
        results = list(self._try(documents))
        refusals = [result for result in results if isinstance(result, Rejection)]
        count = len(results) - len(refusals)
        reasons = Counter(str(refusal.reason) for refusal in refusals)
        others = "".join(f", {number} {reason}" for reason, number in reasons.items())
        tried = f"{content}; {len(results)} tried: {count_of(count, 'article')}{others}"
        if count:
            return f"ok, {name}: {tried}"
        raise InputError(f"{self.source.id}: {name}: {tried}: {_detail(refusals[0], documents[0])}")

    def _read(self) -> tuple[str, list[Discovered]]:
        """Return how much the input holds, in words, and its first documents."""
        reader = reader_of(self.source, self.entry)
        if reader.is_polled:
            return self._read_listing(endpoint(self.source, self.entry), follows_children=True)
        remaining = reader.documents(ReadContext(self.settings, utc_now(), self.fetcher))
        documents = list(islice(remaining, MAX_DOCUMENTS))
        if reader.holds_records:  # a file may hold millions
            return ("has records" if documents else "no records"), documents
        number = len(documents) + sum(1 for _ in remaining)
        return count_of(number, "document"), documents

    def _read_listing(self, url: str, *, follows_children: bool) -> tuple[str, list[Discovered]]:
        listing, moved_to = self._fetch_listing(url)
        notes = [f", and has moved for good to {moved_to}" if moved_to else ""]
        notes.append(f"; {listing.damage}" if listing.damage else "")
        child = choose_child(listing.children) if listing.children and follows_children else None
        if child is not None:
            content, documents = self._read_listing(child.url, follows_children=False)
            return f"{len(listing.children):,} sitemaps{''.join(notes)}, of them {child.url}: {content}", documents
        documents = list(islice(listed_documents(self.source, self.entry, listing, url, utc_now()), MAX_DOCUMENTS))
        if listing.entries and not documents:
            notes.append("; none of them is taken: see `include`, `exclude`, `links` and `max_age_days`")
        return f"{len(listing.entries):,} entries{''.join(notes)}", documents

    def _fetch_listing(self, url: str) -> tuple[Listing, str | None]:
        response = self.fetcher.fetch(listing_request(url, self.source, self.entry, self.settings))
        if not isinstance(response, Downloaded):
            raise InputError(f"{self.source.id}: {url}: {_problem(response)}")
        try:
            listing = read_listing(
                self.source, self.entry, response.content, response.final_url, response.media_type, response.charset
            )
        except ListingError as error:
            raise InputError(f"{self.source.id}: {url}: {error}") from None
        return listing, response.moved_to

    def _try(self, documents: Sequence[Discovered]) -> Iterator[Article | Rejection]:
        """Read the documents and make articles of them, as a run would; yield what becomes of each, in their order."""
        raws = [self._read_document(document) for document in documents]
        for _, made in self.workers.each(make_article, raws, self.source):
            yield made

    def _read_document(self, document: Discovered) -> RawArticle | Rejection:
        result = self._fetch(document) if isinstance(document, Item) else document
        if isinstance(result, Rejection):
            return result
        return RawArticle.of(result)

    def _fetch(self, item: Item) -> Fetched | Rejection:
        ((_, result),) = fetch_each([item], self.source, self.settings, self.fetcher, utc_now)
        if isinstance(result, Fetched | Rejection):
            return result
        reason = result.reason if isinstance(result, Refused) else Reason.FETCH_FAILED
        return item.reject(Stage.FETCH, reason, _problem(result))


def _problem(response: Refused | Postponed | NotModified) -> str:
    """Return why a response gave no document."""
    return "not changed" if isinstance(response, NotModified) else response.detail


def _detail(refusal: Rejection, document: Discovered) -> str:
    """Return why the first document was refused, with the line that would mend a record without a text."""
    detail = refusal.detail[:MAX_DETAIL_CHARACTERS]
    if not isinstance(document, Fetched) or refusal.reason != Reason.BAD_RECORD:
        return detail
    line = suggest_fields(document.content)
    return f"{detail}; try {line}" if line else detail
