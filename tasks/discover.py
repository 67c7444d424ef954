"""Find the documents of a source: the files of a folder, the records of a file, what a listing names."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Final

from config.inputs import FeedInput, FolderInput, Input, JsonlInput, PagesInput, SitemapInput, WarcInput
from config.redact import redact
from config.settings import Settings
from config.sources import Source
from tasks.files import jsonl
from tasks.files import warc as warcs
from tasks.files.errors import InputError
from tasks.listings.listing import Entry, Listing
from tasks.metadata.urls import is_address
from warehouse.model.records import Fetched, Item, Rejection
from warehouse.model.vocabulary import Reason, Stage

if TYPE_CHECKING:
    from tasks.http.fetcher import Fetcher

SUFFIXES: Final = (".txt", ".md", ".html", ".htm")
"""What a file of a folder may be named, each also with .gz; others are not looked at."""


def discover(
    source: Source, entry: Input, settings: Settings, seen_at: datetime, fetcher: Fetcher | None = None
) -> Iterator[Item | Fetched | Rejection]:
    """Every document that one local input of a source names now, in a stable order, one at a time.

    An `Item` is still to be read; a `Fetched` was read already, as a record of a file is.
    A file at an address is fetched by `fetcher`, or else by one of its own.
    What cannot be listed does not hide the rest: `InputError` is raised after all that could be.
    """
    if isinstance(entry, FolderInput):
        return _discover_folder(source, entry, seen_at)
    if isinstance(entry, PagesInput):
        return _discover_pages(source, entry, seen_at)
    if isinstance(entry, WarcInput):
        return warcs.read_warcs(source, entry, settings, seen_at, fetcher)
    if isinstance(entry, JsonlInput):
        return jsonl.read_records(source, entry, settings, seen_at, fetcher)
    raise TypeError(f"{entry.kind} is polled, not read")


def is_polled(entry: Input) -> bool:
    """Whether an input is looked at over the network, again and again, for what it names."""
    return isinstance(entry, FeedInput | SitemapInput) or (isinstance(entry, PagesInput) and entry.url is not None)


def endpoint(source: Source, entry: Input) -> str:
    """The address of an input: what `polls` and `discoveries` call it."""
    if isinstance(entry, FolderInput):
        return (source.folder / entry.path).resolve().as_uri()
    if isinstance(entry, FeedInput | SitemapInput):
        return entry.url
    if isinstance(entry, PagesInput):
        listed = entry.path or Path(f"{source.id}.toml")
        return entry.url or (source.folder / listed).resolve().as_uri()
    return warcs.address(source, entry) if isinstance(entry, WarcInput) else jsonl.address(source, entry)


def name_items(
    source: Source, entry: Input, listing: Listing, found_in: str, seen_at: datetime
) -> Iterator[Item | Fetched]:
    """The items of a listing, those that the input does not take left out; whole articles of a feed with their text.

    An id that stands on several entries identifies none of them.
    """
    shared = Counter(one.guid for one in listing.entries)
    for one in listing.entries:
        if isinstance(entry, FeedInput | SitemapInput) and not entry.takes(one.url):
            continue
        usable = one.guid and shared[one.guid] == 1 and not ("://" in one.guid and redact(one.guid) != one.guid)
        guid = one.guid if one.guid and usable else one.url
        # `7` of one feed is not `7` of another; what is an address or an URN is one everywhere.
        known_as = guid if ":" in guid else f"{found_in}#{guid}"
        item = Item(source.id, one.url, known_as, found_in, seen_at, one.candidates, modified=one.modified)
        yield _whole(item, one) if isinstance(entry, FeedInput) and entry.full_text and one.html else item


def _whole(item: Item, entry: Entry) -> Fetched:
    # With title and date, which the feed alone states: an edit of them is one of the document.
    stated = {one.field: one.values[0] for one in entry.candidates if one.values}
    head = f"<title>{escape(stated.get('title', ''))}</title>"
    content = f"<html><head>{head}</head><body><article>{entry.html}</article></body></html>".encode("utf-8", "replace")
    return Fetched(item, content, item.seen_at, media_type="text/html", charset="utf-8")


def count(source: Source) -> int | None:
    """How many documents a source's folders hold; None where counting would mean reading or asking."""
    total = 0
    for entry in source.input:
        if not isinstance(entry, FolderInput):
            return None
        total += sum(1 for _ in files((source.folder / entry.path).resolve(), entry.glob))
    return total


def files(folder: Path, glob: str = "**/*") -> Iterator[Path]:
    """The documents of a folder by name, hidden ones left out; sorted, so that every run takes them in one order."""
    for path in sorted(folder.glob(glob)):
        name = path.name.lower().removesuffix(".gz")
        hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
        if name.endswith(SUFFIXES) and not hidden and not path.is_dir():
            yield path


def _discover_folder(source: Source, entry: FolderInput, seen_at: datetime) -> Iterator[Item]:
    folder = (source.folder / entry.path).resolve()
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder; correct `path` in {source.id}.toml, it is relative to that file")
    yield from name_files(source, entry, files(folder, entry.glob), seen_at)

    if closed := next(closed_folders(folder, deep="**" in entry.glob), None):
        raise InputError(f"{closed.filename}: cannot be listed: {closed.strerror}; mend its permissions")


def name_files(source: Source, entry: FolderInput, paths: Iterable[Path], seen_at: datetime) -> Iterator[Item]:
    """The items of files of a folder."""
    folder = (source.folder / entry.path).resolve()
    found_in = folder.as_uri()
    for path in paths:
        # Two folders of one source may each hold an `a.txt`.
        name = os.fsencode(path.relative_to(folder).as_posix()).decode("utf-8", "backslashreplace")
        guid = f"{entry.path.as_posix()}/{name}"
        yield Item(source.id, path.as_uri(), guid, found_in, seen_at)


def _discover_pages(source: Source, entry: PagesInput, seen_at: datetime) -> Iterator[Item | Rejection]:
    found_in = endpoint(source, entry)
    for number, line in enumerate(_addresses(source, entry), 1):
        url = line.strip()
        if not url or url.startswith("#") or not entry.takes(url):
            continue
        if not is_address(url):
            place = f"{found_in}#line={number}"
            detail = f"line {number} is not an http or https address without a password: {redact(url)[:100]}"
            yield Rejection(source.id, place, None, Stage.DISCOVER, Reason.BAD_RECORD, detail)
            continue
        yield Item(source.id, url, url, found_in, seen_at)


def _addresses(source: Source, entry: PagesInput) -> Iterator[str]:
    if entry.path is None:
        yield from entry.urls
        return
    path = (source.folder / entry.path).resolve()
    try:
        with path.open(encoding="utf-8-sig", errors="replace") as lines:
            yield from lines
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}; correct `path` in {source.id}.toml, or the file") from None


def closed_folders(folder: Path, *, deep: bool = True) -> Iterator[OSError]:
    """Why folders cannot be listed: a glob passes over them, and what is lost that way would look like nothing."""
    closed: list[OSError] = []
    for _, folders, _ in os.walk(folder, onerror=closed.append):
        folders[:] = [name for name in folders if deep and not name.startswith(".")]
    yield from closed
