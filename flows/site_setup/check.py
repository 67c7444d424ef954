"""`copydesk sources check`: is the configuration right, and is what it names there?"""

from __future__ import annotations

import sys
from dataclasses import replace

from config.errors import ConfigError
from config.inputs import Input
from config.settings import Settings
from config.sources import Source, load_source, source_files
from tasks.discover import endpoint, read_listing, reader_of
from tasks.fetch import request
from tasks.http.fetcher import ACCEPT_LISTINGS, Downloaded, Fetcher, Postponed, Refused, utc_now
from tasks.listings.input_reader import InputError, ReadContext
from tasks.listings.listing import ListingError


def check(settings: Settings, named: list[str]) -> int:
    """Check every source, or those named, each on its own; the exit code: 2 if any is wrong."""
    folder = settings.config / "sources"
    paths = [folder / f"{name}.toml" for name in named] or source_files(settings.config)
    wrong = 0
    for path in paths:
        try:
            source = load_source(path)
            for line in _inputs(source, settings):
                print(f"{source.id}: {line}")
        except (ConfigError, InputError) as error:
            wrong += 1
            print(f"copydesk: {error}", file=sys.stderr)
    return 2 if wrong else 0


def _inputs(source: Source, settings: Settings) -> list[str]:
    """A line an input, after a first look at it. Raises `InputError` where it cannot be read."""
    lines = []
    for entry in source.input:
        reader = reader_of(source, entry)
        if reader.is_polled:
            found = _ask(source, entry, settings)
        else:
            documents = reader.documents(ReadContext(settings, utc_now()))
            if reader.holds_records:  # a file may hold millions
                found = "has records" if any(True for _ in documents) else "no records"
            else:
                found = f"{sum(1 for _ in documents):,} documents"
        lines.append(f"ok, {entry.kind} {endpoint(source, entry)}: {found}")
    return lines


def _ask(source: Source, entry: Input, settings: Settings) -> str:
    """What a feed, sitemap or section page names now. Raises `InputError`."""
    place = endpoint(source, entry)
    with Fetcher(settings) as fetcher:
        asked = request(place, source, max_bytes=settings.max_listing_bytes)
        got = fetcher.fetch(replace(asked, accept=ACCEPT_LISTINGS))
    if not isinstance(got, Downloaded):
        told = got.detail if isinstance(got, Refused | Postponed) else "not changed"
        raise InputError(f"{source.id}: {place}: {told}")
    try:
        listing = read_listing(source, entry, got.content, got.final_url, got.media_type, got.charset)
    except ListingError as error:
        raise InputError(f"{source.id}: {place}: {error}") from None
    moved = f", and has moved for good to {got.moved_to}" if got.moved_to else ""
    named = len(listing.children)
    entries = f"{named:,} sitemaps" if named else f"{len(listing.entries):,} entries"
    return f"{entries}{moved}{f'; {listing.damage}' if listing.damage else ''}"
