"""Find the documents of a source: the files of a folder, the records of a file, the entries of a listing."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime
from html import escape
from typing import Any, Final
from urllib.parse import quote

from config.inputs import FeedInput, FolderInput, Input, InputTable, JsonlInput, PagesInput, SitemapInput, WarcInput
from config.redact import redact
from config.sources import Source
from tasks.files.folder import FolderReader
from tasks.files.jsonl import JsonlReader
from tasks.files.splits import MIN_SPLIT_DOCUMENTS
from tasks.files.warc import WarcReader
from tasks.listings.discovered import Discovered
from tasks.listings.feeds import FeedReader
from tasks.listings.input_reader import InputReader, InputSplit, ReadContext
from tasks.listings.listing import Entry, Listing
from tasks.listings.section_page import PagesReader
from tasks.listings.sitemaps import SitemapReader
from warehouse.model.records import Fetched, Item

MAX_GUID_CHARACTERS: Final = 500

INPUT_READERS: Final[Mapping[type[InputTable], type[InputReader[Any]]]] = {
    FeedInput: FeedReader,
    SitemapInput: SitemapReader,
    PagesInput: PagesReader,
    FolderInput: FolderReader,
    WarcInput: WarcReader,
    JsonlInput: JsonlReader,
}


def reader_of(source: Source, entry: Input) -> InputReader[Any]:
    """Return the reader for one input of a source."""
    return INPUT_READERS[type(entry)](source, entry)


def readers_of(source: Source) -> list[InputReader[Any]]:
    """Return a reader for each input of a source, in their order."""
    return [reader_of(source, entry) for entry in source.input]


def discover(source: Source, entry: Input, context: ReadContext) -> Iterator[Discovered]:
    """Return every document that one local input of a source names now, in a stable order, one at a time.

    An `Item` is still to be read; a `Fetched` was read already, such as a record of a file. `InputError` is raised
    after all that could be listed.
    """
    return reader_of(source, entry).documents(context)


def is_polled(source: Source, entry: Input) -> bool:
    """Return whether an input is a listing at a URL, requested again and again for what it names."""
    return reader_of(source, entry).is_polled


def endpoint(source: Source, entry: Input) -> str:
    """Return the URL of an input, under which `polls` and `discoveries` know it."""
    return reader_of(source, entry).endpoint


def count_documents(source: Source) -> int | None:
    """Return how many documents a source's folders hold; None if counting means reading or requesting them."""
    counts = [reader.count() for reader in readers_of(source)]
    return None if None in counts else sum(filter(None, counts))


def read_listing(
    source: Source, entry: Input, content: bytes, url: str, media_type: str | None, charset: str | None
) -> Listing:
    """Parse a listing as the kind of its input. Raises `ListingError`."""
    return reader_of(source, entry).read_listing(content, url, media_type, charset)


def listed_documents(
    source: Source, entry: Input, listing: Listing, found_in: str, seen_at: datetime
) -> Iterator[Item | Fetched]:
    """Return the items of a listing that the input accepts; a feed of whole articles gives them with their text.

    Of such a feed no page is fetched: an entry without a text becomes a document without one, which is refused.

    A guid of several entries identifies none of them.
    """
    guid_counts = Counter(listed.guid for listed in listing.entries)
    for listed in listing.entries:
        if not entry.accepts(listed.url):
            continue
        if listed.shares_url:
            yield _whole_article(_shared_item(source, listed, found_in, seen_at), listed)
            continue
        guid = listed.guid if listed.guid and _is_usable(listed.guid, guid_counts) else listed.url
        # `7` of one feed is not `7` of another; a URL or an URN is the same everywhere.
        known_as = guid if ":" in guid else f"{found_in}#{guid}"
        item = Item(source.id, listed.url, known_as, found_in, seen_at, listed.candidates, modified=listed.modified)
        yield _whole_article(item, listed) if entry.holds_articles else item


def split_input(
    source: Source, number: int, context: ReadContext, *, min_documents: int = MIN_SPLIT_DOCUMENTS
) -> Iterator[InputSplit]:
    """Cut a source's input `number` into splits of `min_documents` documents if it has them, in their order.

    Raises `InputError` after all that could be listed.
    """
    return reader_of(source, source.input[number]).splits(number, context, min_documents)


def read_split(source: Source, split: InputSplit, context: ReadContext) -> Iterator[Discovered]:
    """Return the documents of a split as `discover` returns those of its input. Raises `InputError`."""
    return reader_of(source, source.input[split.entry]).read_split(split, context)


def _whole_article(item: Item, entry: Entry) -> Fetched:
    # With title and date, which only the feed has: an edit of them is an edit of the document.
    values = {candidate.field: candidate.values[0] for candidate in entry.candidates if candidate.values}
    head = f"<title>{escape(values.get('title', ''))}</title>"
    content = f"<html><head>{head}</head><body><article>{entry.html or ''}</article></body></html>".encode(
        "utf-8", "replace"
    )
    return Fetched(item, content, item.seen_at, media_type="text/html", charset="utf-8")


def _shared_item(source: Source, entry: Entry, found_in: str, seen_at: datetime) -> Item:
    """Return the item of an entry whose URL is not its own: known, as a record of a file is, by its id or its text."""
    digest = hashlib.sha256(repr((entry.candidates, entry.html)).encode("utf-8", "replace")).hexdigest()[:32]
    key = f"id={quote(entry.guid[:MAX_GUID_CHARACTERS])}" if entry.guid else f"sha256={digest}"
    url = f"{entry.url}#{key}"
    # Of an address the fragment would not count where the entry has none but the feed's.
    guid = f"entry:{found_in}#{entry.guid or key}"
    return Item(source.id, url, guid, found_in, seen_at, entry.candidates, modified=entry.modified, is_record=True)


def _is_usable(guid: str, guid_counts: Mapping[str | None, int]) -> bool:
    """Return whether an id is that of one entry alone, and no address with a password."""
    return guid_counts[guid] == 1 and ("://" not in guid or redact(guid) == guid)
