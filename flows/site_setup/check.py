"""Check the configuration, and try every input that it names."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from config.errors import ConfigError
from config.inputs import Input
from config.settings import Settings
from config.sources import SCHEDULE_CURE, Source, load_source, source_files
from tasks.discover import endpoint, read_listing, reader_of
from tasks.fetch import request
from tasks.http.access import source_access
from tasks.http.fetcher import ACCEPT_LISTINGS, Downloaded, Fetcher, Postponed, Refused, utc_now
from tasks.listings.input_reader import InputError, ReadContext
from tasks.listings.listing import ListingError


@dataclass(frozen=True, slots=True)
class SourceCheck:
    """What a check of one source's file came to: its inputs, a phrase each, or the error."""

    source_id: str
    inputs: tuple[str, ...] = ()
    error: str | None = None


def check(settings: Settings, source_ids: Sequence[str] = ()) -> Iterator[SourceCheck]:
    """Check every source, or those given, one after another, each on its own."""
    folder = settings.config / "sources"
    for path in [folder / f"{source_id}.toml" for source_id in source_ids] or source_files(settings.config):
        try:
            source = load_source(path)
            source_access(source)  # its values are there
            if source.paused and not source_ids:
                yield SourceCheck(source.id, (f"paused, so not tried; 'copydesk sources check {source.id}' tries it",))
                continue
            inputs = tuple(_check_input(source, entry, settings) for entry in source.input)
            note = f"no schedule: 'copydesk serve' never runs it; {SCHEDULE_CURE}"
            yield SourceCheck(source.id, (*inputs, *([note] if source.is_never_run else [])))
        except (ConfigError, InputError) as error:
            yield SourceCheck(path.stem, error=str(error))


def _check_input(source: Source, entry: Input, settings: Settings) -> str:
    """Return a phrase on an input after a first look at it. Raises `InputError` if it cannot be read."""
    reader = reader_of(source, entry)
    if reader.is_polled:
        content = _polled_content(source, entry, settings)
    else:
        documents = reader.documents(ReadContext(settings, utc_now()))
        if reader.holds_records:  # a file may hold millions
            content = "has records" if any(True for _ in documents) else "no records"
        else:
            content = f"{sum(1 for _ in documents):,} documents"
    return f"ok, {entry.kind} {endpoint(source, entry)}: {content}"


def _polled_content(source: Source, entry: Input, settings: Settings) -> str:
    """Fetch a feed, sitemap or section page and return how much it lists. Raises `InputError`."""
    url = endpoint(source, entry)
    with Fetcher(settings) as fetcher:
        listing_request = request(url, source, max_bytes=settings.max_listing_bytes)
        response = fetcher.fetch(replace(listing_request, accept=ACCEPT_LISTINGS))
    if not isinstance(response, Downloaded):
        reason = response.detail if isinstance(response, Refused | Postponed) else "not changed"
        raise InputError(f"{source.id}: {url}: {reason}")
    try:
        listing = read_listing(
            source, entry, response.content, response.final_url, response.media_type, response.charset
        )
    except ListingError as error:
        raise InputError(f"{source.id}: {url}: {error}") from None
    moved = f", and has moved for good to {response.moved_to}" if response.moved_to else ""
    children = len(listing.children)
    entries = f"{children:,} sitemaps" if children else f"{len(listing.entries):,} entries"
    return f"{entries}{moved}{f'; {listing.damage}' if listing.damage else ''}"
