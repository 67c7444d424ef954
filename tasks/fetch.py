"""Fetch the bytes of items: files at once, pages some ahead, each host at its own pace."""

from __future__ import annotations

import os
import stat
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote_to_bytes, urlsplit

from config.errors import reason_of
from config.inputs import FolderInput, Input, PagesInput
from config.settings import Settings
from tasks.discover import endpoint
from tasks.files.folder import LINKED_AWAY
from tasks.http.access import Access, source_access
from tasks.http.client import ACCEPT_LISTINGS, Request
from tasks.http.response import Downloaded, FetchResult, NotModified, Postponed, Refused
from warehouse.archive.writer import Earlier
from warehouse.model.records import Fetched, Item, Rejection
from warehouse.model.vocabulary import Reason, Stage

if TYPE_CHECKING:
    from config.sources import Source
    from tasks.http.fetcher import Fetcher

ReadResult = Fetched | NotModified | Postponed | Refused | Rejection

# By the end of a file's name; an article's canonical URL may end otherwise.
_MEDIA_TYPES: Final = {".txt": "text/plain", ".md": "text/markdown", ".htm": "text/html", ".html": "text/html"}
MAX_WAITING_PAGES: Final = 16  # of one source; those of one host still come one after another


def fetch_each(
    items: Iterable[Item],
    source: Source,
    settings: Settings,
    fetcher: Fetcher,
    clock: Callable[[], datetime],
    earlier: Callable[[Item], Earlier | None] = lambda _: None,
    read: Callable[[Item, Settings, datetime], Fetched | Rejection] | None = None,
) -> Iterator[tuple[Item, ReadResult]]:
    """Fetch each item and return the results in order; pages with an `earlier` capture are requested conditionally.

    A file gives a `Fetched` of at most `max_document_bytes`, or a `Rejection`; a page gives the result of `Fetcher`, a
    document as `Fetched`. `read` reads a file; `read_file` by default.
    """
    unbound = {
        endpoint(source, entry) for entry in source.input if isinstance(entry, FolderInput) and entry.follow_links
    }

    def result_of(item: Item, future: Future[FetchResult] | None) -> ReadResult:
        if future is None and read is not None:
            return read(item, settings, clock())
        if future is None:
            return read_file(item, settings, clock(), None if item.found_in in unbound else _path(item.found_in))
        result = future.result()
        return as_fetched(item, result, clock()) if isinstance(result, Downloaded) else result

    queue: deque[tuple[Item, Future[FetchResult] | None]] = deque()
    waiting = 0
    # Not read before a page is met, nor again for each: its values may be files.
    access: Access | None = None
    for item in items:
        future = None
        if not item.url.startswith("file:"):
            access = access or source_access(source)
            future = fetcher.submit(request(item.url, source, earlier(item), access=access))
        queue.append((item, future))
        waiting += future is not None
        # Files wait only behind pages.
        while queue and (waiting > MAX_WAITING_PAGES or not waiting):
            first, future = queue.popleft()
            waiting -= future is not None
            yield first, result_of(first, future)
    for first, future in queue:
        yield first, result_of(first, future)


def request(
    url: str,
    source: Source,
    earlier: Earlier | None = None,
    max_bytes: int | None = None,
    access: Access | None = None,
) -> Request:
    """Return the request for a URL with the limits of its source and the validators of an earlier capture.

    `access` is that of the source where it was read already. Raises `ConfigError` where a value of it cannot be had.
    """
    return Request(
        url,
        access=access or source_access(source),
        delay=source.delay,
        allow_private=source.allow_private,
        max_bytes=max_bytes,
        etag=earlier.etag if earlier else None,
        last_modified=earlier.last_modified if earlier else None,
        render=source.render,
    )


def listing_request(
    url: str, source: Source, entry: Input, settings: Settings, earlier: Earlier | None = None
) -> Request:
    """Return the request for a listing of an input; of all listings only section pages are shown in a browser."""
    page_request = request(url, source, earlier, settings.max_listing_bytes)
    return replace(page_request, accept=ACCEPT_LISTINGS, render=source.render and isinstance(entry, PagesInput))


def as_fetched(item: Item, document: Downloaded, now: datetime) -> Fetched:
    """Return a downloaded document as the one of an item."""
    return Fetched(
        item,
        document.content,
        document.exchanges[-1].started_at if document.exchanges else now,
        media_type=document.media_type,
        charset=document.charset,
        final_url=document.final_url,
        http_status=document.http_status,
        etag=document.etag,
        last_modified=document.last_modified,
        exchanges=document.exchanges,
    )


def read_file(item: Item, settings: Settings, now: datetime, folder: Path | None = None) -> Fetched | Rejection:
    """Return the bytes of a file, at most `max_document_bytes`, or a rejection.

    A file that lies outside `folder` once its links are followed is rejected.
    """
    limit = settings.max_document_bytes
    path, fragment = _path(item.url), urlsplit(item.url).fragment
    path_text = str(path).encode("utf-8", "backslashreplace").decode()
    if fragment:
        return item.reject(Stage.FETCH, Reason.VANISHED, f"{path_text}: the record {fragment} is no longer in it")
    try:
        if flaw := _flaw(path, folder):
            return item.reject(Stage.FETCH, Reason.UNREADABLE, f"{path_text}: {flaw}")
        with path.open("rb") as stream:
            content = stream.read(limit + 1)
        if len(content) > limit:
            size = path.stat().st_size
            detail = f"{path_text}: {size:,} bytes, the limit is {limit:,}; raise max_document_bytes to take it"
            return item.reject(Stage.FETCH, Reason.TOO_LARGE, detail)
        return Fetched(item, content, now, media_type=_MEDIA_TYPES.get(_suffix(path)))
    except FileNotFoundError:
        return item.reject(Stage.FETCH, Reason.VANISHED, f"{path_text}: no such file")
    except (OSError, ValueError) as error:
        detail = f"{path_text}: {reason_of(error)}; make it readable, the next run takes it"
        return item.reject(Stage.FETCH, Reason.UNREADABLE, detail)


def _flaw(path: Path, folder: Path | None) -> str | None:
    """Return why a path is no file to be read, with a cure; None if it is one. Raises `OSError`."""
    # Opening a pipe would wait for a writer for ever.
    if not stat.S_ISREG(path.stat().st_mode):
        return "not a regular file; leave it out with `glob`"
    is_away = folder is not None and not Path(os.path.realpath(path)).is_relative_to(folder)
    return LINKED_AWAY if is_away else None


def _path(url: str) -> Path:
    """Return the path of a file's address; its name need not be UTF-8."""
    return Path(os.fsdecode(unquote_to_bytes(urlsplit(url).path)))


def _suffix(path: Path) -> str:
    return Path(path.name.lower().removesuffix(".gz")).suffix
